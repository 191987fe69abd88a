//! Failures of the harness itself, as opposed to refusals of the kernel.

use crate::host::ProcState;
use harness_scenario::actors::Actor;
use harness_scenario::outcome::{Status, TOO_SLOW_HERE};
use nix::errno::Errno;
use std::fmt;
use std::time::Duration;

/// A scenario that could not be played to its end. It is never an outcome: a test with such an error fails and
/// reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// /proc cannot be opened.
    NoProc(Errno),
    /// The director could not make a socket, a pipe or the like.
    Director {
        /// The operation.
        what: &'static str,
        /// The reason.
        errno: Errno,
    },
    /// An actor could not be forked.
    Fork {
        /// Which.
        actor: Actor,
        /// The errno of fork(2) or clone(2).
        errno: Errno,
    },
    /// An actor could not take the credentials of the scenario.
    SetUp {
        /// Which.
        actor: Actor,
        /// The call that failed.
        call: &'static str,
        /// Its errno.
        errno: Errno,
    },
    /// An actor in a new user namespace could not create the namespace.
    Namespace {
        /// Which.
        actor: Actor,
        /// The errno of unshare(2).
        errno: Errno,
    },
    /// The kernel refused a step without which later steps would reach the host, so none of them was taken.
    IsolationFailed {
        /// Which.
        actor: Actor,
        /// The step, by its number and its text in a trace.
        step: String,
        /// Its errno.
        errno: Errno,
    },
    /// An actor could not report its state.
    State {
        /// Which.
        actor: Actor,
        /// The call that failed.
        call: &'static str,
        /// Its errno.
        errno: Errno,
    },
    /// An actor ended before it had answered.
    Ended {
        /// Which.
        actor: Actor,
        /// At what.
        doing: String,
        /// How.
        status: Status,
    },
    /// An actor closed its socket and did not end.
    LostPipe {
        /// Which.
        actor: Actor,
        /// At what.
        doing: String,
    },
    /// An actor did not answer in time.
    Hung {
        /// Which.
        actor: Actor,
        /// At what.
        doing: String,
        /// How long it was given.
        limit: Duration,
    },
    /// An actor's answer was incomplete.
    Short {
        /// Which.
        actor: Actor,
        /// At what.
        doing: String,
        /// How many bytes came.
        bytes: usize,
    },
    /// An actor answered a request that was not sent, or answered one twice.
    UnexpectedAnswer {
        /// Which.
        actor: Actor,
        /// The last request.
        doing: String,
    },
    /// A program was not found in the directories for programs.
    NoProgram(String),
    /// A program did not end in time.
    ProgramHung {
        /// Its command line.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
    /// A program printed more than the harness keeps.
    TooMuchOutput {
        /// Its command line.
        program: String,
        /// The number of bytes that were read.
        bytes: usize,
    },
    /// A program ended and left processes behind, which were killed.
    ProcessesLeft {
        /// Its command line.
        program: String,
    },
    /// The calls of a race rarely overlapped. This shows nothing about the kernel.
    NoRace {
        /// The number of rounds.
        rounds: u32,
        /// The number of rounds in which two calls overlapped.
        overlapping: u32,
    },
    /// The rounds of a race did not end in the time that the race has. This shows nothing about the kernel.
    TooSlow {
        /// The number of rounds that were asked for.
        rounds: u32,
        /// The number of rounds that ended in time.
        ended: u32,
        /// The time that the race has.
        budget: Duration,
    },
    /// A scenario gave two traces, one with forked processes and one with processes that share memory.
    ActorsDiffer {
        /// The trace of forked processes.
        forked: String,
        /// The trace of processes that share memory.
        cheap: String,
    },
    /// A scenario is invalid: it names an actor that was not forked, or a file descriptor that is not held.
    InvalidScenario(String),
    /// The procfs at /proc is that of another PID namespace: the files of an actor there would be those of another process.
    ForeignProc(ProcState),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.what())?;
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl Error {
    /// Who is to blame: the kernel that refused, the slow host, or the harness.
    fn kind(&self) -> &'static str {
        match self {
            Self::Namespace { .. } => "the kernel refused a user namespace:",
            Self::IsolationFailed { .. } => "the kernel refused a preparation:",
            Self::NoRace { .. } | Self::TooSlow { .. } => TOO_SLOW_HERE,
            _ => "the harness failed, not the kernel:",
        }
    }

    /// The failure and the actor or program that it concerns.
    fn what(&self) -> String {
        match self {
            Self::NoProc(errno) => format!("/proc cannot be opened ({errno})"),
            Self::Director { what, errno } => format!("cannot {what}: {errno}"),
            Self::Fork { actor, errno } => format!("fork of actor {actor} failed: {errno}"),
            Self::SetUp { actor, call, errno } => {
                format!("actor {actor} cannot take on its credentials: {call}: {errno}")
            }
            Self::Namespace { actor, errno } => {
                format!("actor {actor} cannot create its user namespace: {errno}")
            }
            Self::IsolationFailed { actor, step, errno } => {
                format!(
                    "actor {actor} at {step}: {errno}; the later steps would reach the host and were not taken"
                )
            }
            Self::State { actor, call, errno } => {
                format!("actor {actor} cannot tell its state: {call}: {errno}")
            }
            Self::Ended { actor, doing, .. }
            | Self::LostPipe { actor, doing }
            | Self::Hung { actor, doing, .. }
            | Self::Short { actor, doing, .. }
            | Self::UnexpectedAnswer { actor, doing } => format!("actor {actor} {}: {doing}", self.instead()),
            Self::NoProgram(name) => format!("program {name} not found"),
            Self::ProgramHung { program, .. }
            | Self::TooMuchOutput { program, .. }
            | Self::ProcessesLeft { program } => format!("program {}: {program}", self.instead()),
            Self::NoRace { rounds, overlapping } => {
                format!("a race was none: in {overlapping} of {rounds} rounds calls overlapped")
            }
            Self::TooSlow { rounds, ended, budget } => {
                format!("{ended} of {rounds} rounds of a race ended within {budget:?}")
            }
            Self::ActorsDiffer { forked, cheap } => format!(
                "processes that share memory gave another trace than forked ones\nforked:\n{forked}\nsharing:\n{cheap}"
            ),
            Self::InvalidScenario(what) => format!("the scenario makes no sense: {what}"),
            Self::ForeignProc(state) => format!("/proc is {state}"),
        }
    }

    /// The unexpected behaviour of an actor or a program. `None` if neither is the cause.
    fn instead(&self) -> String {
        match self {
            Self::Ended { status, .. } => format!("ended ({status}) before it had answered"),
            Self::LostPipe { .. } => "closed its socket at".to_owned(),
            Self::Hung { limit, .. } => format!("did not answer within {limit:?}"),
            Self::Short { bytes, .. } => format!("gave a short answer of {bytes} bytes"),
            Self::UnexpectedAnswer { .. } => "answered twice, or what it was not asked, after".to_owned(),
            Self::ProgramHung { limit, .. } => format!("did not end within {limit:?}"),
            Self::TooMuchOutput { bytes, .. } => format!("said more than {bytes} bytes"),
            Self::ProcessesLeft { .. } => "ended but left processes behind, which were killed".to_owned(),
            _ => String::new(),
        }
    }

    /// What the reader can do about it, if it is known.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoProc(_) | Self::ForeignProc(_) => Some("mount it: mount -t proc proc /proc"),
            Self::Fork { .. } => Some("see RLIMIT_NPROC (ulimit -u) and pids.max"),
            Self::SetUp { .. } => Some("are the ids mapped here (cat /proc/self/uid_map)?"),
            Self::Namespace { errno, .. } => Some(of_a_namespace(*errno)),
            Self::IsolationFailed { .. } => {
                Some("see capabilities, the limits in /proc/sys/user, and seccomp in `cargo ci facts`")
            }
            Self::NoProgram(_) => Some("install it, or name it as a need"),
            Self::NoRace { .. } | Self::TooSlow { .. } => {
                Some("are two processors really there for it (`nproc`, cpu.max of the cgroup)?")
            }
            _ => None,
        }
    }
}

/// Which rules refuse a user namespace with this errno.
///
/// Source: unshare(2), clone(2), user_namespaces(7); kernel create_user_ns(), copy_process(), ksys_unshare().
fn of_a_namespace(errno: Errno) -> &'static str {
    match errno {
        Errno::EPERM => {
            "the creator's effective uid or gid may have no mapping (/proc/self/uid_map), its root may be changed by \
             chroot(2), or a sysctl, a seccomp filter or a security module forbids it; see `cargo ci facts`"
        }
        Errno::ENOSPC | Errno::EUSERS => {
            "a limit of this or a higher namespace is reached (/proc/sys/user/max_user_namespaces), or 32 levels are nested"
        }
        Errno::EAGAIN => "RLIMIT_NPROC (ulimit -u) or pids.max is reached",
        Errno::EINVAL => {
            "the kernel has no CONFIG_USER_NS, the process has threads, or it shares what the namespace may not share"
        }
        Errno::ENOSYS => "the kernel lacks the call, or a seccomp filter answers in its place",
        _ => "see seccomp and security modules in `cargo ci facts`",
    }
}
