//! New PID namespaces: how often a process makes one, and what is left when the first process of one has ended.

use harness::prelude::*;
use rstest::rstest;

const NEW_PIDS: Action = Action::Unshare(libc::CLONE_NEWPID);
/// A thread that stays.
const THREAD: Action = Action::CloneAndKeep(libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD);

/// unshare(2) makes the PID namespace of the next child. A process that has made one and is not in it makes no other.
/// Source: pid_namespaces(7); unshare(2), EINVAL; kernel create_pid_namespace(), copy_pid_ns().
#[rstest]
#[case::a_second_one(&[NEW_PIDS, NEW_PIDS], EINVAL)]
#[case::one_in_the_child(&[NEW_PIDS, Action::Child(Child::GoesOn(0)), NEW_PIDS], OK)]
#[case::one_alone(&[NEW_PIDS], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Config("CONFIG_PID_NS"), pins("create.one-pid-namespace"))]
fn a_process_makes_one_pid_namespace_for_its_children(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = ordinary().inside(&[]);

    let trace = ns.inside(steps).play();

    check!(trace, last = expected);
}

/// A thread is in the PID namespace of its process, so that a process whose children are in another has no further threads.
/// Source: clone(2), EINVAL; kernel copy_process(): CLONE_THREAD, pid_ns_for_children.
#[rstest]
#[case::a_thread(THREAD, EINVAL)]
#[case::a_process(Action::CloneAndKeep(0), OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Config("CONFIG_PID_NS"), pins("create.pid-and-threads"))]
fn a_process_with_a_new_pid_namespace_for_its_children_makes_no_thread(
    #[case] child: Action,
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(&[NEW_PIDS]);

    let trace = ns.inside(&[child]).play();

    check!(trace, last = expected);
}

/// When the first process of a PID namespace has ended, no other is made there. The errno is the one of no memory.
/// Source: pid_namespaces(7), "The namespace init process": ENOMEM; kernel alloc_pid(): PIDNS_ADDING.
#[rstest]
#[case::after_the_first(&[NEW_PIDS, Action::Clone(0)], ENOMEM)]
#[case::without_a_namespace(&[Action::Clone(0)], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Config("CONFIG_PID_NS"), pins("create.pid-first-gone"))]
fn a_pid_namespace_whose_first_process_has_ended_gets_no_other(
    #[case] steps: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(steps);

    let trace = ns.inside(&[Action::Clone(0)]).play();

    check!(trace, last = expected);
}
