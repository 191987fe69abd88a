//! The numbers of system calls, by name.

use std::collections::BTreeMap;

/// The table, as it was when this program was built.
const CALLS: &str = include_str!("../../hosts/calls.txt");

/// An architecture whose calls a process on x86_64 can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64 bits.
    X86_64,
    /// 32 bits, by `int 0x80`.
    I386,
}

/// The numbers of one architecture.
pub struct Numbers(BTreeMap<&'static str, u32>);

impl Numbers {
    /// Those of this architecture.
    pub fn of(arch: Arch) -> Self {
        let column = match arch {
            Arch::X86_64 => 1,
            Arch::I386 => 2,
        };
        let number = |line: &'static str| {
            let words: Vec<&str> = line.split(' ').collect();
            Some((*words.first()?, words.get(column)?.parse().ok()?))
        };
        Self(CALLS.lines().filter(|line| !line.starts_with('#')).filter_map(number).collect())
    }

    /// The number of a call. `None` where the architecture has no such call.
    pub fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }
}

/// Whether a call of this name exists on any architecture of the table.
pub fn is_known(name: &str) -> bool {
    CALLS.lines().any(|line| line.split(' ').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::libc;

    #[test]
    fn numbers_are_those_of_the_c_library() {
        let (wide, narrow) = (Numbers::of(Arch::X86_64), Numbers::of(Arch::I386));

        for (name, number) in [
            ("clone3", libc::SYS_clone3),
            ("setgroups", libc::SYS_setgroups),
            ("fsopen", libc::SYS_fsopen),
            ("mseal", libc::SYS_mseal),
        ] {
            assert_eq!(wide.get(name).map(i64::from), Some(number), "{name}");
        }
        // arch/x86/entry/syscalls/syscall_32.tbl.
        assert_eq!((narrow.get("setgroups"), narrow.get("setgroups32")), (Some(81), Some(206)));
        assert_eq!(wide.get("setgroups32"), None);
        assert!(is_known("setgroups32") && !is_known("setgroups64"));
    }
}
