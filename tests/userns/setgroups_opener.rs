//! Who may open /proc/PID/setgroups, and what becomes of a descriptor in other hands: the right is asked
//! for when the file is opened, and the namespace is the one it was opened for.

use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const ALL_UIDS: Action = uid_map("0 0 65536");
const ALL_GIDS: Action = gid_map("0 0 65536");
const SYS_ADMIN_ALONE: Action = only_caps(&[Cap::SysAdmin]);
const ALL_BUT_SYS_ADMIN: Action = drop_caps(&[Cap::SysAdmin]);
const NO_CAPABILITY: Action = only_caps(&[]);
const ACCESSES: [Access; 3] = [Access::Read, Access::Write, Access::ReadWrite];

const PUT_DENY: Action = write_held(IdFile::Setgroups, "deny");
const PUT_ALLOW: Action = write_held(IdFile::Setgroups, "allow");

const fn opened(access: Access) -> Action {
    Action::Open { file: IdFile::Setgroups, of: Some(Actor::Inside), access }
}

const fn suspend() -> Action {
    Action::Capset(CapChange::Suspend(std::borrow::Cow::Borrowed(&[Cap::SysAdmin])))
}

/// A namespace of root's with the ids 0 to 65535, beside one like it.
fn of_root() -> Scenario {
    root().outside(&[]).inside(&[]).sibling(&[]).outside(&[ALL_UIDS, ALL_GIDS])
}

/// A namespace of an ordinary user's: root outside is not its owner.
fn of_a_user() -> Scenario {
    ordinary().privileged(&[]).outside(&[]).inside(&[])
}

/// Any process reads the file. To open it for writing takes CAP_SYS_ADMIN in the namespace, in one above it, or the uid of
/// the owner. A capability in a namespace beside or below it does not count. The file of another user takes
/// CAP_DAC_OVERRIDE as well, by its mode.
/// Source: kernel proc_setgroups_open(): ns_capable(); cap_capable(); user_namespaces(7), "Capabilities".
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::DacOverride),
    pins("open.setgroups-needs-sys-admin", "open.not-owner", "deny.from-above", "deny.read-back")
)]
fn setgroups_is_opened_for_writing_with_sys_admin_over_it() {
    let with_both = only_caps(&[Cap::SysAdmin, Cap::DacOverride]);
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };
    let openers: [(&str, Scenario, Actor, &[Action]); 18] = [
        ("in it, that capability alone", of_root(), Actor::Inside, &[SYS_ADMIN_ALONE]),
        ("in it, every other one", of_root(), Actor::Inside, &[ALL_BUT_SYS_ADMIN]),
        ("in it, permitted alone", of_root(), Actor::Inside, &[suspend()]),
        ("in it, second process", of_root(), Actor::Second, &[]),
        ("in it, second without", of_root(), Actor::Second, &[ALL_BUT_SYS_ADMIN]),
        ("beside it", of_root(), Actor::Sibling, &[]),
        ("below it", of_root(), Actor::Nested, &[]),
        ("two below it", nested_mapped(of_root()), Actor::Deepest, &[]),
        ("owner, that capability alone", of_root(), Actor::Outside, &[SYS_ADMIN_ALONE]),
        ("owner, every other one", of_root(), Actor::Outside, &[ALL_BUT_SYS_ADMIN]),
        ("owner, no capability", of_root(), Actor::Outside, &[NO_CAPABILITY]),
        ("user who owns it", of_a_user(), Actor::Outside, &[]),
        ("root above, everything", of_a_user(), Actor::Privileged, &[]),
        ("root above, not owner, without", of_a_user(), Actor::Privileged, &[ALL_BUT_SYS_ADMIN]),
        ("root above, that one alone", of_a_user(), Actor::Privileged, &[SYS_ADMIN_ALONE]),
        ("root above, and DAC_OVERRIDE", of_a_user(), Actor::Privileged, &[with_both]),
        ("has joined it", of_root(), Actor::Outside, &[NO_CAPABILITY, join.clone()]),
        ("has joined and dropped it", of_root(), Actor::Outside, &[join, ALL_BUT_SYS_ADMIN]),
    ];

    let mut table = format!("{:32} reading       writing       both\n", "");
    for (name, ns, opener, before) in openers {
        let cells = ACCESSES.map(|access| {
            let trace = ns.clone().by(opener, before).by(opener, &[opened(access)]).play();
            format!("{:13}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:32} {}", cells.join(" ").trim_end());
    }

    check!(table);
}

/// With a namespace below, in which ids are mapped, so that a third can be made.
fn nested_mapped(ns: Scenario) -> Scenario {
    let map = |file| write_of(Actor::Nested, file, "0 0 100");
    ns.nested(&[]).inside(&[map(IdFile::UidMap), map(IdFile::GidMap)])
}

/// CAP_SYS_ADMIN two namespaces above opens the file for writing, and every other capability there does not.
/// Source: kernel cap_capable(), which goes up to the namespace of the opener.
#[rstest]
#[case::that_capability(only_caps(&[Cap::SysAdmin, Cap::DacOverride]), OK)]
#[case::every_other(ALL_BUT_SYS_ADMIN, EACCES.at("open"))]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::DacOverride),
    pins("open.setgroups-needs-sys-admin", "deny.from-above")
)]
fn sys_admin_in_the_grandparent_opens_setgroups(#[case] privilege: Action, #[case] expected: Answer) {
    // An owner would need no capability: the namespaces are an ordinary user's.
    let ns = of_a_user().privileged(&[ALL_UIDS, ALL_GIDS]).nested(&[]).privileged(&[privilege]);

    let trace = ns.privileged(&[write_of(Actor::Nested, IdFile::Setgroups, "deny")]).play();

    check!(trace, last = expected);
}

/// A process that has opened the file may drop CAP_SYS_ADMIN, or pass the file to a process that never had it. The write
/// of "deny" asks for no capability. "allow" is then refused inside, by open(2) where CAP_SYS_ADMIN is gone, and the
/// sibling's own file is not denied.
/// Source: kernel proc_setgroups_write(): no capability is asked for.
#[rstest]
#[case::dropped_by_the_opener(Actor::Inside, &[ALL_BUT_SYS_ADMIN], [OK, EACCES.at("open"), OK])]
#[case::all_dropped_by_the_opener(Actor::Inside, &[NO_CAPABILITY], [OK, EACCES.at("open"), OK])]
#[case::beside(Actor::Sibling, &[NO_CAPABILITY], [OK, EPERM, EACCES.at("open")])]
#[case::outside(Actor::Outside, &[NO_CAPABILITY], [OK, EPERM, OK])]
#[case::another_user_outside(Actor::Outside, &[setresgid(1000), setresuid(1000)], [OK, EPERM, OK])]
#[harness::test(Root, Userns, pins("deny.opener"))]
fn the_writer_of_setgroups_needs_no_capability(
    #[case] writer: Actor,
    #[case] before: &[Action],
    #[case] expected: [Answer; 3],
) {
    let ns = root().outside(&[]).inside(&[]).sibling(&[]).inside(&[opened(Access::Write)]);

    let given = ns.by(Actor::Inside, &[Action::PassFd(writer)]).by(writer, before);
    let trace = given.by(writer, &[PUT_DENY]).inside(&[ALLOW]).sibling(&[ALLOW]).play();

    check!(trace, last = expected);
}

/// The word is compared with the state of the namespace of the file. The state of the writer's namespace does not matter:
/// "deny" or gid_map may be written there.
/// Source: kernel proc_setgroups_write(): seq->private.
#[rstest]
#[case::writer_denied(&[write_of(Actor::Sibling, IdFile::Setgroups, "deny")], &[PUT_ALLOW], OK)]
#[case::file_denied(&[DENY], &[PUT_ALLOW], EPERM)]
#[case::writer_mapped(&[write_of(Actor::Sibling, IdFile::GidMap, "0 0 65536")], &[PUT_DENY], OK)]
#[case::file_mapped(&[ALL_GIDS], &[PUT_DENY], EPERM)]
#[harness::test(Root, Userns, pins("deny.opener", "deny.apart"))]
fn the_word_is_compared_in_the_namespace_of_the_file(
    #[case] before: &[Action],
    #[case] writes: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(&[]).sibling(&[]).outside(before);

    let trace = ns.inside(&[opened(Access::Write), Action::PassFd(Actor::Sibling)]).sibling(writes).play();

    check!(trace, last = expected);
}

/// A process that has created another namespace writes by the open file to the former one, where gid_map is written and
/// "deny" is refused. In its new namespace "deny" is accepted.
/// Source: kernel proc_setgroups_open(): the namespace of the process at that time.
#[harness::test(Root, Userns, pins("deny.opener", "deny.after-gid-map"))]
fn an_open_setgroups_is_that_of_the_former_namespace() {
    let ns = of_root().second(&[]).inside(&[opened(Access::Write)]);

    let moved = ns.inside(&[UNSHARE, PUT_DENY, DENY, PUT_ALLOW, ALLOW]);
    let trace = moved.second(&[read(IdFile::Setgroups)]).play();

    check!(trace, last = [OK, EPERM, OK, OK, EPERM, OK]);
}

/// A reader is shown the word of the namespace of the file, not of its own.
/// Source: kernel proc_setgroups_show(): seq->private.
#[rstest]
#[case::file_denied(&[DENY])]
#[case::reader_denied(&[write_of(Actor::Sibling, IdFile::Setgroups, "deny")])]
#[harness::test(Root, Userns, pins("deny.read-back", "deny.apart"))]
fn a_reader_is_shown_the_word_of_the_namespace_of_the_file(#[case] before: &[Action]) {
    let ns = root().outside(&[]).inside(&[]).sibling(&[]).outside(before);

    let theirs = ns.sibling(&[read_of(Actor::Inside, IdFile::Setgroups), read(IdFile::Setgroups)]);
    let trace = theirs.inside(&[read_of(Actor::Sibling, IdFile::Setgroups)]).play();

    check!(trace);
}

/// The file of a process that has ended cannot be opened, not even through a descriptor of it that is still open: ESRCH.
/// Source: kernel proc_setgroups_open(): ESRCH.
#[harness::test(
    Root,
    Userns,
    Program("sh"),
    Program("sleep"),
    Program("cat"),
    Program("sed"),
    pins("open.dead-process")
)]
fn setgroups_of_a_dead_process_cannot_be_opened() {
    let script = "sleep 20 & exec 3< /proc/$!/setgroups; cat /proc/self/fd/3
        kill $!; { wait $!; } 2> /dev/null; cat /proc/self/fd/3 2>&1 | sed 's/.*: //'";

    let trace = root().inside(&[DENY, run(&["sh", "-c", script])]).play();

    check!(trace, last = OK, @r#"
    inside  begins in a new user namespace                    ok
    inside  setgroups <- "deny"                               ok
    inside  run sh -c sleep 20 & exec 3< /proc/$!/setgroups; cat /proc/self/fd/3
            kill $!; { wait $!; } 2> /dev/null; cat /proc/self/fd/3 2>&1 | sed 's/.*: //'  exit 0
              stdout: deny
              stdout: No such process
    afterwards
    inside  uid_map ""  gid_map ""  setgroups deny
            uid overflow  gid overflow  groups [overflow]  caps all
    "#);
}
