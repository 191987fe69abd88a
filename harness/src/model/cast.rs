//! What a scenario begins with: the caller's credentials, and those of the cast.

use super::credentials::{Credentials, KernelIds, fix_up};
use super::map::{GLOBAL_ROOT, Kid};
use super::world::{Dumpable, Hand, INITIAL, Namespaces, Process};
use super::{Changes, World};
use crate::actors::{Cast, ORDINARY};
use crate::caller::Caller;
use crate::host::{self, facts};
use crate::ids::Ids;
use crate::ids::Own;
use crate::rules::changes::Release;

/// What the processes outside begin with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// One with the caller's credentials.
    pub(super) privileged: Process,
    /// One with those of the cast.
    pub(super) outside: Process,
}

impl World {
    /// The beginning: the initial namespace and nobody in it.
    pub(crate) fn new(cast: &Cast, caller: &Caller) -> Self {
        let drops = caller.uid == 0 && matches!(cast, Cast::Ordinary | Cast::OrdinaryInGroups(_));
        let own = match cast {
            Cast::Root => Own { uid: 0, gid: 0 },
            _ if drops => Own { uid: ORDINARY, gid: ORDINARY },
            _ => Own { uid: caller.uid, gid: caller.gid },
        };
        let privileged = as_it_is(caller);
        let outside = costume(&privileged, cast, own, caller);
        Self {
            changes: Changes::from(Release::of_host()),
            own,
            last_cap: facts().last_cap(),
            page: rustix::param::page_size() as u64,
            overflow: host::names(own).overflow,
            origin: Origin { privileged, outside },
            namespaces: Namespaces::new(),
            files: Vec::new(),
            sockets: Vec::new(),
            processes: Vec::new(),
            lost: false,
        }
    }
}

/// A process with the caller's credentials.
fn as_it_is(caller: &Caller) -> Process {
    let process = &facts().process;
    let four = |ids: Option<&Ids>, one: u32| match ids {
        Some(Ids { real, effective, saved, fs }) => {
            // On Linux, of which the model tells, it is the effective id unless somebody set it apart.
            let fs = fs.known().unwrap_or(*effective);
            KernelIds { real: Kid(*real), effective: Kid(*effective), saved: Kid(*saved), fs: Kid(fs) }
        }
        None => same(one),
    };
    let mut groups: Vec<Kid> = caller.groups.iter().copied().map(Kid).collect();
    groups.sort_unstable();
    let cred = Credentials {
        ns: INITIAL,
        uid: four(process.uids.known(), caller.uid),
        gid: four(process.gids.known(), caller.gid),
        groups,
        caps: caller.caps.into(),
        securebits: 0,
    };
    Process {
        cred,
        dumpable: Dumpable::Yes,
        hand: Hand::Empty,
        uts_owner: INITIAL,
        chrooted: false,
        shares: 0,
        named: None,
    }
}

fn same(id: u32) -> KernelIds {
    let id = Kid(id);
    KernelIds { real: id, effective: id, saved: id, fs: id }
}

/// What the caller becomes for the cast: by setgroups, setresgid and setresuid, and it is dumpable again.
fn costume(caller: &Process, cast: &Cast, own: Own, host: &Caller) -> Process {
    let groups = match cast {
        Cast::Caller => return caller.clone(),
        Cast::Ordinary if host.uid != 0 => return caller.clone(),
        Cast::Ordinary => vec![own.gid],
        Cast::OrdinaryInGroups(groups) => groups.to_vec(),
        Cast::Root => vec![0],
    };
    let mut groups: Vec<Kid> = groups.into_iter().map(Kid).collect();
    groups.sort_unstable();
    let old = &caller.cred;
    let mut cred = Credentials { uid: same(own.uid), gid: same(own.gid), groups, ..old.clone() };
    fix_up(old, &mut cred, Some(GLOBAL_ROOT));
    Process { cred, ..caller.clone() }
}
