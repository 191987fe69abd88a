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

    fn ask(&self, opener: Actor, writer: Actor, file: IdFile, words: &'static str) -> String {
        let open = Action::Open { file, of: Some(self.of), access: Access::Write };
        let both = self.stage.clone().by(opener, &[]).by(writer, &[]);
        let opened = both.by(opener, &[open, Action::PassFd(writer)]);
        let trace = opened.by(writer, &[write_held(file, words)]).play();
        let shown: Vec<String> = trace.outcomes_shown().collect();
        assert_eq!(shown[shown.len() - 3..shown.len() - 1], ["ok", "ok"], "{trace}");
        shown[shown.len() - 1].clone()
    }
}

/// An ordinary user in the namespace or in its parent opens the file for its own id; who writes then does
/// not matter. Of any other ids it may map none but for projects, where the writer does not matter either.
/// The opener's place alone decides: a sibling has the same uid and may not.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel proc_uid_map_write() and its
/// kin: seq_user_ns(), new_idmap_permitted().
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    VisibleProcesses,
    pins("map.opener-from-elsewhere", "allow.own-id", "allow.one-id", "map.projid-free")
)]
fn ordinary_users() {
    let stage = ordinary().outside(&[]).inside(&[DENY]);
    let question = Question { stage: &stage, of: Inside, who: &[Outside, Inside, Second, Sibling] };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// With a privileged process in the parent, which is not the owner: for ids that are not the opener's own
/// it has to be both. It maps an ordinary user's id as one of those.
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
fn beside_a_privileged_process() {
    let stage = ordinary().outside(&[]).inside(&[DENY]);
    let who = [Privileged, Outside, Inside, Second, Sibling];
    let question = Question { stage: &stage, of: Inside, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let foreign = question.answer("one other id", &MAPS, "0 1 1");
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, foreign, range].concat());
}

/// Root is the owner and privileged in the parent at once, and neither from elsewhere.
/// Source: as above.
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
fn root_itself() {
    let stage = root().outside(&[]).inside(&[DENY]);
    let who = [Privileged, Outside, Inside, Second, Sibling];
    let question = Question { stage: &stage, of: Inside, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// A process above the parent, root though it is, a sibling of the parent and one in a namespace below may
/// not; two processes in the parent are as good as each other, if they have the same uid.
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
fn two_levels_down() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let stage = root().outside(&[]).inside(&[]).outside(&maps).nested(&[DENY]);
    let who = [Outside, Inside, Second, Nested, Sibling];
    let question = Question { stage: &stage, of: Nested, who: &who };

    let own = question.answer("own id", &MAPS, OWN);
    let range = question.answer("two", &MAPS, RANGE);

    check!([own, range].concat());
}

/// From a namespace below its own a process may not write, which shows with project ids alone: until the
/// others are mapped nobody can create one.
/// Source: as above.
#[harness::test(Root, Userns, pins("map.opener-from-elsewhere", "map.projid-free"))]
fn from_below() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let of_nested = [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(Nested, file, "0 0 10"));
    let stage = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).inside(&of_nested);
    let question = Question { stage: &stage, of: Nested, who: &[Outside, Inside, Nested, Deepest] };

    let range = question.answer("two", &[IdFile::ProjidMap], RANGE);

    check!(range);
}

/// The grandparent may write none of the maps, and setgroups all the same.
/// Source: kernel proc_uid_map_write() and its kin; proc_setgroups_open(): CAP_SYS_ADMIN is all it asks for.
#[harness::test(Root, Userns, pins("map.opener-from-elsewhere", "deny.from-above"))]
fn from_the_grandparent() {
    let maps = MAPS.map(|file| write(file, "0 0 10"));
    let cast = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]);
    let all = MAPS.map(|file| write_of(Nested, file, OWN));

    let trace =
        cast.outside(&[write_of(Nested, IdFile::Setgroups, "deny")]).outside(&all).second(&all).play();

    check!(trace);
}

/// Two namespaces with one parent have each its own owner: with that effective uid, and with its uid in
/// the text, a process of the parent maps the one and not the other.
/// Source: kernel f95d7918bd1e, new_idmap_permitted(): ns->owner.
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), Capability(Cap::Setpcap), pins("allow.owner"))]
fn two_owners() {
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

    check!(table);
}
