//! What membership of a group decides besides files: the use of System V IPC, and of tun devices. The latter is the one
//! decision by the effective gid that a program meets on every host.

use crate::support::group_files::{memberships, namespace};
use harness::prelude::*;
use std::fmt::Write as _;

fn call(name: &'static str, number: i64, args: &[i64]) -> Action {
    syscall(name, number, args.iter().copied().map(RawArg::Number).collect())
}

/// semget(2) of the one set there is in a new IPC namespace.
fn semget(flags: i64) -> Action {
    call("semget", libc::SYS_semget, &[5, 1, flags])
}

/// semctl(2) that makes this gid and uid 2 the owner of the set, with this mode.
fn ipc_set(gid: u32, mode: u32) -> Action {
    let fields = [0, 2, gid, 0, 0, mode].map(u32::to_ne_bytes).concat();
    let whole = fields.into_iter().chain(std::iter::repeat_n(0, 104)).collect::<Vec<_>>();
    let numbers = [0, 0, i64::from(libc::IPC_SET)].map(RawArg::Number);
    let args = [&numbers[..], &[RawArg::Bytes(whole.into())]].concat();
    syscall("semctl IPC_SET", libc::SYS_semctl, args)
}

/// A member of the group of a semaphore set's creator, or of the group to which the set was given, gets the group's bits,
/// where others have more and where they have less. The filesystem gid and the supplementary groups count. The effective
/// gid counts only because it sets the filesystem gid. A column has a set, and its mode.
/// Source: kernel ipcperms(): in_group_p(); credentials(7) has the effective gid decide.
#[harness::test(Root, Userns, File("/proc/sys/kernel/sem"), File("/proc/self/ns/ipc"), pins("member.ipc"))]
fn a_member_has_the_bits_of_the_group_of_a_semaphore_set() {
    let kinds = [("creator's group", 7, 7), ("was creator's", 7, 9), ("given the group", 9, 7)];
    let modes = [0o040, 0o004];

    let heading = kinds.map(|(name, ..)| format!("{name:16}")).concat();
    let mut table = format!("{:25} {}\n{:25}", "", heading.trim_end(), "");
    let _ = writeln!(table, "{}", " 040     004   ".repeat(kinds.len()).trim_end());
    for (name, steps) in memberships() {
        let sets = kinds.iter().flat_map(|(_, creator, owner)| modes.map(|mode| (*creator, *owner, mode)));
        let cells = sets.map(|(creator, owner, mode)| {
            let flags = i64::from(libc::IPC_CREAT | libc::IPC_EXCL);
            let create = [Action::UnshareOrStop(libc::CLONE_NEWIPC), setresgid(creator), semget(flags)];
            let made = namespace().inside(&create).inside(&[ipc_set(owner, mode)]);
            let member = made.inside(&[SETGROUPS_EMPTY, setresgid(1)]).inside(&steps);
            // The creator itself would get the owner's bits.
            let trace = member.inside(&[setresuid(1), semget(0o444)]).play();
            format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:25} {}", cells.collect::<Vec<_>>().join(" ").trim_end());
    }

    check!(table, @r"
                              creator's group was creator's   given the group
                              040     004    040     004    040     004
    no id                     EACCES  ok      EACCES  ok      EACCES  ok
    real gid                  EACCES  ok      EACCES  ok      EACCES  ok
    effective gid             ok      EACCES  ok      EACCES  ok      EACCES
    effective but not fs gid  EACCES  ok      EACCES  ok      EACCES  ok
    saved gid                 EACCES  ok      EACCES  ok      EACCES  ok
    fs gid                    ok      EACCES  ok      EACCES  ok      EACCES
    supplementary group       ok      EACCES  ok      EACCES  ok      EACCES
    supplementary, given up   EACCES  ok      EACCES  ok      EACCES  ok
    ");
}

/// `_IOW('T', 202, int)` and its neighbours. The C libraries give them different types.
const TUNSETIFF: i64 = 0x4004_54ca;
const TUNSETPERSIST: i64 = 0x4004_54cb;
const TUNSETGROUP: i64 = 0x4004_54ce;

/// ioctl(2) of the held descriptor.
fn ioctl(name: &'static str, request: i64, argument: RawArg) -> Action {
    syscall(name, libc::SYS_ioctl, vec![RawArg::Held, RawArg::Number(request), argument])
}

/// Opens /dev/net/tun and attaches to the device tap0, with the flags IFF_TAP and IFF_NO_PI.
fn attach() -> [Action; 2] {
    let path = RawArg::Bytes(b"/dev/net/tun\0".into());
    let args = vec![HERE, path, RawArg::Number(libc::O_RDWR.into())];
    let mut device = [0; 40];
    device[..4].copy_from_slice(b"tap0");
    device[16..18].copy_from_slice(&0x1002_u16.to_ne_bytes());
    let device = RawArg::Bytes(device.to_vec().into());
    [syscall_for_fd("open tun", libc::SYS_openat, args), ioctl("TUNSETIFF", TUNSETIFF, device)]
}

fn close() -> Action {
    syscall("close", libc::SYS_close, vec![RawArg::Held])
}

/// A process without capabilities attaches to a device that was given to a group if that is its effective gid or one of
/// its supplementary groups. The filesystem gid, which decides for files, does not count, nor do the real and the saved
/// gid.
/// Source: kernel in_egroup_p(), tun_not_capable() of drivers/net/tun.c.
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    File("/dev/net/tun"),
    File("/proc/self/ns/net"),
    pins("member.effective-gid")
)]
fn the_effective_gid_decides_about_tun_devices() {
    let group = ioctl("TUNSETGROUP", TUNSETGROUP, RawArg::Number(7));
    let persist = ioctl("TUNSETPERSIST", TUNSETPERSIST, RawArg::Number(1));
    let made = namespace().inside(&[Action::UnshareOrStop(libc::CLONE_NEWNET)]).inside(&attach());
    let ns = made.inside(&[group, persist, close(), only_caps(&[Cap::Setgid])]);

    let tried = memberships().into_iter().fold(ns, |ns, (_, steps)| {
        let ready = ns.inside(&[SETGROUPS_EMPTY, setresgid(1)]).inside(&steps);
        ready.inside(&attach()).inside(&[close()])
    });
    let trace = tried.play();

    let attaching = |action: &Action| matches!(action, Action::Syscall(Syscall { name: "TUNSETIFF", .. }));
    let attached = trace.steps().zip(trace.outcomes_shown());
    let attached = attached.filter(|((step, _), _)| attaching(&step.action)).map(|(_, shown)| shown);
    let names = std::iter::once("made with every capability").chain(memberships().map(|(name, _)| name));
    let line = |(name, shown): (&str, String)| format!("{name:26} {shown}\n");
    check!(names.zip(attached).map(line).collect::<String>(), @r"
    made with every capability ok
    no id                      EPERM
    real gid                   EPERM
    effective gid              ok
    effective but not fs gid   ok
    saved gid                  EPERM
    fs gid                     EPERM
    supplementary group        ok
    supplementary, given up    EPERM
    ");
}
