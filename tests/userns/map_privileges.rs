//! Who may write which map: capabilities of the opener, of the writer and of the creator.

use harness::prelude::*;
use harness::rules::changes;
use rstest::rstest;

/// A process in the parent that is not the owner needs CAP_SYS_ADMIN over the namespace to open either map. To write
/// it, it needs CAP_SETUID for uids and CAP_SETGID for gids, in the parent.
/// Source: user_namespaces(7); kernel map_write(), new_idmap_permitted().
#[rstest]
#[case::sys_admin(&[Cap::SysAdmin], [EPERM, EPERM])]
#[case::setuid(&[Cap::Setuid], [EPERM, OK])]
#[case::setgid(&[Cap::Setgid], [OK, EPERM])]
#[case::setfcap(&[Cap::Setfcap], [OK, OK])]
#[case::another(&[Cap::NetAdmin], [OK, OK])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins(
        "map.opener-needs-sys-admin",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid"
    )
)]
fn each_map_needs_its_capability_from_the_parent(
    #[case] lacking: &'static [Cap],
    #[case] expected: [Answer; 2],
) {
    let ns = ordinary().privileged(&[drop_caps(lacking)]).outside(&[]).inside(&[]);

    let trace = ns.privileged(&[uid_map("0 1 10"), gid_map("0 1 10")]).play();

    check!(trace, last = expected);
}

/// For the parent's uid 0 it needs CAP_SETFCAP as well. No gid is special.
/// Source: user_namespaces(7), since Linux 5.12; kernel verify_root_map().
#[rstest]
#[case::sys_admin(&[Cap::SysAdmin], [EPERM, EPERM])]
#[case::setuid(&[Cap::Setuid], [EPERM, OK])]
#[case::setgid(&[Cap::Setgid], [OK, EPERM])]
#[case::setfcap(&[Cap::Setfcap], [EPERM, OK])]
#[case::another(&[Cap::NetAdmin], [OK, OK])]
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
fn uid_0_needs_setfcap_as_well_from_the_parent(
    #[case] lacking: &'static [Cap],
    #[case] expected: [Answer; 2],
) {
    let ns = ordinary().privileged(&[drop_caps(lacking)]).outside(&[]).inside(&[]);

    let trace = ns.privileged(&[uid_map("0 0 10"), gid_map("0 0 10")]).play();

    check!(trace, last = expected);
}

/// Inside, CAP_SYS_ADMIN is what the opener needs over the namespace, and not CAP_SETUID or CAP_SETGID.
/// Source: kernel map_write(): file_ns_capable(); user_namespaces(7) names the other two.
#[rstest]
#[case::without_sys_admin(&[Cap::SysAdmin], [EPERM, EPERM])]
#[case::without_setuid_and_setgid(&[Cap::Setuid, Cap::Setgid], [OK, OK])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn the_opener_inside_needs_sys_admin_and_no_setid(
    #[case] lacking: &'static [Cap],
    #[case] expected: [Answer; 2],
) {
    let ns = ordinary().inside(&[DENY, drop_caps(lacking)]);

    let trace = ns.inside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace, last = expected);
}

/// Inside, CAP_SYS_ADMIN alone is enough.
/// Source: kernel map_write(): file_ns_capable(); user_namespaces(7) names CAP_SETUID and CAP_SETGID.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn sys_admin_alone_opens_inside() {
    let ns = ordinary().inside(&[DENY, only_caps(&[Cap::SysAdmin])]);

    let trace = ns.inside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace, last = [OK, OK]);
}

/// CAP_SYS_ADMIN over the namespace has to be effective when the file is opened. That the process lost or gained it
/// before it writes does not matter. Between the two writes three steps change the capabilities and open gid_map.
/// Source: kernel map_write(): file_ns_capable().
#[rstest]
#[case::lost_after_open(&[raise_caps(&[Cap::SysAdmin])], &[suspend_caps(&[Cap::SysAdmin])], OK)]
#[case::gained_after_open(&[suspend_caps(&[Cap::SysAdmin])], &[raise_caps(&[Cap::SysAdmin])], EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.opener-needs-sys-admin"))]
fn the_opener_needs_sys_admin_when_it_opens(
    #[case] before: &[Action],
    #[case] after: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(&[DENY]).inside(before);

    let uid = ns.inside(&[open(IdFile::UidMap)]).inside(after);
    let both = uid.inside(&[write_held(IdFile::UidMap, "0 own 1")]).inside(before);
    let gid = both.inside(&[open(IdFile::GidMap)]).inside(after);
    let trace = gid.inside(&[write_held(IdFile::GidMap, "0 own 1")]).play();

    check!(trace, last = [expected, OK, OK, OK, expected]);
}

/// CAP_SETUID or CAP_SETGID in the parent has to be effective when the file is opened and when it is written.
/// Source: kernel new_idmap_permitted(): ns_capable() and file_ns_capable(); 6708075f104c.
#[rstest]
#[case::uid_lost_after_open(IdFile::UidMap, &[], &[drop_caps(&[Cap::Setuid])], EPERM)]
#[case::uid_gained_after_open(IdFile::UidMap, &[suspend_caps(&[Cap::Setuid])], &[raise_caps(&[Cap::Setuid])], EPERM)]
#[case::uid_all_along(IdFile::UidMap, &[], &[drop_caps(&[Cap::Setgid])], OK)]
#[case::gid_lost_after_open(IdFile::GidMap, &[], &[drop_caps(&[Cap::Setgid])], EPERM)]
#[case::gid_gained_after_open(IdFile::GidMap, &[suspend_caps(&[Cap::Setgid])], &[raise_caps(&[Cap::Setgid])], EPERM)]
#[case::gid_all_along(IdFile::GidMap, &[], &[drop_caps(&[Cap::Setuid])], OK)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("allow.writer-needs-setid", "allow.opener-needs-setid")
)]
fn setid_is_needed_at_open_and_at_write(
    #[case] file: IdFile,
    #[case] before: &[Action],
    #[case] after: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().privileged(before).outside(&[]).inside(&[]);

    let opened = ns.privileged(&[open(file)]).privileged(after);
    let trace = opened.privileged(&[write_held(file, "0 1 10")]).play();

    check!(trace, last = expected);
}

/// A process that created the namespace without CAP_SETFCAP cannot map the parent's uid 0 from inside. It can map the
/// gid 0.
/// Source: user_namespaces(7), since Linux 5.12; kernel db2e718a4798: parent_could_setfcap.
#[rstest]
#[case::creator_without(&[drop_caps(&[Cap::Setfcap])], [EPERM, OK])]
#[case::creator_with(&[drop_caps(&[Cap::NetAdmin])], [OK, OK])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-inside")
)]
fn uid_0_is_mapped_inside_if_the_creator_had_setfcap(
    #[case] creator: &[Action],
    #[case] expected: [Answer; 2],
) {
    let ns = root().outside(creator).inside(&[DENY]);

    let trace = ns.inside(&[uid_map("0 0 1"), gid_map("0 0 1")]).play();

    check!(trace, last = expected);
}

/// From the parent the opener needs CAP_SETFCAP for a line that begins at uid 0, whichever line it is. A privileged
/// process then writes the same uid_map, which is EPERM only where it is written already.
/// Source: user_namespaces(7), since Linux 5.12; kernel verify_root_map().
#[rstest]
#[case::alone("0 0 1", [EPERM, OK, OK])]
#[case::in_a_range("5 0 10", [EPERM, OK, OK])]
#[case::last_of_two("0 5 1\n1 0 1", [EPERM, OK, OK])]
#[case::last_of_six("0 5 1\n1 6 1\n2 7 1\n3 8 1\n4 9 1\n5 0 1", [EPERM, OK, OK])]
#[case::not_at_all("0 1 10", [OK, OK, EPERM])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-parent")
)]
fn uid_0_is_mapped_from_the_parent_with_setfcap(#[case] words: &'static str, #[case] expected: [Answer; 3]) {
    let ns = root().privileged(&[]).outside(&[drop_caps(&[Cap::Setfcap])]).inside(&[]);

    let trace = ns.outside(&[uid_map(words), gid_map(words)]).privileged(&[uid_map(words)]).play();

    check!(trace, last = expected);
}

/// One's own id may be mapped by the owner alone, not by another process with CAP_SYS_ADMIN over the namespace.
/// Source: kernel f95d7918bd1e, new_idmap_permitted(): the opener's euid is compared with the owner.
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), Capability(Cap::Setpcap), pins("allow.owner"))]
fn only_the_owner_maps_its_own_ids() {
    let lesser = [NO_FIXUP, setresgid(61_235), setresuid(61_235), drop_caps(&[Cap::Setuid, Cap::Setgid])];
    let ns = ordinary().privileged(&lesser).outside(&[]).inside(&[DENY]);

    let foreign = ns.privileged(&[uid_map("0 61235 1"), gid_map("0 61235 1")]);
    let trace = foreign.outside(&[uid_map("0 own 1"), gid_map("0 own 1")]).play();

    check!(trace, last = [EPERM, EPERM, OK, OK]);
}

/// One's own id is the effective one: the real, the saved and a supplementary one are not.
/// Source: user_namespaces(7): the effective user ID; kernel 80dd00a23784.
#[harness::test(Root, Userns, pins("allow.effective-id"))]
fn own_id_is_the_effective_one() {
    let mixed = [
        setgroups(&[64]),
        set_id(SetId::Setresgid, &[61, 62, 63]),
        set_id(SetId::Setresuid, &[61, 62, 63]),
        DUMPABLE,
    ];
    let ns = root().outside(&mixed).inside(&[DENY]);

    let uids = ns.inside(&[uid_map("0 61 1"), uid_map("0 63 1"), uid_map("0 62 1")]);
    let others = [gid_map("0 61 1"), gid_map("0 63 1"), gid_map("0 64 1"), gid_map("0 62 1")];
    let trace = uids.inside(&others).play();

    check!(trace, last = [EPERM, EPERM, OK, EPERM, EPERM, EPERM, OK]);
}

/// Only a process in the namespace or in its parent may write its maps, whatever its privileges.
/// Source: user_namespaces(7); kernel proc_uid_map_write(), proc_gid_map_write().
#[rstest]
#[case::grandparent(Actor::Outside, EPERM)]
#[case::parent(Actor::Second, OK)]
#[case::sibling(Actor::Sibling, EPERM)]
#[harness::test(Root, Userns, pins("map.opener-from-elsewhere"))]
fn only_the_namespace_and_its_parent_write_maps(
    #[case] writer: Actor,
    #[case] expected: Answer,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let own = [uid_map("0 0 10"), gid_map("0 0 10"), write(IdFile::ProjidMap, "0 0 10")];
    let ns = root().outside(&[]).inside(&[]).outside(&own).second(&[]).nested(&[]).sibling(&[]);

    let trace = ns.by(writer, &[write_of(Actor::Nested, file, "0 0 1")]).nested(&[read(file)]).play();

    check!(trace, last = [expected, OK]);
}
