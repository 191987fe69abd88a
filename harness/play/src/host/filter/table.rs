//! The probes: for each system call, arguments that a kernel refuses with a known errno before it does anything.
//!
//! A probe keeps the arguments that filters look at: the flags of unshare(2), clone(2) and setns(2), modes, families of
//! sockets, options of prctl(2). The tests of this table make every probe on the running kernel.

use harness_scenario::caps::Cap;
use libc::{EBADF, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, ESRCH};

/// An address that is never mapped.
pub(super) const BAD: u64 = 8;
/// -1 as an argument: no descriptor, no id, no size.
pub(super) const NONE: u64 = u64::MAX;
/// A flag that no call of this table knows.
pub(super) const UNKNOWN: u64 = 0x8000_0000;
/// A process id and an option that do not exist.
pub(super) const NOBODY: u64 = 0x7fff_ffff;
/// A key that System V objects are unlikely to have.
const KEY: u64 = 0x7a3e_91c5;
/// Options of the kernel, with a file of /proc that comes with each.
const KEYS: (&str, &str) = ("CONFIG_KEYS", "/proc/keys");
const SYSVIPC: (&str, &str) = ("CONFIG_SYSVIPC", "/proc/sysvipc/msg");
const MQUEUE: (&str, &str) = ("CONFIG_POSIX_MQUEUE", "/proc/sys/fs/mqueue");
/// clone(2) and unshare(2) without these flags refuse the ones above; see [`NATIVE`].
const CLONE_VM: u64 = 0x100;
const CLONE_SIGHAND: u64 = 0x800;
const CLONE_PTRACE: u64 = 0x2000;

/// Which privilege a call asks for before it looks at its arguments. Without it, EPERM is the kernel's own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// None.
    Nothing,
    /// A capability that the creator of a user namespace has over its new mount and UTS namespaces.
    CapInNewNamespaces,
    /// This capability of the caller. A new user namespace does not help.
    CapHere(Cap),
}

/// A system call and its probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The name of the system call.
    pub name: &'static str,
    /// Its number.
    pub number: i64,
    /// The first release that has it.
    pub since: (u32, u32),
    /// The probe is for this value of the first argument only, such as an option of prctl(2).
    pub only: Option<u64>,
    /// How many arguments it takes.
    pub arity: usize,
    /// From the arguments of a test to those of the probe.
    pub args: fn([u64; 6]) -> [u64; 6],
    /// The errno with which a kernel answers; 0 for success.
    pub answer: i32,
    /// What it asks first.
    pub asks: Asks,
    /// The option without which a kernel does not have the call at all, and a file of /proc that comes with it.
    pub config: Option<(&'static str, &'static str)>,
    /// Whether the harness makes this call in every scenario.
    pub is_essential: bool,
}

impl Probe {
    pub(super) const fn since(mut self, major: u32, minor: u32) -> Self {
        self.since = (major, minor);
        self
    }

    const fn only(mut self, first: u64) -> Self {
        self.only = Some(first);
        self
    }

    pub(super) const fn asks(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self
    }

    const fn config(mut self, option: (&'static str, &'static str)) -> Self {
        self.config = Some(option);
        self
    }

    const fn essential(mut self) -> Self {
        self.is_essential = true;
        self
    }
}

pub(super) const fn probe(
    name: &'static str,
    number: i64,
    arity: usize,
    args: fn([u64; 6]) -> [u64; 6],
    answer: i32,
) -> Probe {
    let (since, only, asks, config) = ((2, 6), None, Asks::Nothing, None);
    Probe { name, number, since, only, arity, args, answer, asks, config, is_essential: false }
}

/// 0 for each argument.
pub(super) const fn zeros(_: [u64; 6]) -> [u64; 6] {
    [0; 6]
}

/// A descriptor that does not exist, and the other arguments as they are.
const fn no_fd([_, b, ..]: [u64; 6]) -> [u64; 6] {
    [NONE, b, 0, 0, 0, 0]
}

/// A descriptor that does not exist, and no other argument.
pub(super) const fn no_fd_alone(_: [u64; 6]) -> [u64; 6] {
    [NONE, 0, 0, 0, 0, 0]
}

/// A bad path.
pub(super) const fn bad_path(_: [u64; 6]) -> [u64; 6] {
    [BAD, 0, 0, 0, 0, 0]
}

/// A directory that is not used, a bad path, and the mode, owner or flags of the test.
const fn bad_path_at([_, _, c, d, ..]: [u64; 6]) -> [u64; 6] {
    [NONE, BAD, c, d, 0, 0]
}

/// The same, of the flags those that every kernel takes together.
const fn bad_open([_, _, flags, mode, ..]: [u64; 6]) -> [u64; 6] {
    [NONE, BAD, flags & 0o103, mode, 0, 0]
}

/// An id for each, which means that nothing changes.
pub(super) const fn no_ids(_: [u64; 6]) -> [u64; 6] {
    [NONE, NONE, NONE, 0, 0, 0]
}

/// Flags that socket(2) and socketpair(2) do not know, for the family of the test.
const fn bad_socket([family, ..]: [u64; 6]) -> [u64; 6] {
    [family, 0x7000_0001, 0, BAD, 0, 0]
}
use Asks::{CapHere, CapInNewNamespaces};

/// The calls by the numbers of the architecture. Where several rows have one number, the first that fits is used.
///
/// Source: the manual page of each call, and its entry in the kernel's source: check_unshare_flags() and
/// copy_process() for the flags of unshare(2) and clone(2), copy_clone_args_from_user() for the size of clone3(2),
/// may_mount() for what the calls of the mount API ask first.
pub(super) static NATIVE: &[Probe] = &[
    // Namespaces.
    probe("unshare", libc::SYS_unshare, 1, |[flags, ..]| [flags | CLONE_PTRACE, 0, 0, 0, 0, 0], EINVAL),
    probe(
        "clone",
        libc::SYS_clone,
        2,
        |[flags, ..]| [flags & !CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0, 0],
        EINVAL,
    )
    .essential(),
    probe("clone3", libc::SYS_clone3, 2, zeros, EINVAL).since(5, 3),
    probe("setns", libc::SYS_setns, 2, no_fd, EBADF),
    probe("pidfd_open", libc::SYS_pidfd_open, 2, no_fd_alone, EINVAL).since(5, 3),
    probe("chroot", libc::SYS_chroot, 1, bad_path, EFAULT),
    probe("pivot_root", libc::SYS_pivot_root, 2, |_| [BAD, BAD, 0, 0, 0, 0], EFAULT).asks(CapInNewNamespaces),
    probe("sethostname", libc::SYS_sethostname, 2, |_| [BAD, NONE, 0, 0, 0, 0], EINVAL)
        .asks(CapInNewNamespaces),
    // Mounts.
    probe("mount", libc::SYS_mount, 5, |[_, _, _, flags, ..]| [BAD, BAD, BAD, flags, BAD, 0], EFAULT),
    probe("umount2", libc::SYS_umount2, 2, |_| [BAD, UNKNOWN, 0, 0, 0, 0], EINVAL),
    probe("fsopen", libc::SYS_fsopen, 2, |_| [BAD, UNKNOWN, 0, 0, 0, 0], EINVAL)
        .since(5, 2)
        .asks(CapInNewNamespaces),
    probe("fsconfig", libc::SYS_fsconfig, 5, |_| [NONE, 99, 0, 0, 0, 0], EINVAL).since(5, 2),
    probe("fsmount", libc::SYS_fsmount, 3, |_| [NONE, UNKNOWN, 0, 0, 0, 0], EINVAL)
        .since(5, 2)
        .asks(CapInNewNamespaces),
    probe("move_mount", libc::SYS_move_mount, 5, |_| [NONE, BAD, NONE, BAD, UNKNOWN, 0], EINVAL)
        .since(5, 2)
        .asks(CapInNewNamespaces),
    probe("open_tree", libc::SYS_open_tree, 3, |_| [NONE, BAD, UNKNOWN, 0, 0, 0], EINVAL).since(5, 2),
    probe("mount_setattr", libc::SYS_mount_setattr, 5, |_| [NONE, BAD, UNKNOWN, BAD, 32, 0], EINVAL)
        .since(5, 12),
    // Ids and groups.
    probe("setuid", libc::SYS_setuid, 1, no_ids, EINVAL),
    probe("setgid", libc::SYS_setgid, 1, no_ids, EINVAL),
    probe("setreuid", libc::SYS_setreuid, 2, no_ids, 0),
    probe("setregid", libc::SYS_setregid, 2, no_ids, 0),
    probe("setresuid", libc::SYS_setresuid, 3, no_ids, 0),
    probe("setresgid", libc::SYS_setresgid, 3, no_ids, 0),
    probe("setfsuid", libc::SYS_setfsuid, 1, no_ids, 0).essential(),
    probe("setfsgid", libc::SYS_setfsgid, 1, no_ids, 0).essential(),
    probe("setgroups", libc::SYS_setgroups, 2, |_| [65_537, BAD, 0, 0, 0, 0], EINVAL)
        .asks(CapHere(Cap::Setgid)),
    probe("getgroups", libc::SYS_getgroups, 2, no_fd_alone, EINVAL).essential(),
    probe("getresuid", libc::SYS_getresuid, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT).essential(),
    probe("getresgid", libc::SYS_getresgid, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT).essential(),
    probe("getuid", libc::SYS_getuid, 0, zeros, 0).essential(),
    probe("geteuid", libc::SYS_geteuid, 0, zeros, 0),
    probe("getgid", libc::SYS_getgid, 0, zeros, 0).essential(),
    probe("getegid", libc::SYS_getegid, 0, zeros, 0),
    // Capabilities and attributes.
    probe("capget", libc::SYS_capget, 2, |_| [BAD, BAD, 0, 0, 0, 0], EFAULT).essential(),
    probe("capset", libc::SYS_capset, 2, |_| [BAD, BAD, 0, 0, 0, 0], EFAULT),
    prctl(libc::PR_GET_DUMPABLE, 0, 0).essential(),
    prctl(libc::PR_GET_SECUREBITS, 0, 0).essential(),
    prctl(libc::PR_SET_PDEATHSIG, 999, EINVAL).essential(),
    prctl(libc::PR_SET_DUMPABLE, 999, EINVAL).essential(),
    prctl(libc::PR_GET_PDEATHSIG, BAD, EFAULT),
    prctl(libc::PR_GET_KEEPCAPS, 0, 0),
    prctl(libc::PR_SET_KEEPCAPS, 2, EINVAL),
    prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0),
    prctl(libc::PR_SET_NO_NEW_PRIVS, 2, EINVAL),
    prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0),
    prctl(libc::PR_CAP_AMBIENT, 999, EINVAL),
    prctl(libc::PR_CAPBSET_READ, 999, EINVAL),
    prctl(libc::PR_CAPBSET_DROP, 999, EINVAL).asks(CapInNewNamespaces),
    prctl(libc::PR_SET_SECUREBITS, 0, 0).asks(CapInNewNamespaces),
    probe("prlimit64", libc::SYS_prlimit64, 4, |_| [0, 999, 0, 0, 0, 0], EINVAL),
    probe("getpriority", libc::SYS_getpriority, 2, |_| [99, 0, 0, 0, 0, 0], EINVAL),
    probe("setpriority", libc::SYS_setpriority, 3, |_| [99, 0, 0, 0, 0, 0], EINVAL),
    // Files.
    probe("openat", libc::SYS_openat, 4, bad_open, EFAULT).essential(),
    probe("read", libc::SYS_read, 3, no_fd_alone, EBADF).essential(),
    probe("write", libc::SYS_write, 3, no_fd_alone, EBADF).essential(),
    probe("close", libc::SYS_close, 1, no_fd_alone, EBADF).essential(),
    // An actor tells its user namespace by its link, and snapshots are looked for in their directory.
    probe("readlinkat", libc::SYS_readlinkat, 4, |_| [NONE, BAD, BAD, 1, 0, 0], EFAULT).essential(),
    probe("getdents64", libc::SYS_getdents64, 3, no_fd_alone, EBADF).essential(),
    probe("pread64", libc::SYS_pread64, 4, no_fd_alone, EBADF),
    probe("pwrite64", libc::SYS_pwrite64, 4, no_fd_alone, EBADF),
    probe("lseek", libc::SYS_lseek, 3, no_fd_alone, EBADF),
    probe("fchdir", libc::SYS_fchdir, 1, no_fd_alone, EBADF),
    probe("chdir", libc::SYS_chdir, 1, bad_path, EFAULT),
    probe("fchmod", libc::SYS_fchmod, 2, no_fd, EBADF),
    probe("fchmodat", libc::SYS_fchmodat, 3, bad_path_at, EFAULT),
    probe("fchown", libc::SYS_fchown, 3, no_fd_alone, EBADF),
    probe("fchownat", libc::SYS_fchownat, 5, bad_path_at, EFAULT),
    probe("mkdirat", libc::SYS_mkdirat, 3, bad_path_at, EFAULT),
    probe("mknodat", libc::SYS_mknodat, 4, bad_path_at, EFAULT),
    probe("symlinkat", libc::SYS_symlinkat, 3, |_| [BAD, NONE, BAD, 0, 0, 0], EFAULT),
    probe("linkat", libc::SYS_linkat, 5, |_| [NONE, BAD, NONE, BAD, 0, 0], EFAULT),
    probe("unlinkat", libc::SYS_unlinkat, 3, |_| [NONE, BAD, 0, 0, 0, 0], EFAULT),
    probe("setxattr", libc::SYS_setxattr, 5, |_| [BAD, BAD, 0, 0, 0, 0], EFAULT),
    probe("statx", libc::SYS_statx, 5, |_| [NONE, BAD, 0, 0, BAD, 0], EFAULT).since(4, 11),
    probe("ioctl", libc::SYS_ioctl, 3, no_fd, EBADF),
    probe("dup3", libc::SYS_dup3, 3, zeros, EINVAL),
    probe("close_range", libc::SYS_close_range, 3, |_| [1, 0, 0, 0, 0, 0], EINVAL).since(5, 9),
    probe("memfd_create", libc::SYS_memfd_create, 2, |_| [BAD, UNKNOWN, 0, 0, 0, 0], EINVAL).since(3, 17),
    probe("mmap", libc::SYS_mmap, 6, |[_, _, prot, flags, ..]| [0, 0, prot, flags | 0x20, NONE, 0], EINVAL)
        .essential(),
    probe("mprotect", libc::SYS_mprotect, 3, |_| [1, 1, 0, 0, 0, 0], EINVAL).essential(),
    // Sockets.
    probe("socket", libc::SYS_socket, 3, bad_socket, EINVAL),
    probe("socketpair", libc::SYS_socketpair, 4, bad_socket, EINVAL).essential(),
    probe("sendmsg", libc::SYS_sendmsg, 3, no_fd_alone, EBADF).essential(),
    probe("recvmsg", libc::SYS_recvmsg, 3, no_fd_alone, EBADF).essential(),
    probe("sendto", libc::SYS_sendto, 6, no_fd_alone, EBADF),
    probe("recvfrom", libc::SYS_recvfrom, 6, no_fd_alone, EBADF).essential(),
    probe("getsockopt", libc::SYS_getsockopt, 5, |_| [NONE, 1, 17, BAD, BAD, 0], EBADF),
    probe("setsockopt", libc::SYS_setsockopt, 5, |_| [NONE, 1, 16, BAD, 4, 0], EBADF).essential(),
    // Keys, System V objects, message queues.
    probe("keyctl", libc::SYS_keyctl, 5, |_| [NOBODY, 0, 0, 0, 0, 0], EOPNOTSUPP).config(KEYS),
    probe("add_key", libc::SYS_add_key, 5, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT).config(KEYS),
    probe("semget", libc::SYS_semget, 3, |_| [KEY, NONE, 0, 0, 0, 0], EINVAL).config(SYSVIPC),
    probe("semctl", libc::SYS_semctl, 4, |[_, _, c, ..]| [NONE, 0, c, 0, 0, 0], EINVAL).config(SYSVIPC),
    probe("msgget", libc::SYS_msgget, 2, |_| [KEY, 0, 0, 0, 0, 0], ENOENT).config(SYSVIPC),
    probe("msgctl", libc::SYS_msgctl, 3, no_fd, EINVAL).config(SYSVIPC),
    probe("shmget", libc::SYS_shmget, 3, |_| [KEY, 0, 0, 0, 0, 0], ENOENT).config(SYSVIPC),
    probe("shmctl", libc::SYS_shmctl, 3, no_fd, EINVAL).config(SYSVIPC),
    probe("mq_open", libc::SYS_mq_open, 4, bad_path, EFAULT).config(MQUEUE),
    // Processes and signals.
    probe("execve", libc::SYS_execve, 3, bad_path, EFAULT),
    probe("wait4", libc::SYS_wait4, 4, |_| [NONE, 0, 0x100, 0, 0, 0], EINVAL).essential(),
    probe("waitid", libc::SYS_waitid, 5, |_| [99, 0, 0, 0, 0, 0], EINVAL),
    probe("kill", libc::SYS_kill, 2, |_| [NOBODY, 0, 0, 0, 0, 0], ESRCH).essential(),
    probe("getpid", libc::SYS_getpid, 0, zeros, 0),
    probe("getppid", libc::SYS_getppid, 0, zeros, 0),
    probe("ptrace", libc::SYS_ptrace, 4, |_| [16, NOBODY, 0, 0, 0, 0], ESRCH),
    probe("rt_sigprocmask", libc::SYS_rt_sigprocmask, 4, |_| [0, BAD, 0, 0, 0, 0], EINVAL),
    probe("rt_sigaction", libc::SYS_rt_sigaction, 4, zeros, EINVAL).essential(),
    probe("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, 3, |_| [NOBODY, 0, BAD, 0, 0, 0], EFAULT),
    probe("rt_sigtimedwait", libc::SYS_rt_sigtimedwait, 4, zeros, EINVAL),
    probe("signalfd4", libc::SYS_signalfd4, 4, no_fd_alone, EINVAL),
    probe("setitimer", libc::SYS_setitimer, 3, |_| [0, BAD, 0, 0, 0, 0], EFAULT).essential(),
    probe("nanosleep", libc::SYS_nanosleep, 2, bad_path, EFAULT),
    probe("ppoll", libc::SYS_ppoll, 5, |_| [0, 0, BAD, 0, 0, 0], EFAULT),
    probe("futex", libc::SYS_futex, 6, |_| [1, 1, 1, 0, 0, 0], EINVAL).essential(),
];

/// A row for one option of prctl(2).
const fn prctl(option: i32, value: u64, answer: i32) -> Probe {
    // The second argument cannot be captured by a function pointer, so each value has a function.
    let args: fn([u64; 6]) -> [u64; 6] = match value {
        0 => |[option, ..]| [option, 0, 0, 0, 0, 0],
        1 => |[option, ..]| [option, 1, 0, 0, 0, 0],
        2 => |[option, ..]| [option, 2, 0, 0, 0, 0],
        BAD => |[option, ..]| [option, BAD, 0, 0, 0, 0],
        _ => |[option, ..]| [option, 999, 999, 0, 0, 0],
    };
    probe("prctl", libc::SYS_prctl, 3, args, answer).only(option.cast_unsigned() as u64)
}
