//! What a process in a namespace does to processes outside, and to its own place among them.

use crate::support::map_stack::own_maps;
use crate::support::ns_files::pidfd_of;
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

/// Root of a namespace asks for the limits of processes that its namespace holds, and of those that have its own ids.
/// Source: prlimit(2), EPERM; kernel check_prlimit_permission(): ns_capable() over the namespace of the target.
#[rstest]
#[case::of_another_user(Actor::Inside, Actor::Privileged, EPERM)]
#[case::of_the_same_user(Actor::Inside, Actor::Outside, OK)]
#[case::of_one_inside(Actor::Outside, Actor::Inside, OK)]
#[harness::test(Root, Userns, pins("owner.limits-of-others"))]
fn limits_of_others_take_the_capability_over_them(
    #[case] who: Actor,
    #[case] of: Actor,
    #[case] expected: Answer,
) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]);

    let core = number(i64::from(libc::RLIMIT_CORE));
    let ask = vec![RawArg::PidOf(of), core, number(0), RawArg::Results(0)];
    let trace = ns.by(who, &[syscall("prlimit", libc::SYS_prlimit64, ask)]).play();

    check!(trace, last = expected);
}

/// pidfd_send_signal(2) asks what kill(2) asks: root of a namespace has no capability over a process of another user outside.
/// Source: pidfd_send_signal(2), EPERM; kernel kill_ok_by_cred().
#[rstest]
#[case::to_another_user(Actor::Inside, Actor::Privileged, EPERM)]
#[case::to_the_same_user(Actor::Inside, Actor::Outside, OK)]
#[case::from_outside(Actor::Outside, Actor::Inside, OK)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 5, minor: 3, why: "pidfd_open(2)" },
    pins("owner.pidfd-signals")
)]
fn signals_by_pidfd_ask_what_kill_asks(#[case] who: Actor, #[case] to: Actor, #[case] expected: Answer) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]);

    let ask = vec![RawArg::Held, number(0), number(0), number(0)];
    let ask = syscall("pidfd_send_signal 0", libc::SYS_pidfd_send_signal, ask);
    let trace = ns.by(who, &[pidfd_of(to), ask]).play();

    check!(trace, last = expected);
}

/// A process may offer itself to the killer of processes when memory runs out. Hiding from it takes CAP_SYS_RESOURCE of the
/// host.
/// Source: proc(5), /proc/pid/oom_score_adj; kernel __set_oom_adj(): capable(CAP_SYS_RESOURCE), EACCES.
#[rstest]
#[case::lower(b"-1000", EACCES)]
#[case::higher(b"1000", OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.oom-score"))]
fn root_of_a_namespace_does_not_hide_from_the_oom_killer(
    #[case] score: &'static [u8],
    #[case] expected: Answer,
) {
    let path = RawArg::ProcPath(Actor::Inside, "oom_score_adj");
    let open = syscall_for_fd("open", libc::SYS_openat, vec![HERE, path, number(libc::O_WRONLY.into())]);
    let length = number(i64::try_from(score.len()).unwrap_or(0));
    let ns = ordinary().inside(&[open]);

    let write = syscall("write", libc::SYS_write, vec![RawArg::Held, text(score), length]);
    let trace = ns.inside(&[write]).play();

    check!(trace, last = expected);
}

/// SIOCGSKNS gives the network namespace of a socket with CAP_NET_ADMIN over it.
/// Source: kernel c62cce2caee5, sock_ioctl(): ns_capable(net->user_ns), EPERM.
#[rstest]
#[case::of_its_own(libc::CLONE_NEWNET, OK)]
#[case::of_the_parent(libc::CLONE_NEWUTS, EPERM)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    File("/proc/self/ns/net"),
    Kernel { major: 4, minor: 10, why: "SIOCGSKNS" },
    pins("ask.network-of-socket")
)]
fn a_socket_gives_its_network_to_those_who_own_it(#[case] flag: i32, #[case] expected: Answer) {
    const SIOCGSKNS: i64 = 0x894c;
    let ns = ordinary().outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWNET)]).outside(&own_maps());

    let [family, kind] = [libc::AF_INET, libc::SOCK_DGRAM].map(|arg| number(arg.into()));
    let socket = syscall_for_fd("socket", libc::SYS_socket, vec![family, kind, number(0)]);
    let ask = syscall_for_fd("SIOCGSKNS", libc::SYS_ioctl, vec![RawArg::Held, number(SIOCGSKNS)]);
    let trace =
        ns.outside(&[Action::UnshareOrStop(NEWUSER), Action::UnshareOrStop(flag), socket, ask]).play();

    check!(trace, last = expected);
}
