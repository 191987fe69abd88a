//! What a scenario begins with: the caller's credentials, and those that it runs with.

use super::credentials::{Credentials, KernelIds, fix_up};
use super::map::{GLOBAL_ROOT, Kid};
use super::world::{Dumpable, HeldFd, INITIAL, Life, Namespaces, Pids, Process};
use super::{Changes, World};
use harness_scenario::actors::{RunAs, TakesOn};
use harness_scenario::caller::Caller;
use harness_scenario::ids::Ids;
use harness_scenario::release::Release;
use harness_scenario::start::Start;

/// The credentials with which the processes outside start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// A process with the caller's credentials.
    pub(super) privileged: Process,
    /// One with those that it runs with.
    pub(super) outside: Process,
}

impl World {
    /// The beginning: the initial namespace and no process in it.
    pub fn new(run_as: &RunAs, start: &Start) -> Self {
        let privileged = as_it_is(&start.caller);
        let outside = take_credentials(&privileged, run_as, &start.caller);
        Self {
            changes: Changes::from(start.release.unwrap_or(Release::NEWEST)),
            names: start.names(run_as),
            page: start.page,
            missing: start.missing,
            origin: Origin { privileged, outside },
            namespaces: Namespaces::new((!start.in_initial_userns).then_some(&start.caller.files)),
            files: Vec::new(),
            sockets: Vec::new(),
            processes: Vec::new(),
            unmodelled: false,
        }
    }
}

/// A process with the caller's credentials.
fn as_it_is(caller: &Caller) -> Process {
    let cred = Credentials {
        ns: INITIAL,
        uid: four(caller.uid),
        gid: four(caller.gid),
        groups: sorted(&caller.groups),
        caps: caller.caps.into(),
        securebits: caller.securebits,
    };
    Process {
        cred,
        dumpable: Dumpable::Yes,
        held: HeldFd::Empty,
        uts_owner: INITIAL,
        chrooted: false,
        shares: 0,
        life: Life::Running,
        pids: Pids::Own,
        named: None,
    }
}

/// Ids of the initial namespace. A filesystem id that the kernel does not report is the effective id, unless the
/// caller has set it apart.
fn four(ids: Ids) -> KernelIds {
    let Ids { real, effective, saved, fs } = ids;
    let fs = fs.known().unwrap_or(effective);
    KernelIds { real: Kid(real), effective: Kid(effective), saved: Kid(saved), fs: Kid(fs) }
}

fn same(id: u32) -> KernelIds {
    let id = Kid(id);
    KernelIds { real: id, effective: id, saved: id, fs: id }
}

fn sorted(groups: &[u32]) -> Vec<Kid> {
    let mut groups: Vec<Kid> = groups.iter().copied().map(Kid).collect();
    groups.sort_unstable();
    groups
}

/// What a process with the caller's credentials becomes by setgroups, setresgid and setresuid. It is dumpable again.
fn take_credentials(process: &Process, run_as: &RunAs, caller: &Caller) -> Process {
    let Some(TakesOn { ids, groups }) = run_as.takes_on(caller) else { return process.clone() };
    let old = &process.cred;
    let mut cred =
        Credentials { uid: same(ids.uid), gid: same(ids.gid), groups: sorted(&groups), ..old.clone() };
    fix_up(old, &mut cred, Some(GLOBAL_ROOT));
    Process { cred, ..process.clone() }
}
