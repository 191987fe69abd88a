//! Which groups count for files: permission, chown to one of one's own groups, the set-group-ID bit.

use crate::support::group_files::{ME, OPEN, chmod, file, look_at, memberships, namespace};
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

/// The filesystem gid and the supplementary groups decide, the effective gid only as it sets the former,
/// the real and saved one never. A member gets the group's bits even where others have more.
/// Source: path_resolution(7), credentials(7); kernel in_group_p(), acl_permission_check().
#[harness::test(Root, Userns, pins("member.which-ids"))]
fn which_ids_count() {
    let mut table = "                          0070    0707    0770    0040    0004\n".to_owned();
    for (name, steps) in memberships() {
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
#[harness::test(
    Root,
    Userns,
    pins("member.denied", "cve.2014-8989", "groups.denied", "groups.needs-gid-map")
)]
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
#[harness::test(Root, Userns, Program("stat"), pins("cve.2014-4014"))]
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
