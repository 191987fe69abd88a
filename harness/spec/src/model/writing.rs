//! Writing uid_map, gid_map, projid_map and setgroups.

use super::credentials::Credentials;
use super::map::{Extent, Map, index};
use super::text::{Long, parse, skip_spaces};
use super::world::{Creator, Namespaces, NsId, OpenFile, Word};
use super::{Checked, Refusal, World, refuse_by};
use crate::rules::{Rule, named};
use harness_scenario::action::{Access, IdFile, Text};
use harness_scenario::caps::Cap;
use nix::errno::Errno::{EBADF, EFAULT, EINVAL, EPERM};

/// The arguments of write(2).
pub struct Given<'a> {
    /// The bytes, or `None` if the pointer is bad.
    pub bytes: Option<&'a [u8]>,
    /// The size argument.
    pub length: u64,
}

/// The size of the kernel's buffer for a word.
/// Source: kernel proc_setgroups_write().
const WORD: u64 = 8;

impl<'a> Given<'a> {
    /// The arguments for a text of these bytes.
    pub fn of(text: &Text, bytes: &'a [u8]) -> Self {
        match text {
            Text::BadPointer(length) => Given { bytes: None, length: *length },
            _ => Given { bytes: Some(bytes), length: bytes.len() as u64 },
        }
    }

    /// The bytes, if there are fewer than this and they can be read. A size of 0 reads nothing.
    fn fewer_than(&self, most: u64, rules: [&'static Rule; 2]) -> Result<&'a [u8], Refusal> {
        if self.length >= most {
            return Err(Refusal::by(EINVAL, rules[0]));
        }
        let nothing = (self.length == 0).then_some(&[][..]);
        self.bytes.or(nothing).ok_or(Refusal::by(EFAULT, rules[1]))
    }
}

impl World {
    /// write(2) by a process with these credentials to an open file. The position moves if the write succeeds.
    pub(super) fn write(&mut self, writer: &Credentials, file: &mut OpenFile, given: &Given<'_>) -> Checked {
        if file.access == Access::Read {
            return super::refuse(EBADF);
        }
        super::proc_files::in_range(file.position, given.length)?;
        match index(file.file) {
            None => self.write_word(file, given)?,
            Some(_) => self.write_map(writer, file, given)?,
        }
        file.position += given.length;
        Ok(())
    }

    /// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel proc_uid_map_write(), map_write().
    fn write_map(&mut self, writer: &Credentials, file: &OpenFile, given: &Given<'_>) -> Checked {
        let (ns, kind) = (file.ns, file.file);
        let Some(parent) = self.namespaces[ns].parent else {
            return refuse_by(EPERM, const { named("map.initial-namespace") });
        };
        if file.opener.ns != ns && file.opener.ns != parent {
            return refuse_by(EPERM, const { named("map.opener-from-elsewhere") });
        }
        if file.position != 0 {
            return refuse_by(EINVAL, const { named("map.position") });
        }
        let rules = const { [named("map.page-size"), named("map.bad-buffer")] };
        let text = given.fewer_than(self.page, rules)?;
        if self.namespaces.map(ns, kind).is_written() {
            return refuse_by(EPERM, const { named("map.written-once") });
        }
        if kind != IdFile::ProjidMap && !self.namespaces.capable(&file.opener, ns, Cap::SysAdmin) {
            return refuse_by(EPERM, const { named("map.opener-needs-sys-admin") });
        }
        let long = if self.changes.saturating { Long::Saturates } else { Long::Wraps };
        let mut extents = parse(text, long)?;
        self.permitted(writer, file, parent, &extents)?;
        for extent in &mut extents {
            let lower = self.namespaces.map(parent, kind).down_range(extent.lower, extent.count);
            let Some(lower) = lower else {
                return refuse_by(EPERM, const { named("allow.mapped-in-parent") });
            };
            extent.lower = lower.0;
        }
        if let Some(kind) = index(kind) {
            self.namespaces[ns].maps[kind] = Map::of(extents);
        }
        Ok(())
    }

    /// Whether these ids of the parent may be mapped. A refusal names the rule that would have helped: CAP_SETFCAP alone
    /// does not help a process that may not map the ids anyway.
    /// Source: user_namespaces(7), the list below "In order for a process to write to the uid_map (gid_map)
    /// file"; kernel new_idmap_permitted().
    fn permitted(&self, writer: &Credentials, file: &OpenFile, parent: NsId, extents: &[Extent]) -> Checked {
        let uid_0 = match file.file {
            IdFile::UidMap => self.uid_0(file, parent, extents),
            IdFile::GidMap | IdFile::ProjidMap | IdFile::Setgroups => Ok(()),
        };
        self.ids_permitted(writer, file, parent, extents).and(uid_0)
    }

    /// Whether the ids may be mapped, apart from the rule about uid 0.
    fn ids_permitted(
        &self,
        writer: &Credentials,
        file: &OpenFile,
        parent: NsId,
        extents: &[Extent],
    ) -> Checked {
        let (all, opener) = (&self.namespaces, &file.opener);
        let cap = match file.file {
            IdFile::UidMap => Cap::Setuid,
            IdFile::GidMap => Cap::Setgid,
            IdFile::ProjidMap | IdFile::Setgroups => return Ok(()),
        };
        let lacks = own_id_lacks(all, file, parent, extents);
        match (lacks, all.capable(writer, parent, cap), all.capable(opener, parent, cap)) {
            (OwnIdLacks::Nothing, ..) | (_, true, true) => Ok(()),
            (_, true, false) => refuse_by(EPERM, const { named("allow.opener-needs-setid") }),
            (OwnIdLacks::Rule(rule), false, false) => refuse_by(EPERM, rule),
            (_, false, _) => refuse_by(EPERM, const { named("allow.writer-needs-setid") }),
        }
    }

    /// Whether the opener may map uid 0 of the parent.
    /// Source: user_namespaces(7), CAP_SETFCAP; kernel db2e718a4798, verify_root_map().
    fn uid_0(&self, file: &OpenFile, parent: NsId, extents: &[Extent]) -> Checked {
        if !self.changes.setfcap || extents.iter().all(|extent| extent.lower != 0) {
            return Ok(());
        }
        if file.opener.ns == file.ns {
            if self.namespaces[file.ns].creator == Creator::LackedSetfcap {
                return refuse_by(EPERM, const { named("allow.uid-0-from-inside") });
            }
        } else if !self.namespaces.capable(&file.opener, parent, Cap::Setfcap) {
            return refuse_by(EPERM, const { named("allow.uid-0-from-parent") });
        }
        Ok(())
    }

    /// Source: user_namespaces(7), "The /proc/pid/setgroups file"; kernel proc_setgroups_write().
    fn write_word(&mut self, file: &OpenFile, given: &Given<'_>) -> Checked {
        if file.position != 0 {
            return refuse_by(EINVAL, const { named("deny.position") });
        }
        let text = given.fewer_than(WORD, const { [named("deny.size"), named("deny.bad-buffer")] })?;
        // The kernel works on a C string and ignores everything after a NUL byte.
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let (word, rest) = match (text.strip_prefix(b"allow"), text.strip_prefix(b"deny")) {
            (Some(rest), _) => (Word::Allow, rest),
            (_, Some(rest)) => (Word::Deny, rest),
            _ => return refuse_by(EINVAL, const { named("deny.unknown-word") }),
        };
        if !skip_spaces(rest).is_empty() {
            return refuse_by(EINVAL, const { named("deny.trailing-junk") });
        }
        let ns = &mut self.namespaces[file.ns];
        match word {
            Word::Allow if ns.setgroups == Word::Deny => {
                refuse_by(EPERM, const { named("deny.no-way-back") })
            }
            Word::Deny if ns.maps[1].is_written() => refuse_by(EPERM, const { named("deny.after-gid-map") }),
            _ => {
                ns.setgroups = word;
                Ok(())
            }
        }
    }
}

/// What keeps a map from being the one that needs no privilege.
enum OwnIdLacks {
    Nothing,
    /// It would be that map but for this rule.
    Rule(&'static Rule),
    /// It is another map, or is so for several reasons: only a capability helps.
    Everything,
}

/// Whether the map is the one that needs no privilege: the opener owns the namespace and maps only its own effective
/// id, and the gid only under "deny".
/// Source: kernel new_idmap_permitted(); f95d7918bd1e, 80dd00a23784, 66d2f338ee4c.
fn own_id_lacks(all: &Namespaces, file: &OpenFile, parent: NsId, extents: &[Extent]) -> OwnIdLacks {
    let opener = &file.opener;
    // A range, or several lines: allow.one-id.
    let [Extent { lower, count: 1, .. }] = extents else { return OwnIdLacks::Everything };
    let own = if file.file == IdFile::UidMap { opener.uid.effective } else { opener.gid.effective };
    let broken = [
        (all[file.ns].owner != opener.uid.effective, const { named("allow.owner") }),
        (all.map(parent, file.file).down(*lower) != Some(own), const { named("allow.own-id") }),
        (
            file.file == IdFile::GidMap && all[file.ns].setgroups == Word::Allow,
            const { named("allow.own-gid-needs-deny") },
        ),
    ];
    let mut broken = broken.into_iter().filter(|(is_broken, _)| *is_broken);
    match (broken.next(), broken.next()) {
        (None, _) => OwnIdLacks::Nothing,
        (Some((_, rule)), None) => OwnIdLacks::Rule(rule),
        (Some(_), Some(_)) => OwnIdLacks::Everything,
    }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
