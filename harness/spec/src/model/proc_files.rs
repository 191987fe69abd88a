//! /proc/PID: the permission to open its files, their contents, and their owners.

use super::credentials::Credentials;
use super::map::{GLOBAL_ROOT, Kid};
use super::world::{Dumpable, HeldFd, Life, OpenFile, Process};
use super::{Checked, Refusal, Reply, World};
use crate::rules::named;
use harness_scenario::action::{Access, At, IdFile};
use harness_scenario::caps::Cap;
use harness_scenario::outcome::Outcome;
use nix::errno::Errno::{EACCES, EBADF, EINVAL, ESPIPE};

impl World {
    /// The owner of a process's files: its effective ids, or root if it is not dumpable. The flag was a part of the memory,
    /// which a process gives up when it ends.
    /// Source: proc(5), /proc/pid; kernel task_dump_owner().
    pub(super) fn owner(&self, process: &Process) -> (Kid, Kid) {
        match process.dumpable {
            _ if process.life == Life::Zombie && !self.changes.dead_keep_dumpable => {
                (GLOBAL_ROOT, GLOBAL_ROOT)
            }
            Dumpable::Yes => (process.cred.uid.effective, process.cred.gid.effective),
            // The program was started in the initial namespace, so this is root of the initial namespace.
            Dumpable::No => (GLOBAL_ROOT, GLOBAL_ROOT),
        }
    }

    /// open(2) of one of the four files of a process.
    /// Source: proc(5): everybody may read them, their owner may write them; path_resolution(7); kernel
    /// generic_permission(), capable_wrt_inode_uidgid(), proc_setgroups_open().
    pub(super) fn open(
        &self,
        opener: &Credentials,
        of: &Process,
        file: IdFile,
        access: Access,
    ) -> Result<OpenFile, Refusal> {
        let all = &self.namespaces;
        let (uid, gid) = self.owner(of);
        let writes = access != Access::Read;
        let mapped = all.map(opener.ns, IdFile::UidMap).up(uid).is_some()
            && all.map(opener.ns, IdFile::GidMap).up(gid).is_some();
        let overrides = mapped && all.capable(opener, opener.ns, Cap::DacOverride);
        if writes && opener.uid.fs != uid && !overrides {
            return Err(Refusal::by(EACCES, const { named("open.not-owner") }));
        }
        if file == IdFile::Setgroups && writes && !all.capable(opener, of.cred.ns, Cap::SysAdmin) {
            return Err(Refusal::by(EACCES, const { named("open.setgroups-needs-sys-admin") }));
        }
        Ok(OpenFile { file, ns: of.cred.ns, opener: opener.clone(), access, position: 0, seen: None })
    }

    /// Whether a process may inspect another (ptrace access).
    /// Source: ptrace(2), "Ptrace access mode checking", PTRACE_MODE_READ_FSCREDS; kernel __ptrace_may_access(),
    /// cap_ptrace_access_check().
    pub(super) fn may_look_into(&self, cred: &Credentials, other: &Process) -> bool {
        let (all, theirs) = (&self.namespaces, &other.cred);
        let three = |ids: super::credentials::KernelIds| [ids.real, ids.effective, ids.saved];
        let same = three(theirs.uid) == [cred.uid.fs; 3] && three(theirs.gid) == [cred.gid.fs; 3];
        let ptrace = |ns| all.capable(cred, ns, Cap::SysPtrace);
        let dumpable = other.dumpable == Dumpable::Yes || ptrace(super::world::INITIAL);
        let subset = cred.ns == theirs.ns && theirs.caps.permitted.0 & !cred.caps.effective.0 == 0;
        (same || ptrace(theirs.ns)) && dumpable && (subset || ptrace(theirs.ns))
    }

    /// Reads the rest of an open file with read(2) calls of so many bytes. The position moves to the end.
    pub(super) fn read(&self, file: &mut OpenFile, room: u64) -> Reply {
        if file.access == Access::Write {
            return Refusal::without_rule(EBADF).into();
        }
        if let Err(refusal) = in_range(file.position, room) {
            return refusal.into();
        }
        let contents = self.namespaces.contents(file.ns, file.file, file.opener.ns).into_bytes();
        if file.position > 0 && file.seen.as_ref().is_some_and(|seen| seen.as_bytes() != contents) {
            return Reply::Unmodelled;
        }
        let from = usize::try_from(file.position).unwrap_or(usize::MAX).min(contents.len());
        let rest = contents[from..].to_vec();
        file.position += rest.len() as u64;
        self.look_at(file, file.position);
        Reply::Is(Outcome::Text(rest), None)
    }

    /// One read(2) of at most so many bytes, or one pread(2), which does not move the position.
    /// Source: read(2), lseek(2), pread(2); kernel seq_read_iter(): by the page.
    pub(super) fn read_at(&self, file: &mut OpenFile, size: u64, at: At) -> Reply {
        let (from, stays) = match at {
            At::Position => (file.position, false),
            At::Seek(offset) | At::Offset(offset) => match u64::try_from(offset) {
                Ok(from) => {
                    self.look_at(file, from);
                    (from, matches!(at, At::Offset(_)))
                }
                Err(_) => return Reply::Unmodelled,
            },
        };
        // The position that lseek(2) set stays if the read fails.
        if matches!(at, At::Seek(_)) {
            file.position = from;
        }
        let mut whole = OpenFile { position: from, ..file.clone() };
        let (mut text, rule) = match self.read(&mut whole, size) {
            Reply::Is(Outcome::Text(text), rule) => (text, rule),
            refused => return refused,
        };
        if from + text.len() as u64 > self.page && size > self.page - 64 {
            return Reply::Unmodelled;
        }
        file.seen = whole.seen;
        text.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        if !stays {
            file.position = from + text.len() as u64;
        }
        Reply::Is(Outcome::Text(text), rule)
    }

    /// The position at which a write(2) starts, after lseek(2) if there is one. The files do not support writes at an
    /// offset.
    /// Source: lseek(2); pwrite(2); kernel seq_lseek(), seq_open(): no FMODE_PWRITE.
    pub(super) fn seek(&self, file: &mut OpenFile, at: At) -> Result<(), Refusal> {
        let rule = if file.file == IdFile::Setgroups {
            const { named("deny.position") }
        } else {
            const { named("map.position") }
        };
        match at {
            At::Position => Ok(()),
            At::Seek(offset) => {
                let refusal = Refusal { call: "lseek", ..Refusal::without_rule(EINVAL) };
                file.position = u64::try_from(offset).map_err(|_| refusal)?;
                self.look_at(file, file.position);
                Ok(())
            }
            At::Offset(..0) => Err(Refusal::without_rule(EINVAL)),
            At::Offset(_) => Err(Refusal::by(ESPIPE, rule)),
        }
    }

    /// At position 0, the kernel generates the contents again.
    fn look_at(&self, file: &mut OpenFile, position: u64) {
        let seen = file.seen.take().filter(|_| position > 0);
        let now = || self.namespaces.contents(file.ns, file.file, file.opener.ns);
        file.seen = seen.or_else(|| (position > 0).then(now));
    }

    /// The number of a newly opened file.
    pub(super) fn hold(&mut self, file: OpenFile) -> HeldFd {
        self.files.push(file);
        HeldFd::File(self.files.len() - 1)
    }
}

/// Whether so many bytes from a position end before the greatest possible offset.
/// Source: kernel rw_verify_area(), before the file's own function runs.
pub(super) fn in_range(position: u64, length: u64) -> Checked {
    let end = i64::try_from(position).ok().zip(i64::try_from(length).ok());
    let end = end.and_then(|(position, length)| position.checked_add(length));
    end.map(|_| ()).ok_or(Refusal::without_rule(EINVAL))
}
