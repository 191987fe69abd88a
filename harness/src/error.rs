//! What can go wrong with the harness itself, as opposed to what the kernel refuses.

use crate::scenario::Actor;
use crate::trace::Status;
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
    NotApart {
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
    Stray {
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
    Flood {
        /// Its command line.
        program: String,
        /// How much was read of it, in bytes.
        bytes: usize,
    },
    /// A program ended and left processes behind, which were killed.
    LeftBehind {
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
    Senseless(String),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the harness failed, not the kernel: ")?;
        match self {
            Self::NoProc(errno) => {
                write!(f, "/proc cannot be opened ({errno}); mount it: mount -t proc proc /proc")
            }
            Self::Director { what, errno } => write!(f, "cannot {what}: {errno}"),
            Self::Fork { actor, errno } => {
                write!(f, "fork of actor {actor} failed: {errno}; see RLIMIT_NPROC (ulimit -u) and pids.max")
            }
            Self::SetUp { actor, call, errno } => write!(
                f,
                "actor {actor} cannot take on its credentials: {call}: {errno}; \
                 are the ids mapped here (cat /proc/self/uid_map)?"
            ),
            Self::Namespace { actor, errno } => write!(
                f,
                "actor {actor} cannot create its user namespace: unshare(CLONE_NEWUSER): {errno}; \
                 see user.max_user_namespaces, chroot, seccomp and LSM policies in `cargo ci facts`"
            ),
            Self::NotApart { actor, flags, errno } => write!(
                f,
                "actor {actor} cannot get away from the host's: unshare({}): {errno}; \
                 see the limits in /proc/sys/user, and seccomp in `cargo ci facts`",
                crate::show::clone_flags(*flags)
            ),
            Self::State { actor, call, errno } => {
                write!(f, "actor {actor} cannot tell its state: {call}: {errno}")
            }
            Self::Ended { actor, doing, status } => {
                write!(f, "actor {actor} ended ({status}) before it had answered: {doing}")
            }
            Self::LostPipe { actor, doing } => write!(f, "actor {actor} closed its socket at: {doing}"),
            Self::Hung { actor, doing, limit } => {
                write!(f, "actor {actor} did not answer within {limit:?}: {doing}")
            }
            Self::Short { actor, doing, bytes } => {
                write!(f, "actor {actor} gave a short answer of {bytes} bytes: {doing}")
            }
            Self::Stray { actor, doing } => {
                write!(f, "actor {actor} answered twice, or what it was not asked, after: {doing}")
            }
            Self::NoProgram(name) => write!(f, "program {name} not found; install it, or name it as a need"),
            Self::ProgramHung { program, limit } => {
                write!(f, "program did not end within {limit:?}: {program}")
            }
            Self::Flood { program, bytes } => write!(f, "program said more than {bytes} bytes: {program}"),
            Self::LeftBehind { program } => {
                write!(f, "program ended but left processes behind, which were killed: {program}")
            }
            Self::NoRace { rounds, overlapping } => write!(
                f,
                "a race was none: in {overlapping} of {rounds} rounds calls overlapped; \
                 are two processors really there for it (`nproc`, cpu.max of the cgroup)?"
            ),
            Self::Senseless(what) => write!(f, "the scenario makes no sense: {what}"),
        }
    }
}
