//! setgroups(2) and getgroups(2).

use super::credentials::Credentials;
use super::map::Kid;
use super::world::Word;
use super::{Refusal, Reply, World, done, refuse_by};
use crate::rules::named;
use harness_scenario::action::{Groups, IdFile, Room};
use harness_scenario::caps::Cap;
use harness_scenario::outcome::Outcome;
use nix::errno::Errno::{EFAULT, EINVAL, EPERM};

/// NGROUPS_MAX
const MOST: u32 = 65_536;

/// The list that a process passes to setgroups(2).
enum List {
    /// These groups.
    Of(Vec<u32>),
    /// No list: the pointer is bad.
    Nowhere,
    /// A list whose end is not known.
    Unknown,
}

impl World {
    /// Source: setgroups(2); user_namespaces(7); kernel setgroups(), may_setgroups(), groups_from_user().
    pub(super) fn setgroups(&self, cred: &mut Credentials, groups: &Groups) -> Reply {
        let all = &self.namespaces;
        if !all.capable(cred, cred.ns, Cap::Setgid) {
            return Refusal::by(EPERM, const { named("groups.needs-setgid") }).into();
        }
        if !all.map(cred.ns, IdFile::GidMap).is_written() {
            return Refusal::by(EPERM, const { named("groups.needs-gid-map") }).into();
        }
        if all[cred.ns].setgroups == Word::Deny {
            return Refusal::by(EPERM, const { named("groups.denied") }).into();
        }
        let (size, list) = self.list(groups);
        // The size is an int, but the kernel compares it as an unsigned int.
        if size > MOST {
            return Refusal::by(EINVAL, const { named("groups.size") }).into();
        }
        let list = match list {
            _ if size == 0 => Vec::new(),
            List::Of(list) => list,
            List::Nowhere => return Refusal::by(EFAULT, const { named("groups.bad-pointer") }).into(),
            List::Unknown => return Reply::Unmodelled,
        };
        let kernel: Option<Vec<Kid>> = list.iter().map(|gid| all.kgid(cred.ns, *gid)).collect();
        let Some(mut kernel) = kernel else {
            return Refusal::by(EINVAL, const { named("groups.unmapped") }).into();
        };
        kernel.sort_unstable();
        cred.groups = kernel;
        done()
    }

    fn list(&self, groups: &Groups) -> (u32, List) {
        let int = |size: i64| u32::try_from(size & 0xffff_ffff).unwrap_or(u32::MAX);
        match groups {
            Groups::List(list) => (u32::try_from(list.len()).unwrap_or(u32::MAX), List::Of(list.to_vec())),
            Groups::Own => (1, List::Of(vec![self.names.own.gid])),
            Groups::Sized { size, given: None } => (int(*size), List::Nowhere),
            Groups::Sized { size, given: Some(given) } => match usize::try_from(*size) {
                Ok(size) if size <= *given => (int(size as i64), List::Of(vec![0; size])),
                _ => (int(*size), List::Unknown),
            },
            Groups::Sequence { first, step, size } => {
                let count = u32::try_from(*size).unwrap_or(0).min(MOST);
                let list = (0..count).map(|at| first.wrapping_add(step.wrapping_mul(at)));
                (int(*size), List::Of(list.collect()))
            }
        }
    }

    /// The supplementary groups as a namespace maps them.
    pub(super) fn groups_shown(&self, cred: &Credentials) -> Vec<u32> {
        let shown = |gid: &Kid| self.shown(cred.ns, IdFile::GidMap, *gid);
        cred.groups.iter().map(shown).collect()
    }

    /// Source: getgroups(2); kernel getgroups(), groups_to_user().
    fn told(&self, cred: &Credentials, size: i64, room: Room) -> Result<Vec<u32>, Refusal> {
        let groups = self.groups_shown(cred);
        // The size is an int, and the kernel checks its sign.
        let size = i32::from_ne_bytes(u32::try_from(size & 0xffff_ffff).unwrap_or(0).to_ne_bytes());
        match usize::try_from(size) {
            Err(_) => refuse_by(EINVAL, const { named("groups.negative") }).map(|()| groups),
            Ok(0) => Ok(groups),
            Ok(size) if size < groups.len() => {
                refuse_by(EINVAL, const { named("groups.too-small") }).map(|()| groups)
            }
            Ok(_) if room == Room::Bad && !groups.is_empty() => {
                refuse_by(EFAULT, const { named("groups.told-nowhere") }).map(|()| groups)
            }
            Ok(_) => Ok(groups),
        }
    }

    pub(super) fn getgroups(&self, cred: &Credentials, size: i64, room: Room) -> Reply {
        match self.told(cred, size, room) {
            Err(refusal) => refusal.into(),
            Ok(groups) if harness_scenario::action::asks_how_many(size) => {
                Reply::Is(Outcome::Value(i64::try_from(groups.len()).unwrap_or(i64::MAX)), None)
            }
            Ok(groups) => Reply::Is(Outcome::Groups(groups), None),
        }
    }

    /// As [`Action::CountGroups`](harness_scenario::action::Action::CountGroups) compares them.
    pub(super) fn count_groups(&self, cred: &Credentials, size: i64, first: u32, step: u32) -> Reply {
        match self.told(cred, size, Room::Good) {
            Err(refusal) => refusal.into(),
            Ok(groups) => {
                let expected =
                    |at: usize| first.wrapping_add(step.wrapping_mul(u32::try_from(at).unwrap_or(u32::MAX)));
                let wrong = groups.iter().enumerate().filter(|(at, gid)| **gid != expected(*at)).count();
                let end = |gid: Option<&u32>| gid.copied().unwrap_or(0);
                Reply::Is(
                    Outcome::Counted {
                        count: i64::try_from(groups.len()).unwrap_or(i64::MAX),
                        first: end(groups.first()),
                        last: end(groups.last()),
                        wrong: u32::try_from(wrong).unwrap_or(u32::MAX),
                    },
                    None,
                )
            }
        }
    }
}
