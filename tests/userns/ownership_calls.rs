//! Calls that ask for a capability in the initial namespace before they look at their arguments. Root of a namespace gets
//! EPERM, and root of the host the answer to arguments that change nothing.

use crate::support::limits::soft;
use crate::support::map_stack::own_maps;
use crate::support::raw::{PLACE, memory, number, text};
use harness::prelude::*;
use rstest::rstest;

const ROOT_INSIDE: [Action; 1] = [UNSHARE];
const STILL_OUTSIDE: [Action; 1] = [Action::Unshare(0)];
/// An address that is never mapped.
const BAD: i64 = 8;

fn call(name: &'static str, number_of: i64, args: &[i64]) -> Action {
    syscall(name, number_of, args.iter().copied().map(number).collect())
}

/// What a call answers to root of the host, and to the same process in a namespace of its own.
fn answers(ask: Action) -> [String; 2] {
    [STILL_OUTSIDE, ROOT_INSIDE].map(|enter| {
        let trace = root().outside(&enter).outside(std::slice::from_ref(&ask)).play();
        trace.last_shown(1).concat()
    })
}

/// The log of the kernel belongs to the host. An action with a level that there is not changes nothing.
/// Source: syslog(2), EPERM; kernel check_syslog_permissions(): capable(CAP_SYSLOG).
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::Syslog),
    Config("CONFIG_PRINTK"),
    pins("owner.syslog")
)]
fn the_log_of_the_kernel_belongs_to_the_host() {
    const CONSOLE_LEVEL: i64 = 8;
    const NO_LEVEL: i64 = 99;

    assert_eq!(answers(call("syslog", libc::SYS_syslog, &[CONSOLE_LEVEL, 0, NO_LEVEL])), ["EINVAL", "EPERM"]);
}

/// reboot(2) takes CAP_SYS_BOOT over the PID namespace before it looks at its magic numbers.
/// Source: reboot(2), EPERM, EINVAL; kernel cf3f89214ef6, reboot(): ns_capable(pid_ns->user_ns).
#[harness::test(Root, Userns, InitialUserns, Capability(Cap::SysBoot), pins("owner.reboot"))]
fn rebooting_belongs_to_the_owner_of_the_pid_namespace() {
    assert_eq!(answers(call("reboot", libc::SYS_reboot, &[0, 0, 0])), ["EINVAL", "EPERM"]);
}

/// The clock belongs to the host. A call that sets neither the time nor the time zone changes nothing.
/// Source: settimeofday(2), EPERM; kernel cap_settime(): capable(CAP_SYS_TIME).
#[harness::test(Root, Userns, InitialUserns, Capability(Cap::SysTime), pins("owner.clock"))]
fn the_clock_belongs_to_the_host() {
    assert_eq!(answers(call("settimeofday", libc::SYS_settimeofday, &[0, 0])), ["ok", "EPERM"]);
}

/// Swap space belongs to the host.
/// Source: swapoff(2), EPERM, EFAULT; kernel swapoff(): capable(CAP_SYS_ADMIN).
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Config("CONFIG_SWAP"),
    pins("owner.swap")
)]
fn swap_space_belongs_to_the_host() {
    assert_eq!(answers(call("swapoff", libc::SYS_swapoff, &[BAD])), ["EFAULT", "EPERM"]);
}

/// Process accounting belongs to the host.
/// Source: acct(2), EPERM, EFAULT; kernel acct(): capable(CAP_SYS_PACCT).
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysPacct),
    Config("CONFIG_BSD_PROCESS_ACCT"),
    pins("owner.accounting")
)]
fn process_accounting_belongs_to_the_host() {
    assert_eq!(answers(call("acct", libc::SYS_acct, &[BAD])), ["EFAULT", "EPERM"]);
}

/// A class of fanotify(7) that decides about the access of others takes CAP_SYS_ADMIN of the host.
/// Source: fanotify_init(2), EPERM; kernel fanotify_init(): capable(CAP_SYS_ADMIN).
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Config("CONFIG_FANOTIFY_ACCESS_PERMISSIONS"),
    pins("owner.fanotify")
)]
fn deciding_about_access_belongs_to_the_host() {
    const FAN_CLASS_CONTENT: i64 = 4;
    let init = [FAN_CLASS_CONTENT, 0].map(number).into();

    let ask = syscall_for_fd("fanotify_init", libc::SYS_fanotify_init, init);

    assert_eq!(answers(ask), ["ok", "EPERM"]);
}

/// Memory is locked within RLIMIT_MEMLOCK. Going beyond takes CAP_IPC_LOCK of the host.
/// Source: mlock(2), EPERM; kernel can_do_mlock(): capable(CAP_IPC_LOCK).
#[rstest]
#[case::no_limit_left(0, EPERM)]
#[case::within_the_limit(4096, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.locked-memory"))]
fn root_of_a_namespace_locks_no_more_memory(#[case] limit: u64, #[case] expected: Answer) {
    let limit = soft("the limit of locked memory", i64::from(libc::RLIMIT_MEMLOCK), limit, 4096);
    let ns = ordinary().outside(&memory(b"x".to_vec())).outside(&[limit, UNSHARE]);

    let trace = ns.outside(&[call("mlock", libc::SYS_mlock, &[PLACE.cast_signed(), 4096])]).play();

    check!(trace, last = expected);
}

/// A nicer process takes nothing; a less nice one takes CAP_SYS_NICE of the host.
/// Source: setpriority(2), EACCES; kernel can_nice(): capable(CAP_SYS_NICE).
#[rstest]
#[case::less_nice(-5, EACCES)]
#[case::nicer(15, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.nice-values"))]
fn root_of_a_namespace_is_not_less_nice(#[case] nice: i64, #[case] expected: Answer) {
    let limit = soft("no less nice", i64::from(libc::RLIMIT_NICE), 0, 0);
    let ns = ordinary().outside(&[limit, UNSHARE]);

    let trace = ns.outside(&[call("setpriority", libc::SYS_setpriority, &[0, 0, nice])]).play();

    check!(trace, last = expected);
}

/// Real-time scheduling takes CAP_SYS_NICE of the host, or RLIMIT_RTPRIO.
/// Source: sched_setscheduler(2), EPERM; kernel user_check_sched_setscheduler(): capable(CAP_SYS_NICE).
#[rstest]
#[case::first_in_first_out(libc::SCHED_FIFO, 1, EPERM)]
#[case::batch(libc::SCHED_BATCH, 0, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.realtime"))]
fn root_of_a_namespace_has_no_real_time(
    #[case] policy: i32,
    #[case] priority: u32,
    #[case] expected: Answer,
) {
    let limit = soft("no real time", i64::from(libc::RLIMIT_RTPRIO), 0, 0);
    let ns = ordinary().outside(&[limit, UNSHARE]);

    let parameter = RawArg::Bytes(priority.to_ne_bytes().to_vec().into());
    let args = vec![number(0), number(policy.into()), parameter];
    let trace = ns.outside(&[syscall("sched_setscheduler", libc::SYS_sched_setscheduler, args)]).play();

    check!(trace, last = expected);
}

/// The real-time class of input and output takes a capability of the host. The idle class takes none.
/// Source: ioprio_set(2), EPERM; kernel ioprio_check_cap(): capable(CAP_SYS_ADMIN), capable(CAP_SYS_NICE).
#[rstest]
#[case::real_time(1 << 13, EPERM)]
#[case::idle(3 << 13, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Config("CONFIG_BLOCK"), pins("owner.io-priorities"))]
fn root_of_a_namespace_has_no_real_time_input(#[case] priority: i64, #[case] expected: Answer) {
    const OF_PROCESS: i64 = 1;
    let ns = ordinary().inside(&[]);

    let trace = ns.inside(&[call("ioprio_set", libc::SYS_ioprio_set, &[OF_PROCESS, 0, priority])]).play();

    check!(trace, last = expected);
}

/// SO_MARK takes CAP_NET_ADMIN over the network namespace of the socket.
/// Source: socket(7), SO_MARK: EPERM; kernel sk_setsockopt(): ns_capable(net->user_ns).
#[rstest]
#[case::in_its_own(libc::CLONE_NEWNET, OK)]
#[case::in_that_of_its_parent(libc::CLONE_NEWUTS, EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, File("/proc/self/ns/net"), pins("owner.socket-options"))]
fn marks_of_sockets_take_the_capability_over_the_network(#[case] flag: i32, #[case] expected: Answer) {
    let ns = ordinary().outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWNET)]).outside(&own_maps());

    let [family, kind] = [libc::AF_INET, libc::SOCK_DGRAM].map(|arg| number(arg.into()));
    let socket = syscall_for_fd("socket", libc::SYS_socket, vec![family, kind, number(0)]);
    let [level, option] = [libc::SOL_SOCKET, libc::SO_MARK].map(|arg| number(arg.into()));
    let mark = vec![RawArg::Held, level, option, text(b"\x01\0\0\0"), number(4)];
    let mark = syscall("setsockopt SO_MARK", libc::SYS_setsockopt, mark);
    let trace =
        ns.outside(&[Action::UnshareOrStop(NEWUSER), Action::UnshareOrStop(flag), socket, mark]).play();

    check!(trace, last = expected);
}

/// The sysctls of a network namespace are set with CAP_NET_ADMIN over it. Those of an IPC namespace are set by the uid that is
/// root of its owner, and so from a namespace below, too.
/// Source: namespaces(7); kernel net_ctl_permissions(): EACCES; ipc_permissions() (5.19): ns_root_uid.
#[rstest]
#[case::of_its_own_network(b"/proc/sys/net/ipv4/ip_forward\0", libc::CLONE_NEWNET, OK)]
#[case::of_the_network_of_its_parent(b"/proc/sys/net/ipv4/ip_forward\0", libc::CLONE_NEWUTS, EACCES)]
#[case::of_its_own_ipc(b"/proc/sys/kernel/msgmax\0", libc::CLONE_NEWIPC, OK)]
#[case::of_the_ipc_of_its_parent(b"/proc/sys/kernel/msgmax\0", libc::CLONE_NEWUTS, OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    InitialUserns,
    Kernel { major: 6, minor: 1, why: "sysctls of IPC namespaces" },
    File("/proc/sys/net/ipv4/ip_forward"),
    File("/proc/sys/kernel/msgmax"),
    pins("owner.net-sysctls", "owner.ipc-sysctls")
)]
fn sysctls_of_a_namespace_belong_to_root_of_its_owner(
    #[case] path: &'static [u8],
    #[case] flag: i32,
    #[case] expected: Answer,
) {
    let all = NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWIPC;
    let ns = ordinary().outside(&[Action::UnshareOrStop(all)]).outside(&own_maps());
    let mapped = write_of(Actor::Outside, IdFile::UidMap, "0 0 1");
    let ns = ns.outside(&[Action::UnshareOrStop(NEWUSER), Action::UnshareOrStop(flag), mapped]);

    let open = vec![HERE, text(path), number(libc::O_WRONLY.into())];
    let trace = ns.outside(&[syscall_for_fd("open the sysctl", libc::SYS_openat, open)]).play();

    check!(trace, last = expected);
}
