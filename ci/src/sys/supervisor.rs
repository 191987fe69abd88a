//! A process between `cargo ci` and a guest, which ends the guest when `cargo ci` has gone.
//!
//! A guest is several processes; some of them leave their parent, their group and their session. Where `cargo ci`
//! is killed by SIGKILL it can end none of them. The supervisor sees that its parent is another one, and everything
//! below it that has lost its parent becomes its child (prctl(2), PR_SET_CHILD_SUBREAPER): it kills its children
//! until it has none.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getpid, getppid};

use crate::sys::signals;
use crate::sys::supervisor_options::SupervisorOptions;

/// This program, even when a build has replaced its file.
const THIS: &str = "/proc/self/exe";
/// How often the supervisor looks at parent and child.
const POLL: Duration = Duration::from_millis(20);
/// How long killed processes may take to end; one that does not let itself be killed takes for ever.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long a process may take to end after the program, before it counts as left behind.
const GRACE: Duration = Duration::from_millis(500);
/// The exit status for a program that cannot be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// The command with a supervisor before it: its end is the guest's end, and SIGTERM ends the guest first. The directory,
/// which is this process's own, is removed if this process is not there to do it.
///
/// The standard streams are those of a new command.
pub fn supervised(command: &Command, work: &Path) -> Command {
    supervised_with_report(command, work, None)
}

/// As [`supervised`], for a command that ends well on a signal: the supervisor waits for that end.
pub fn supervised_patiently(command: &Command, work: &Path) -> Command {
    supervised_with(command, work, &["--patient".as_ref()])
}

/// As [`supervised`]. What the command leaves behind when it ends by itself is named in the file, a line a process.
pub fn supervised_with_report(command: &Command, work: &Path, report: Option<&Path>) -> Command {
    let report = report.map(|report| [OsStr::new("--report"), report.as_os_str()]);
    supervised_with(command, work, report.as_ref().map_or(&[], |words| words.as_slice()))
}

fn supervised_with(command: &Command, work: &Path, options: &[&OsStr]) -> Command {
    let mut supervisor = Command::new(THIS);
    supervisor.args(["supervise", "--parent", &getpid().to_string(), "--remove"]).arg(work).args(options);
    supervisor.arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => supervisor.env(name, value),
            None => supervisor.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        supervisor.current_dir(directory);
    }
    supervisor
}

/// Is the supervisor: starts the program, and ends as it does.
pub fn run(options: &SupervisorOptions) -> ExitCode {
    let parent = Pid::from_raw(options.parent);
    let child = match start(options) {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cannot start `{}`: {error}", options.program.join(" ".as_ref()).display());
            return ExitCode::from(NOT_STARTED);
        }
    };
    let status = watch(child, parent, options.patient);
    if let Some(report) = options.report.as_ref().filter(|_| status.is_some()) {
        // A report that cannot be written is missed by its reader.
        let _ = fs::write(report, left_behind().join("\n"));
    }
    clear();
    if getppid() != parent {
        // Were it still there, the next run would find it.
        let _ = fs::remove_dir_all(&options.remove);
    }
    end_as(status)
}

fn start(options: &SupervisorOptions) -> io::Result<Pid> {
    set_child_subreaper(true)?;
    let (program, arguments) = options.program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = Command::new(program).args(arguments).spawn()?;
    // A stream ends when no process has it open, so the supervisor must not have it open.
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?))
}

/// Waits until the child or the process that asked for it has ended, or, unless it is patient, until a signal asks for the
/// end. `None` in the second and third case.
fn watch(child: Pid, parent: Pid, is_patient: bool) -> Option<WaitStatus> {
    let mut passed_on = false;
    while getppid() == parent && (is_patient || !signals::interrupted()) {
        if signals::was_meant_for_us_alone() && !passed_on {
            passed_on = true;
            // It has not been waited for, so that its id is still its own.
            let _ = kill(child, Signal::SIGTERM);
        }
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(status) if status.pid() == Some(child) => return Some(status),
            // The next of those that became its children.
            Ok(status) if status != WaitStatus::StillAlive => {}
            Ok(_) | Err(Errno::EINTR) => thread::sleep(POLL),
            Err(_) => return None,
        }
    }
    None
}

/// The children that do not end by themselves within a moment, each as its id and its command line.
fn left_behind() -> Vec<String> {
    let begun = Instant::now();
    while begun.elapsed() < GRACE {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => thread::sleep(POLL),
            Ok(_) => {}
            Err(_) => return Vec::new(),
        }
    }
    let named = |pid: Pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        format!("{pid} {}", String::from_utf8_lossy(&words).replace(['\0', '\n'], " ").trim_end())
    };
    children().into_iter().map(named).collect()
}

/// Kills every child, and those that become children by that, until there is none.
fn clear() {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {
                for child in children() {
                    // It has not been waited for, so that its id is still its own.
                    let _ = kill(child, Signal::SIGKILL);
                }
                thread::sleep(POLL / 10);
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Those whose parent is this process. Not every kernel has /proc/self/task/*/children.
fn children() -> Vec<Pid> {
    let own = getpid().to_string();
    let of_ours = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // The parent comes second after the name, which may hold anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        (rest.split(' ').nth(1)? == own).then(|| Pid::from_raw(pid))
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(of_ours).collect()
}

/// Ends with the status of the guest, and of the same signal.
fn end_as(status: Option<WaitStatus>) -> ExitCode {
    match status {
        Some(WaitStatus::Exited(_, code)) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Some(WaitStatus::Signaled(_, signal, _)) => {
            let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}
