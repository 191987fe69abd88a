//! Which refusal comes first, what the parent has to have mapped, and how a map is read back.

use crate::support::map_tables::{outcomes, write_any};
use harness::prelude::*;
use rstest::rstest;

/// More bytes than a page of any machine has.
const LONG: u64 = 1 << 20;

/// Position, size and buffer are checked before whether the map is written and before CAP_SYS_ADMIN, and the size before
/// the buffer.
/// Source: kernel 5820f140edef, map_write().
#[rstest]
#[case::unwritten(&[], OK)]
#[case::written(&[uid_map("0 own 1")], EPERM)]
#[case::without_sys_admin(&[drop_caps(&[Cap::SysAdmin])], EPERM)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("map.order-of-checks", "map.position", "map.page-size", "map.bad-buffer")
)]
fn position_size_and_buffer_are_checked_before_permission(
    #[case] before: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(before).inside(&[open(IdFile::UidMap)]);

    let held = |text, at| Action::WriteHeld { text, file: IdFile::UidMap, at };
    let words = || Text::Words("0 own 1".into());
    let trace = ns.inside(&[
        held(words(), At::Seek(1)),
        held(words(), At::Offset(1)),
        held(Text::BadPointer(7), At::Seek(0)),
        held(Text::BadPointer(LONG), At::Seek(0)),
        held(words(), At::Seek(0)),
    ]);

    check!(trace.play(), last = [EINVAL, ESPIPE, EFAULT, EINVAL, expected]);
}

/// Whether a map is written already, and CAP_SYS_ADMIN, are checked before the text is read. Whether the ids are allowed
/// is checked after it.
/// Source: kernel map_write().
#[rstest]
#[case::allowed_to(&[], [EINVAL, EINVAL, EPERM, OK])]
#[case::written(&[uid_map("0 own 1")], [EPERM; 4])]
#[case::without_sys_admin(&[drop_caps(&[Cap::SysAdmin])], [EPERM; 4])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("map.order-of-checks", "map.written-once", "map.opener-needs-sys-admin")
)]
fn permission_is_checked_before_the_text(#[case] before: &[Action], #[case] expected: [Answer; 4]) {
    let ns = ordinary().inside(before);

    let trace = ns.inside(&[uid_map(""), uid_map("junk"), uid_map("0 own 2"), uid_map("0 own 1")]).play();

    check!(trace, last = expected);
}

/// An opener in the grandparent may not write at all. This is checked before the position and the buffer.
/// Source: kernel proc_uid_map_write().
#[harness::test(Root, Userns, pins("map.order-of-checks", "map.opener-from-elsewhere"))]
fn the_namespace_of_the_opener_is_checked_first() {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 1"), gid_map("0 0 1")]).nested(&[]);

    let of_nested = Action::Open { file: IdFile::UidMap, of: Some(Actor::Nested), access: Access::Write };
    let held = |text, at| Action::WriteHeld { text, file: IdFile::UidMap, at };
    let bad = held(Text::BadPointer(7), At::Position);
    let far = held(Text::Words("0 0 1".into()), At::Seek(1));
    let trace = ns.outside(&[of_nested, bad, far]).play();

    check!(trace, last = [OK, EPERM, EPERM], @r#"
    outside  begins                                      ok
    inside   begins in a new user namespace              ok
    outside  uid_map <- "0 0 1"                          ok
    outside  gid_map <- "0 0 1"                          ok
    nested   begins in a new user namespace              ok
    outside  open nested's uid_map for writing           ok
    outside  open uid_map <- 7 bytes from a bad pointer  EPERM
    outside  open uid_map (lseek 1) <- "0 0 1"           EPERM
    afterwards
    outside  the caller's namespace
             uid 0  gid 0  groups [0]  caps the caller's
    inside   uid_map "0 0 1"  gid_map "0 0 1"  setgroups allow
             uid 0  gid 0  groups [0]  caps all
    nested   uid_map ""  gid_map ""  setgroups allow
             uid overflow  gid overflow  groups [overflow]  caps all
    "#);
}

/// The maps of the initial namespace cannot be written.
/// Source: user_namespaces(7); kernel proc_uid_map_write(), proc_gid_map_write(), proc_projid_map_write().
#[rstest]
#[harness::test(Root, Userns, InitialUserns, pins("map.initial-namespace"))]
fn maps_of_the_initial_namespace_cannot_be_written(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ns = root().privileged(&[]).outside(&[]);

    let trace = ns.privileged(&[write_of(Actor::Outside, file, "0 0 1")]).play();

    check!(trace, last = EPERM);
}

/// The parent has to have mapped the whole lower range within one extent.
/// Source: user_namespaces(7): the range must be mapped in the parent; kernel map_id_range_down().
#[rstest]
#[case::of_two("0 0 10\n10 20 10\n")]
#[case::of_two_that_are_adjacent("0 0 10\n10 10 10\n")]
#[case::of_six("10 20 10\n0 0 10\n40 40 1\n50 50 1\n60 60 1\n70 70 1\n")]
#[harness::test(Root, Userns, pins("allow.mapped-in-parent"))]
fn a_range_lies_within_one_extent_of_the_parent(#[case] parent: &'static str) {
    let lower = ["0 10", "0 11", "0 1", "5 5", "5 6", "9 1", "9 2", "10 10", "10 11", "19 1", "19 2", "20 1"];

    let play = |range: &&str| {
        let maps = [uid_map(parent), gid_map(parent)];
        let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]);
        let text = || Text::Bytes(format!("0 {range}").into_bytes().into());
        let write = |file| Action::Write { file, of: Some(Actor::Nested), text: text() };
        let trace = ns.second(&[write(IdFile::UidMap), write(IdFile::GidMap)]).play();
        let shown: Vec<String> = trace.outcomes_shown().collect();
        format!("{range:6} {}\n", shown[shown.len() - 2..].join(" "))
    };
    let table: String = lower.iter().map(play).collect();

    check!(table);
}

/// A line is read back in columns of ten. Up to five extents keep the order in which they were written. From six on they
/// are sorted by the upper id.
/// Source: user_namespaces(7); kernel uid_m_show(), m_start(), sort_idmaps().
#[rstest]
#[case::one("7 5 1")]
#[case::five("50 5 1\n40 4 1\n10 1 1\n30 3 1\n20 2 1")]
#[case::six("60 1 1\n50 6 1\n40 5 1\n10 2 1\n30 4 1\n20 3 1")]
#[case::wide("4294967293 10000 2")]
#[harness::test(Root, Userns, pins("text.unordered", "mean.read-back"))]
fn a_map_is_read_back_as_written_or_sorted_from_six_extents(
    #[case] words: &'static str,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ns = root().outside(&[]).inside(&[]).outside(&[write_any(file, words)]);

    let trace = ns.inside(&[read(file)]).play();

    check!(raw(&trace).join("--\n"));
}

/// The lower ids of a map are shown as the reader's namespace names them. A reader in the namespace itself is shown them
/// as its parent names them. An id that has no name there is 4294967295.
/// Source: user_namespaces(7): how the second field is interpreted; kernel uid_m_show().
#[rstest]
#[harness::test(Root, Userns, pins("mean.reader"))]
fn lower_ids_are_shown_as_the_reader_names_them(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ns = root().outside(&[]).inside(&[]).sibling(&[]);
    let maps =
        [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap].map(|file| write_any(file, "0 0 1\n100 5000 50"));
    let ns = ns.outside(&maps);
    let ns = ns.outside(&[write_of(Actor::Sibling, file, "300 5005 10")]);
    let ns = ns.second(&[]).nested(&[]).second(&[write_of(Actor::Nested, file, "7 103 20")]);

    let readers = [Actor::Outside, Actor::Inside, Actor::Nested, Actor::Sibling];
    let all = readers.map(|reader| {
        let files = [Actor::Inside, Actor::Nested, Actor::Sibling].map(|of| read_of(of, file));
        let trace = ns.clone().by(reader, &files).play();
        format!("{reader}\n{}", raw(&trace).join("--\n"))
    });

    check!(all.concat());
}

/// projid_map asks for no capability of its opener or writer, and is written once.
/// Source: user_namespaces(7), "Project ID mappings"; kernel proc_projid_map_write(), new_idmap_permitted().
#[rstest]
#[case::own_only(&[], "0 0 1", [OK, EPERM, OK])]
#[case::many(&[], "0 5 10\n20 50 10", [OK, EPERM, OK])]
#[case::without_capabilities(&[only_caps(&[])], "0 5 10", [OK, EPERM, OK])]
#[case::malformed(&[], "0 5", [EINVAL, OK, OK])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.projid-free", "map.written-once"))]
fn projid_map_needs_no_capability_and_is_written_once(
    #[case] before: &[Action],
    #[case] words: &'static str,
    #[case] expected: [Answer; 3],
) {
    let ns = ordinary().inside(before);

    let projid = |words| write(IdFile::ProjidMap, words);
    let trace = ns.inside(&[projid(words), projid("3 3 1"), read(IdFile::ProjidMap)]).play();

    check!(trace, last = expected);
}

/// The files that were read, as the kernel gave them.
fn raw(trace: &Trace) -> Vec<String> {
    let texts = outcomes(trace).into_iter().filter_map(|outcome| match outcome {
        Outcome::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    texts.collect()
}
