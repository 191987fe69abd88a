//! Capabilities and sets of them, with the names that capabilities(7) gives them.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// One capability; the discriminant is its number in `linux/capability.h`.
///
/// Source: capabilities(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Cap {
    /// `CAP_CHOWN`: change owners of files.
    Chown = 0,
    /// `CAP_DAC_OVERRIDE`: bypass permission checks of files.
    DacOverride = 1,
    /// `CAP_DAC_READ_SEARCH`: bypass read and search checks.
    DacReadSearch = 2,
    /// `CAP_FOWNER`: act as owner of any file.
    Fowner = 3,
    /// `CAP_FSETID`: keep set-id bits on change.
    Fsetid = 4,
    /// `CAP_KILL`: signal any process.
    Kill = 5,
    /// `CAP_SETGID`: change gids, map gids.
    Setgid = 6,
    /// `CAP_SETUID`: change uids, map uids.
    Setuid = 7,
    /// `CAP_SETPCAP`: move capabilities between sets.
    Setpcap = 8,
    /// `CAP_LINUX_IMMUTABLE`: change immutable and append-only flags.
    LinuxImmutable = 9,
    /// `CAP_NET_BIND_SERVICE`: bind ports below 1024.
    NetBindService = 10,
    /// `CAP_NET_BROADCAST`: broadcast and multicast.
    NetBroadcast = 11,
    /// `CAP_NET_ADMIN`: administer networking.
    NetAdmin = 12,
    /// `CAP_NET_RAW`: raw and packet sockets.
    NetRaw = 13,
    /// `CAP_IPC_LOCK`: lock memory.
    IpcLock = 14,
    /// `CAP_IPC_OWNER`: bypass System V IPC checks.
    IpcOwner = 15,
    /// `CAP_SYS_MODULE`: load kernel modules.
    SysModule = 16,
    /// `CAP_SYS_RAWIO`: raw I/O ports.
    SysRawio = 17,
    /// `CAP_SYS_CHROOT`: chroot(2).
    SysChroot = 18,
    /// `CAP_SYS_PTRACE`: trace any process.
    SysPtrace = 19,
    /// `CAP_SYS_PACCT`: switch process accounting.
    SysPacct = 20,
    /// `CAP_SYS_ADMIN`: mount, join namespaces and much else.
    SysAdmin = 21,
    /// `CAP_SYS_BOOT`: reboot(2).
    SysBoot = 22,
    /// `CAP_SYS_NICE`: raise priorities.
    SysNice = 23,
    /// `CAP_SYS_RESOURCE`: exceed resource limits.
    SysResource = 24,
    /// `CAP_SYS_TIME`: set clocks.
    SysTime = 25,
    /// `CAP_SYS_TTY_CONFIG`: configure terminals.
    SysTtyConfig = 26,
    /// `CAP_MKNOD`: make device files.
    Mknod = 27,
    /// `CAP_LEASE`: take leases on files.
    Lease = 28,
    /// `CAP_AUDIT_WRITE`: write to the audit log.
    AuditWrite = 29,
    /// `CAP_AUDIT_CONTROL`: configure auditing.
    AuditControl = 30,
    /// `CAP_SETFCAP`: set file capabilities, map parent uid 0.
    Setfcap = 31,
    /// `CAP_MAC_OVERRIDE`: override mandatory access control.
    MacOverride = 32,
    /// `CAP_MAC_ADMIN`: configure mandatory access control.
    MacAdmin = 33,
    /// `CAP_SYSLOG`: read and clear the kernel log.
    Syslog = 34,
    /// `CAP_WAKE_ALARM`: wake the system by timers.
    WakeAlarm = 35,
    /// `CAP_BLOCK_SUSPEND`: block suspend.
    BlockSuspend = 36,
    /// `CAP_AUDIT_READ`: read the audit log.
    AuditRead = 37,
    /// `CAP_PERFMON`: performance monitoring.
    Perfmon = 38,
    /// `CAP_BPF`: privileged BPF operations.
    Bpf = 39,
    /// `CAP_CHECKPOINT_RESTORE`: checkpoint and restore, write ns_last_pid.
    CheckpointRestore = 40,
}

/// Every capability in the order of its number, with its name.
const TABLE: [(Cap, &str); 41] = [
    (Cap::Chown, "CAP_CHOWN"),
    (Cap::DacOverride, "CAP_DAC_OVERRIDE"),
    (Cap::DacReadSearch, "CAP_DAC_READ_SEARCH"),
    (Cap::Fowner, "CAP_FOWNER"),
    (Cap::Fsetid, "CAP_FSETID"),
    (Cap::Kill, "CAP_KILL"),
    (Cap::Setgid, "CAP_SETGID"),
    (Cap::Setuid, "CAP_SETUID"),
    (Cap::Setpcap, "CAP_SETPCAP"),
    (Cap::LinuxImmutable, "CAP_LINUX_IMMUTABLE"),
    (Cap::NetBindService, "CAP_NET_BIND_SERVICE"),
    (Cap::NetBroadcast, "CAP_NET_BROADCAST"),
    (Cap::NetAdmin, "CAP_NET_ADMIN"),
    (Cap::NetRaw, "CAP_NET_RAW"),
    (Cap::IpcLock, "CAP_IPC_LOCK"),
    (Cap::IpcOwner, "CAP_IPC_OWNER"),
    (Cap::SysModule, "CAP_SYS_MODULE"),
    (Cap::SysRawio, "CAP_SYS_RAWIO"),
    (Cap::SysChroot, "CAP_SYS_CHROOT"),
    (Cap::SysPtrace, "CAP_SYS_PTRACE"),
    (Cap::SysPacct, "CAP_SYS_PACCT"),
    (Cap::SysAdmin, "CAP_SYS_ADMIN"),
    (Cap::SysBoot, "CAP_SYS_BOOT"),
    (Cap::SysNice, "CAP_SYS_NICE"),
    (Cap::SysResource, "CAP_SYS_RESOURCE"),
    (Cap::SysTime, "CAP_SYS_TIME"),
    (Cap::SysTtyConfig, "CAP_SYS_TTY_CONFIG"),
    (Cap::Mknod, "CAP_MKNOD"),
    (Cap::Lease, "CAP_LEASE"),
    (Cap::AuditWrite, "CAP_AUDIT_WRITE"),
    (Cap::AuditControl, "CAP_AUDIT_CONTROL"),
    (Cap::Setfcap, "CAP_SETFCAP"),
    (Cap::MacOverride, "CAP_MAC_OVERRIDE"),
    (Cap::MacAdmin, "CAP_MAC_ADMIN"),
    (Cap::Syslog, "CAP_SYSLOG"),
    (Cap::WakeAlarm, "CAP_WAKE_ALARM"),
    (Cap::BlockSuspend, "CAP_BLOCK_SUSPEND"),
    (Cap::AuditRead, "CAP_AUDIT_READ"),
    (Cap::Perfmon, "CAP_PERFMON"),
    (Cap::Bpf, "CAP_BPF"),
    (Cap::CheckpointRestore, "CAP_CHECKPOINT_RESTORE"),
];

/// A set is shown as "all but ..." if at most this many capabilities are missing. Otherwise, the list of its
/// capabilities is shorter.
const MANY_MISSING: usize = 4;

impl Cap {
    /// The newest capability known here; a kernel may know fewer (`cap_last_cap`) or more.
    pub const LAST: Cap = Cap::CheckpointRestore;

    /// All known capabilities, lowest number first.
    pub fn all() -> impl Iterator<Item = Cap> {
        TABLE.iter().map(|(cap, _)| *cap)
    }

    /// The name as in capabilities(7), such as `CAP_SETUID`.
    pub fn name(self) -> &'static str {
        TABLE[usize::from(self.number())].1
    }

    /// The number as in `linux/capability.h`, the bit in a [`CapSet`].
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of capabilities, bit n for capability number n, as the kernel keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapSet(pub u64);

impl CapSet {
    /// The set without any capability.
    pub const EMPTY: CapSet = CapSet(0);

    /// The set of all capabilities with numbers up to and including `last`.
    pub const fn up_to(last: u8) -> CapSet {
        match last {
            0..=62 => CapSet((1 << (last + 1)) - 1),
            _ => CapSet(u64::MAX),
        }
    }

    /// Reads the hexadecimal form of `/proc/PID/status` (`000001ffffffffff`); `None` for
    /// anything else.
    pub fn from_hex(text: &str) -> Option<CapSet> {
        u64::from_str_radix(text.trim(), 16).ok().map(CapSet)
    }

    /// Whether `cap` is in the set.
    pub const fn contains(self, cap: Cap) -> bool {
        self.0 & (1 << cap.number()) != 0
    }

    /// The set and `cap`.
    #[must_use]
    pub const fn with(self, cap: Cap) -> CapSet {
        CapSet(self.0 | 1 << cap.number())
    }

    /// The set less `cap`.
    #[must_use]
    pub const fn without(self, cap: Cap) -> CapSet {
        CapSet(self.0 & !(1 << cap.number()))
    }

    /// The set in words, for a kernel whose highest capability number is `last`
    /// (`/proc/sys/kernel/cap_last_cap`): "none", "all", "all but CAP_SYS_RESOURCE" or the names
    /// with ", " between them. A number without a known name is shown as itself.
    pub fn relative_to(self, last: u8) -> String {
        let missing = names(CapSet::up_to(last).0 & !self.0);
        match (self, missing.len()) {
            (CapSet::EMPTY, _) => "none".to_owned(),
            (_, 0) => "all".to_owned(),
            (_, 1..=MANY_MISSING) => format!("all but {}", missing.join(", ")),
            _ => names(self.0).join(", "),
        }
    }
}

impl fmt::Display for CapSet {
    /// As [`CapSet::relative_to`] the newest capability known here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.relative_to(Cap::LAST.number()))
    }
}

impl Serialize for CapSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn names(bits: u64) -> Vec<String> {
    let name = |number: usize| match TABLE.get(number) {
        Some((_, name)) => (*name).to_owned(),
        None => number.to_string(),
    };
    (0..64).filter(|n| bits & (1 << n) != 0).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree() {
        for (number, cap) in Cap::all().enumerate() {
            assert_eq!(usize::from(cap.number()), number, "{cap}");
        }
        assert_eq!(Cap::Setfcap.number(), 31);
        assert_eq!(Cap::Setfcap.name(), "CAP_SETFCAP");
    }

    #[test]
    fn sets_are_shown_by_what_is_remarkable() {
        let all = CapSet::up_to(40);

        assert_eq!(CapSet::EMPTY.to_string(), "none");
        assert_eq!(all.to_string(), "all");
        assert_eq!(all.without(Cap::SysResource).to_string(), "all but CAP_SYS_RESOURCE");
        let two = CapSet::EMPTY.with(Cap::Setuid).with(Cap::Setgid);
        assert_eq!(two.to_string(), "CAP_SETGID, CAP_SETUID");
    }

    #[test]
    fn the_kernels_last_capability_decides_what_all_means() {
        assert_eq!(CapSet::up_to(37).relative_to(37), "all");
        assert_eq!(CapSet::up_to(41).relative_to(41), "all");
        assert_eq!(CapSet(1 << 41).relative_to(41), "41");
        assert_eq!(CapSet::up_to(63), CapSet(u64::MAX));
    }

    #[test]
    fn hexadecimal_is_read() {
        assert_eq!(CapSet::from_hex("000001fffeffffff\n"), Some(CapSet::up_to(40).without(Cap::SysResource)));
        assert_eq!(CapSet::from_hex("many"), None);
    }
}
