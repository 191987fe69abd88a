//! The limits that a namespace takes from its creator, and whom RLIMIT_NPROC binds.
//!
//! The creator sets a soft limit, creates the namespace and raises the soft limit again: what still binds is
//! what the namespace has taken. Each case has a user of its own, since the counts are those of a user.

use crate::support::limits::soft;
use harness::prelude::*;
use harness::rules::changes::LIMITS_OF_CREATOR;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];
const A_CHILD: Action = Action::Clone(0);

fn processes(name: &'static str, most: u64) -> Action {
    soft(name, libc::RLIMIT_NPROC, most, 100)
}

fn few(most: u64) -> Action {
    processes("few processes", most)
}

fn many() -> Action {
    processes("many processes", 50)
}

fn user(id: u32) -> [Action; 3] {
    [setresgid(id), setresuid(id), DUMPABLE]
}

fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    syscall(name, number, args.to_vec())
}

/// Puts a signal with a value, 40 of the real-time ones, into the actor's own queue; it was blocked before.
fn queue_signal() -> Action {
    let info: Vec<u8> = [40_i32, 0, -1].iter().flat_map(|word| word.to_ne_bytes()).chain([0; 116]).collect();
    let args = [RawArg::Pid, RawArg::Number(40), RawArg::Bytes(info.into())];
    raw("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, &args)
}

fn block_signal() -> Action {
    let set = RawArg::Bytes((1_u64 << 39).to_ne_bytes().to_vec().into());
    let args = [RawArg::Number(libc::SIG_BLOCK.into()), set, RawArg::Number(0), RawArg::Number(8)];
    raw("rt_sigprocmask", libc::SYS_rt_sigprocmask, &args)
}

/// RLIMIT_SIGPENDING of the creator binds the signals that are queued in the namespace.
/// Source: getrlimit(2), RLIMIT_SIGPENDING; kernel d64696905554 (5.14), inc_rlimit_get_ucounts().
#[rstest]
#[case::none(61_501, 0, UNSHARE)]
#[case::one(61_502, 1, UNSHARE)]
#[case::two(61_503, 2, UNSHARE)]
#[case::without_a_namespace(61_504, 0, Action::Unshare(0))]
#[harness::test(
    Root,
    Userns,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn pending_signals(#[case] id: u32, #[case] most: u64, #[case] create: Action) {
    let limit = |name, most| soft(name, libc::RLIMIT_SIGPENDING, most, 60);
    let cast = root().outside(&user(id)).outside(&[limit("few signals", most), create]);

    let queue = [block_signal(), queue_signal(), queue_signal()];
    let trace = cast.outside(&[limit("many signals", 50)]).outside(&queue).play();

    check!(trace);
}

/// RLIMIT_MSGQUEUE of the creator binds the message queues that are made in the namespace.
/// Source: getrlimit(2), RLIMIT_MSGQUEUE; mq_open(3), EMFILE; kernel 6e52a9f0532f (5.14), mqueue_get_inode().
#[rstest]
#[case::none(61_511, 0)]
#[case::enough(61_512, 4096)]
#[harness::test(
    Root,
    Userns,
    Config("CONFIG_POSIX_MQUEUE"),
    Config("CONFIG_IPC_NS"),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn message_queues(#[case] id: u32, #[case] most: u64) {
    let limit = |name, most| soft(name, libc::RLIMIT_MSGQUEUE, most, 4096);
    let attributes: Vec<u8> =
        [0_i64, 1, 1, 0, 0, 0, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let flags = RawArg::Number((libc::O_CREAT | libc::O_RDWR).into());
    let name = RawArg::Bytes(b"queue\0".as_slice().into());
    let args = vec![name, flags, RawArg::Number(0o600), RawArg::Bytes(attributes.into())];
    let cast = root().privileged(&[]).outside(&user(id)).outside(&[limit("few bytes", most)]);
    // The queue is a file, which has to have an owner.
    let created = cast
        .outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWIPC)])
        .privileged(&maps_of(Actor::Outside, "0 0 65536"));

    let open = syscall_for_fd("mq_open", libc::SYS_mq_open, args);
    let trace = created.outside(&[limit("many bytes", 4096), open]).play();

    check!(trace);
}

/// RLIMIT_MEMLOCK of the creator binds the shared memory that is locked in the namespace.
/// Source: getrlimit(2), RLIMIT_MEMLOCK; shmctl(2), SHM_LOCK; kernel d7c9e99aee48 (5.14), user_shm_lock().
#[rstest]
#[case::none(61_521, 0)]
#[case::enough(61_522, 65_536)]
#[harness::test(
    Root,
    Userns,
    Config("CONFIG_SYSVIPC"),
    Config("CONFIG_IPC_NS"),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn locked_memory(#[case] id: u32, #[case] most: u64) {
    let limit = |name, most| soft(name, libc::RLIMIT_MEMLOCK, most, 65_536);
    let create = Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWIPC);
    let private = vec![RawArg::Number(0), RawArg::Number(1), RawArg::Number(0o1600)];
    let lock = [RawArg::Held, RawArg::Number(libc::SHM_LOCK.into()), RawArg::Number(0)];
    let cast = root().outside(&user(id)).outside(&[limit("few bytes", most), create]);

    let made =
        cast.outside(&[limit("many bytes", 65_536), syscall_for_fd("shmget", libc::SYS_shmget, private)]);
    let trace = made.outside(&[raw("shmctl SHM_LOCK", libc::SYS_shmctl, &lock)]).play();

    check!(trace);
}

/// Whoever joins the namespace is bound by its creator's limits, too, and counts against them.
/// Source: kernel userns_install(): set_cred_ucounts().
#[rstest]
#[case::two(61_531, 2)]
#[case::three(61_532, 3)]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn who_joins(#[case] id: u32, #[case] most: u64) {
    let cast = root().outside(&user(id)).outside(&[few(most)]).inside(&[]);
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

    let trace = cast.outside(&[many(), A_CHILD, join, A_CHILD]).play();

    check!(trace);
}

/// The one creator whose limit of processes is not taken is the initial namespace's root by its real uid.
/// Source: kernel enforced_nproc_rlimit(): current_uid().
#[rstest]
#[case::real_uid_0(&[set_id(SetId::Setresuid, &[0, 61_541, 61_541])])]
#[case::effective_uid_0(&[set_id(SetId::Setresuid, &[61_542, 0, 0])])]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn by_the_real_uid(#[case] ids: &[Action]) {
    let cast = root().privileged(&[]).outside(&[few(1)]).outside(ids).inside(&[many()]).privileged(&MAPS);

    let trace = cast.inside(&user(61_543)).inside(&[A_CHILD]).play();

    check!(trace);
}

/// Root of the initial namespace is bound like anybody else where it creates one from a namespace below.
/// Source: kernel enforced_nproc_rlimit(): current_user_ns().
#[rstest]
#[case::few(1)]
#[case::enough(20)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn of_root_from_below(#[case] most: u64) {
    let cast = root().outside(&[]).inside(&[few(most)]).outside(&MAPS).nested(&[many()]);
    let maps = maps_of(Actor::Nested, "0 0 65536");

    let trace = cast.inside(&maps).nested(&user(61_551)).nested(&[A_CHILD]).play();

    check!(trace);
}

const ALL_BUT_THESE: Action = drop_caps(&[Cap::SysAdmin, Cap::SysResource]);

/// Beyond RLIMIT_NPROC only the initial namespace's root, by its real uid, and those with CAP_SYS_ADMIN or
/// CAP_SYS_RESOURCE in that namespace have children; the capabilities of a namespace below do not count.
/// Source: clone(2), EAGAIN; kernel copy_process(): INIT_USER, capable().
#[rstest]
#[case::root_without_any(&[only_caps(&[])], "ok")]
#[case::real_uid_0(&[set_id(SetId::Setresuid, &[0, 61_561, 61_561])], "ok")]
#[case::effective_uid_0_without_any(&[set_id(SetId::Setresuid, &[61_562, 0, 0]), only_caps(&[])], "EAGAIN")]
#[case::a_user_with_sys_admin(&[NO_FIXUP, setresuid(61_563), only_caps(&[Cap::SysAdmin])], "ok")]
#[case::a_user_with_all_but_these(&[NO_FIXUP, setresuid(61_564), ALL_BUT_THESE], "EAGAIN")]
#[case::a_user_with_all_below(&[setresuid(61_565), UNSHARE], "EAGAIN")]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("limit.processes")
)]
fn who_is_exempt(#[case] before: &[Action], #[case] expected: &str) {
    let trace = root().outside(&[few(0)]).outside(before).outside(&[A_CHILD]).play();

    // Whether root has CAP_SYS_RESOURCE differs from host to host, and the state would show it.
    assert_eq!(trace.outcomes_shown().last().as_deref(), Some(expected), "{trace}");
}

/// CAP_SYS_RESOURCE alone exempts as CAP_SYS_ADMIN does.
/// Source: as above.
#[harness::test(
    Root,
    InitialUserns,
    Capability(Cap::SysResource),
    Capability(Cap::Setpcap),
    pins("limit.processes")
)]
fn sys_resource_exempts() {
    let user = [NO_FIXUP, setresuid(61_566), only_caps(&[Cap::SysResource])];

    let trace = root().outside(&[few(0)]).outside(&user).outside(&[A_CHILD]).play();

    assert_eq!(trace.outcomes_shown().last().as_deref(), Some("ok"), "{trace}");
}
