//! Who may write a map: every pair of opener and writer, by the place that each has.

use harness::prelude::*;
use std::fmt::Write as _;

use Actor::{Deepest, Inside, Nested, Outside, Privileged, Second, Sibling};

const MAPS: [IdFile; 3] = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap];
const OWN: &str = "0 own 1";
const RANGE: &str = "0 own 1\n1 1 1";

/// What is opened, written and shown in a matrix.
struct Question<'a> {
    /// What has happened before.
    stage: &'a Scenario,
    /// Whose file.
    of: Actor,
    /// Who opens and who writes, in rows and columns.
    who: &'a [Actor],
}

impl Question<'_> {
    /// A matrix for each file: a row for each opener, a column for each writer.
    fn answer(&self, heading: &str, files: &[IdFile], words: &'static str) -> String {
        let mut all = String::new();
        for file in files {
            let label = format!("{} <- {heading}", file.name());
            let columns = self.who.iter().map(|writer| format!("{writer:11}")).collect::<String>();
            let _ = writeln!(all, "{label:34}{}", columns.trim_end());
            for opener in self.who {
                let cells = self.who.iter().map(|writer| self.ask(*opener, *writer, *file, words));
                let cells: String = cells.map(|cell| format!("{cell:11}")).collect();
                let _ = writeln!(all, "    opened by {opener:20}{}", cells.trim_end());
            }
        }
        all
    }

    /// The outcome of the write; where the file could not be opened or passed on, the outcomes of these.
    fn ask(&self, opener: Actor, writer: Actor, file: IdFile, words: &'static str) -> String {
        let open = Action::Open { file, of: Some(self.of), access: Access::Write };
        let both = self.stage.clone().by(opener, &[]).by(writer, &[]);
        let opened = both.by(opener, &[open, Action::PassFd(writer)]);
        let trace = opened.by(writer, &[write_held(file, words)]).play();
        let [opened, passed, written] = &trace.last_shown(3)[..] else { return trace.to_string() };
        match (opened.as_str(), passed.as_str()) {
            ("ok", "ok") => written.clone(),
            refused => format!("{refused:?}"),
        }
    }
}

/// An ordinary user in the namespace or in its parent opens the file and maps its own id. It may map no other uid or gid,
/// and any project ids. The writer does not matter. The place of the opener alone decides: a sibling has the same uid and
/// may not.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel proc_uid_map_write() and its
/// kin: seq_user_ns(), new_idmap_permitted().
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    VisibleProcesses,
    pins("map.opener-from-elsewhere", "allow.own-id", "allow.one-id", "map.projid-free")
)]
fn an_opener_inside_or_in_the_parent_maps_its_own_id() {
    let stage = ordinary().outside(&[]).inside(&[DENY]);
    let question = Question { stage: &stage, of: Inside, who: &[Outside, Inside, Second, Sibling] };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// For ids that are not the opener's own, both the opener and the writer have to be a privileged process in the parent,
/// which need not be the owner. An ordinary user's id is not its own.
/// Source: kernel new_idmap_permitted(): ns_capable() and file_ns_capable(); 6708075f104c.
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    pins(
        "map.opener-from-elsewhere",
        "allow.owner",
        "allow.own-id",
        "allow.one-id",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid",
        "map.projid-free"
    )
)]
fn other_ids_need_a_privileged_opener_and_writer_in_the_parent() {
    let stage = ordinary().outside(&[]).inside(&[DENY]);
    let who = [Privileged, Outside, Inside, Second, Sibling];
    let question = Question { stage: &stage, of: Inside, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let foreign = question.answer("one other id", &MAPS, "0 1 1");
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, foreign, range].concat());
}

/// Root in the parent is the owner and privileged at once. From elsewhere it is neither.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel new_idmap_permitted(): ns_capable() and
/// file_ns_capable(); 6708075f104c.
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins(
        "map.opener-from-elsewhere",
        "allow.own-id",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid"
    )
)]
fn root_in_the_parent_is_owner_and_privileged_at_once() {
    let stage = root().outside(&[]).inside(&[DENY]);
    let who = [Privileged, Outside, Inside, Second, Sibling];
    let question = Question { stage: &stage, of: Inside, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// An opener above the parent may not write, though it is root, nor one in a sibling of the parent. Two processes in the
/// parent with the same uid may do the same.
/// Source: kernel proc_uid_map_write() and its kin: the opener's namespace is this one or its parent.
#[harness::test(
    Root,
    Userns,
    pins(
        "map.opener-from-elsewhere",
        "allow.own-id",
        "allow.writer-needs-setid",
        "allow.opener-needs-setid"
    )
)]
fn only_openers_in_the_namespace_and_its_parent_write() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let stage = root().outside(&[]).inside(&[]).outside(&maps).nested(&[DENY]);
    let who = [Outside, Inside, Second, Nested, Sibling];
    let question = Question { stage: &stage, of: Nested, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// An opener in a namespace below may not write. This can be seen by projid_map alone: a process creates a namespace below
/// only after its uid and gid are mapped.
/// Source: kernel proc_projid_map_write(): the opener's namespace is this one or its parent.
#[harness::test(Root, Userns, pins("map.opener-from-elsewhere", "map.projid-free"))]
fn an_opener_from_a_namespace_below_may_not_write() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let of_nested = [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(Nested, file, "0 0 10"));
    let stage = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).inside(&of_nested);
    let question = Question { stage: &stage, of: Nested, who: &[Outside, Inside, Nested, Deepest] };

    let range = question.answer("two", &[IdFile::ProjidMap], RANGE);

    check!(range, @r"
    projid_map <- two                 outside    inside     nested     deepest
        opened by outside             EPERM      EPERM      EPERM      EPERM
        opened by inside              ok         ok         ok         ok
        opened by nested              ok         ok         ok         ok
        opened by deepest             EPERM      EPERM      EPERM      EPERM
    ");
}

/// A process in the grandparent may write none of the maps, and it may write setgroups.
/// Source: kernel proc_uid_map_write() and its kin; proc_setgroups_open(): CAP_SYS_ADMIN is all it asks for.
#[harness::test(Root, Userns, pins("map.opener-from-elsewhere", "deny.from-above"))]
fn the_grandparent_writes_setgroups_and_no_map() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]);
    let all = MAPS.map(|file| write_of(Nested, file, OWN));

    let trace = ns.outside(&[write_of(Nested, IdFile::Setgroups, "deny")]).outside(&all).second(&all).play();

    check!(trace, last = [OK, EPERM, EPERM, EPERM, OK, OK, OK]);
}

/// Two namespaces with one parent have each its own owner. A process of the parent maps its own uid in the namespace that
/// its effective uid owns, and not in the other.
/// Source: kernel f95d7918bd1e, new_idmap_permitted(): ns->owner.
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), Capability(Cap::Setpcap), pins("allow.owner"))]
fn a_process_maps_only_the_namespace_of_its_own_uid() {
    let become_user = |id: u32| [setresgid(id), setresuid(id), DUMPABLE];
    let words = ["0 61 1", "0 62 1"];

    let mut table = format!("{:32}uid_map  gid_map\n", "");
    for (target, opener, words) in [Inside, Sibling]
        .into_iter()
        .flat_map(|target| [61, 62].map(|opener| (target, opener)))
        .flat_map(|(target, opener)| words.map(|words| (target, opener, words)))
    {
        let first = root().outside(&[NO_FIXUP]).outside(&become_user(61)).inside(&[DENY]);
        let both = first.outside(&become_user(62)).sibling(&[DENY]).outside(&become_user(opener));
        let bare = both.outside(&[only_caps(&[Cap::SysAdmin, Cap::DacOverride])]);
        let writes = [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(target, file, words));
        let shown: Vec<String> = bare.outside(&writes).play().outcomes_shown().collect();
        let owner = if target == Sibling { "62" } else { "61" };
        let label = format!("owner {owner}, opener {opener}, {words:?}");
        let _ = writeln!(table, "{label:32}{:9}{}", shown[shown.len() - 2], shown[shown.len() - 1]);
    }

    check!(table, @r#"
                                    uid_map  gid_map
    owner 61, opener 61, "0 61 1"   ok       ok
    owner 61, opener 61, "0 62 1"   EPERM    EPERM
    owner 61, opener 62, "0 61 1"   EPERM    EPERM
    owner 61, opener 62, "0 62 1"   EPERM    EPERM
    owner 62, opener 61, "0 61 1"   EPERM    EPERM
    owner 62, opener 61, "0 62 1"   EPERM    EPERM
    owner 62, opener 62, "0 61 1"   EPERM    EPERM
    owner 62, opener 62, "0 62 1"   ok       ok
    "#);
}
