//! What can be played and what cannot: for each kind of reach a step that is refused, and the same step after its
//! preparation.

use super::*;
use crate::action::*;
use crate::caller::Caller;
use crate::missing::MissingFeatures;
use crate::scenario::{caller, root};
use std::borrow::Cow;

/// A host whose caller is in a namespace without maps: there the least is certain.
fn host(map: &str) -> Start {
    let files = [map, map, "allow"].map(str::to_owned);
    Start {
        caller: Caller { files, ..Caller::default() },
        in_initial_userns: !map.is_empty(),
        overflow: [65_534; 2],
        last_cap: 40,
        page: 4096,
        release: None,
        missing: MissingFeatures::default(),
    }
}

const INITIAL: &str = "0 0 4294967295";

fn text(text: &'static str) -> RawArg {
    RawArg::Bytes(Cow::Borrowed(text.as_bytes()))
}

fn numbers(numbers: &[i64]) -> Vec<RawArg> {
    numbers.iter().copied().map(RawArg::Number).collect()
}

/// A call on a file with a path that begins at the working directory, or at the root.
fn at(number: i64, path: &'static str, rest: &[i64]) -> Action {
    syscall("a call", number, [vec![HERE, text(path)], numbers(rest)].concat())
}

fn mkdir(path: &'static str) -> Action {
    at(libc::SYS_mkdirat, path, &[0o700])
}

fn mount(kind: &'static str, to: &'static str, flags: u64) -> Action {
    let flags = RawArg::Number(flags.cast_signed());
    syscall("mount", libc::SYS_mount, vec![text("none\0"), text(to), text(kind), flags, text("\0")])
}

fn private() -> Action {
    mount("\0", "/\0", libc::MS_REC | libc::MS_PRIVATE)
}

/// The steps that mount a tmpfs at /tmp in a mount namespace of root's, each without which nothing is certain.
fn own_tmp() -> Vec<Action> {
    vec![Action::Unshare(libc::CLONE_NEWNS), private(), mount("tmpfs\0", "/tmp\0", 0)]
        .into_iter()
        .map(Action::or_stop)
        .collect()
}

/// The steps that make a tmpfs the working directory.
fn in_a_tmpfs() -> Vec<Action> {
    let none = || numbers(&[0]);
    let held = |rest: &[i64]| [vec![RawArg::Held], numbers(rest)].concat();
    vec![
        syscall_for_fd("fsopen", libc::SYS_fsopen, [vec![text("tmpfs\0")], none()].concat()),
        syscall("fsconfig", libc::SYS_fsconfig, held(&[6, 0, 0, 0])),
        syscall_for_fd("fsmount", libc::SYS_fsmount, held(&[0, 0])),
        syscall("fchdir", libc::SYS_fchdir, held(&[])),
    ]
    .into_iter()
    .map(Action::or_stop)
    .collect()
}

fn unshare(flag: i32) -> Vec<Action> {
    vec![Action::UnshareOrStop(flag)]
}

#[track_caller]
fn refused(steps: &[Action]) -> Reach {
    let exposed = check(&root().outside(steps), &host(INITIAL)).expect_err("it reaches the host");
    // The fork of the actor is the first step.
    assert_eq!(exposed.index, steps.len(), "{exposed}");
    exposed.reach
}

#[track_caller]
fn allowed(steps: &[Action]) {
    assert_eq!(check(&root().outside(steps), &host(INITIAL)), Ok(()));
}

/// Each step that reaches something, what it reaches, and what keeps it from that.
fn table() -> Vec<(Action, Reach, Vec<Action>)> {
    let call = |number, args: &[i64]| syscall("a call", number, numbers(args));
    let open = |path, flags: i32| {
        syscall_for_fd("open", libc::SYS_openat, vec![HERE, text(path), RawArg::Number(flags.into())])
    };
    let shell = |script: &str| run(&["sh", "-c", script]);
    let link = syscall("symlink", libc::SYS_symlinkat, vec![text("target\0"), HERE, text("link\0")]);
    let add_key = |keyring: i64| {
        let key = [text("user\0"), text("name\0"), text("x"), RawArg::Number(1), RawArg::Number(keyring)];
        syscall_for_fd("add_key", libc::SYS_add_key, key.into())
    };
    let session = syscall("join", libc::SYS_keyctl, numbers(&[1, 0])).or_stop();
    let private_mounts = own_tmp()[..2].to_vec();
    vec![
        (mkdir("a\0"), Reach::Files, in_a_tmpfs()),
        (mkdir("/tmp/a\0"), Reach::Files, own_tmp()),
        (at(libc::SYS_mknodat, "a\0", &[libc::S_IFREG.into()]), Reach::Files, in_a_tmpfs()),
        (at(libc::SYS_fchownat, ".\0", &[5, 5, 0]), Reach::Files, in_a_tmpfs()),
        (at(libc::SYS_fchmodat, ".\0", &[0o2777]), Reach::Files, in_a_tmpfs()),
        (link, Reach::Files, in_a_tmpfs()),
        (open("/tmp/a\0", libc::O_CREAT | libc::O_WRONLY), Reach::Files, own_tmp()),
        (Action::OpenFile("it", "/tmp/a".into(), Access::Write), Reach::Files, own_tmp()),
        (syscall("setxattr", libc::SYS_setxattr, vec![text("/tmp/a\0")]), Reach::Files, own_tmp()),
        (shell("echo a > /tmp/a"), Reach::Files, own_tmp()),
        (shell("cp \"$(command -v id)\" /tmp/id && chmod 755 /tmp"), Reach::Files, own_tmp()),
        (run(&["setpriv", "--clear-groups", "touch", "/tmp/a"]), Reach::Files, own_tmp()),
        (mount("tmpfs\0", "/mnt\0", 0), Reach::Mounts, private_mounts.clone()),
        (private(), Reach::Mounts, unshare(libc::CLONE_NEWNS)),
        (run(&["mount", "-t", "tmpfs", "none", "/mnt"]), Reach::Mounts, private_mounts),
        (call(libc::SYS_sethostname, &[0, 0]), Reach::HostName, unshare(libc::CLONE_NEWUTS)),
        (call(libc::SYS_msgget, &[0, 0o600]), Reach::Ipc, unshare(libc::CLONE_NEWIPC)),
        (call(libc::SYS_shmget, &[0, 1, 0o600]), Reach::Ipc, unshare(libc::CLONE_NEWIPC)),
        (call(libc::SYS_semget, &[5, 1, 0o600]), Reach::Ipc, unshare(libc::CLONE_NEWIPC)),
        (call(libc::SYS_mq_open, &[0, 0]), Reach::Ipc, unshare(libc::CLONE_NEWIPC)),
        (open("/dev/net/tun\0", libc::O_RDWR), Reach::Network, unshare(libc::CLONE_NEWNET)),
        (open("/proc/sys/user/max_user_namespaces\0", libc::O_WRONLY), Reach::Sysctl, unshare(NEWUSER)),
        (open("/proc/sys/kernel/hostname\0", libc::O_WRONLY), Reach::Sysctl, unshare(libc::CLONE_NEWUTS)),
        (open("/proc/sys/kernel/sem\0", libc::O_WRONLY), Reach::Sysctl, unshare(libc::CLONE_NEWIPC)),
        (open("/proc/sys/net/ipv4/ip_forward\0", libc::O_WRONLY), Reach::Sysctl, unshare(libc::CLONE_NEWNET)),
        (add_key(-3), Reach::Keys, vec![session]),
        (add_key(-4), Reach::Keys, unshare(NEWUSER)),
    ]
}

#[test]
fn a_step_that_reaches_the_host_needs_its_preparation() {
    for (step, reach, preparation) in table() {
        assert_eq!(refused(std::slice::from_ref(&step)), reach, "{step:?}");
        allowed(&[preparation, vec![step]].concat());
    }
}

/// What is refused without an end of the scenario prepares nothing: the step after it would be taken on the host.
#[test]
fn no_preparation_may_be_missing_or_go_on_when_it_is_refused() {
    let lax = |action: &Action| match action {
        Action::UnshareOrStop(flags) => Action::Unshare(*flags),
        Action::Syscall(call) => Action::Syscall(Syscall { on_refusal: OnRefusal::GoOn, ..call.clone() }),
        other => other.clone(),
    };
    for (step, _, preparation) in table() {
        for at in 0..preparation.len() {
            // fsconfig(2) and fsopen(2) that are refused leave nothing that fsmount(2) could mount.
            let backed = matches!(&preparation[at], Action::Syscall(call)
                if [libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount].contains(&call.number));
            let mut without = preparation.clone();
            without.remove(at);
            let mut going_on = preparation.clone();
            going_on[at] = lax(&preparation[at]);
            let exposed = |steps: &[Action]| {
                check(&root().outside(steps).outside(std::slice::from_ref(&step)), &host(INITIAL)).is_err()
            };
            assert!(backed || exposed(&without), "{step:?} without {:?}", preparation[at]);
            assert!(backed || exposed(&going_on), "{step:?} with {:?} that goes on", preparation[at]);
        }
    }
}

/// Nothing keeps these from what they reach.
#[test]
fn some_steps_are_never_taken() {
    let call = |number, args: &[i64]| syscall("a call", number, numbers(args));
    let all = [
        call(libc::SYS_reboot, &[0xfee1_dead, 672_274_793, 0x4321_fedc]),
        call(libc::SYS_settimeofday, &[8, 0]),
        call(libc::SYS_acct, &[0]),
        call(libc::SYS_syslog, &[5, 0, 0]),
        call(libc::SYS_writev, &[1, 0, 0]),
        call(libc::SYS_clock_settime, &[0, 0]),
        call(100_000, &[]),
        call(libc::SYS_kill, &[1, 9]),
        call(libc::SYS_kill, &[-1, 15]),
        call(libc::SYS_setpriority, &[2, 0, 19]),
        call(libc::SYS_prlimit64, &[1, 7]),
        call(libc::SYS_write, &[1, 0, 0]),
        at(libc::SYS_mknodat, "disk\0", &[libc::S_IFBLK.into(), 0]),
        syscall("symlink", libc::SYS_symlinkat, vec![text("/etc\0"), HERE, text("link\0")]),
        mkdir("../a\0"),
        mount("ext4\0", "/mnt\0", 0),
        mount("tmpfs\0", "/\0", libc::MS_REMOUNT),
        syscall_i386("unlink", 10, vec![text("a\0")], Results::Nothing),
        run(&["dd", "of=/dev/sda"]),
        run(&["/opt/anything"]),
        run(&["sh", "-c", "true; mystery /tmp/a"]),
        run(&["sh", "-c", "echo `mystery`"]),
        run(&["sh", "-c", "echo $(mystery)"]),
        run(&["sh", "-c", "echo \"$(rm -r /)\""]),
        run(&["sh", "-c", "echo a > /etc/passwd"]),
        run(&["sh", "-c", "echo a >> \"$HOME\""]),
        run(&["sh", "-c", "f() { mystery; }; f"]),
        run(&["sh", "-c", "f() { setpriv \"$@\"; }; f mystery"]),
        run(&["sh", "/tmp/script"]),
        run(&["sudo", "-n", "-u", "daemon", "mystery"]),
        run(&["su", "-s", "/bin/sh", "daemon", "-c", "mystery"]),
        run(&["chroot", "/", "mystery"]),
        run(&["strace", "-o", "/etc/passwd", "true"]),
        run(&["unshare", "--user", "sh", "-c", "kill 1"]),
        run(&["sed", "-i", "s/a/b/", "/etc/passwd"]),
        run(&["start-stop-daemon", "--start", "--startas", "/usr/bin/id", "--make-pidfile"]),
    ];
    for step in all {
        let everything = [
            unshare(NEWUSER | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWNET),
            own_tmp(),
            in_a_tmpfs(),
            vec![step],
        ];
        refused(&everything.concat());
    }
}

/// A place is lost where something else may be found at its path.
#[test]
fn a_place_can_be_lost() {
    let elsewhere = syscall("chdir", libc::SYS_chdir, vec![text("/\0")]);
    let back = Action::Setns { of: Actor::Privileged, file: NsFile::Uts, nstype: 0 };
    let sethostname = syscall("sethostname", libc::SYS_sethostname, numbers(&[0, 0]));
    let bind = mount("\0", "/tmp\0", libc::MS_BIND);

    refused(&[in_a_tmpfs(), vec![elsewhere, mkdir("a\0")]].concat());
    refused(&[own_tmp(), vec![Action::Chroot("/proc", "/proc".into()), mkdir("/tmp/a\0")]].concat());
    refused(&[own_tmp(), vec![bind, mkdir("/tmp/a\0")]].concat());
    refused(&[unshare(libc::CLONE_NEWUTS), vec![back, sethostname]].concat());
}

/// An actor has what its parent had when it was forked, and a mount namespace below the host's is a slave of it.
#[test]
fn an_actor_inherits_the_place_of_its_parent() {
    let tmp = [Action::UnshareOrStop(libc::CLONE_NEWNS), mount("tmpfs\0", "/tmp\0", 0).or_stop()];
    let start = host(INITIAL);

    assert_eq!(check(&root().outside(&in_a_tmpfs()).inside(&[mkdir("a\0")]), &start), Ok(()));
    assert_eq!(check(&root().inside(&tmp).second(&[mkdir("/tmp/a\0")]), &start), Ok(()));
    let reaches = |scenario: Scenario| check(&scenario, &start).map_err(|exposed| exposed.reach);
    assert_eq!(reaches(root().outside(&tmp)), Err(Reach::Mounts));
    let forked_before = root().outside(&[]).inside(&[]).outside(&in_a_tmpfs()).inside(&[mkdir("a\0")]);
    assert_eq!(reaches(forked_before), Err(Reach::Files));
    assert_eq!(reaches(root().inside(&tmp).outside(&[mkdir("/tmp/a\0")])), Err(Reach::Files));
}

/// A map of the caller's own namespace that is still empty is written by nobody. One that is written cannot change.
#[test]
fn an_empty_map_of_the_callers_namespace_is_not_written() {
    let of_the_caller = caller().outside(&[write_of(Actor::Outside, IdFile::Setgroups, "deny")]);
    let held = caller().outside(&[
        Action::Open { file: IdFile::UidMap, of: Some(Actor::Outside), access: Access::Write },
        write_held(IdFile::UidMap, "0 own 1"),
    ]);
    let of_a_new_one = caller().outside(&[]).inside(&[]).outside(&[uid_map("0 own 1")]);

    assert_eq!(check(&of_the_caller, &host(INITIAL)), Ok(()));
    assert_eq!(check(&of_the_caller, &host("")).map_err(|it| it.reach), Err(Reach::Maps));
    assert_eq!(check(&held, &host("")).map_err(|it| it.reach), Err(Reach::Maps));
    assert_eq!(check(&of_a_new_one, &host("")), Ok(()));
}

#[test]
fn the_message_names_step_reach_and_preparation() {
    let exposed = check(&root().outside(&[UNSHARE, mkdir("a\0")]), &host(INITIAL)).expect_err("a directory");

    assert_eq!(
        exposed.to_string(),
        "step 3, a call(AT_FDCWD, 2 bytes, 448), of outside would reach the host's files; prepare a tmpfs of its own, mounted \
         at the path or made the working directory, by steps with .or_stop()"
    );
}
