//! The outcome that a test expects of its last steps, where it can be read beside the test.
//!
//! `check!(trace, last = EPERM)` compares one errno and the snapshot, `check!(trace, last = [OK, EPERM, OK])` three.
//! The snapshot keeps the whole trace and the state; what stands in the test is what the test is about.
//!
//! ```no_run
//! use harness::prelude::*;
//!
//! let trace = root().outside(&[]).inside(&[UNSHARE]).play();
//!
//! check!(trace, last = EPERM);
//! ```
//!
//! # Which steps
//! The last ones of the trace, of whichever actors, in the order in which they were played. A step that only sets
//! the stage is not counted: an actor's own fork ([`Action::Fork`], [`Action::ForkCloned`]) and a preparation
//! ([`Action::or_stop`]), whose refusal ends the scenario and is no outcome.
//!
//! # Which kernels
//! A kernel or program that lacks a change by which the test `varies` is compared with the snapshot of that variant
//! alone: what stands in the test is the answer of those that have the change.

use crate::action::Action;
use crate::current::variant;
use crate::rehearsal;
use crate::scenario::Step;
use crate::show;
use crate::trace::{Outcome, Status, Trace};
use crate::verdict;
use nix::errno::Errno;
use std::fmt::{self, Write as _};

/// What must come of a step. The prelude has [`OK`] and the errnos, which are values for `#[case]`:
/// `#[case::a_thread(THREAD, EINVAL)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Success, whatever the call returns: the snapshot holds the value. Of a program: exit status 0.
    Success,
    /// The call that the step is named after fails with this errno.
    Fails(Errno),
    /// Another call of the step fails: the open(2) of a write to a map, of which the trace says `open: EACCES`.
    FailsAt(&'static str, Errno),
    /// The program that the step runs exits with this status.
    Exits(i32),
}

impl Answer {
    /// The same errno of another call of the step: `EACCES.at("open")`. The names are those that traces show.
    ///
    /// # Panics
    /// Of an answer that is no errno; in a constant or a case the compiler says so.
    #[must_use]
    pub const fn at(self, call: &'static str) -> Self {
        match self {
            Self::Fails(errno) | Self::FailsAt(_, errno) => Self::FailsAt(call, errno),
            Self::Success | Self::Exits(_) => panic!("only an errno is that of a call"),
        }
    }

    /// Whether this came of a step.
    fn is(self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Failed { call: "", errno } => self == Self::Fails(*errno),
            Outcome::Failed { call, errno } => self == Self::FailsAt(call, *errno),
            Outcome::Program(ended) => match ended.status {
                Status::Exited(0) => matches!(self, Self::Success | Self::Exits(0)),
                Status::Exited(status) => self == Self::Exits(status),
                Status::Killed(_) | Status::Unseen => false,
            },
            Outcome::Short { .. } => false,
            Outcome::Done
            | Outcome::Value(_)
            | Outcome::Text(_)
            | Outcome::Groups(_)
            | Outcome::Ids(_)
            | Outcome::Credentials(_)
            | Outcome::Counted { .. } => self == Self::Success,
        }
    }
}

/// As traces show it.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("ok"),
            Self::Fails(errno) => write!(f, "{errno:?}"),
            Self::FailsAt(call, errno) => write!(f, "{call}: {errno:?}"),
            Self::Exits(status) => write!(f, "exit {status}"),
        }
    }
}

/// Success, see [`Answer::Success`].
pub const OK: Answer = Answer::Success;

/// A program that exits with this status.
pub const fn exits(status: i32) -> Answer {
    Answer::Exits(status)
}

/// A constant for each errno that a test expects, so that a case shows it in one word.
macro_rules! errnos {
    ($($name:ident),* $(,)?) => {
        $(
            #[doc = concat!("The call that the step is named after fails with ", stringify!($name), ".")]
            pub const $name: Answer = Answer::Fails(Errno::$name);
        )*
    };
}

errnos!(
    EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, EMFILE, ENODEV, ENOENT, ENOKEY, ENOMEM, ENOSPC, ENOTDIR,
    ENOTTY, EOPNOTSUPP, EOVERFLOW, EPERM, ERANGE, EROFS, ESPIPE, ESRCH, ESTALE, EUSERS, EXDEV,
);

/// The answers of one step or of several.
pub trait Answers {
    /// In the order of the steps.
    fn answers(&self) -> &[Answer];
}

impl Answers for Answer {
    fn answers(&self) -> &[Answer] {
        std::slice::from_ref(self)
    }
}

impl Answers for [Answer] {
    fn answers(&self) -> &[Answer] {
        self
    }
}

impl<const COUNT: usize> Answers for [Answer; COUNT] {
    fn answers(&self) -> &[Answer] {
        self
    }
}

impl Answers for Vec<Answer> {
    fn answers(&self) -> &[Answer] {
        self
    }
}

impl<T: Answers + ?Sized> Answers for &T {
    fn answers(&self) -> &[Answer] {
        (*self).answers()
    }
}

/// Of the last steps those that came out otherwise than expected, each with what was expected and what was got;
/// `None` if there are none.
pub fn unexpected(trace: &Trace, expected: &impl Answers) -> Option<String> {
    let expected = expected.answers();
    let steps: Vec<_> =
        trace.steps().zip(trace.outcomes_shown()).enumerate().filter(|(_, (it, _))| acts(it.0)).collect();
    if expected.is_empty() || expected.len() > steps.len() {
        let (wanted, there) = (expected.len(), steps.len());
        return Some(format!(
            "the test expects outcomes of the last {wanted} steps, and there are {there}\n"
        ));
    }
    let last = &steps[steps.len() - expected.len()..];
    let mut report = String::new();
    for ((index, ((step, outcome), shown)), answer) in last.iter().zip(expected) {
        if !answer.is(outcome) {
            let action = show::action(step.actor, &step.action);
            verdict::unexpected(trace, *index, shown.clone(), answer.to_string());
            let _ = writeln!(report, "  step {}   {}   {action}", index + 1, step.actor);
            let _ = writeln!(report, "           expected {answer}\n           got      {shown}");
        }
    }
    (!report.is_empty())
        .then(|| format!("the kernel's answer is not the one that stands in the test:\n{report}"))
}

/// Whether a step does more than set the stage.
fn acts(step: &Step) -> bool {
    !matches!(step.action, Action::Fork | Action::ForkCloned) && !step.action.stops_when_refused()
}

/// Compares the last outcomes with what the test expects, then the trace with its snapshot by `check`, which panics
/// where they differ. Where both differ, both reports are printed.
///
/// # Panics
/// Where an outcome is not the expected one.
pub fn compare(trace: &Trace, expected: &impl Answers, check: impl FnOnce()) {
    if rehearsal::is_on() {
        return;
    }
    let report = if variant().is_none() { unexpected(trace, expected) } else { None };
    if let Some(report) = &report {
        eprint!("{report}");
    }
    check();
    if let Some(report) = report {
        panic!("{report}the snapshot agrees with the kernel: correct the test, or both it and the snapshot");
    }
}
