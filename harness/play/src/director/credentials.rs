//! How an actor takes on the credentials of its scenario.

use crate::lower::{Call, number, syscall};
use crate::wire::Arg;
use harness_scenario::actors::TakesOn;
use harness_scenario::caller::Caller;
use harness_scenario::scenario::Scenario;

/// The calls by which a copy of the caller takes on the credentials of the scenario.
pub(super) fn credential_calls(scenario: &Scenario, caller: &Caller) -> Vec<Call> {
    let Some(TakesOn { ids, groups }) = scenario.run_as.takes_on(caller) else {
        return Vec::new();
    };
    let bytes: Vec<u8> = groups.iter().flat_map(|gid| gid.to_ne_bytes()).collect();
    let (uid, gid) = (Arg::Value(ids.uid.into()), Arg::Value(ids.gid.into()));
    let list = [Arg::Value(groups.len() as u64), Arg::Payload(0)];
    let dumpable = [number(libc::PR_SET_DUMPABLE), Arg::Value(1)];
    // Nothing that an unprivileged user is to do may be done by root.
    vec![
        ("setgroups", syscall(libc::SYS_setgroups, &list).payload(&bytes).or_stop()),
        ("setresgid", syscall(libc::SYS_setresgid, &[gid; 3]).or_stop()),
        ("setresuid", syscall(libc::SYS_setresuid, &[uid; 3]).or_stop()),
        ("prctl", syscall(libc::SYS_prctl, &dumpable)),
    ]
}
