//! Which uid a signal and waitid(2) tell of a process of another namespace.

use crate::support::map_family::{Family, pairs};
use crate::support::map_stack::{last, refused_before};
use harness::prelude::*;
use harness::rules::changes::SENDER_BY_RECEIVER;
use rstest::rstest;

const USR1: i64 = libc::SIGUSR1 as i64;
const USR2: i64 = libc::SIGUSR2 as i64;
/// A real-time signal, which is queued as often as it is sent.
const QUEUED: i64 = 40;
/// Where siginfo_t has si_uid.
const SI_UID: Results = Results::Ids(&[20]);
/// Where signalfd_siginfo has ssi_uid.
const SSI_UID: Results = Results::Ids(&[16]);

fn number(number: i64) -> RawArg {
    RawArg::Number(number)
}

fn set(signals: &[i64]) -> RawArg {
    let bits = signals.iter().fold(0_u64, |set, signal| set | 1 << (signal - 1));
    RawArg::Bytes(bits.to_ne_bytes().to_vec().into())
}

fn block(signals: &[i64]) -> Action {
    let args = vec![number(libc::SIG_BLOCK.into()), set(signals), number(0), number(8)];
    syscall("rt_sigprocmask", libc::SYS_rt_sigprocmask, args)
}

fn kill(to: Actor, signal: i64) -> Action {
    syscall("kill", libc::SYS_kill, vec![RawArg::PidOf(to), number(signal)])
}

/// Takes a pending signal and tells its si_uid; EAGAIN if there is none.
fn take(signal: i64) -> Action {
    let at_once = RawArg::Bytes(vec![0; 16].into());
    let args = vec![set(&[signal]), RawArg::Results(0), at_once, number(8)];
    syscall_for("rt_sigtimedwait", libc::SYS_rt_sigtimedwait, args, SI_UID)
}

/// sigqueue(3) with any uid.
fn queue(to: Actor, uid: u32) -> Action {
    let mut info = [0_u32; 32];
    (info[2], info[5]) = (libc::SI_QUEUE.cast_unsigned(), uid);
    let bytes: Vec<u8> = info.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let args = vec![RawArg::PidOf(to), number(QUEUED), RawArg::Bytes(bytes.into())];
    syscall("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, args)
}

/// sigtimedwait(2) and signalfd(2) show the real uid of the process that called kill(2), as the receiver's namespace names
/// it. Before 7.3 the uid goes through the sender's namespace first.
/// Source: sigaction(2), si_uid; kernel prepare_kill_siginfo(), send_signal_locked(); since 7.3
/// __send_signal_locked(), SEND_SIG_NOINFO.
#[harness::test(Root, Userns, Decided(&SENDER_BY_RECEIVER), pins("mean.signals", "mean.levels"))]
fn kill_shows_the_real_uid_as_the_receiver_names_it() {
    let family = Family::new();
    let [uid, _] = family.stack.owner();
    let signalfd = vec![number(-1), set(&[USR2]), number(8), number(0)];
    let signalfd = syscall_for_fd("signalfd", libc::SYS_signalfd4, signalfd);
    let read = vec![RawArg::Held, RawArg::Results(0), number(128)];
    let read = syscall_for("read", libc::SYS_read, read, SSI_UID);

    for (from, to) in pairs() {
        let ns = family.cast(&[]).by(to, &[block(&[USR1, USR2]), signalfd.clone()]);
        let sent = ns.by(from, &[kill(to, USR1), kill(to, USR2)]);
        let trace = sent.by(to, &[take(USR1), read.clone()]).play();

        assert_eq!(refused_before(&trace, 2), []);
        let told = Outcome::Ids(vec![as_sent_by_kill(&family, from, to, uid)]);
        assert_eq!(last(&trace, 2), [told.clone(), told], "{from} to {to}");
    }
}

/// A uid that the sender of a queued signal gives is one of the sender's namespace. It arrives as the receiver's namespace
/// names it, or as the overflow id if either has no name for it. Within one namespace it arrives as it was given.
/// Source: rt_sigqueueinfo(2); kernel 7a0cf094944e, send_signal_locked(): make_kuid(), from_kuid_munged().
#[harness::test(Root, Userns, pins("mean.signals", "mean.levels", "mean.up", "mean.down"))]
fn a_given_uid_arrives_as_the_receiver_names_it() {
    let family = Family::new();

    for (from, to) in pairs() {
        let ids = Family::names(from);
        let send: Vec<Action> = ids.iter().map(|id| queue(to, *id)).collect();
        let ns = family.cast(&[]).by(to, &[block(&[QUEUED])]).by(from, &send);
        let trace = ns.by(to, &vec![take(QUEUED); ids.len()]).play();

        assert_eq!(refused_before(&trace, ids.len()), []);
        for (id, seen) in ids.iter().zip(last(&trace, ids.len())) {
            let told = as_received(&family, from, to, *id);
            assert_eq!(seen, &Outcome::Ids(vec![told]), "{id}, {from} to {to}");
        }
    }
}

/// The sender's uid, as kill(2) tells it. Where the sender's namespace has no name for it, an older kernel takes the
/// overflow uid for it, which may be a name.
fn as_sent_by_kill(family: &Family, from: Actor, to: Actor, uid: u32) -> u32 {
    match SENDER_BY_RECEIVER.is_in(harness::here::release()) {
        true => family.told(to, IdFile::UidMap, uid),
        false => as_received(family, from, to, family.told(from, IdFile::UidMap, uid)),
    }
}

/// The uid that a signal says, as it arrives.
fn as_received(family: &Family, from: Actor, to: Actor, said: u32) -> u32 {
    let meant = family.meant(from, IdFile::UidMap, said);
    let called = meant.and_then(|id| family.called(to, IdFile::UidMap, id));
    if from == to { said } else { called.unwrap_or(overflow(IdFile::UidMap)) }
}

/// A signal from a sender whose uid has no name in its own namespace shows the uid as the receiver's namespace names it.
/// Before 7.3 it shows the overflow uid.
/// Source: kernel __send_signal_locked(), SEND_SIG_NOINFO: from_kuid_munged(task_cred_xxx(t, user_ns)); before 7.3
/// prepare_kill_siginfo(): from_kuid_munged(current_user_ns()), send_signal_locked(): make_kuid(), from_kuid_munged().
#[rstest]
#[case::unmapped(&[])]
#[case::mapped(&[uid_map("5 0 1")])]
#[harness::test(Root, Userns, varies(SENDER_BY_RECEIVER), pins("mean.signals"))]
fn a_sender_without_a_name_has_that_of_the_receiver(#[case] maps: &[Action]) {
    let ns = root().outside(&[block(&[USR1])]).inside(&[]).outside(maps);

    let trace = ns.inside(&[kill(Actor::Outside, USR1)]).outside(&[take(USR1)]).play();

    check!(trace);
}

/// waitid(2) and SIGCHLD show the real uid of a child that has ended as the parent's namespace names it. The child may be
/// in another namespace.
/// Source: waitid(2), si_uid; sigaction(2), SIGCHLD; kernel wait_task_zombie(), do_notify_parent().
#[rstest]
#[case::same_namespace(&MAPS, &[], 0)]
#[case::below(&MAPS, &[], NEWUSER)]
#[case::real_uid(&MAPS, &[set_id(SetId::Setresuid, &[32, 30, 31])], 0)]
#[case::without_a_name(&[], &[], 0)]
#[harness::test(Root, Userns, pins("mean.signals"))]
fn the_end_of_a_child_shows_its_real_uid(
    #[case] maps: &[Action],
    #[case] before: &[Action],
    #[case] flags: i32,
) {
    let chld = i64::from(libc::SIGCHLD);
    let wait = vec![number(0), number(0), RawArg::Results(0), number(libc::WEXITED.into()), number(0)];
    let wait = syscall_for("waitid", libc::SYS_waitid, wait, SI_UID);
    let ns = root().outside(&[]).inside(&[]).outside(maps).inside(before);

    let trace =
        ns.inside(&[block(&[chld]), Action::Child(Child::NotWaitedFor(flags)), wait, take(chld)]).play();

    check!(trace);
}

const MAPS: [Action; 2] = [uid_map("30 0 10"), gid_map("30 0 10")];
