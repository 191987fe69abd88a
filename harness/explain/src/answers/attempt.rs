//! A forked child takes on the state of a process, in its namespace, and makes the calls.

use std::borrow::Cow;

use harness_play::Play;
use harness_play::host::{Fact, FsId};
use harness_scenario::action::{
    Action, CapChange, HERE, NO_FIXUP, RawArg, SetId, set_id, syscall, syscall_for_fd,
};
use harness_scenario::actors::Actor;
use harness_scenario::caller::Caller;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::Ids;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::caller;
use harness_scenario::show;

use super::Tried;
use crate::failure::failure;
use crate::process::{Process, UNMAPPED};
use crate::sequences::Sequence;

/// Has a child make the calls. `own` is what the process is, `begin` what the process that makes the calls is.
pub(super) fn attempt(process: &Process, own: &Caller, begin: &Caller, sequence: &Sequence) -> Tried {
    let before = match preparation(process, own, begin) {
        Ok(before) => before,
        Err(why) => return Tried::No(why),
    };
    let actions = [before.clone(), sequence.actions.clone()].concat();
    let trace = match caller().outside(&actions).try_play() {
        Ok(trace) => trace,
        Err(error) => return Tried::No(failure(&error)),
    };
    let failed = |(index, (action, outcome)): (usize, (&Action, &Outcome))| match outcome {
        Outcome::Failed { errno, .. } => Some((index, shown(action), *errno)),
        _ => None,
    };
    // The first step forks the child.
    let outcomes = trace.outcomes.iter().skip(1);
    match actions.iter().zip(outcomes).enumerate().find_map(failed) {
        None => Tried::Succeeds,
        Some((index, call, errno)) if index < before.len() => {
            Tried::No(format!("a child could not take on its state: {call}: {errno:?}"))
        }
        Some((_, call, errno)) => Tried::Refused { call, errno: format!("{errno:?}") },
    }
}

/// An action as a trace has it; of a raw call only the name, which has the path.
fn shown(action: &Action) -> String {
    match action {
        Action::Syscall(call) => call.name.to_owned(),
        _ => show::action(Actor::Outside, action),
    }
}

/// The steps by which a child of this process becomes the one that makes the calls.
fn preparation(process: &Process, own: &Caller, begin: &Caller) -> Result<Vec<Action>, String> {
    let mut steps = Vec::new();
    let joins = match &process.namespace.is_callers {
        Fact::Known(is_callers) => !is_callers,
        _ => return Err("its user namespace is not known".to_owned()),
    };
    if joins {
        let pid = process.pid.unwrap_or_default();
        let path = format!("/proc/{pid}/ns/user\0").into_bytes();
        let open = vec![HERE, RawArg::Bytes(path.into()), RawArg::Number(libc::O_RDONLY.into())];
        steps.push(syscall_for_fd("open /proc/PID/ns/user", libc::SYS_openat, open));
        let join = vec![RawArg::Held, RawArg::Number(libc::CLONE_NEWUSER.into())];
        steps.push(syscall("setns", libc::SYS_setns, join));
    }
    let same = |own: &Caller| (own.uid, own.gid, own.caps) == (begin.uid, begin.gid, begin.caps);
    if process.pid.is_none() && same(own) {
        return Ok(steps);
    }
    if process.pid.is_none() && begin.caps.permitted.0 & !own.caps.permitted.0 != 0 {
        return Err("only execve(2) of the program gives it these ids and capabilities".to_owned());
    }
    steps.extend(become_it(begin)?);
    Ok(steps)
}

/// Takes on ids first, then the securebits, then the capabilities. Supplementary groups do not decide.
fn become_it(begin: &Caller) -> Result<Vec<Action>, String> {
    let all = |ids: Ids| [ids.real, ids.effective, ids.saved];
    if all(begin.uid).iter().chain(&all(begin.gid)).any(|id| *id == UNMAPPED) {
        return Err("one of its ids has no mapping, and no call sets such an id".to_owned());
    }
    let apart = |ids: Ids| ids.fs != FsId::Known(ids.effective);
    if apart(begin.uid) || apart(begin.gid) {
        return Err("its filesystem ids are set apart from its effective ids".to_owned());
    }
    let securebits = Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, begin.securebits.into());
    let (permitted, effective) = (begin.caps.permitted, begin.caps.effective);
    let suspended = CapSet(permitted.0 & !effective.0);
    Ok(vec![
        NO_FIXUP,
        set_id(SetId::Setresgid, &all(begin.gid)),
        set_id(SetId::Setresuid, &all(begin.uid)),
        securebits,
        Action::Capset(CapChange::Only(list(permitted))),
        Action::Capset(CapChange::Suspend(list(suspended))),
    ])
}

fn list(set: CapSet) -> Cow<'static, [Cap]> {
    Cow::Owned(Cap::all().filter(|cap| set.contains(*cap)).collect())
}
