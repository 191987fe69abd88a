//! Containers that run already: what they read, and programs in them.

use harness_play::{Container, Ended, Refused, Status};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, Stdio};

/// A container of one process, which ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn container(&self) -> Container {
        Container::of(self.0.id()).expect("the process is there")
    }
}

/// What `unshare` makes of these options, once it is ready.
fn unshare(options: &[&str]) -> Running {
    let mut command = Command::new("unshare");
    command.args(options).args(["sh", "-c", "echo ready; exec sleep 60"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("unshare is installed where the harness is tested");
    let out = child.stdout.take().expect("a pipe");
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    running
}

#[track_caller]
fn ended(result: Result<Ended, Refused>) -> (Status, String) {
    let Ended { status, stdout, stderr } = result.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(stderr, "");
    (status, stdout)
}

/// `unshare --map-root-user` denies setgroups before it writes gid_map.
/// Source: unshare(1), --setgroups.
#[test]
fn a_container_tells_its_maps_and_its_word() {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let running = unshare(&["--user", "--map-root-user"]);
    let container = running.container();

    assert_eq!(container.setgroups().ok().as_deref(), Some("deny"));
    assert_eq!(container.uid_map().ok(), Some(vec![[0, uid, 1]]));
    assert_eq!(container.gid_map().ok(), Some(vec![[0, gid, 1]]));
}

#[test]
fn a_pidfd_leads_to_its_container() {
    let mut running = unshare(&["--user", "--map-root-user"]);
    let pid = Pid::from_raw(i32::try_from(running.0.id()).expect("a process id"));
    let pidfd = pidfd_open(pid.as_raw());
    let container = Container::of_pidfd(pidfd.as_fd()).expect("it runs");

    assert_eq!(container.setgroups().ok().as_deref(), Some("deny"));
    running.0.kill().expect("it runs");
    running.0.wait().expect("it is our child");
    let ended = Container::of_pidfd(pidfd.as_fd()).expect_err("it has ended");
    assert_eq!(ended.raw_os_error(), Some(libc::ESRCH));
    let file = std::fs::File::open("/proc/self/status").expect("/proc is mounted");
    assert_eq!(Container::of_pidfd(file.as_fd()).expect_err("no pidfd").raw_os_error(), Some(libc::EINVAL));
}

fn pidfd_open(pid: i32) -> OwnedFd {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).expect("it runs")
}

#[test]
fn a_program_runs_in_all_namespaces_of_a_container() {
    let running = unshare(&["--user", "--map-root-user", "--uts", "--mount"]);
    let container = running.container();
    let links = "readlink /proc/self/ns/user /proc/self/ns/uts /proc/self/ns/mnt";
    let of = |name: &str| std::fs::read_link(format!("/proc/{}/ns/{name}", running.0.id()));
    let expected = ["user", "uts", "mnt"].map(|name| of(name).expect("a link").display().to_string());

    let inside = ended(container.run(&["sh", "-c", &format!("id -u; id -g; {links}")]));

    assert_eq!(inside, (Status::Exited(0), format!("0\n0\n{}\n", expected.join("\n"))));
}

#[test]
fn a_program_that_fails_is_no_error() {
    let running = unshare(&["--user", "--map-root-user"]);

    assert_eq!(ended(running.container().run(&["false"])), (Status::Exited(1), String::new()));
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let running = unshare(&["--user", "--map-root-user"]);

    let refused = running.container().run(&["no-such-program"]).expect_err("no such program").to_string();

    assert!(refused.contains("nsenter: failed to execute no-such-program"), "{refused}");
    let empty = running.container().run(&[]).expect_err("no program").to_string();
    assert!(empty.contains("no program is named"), "{empty}");
}

/// The directory in /proc stays that of the process that has ended, whatever gets its id.
#[test]
fn a_container_that_has_ended_is_no_other_process() {
    let mut running = unshare(&["--user", "--map-root-user"]);
    let container = running.container();
    let pid = i32::try_from(running.0.id()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it runs");
    running.0.wait().expect("it is our child");

    let word = container.setgroups().expect_err("it has ended").raw_os_error();
    let refused = container.run(&["true"]).expect_err("it has ended").to_string();

    assert_eq!(word, Some(libc::ESRCH));
    assert!(refused.contains(&format!("process {pid} has ended")), "{refused}");
    assert_eq!(Container::of(0).expect_err("no process").raw_os_error(), Some(libc::ENOENT));
}
