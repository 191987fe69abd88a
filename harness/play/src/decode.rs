//! Decoding: turns an actor's answers into the outcome of a step.

pub mod state;

use crate::lower::syscall;
use crate::wire::{Answer, Arg, Request};
use harness_scenario::action::{Action, CapChange, Results, SetId, Text, Via, asks_how_many};
use harness_scenario::caps::Cap;
use harness_scenario::ids::Own;
use harness_scenario::outcome::Outcome;
use nix::errno::Errno;

/// The first call that failed, if one did.
pub fn failure(names: &[&'static str], answers: &[Answer]) -> Option<(&'static str, Errno)> {
    let failed = |(_, answer): &(&&'static str, &Answer)| answer.done && answer.errno != 0;
    let (name, answer) = names.iter().zip(answers).find(failed)?;
    Some((name, Errno::from_raw(answer.errno)))
}

/// The outcome of an action whose calls have these names and answers.
pub fn of(action: &Action, names: &[&'static str], answers: &[Answer], own: Own) -> Outcome {
    if *action == Action::GetCredentials {
        let looked = state::credentials(answers);
        return looked.map_or_else(
            |(call, errno)| Outcome::Failed { call, errno },
            |looked| Outcome::Credentials(Box::new(looked)),
        );
    }
    if let Some((call, errno)) = failure(names, answers) {
        return match action {
            // The C library returns the previous id as an int. One of the greatest looks like an errno, and the call has none.
            Action::SetId(SetId::Setfsuid | SetId::Setfsgid, _, Via::Libc) => {
                Outcome::Value(-i64::from(errno as i32))
            }
            _ => Outcome::Failed { call, errno },
        };
    }
    let Some((_, answer)) = names.iter().zip(answers).find(|(name, _)| name.is_empty()) else {
        return Outcome::Done;
    };
    match action {
        Action::Write { text, file, .. } | Action::WriteHeld { text, file, .. } => {
            let given = match text {
                Text::BadPointer(length) => usize::try_from(*length).unwrap_or(usize::MAX),
                text => text.bytes(own.of(*file)).len(),
            };
            match usize::try_from(answer.value) {
                Ok(wrote) if wrote == given => Outcome::Done,
                _ => Outcome::Short { wrote: answer.value, given },
            }
        }
        Action::Read { .. } | Action::ReadToEnd(_) | Action::ReadHeld { .. } => {
            Outcome::Text(answer.data.clone())
        }
        Action::Getgroups { size, .. } if asks_how_many(*size) => Outcome::Value(answer.value),
        Action::Getgroups { .. } => Outcome::Groups(words(&answer.data)),
        Action::CountGroups { .. } => match words(&answer.data)[..] {
            [first, last, wrong] => Outcome::Counted { count: answer.value, first, last, wrong },
            _ => Outcome::Value(answer.value),
        },
        Action::Syscall(call) => left(call.results, answer),
        Action::ReceiveCredentials | Action::OwnerUid => Outcome::Ids(words(&answer.data)),
        Action::ProcOwner(_) => Outcome::Ids(words(&answer.data).split_off(5)),
        Action::SetId(SetId::Setfsuid | SetId::Setfsgid, ..) => Outcome::Value(answer.value),
        // What they return is a descriptor or a process id.
        Action::Open { .. } | Action::OpenFile(..) | Action::Child(_) => Outcome::Done,
        Action::GetCredentials
        | Action::Setgroups(..)
        | Action::SetId(..)
        | Action::Unshare(_)
        | Action::UnshareOrStop(_)
        | Action::Clone(_)
        | Action::Clone3(_)
        | Action::CloneAndKeep(_)
        | Action::Setns { .. }
        | Action::Capset(_)
        | Action::Prctl(..)
        | Action::Chroot(..)
        | Action::SendCredentials(_)
        | Action::Fork
        | Action::ForkCloned
        | Action::PassFd(_)
        | Action::Socketpair(_)
        | Action::Exit(_)
        | Action::Run(_) => value(answer),
    }
}

/// The native 32-bit words in some bytes.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|word| Some(u32::from_ne_bytes(word.try_into().ok()?))).collect()
}

/// What a call returned, if that is not 0.
fn value(answer: &Answer) -> Outcome {
    if answer.value == 0 { Outcome::Done } else { Outcome::Value(answer.value) }
}

/// The value that a call returned and the bytes that it left in the room.
fn left(results: Results, answer: &Answer) -> Outcome {
    let half = |two: &[u8]| two.try_into().map_or(0, u16::from_ne_bytes).into();
    match results {
        Results::Nothing => value(answer),
        Results::Fd => Outcome::Done,
        Results::Halves(_) => Outcome::Groups(answer.data.chunks_exact(2).map(half).collect()),
        Results::Words(_) => Outcome::Groups(words(&answer.data)),
        Results::Text(_) => Outcome::Text(answer.data.clone()),
        Results::Ids(offsets) => {
            let at = |offset: &u32| word(&answer.data, usize::try_from(*offset).unwrap_or(usize::MAX));
            Outcome::Ids(offsets.iter().map(at).collect())
        }
    }
}

/// The 32-bit word at an offset, or -1 as an id if there are not so many bytes.
fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(u32::MAX, |four| u32::from_ne_bytes(*four))
}

/// capset(2) with a change of the sets that capget(2) returned.
pub fn capset(before: &Answer, change: &CapChange) -> Request {
    let [low, high] = [0, 3].map(|half| {
        let all = words(&before.data);
        let set = move |index: usize| all.get(half + index).copied().unwrap_or(0);
        [set(0), set(1), set(2)]
    });
    let wide = |index: usize| u64::from(low[index]) | u64::from(high[index]) << 32;
    let (effective, permitted, inheritable) = (wide(0), wide(1), wide(2));
    let mask = |caps: &[Cap]| caps.iter().fold(0, |all, cap| all | 1_u64 << (*cap as u64));
    let after = match change {
        CapChange::Drop(caps) => [effective, permitted, inheritable].map(|set| set & !mask(caps)),
        CapChange::Only(caps) => [effective & mask(caps), permitted & mask(caps), 0],
        CapChange::Suspend(caps) => [effective & !mask(caps), permitted, inheritable],
        CapChange::Raise(caps) => [effective | mask(caps), permitted, inheritable],
    };
    let mut payload = Vec::new();
    for word in [0x2008_0522_u64].into_iter().chain(halves(&after)) {
        // The header is the version and the process id 0, then six 32-bit words of data.
        payload.extend(word.to_ne_bytes());
    }
    syscall(libc::SYS_capset, &[Arg::Payload(0), Arg::Payload(8)]).payload(&payload)
}

/// The sets as the kernel lays them out: the low halves of all three, then the high halves, two to
/// a native word.
fn halves([effective, permitted, inheritable]: &[u64; 3]) -> [u64; 3] {
    let (low, high) = (|set: &u64| set & 0xffff_ffff, |set: &u64| set >> 32);
    let pair = |first: u64, second: u64| {
        let bytes = [
            u32::try_from(first).unwrap_or(0).to_ne_bytes(),
            u32::try_from(second).unwrap_or(0).to_ne_bytes(),
        ];
        u64::from_ne_bytes(bytes.concat().try_into().unwrap_or([0; 8]))
    };
    [
        pair(low(effective), low(permitted)),
        pair(low(inheritable), high(effective)),
        pair(high(permitted), high(inheritable)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::action::Id;

    /// Source: setfsuid(2), "RETURN VALUE"; glibc, sysdeps/unix/sysv/linux/setfsuid.c.
    #[test]
    fn an_id_that_the_c_library_returns_is_no_errno() {
        let answer = |errno| Answer { step: 0, done: true, value: -1, errno, data: Vec::new() };
        let told = |call, via| {
            let action = Action::SetId(call, [Id::Of(0); 3], via);
            of(&action, &[""], &[answer(2)], Own { uid: 0, gid: 0 })
        };

        assert_eq!(told(SetId::Setfsuid, Via::Libc), Outcome::Value(-2));
        let refused = Outcome::Failed { call: "", errno: Errno::ENOENT };
        assert_eq!(told(SetId::Setfsuid, Via::Raw), refused);
        assert_eq!(told(SetId::Setuid, Via::Libc), refused);
    }
}
