//! What membership of a group decides of files: every mode for a member that enters a namespace, drops the
//! group and takes it again, and access control lists.

use crate::support::group_files::{FILE, ME, OPEN, file, memberships, namespace};
use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether the file can be opened for reading and for writing, in two steps.
fn try_both() -> [Action; 2] {
    [Access::Read, Access::Write].map(|access| Action::OpenFile("the file", OPEN.into(), access))
}

/// "rw", "r-", "-w" or "--"; whatever is neither granted nor EACCES is shown as it is.
fn letters(outcomes: &[String]) -> String {
    let letter = |(outcome, letter): (&String, &'static str)| match outcome.as_str() {
        "ok" => letter.to_owned(),
        "EACCES" => "-".to_owned(),
        other => other.to_owned(),
    };
    outcomes.iter().zip(["r", "w"]).map(letter).collect()
}

/// A member gets the bits of the group where others have more or less, and goes on so in a new namespace,
/// with the group mapped or not. Under "deny" it stays a member; under "allow" it can leave, and come back
/// only if the group is mapped.
/// Source: path_resolution(7); user_namespaces(7), "The /proc/pid/setgroups file"; CVE-2014-8989.
#[rstest]
#[case::denied(DENY, "0 1000 1")]
#[case::denied_and_mapped(DENY, "0 1000 1\n7 7 1")]
#[case::allowed(ALLOW, "0 1000 1")]
#[case::allowed_and_mapped(ALLOW, "0 1000 1\n7 7 1")]
#[harness::test(
    Root,
    Userns,
    pins("member.denied", "member.which-ids", "cve.2014-8989", "groups.denied", "groups.unmapped")
)]
fn modes(#[case] word: Action, #[case] gids: &'static str) {
    let user = [setgroups(&[7]), setresgid(ME), setresuid(ME), DUMPABLE];
    let maps = [(IdFile::UidMap, "0 1000 1"), (IdFile::GidMap, gids)];
    let maps = maps.map(|(file, words)| write_of(Actor::Nested, file, words));

    let mut table = "mode  outside  new  mapped  left      back\n".to_owned();
    for mode in [0o070, 0o707, 0o607, 0o670, 0o770, 0o007, 0o046, 0o264] {
        let cast = namespace().second(&[]).inside(&file(2, 7, mode)).inside(&user).inside(&try_both());
        let new = cast.nested(&try_both()).nested(std::slice::from_ref(&word));
        let mapped = new.second(&maps).nested(&try_both());
        let left = mapped.nested(&[SETGROUPS_EMPTY]).nested(&try_both());
        let trace = left.nested(&[setgroups(&[7])]).nested(&try_both()).play();

        let of = |wanted: fn(&Action) -> bool| {
            let all = trace.steps().zip(trace.outcomes_shown());
            all.filter(move |((step, _), _)| wanted(&step.action)).map(|(_, shown)| shown)
        };
        // The first time is when the file is made.
        let opened: Vec<String> = of(|action| matches!(action, Action::OpenFile(..))).skip(1).collect();
        let calls: Vec<String> = of(|action| matches!(action, Action::Setgroups(..))).skip(1).collect();
        let [outside, new, mapped, left, back] = [0, 2, 4, 6, 8].map(|at| letters(&opened[at..]));
        let (leave, come_back) = (&calls[0], &calls[1]);
        let _ = writeln!(
            table,
            "{mode:04o}  {outside:7}  {new:3}  {mapped:6}  {leave:6} {left}  {come_back:6} {back}"
        );
    }

    check!(table);
}

/// An access control list: the owner, the file's group, group 7, what groups get at most (all), and others;
/// 4 is the permission to read. An entry that names nobody has the id -1.
fn access_list(own_group: u16, seven: u16, others: u16) -> Action {
    let entries = [(1, 6, SAME), (4, own_group, SAME), (8, seven, 7), (16, 6, SAME), (32, others, SAME)];
    let entry = |(tag, permission, id): (u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &permission.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let value = [2_u32.to_le_bytes().to_vec(), entries.map(entry).concat()].concat();
    let size = RawArg::Number(44);
    let texts = [FILE, b"system.posix_acl_access\0"].map(|text| RawArg::Bytes(Cow::Borrowed(text)));
    let args = [&texts[..], &[RawArg::Bytes(Cow::Owned(value)), size, RawArg::Number(0)]].concat();
    syscall("setxattr", libc::SYS_setxattr, args)
}

/// A group that an access control list names decides for those that are members of it by their filesystem
/// gid or a supplementary group; where it denies, others' permission does not help.
/// Source: acl(5), "Access check algorithm"; kernel posix_acl_permission(): in_group_p().
#[harness::test(Root, Userns, Config("CONFIG_TMPFS_POSIX_ACL"), pins("member.access-list"))]
fn access_lists() {
    // Each with the group of the file.
    let lists = [
        ("denies 7", 9, access_list(0, 0, 4)),
        ("grants 7", 9, access_list(0, 4, 0)),
        ("7 twice", 7, access_list(0, 4, 4)),
    ];

    let heading: String = lists.iter().map(|(name, ..)| format!("{name:12} ")).collect();
    let mut table = format!("{:25} {}\n", "", heading.trim_end());
    for (name, steps) in memberships() {
        let cells = lists.each_ref().map(|(_, group, list)| {
            let cast = namespace().inside(&file(ME, *group, 0o644)).inside(std::slice::from_ref(list));
            let ready = cast.inside(&[SETGROUPS_EMPTY, setresgid(1)]).inside(&steps);
            let trace = ready.inside(&[only_caps(&[])]).inside(&try_both()[..1]).play();
            format!("{:12}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:25} {}", cells.join(" ").trim_end());
    }

    check!(table);
}
