//! Which groups count for files: permission, chown to one of one's own groups, the set-group-ID bit.
//!
//! Files lie in a tmpfs that the process mounts in a mount namespace of its own.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

const FILE: &[u8] = b"/tmp/file\0";
const OPEN: &str = "/tmp/file";
const ME: u32 = 1000;
const SAME: u32 = u32::MAX;

fn raw(name: &'static str, number: i64, args: &[i64]) -> Action {
    let path = [RawArg::Number(libc::AT_FDCWD.into()), RawArg::Bytes(Cow::Borrowed(FILE))];
    let args = path.into_iter().chain(args.iter().map(|arg| RawArg::Number(*arg)));
    Action::Raw(name, number, args.collect())
}

/// A file of this owner and group with this mode.
fn file(owner: u32, group: u32, mode: u32) -> [Action; 6] {
    let text = |bytes: &'static [u8]| RawArg::Bytes(Cow::Borrowed(bytes));
    let mount = vec![text(b"none\0"), text(b"/tmp\0"), text(b"tmpfs\0"), RawArg::Number(0), text(b"\0")];
    [
        Action::Unshare(libc::CLONE_NEWNS),
        Action::Raw("mount tmpfs", libc::SYS_mount, mount),
        raw("mknod", libc::SYS_mknodat, &[libc::S_IFREG.into(), 0]),
        chown(owner, group),
        chmod("chmod", mode),
        look_at(),
    ]
}

fn chown(owner: u32, group: u32) -> Action {
    raw("chown", libc::SYS_fchownat, &[owner.into(), group.into(), 0])
}

fn chmod(name: &'static str, mode: u32) -> Action {
    raw(name, libc::SYS_fchmodat, &[mode.into()])
}

fn look_at() -> Action {
    Action::OpenFile("the file", OPEN.into(), Access::Read)
}

/// A namespace of root's with the ids 0 to 65535.
fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")])
}

/// A dot for each group that the owner of the file cannot give it to, the group for the others.
fn searched(groups: Action, probes: &[u32]) -> String {
    let become_owner = [setresgid(0), groups, only_caps(&[])];
    let steps: Vec<Action> = probes.iter().map(|group| chown(SAME, *group)).collect();
    let cast = namespace().inside(&file(0, 0, 0o600)).inside(&become_owner).inside(&steps);
    let trace = cast.play();
    let outcomes = &trace.outcomes[trace.outcomes.len() - probes.len()..];
    let shown = outcomes.iter().zip(probes).map(|(outcome, group)| match outcome {
        Outcome::Done => group.to_string(),
        Outcome::Failed { errno, .. } => format!("{errno:?}").replace("EPERM", "."),
        other => format!("{other:?}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// A group is found wherever it is in the list, and no other is: before the first, after the last and
/// between any two, in lists of 0 to 9, of 33 and of 16000 groups.
/// Source: chown(2); kernel groups_search(), in_group_p() in chgrp_ok().
#[harness::test(Root, Userns)]
fn every_place_in_the_list() {
    let groups = |count: u32| Groups::Sequence { first: 10, step: 10, size: count.into() };
    let near = |count: u32| (1..=2 * count + 2).map(|half| half * 5).collect::<Vec<_>>();

    let mut table = String::new();
    for count in (0..10).chain([33]) {
        let row = searched(Action::Setgroups(groups(count), Via::Raw), &near(count));
        let _ = writeln!(table, "{count:5}: {row}");
    }
    let many = Groups::Sequence { first: 10, step: 2, size: 16_000 };
    let probes = [1, 9, 10, 11, 12, 16_007, 16_008, 16_009, 16_010, 32_007, 32_008, 32_009, 32_010, 65_535];
    let _ = writeln!(table, "16000: {}", searched(Action::Setgroups(many, Via::Raw), &probes));

    check!(table);
}

/// The filesystem gid and the supplementary groups decide, the effective gid only as it sets the former,
/// the real and saved one never. A member gets the group's bits even where others have more.
/// Source: path_resolution(7), credentials(7); kernel in_group_p(), acl_permission_check().
#[harness::test(Root, Userns)]
fn which_ids_count() {
    let cases: [(&str, Vec<Action>); 8] = [
        ("no id", vec![]),
        ("real gid", vec![set_id(SetId::Setresgid, &[7, SAME, SAME])]),
        ("effective gid", vec![set_id(SetId::Setresgid, &[SAME, 7, SAME])]),
        (
            "effective but not fs gid",
            vec![set_id(SetId::Setresgid, &[SAME, 7, SAME]), set_id(SetId::Setfsgid, &[3])],
        ),
        ("saved gid", vec![set_id(SetId::Setresgid, &[SAME, SAME, 7])]),
        ("fs gid", vec![set_id(SetId::Setfsgid, &[7])]),
        ("supplementary group", vec![setgroups(&[6, 7, 8])]),
        ("supplementary, given up", vec![setgroups(&[6, 7, 8]), setgroups(&[6, 8])]),
    ];

    let mut table = "                          0070    0707    0770    0040    0004\n".to_owned();
    for (name, steps) in cases {
        let modes = [0o070, 0o707, 0o770, 0o040, 0o004];
        let cells = modes.map(|mode| {
            let cast = namespace().inside(&file(ME, 7, mode)).inside(&[SETGROUPS_EMPTY, setresgid(1)]);
            let trace = cast.inside(&steps).inside(&[only_caps(&[]), look_at()]).play();
            format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:25} {}", cells.join(" ").trim_end());
    }

    check!(table);
}

/// Groups that have no mapping go on granting and denying. An ordinary user cannot get rid of one that
/// denies, since it needs "deny" for its map; whom a privileged parent has mapped can.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file"; CVE-2014-8989; kernel in_group_p().
#[rstest]
#[case::denies_and_stays(0o707, DENY)]
#[case::denies_until_given_up(0o707, ALLOW)]
#[case::grants(0o070, DENY)]
#[case::grants_until_given_up(0o070, ALLOW)]
#[harness::test(Root, Userns)]
fn in_a_namespace_below(#[case] mode: u32, #[case] word: Action) {
    let user = [setgroups(&[7]), setresgid(ME), setresuid(ME), DUMPABLE];
    let maps = [(IdFile::UidMap, "0 1000 1"), (IdFile::GidMap, "0 1000 1")];
    let cast = namespace().second(&[]).inside(&file(2, 7, mode)).inside(&user).inside(&[look_at()]);

    let created = cast.nested(&[look_at(), word, SETGROUPS_EMPTY]);
    let mapped = created.second(&maps.map(|(file, words)| write_of(Actor::Nested, file, words)));
    let trace = mapped.nested(&[look_at(), SETGROUPS_EMPTY, look_at()]).play();

    check!(trace);
}

/// chmod drops the set-group-ID bit of a file whose group is not one of the owner's, unless the owner
/// has CAP_FSETID over that group, which in a namespace below it has only if the group is mapped.
/// Source: chmod(2); CVE-2014-4014; kernel 23adbe12ef7d, capable_wrt_inode_uidgid().
#[rstest]
#[case::group_unmapped("0 1000 1", &[], &[])]
#[case::group_mapped("0 1000 1\n50 50 1", &[], &[])]
#[case::group_mapped_without_fsetid("0 1000 1\n50 50 1", &[], &[drop_caps(&[Cap::Fsetid])])]
#[case::member_of_an_unmapped_group("0 1000 1", &[50], &[])]
#[harness::test(Root, Userns, Program("stat"))]
fn set_group_id_bit(#[case] gids: &'static str, #[case] groups: &'static [u32], #[case] steps: &[Action]) {
    let user = [setgroups(groups), setresgid(ME), setresuid(ME), DUMPABLE];
    let cast = namespace().second(&[]).inside(&file(ME, 50, 0o755)).inside(&user).nested(&[]);
    let mapped = cast.second(&[
        write_of(Actor::Nested, IdFile::UidMap, "0 1000 1"),
        write_of(Actor::Nested, IdFile::GidMap, gids),
    ]);

    let trace =
        mapped.nested(steps).nested(&[chmod("chmod 2755", 0o2755), run(&["stat", "-c", "%a", OPEN])]).play();

    check!(trace);
}
