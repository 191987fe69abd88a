//! Simpler variants of credentials, an actor or an action, the simplest first. Each variant is smaller in a
//! well-founded order, so simplification ends.

use harness_scenario::action::{Access, Action, At, CapChange, Groups, Id, SetId, Text, Via};
use harness_scenario::actors::{Actor, RunAs};
use harness_scenario::scenario::{Scenario, Step};
use std::borrow::Cow;

/// Credentials that say less.
pub fn run_as(run_as: &RunAs) -> Vec<RunAs> {
    match run_as {
        RunAs::Ordinary => Vec::new(),
        RunAs::Root => vec![RunAs::Ordinary],
        RunAs::OrdinaryInGroups(_) | RunAs::Caller => vec![RunAs::Ordinary, RunAs::Root],
    }
}

/// Pairs of an actor that occurs and a simpler one that could replace it.
pub fn actors(scenario: &Scenario) -> Vec<(Actor, Actor)> {
    use Actor::{Deepest, Inside, Nested, Outside, Privileged, Second, Sibling};
    let simpler = [
        (Deepest, Nested),
        (Nested, Inside),
        (Sibling, Inside),
        (Second, Inside),
        (Second, Outside),
        (Sibling, Outside),
        (Privileged, Outside),
    ];
    simpler.into_iter().filter(|(from, _)| scenario.mentions(*from)).collect()
}

/// The scenario with one actor replaced by another, which may already occur.
pub fn with_actor(scenario: &Scenario, from: Actor, to: Actor) -> Scenario {
    let one = |actor: &mut Actor| {
        if *actor == from {
            *actor = to;
        }
    };
    let step = |Step { actor, action }: &Step| {
        let (mut actor, mut action) = (*actor, action.clone());
        one(&mut actor);
        action.actors_mut().into_iter().for_each(one);
        Step { actor, action }
    };
    Scenario { run_as: scenario.run_as.clone(), steps: scenario.steps.iter().map(step).collect() }
}

/// Simpler actions.
pub fn actions(action: &Action) -> Vec<Action> {
    match action {
        Action::ForkCloned => vec![Action::Fork],
        Action::Write { file, of, text } => {
            let (file, of) = (*file, *of);
            let mut all: Vec<Action> = texts(text).map(|text| Action::Write { file, of, text }).collect();
            all.extend(of.map(|_| Action::Write { file, of: None, text: text.clone() }));
            all
        }
        Action::WriteHeld { text, file, at } => {
            let (file, at) = (*file, *at);
            let mut all: Vec<Action> = texts(text).map(|text| Action::WriteHeld { text, file, at }).collect();
            all.extend(ats(at).map(|at| Action::WriteHeld { text: text.clone(), file, at }));
            all
        }
        Action::ReadHeld { size, at } => ats(*at).map(|at| Action::ReadHeld { size: *size, at }).collect(),
        Action::Open { file, of, access } => {
            let (file, of, access) = (*file, *of, *access);
            let mut all: Vec<Action> =
                of.map(|_| Action::Open { file, of: None, access }).into_iter().collect();
            let read_write = access == Access::ReadWrite;
            all.extend(read_write.then_some(Action::Open { file, of, access: Access::Write }));
            all
        }
        Action::Read { file, of } => of.map(|_| Action::Read { file: *file, of: None }).into_iter().collect(),
        Action::SetId(call, ids, via) => set_ids(*call, ids, *via),
        Action::Setgroups(list, via) => groups(list).map(|list| Action::Setgroups(list, *via)).collect(),
        Action::Capset(change) => changes(change).into_iter().map(Action::Capset).collect(),
        Action::Unshare(flags) => bits(*flags).map(|bit| Action::Unshare(*flags & !bit)).collect(),
        Action::Clone(flags) => bits(*flags).map(|bit| Action::Clone(*flags & !bit)).collect(),
        Action::Prctl(name, libc::PR_SET_SECUREBITS, bits) => (0..9)
            .filter(|bit| *bits & 1 << bit != 0)
            .map(|bit| Action::Prctl(name, libc::PR_SET_SECUREBITS, *bits & !(1 << bit)))
            .collect(),
        Action::Fork
        | Action::PassFd(_)
        | Action::ReadToEnd(_)
        | Action::Getgroups { .. }
        | Action::CountGroups { .. }
        | Action::GetCredentials
        | Action::UnshareOrStop(_)
        | Action::Setns { .. }
        | Action::Prctl(..)
        | Action::Chroot(..)
        | Action::OpenFile(..)
        | Action::Run(_)
        | Action::Syscall(_)
        | Action::Socketpair(_)
        | Action::SendCredentials(_)
        | Action::ReceiveCredentials
        | Action::Clone3(_)
        | Action::CloneAndKeep(_)
        | Action::Exit(_)
        | Action::Child(_)
        | Action::OwnerUid
        | Action::ProcOwner(_) => Vec::new(),
    }
}

/// The call with simpler ids, or as a raw system call.
fn set_ids(call: SetId, ids: &[Id; 3], via: Via) -> Vec<Action> {
    let mut all = Vec::new();
    for at in 0..3 {
        for id in [Id::Of(0), Id::Own].into_iter().take_while(|id| *id != ids[at]) {
            let mut ids = *ids;
            ids[at] = id;
            all.push(Action::SetId(call, ids, via));
        }
    }
    all.extend((via == Via::Libc).then_some(Action::SetId(call, *ids, Via::Raw)).filter(raw));
    all
}

/// Two of the calls exist only in the C library.
fn raw(action: &Action) -> bool {
    use harness_scenario::action::SetId::{Setegid, Seteuid};
    !matches!(action, Action::SetId(Seteuid | Setegid, ..))
}

fn bits(flags: i32) -> impl Iterator<Item = i32> {
    let several = flags.count_ones() > 1;
    (0..31).map(|bit| 1 << bit).filter(move |bit| several && flags & bit != 0)
}

fn ats(at: At) -> impl Iterator<Item = At> {
    (at != At::Position).then_some(At::Position).into_iter()
}

/// Texts with fewer lines, then with fewer bytes, then with simpler numbers.
fn texts(text: &Text) -> impl Iterator<Item = Text> {
    // Only words can express the id that `own` stands for, so words stay words.
    let are_words = matches!(text, Text::Words(_));
    let bytes: &[u8] = match text {
        Text::Words(words) => words.as_bytes(),
        Text::Bytes(bytes) => bytes,
        Text::BadPointer(_) => &[],
    };
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut size = lines.len() / 2;
    while size > 0 {
        for from in (0..lines.len()).step_by(size) {
            let to = (from + size).min(lines.len());
            all.push([&lines[..from], &lines[to..]].concat().join(&b'\n'));
        }
        size /= 2;
    }
    if bytes.len() <= 64 {
        let without = |at: usize| [&bytes[..at], &bytes[at + 1..]].concat();
        all.extend((0..bytes.len()).map(without));
        all.extend(simpler_numbers(bytes));
    }
    all.into_iter().map(move |bytes| match String::from_utf8(bytes) {
        Ok(words) if are_words => Text::Words(Cow::Owned(words)),
        Ok(words) => Text::Bytes(Cow::Owned(words.into_bytes())),
        Err(error) => Text::Bytes(Cow::Owned(error.into_bytes())),
    })
}

/// The text with one greater number replaced by 0 or 1.
fn simpler_numbers(bytes: &[u8]) -> Vec<Vec<u8>> {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..bytes.len()).filter(|at| digit(*at) && (*at == 0 || !digit(at - 1)));
    let mut all = Vec::new();
    for start in starts {
        let end = (start..=bytes.len()).find(|at| !digit(*at)).unwrap_or(bytes.len());
        for simple in [b'0', b'1'] {
            if bytes[start..end] > [simple][..] {
                all.push([&bytes[..start], &[simple], &bytes[end..]].concat());
            }
        }
    }
    all
}

fn groups(groups: &Groups) -> impl Iterator<Item = Groups> {
    let mut all: Vec<Vec<u32>> = Vec::new();
    match groups {
        Groups::List(list) if list.is_empty() => {}
        Groups::List(list) => {
            all.push(Vec::new());
            all.extend((0..list.len()).map(|at| [&list[..at], &list[at + 1..]].concat()));
            let zero = |at: usize| {
                let mut list = list.to_vec();
                list[at] = 0;
                list
            };
            all.extend((0..list.len()).filter(|at| list[*at] != 0).map(zero));
        }
        _ => all.extend([vec![], vec![0]]),
    }
    all.into_iter().map(|list| Groups::List(Cow::Owned(list)))
}

fn changes(change: &CapChange) -> Vec<CapChange> {
    let fewer = |caps: &[harness_scenario::caps::Cap]| {
        let without = |at: usize| Cow::Owned([&caps[..at], &caps[at + 1..]].concat());
        (0..caps.len()).map(without).collect::<Vec<_>>()
    };
    match change {
        CapChange::Drop(caps) => fewer(caps).into_iter().map(CapChange::Drop).collect(),
        CapChange::Only(caps) => fewer(caps).into_iter().map(CapChange::Only).collect(),
        CapChange::Suspend(caps) => fewer(caps).into_iter().map(CapChange::Suspend).collect(),
        CapChange::Raise(caps) => fewer(caps).into_iter().map(CapChange::Raise).collect(),
    }
}
