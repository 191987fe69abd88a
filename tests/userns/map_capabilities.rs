//! Which capabilities the opener and the writer of a map need, and what is allowed without: every set of
//! the four that are asked for, and nothing else in it.
//!
//! The namespace whose maps are written, `nested`, belongs to uid 61 of the one above; who opens and writes
//! is there, too, and need not be that user.

use harness::prelude::*;
use harness::rules::changes;
use std::fmt::Write as _;

use Actor::{Inside, Nested, Second};

const ASKED: [(Cap, &str); 4] = [
    (Cap::SysAdmin, "SYS_ADMIN"),
    (Cap::Setuid, "SETUID"),
    (Cap::Setgid, "SETGID"),
    (Cap::Setfcap, "SETFCAP"),
];
const MAPS: [IdFile; 3] = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap];

/// `inside`, with the ids 0 to 65535, and `second`, both with all capabilities there; `inside` has become
/// uid and gid 61 and then created the namespace of `nested`.
fn owned_by_61(keep: &[Action]) -> Scenario {
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536"), write(IdFile::ProjidMap, "0 0 65536")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]);
    ns.inside(keep).inside(&[setresgid(61), setresuid(61), DUMPABLE]).nested(&[])
}

fn keep_only(caps: &[Cap]) -> Action {
    Action::Capset(CapChange::Only(caps.to_vec().into()))
}

/// What came of writing these words to all three maps, opened by `second` with the one set of capabilities,
/// which needs CAP_DAC_OVERRIDE to get at another user's files, and written by `inside` with the other.
fn write_all(opener: &[Cap], writer: &[Cap], words: &'static str) -> [String; 3] {
    let opener = [opener, &[Cap::DacOverride]].concat();
    let ns = owned_by_61(&[NO_FIXUP]).second(&[keep_only(&opener)]).inside(&[keep_only(writer)]);
    let trace = MAPS.into_iter().fold(ns, |ns, file| {
        let open = Action::Open { file, of: Some(Nested), access: Access::Write };
        ns.second(&[open, Action::PassFd(Inside)]).inside(&[write_held(file, words)])
    });
    // The write is the last of the three steps for each map.
    let shown = trace.play().last_shown(3 * MAPS.len());
    [2, 5, 8].map(|write| shown[write].clone())
}

/// A line for each of the 16 sets, of the opener where the writer has all four, and of the writer where
/// the opener has.
fn every_set(words: &'static str) -> String {
    let all = ASKED.map(|(cap, _)| cap);
    let mut table = format!("{:38}{:24}as the writer's\n", words, "as the opener's");
    let _ = writeln!(table, "{:38}{:24}uid    gid    projid", "", "uid    gid    projid");
    for bits in 0..16_u32 {
        let chosen = ASKED.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
        let (set, names): (Vec<Cap>, Vec<&str>) = chosen.map(|(_, asked)| *asked).unzip();
        let columns = [write_all(&set, &all, words), write_all(&all, &set, words)].map(|outcomes| {
            let [uid, gid, projid] = outcomes;
            format!("{uid:7}{gid:7}{projid:10}")
        });
        let _ = writeln!(table, "{:38}{}", names.join(" "), columns.concat().trim_end());
    }
    table
}

/// For ids that are not its own the opener needs CAP_SYS_ADMIN over the namespace. It also needs CAP_SETUID in the
/// parent for uids and CAP_SETGID for gids. The writer needs the latter alone. projid_map needs CAP_SYS_ADMIN alone.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel map_write(), new_idmap_permitted().
#[harness::test(
    Root,
    Userns,
    pins(
        "map.opener-needs-sys-admin",
        "map.projid-free",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid"
    )
)]
fn other_ids_need_sys_admin_of_the_opener_and_setid_of_both() {
    let table = every_set("0 1 10");

    check!(table);
}

/// For the parent's uid 0 the opener needs CAP_SETFCAP in the parent as well, and the writer does not. gid 0 takes none.
/// Source: user_namespaces(7); kernel db2e718a4798, verify_root_map(): file_ns_capable().
#[harness::test(
    Root,
    Userns,
    Change(&changes::SETFCAP), pins(
        "map.opener-needs-sys-admin",
        "map.projid-free",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid",
        "allow.uid-0-from-parent"
    )
)]
fn uid_0_needs_setfcap_of_the_opener_and_not_of_the_writer() {
    let table = every_set("0 0 10");

    check!(table);
}

/// Without CAP_SETUID and CAP_SETGID an opener that is the owner maps its own id: one id, in one line. Its gid it maps
/// after "deny". The writer may be any process, the owner or not.
/// `second` is uid and gid 62 and has CAP_SYS_ADMIN over the namespace, but is not its owner.
/// Source: user_namespaces(7); kernel f95d7918bd1e, 66d2f338ee4c, new_idmap_permitted().
#[harness::test(
    Root,
    Userns,
    pins("allow.own-id", "allow.one-id", "allow.owner", "allow.own-gid-needs-deny")
)]
fn an_unprivileged_owner_maps_one_id_of_its_own_as_opener() {
    let texts = ["0 61 1", "9 61 1", "0 62 1", "0 61 2", "0 60 2", "0 61 1\n1 62 1"];
    let user_62 = [NO_FIXUP, setresgid(62), setresuid(62), only_caps(&[Cap::SysAdmin, Cap::DacOverride])];

    let columns = texts.map(|text| format!("{:16}", text.escape_debug().to_string())).concat();
    let mut table = format!("{:41}{}\n", "", columns.trim_end());
    for word in [ALLOW, DENY] {
        for (opener, writer) in [(Inside, Inside), (Inside, Second), (Second, Inside), (Second, Second)] {
            let cells = texts.map(|words| {
                let ns = owned_by_61(&[]).second(&user_62).nested(std::slice::from_ref(&word));
                let trace = [IdFile::UidMap, IdFile::GidMap].into_iter().fold(ns, |ns, file| {
                    let open = Action::Open { file, of: Some(Nested), access: Access::Write };
                    ns.by(opener, &[open, Action::PassFd(writer)]).by(writer, &[write_held(file, words)])
                });
                let shown: Vec<String> = trace.play().outcomes_shown().collect();
                format!("{:6}{:10}", shown[shown.len() - 4], shown[shown.len() - 1])
            });
            let label =
                format!("{}, {opener} opens, {writer} writes", if word == ALLOW { "allow" } else { "deny" });
            let _ = writeln!(table, "{label:41}{}", cells.concat().trim_end());
        }
    }

    check!(table);
}

/// The own id is the effective one of the opener. It is not the real, saved or filesystem id, nor a supplementary group,
/// nor the effective gid with which the namespace was created. The owner is the effective uid of the creator.
/// Source: user_namespaces(7): the effective user ID; kernel 80dd00a23784, new_idmap_permitted().
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::SysAdmin),
    pins("allow.effective-id", "allow.owner")
)]
fn only_the_effective_id_is_the_own_id() {
    let mixed = [
        NO_FIXUP,
        setgroups(&[65]),
        set_id(SetId::Setresgid, &[61, 62, 63]),
        set_id(SetId::Setresuid, &[61, 62, 63]),
        set_id(SetId::Setfsgid, &[64]),
        set_id(SetId::Setfsuid, &[64]),
        DUMPABLE,
    ];
    let another_gid = [set_id(SetId::Setresgid, &[61, 66, 63]), set_id(SetId::Setfsgid, &[64])];
    let unprivileged = [DENY, only_caps(&[Cap::SysAdmin, Cap::DacOverride])];
    let ns = root().outside(&mixed).inside(&[]).outside(&another_gid).outside(&unprivileged);

    let uids = ["0 61 1", "0 63 1", "0 64 1", "0 65 1", "0 62 1"].map(uid_map);
    let gids = ["0 61 1", "0 63 1", "0 64 1", "0 65 1", "0 62 1", "0 66 1"].map(gid_map);
    let trace = ns.outside(&uids).outside(&gids).play();

    check!(trace, last = [EPERM, EPERM, EPERM, EPERM, OK, EPERM, EPERM, EPERM, EPERM, EPERM, OK]);
}

/// The own id is written as the parent names it. The initial namespace may name it otherwise.
/// Source: user_namespaces(7); kernel new_idmap_permitted(): make_kuid(), make_kgid() of the parent.
#[harness::test(Root, Userns, pins("allow.own-id"))]
fn the_own_id_is_written_as_the_parent_names_it() {
    let maps = [uid_map("0 1000 10"), gid_map("0 2000 10"), write(IdFile::ProjidMap, "0 3000 10")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps);

    let nested = ns.inside(&[setresgid(5), setresuid(4), DUMPABLE]).nested(&[DENY]);
    let uids = ["0 1004 1", "0 5 1", "0 0 1", "0 4 1"].map(uid_map);
    let gids = ["0 2005 1", "0 4 1", "0 0 1", "0 5 1"].map(gid_map);
    let trace = nested.nested(&uids).nested(&gids).play();

    check!(trace, last = [EPERM, EPERM, EPERM, OK, EPERM, EPERM, EPERM, OK]);
}
