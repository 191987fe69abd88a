//! The owner of a user namespace, and how many namespaces are above it: what a forked child asks the kernel by ioctl_ns(2).

use harness_play::Play;
use harness_play::host::Fact;
use harness_scenario::action::{Action, HERE, RawArg, syscall, syscall_for_fd};
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::caller;
use nix::errno::Errno;
use serde::Serialize;

use crate::failure::failure;

/// NS_GET_PARENT, `_IO(0xb7, 0x2)`.
const GET_PARENT: i64 = 0xb702;

/// There are at most so many namespaces above one another.
/// Source: user_namespaces(7), "Nested namespaces".
const DEEPEST: usize = 33;

/// How many user namespaces are above one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    /// So many, up to the namespace of the caller. The kernel shows none above that.
    UpToCallers(usize),
    /// It was not possible to ask.
    NotAsked(String),
}

impl Levels {
    /// What could not be seen, as a sentence.
    pub fn unseen(&self) -> Option<String> {
        match self {
            Self::UpToCallers(_) => None,
            Self::NotAsked(why) => Some(format!("the namespaces above: {why}")),
        }
    }
}

/// The owner and the levels of the namespace of a process, by the name of its directory in /proc.
/// Source: ioctl_ns(2), NS_GET_OWNER_UID, NS_GET_PARENT.
pub fn look(process: &str) -> (Fact<u32>, Levels) {
    let path = format!("/proc/{process}/ns/user\0").into_bytes();
    let open = syscall_for_fd("openat", libc::SYS_openat, vec![HERE, RawArg::Bytes(path.into())]);
    let up = syscall_for_fd("ioctl", libc::SYS_ioctl, vec![RawArg::Held, RawArg::Number(GET_PARENT)]);
    let close = syscall("close", libc::SYS_close, vec![RawArg::Held]);
    let mut actions = vec![open, Action::OwnerUid];
    actions.extend(vec![up; DEEPEST + 1]);
    actions.push(close);
    let trace = match caller().outside(&actions).try_play() {
        Ok(trace) => trace,
        Err(error) => {
            let why = failure(&error);
            return (Fact::Unreadable(why.clone()), Levels::NotAsked(why));
        }
    };
    // The first step forks the child.
    read(&trace.outcomes[1..])
}

/// Reads the outcomes of opening, of asking for the owner, and of going up.
fn read(outcomes: &[Outcome]) -> (Fact<u32>, Levels) {
    if let Some(Outcome::Failed { errno, .. }) = outcomes.first() {
        return (Fact::Unreadable(format!("{errno:?}")), Levels::NotAsked(format!("{errno:?}")));
    }
    let owner = match outcomes.get(1) {
        Some(Outcome::Ids(ids)) if ids.len() == 1 => Fact::Known(ids[0]),
        Some(Outcome::Failed { errno, .. }) => Fact::Unreadable(format!("{errno:?}")),
        other => Fact::Unreadable(format!("{other:?}")),
    };
    let asked = outcomes.get(2..).unwrap_or_default();
    let count = asked.iter().take_while(|outcome| **outcome == Outcome::Done).count();
    let levels = match asked.get(count) {
        // EPERM: the next one is above the caller's, or there is none.
        Some(Outcome::Failed { errno: Errno::EPERM, .. }) => Levels::UpToCallers(count),
        Some(Outcome::Failed { errno, .. }) => Levels::NotAsked(format!("{errno:?}")),
        _ => Levels::NotAsked("the kernel goes on without end".to_owned()),
    };
    (owner, levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn failed(errno: Errno) -> Outcome {
        Outcome::Failed { call: "", errno }
    }

    #[test]
    fn the_steps_up_to_the_callers_namespace_are_counted() {
        let outcomes =
            [Outcome::Done, Outcome::Ids(vec![1000]), Outcome::Done, Outcome::Done, failed(Errno::EPERM)];

        assert_eq!(read(&outcomes), (Fact::Known(1000), Levels::UpToCallers(2)));
    }

    #[test]
    fn what_the_kernel_does_not_answer_is_not_known() {
        let (owner, levels) = read(&[failed(Errno::EACCES)]);
        assert_eq!((owner.known(), levels), (None, Levels::NotAsked("EACCES".to_owned())));

        let outcomes = [Outcome::Done, failed(Errno::ENOTTY), failed(Errno::ENOTTY)];
        let (owner, levels) = read(&outcomes);
        assert_eq!((owner.known(), levels), (None, Levels::NotAsked("ENOTTY".to_owned())));
        let (_, levels) = read(&[Outcome::Done, Outcome::Ids(vec![0]), Outcome::Done]);
        assert_eq!(levels, Levels::NotAsked("the kernel goes on without end".to_owned()));
    }

    #[test]
    fn this_process_is_no_level_below_itself() {
        let (owner, levels) = look("self");

        assert!(owner.known().is_some(), "{owner:?}");
        assert_eq!(levels, Levels::UpToCallers(0));
    }
}
