//! The calls that set user and group ids.

use super::credentials::{Credentials, KernelIds, fix_up, fix_up_fs};
use super::map::{Kid, Map};
use super::world::Process;
use super::{Refusal, Reply, World, done};
use crate::rules::named;
use harness_scenario::action::{Id, IdFile, SetId, Via};
use harness_scenario::caps::Cap;
use harness_scenario::outcome::Outcome;
use nix::errno::Errno::{EINVAL, EPERM};

const UNMAPPED: Refusal = Refusal::by(EINVAL, named("id.unmapped"));
const NOT_OWN: Refusal = Refusal::by(EPERM, named("id.not-own"));

/// Whether the caller has CAP_SETUID (CAP_SETGID) in its namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capability {
    Held,
    Lacking,
}

/// The argument of a call for an id. `None` keeps the id.
type Given = Option<Kid>;

impl World {
    /// Source: setuid(2), setreuid(2), setresuid(2), setfsuid(2), seteuid(3), and their twins for groups.
    pub(super) fn set_id(&self, process: &mut Process, call: SetId, ids: &[Id; 3], via: Via) -> Reply {
        let file = call.map();
        let cred = &process.cred;
        let (old, cap) = match file {
            IdFile::GidMap => (cred.gid, Cap::Setgid),
            _ => (cred.uid, Cap::Setuid),
        };
        let held = self.held(cred, cap);
        let map = self.namespaces.map(cred.ns, file);
        let [one, two, three] = ids.map(|id| match id {
            Id::Own => self.names.own.of(file),
            Id::Of(id) => id,
        });
        let new = match call {
            SetId::Setuid | SetId::Setgid => map.down(one).ok_or(UNMAPPED).and_then(|id| set(old, id, held)),
            SetId::Setreuid | SetId::Setregid => {
                given(map, [one, two]).and_then(|given| set_re(old, given, held))
            }
            SetId::Setresuid | SetId::Setresgid => {
                given(map, [one, two, three]).and_then(|given| self.set_res(old, given, held))
            }
            // The C libraries treat -1 differently.
            SetId::Seteuid | SetId::Setegid if one == u32::MAX => return Reply::Unknown,
            SetId::Seteuid | SetId::Setegid => {
                given(map, [one]).and_then(|[id]| self.set_res(old, [None, id, None], held))
            }
            SetId::Setfsuid | SetId::Setfsgid => {
                let told = self.set_fs(process, file, map.down(one), held);
                return Reply::Is(Outcome::Value(returned(told, via)), None);
            }
        };
        match new {
            Err(refusal) => refusal.into(),
            Ok(new) => {
                self.install(process, file, new);
                done()
            }
        }
    }

    fn held(&self, cred: &Credentials, cap: Cap) -> Capability {
        match self.namespaces.capable(cred, cred.ns, cap) {
            true => Capability::Held,
            false => Capability::Lacking,
        }
    }

    /// setresuid(2): each of the three ids may become one of the three.
    /// Source: setresuid(2); kernel __sys_setresuid(); 659c0ce1cb9e: nothing to change.
    fn set_res(&self, old: KernelIds, given: [Given; 3], held: Capability) -> Result<KernelIds, Refusal> {
        let [real, effective, saved] = given;
        let same = |given: Given, ids: &[Kid]| given.is_none_or(|given| ids.iter().all(|id| *id == given));
        let idle =
            same(real, &[old.real]) && same(effective, &[old.effective, old.fs]) && same(saved, &[old.saved]);
        if self.changes.nothing_to_change && idle {
            return Ok(old);
        }
        let three = [old.real, old.effective, old.saved];
        if held == Capability::Lacking && given.iter().any(|given| !among(*given, &three)) {
            return Err(NOT_OWN);
        }
        let effective = effective.unwrap_or(old.effective);
        let (real, saved) = (real.unwrap_or(old.real), saved.unwrap_or(old.saved));
        Ok(KernelIds { real, effective, saved, fs: effective })
    }

    /// setfsuid(2): the filesystem id may become one of the four ids. The call always returns the previous one.
    /// Source: setfsuid(2); kernel __sys_setfsuid().
    fn set_fs(&self, process: &mut Process, file: IdFile, id: Given, held: Capability) -> u32 {
        let cred = &process.cred;
        let old = if file == IdFile::GidMap { cred.gid } else { cred.uid };
        let before = self.shown(cred.ns, file, old.fs);
        let four = [old.real, old.effective, old.saved, old.fs];
        if let Some(fs) = id.filter(|id| held == Capability::Held || four.contains(id)) {
            let mut new = with(cred, file, KernelIds { fs, ..old });
            if file == IdFile::UidMap {
                fix_up_fs(cred, &mut new, self.namespaces.kuid(cred.ns, 0));
            }
            process.commit(new, &self.namespaces);
        }
        before
    }

    /// If uid 0 has no mapping, there is no root that could lose capabilities.
    fn install(&self, process: &mut Process, file: IdFile, ids: KernelIds) {
        let cred = &process.cred;
        let mut new = with(cred, file, ids);
        if file == IdFile::UidMap {
            fix_up(cred, &mut new, self.namespaces.kuid(cred.ns, 0));
        }
        process.commit(new, &self.namespaces);
    }
}

/// An id as a call returns it. The system call returns a wider type, the wrapper of the C library returns an int.
/// Source: setfsuid(2).
fn returned(id: u32, via: Via) -> i64 {
    match via {
        Via::Raw => id.into(),
        Via::Libc => i32::from_ne_bytes(id.to_ne_bytes()).into(),
    }
}

fn with(cred: &Credentials, file: IdFile, ids: KernelIds) -> Credentials {
    match file {
        IdFile::GidMap => Credentials { gid: ids, ..cred.clone() },
        _ => Credentials { uid: ids, ..cred.clone() },
    }
}

/// -1 keeps an id. Every other id must have a mapping.
fn given<const N: usize>(map: &Map, ids: [u32; N]) -> Result<[Given; N], Refusal> {
    let mut given = [None; N];
    for (given, id) in given.iter_mut().zip(ids).filter(|(_, id)| *id != u32::MAX) {
        *given = Some(map.down(id).ok_or(UNMAPPED)?);
    }
    Ok(given)
}

/// Whether an id is kept or is one of these.
fn among(given: Given, ids: &[Kid]) -> bool {
    given.is_none_or(|id| ids.contains(&id))
}

/// setuid(2): with the capability it sets all ids. Without it, the effective id may become the real or the saved id.
/// Source: setuid(2); kernel __sys_setuid().
fn set(old: KernelIds, id: Kid, held: Capability) -> Result<KernelIds, Refusal> {
    match held {
        Capability::Held => Ok(KernelIds { real: id, effective: id, saved: id, fs: id }),
        Capability::Lacking if id == old.real || id == old.saved => {
            Ok(KernelIds { effective: id, fs: id, ..old })
        }
        Capability::Lacking => Err(NOT_OWN),
    }
}

/// setreuid(2): the saved id becomes the new effective id if the call sets the real id, or if it sets the effective
/// id to a value other than the previous real id.
/// Source: setreuid(2); kernel __sys_setreuid().
fn set_re(old: KernelIds, [real, effective]: [Given; 2], held: Capability) -> Result<KernelIds, Refusal> {
    let own =
        among(real, &[old.real, old.effective]) && among(effective, &[old.real, old.effective, old.saved]);
    if held == Capability::Lacking && !own {
        return Err(NOT_OWN);
    }
    let follows = real.is_some() || effective.is_some_and(|id| id != old.real);
    let (real, effective) = (real.unwrap_or(old.real), effective.unwrap_or(old.effective));
    let saved = if follows { effective } else { old.saved };
    Ok(KernelIds { real, effective, saved, fs: effective })
}
