//! What takes a capability in the initial namespace or over a network namespace, so that root of a namespace lacks it.

use crate::support::map_stack::own_maps;
use crate::support::mounts::own_tmp;
use crate::support::raw::{PLACE, memory, number, text};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];
const OWN_NET: Action = Action::UnshareOrStop(libc::CLONE_NEWNET);
const SAME_NET: Action = Action::UnshareOrStop(libc::CLONE_NEWUTS);

fn socket(name: &'static str, kind: i32, protocol: i32) -> Action {
    let args = [libc::AF_INET, kind, protocol].map(|arg| number(arg.into()));
    syscall_for_fd(name, libc::SYS_socket, args.into())
}

/// mknod(2) of a character device takes CAP_MKNOD in the initial namespace, but for the whiteout of overlay file systems.
/// Source: mknod(2), EPERM; kernel vfs_mknod(): capable(CAP_MKNOD); WHITEOUT_DEV, a3c751a50fe6 (5.8).
#[rstest]
#[case::the_null_device(0x103, EPERM)]
#[case::a_whiteout(0, OK)]
#[harness::test(
    Root,
    Userns,
    File("/tmp"),
    Kernel { major: 5, minor: 8, why: "whiteouts without CAP_MKNOD" },
    pins("owner.devices")
)]
fn root_of_a_namespace_makes_no_device(#[case] device: i64, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&own_tmp()).outside(&MAPS);

    let args = vec![HERE, text(b"/tmp/device\0"), number((libc::S_IFCHR | 0o600).into()), number(device)];
    let trace = ns.inside(&[syscall("mknodat", libc::SYS_mknodat, args)]).play();

    check!(trace, last = expected);
}

/// A hard limit is raised with CAP_SYS_RESOURCE in the initial namespace. Lowering it takes nothing.
/// Source: getrlimit(2), EPERM; kernel do_prlimit(): capable(CAP_SYS_RESOURCE).
#[rstest]
#[case::raising(21, EPERM)]
#[case::lowering(19, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.hard-limits"))]
fn root_of_a_namespace_raises_no_hard_limit(#[case] hard: u64, #[case] expected: Answer) {
    let core = |name, limit: u64| {
        let bytes = [limit.to_ne_bytes(), limit.to_ne_bytes()].concat();
        let args =
            vec![number(0), number(i64::from(libc::RLIMIT_CORE)), RawArg::Bytes(bytes.into()), number(0)];
        syscall(name, libc::SYS_prlimit64, args)
    };
    let ns = ordinary().inside(&[core("core of 20", 20).or_stop()]);

    let trace = ns.inside(&[core("another", hard)]).play();

    check!(trace, last = expected);
}

/// A port below 1024 takes CAP_NET_BIND_SERVICE over the network namespace, which root of another user namespace lacks.
/// Source: ip(7), EACCES; kernel inet_port_requires_bind_service(), ns_capable(net->user_ns).
#[rstest]
#[case::in_its_own(OWN_NET, 1023, OK)]
#[case::in_that_of_its_parent(SAME_NET, 1023, EACCES)]
#[case::a_higher_port(SAME_NET, 1024, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, File("/proc/self/ns/net"), pins("owner.ports"))]
fn low_ports_take_the_capability_over_the_network(
    #[case] unshare: Action,
    #[case] port: u16,
    #[case] expected: Answer,
) {
    let ns = ordinary().outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWNET)]).outside(&own_maps());
    let ns = ns.outside(&[Action::UnshareOrStop(NEWUSER), unshare]);

    // struct sockaddr_in of AF_INET, the port and any address.
    let family = 2_u16;
    let address = [family.to_ne_bytes(), port.to_be_bytes(), [0; 2], [0; 2]].concat();
    let address = RawArg::Bytes([address, vec![0; 8]].concat().into());
    let bind = syscall("bind", libc::SYS_bind, vec![RawArg::Held, address, number(16)]);
    let trace = ns.outside(&[socket("socket", libc::SOCK_DGRAM, 0), bind]).play();

    check!(trace, last = expected);
}

/// A raw socket takes CAP_NET_RAW over the network namespace.
/// Source: raw(7), EPERM; kernel inet_create(): ns_capable(net->user_ns).
#[rstest]
#[case::in_its_own(OWN_NET, libc::SOCK_RAW, OK)]
#[case::in_that_of_its_parent(SAME_NET, libc::SOCK_RAW, EPERM)]
#[case::another_socket(SAME_NET, libc::SOCK_DGRAM, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, File("/proc/self/ns/net"), pins("owner.raw-sockets"))]
fn raw_sockets_take_the_capability_over_the_network(
    #[case] unshare: Action,
    #[case] kind: i32,
    #[case] expected: Answer,
) {
    let ns = ordinary().outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWNET)]).outside(&own_maps());

    let create = socket("socket", kind, libc::IPPROTO_UDP);
    let trace = ns.outside(&[Action::UnshareOrStop(NEWUSER), unshare, create]).play();

    check!(trace, last = expected);
}

/// The groups that may ping are written as ids of the writer's namespace, and need a mapping there.
/// Source: icmp(7), ping_group_range; kernel ipv4_ping_group_range(): make_kgid(user_ns), EINVAL.
#[rstest]
#[case::mapped(b"5 7", [OK, OK, OK])]
#[case::of_others(b"6 7", [OK, OK, EACCES])]
#[case::unmapped(b"5 500", [EINVAL, OK, EACCES])]
#[case::none(b"1 0", [OK, OK, EACCES])]
#[harness::test(Root, Userns, File("/proc/sys/net/ipv4/ping_group_range"), pins("owner.ping-groups"))]
fn groups_that_ping_are_ids_of_the_namespace(#[case] range: &'static [u8], #[case] expected: [Answer; 3]) {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS).inside(&[setgroups(&[]), OWN_NET]);

    let path = text(b"/proc/sys/net/ipv4/ping_group_range\0");
    let open =
        syscall_for_fd("open the range", libc::SYS_openat, vec![HERE, path, number(libc::O_WRONLY.into())]);
    let length = number(i64::try_from(range.len()).unwrap_or(0));
    let write = syscall("write", libc::SYS_write, vec![RawArg::Held, text(range), length]);
    let ping = socket("ping socket", libc::SOCK_DGRAM, libc::IPPROTO_ICMP);
    let trace = ns.inside(&[open.or_stop(), write, setresgid(5), ping]).play();

    check!(trace, last = expected);
}

/// Attributes named trusted.* take CAP_SYS_ADMIN in the initial namespace. Those named security.* take it in the namespace
/// in which the file system was mounted.
/// Source: xattr(7); kernel xattr_permission(): capable(CAP_SYS_ADMIN), EPERM.
#[rstest]
#[case::trusted(b"trusted.a\0", EPERM)]
#[case::security(b"security.a\0", OK)]
#[harness::test(Root, Userns, File("/tmp"), pins("owner.trusted-attributes"))]
fn root_of_a_namespace_sets_no_trusted_attribute(#[case] name: &'static [u8], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&own_tmp()).outside(&MAPS);

    let args = vec![text(b"/tmp\0"), text(name), text(b"x"), number(1), number(0)];
    let trace = ns.inside(&[syscall("setxattr", libc::SYS_setxattr, args)]).play();

    check!(trace, last = expected);
}

/// A filter of system calls takes no_new_privs or CAP_SYS_ADMIN in the caller's namespace, which root of any has.
/// Source: seccomp(2), EACCES; kernel seccomp_prepare_filter(): ns_capable_noaudit(current_user_ns()).
#[rstest]
#[case::of_a_user(Action::UnshareOrStop(0), EACCES)]
#[case::of_root_of_a_namespace(Action::UnshareOrStop(NEWUSER), OK)]
#[case::with_no_new_privs(Action::Prctl("PR_SET_NO_NEW_PRIVS, 1", libc::PR_SET_NO_NEW_PRIVS, 1), OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    NewPrivileges,
    Config("CONFIG_SECCOMP_FILTER"),
    pins("owner.seccomp")
)]
fn a_filter_takes_no_new_privs_or_the_capability(#[case] before: Action, #[case] expected: Answer) {
    // struct sock_fprog of one instruction, which follows it: BPF_RET with SECCOMP_RET_ALLOW.
    let program = [1_u64.to_ne_bytes(), (PLACE + 16).to_ne_bytes()].concat();
    let allow = [6_u16.to_ne_bytes(), [0; 2], [0; 2], 0x7fff_u16.to_ne_bytes()].concat();
    let ns = ordinary().outside(&memory([program, allow].concat()));

    let args = vec![number(1), number(0), number(PLACE.cast_signed())];
    let trace = ns.outside(&[before, syscall("seccomp", libc::SYS_seccomp, args)]).play();

    check!(trace, last = expected);
}

/// Root of a namespace gives a file capabilities that count where its root is root. The kernel adds this uid to the attribute,
/// and shows the longer form to those in other namespaces alone.
/// Source: capabilities(7), "Namespaced file capabilities"; kernel 8db6c34f1dbc, cap_convert_nscap(), cap_inode_getsecurity().
#[rstest]
#[case::to_itself(Actor::Inside)]
#[case::to_the_parent(Actor::Outside)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    File("/tmp"),
    Capability(Cap::SysPtrace),
    Capability(Cap::DacOverride),
    pins("owner.file-capabilities")
)]
fn capabilities_of_a_file_have_the_uid_of_root(#[case] reader: Actor) {
    // struct vfs_cap_data of revision 2: CAP_NET_RAW permitted and effective.
    let revision = [0x0200_0001_u32, 1 << 13, 0, 0, 0].map(u32::to_ne_bytes).concat();
    let name = || text(b"security.capability\0");
    let file = text(b"/tmp/program\0");
    let make = vec![HERE, file.clone(), number((libc::S_IFREG | 0o755).into()), number(0)];
    let set = vec![file, name(), RawArg::Bytes(revision.into()), number(20), number(0)];
    let maps = [uid_map("0 1000 10"), gid_map("0 1000 10")];
    let ns =
        root().outside(&[]).inside(&own_tmp()).outside(&maps).inside(&[setresgid(0), setresuid(0), DUMPABLE]);

    let made = ns
        .inside(&[syscall("mknodat", libc::SYS_mknodat, make), syscall("setxattr", libc::SYS_setxattr, set)]);
    let get =
        vec![RawArg::ProcPath(Actor::Inside, "root/tmp/program"), name(), RawArg::Results(0), number(64)];
    let get = syscall_for("getxattr", libc::SYS_getxattr, get, Results::Words(6));
    let trace = made.by(reader, &[get]).play();

    check!(trace);
}
