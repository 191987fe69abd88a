//! The limits that a namespace takes from its creator, and which processes RLIMIT_NPROC binds.
//!
//! The creator sets a soft limit, creates the namespace and raises the soft limit again. A limit that still binds is
//! the one that the namespace has taken. Each case has a user of its own, since the counts are those of a user.

use crate::support::limits::soft;
use harness::answer::compare;
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

/// A real-time signal, and its bit in a signal set.
const SIGNAL: i32 = 40;
const BIT_OF_SIGNAL: u64 = 1 << 39;
/// The siginfo of a signal that a process queues.
const SI_QUEUE: i32 = -1;

/// Puts the signal into the actor's own queue, where it stays because the actor has blocked it.
fn queue_signal() -> Action {
    let info: Vec<u8> =
        [SIGNAL, 0, SI_QUEUE].iter().flat_map(|word| word.to_ne_bytes()).chain([0; 116]).collect();
    let args = [RawArg::Pid, RawArg::Number(SIGNAL.into()), RawArg::Bytes(info.into())];
    raw("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, &args)
}

fn block_signal() -> Action {
    let set = RawArg::Bytes(BIT_OF_SIGNAL.to_ne_bytes().to_vec().into());
    let args = [RawArg::Number(libc::SIG_BLOCK.into()), set, RawArg::Number(0), RawArg::Number(8)];
    raw("rt_sigprocmask", libc::SYS_rt_sigprocmask, &args)
}

/// RLIMIT_SIGPENDING of the creator binds the signals that are queued in the namespace.
/// Source: getrlimit(2), RLIMIT_SIGPENDING; kernel d64696905554 (5.14), inc_rlimit_get_ucounts().
#[rstest]
#[case::none(61_501, 0, UNSHARE, [EAGAIN, EAGAIN])]
#[case::one(61_502, 1, UNSHARE, [OK, EAGAIN])]
#[case::two(61_503, 2, UNSHARE, [OK, OK])]
#[case::without_a_namespace(61_504, 0, Action::Unshare(0), [OK, OK])]
#[harness::test(
    Root,
    Userns,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn the_signal_limit_of_the_creator_binds_its_namespace_alone(
    #[case] id: u32,
    #[case] most: u64,
    #[case] create: Action,
    #[case] expected: [Answer; 2],
) {
    let limit = |name, most| soft(name, libc::RLIMIT_SIGPENDING, most, 60);
    let ns = root().outside(&user(id)).outside(&[limit("few signals", most), create]);

    let queue = [block_signal(), queue_signal(), queue_signal()];
    let trace = ns.outside(&[limit("many signals", 50)]).outside(&queue).play();

    check!(trace, last = expected);
}

/// RLIMIT_MSGQUEUE of the creator binds the message queues that are made in the namespace.
/// Source: getrlimit(2), RLIMIT_MSGQUEUE; mq_open(3), EMFILE; kernel 6e52a9f0532f (5.14), mqueue_get_inode().
#[rstest]
#[case::none(61_511, 0, EMFILE)]
#[case::enough(61_512, 4096, OK)]
#[harness::test(
    Root,
    Userns,
    Config("CONFIG_POSIX_MQUEUE"),
    Config("CONFIG_IPC_NS"),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn the_message_queue_limit_of_the_creator_binds_its_namespace(
    #[case] id: u32,
    #[case] most: u64,
    #[case] expected: Answer,
) {
    let limit = |name, most| soft(name, libc::RLIMIT_MSGQUEUE, most, 4096);
    let attributes: Vec<u8> =
        [0_i64, 1, 1, 0, 0, 0, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let flags = RawArg::Number((libc::O_CREAT | libc::O_RDWR).into());
    let name = RawArg::Bytes(b"queue\0".as_slice().into());
    let args = vec![name, flags, RawArg::Number(0o600), RawArg::Bytes(attributes.into())];
    let ns = root().privileged(&[]).outside(&user(id)).outside(&[limit("few bytes", most)]);
    // The queue is a file, which has to have an owner.
    let created = ns
        .outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWIPC)])
        .privileged(&maps_of(Actor::Outside, "0 0 65536"));

    let open = syscall_for_fd("mq_open", libc::SYS_mq_open, args);
    let trace = created.outside(&[limit("many bytes", 4096), open]).play();

    check!(trace, last = expected);
}

/// RLIMIT_MEMLOCK of the creator binds the shared memory that is locked in the namespace.
/// Source: getrlimit(2), RLIMIT_MEMLOCK; shmctl(2), SHM_LOCK; kernel d7c9e99aee48 (5.14), user_shm_lock().
#[rstest]
#[case::none(61_521, 0, ENOMEM)]
#[case::enough(61_522, 65_536, OK)]
#[harness::test(
    Root,
    Userns,
    Config("CONFIG_SYSVIPC"),
    Config("CONFIG_IPC_NS"),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn the_locked_memory_limit_of_the_creator_binds_its_namespace(
    #[case] id: u32,
    #[case] most: u64,
    #[case] expected: Answer,
) {
    let limit = |name, most| soft(name, libc::RLIMIT_MEMLOCK, most, 65_536);
    let create = Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWIPC);
    let private = vec![RawArg::Number(0), RawArg::Number(1), RawArg::Number(0o1600)];
    let lock = [RawArg::Held, RawArg::Number(libc::SHM_LOCK.into()), RawArg::Number(0)];
    let ns = root().outside(&user(id)).outside(&[limit("few bytes", most), create]);

    let made =
        ns.outside(&[limit("many bytes", 65_536), syscall_for_fd("shmget", libc::SYS_shmget, private)]);
    let trace = made.outside(&[raw("shmctl SHM_LOCK", libc::SYS_shmctl, &lock)]).play();

    check!(trace, last = expected);
}

/// A process that joins the namespace is bound by its creator's limit of processes. It counts against that limit.
/// Source: kernel userns_install(): set_cred_ucounts().
#[rstest]
#[case::two(61_531, 2, EAGAIN)]
#[case::three(61_532, 3, OK)]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn a_process_that_joins_counts_against_the_creators_limit(
    #[case] id: u32,
    #[case] most: u64,
    #[case] expected: Answer,
) {
    let ns = root().outside(&user(id)).outside(&[few(most)]).inside(&[]);
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

    let trace = ns.outside(&[many(), A_CHILD, join, A_CHILD]).play();

    check!(trace, last = [OK, OK, OK, expected]);
}

/// A namespace takes no limit of processes from root of the initial namespace, which is root by its real uid.
/// Source: kernel enforced_nproc_rlimit(): current_uid().
#[rstest]
#[case::real_uid_0(&[set_id(SetId::Setresuid, &[0, 61_541, 61_541])], OK)]
#[case::effective_uid_0(&[set_id(SetId::Setresuid, &[61_542, 0, 0])], EAGAIN)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn only_the_real_uid_0_of_a_creator_lifts_the_process_limit(
    #[case] ids: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().privileged(&[]).outside(&[few(1)]).outside(ids).inside(&[many()]).privileged(&MAPS);

    let trace = ns.inside(&user(61_543)).inside(&[A_CHILD]).play();

    check!(trace, last = expected);
}

/// Root that creates a namespace from a namespace below is bound by its limit of processes, as other users are.
/// Source: kernel enforced_nproc_rlimit(): current_user_ns().
#[rstest]
#[case::few(1, EAGAIN)]
#[case::enough(20, OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Change(&LIMITS_OF_CREATOR),
    pins("limit.rlimits-of-creator")
)]
fn root_in_a_namespace_below_passes_its_process_limit_on(#[case] most: u64, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[few(most)]).outside(&MAPS).nested(&[many()]);
    let maps = maps_of(Actor::Nested, "0 0 65536");

    let trace = ns.inside(&maps).nested(&user(61_551)).nested(&[A_CHILD]).play();

    check!(trace, last = expected);
}

const ALL_BUT_THESE: Action = drop_caps(&[Cap::SysAdmin, Cap::SysResource]);

/// Beyond RLIMIT_NPROC a process has a child if its real uid is root of the initial namespace, or if it has
/// CAP_SYS_ADMIN or CAP_SYS_RESOURCE in that namespace. Capabilities in a namespace below do not count.
/// Source: clone(2), EAGAIN; kernel copy_process(): INIT_USER, capable().
#[rstest]
#[case::root_without_any(&[only_caps(&[])], OK)]
#[case::real_uid_0(&[set_id(SetId::Setresuid, &[0, 61_561, 61_561])], OK)]
#[case::effective_uid_0_without_any(&[set_id(SetId::Setresuid, &[61_562, 0, 0]), only_caps(&[])], EAGAIN)]
#[case::a_user_with_sys_admin(&[NO_FIXUP, setresuid(61_563), only_caps(&[Cap::SysAdmin])], OK)]
#[case::a_user_with_all_but_these(&[NO_FIXUP, setresuid(61_564), ALL_BUT_THESE], EAGAIN)]
#[case::a_user_with_all_below(&[setresuid(61_565), UNSHARE], EAGAIN)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("limit.processes")
)]
fn the_process_limit_binds_all_but_initial_root_and_sys_admin(
    #[case] before: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&[few(0)]).outside(before);

    let trace = ns.outside(&[A_CHILD]).play();

    // Whether root has CAP_SYS_RESOURCE differs from host to host, and a snapshot of the state would show it.
    compare(&trace, &expected, || ());
}

/// CAP_SYS_RESOURCE alone is enough for a child beyond RLIMIT_NPROC, as CAP_SYS_ADMIN is.
/// Source: clone(2), EAGAIN; kernel copy_process(): capable(CAP_SYS_RESOURCE).
#[harness::test(
    Root,
    InitialUserns,
    Capability(Cap::SysResource),
    Capability(Cap::Setpcap),
    pins("limit.processes")
)]
fn the_process_limit_does_not_bind_sys_resource() {
    let user = [NO_FIXUP, setresuid(61_566), only_caps(&[Cap::SysResource])];
    let ns = root().outside(&[few(0)]).outside(&user);

    let trace = ns.outside(&[A_CHILD]).play();

    // A snapshot of the state would show the capabilities of the host's root.
    compare(&trace, &OK, || ());
}
