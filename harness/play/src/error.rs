//! What can go wrong with the harness itself, as opposed to what the kernel refuses.

use harness_scenario::actors::Actor;
use harness_scenario::outcome::Status;
use nix::errno::Errno;
use std::fmt;
use std::time::Duration;

/// A scenario that could not be played to its end. Never an outcome: a test that meets one fails,
/// and says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// /proc cannot be opened.
    NoProc(Errno),
    /// The director could not make a socket, a pipe or the like.
    Director {
        /// What it was about to do.
        what: &'static str,
        /// Why it could not.
        errno: Errno,
    },
    /// An actor could not be forked.
    Fork {
        /// Which.
        actor: Actor,
        /// The errno of fork(2) or clone(2).
        errno: Errno,
    },
    /// An actor could not take on the credentials that the cast has.
    SetUp {
        /// Which.
        actor: Actor,
        /// The call that failed.
        call: &'static str,
        /// Its errno.
        errno: Errno,
    },
    /// An actor that begins in a new user namespace could not create it.
    Namespace {
        /// Which.
        actor: Actor,
        /// The errno of unshare(2).
        errno: Errno,
    },
    /// An actor could not get away from what belongs to the host.
    IsolationFailed {
        /// Which.
        actor: Actor,
        /// The flags of unshare(2).
        flags: i32,
        /// Its errno.
        errno: Errno,
    },
    /// An actor could not tell its state.
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
    /// An actor closed its socket and lives on.
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
    /// An actor's answer was cut short.
    Short {
        /// Which.
        actor: Actor,
        /// At what.
        doing: String,
        /// How many bytes came.
        bytes: usize,
    },
    /// An actor answered what it was not asked, or the same thing twice.
    UnexpectedAnswer {
        /// Which.
        actor: Actor,
        /// What it had been asked last.
        doing: String,
    },
    /// A program is not where programs are looked for.
    NoProgram(String),
    /// A program did not end in time.
    ProgramHung {
        /// Its command line.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
    /// A program said more than a test can want to know.
    TooMuchOutput {
        /// Its command line.
        program: String,
        /// How much was read of it, in bytes.
        bytes: usize,
    },
    /// A program ended and left processes behind, which were killed.
    ProcessesLeft {
        /// Its command line.
        program: String,
    },
    /// The racers of a race hardly ever acted at the same time.
    NoRace {
        /// How many rounds there were.
        rounds: u32,
        /// In how many of them two calls overlapped.
        overlapping: u32,
    },
    /// A scenario names an actor that has not come into being, or an empty hand.
    InvalidScenario(String),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the harness failed, not the kernel: {}", self.what())?;
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl Error {
    /// What happened, and to whom.
    fn what(&self) -> String {
        match self {
            Self::NoProc(errno) => format!("/proc cannot be opened ({errno})"),
            Self::Director { what, errno } => format!("cannot {what}: {errno}"),
            Self::Fork { actor, errno } => format!("fork of actor {actor} failed: {errno}"),
            Self::SetUp { actor, call, errno } => {
                format!("actor {actor} cannot take on its credentials: {call}: {errno}")
            }
            Self::Namespace { actor, errno } => {
                format!("actor {actor} cannot create its user namespace: unshare(CLONE_NEWUSER): {errno}")
            }
            Self::IsolationFailed { actor, flags, errno } => {
                let flags = harness_scenario::show::clone_flags(*flags);
                format!("actor {actor} cannot get away from the host's: unshare({flags}): {errno}")
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
            Self::InvalidScenario(what) => format!("the scenario makes no sense: {what}"),
        }
    }

    /// What an actor or a program did instead of what was wanted of it; nothing where neither is to blame.
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

    /// What the reader can do about it, where that is known.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoProc(_) => Some("mount it: mount -t proc proc /proc"),
            Self::Fork { .. } => Some("see RLIMIT_NPROC (ulimit -u) and pids.max"),
            Self::SetUp { .. } => Some("are the ids mapped here (cat /proc/self/uid_map)?"),
            Self::Namespace { .. } => {
                Some("see user.max_user_namespaces, chroot, seccomp and LSM policies in `cargo ci facts`")
            }
            Self::IsolationFailed { .. } => {
                Some("see the limits in /proc/sys/user, and seccomp in `cargo ci facts`")
            }
            Self::NoProgram(_) => Some("install it, or name it as a need"),
            Self::NoRace { .. } => {
                Some("are two processors really there for it (`nproc`, cpu.max of the cgroup)?")
            }
            _ => None,
        }
    }
}
