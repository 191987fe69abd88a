//! Which groups count for files: for permissions and for the set-group-ID bit.

use crate::support::group_files::{ME, OPEN, chmod, file, look_at, memberships, namespace};
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

/// The filesystem gid and the supplementary groups decide. The effective gid counts only because it sets the filesystem
/// gid. The real and the saved one never count. A member gets the group's bits even where others have more. A column has
/// the mode of the file.
/// Source: path_resolution(7), credentials(7); kernel in_group_p(), acl_permission_check().
#[harness::test(Root, Userns, pins("member.which-ids"))]
fn filesystem_gid_and_supplementary_groups_count_for_files() {
    let mut table = "                          0070    0707    0770    0040    0004\n".to_owned();
    for (name, steps) in memberships() {
        let modes = [0o070, 0o707, 0o770, 0o040, 0o004];
        let cells = modes.map(|mode| {
            let ns = namespace().inside(&file(ME, 7, mode)).inside(&[SETGROUPS_EMPTY, setresgid(1)]);
            let trace = ns.inside(&steps).inside(&[only_caps(&[]), look_at()]).play();
            format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:25} {}", cells.join(" ").trim_end());
    }

    check!(table, @r"
                              0070    0707    0770    0040    0004
    no id                     EACCES  ok      EACCES  EACCES  ok
    real gid                  EACCES  ok      EACCES  EACCES  ok
    effective gid             ok      EACCES  ok      ok      EACCES
    effective but not fs gid  EACCES  ok      EACCES  EACCES  ok
    saved gid                 EACCES  ok      EACCES  EACCES  ok
    fs gid                    ok      EACCES  ok      ok      EACCES
    supplementary group       ok      EACCES  ok      ok      EACCES
    supplementary, given up   EACCES  ok      EACCES  EACCES  ok
    ");
}

/// A group that has no mapping grants and denies as before. Under "deny" a process cannot leave such a group. Under
/// "allow" it can, as soon as a privileged process has written gid_map.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file"; CVE-2014-8989; kernel in_group_p().
#[rstest]
#[case::denies_and_stays(0o707, DENY, EACCES, EPERM, EACCES)]
#[case::denies_until_given_up(0o707, ALLOW, EACCES, OK, OK)]
#[case::grants(0o070, DENY, OK, EPERM, OK)]
#[case::grants_until_given_up(0o070, ALLOW, OK, OK, EACCES)]
#[harness::test(
    Root,
    Userns,
    pins("member.denied", "cve.2014-8989", "groups.denied", "groups.needs-gid-map")
)]
fn an_unmapped_group_decides_until_the_member_leaves_it(
    #[case] mode: u32,
    #[case] word: Action,
    #[case] as_a_member: Answer,
    #[case] leaving: Answer,
    #[case] afterwards: Answer,
) {
    let user = [setgroups(&[7]), setresgid(ME), setresuid(ME), DUMPABLE];
    let maps = [(IdFile::UidMap, "0 1000 1"), (IdFile::GidMap, "0 1000 1")];
    let ns = namespace().second(&[]).inside(&file(2, 7, mode)).inside(&user).inside(&[look_at()]);

    let created = ns.nested(&[look_at(), word, SETGROUPS_EMPTY]);
    let mapped = created.second(&maps.map(|(file, words)| write_of(Actor::Nested, file, words)));
    let trace = mapped.nested(&[look_at(), SETGROUPS_EMPTY, look_at()]).play();

    check!(trace, last = [as_a_member, as_a_member, OK, EPERM, OK, OK, as_a_member, leaving, afterwards]);
}

/// chmod(2) drops the set-group-ID bit of a file whose group is none of its owner's, unless the owner has CAP_FSETID over
/// that group. In a namespace below it has that only if the group is mapped.
/// Source: chmod(2); CVE-2014-4014; kernel 23adbe12ef7d, capable_wrt_inode_uidgid().
#[rstest]
#[case::group_unmapped("0 1000 1", &[], &[], "755")]
#[case::group_mapped("0 1000 1\n50 50 1", &[], &[], "2755")]
#[case::group_mapped_without_fsetid("0 1000 1\n50 50 1", &[], &[drop_caps(&[Cap::Fsetid])], "755")]
#[case::member_of_an_unmapped_group("0 1000 1", &[50], &[], "2755")]
#[harness::test(Root, Userns, Program("stat"), pins("cve.2014-4014"))]
fn chmod_drops_the_set_group_id_bit_of_a_foreign_group_without_fsetid(
    #[case] gids: &'static str,
    #[case] groups: &'static [u32],
    #[case] steps: &[Action],
    #[case] mode: &str,
) {
    let user = [setgroups(groups), setresgid(ME), setresuid(ME), DUMPABLE];
    let ns = namespace().second(&[]).inside(&file(ME, 50, 0o755)).inside(&user).nested(&[]);
    let mapped = ns.second(&[
        write_of(Actor::Nested, IdFile::UidMap, "0 1000 1"),
        write_of(Actor::Nested, IdFile::GidMap, gids),
    ]);

    let trace =
        mapped.nested(steps).nested(&[chmod("chmod 2755", 0o2755), run(&["stat", "-c", "%a", OPEN])]).play();

    check!(trace);
    assert_eq!(trace.last_shown(1), [format!("exit 0\nstdout: {mode}")], "{trace}");
}
