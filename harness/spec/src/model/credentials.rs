//! The credentials of a process: ids, groups, capabilities, securebits.

use super::map::Kid;
use super::world::{Namespaces, NsId};
use super::{Checked, refuse};
use crate::rules::named;
use harness_scenario::action::CapChange;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::CapSets;
use nix::errno::Errno::{EINVAL, EPERM};

/// Real, effective, saved and filesystem id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KernelIds {
    /// The real id: the owner of the process.
    pub real: Kid,
    /// The effective id, which most rules use.
    pub effective: Kid,
    /// The saved id, to which the effective id may return.
    pub saved: Kid,
    /// The filesystem id, which decides on access to files.
    pub fs: Kid,
}

/// The credentials of a process, or those with which a file was opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The user namespace in which these credentials apply.
    pub ns: NsId,
    /// User ids.
    pub uid: KernelIds,
    /// Group ids.
    pub gid: KernelIds,
    /// Supplementary groups, sorted.
    pub groups: Vec<Kid>,
    /// The five sets of capabilities.
    pub caps: Caps,
    /// The securebits.
    pub securebits: u32,
}

/// The five sets of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caps {
    /// The effective set, which the kernel's checks use.
    pub effective: CapSet,
    /// The permitted set: capabilities that may become effective.
    pub permitted: CapSet,
    /// The inheritable set, which execve(2) of some files keeps.
    pub inheritable: CapSet,
    /// The bounding set: the most that execve(2) can give.
    pub bounding: CapSet,
    /// The ambient set, which execve(2) keeps.
    pub ambient: CapSet,
}

impl From<CapSets> for Caps {
    fn from(sets: CapSets) -> Self {
        let CapSets { inheritable, permitted, effective, bounding, ambient } = sets;
        Self { effective, permitted, inheritable, bounding, ambient }
    }
}

impl From<Caps> for CapSets {
    fn from(caps: Caps) -> Self {
        let Caps { effective, permitted, inheritable, bounding, ambient } = caps;
        Self { inheritable, permitted, effective, bounding, ambient }
    }
}

/// SECBIT_NO_SETUID_FIXUP: changes of uids leave the capabilities alone.
pub const NO_SETUID_FIXUP: u32 = 1 << 2;
/// SECBIT_KEEP_CAPS: permitted capabilities survive a change from uid 0.
pub const KEEP_CAPS: u32 = 1 << 4;
/// SECBIT_EXEC_RESTRICT_FILE and SECBIT_EXEC_DENY_INTERACTIVE. Every process may set and lock them, because programs
/// evaluate them and not the kernel.
pub const FOR_ALL: u32 = 0b0101 << 8;
/// The other securebits.
pub const FOR_PRIVILEGED: u32 = 0b0101_0101;

/// Each bit, and its lock at the next higher bit.
pub fn with_locks(bits: u32) -> u32 {
    bits | bits << 1
}

impl Namespaces {
    /// Whether these credentials have a capability over a namespace. In their own namespace the effective set
    /// decides. Over a namespace above or beside they have none. Over a namespace below they have it if they belong
    /// to its owner in its parent, or if they have the capability over its parent.
    /// Source: user_namespaces(7), "Capabilities"; kernel cap_capable().
    pub fn capable(&self, cred: &Credentials, target: NsId, cap: Cap) -> bool {
        let mut ns = target;
        loop {
            if ns == cred.ns {
                return cred.caps.effective.contains(cap);
            }
            let Some(parent) = self[ns].parent else { return false };
            if parent == cred.ns && self[ns].owner == cred.uid.effective {
                return true;
            }
            ns = parent;
        }
    }

    /// capset(2) of the calling process.
    /// Source: capset(2); capabilities(7), "Programmatically adjusting capability sets"; kernel cap_capset().
    pub fn capset(
        &self,
        cred: &mut Credentials,
        [effective, permitted, inheritable]: [CapSet; 3],
    ) -> Checked {
        let old = cred.caps;
        let subset = |one: CapSet, other: CapSet| one.0 & !other.0 == 0;
        let free = self.capable(cred, cred.ns, Cap::Setpcap);
        if !free && !subset(inheritable, CapSet(old.inheritable.0 | old.permitted.0)) {
            return refuse(EPERM);
        }
        let within = subset(inheritable, CapSet(old.inheritable.0 | old.bounding.0))
            && subset(permitted, old.permitted)
            && subset(effective, permitted);
        if !within {
            return refuse(EPERM);
        }
        let ambient = CapSet(old.ambient.0 & permitted.0 & inheritable.0);
        cred.caps = Caps { effective, permitted, inheritable, ambient, ..old };
        Ok(())
    }

    /// prctl(2) with PR_SET_SECUREBITS, of a kernel with bits that every process may set. A locked bit does not
    /// change, and a lock is never removed. A process without the capability may not even set bits that are already
    /// set.
    /// Source: capabilities(7), "The securebits flags"; kernel cap_task_prctl(); a0623b2a1db5.
    pub fn set_securebits(&self, cred: &mut Credentials, bits: u64, for_all: u32) -> Checked {
        let all = FOR_PRIVILEGED | for_all;
        let known = u32::try_from(bits).ok().filter(|bits| bits & !with_locks(all) == 0);
        let Some(bits) = known else { return refuse(EPERM) };
        let old = cred.securebits;
        let locks = all << 1;
        let locked = (old & locks) >> 1;
        if locked & (old ^ bits) != 0 || old & locks & !bits != 0 {
            return super::refuse_by(EPERM, const { named("change.locked-bits") });
        }
        let free = old != bits && (old ^ bits) & !with_locks(for_all) == 0;
        if !free && !self.capable(cred, cred.ns, Cap::Setpcap) {
            return refuse(EPERM);
        }
        cred.securebits = bits;
        Ok(())
    }

    /// prctl(2) with PR_CAPBSET_DROP.
    /// Source: PR_CAPBSET_DROP(2const); kernel cap_prctl_drop().
    pub fn drop_from_bounding(&self, cred: &mut Credentials, cap: u8) -> Checked {
        if !self.capable(cred, cred.ns, Cap::Setpcap) {
            return refuse(EPERM);
        }
        cred.caps.bounding.0 &= !(1 << cap);
        Ok(())
    }

    /// prctl(2) with PR_SET_KEEPCAPS.
    /// Source: PR_SET_KEEPCAPS(2const); kernel cap_task_prctl().
    pub fn set_keepcaps(&self, cred: &mut Credentials, value: u64) -> Checked {
        if value > 1 {
            return refuse(EINVAL);
        }
        if cred.securebits & KEEP_CAPS << 1 != 0 {
            return super::refuse_by(EPERM, const { named("change.locked-bits") });
        }
        cred.securebits = cred.securebits & !KEEP_CAPS | if value == 1 { KEEP_CAPS } else { 0 };
        Ok(())
    }
}

/// SECBIT_NO_CAP_AMBIENT_RAISE
const NO_AMBIENT_RAISE: u32 = 1 << 6;

/// prctl(2) with PR_CAP_AMBIENT_RAISE: a capability that is permitted and inheritable may become ambient.
/// Source: PR_CAP_AMBIENT(2const); kernel cap_task_prctl().
pub fn raise_ambient(cred: &mut Credentials, cap: u8) -> Checked {
    let bit = 1 << cap;
    if cred.caps.permitted.0 & cred.caps.inheritable.0 & bit == 0 || cred.securebits & NO_AMBIENT_RAISE != 0 {
        return refuse(EPERM);
    }
    cred.caps.ambient.0 |= bit;
    Ok(())
}

/// Removes and adds the capabilities that a change of user ids removes and adds.
/// Source: capabilities(7), "Effect of user ID changes on capabilities"; kernel cap_emulate_setxuid().
pub fn fix_up(old: &Credentials, new: &mut Credentials, root: Option<Kid>) {
    if old.securebits & NO_SETUID_FIXUP != 0 {
        return;
    }
    let is_root = |id: Kid| Some(id) == root;
    let any = |ids: KernelIds| is_root(ids.real) || is_root(ids.effective) || is_root(ids.saved);
    if any(old.uid) && !any(new.uid) {
        if old.securebits & KEEP_CAPS == 0 {
            new.caps.permitted = CapSet::EMPTY;
            new.caps.effective = CapSet::EMPTY;
        }
        new.caps.ambient = CapSet::EMPTY;
    }
    match (is_root(old.uid.effective), is_root(new.uid.effective)) {
        (true, false) => new.caps.effective = CapSet::EMPTY,
        (false, true) => new.caps.effective = new.caps.permitted,
        _ => {}
    }
}

/// The capabilities that follow the filesystem uid.
/// Source: capabilities(7), "Effect of user ID changes on capabilities"; kernel CAP_FS_SET.
const OVER_FILES: [Cap; 8] = [
    Cap::Chown,
    Cap::DacOverride,
    Cap::DacReadSearch,
    Cap::Fowner,
    Cap::Fsetid,
    Cap::LinuxImmutable,
    Cap::Mknod,
    Cap::MacOverride,
];

/// Removes and adds the capabilities that a change of the filesystem uid removes and adds.
/// Source: capabilities(7), "Effect of user ID changes on capabilities"; kernel cap_task_fix_setuid(), LSM_SETID_FS.
pub fn fix_up_fs(old: &Credentials, new: &mut Credentials, root: Option<Kid>) {
    if old.securebits & NO_SETUID_FIXUP != 0 {
        return;
    }
    let over_files = OVER_FILES.into_iter().fold(CapSet::EMPTY, CapSet::with);
    match (Some(old.uid.fs) == root, Some(new.uid.fs) == root) {
        (true, false) => new.caps.effective.0 &= !over_files.0,
        (false, true) => new.caps.effective.0 |= over_files.0 & new.caps.permitted.0,
        _ => {}
    }
}

/// The sets that a change passes to capset(2).
pub fn changed(old: &Caps, change: &CapChange) -> [CapSet; 3] {
    let mask = |caps: &[Cap]| caps.iter().fold(CapSet::EMPTY, |all, cap| all.with(*cap));
    let [effective, permitted, inheritable] = [old.effective, old.permitted, old.inheritable];
    let without = |set: CapSet, caps: &[Cap]| CapSet(set.0 & !mask(caps).0);
    match change {
        CapChange::Drop(caps) => [effective, permitted, inheritable].map(|set| without(set, caps)),
        CapChange::Only(caps) => {
            let among = |set: CapSet| CapSet(set.0 & mask(caps).0);
            [among(effective), among(permitted), CapSet::EMPTY]
        }
        CapChange::Suspend(caps) => [without(effective, caps), permitted, inheritable],
        CapChange::Raise(caps) => [CapSet(effective.0 | mask(caps).0), permitted, inheritable],
    }
}
