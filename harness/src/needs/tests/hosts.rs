//! Facts of hosts that do not exist.

use std::collections::BTreeMap;

use crate::caps::CapSet;
use crate::host::{
    Accounts, Chroot, Fact, Facts, Levels, Lookups, Place, Places, Policy, ProcState, Process, Program,
    Seccomp, SubidRange, System,
};
use crate::ids::{CapSets, FsId, Ids};

pub(super) const FULL_MAP: &str = "0 0 4294967295";

/// A change of a fact that makes a host hostile.
pub(super) type Change = fn(&mut Facts);

/// An unprivileged user of a distribution that allows user namespaces.
pub(super) fn user() -> Facts {
    let ranges = vec![SubidRange { owner: "alice".into(), first: 100_000, count: 65536 }];
    Facts {
        system: System {
            kernel_release: "6.12.0-1-amd64".into(),
            kernel_version: "#1 SMP Debian 6.12.9-1".into(),
            version_signature: Fact::Absent,
            architecture: "x86_64".into(),
            distribution: Fact::Absent,
            surroundings: vec![],
        },
        proc_state: ProcState::Writable { hidepid: Fact::Known("0".into()) },
        parts: BTreeMap::new(),
        new_mounts: BTreeMap::new(),
        limits: BTreeMap::new(),
        pids_max: Fact::Absent,
        places: Places { temporary: Place(Ok(())), working: Place(Ok(())), dev_null: Place(Ok(())) },
        policy: policy(),
        process: process(1000, CapSet::EMPTY),
        accounts: Accounts {
            name: Fact::Known("alice".into()),
            subuid: Fact::Known(ranges.clone()),
            subgid: Fact::Known(ranges),
        },
        programs: BTreeMap::new(),
        probed: None,
        lookups: Lookups {
            program: |name| Some(setuid_root(name)),
            file: |_| Fact::Known(()),
            writable: |_| Ok(()),
            readable: |_| Ok(()),
            refused_call: |_, _| None,
            nested_levels: || Levels { count: 33, reason: String::new() },
            account: |_| Fact::Known(1),
            config: |_| Fact::Known("y".into()),
            probe: |_| panic!("no fact names anybody who may withhold user namespaces"),
        },
    }
}

/// Root of the same host.
pub(super) fn root() -> Facts {
    Facts { process: process(0, CapSet::up_to(40)), ..user() }
}

pub(super) fn policy() -> Policy {
    Policy {
        security_modules: Fact::Known("capability,apparmor".into()),
        confinement: Fact::Known("unconfined".into()),
        apparmor: Fact::Known(true),
        apparmor_restrict_unprivileged_userns: Fact::Absent,
        apparmor_restrict_unprivileged_unconfined: Fact::Absent,
        selinux_enforcing: Fact::Absent,
        unprivileged_userns_clone: Fact::Absent,
        max_user_namespaces: Fact::Known(63000),
        max_other_namespaces: Default::default(),
        suid_dumpable: Fact::Known(0),
        ptrace_scope: Fact::Known(1),
        overflowuid: Fact::Known(65534),
        overflowgid: Fact::Known(65534),
        cap_last_cap: Fact::Known(40),
    }
}

pub(super) fn process(id: u32, effective: CapSet) -> Process {
    let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
    Process {
        uids: Fact::Known(ids),
        gids: Fact::Known(ids),
        groups: Fact::Known(vec![]),
        capabilities: Fact::Known(CapSets {
            inheritable: CapSet::EMPTY,
            permitted: effective,
            effective,
            bounding: CapSet::up_to(40),
            ambient: CapSet::EMPTY,
        }),
        no_new_privs: Fact::Known(false),
        seccomp: Fact::Known(Seccomp::Off),
        uid_map: Fact::Known(FULL_MAP.into()),
        gid_map: Fact::Known(FULL_MAP.into()),
        projid_map: Fact::Known(FULL_MAP.into()),
        setgroups: Fact::Known("allow".into()),
        in_initial_userns: Fact::Known(true),
        chroot: Chroot::No,
        processors: Fact::Known(2),
        securebits: Fact::Known(0),
        left_root: None,
    }
}

pub(super) fn setuid_root(name: &str) -> Program {
    Program {
        path: format!("/usr/bin/{name}").into(),
        mode: "4755".into(),
        setuid: true,
        setgid: false,
        owner: 0,
        capabilities: Fact::Absent,
        nosuid: false,
    }
}

pub(super) fn set_caps(facts: &mut Facts, change: fn(&mut CapSets)) {
    if let Fact::Known(sets) = &mut facts.process.capabilities {
        change(sets);
    }
}

pub(super) fn without_proc(facts: &mut Facts) {
    facts.proc_state = ProcState::Missing("ENOENT".into());
    let missing = || Fact::Unreadable("ENOENT".to_owned());
    (facts.process.uid_map, facts.process.gid_map) = (missing(), missing());
    facts.process.setgroups = missing();
    facts.process.seccomp = Fact::Unreadable("ENOENT".into());
    facts.process.in_initial_userns = Fact::Unreadable("ENOENT".into());
    facts.policy.max_user_namespaces = Fact::Unreadable("ENOENT".into());
}

/// Inside `unshare --map-root-user`, with all capabilities.
pub(super) fn one_id(facts: &mut Facts) {
    facts.process = process(0, CapSet::up_to(40));
    facts.process.uid_map = Fact::Known("0 1000 1".into());
    facts.process.gid_map = Fact::Known("0 1000 1".into());
    facts.process.setgroups = Fact::Known("deny".into());
    facts.process.in_initial_userns = Fact::Known(false);
    facts.lookups.probe = |_| Ok(());
}

pub(super) fn seccomp_refuses(facts: &mut Facts) {
    facts.process.seccomp = Fact::Known(Seccomp::Filter);
    facts.lookups.probe = |_| Err("unshare: EPERM".into());
}
