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
    let cast = root().outside(&[]).inside(&[]).outside(&maps).second(&[]);
    cast.inside(keep).inside(&[setresgid(61), setresuid(61), DUMPABLE]).nested(&[])
}

fn keep_only(caps: &[Cap]) -> Action {
    Action::Capset(CapChange::Only(caps.to_vec().into()))
}

/// What came of writing these words to all three maps, opened by `second` with the one set of capabilities,
/// which needs CAP_DAC_OVERRIDE to get at another user's files, and written by `inside` with the other.
fn write_all(opener: &[Cap], writer: &[Cap], words: &'static str) -> [String; 3] {
    let opener = [opener, &[Cap::DacOverride]].concat();
    let cast = owned_by_61(&[NO_FIXUP]).second(&[keep_only(&opener)]).inside(&[keep_only(writer)]);
    let trace = MAPS.into_iter().fold(cast, |cast, file| {
        let open = Action::Open { file, of: Some(Nested), access: Access::Write };
        cast.second(&[open, Action::PassFd(Inside)]).inside(&[write_held(file, words)])
    });
    let shown: Vec<String> = trace.play().outcomes_shown().collect();
    [7, 4, 1].map(|back| shown[shown.len() - back].clone())
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

/// For ids that are not the opener's own, the opener needs CAP_SYS_ADMIN over the namespace and CAP_SETUID,
/// or CAP_SETGID, in the parent; the writer that one alone. projid_map needs none.
/// Source: user_namespaces(7); kernel map_write(), new_idmap_permitted().
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
fn every_set_of_capabilities() {
    let table = every_set("0 1 10");

    check!(table);
}

/// For the parent's uid 0, and not for gid 0, the opener needs CAP_SETFCAP in the parent, too. The writer
/// does not.
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
fn every_set_for_uid_0() {
    let table = every_set("0 0 10");

    check!(table);
}

/// Without CAP_SETUID and CAP_SETGID the opener maps its own id if it is the owner, one and in one line, and
/// a gid after "deny". Who writes does not matter: neither its id nor that it is the owner.
/// `second` is uid and gid 62 and has CAP_SYS_ADMIN over the namespace, but is not its owner.
/// Source: user_namespaces(7); kernel f95d7918bd1e, 66d2f338ee4c, new_idmap_permitted().
#[harness::test(
    Root,
    Userns,
    pins("allow.own-id", "allow.one-id", "allow.owner", "allow.own-gid-needs-deny")
)]
fn one_id_without_privilege() {
    let texts = ["0 61 1", "9 61 1", "0 62 1", "0 61 2", "0 60 2", "0 61 1\n1 62 1"];
    let user_62 = [NO_FIXUP, setresgid(62), setresuid(62), only_caps(&[Cap::SysAdmin, Cap::DacOverride])];

    let columns = texts.map(|text| format!("{:16}", text.escape_debug().to_string())).concat();
    let mut table = format!("{:41}{}\n", "", columns.trim_end());
    for word in [ALLOW, DENY] {
        for (opener, writer) in [(Inside, Inside), (Inside, Second), (Second, Inside), (Second, Second)] {
            let cells = texts.map(|words| {
                let cast = owned_by_61(&[]).second(&user_62).nested(std::slice::from_ref(&word));
                let trace = [IdFile::UidMap, IdFile::GidMap].into_iter().fold(cast, |cast, file| {
                    let open = Action::Open { file, of: Some(Nested), access: Access::Write };
                    cast.by(opener, &[open, Action::PassFd(writer)]).by(writer, &[write_held(file, words)])
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

/// One's own id is the effective one of the opener: not the real, saved or filesystem one, nor a
/// supplementary group, nor the effective gid with which the namespace was created. The owner is whom the
/// creator's effective uid was.
/// Source: user_namespaces(7): the effective user ID; kernel 80dd00a23784, new_idmap_permitted().
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::SysAdmin),
    pins("allow.effective-id", "allow.owner")
)]
fn effective_of_five() {
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
    let cast = root().outside(&mixed).inside(&[]).outside(&another_gid).outside(&unprivileged);

    let uids = ["0 61 1", "0 63 1", "0 64 1", "0 65 1", "0 62 1"].map(uid_map);
    let gids = ["0 61 1", "0 63 1", "0 64 1", "0 65 1", "0 62 1", "0 66 1"].map(gid_map);
    let trace = cast.outside(&uids).outside(&gids).play();

    check!(trace);
}

/// One's own id is written as the parent names it, which need not be as the initial namespace does.
/// Source: user_namespaces(7); kernel new_idmap_permitted(): make_kuid(), make_kgid() of the parent.
#[harness::test(Root, Userns, pins("allow.own-id"))]
fn below_a_parent_with_other_ids() {
    let maps = [uid_map("0 1000 10"), gid_map("0 2000 10"), write(IdFile::ProjidMap, "0 3000 10")];
    let cast = root().outside(&[]).inside(&[]).outside(&maps);

    let nested = cast.inside(&[setresgid(5), setresuid(4), DUMPABLE]).nested(&[DENY]);
    let uids = ["0 1004 1", "0 5 1", "0 0 1", "0 4 1"].map(uid_map);
    let gids = ["0 2005 1", "0 4 1", "0 0 1", "0 5 1"].map(gid_map);
    let trace = nested.nested(&uids).nested(&gids).play();

    check!(trace);
}
