//! Giving up the privileges of this process that only a few callers have, or that are of no use.

use harness_scenario::map::IdMap;
use nix::sys::personality::{self, Persona};
use rustix::io::{Errno, Result};
use rustix::process::DumpableBehavior;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
};

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;

/// The ids of the users whom root becomes in tests, and those that it maps.
const IDS: u32 = 65_536;
/// The uid and gid of a user in a namespace of its own.
const OWN: u32 = 1000;

/// Why this process gave up uid 0.
static LEFT: OnceLock<String> = OnceLock::new();

/// Why this process is the user of a namespace of its own and no longer root, if it is.
pub(crate) fn left_root() -> Option<String> {
    LEFT.get().cloned()
}

/// Starts this program anew if its parent had address 0 mapped in it, by the personality MMAP_PAGE_ZERO: a bad pointer would
/// be a good one. It returns where there is nothing to do, or this is refused.
///
/// Source: personality(2), MMAP_PAGE_ZERO.
pub fn leave_page_zero() {
    let Ok(persona) = personality::get() else { return };
    if persona.contains(Persona::MMAP_PAGE_ZERO)
        && personality::set(persona - Persona::MMAP_PAGE_ZERO).is_ok()
        && let Ok(program) = std::env::current_exe()
    {
        let mut arguments = std::env::args_os();
        let name = arguments.next().unwrap_or_default();
        let _ = Command::new(program).arg0(name).args(arguments).exec();
    }
}

/// Makes root of a container that lacks ids, or in which setgroups is denied, the user 1000 of a user namespace of its own.
/// As root it could play no scenario: it cannot become another user, and it cannot take on the credentials of root.
/// As a user without privileges it can play many. Returns whether it did so.
///
/// # Errors
/// That of opening or writing a map, or of unshare(2). Only if a map could not be written is anything changed.
///
/// Source: user_namespaces(7), "Defining user and group ID mappings".
pub fn leave_a_small_container() -> io::Result<bool> {
    let file = |name: &str| fs::read_to_string(format!("/proc/self/{name}"));
    let maps = [file("uid_map")?, file("gid_map")?];
    let lack = lack(&maps, &file("setgroups").unwrap_or_default());
    let Some(lack) = lack.filter(|_| nix::unistd::geteuid().is_root()) else { return Ok(false) };
    let gid = nix::unistd::getegid();
    // Below a read-only /proc no map can be written.
    File::options().write(true).open("/proc/self/uid_map")?;
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{OWN} 0 1"))?;
    fs::write("/proc/self/gid_map", format!("{OWN} {gid} 1"))?;
    LEFT.get_or_init(|| lack);
    Ok(true)
}

/// What root of a container lacks that every scenario of root's needs.
fn lack(maps: &[String; 2], setgroups: &str) -> Option<String> {
    for (file, map) in ["uid_map", "gid_map"].into_iter().zip(maps) {
        let lines = harness_scenario::map::lines(map).join("; ");
        if !lines.is_empty() && !IdMap::parse(map).covers(0, IDS) {
            return Some(format!("the ids 0 to {} are not all mapped: {file} is \"{lines}\"", IDS - 1));
        }
    }
    (setgroups.trim() == "deny").then(|| "/proc/self/setgroups is \"deny\"".to_owned())
}

/// Makes the real and the saved ids of this process its effective ones, as a program does that another user started by the
/// set-user-ID bit. Each of them may become any of the others, so it takes no privilege. A filter may refuse it.
///
/// Source: setresuid(2): an unprivileged process may set each of its ids to one of the three.
pub fn keep_effective_ids() {
    if let Ok(gids) = nix::unistd::getresgid()
        && [gids.real, gids.saved] != [gids.effective; 2]
    {
        let _ = nix::unistd::setresgid(gids.effective, gids.effective, gids.effective);
    }
    if let Ok(uids) = nix::unistd::getresuid()
        && [uids.real, uids.saved] != [uids.effective; 2]
    {
        let _ = nix::unistd::setresuid(uids.effective, uids.effective, uids.effective);
    }
}

/// Makes this process dumpable, so that actors begin as those of another caller do. It is not where a program was started
/// with different real and effective ids, or could be executed and not read. A filter may refuse it.
///
/// Source: `PR_SET_DUMPABLE(2const)`; kernel begin_new_exec(), would_dump().
pub fn become_dumpable() {
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable);
}

/// Clears the inheritable and the ambient set. A caller whose effective uid is not 0 gives up all its capabilities: it
/// is an unprivileged user from then on. No privilege is needed, and there is no way back, so only a process calls this
/// that tests for itself, before it reads any facts.
///
/// # Errors
/// That of prctl(2) or capset(2), such as from a seccomp filter.
///
/// Source: capabilities(7), "Programmatically adjusting capability sets"; `PR_CAP_AMBIENT(2const)`.
pub fn shed_privileges() -> Result<()> {
    let held = capabilities(None)?;
    let none = CapabilitySet::empty();
    let is_root = nix::unistd::geteuid().is_root();
    let kept = |set| if is_root { set } else { none };
    let wanted = CapabilitySets {
        effective: kept(held.effective),
        permitted: kept(held.permitted),
        inheritable: none,
    };
    // Most callers have nothing to give up, and a kernel other than Linux may lack the calls.
    if wanted == held {
        return Ok(());
    }
    match clear_ambient_capability_set() {
        // A kernel without ambient sets (before 4.3, and gVisor) does not know the option.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error),
    }
    set_capabilities(None, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_becomes_dumpable_again() {
        let set = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
        assert_eq!(set, Ok(()));

        become_dumpable();

        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::Dumpable));
    }

    #[test]
    fn only_a_container_without_ids_or_groups_is_left() {
        let maps = |map: &str| [map.to_owned(), map.to_owned()];

        assert_eq!(lack(&maps("0 0 4294967295\n"), "allow\n"), None);
        assert_eq!(lack(&maps("0 100000 65536\n"), "allow\n"), None);
        let one = lack(&maps("         0       1000          1\n"), "deny\n").unwrap_or_default();
        assert_eq!(one, "the ids 0 to 65535 are not all mapped: uid_map is \"0 1000 1\"");
        let denied = lack(&maps("0 100000 65536\n"), "deny\n").unwrap_or_default();
        assert_eq!(denied, "/proc/self/setgroups is \"deny\"");
        // A namespace without maps has no root that could leave it.
        assert_eq!(lack(&maps(""), "allow\n"), None);
    }
}
