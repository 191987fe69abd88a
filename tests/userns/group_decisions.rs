//! What membership of a group decides for files: by the mode, for a member that enters a namespace, leaves the group and
//! comes back, and by access control lists.

use crate::support::group_files::{FILE, ME, OPEN, file, memberships, namespace};
use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Opens the file.
fn try_to(access: Access) -> Action {
    Action::OpenFile("the file", OPEN.into(), access)
}

/// Opens the file for reading and for writing, in two steps.
fn try_both() -> [Action; 2] {
    [Access::Read, Access::Write].map(try_to)
}

/// "rw", "r-", "-w" or "--". An outcome other than ok and EACCES is shown as it is.
fn letters(outcomes: &[String]) -> String {
    let letter = |(outcome, letter): (&String, &'static str)| match outcome.as_str() {
        "ok" => letter.to_owned(),
        "EACCES" => "-".to_owned(),
        other => other.to_owned(),
    };
    outcomes.iter().zip(["r", "w"]).map(letter).collect()
}

/// A member gets the bits of the group where others have more or less, also in a new namespace, and whether the group is
/// mapped there or not. Under "deny" it stays a member. Under "allow" it can leave, and come back only if the group is
/// mapped. A row has what the member may do to a file of this mode: outside, in the new namespace, after the maps, after
/// it left and after it came back, with the outcomes of the two setgroups(2).
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
fn a_member_has_the_bits_of_the_group_until_it_leaves(#[case] word: Action, #[case] gids: &'static str) {
    let user = [setgroups(&[7]), setresgid(ME), setresuid(ME), DUMPABLE];
    let maps = [(IdFile::UidMap, "0 1000 1"), (IdFile::GidMap, gids)];
    let maps = maps.map(|(file, words)| write_of(Actor::Nested, file, words));

    let mut table = "mode  outside  new  mapped  left      back\n".to_owned();
    for mode in [0o070, 0o707, 0o607, 0o670, 0o770, 0o007, 0o046, 0o264] {
        let ns = namespace().second(&[]).inside(&file(2, 7, mode)).inside(&user).inside(&try_both());
        let new = ns.nested(&try_both()).nested(std::slice::from_ref(&word));
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

/// POSIX_ACL_XATTR_VERSION of linux/posix_acl_xattr.h.
const VERSION: u32 = 2;
/// The tags of the entries of a list, of linux/posix_acl.h: ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_GROUP, ACL_MASK and
/// ACL_OTHER.
const OWNER: u16 = 1;
const OWN_GROUP: u16 = 4;
const GROUP: u16 = 8;
const MASK: u16 = 16;
const OTHERS: u16 = 32;
/// The bytes of a list: the version, and five entries.
const SIZE: i64 = 4 + 5 * 8;
/// The permissions of an entry.
const NONE: u16 = 0;
const READ: u16 = 4;
const READ_AND_WRITE: u16 = 6;

/// An access control list: the owner, the file's group, group 7, what groups get at most (all), and others. An entry
/// that names no user and no group has the id -1.
fn access_list(own_group: u16, seven: u16, others: u16) -> Action {
    let entries = [
        (OWNER, READ_AND_WRITE, SAME),
        (OWN_GROUP, own_group, SAME),
        (GROUP, seven, 7),
        (MASK, READ_AND_WRITE, SAME),
        (OTHERS, others, SAME),
    ];
    let entry = |(tag, permission, id): (u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &permission.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let value = [VERSION.to_le_bytes().to_vec(), entries.map(entry).concat()].concat();
    let size = RawArg::Number(SIZE);
    let texts = [FILE, b"system.posix_acl_access\0"].map(|text| RawArg::Bytes(Cow::Borrowed(text)));
    let args = [&texts[..], &[RawArg::Bytes(Cow::Owned(value)), size, RawArg::Number(0)]].concat();
    syscall("setxattr", libc::SYS_setxattr, args)
}

/// An access control list that names a group decides for the members of that group, which are those by the filesystem
/// gid or a supplementary group. Where the list denies, the permission of others does not help. A column has a list: its
/// file is of group 9, or in the last column of group 7.
/// Source: acl(5), "Access check algorithm"; kernel posix_acl_permission(): in_group_p().
#[harness::test(Root, Userns, Config("CONFIG_TMPFS_POSIX_ACL"), pins("member.access-list"))]
fn an_access_list_decides_for_the_members_of_its_group() {
    // Each with the group of the file.
    let lists = [
        ("denies 7", 9, access_list(NONE, NONE, READ)),
        ("grants 7", 9, access_list(NONE, READ, NONE)),
        ("7 twice", 7, access_list(NONE, READ, READ)),
    ];

    let heading: String = lists.iter().map(|(name, ..)| format!("{name:12} ")).collect();
    let mut table = format!("{:25} {}\n", "", heading.trim_end());
    for (name, steps) in memberships() {
        let cells = lists.each_ref().map(|(_, group, list)| {
            let ns = namespace().inside(&file(ME, *group, 0o644)).inside(std::slice::from_ref(list));
            let ready = ns.inside(&[SETGROUPS_EMPTY, setresgid(1)]).inside(&steps);
            let trace = ready.inside(&[only_caps(&[])]).inside(&[try_to(Access::Read)]).play();
            format!("{:12}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:25} {}", cells.join(" ").trim_end());
    }

    check!(table, @r"
                              denies 7     grants 7     7 twice
    no id                     ok           EACCES       ok
    real gid                  ok           EACCES       ok
    effective gid             EACCES       ok           ok
    effective but not fs gid  ok           EACCES       ok
    saved gid                 ok           EACCES       ok
    fs gid                    EACCES       ok           ok
    supplementary group       EACCES       ok           ok
    supplementary, given up   ok           EACCES       ok
    ");
}
