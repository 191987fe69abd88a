//! Giving up the privileges of this process that only a few callers have.

use rustix::io::{Errno, Result};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
};

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
