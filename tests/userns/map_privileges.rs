//! Who may write which map: capabilities of the opener, of the writer and of the creator.

use harness::prelude::*;
use harness::rules::changes;
use rstest::rstest;

/// A process in the parent that is not the owner needs CAP_SYS_ADMIN over the namespace, and in the
/// parent CAP_SETUID for uids, CAP_SETGID for gids and CAP_SETFCAP for the parent's uid 0.
/// Source: user_namespaces(7); kernel map_write(), new_idmap_permitted(), verify_root_map().
#[rstest]
#[case::sys_admin(&[Cap::SysAdmin])]
#[case::setuid(&[Cap::Setuid])]
#[case::setgid(&[Cap::Setgid])]
#[case::setfcap(&[Cap::Setfcap])]
#[case::another(&[Cap::NetAdmin])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins(
        "map.opener-needs-sys-admin",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid",
        "allow.uid-0-from-parent"
    )
)]
fn all_but(#[case] lacking: &'static [Cap], #[values("0 1 10", "0 0 10")] words: &'static str) {
    let cast = ordinary().privileged(&[drop_caps(lacking)]).outside(&[]).inside(&[]);

    let trace = cast.privileged(&[uid_map(words), gid_map(words)]).play();

    check!(trace);
}

/// Inside, CAP_SYS_ADMIN is what the opener needs over the namespace, and not CAP_SETUID or CAP_SETGID.
/// Source: kernel map_write(): file_ns_capable(); user_namespaces(7) names the other two.
#[rstest]
#[case::without_sys_admin(&[Cap::SysAdmin])]
#[case::without_setuid_and_setgid(&[Cap::Setuid, Cap::Setgid])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn inside(#[case] lacking: &'static [Cap]) {
    let cast = ordinary().inside(&[DENY, drop_caps(lacking)]);

    let trace = cast.inside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace);
}

/// Inside, CAP_SYS_ADMIN alone is enough.
/// Source: as above.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn sys_admin_alone() {
    let cast = ordinary().inside(&[DENY, only_caps(&[Cap::SysAdmin])]);

    let trace = cast.inside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace);
}

/// It is the opener that has CAP_SYS_ADMIN over the namespace, in effect: what the writer lost since does
/// not matter, nor what it gained.
/// Source: kernel map_write(): file_ns_capable().
#[rstest]
#[case::lost_after_open(&[raise_caps(&[Cap::SysAdmin])], &[suspend_caps(&[Cap::SysAdmin])])]
#[case::gained_after_open(&[suspend_caps(&[Cap::SysAdmin])], &[raise_caps(&[Cap::SysAdmin])])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn sys_admin_when_opened(#[case] before: &[Action], #[case] after: &[Action]) {
    let cast = ordinary().inside(&[DENY]).inside(before);

    let uid = cast.inside(&[open(IdFile::UidMap)]).inside(after);
    let both = uid.inside(&[write_held(IdFile::UidMap, "0 own 1")]).inside(before);
    let gid = both.inside(&[open(IdFile::GidMap)]).inside(after);
    let trace = gid.inside(&[write_held(IdFile::GidMap, "0 own 1")]).play();

    check!(trace);
}

/// CAP_SETUID or CAP_SETGID in the parent has to be effective when the file is opened and when it is written.
/// Source: kernel new_idmap_permitted(): ns_capable() and file_ns_capable(); 6708075f104c.
#[rstest]
#[case::uid_lost_after_open(IdFile::UidMap, &[], &[drop_caps(&[Cap::Setuid])])]
#[case::uid_gained_after_open(IdFile::UidMap, &[suspend_caps(&[Cap::Setuid])], &[raise_caps(&[Cap::Setuid])])]
#[case::uid_all_along(IdFile::UidMap, &[], &[drop_caps(&[Cap::Setgid])])]
#[case::gid_lost_after_open(IdFile::GidMap, &[], &[drop_caps(&[Cap::Setgid])])]
#[case::gid_gained_after_open(IdFile::GidMap, &[suspend_caps(&[Cap::Setgid])], &[raise_caps(&[Cap::Setgid])])]
#[case::gid_all_along(IdFile::GidMap, &[], &[drop_caps(&[Cap::Setuid])])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("allow.writer-needs-setid", "allow.opener-needs-setid")
)]
fn at_open_and_at_write(#[case] file: IdFile, #[case] before: &[Action], #[case] after: &[Action]) {
    let cast = ordinary().privileged(before).outside(&[]).inside(&[]);

    let opened = cast.privileged(&[open(file)]).privileged(after);
    let trace = opened.privileged(&[write_held(file, "0 1 10")]).play();

    check!(trace);
}

/// Whoever creates a namespace without CAP_SETFCAP cannot map the parent's uid 0 from inside; other uids
/// and every gid it can.
/// Source: user_namespaces(7), since Linux 5.12; kernel db2e718a4798: parent_could_setfcap.
#[rstest]
#[case::creator_without(&[drop_caps(&[Cap::Setfcap])])]
#[case::creator_with(&[drop_caps(&[Cap::NetAdmin])])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-inside")
)]
fn uid_0_from_inside(#[case] creator: &[Action]) {
    let cast = root().outside(creator).inside(&[DENY]);

    let trace = cast.inside(&[uid_map("0 0 1"), gid_map("0 0 1")]).play();

    check!(trace);
}

/// From the parent the opener needs CAP_SETFCAP for a line that begins at uid 0, whichever it is.
/// Source: as above; kernel verify_root_map().
#[rstest]
#[case::alone("0 0 1")]
#[case::in_a_range("5 0 10")]
#[case::last_of_two("0 5 1\n1 0 1")]
#[case::last_of_six("0 5 1\n1 6 1\n2 7 1\n3 8 1\n4 9 1\n5 0 1")]
#[case::not_at_all("0 1 10")]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-parent")
)]
fn uid_0_from_the_parent(#[case] words: &'static str) {
    let cast = root().privileged(&[]).outside(&[drop_caps(&[Cap::Setfcap])]).inside(&[]);

    let trace = cast.outside(&[uid_map(words), gid_map(words)]).privileged(&[uid_map(words)]).play();

    check!(trace);
}

/// One's own id may be mapped by the owner alone, not by another process with CAP_SYS_ADMIN over the namespace.
/// Source: kernel f95d7918bd1e, new_idmap_permitted(): the opener's euid is compared with the owner.
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), Capability(Cap::Setpcap), pins("allow.owner"))]
fn own_ids_of_another_user() {
    let lesser = [NO_FIXUP, setresgid(61_235), setresuid(61_235), drop_caps(&[Cap::Setuid, Cap::Setgid])];
    let cast = ordinary().privileged(&lesser).outside(&[]).inside(&[DENY]);

    let foreign = cast.privileged(&[uid_map("0 61235 1"), gid_map("0 61235 1")]);
    let trace = foreign.outside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace);
}

/// One's own id is the effective one: the real, the saved and a supplementary one are not.
/// Source: user_namespaces(7): the effective user ID; kernel 80dd00a23784.
#[harness::test(Root, Userns, pins("allow.effective-id"))]
fn effective_id() {
    let mixed = [
        setgroups(&[64]),
        set_id(SetId::Setresgid, &[61, 62, 63]),
        set_id(SetId::Setresuid, &[61, 62, 63]),
        DUMPABLE,
    ];
    let cast = root().outside(&mixed).inside(&[DENY]);

    let uids = cast.inside(&[uid_map("0 61 1"), uid_map("0 63 1"), uid_map("0 62 1")]);
    let others = [gid_map("0 61 1"), gid_map("0 63 1"), gid_map("0 64 1"), gid_map("0 62 1")];
    let trace = uids.inside(&others).play();

    check!(trace);
}

/// Only a process in the namespace or in its parent may write its maps, whatever its privileges.
/// Source: user_namespaces(7); kernel proc_uid_map_write(), proc_gid_map_write().
#[rstest]
#[case::grandparent(Actor::Outside)]
#[case::parent(Actor::Second)]
#[case::sibling(Actor::Sibling)]
#[harness::test(Root, Userns, ProjectIds, pins("map.opener-from-elsewhere"))]
fn from_where(
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let own = [uid_map("0 0 10"), gid_map("0 0 10"), write(IdFile::ProjidMap, "0 0 10")];
    let cast = root().outside(&[]).inside(&[]).outside(&own).second(&[]).nested(&[]).sibling(&[]);

    let trace = cast.by(writer, &[write_of(Actor::Nested, file, "0 0 1")]).nested(&[read(file)]).play();

    check!(trace);
}
