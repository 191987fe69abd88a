//! Steps of processes on themselves: capabilities, securebits, namespaces, children.

use harness_scenario::action::{Action, CapChange, Child, Leaves, NsFile, RawArg, syscall};
use harness_scenario::actors::Actor;
use harness_scenario::caps::{Cap, CapSet};
use libc::{
    CLONE_FS, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWUTS, CLONE_SIGHAND,
    CLONE_SYSVSEM, CLONE_THREAD, CLONE_VM,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::borrow::Cow;

/// The capabilities that rules mention.
const CAPS: [Cap; 8] = [
    Cap::Setuid,
    Cap::Setgid,
    Cap::SysAdmin,
    Cap::Setfcap,
    Cap::Setpcap,
    Cap::DacOverride,
    Cap::SysPtrace,
    Cap::SysChroot,
];

fn caps() -> impl Strategy<Value = Cow<'static, [Cap]>> {
    prop_oneof![
        3 => select(CAPS.to_vec()).prop_map(|cap| vec![cap]),
        1 => subsequence(CAPS.to_vec(), 0..=CAPS.len()),
    ]
    .prop_map(Cow::Owned)
}

/// capset(2) in all its forms, and the ambient and the bounding set.
pub(super) fn capabilities() -> impl Strategy<Value = Action> {
    let one = || select(CAPS.to_vec()).prop_map(|cap| i64::from(cap.number()));
    let (ambient, raise, bounding) =
        (libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, libc::PR_CAPBSET_DROP);
    prop_oneof![
        3 => caps().prop_map(|caps| Action::Capset(CapChange::Drop(caps))).boxed(),
        2 => caps().prop_map(|caps| Action::Capset(CapChange::Suspend(caps))).boxed(),
        2 => caps().prop_map(|caps| Action::Capset(CapChange::Raise(caps))).boxed(),
        1 => caps().prop_map(|caps| Action::Capset(CapChange::Only(caps))).boxed(),
        2 => [set(), set(), set()].prop_map(capset).boxed(),
        1 => Just(capset([CapSet(u64::MAX); 3])).boxed(),
        2 => one().prop_map(move |cap| prctl("PR_CAP_AMBIENT_RAISE", &[ambient.into(), raise.into(), cap])).boxed(),
        1 => one().prop_map(move |cap| prctl("PR_CAPBSET_DROP", &[bounding.into(), cap])).boxed(),
    ]
}

/// A capability must be permitted and inheritable before it can become ambient.
pub(super) fn ambient() -> [Action; 2] {
    let (ambient, raise) = (libc::PR_CAP_AMBIENT.into(), libc::PR_CAP_AMBIENT_RAISE.into());
    let cap = i64::from(Cap::SysAdmin.number());
    let all = CAPS.into_iter().fold(CapSet::EMPTY, CapSet::with);
    [capset([all; 3]), prctl("PR_CAP_AMBIENT_RAISE", &[ambient, raise, cap])]
}

fn set() -> impl Strategy<Value = CapSet> {
    prop_oneof![
        2 => Just(CapSet(u64::MAX)),
        1 => Just(CapSet::EMPTY),
        2 => caps().prop_map(|caps| caps.iter().fold(CapSet::EMPTY, |all, cap| all.with(*cap))),
    ]
}

/// capset(2) with these effective, permitted and inheritable sets, as words in the kernel's order.
fn capset(sets: [CapSet; 3]) -> Action {
    let halves = |shift: u32| sets.map(|set| u32::try_from(set.0 >> shift & 0xffff_ffff).unwrap_or(0));
    let bytes = |words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        RawArg::Bytes(Cow::Owned(bytes))
    };
    let data = [halves(0), halves(32)].concat();
    syscall("capset", libc::SYS_capset, vec![bytes(&[0x2008_0522, 0]), bytes(&data)])
}

fn prctl(name: &'static str, numbers: &[i64]) -> Action {
    let numbers = numbers.iter().chain(&[0; 5]).take(5);
    syscall(name, libc::SYS_prctl, numbers.map(|number| RawArg::Number(*number)).collect())
}

/// prctl(2) about dumpability and securebits.
pub(super) fn settings() -> impl Strategy<Value = Action> {
    let bits = prop_oneof![
        4 => select(vec![1_u64 << 2, 1 << 4, 1 << 6, 0]),
        2 => vec(0..8_u32, 1..4).prop_map(|bits| bits.iter().fold(0, |all, bit| all | 1 << bit)),
        1 => select(vec![1_u64 << 8, 1 << 32]),
    ];
    prop_oneof![
        4 => Just(harness_scenario::action::DUMPABLE),
        1 => select(vec![0_u64, 2])
            .prop_map(|value| Action::Prctl("PR_SET_DUMPABLE", libc::PR_SET_DUMPABLE, value)),
        2 => (0..3_u64).prop_map(|value| Action::Prctl("PR_SET_KEEPCAPS", libc::PR_SET_KEEPCAPS, value)),
        3 => bits.prop_map(|bits| Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, bits)),
    ]
}

/// Creating and joining namespaces. Network, PID and time namespaces are left out: they are slow, or change more than
/// the model knows.
pub(super) fn namespaces() -> impl Strategy<Value = Action> {
    let flags = select(vec![
        CLONE_NEWUSER,
        CLONE_NEWUSER | CLONE_NEWUTS,
        CLONE_NEWUTS,
        CLONE_NEWIPC,
        CLONE_NEWCGROUP,
        CLONE_NEWNS,
        CLONE_FS,
        CLONE_SYSVSEM,
        CLONE_THREAD,
        CLONE_SIGHAND,
        CLONE_VM,
        0,
        1,
    ]);
    prop_oneof![
        3 => Just(harness_scenario::action::UNSHARE),
        2 => flags.prop_map(Action::Unshare),
        6 => setns(),
    ]
}

/// setns(2) into a namespace of another process, or of the actor itself.
pub(super) fn setns() -> impl Strategy<Value = Action> {
    let file = prop_oneof![4 => Just(NsFile::User), 1 => Just(NsFile::Uts)];
    let nstype = prop_oneof![4 => Just(0), 2 => Just(CLONE_NEWUSER), 1 => Just(CLONE_NEWUTS)];
    (super::actor(), file, nstype).prop_map(|(of, file, nstype)| Action::Setns { of, file, nstype })
}

/// Children that exit at once, that stay, and that continue as the actor.
pub(super) fn children() -> impl Strategy<Value = Action> {
    let flags = select(vec![
        CLONE_NEWUSER,
        0,
        CLONE_NEWUTS,
        CLONE_NEWUSER | CLONE_NEWUTS,
        CLONE_NEWUSER | CLONE_FS,
        CLONE_FS,
        CLONE_NEWIPC,
    ]);
    prop_oneof![
        2 => flags.clone().prop_map(Action::Clone),
        1 => flags.clone().prop_map(|flags| Action::Clone3(u64::from(flags.cast_unsigned()))),
        3 => flags.clone().prop_map(|flags| Action::Child(Child::GoesOn(flags))),
        1 => flags.prop_map(|flags| Action::Child(Child::GoesOnByClone3(u64::from(flags.cast_unsigned())))),
        2 => companion(),
        1 => Just(Action::Exit(Leaves::Nothing)),
        1 => select(vec!["/", "/proc"]).prop_map(|path| Action::Chroot(path, path.into())),
    ]
}

/// A child that stays, and the resources that it shares.
pub(super) fn companion() -> impl Strategy<Value = Action> {
    let flags = select(vec![
        CLONE_FS,
        CLONE_VM,
        CLONE_VM | CLONE_SIGHAND,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS,
        CLONE_SIGHAND,
        CLONE_THREAD,
    ]);
    flags.prop_map(Action::CloneAndKeep)
}

/// A socket pair over which one actor sends credentials to another.
pub(super) fn sockets() -> impl Strategy<Value = Vec<harness_scenario::scenario::Step>> {
    let ids = [super::ids::number(), super::ids::number()];
    let send = vec(ids.prop_map(Action::SendCredentials), 1..3);
    (super::two_actors(), send, any::<bool>()).prop_map(|((from, to), send, asks)| {
        let by = |actor: Actor, action| harness_scenario::scenario::Step { actor, action };
        let mut steps = vec![by(from, Action::Socketpair(to))];
        steps.extend(asks.then(|| by(to, ask_for_credentials())));
        for send in send {
            steps.extend([by(from, send), by(to, Action::ReceiveCredentials)]);
        }
        steps
    })
}

/// SO_PASSCRED on the held socket.
fn ask_for_credentials() -> Action {
    let numbers = [libc::SOL_SOCKET, libc::SO_PASSCRED].map(|number| RawArg::Number(number.into()));
    let on = RawArg::Bytes(Cow::Owned(1_i32.to_ne_bytes().to_vec()));
    let args = [RawArg::Held].into_iter().chain(numbers).chain([on, RawArg::Number(4)]).collect();
    syscall("setsockopt SO_PASSCRED", libc::SYS_setsockopt, args)
}
