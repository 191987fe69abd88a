//! What mounting can change.

use super::calls::number;
use super::standing::{Certain, Held, Propagation, Root};
use super::{Reach, Stage};
use crate::action::RawArg;
use crate::actors::Actor;

/// Types of which a mount alone changes nothing. What is below it does not belong to the scenario.
const HARMLESS: [&str; 14] = [
    "proc",
    "sysfs",
    "mqueue",
    "ramfs",
    "devpts",
    "cgroup2",
    "overlay",
    "fuse",
    "devtmpfs",
    "securityfs",
    "debugfs",
    "tracefs",
    "hugetlbfs",
    "pipefs",
];

impl Stage<'_> {
    /// A call that mounts: what it returns as a descriptor.
    pub(super) fn mounting(
        &mut self,
        actor: Actor,
        call: i64,
        args: &[RawArg],
        certain: Certain,
    ) -> Result<Held, Reach> {
        match call {
            libc::SYS_fsopen if text(args, 0) == Some("tmpfs") => Ok(Held::NewTmpfs),
            libc::SYS_fsconfig if self.referred(actor, args.first()) == Held::NewTmpfs => Ok(Held::Nothing),
            libc::SYS_fsmount if self.referred(actor, args.first()) == Held::NewTmpfs => Ok(Held::Mount),
            libc::SYS_mount => self.mount(actor, args, certain).map(|()| Held::Nothing),
            libc::SYS_move_mount if self.referred(actor, args.first()) == Held::Mount => {
                self.private_mounts(actor)?;
                self.mounted(actor, text(args, 3), certain);
                Ok(Held::Nothing)
            }
            libc::SYS_umount2 => {
                self.private_mounts(actor)?;
                self.forget_places();
                Ok(Held::Nothing)
            }
            _ => Err(Reach::Unknown),
        }
    }

    fn mount(&mut self, actor: Actor, args: &[RawArg], certain: Certain) -> Result<(), Reach> {
        let flags = number(args, 3).and_then(|flags| u64::try_from(flags).ok()).ok_or(Reach::Unknown)?;
        let has = |flag: u64| flags & flag != 0;
        if has(libc::MS_PRIVATE | libc::MS_SLAVE) {
            return self.stop_propagation(actor, text(args, 1), flags, certain);
        }
        self.private_mounts(actor)?;
        match text(args, 2) {
            // Other mounts of the same file system would change as well.
            _ if has(libc::MS_REMOUNT) && !has(libc::MS_BIND) => return Err(Reach::Mounts),
            _ if has(libc::MS_BIND
                | libc::MS_MOVE
                | libc::MS_REMOUNT
                | libc::MS_SHARED
                | libc::MS_UNBINDABLE) =>
            {
                self.forget_places();
            }
            Some("tmpfs") => self.mounted(actor, text(args, 1), certain),
            Some(kind) if HARMLESS.contains(&kind) => {}
            _ => return Err(Reach::Unknown),
        }
        Ok(())
    }

    /// Makes mounts private or slaves: this changes the mounts of the namespace, and no others.
    fn stop_propagation(
        &mut self,
        actor: Actor,
        target: Option<&str>,
        flags: u64,
        certain: Certain,
    ) -> Result<(), Reach> {
        let standing = self.of(actor);
        let (index, root) = (standing.mounts, standing.root);
        let namespace = &mut self.mounts[index];
        let of_all = target == Some("/") && root == Root::Callers && flags & libc::MS_REC != 0;
        match (namespace.propagation, certain) {
            (Propagation::Hosts, _) => Err(Reach::Mounts),
            (Propagation::Shared, Certain::Yes) if of_all => {
                namespace.propagation = Propagation::Private;
                Ok(())
            }
            (Propagation::Shared | Propagation::Private, _) => Ok(()),
        }
    }

    /// Whether what an actor mounts is not seen by the host.
    pub(super) fn private_mounts(&mut self, actor: Actor) -> Result<(), Reach> {
        let index = self.of(actor).mounts;
        match self.mounts[index].propagation {
            Propagation::Private => Ok(()),
            Propagation::Hosts | Propagation::Shared => Err(Reach::Mounts),
        }
    }

    /// A new tmpfs is mounted here, and what is below the path belongs to the scenario. Over the root directory it would
    /// not be found by a path.
    fn mounted(&mut self, actor: Actor, target: Option<&str>, certain: Certain) {
        let standing = self.of(actor);
        let (index, root) = (standing.mounts, standing.root);
        let target = target.filter(|path| path.starts_with('/') && path.len() > 1 && !path.contains(".."));
        if let (Some(path), Certain::Yes, Root::Callers) = (target, certain, root) {
            self.mounts[index].places.push(path.to_owned());
        }
    }

    /// Something else may be found at every path.
    fn forget_places(&mut self) {
        self.mounts.iter_mut().for_each(|namespace| namespace.places.clear());
    }
}

/// The text of an argument that is a string.
fn text(args: &[RawArg], at: usize) -> Option<&str> {
    match args.get(at) {
        Some(RawArg::Bytes(bytes)) => std::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok(),
        _ => None,
    }
}
