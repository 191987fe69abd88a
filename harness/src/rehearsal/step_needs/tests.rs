//! What single steps need of invented hosts.

use super::*;
use crate::facts;
use crate::prelude::*;

#[test]
fn namespaces_are_counted_along_the_line_of_parents() {
    let scenario = caller().outside(&[UNSHARE]).inside(&[UNSHARE, UNSHARE]).nested(&[]);

    assert_eq!(depth(&scenario), 5);
    assert_eq!(depth(&caller().inside(&vec![UNSHARE; 40])), 33);
    assert_eq!(depth(&root().outside(&[SETGROUPS_EMPTY])), 0);
}

#[test]
fn a_program_that_is_not_here_is_named() {
    let scenario = root().outside(&[run(&["no-such-program", "x"])]);

    let reason = unmet(&scenario, facts()).expect("there is none");

    let expected =
        "needs the program no-such-program: not in the standard PATH (outside: run no-such-program x)";
    assert_eq!(reason, expected);
    assert_eq!(unmet(&root().outside(&[run(&["/tmp/made-by-the-scenario"])]), facts()), None);
}

#[test]
fn a_program_that_another_one_runs_is_named_as_well() {
    let mut host = facts().clone();
    host.lookups.program = |name| (name != "id").then(|| crate::host::Program::find("sh"))?;

    let reason = unmet(&root().outside(&[run(&["sh", "-c", "cat /etc/passwd; id -u"])]), &host);

    let expected = "needs the program id: not in the standard PATH (";
    assert!(reason.is_some_and(|reason| reason.starts_with(expected)));
    assert_eq!(unmet(&root().outside(&[run(&["sh", "-c", "cat /etc/passwd"])]), &host), None);
}

#[test]
fn a_limit_of_another_kind_of_namespace_is_named_for_that_kind_alone() {
    let mut host = facts().clone();
    host.policy.max_other_namespaces.insert("mnt", Fact::Known(0));
    let unshare = |flags| root().outside(&[Action::Unshare(flags)]);

    let reason = unmet(&unshare(libc::CLONE_NEWNS), &host).expect("there may be none");

    assert!(reason.starts_with("needs namespaces: user.max_mnt_namespaces is 0 ("), "{reason}");
    assert_eq!(unmet(&unshare(libc::CLONE_NEWUTS), &host), None);
}

#[test]
fn a_program_needs_the_null_device() {
    let mut host = facts().clone();
    host.places.dev_null.0 = Err("/dev/null: ENOENT".to_owned());

    let reason = unmet(&root().outside(&[run(&["/tmp/x"])]), &host).expect("there is none");

    assert!(reason.starts_with("needs /dev/null: /dev/null: ENOENT ("), "{reason}");
}

#[test]
fn a_program_that_keeps_capabilities_needs_the_bit_unlocked() {
    let mut host = facts().clone();
    host.process.securebits = Fact::Known(0x20);
    let run = |program: &str| root().outside(&[run(&["sh", "-c", &format!("{program} --reuid=5 id")])]);

    let reason = unmet(&run("setpriv"), &host).expect("it is locked");

    assert!(reason.starts_with("needs PR_SET_KEEPCAPS for the program setpriv: the securebits are 0x20 ("));
    assert_eq!(unmet(&run("runuser"), &host), None);
}

#[test]
fn a_part_of_proc_that_is_read_only_is_named_for_writers_alone() {
    let mut host = facts().clone();
    host.lookups.writable = |path| Err(format!("{path} is mounted read-only"));
    let open = |access| {
        root().outside(&[Action::OpenFile("x", "/proc/sys/user/max_user_namespaces".into(), access)])
    };

    let reason = unmet(&open(Access::Write), &host).expect("it is read-only");

    assert!(reason.starts_with("needs /proc/sys/user/max_user_namespaces: "), "{reason}");
    assert_eq!(unmet(&open(Access::Read), &host), None);
}

#[test]
fn more_groups_than_an_actor_reports_are_too_many_for_who_keeps_them() {
    let mut host = facts().clone();
    host.process.groups = Fact::Known(vec![5; MOST_GROUPS + 1]);

    let reason = unmet(&caller().outside(&[]), &host).expect("too many");

    assert!(reason.contains("supplementary groups: the caller has "), "{reason}");
    assert_eq!(unmet(&root().outside(&[]), &host), None);
}
