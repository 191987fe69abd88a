//! How an actor takes on the credentials of its scenario.

use super::Director;
use crate::actors::Cast;
use crate::lower::{Call, number, syscall};
use crate::wire::Arg;

impl Director<'_> {
    /// The calls by which a copy of the caller takes on the credentials of the cast.
    pub(super) fn costume(&self) -> Vec<Call> {
        let groups = match &self.scenario.cast {
            Cast::Caller => return Vec::new(),
            Cast::Ordinary if self.caller.uid != 0 => return Vec::new(),
            Cast::Ordinary => vec![self.names.own.gid],
            Cast::OrdinaryInGroups(groups) => groups.to_vec(),
            Cast::Root => vec![0],
        };
        let bytes: Vec<u8> = groups.iter().flat_map(|gid| gid.to_ne_bytes()).collect();
        let (uid, gid) = (Arg::Value(self.names.own.uid.into()), Arg::Value(self.names.own.gid.into()));
        let list = [Arg::Value(groups.len() as u64), Arg::Payload(0)];
        let dumpable = [number(libc::PR_SET_DUMPABLE), Arg::Value(1)];
        // Nothing that an ordinary user is to do may be done by root.
        vec![
            ("setgroups", syscall(libc::SYS_setgroups, &list).payload(&bytes).or_stop()),
            ("setresgid", syscall(libc::SYS_setresgid, &[gid; 3]).or_stop()),
            ("setresuid", syscall(libc::SYS_setresuid, &[uid; 3]).or_stop()),
            ("prctl", syscall(libc::SYS_prctl, &dumpable)),
        ]
    }
}
