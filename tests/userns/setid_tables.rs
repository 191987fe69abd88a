//! Every set*id call from every kind of start to every kind of id, with and without the capability.
//!
//! The ids 1, 2 and 3 are the real, the effective and the saved id of the first start, the others make
//! some of them alike; 4 is the filesystem id, 5 that of another user, u one that has no mapping. A cell shows
//! the four ids afterwards, real, effective, saved and filesystem id, or the errno, where nothing changed.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

const STARTS: [[u32; 3]; 5] = [[1, 2, 3], [1, 1, 1], [1, 1, 2], [1, 2, 1], [1, 2, 2]];
const UNMAPPED: u32 = 70_000;
const ARGS: [u32; 7] = [u32::MAX, 1, 2, 3, 4, 5, UNMAPPED];
const FS: u32 = 4;
/// The capabilities up to CAP_AUDIT_READ, which every kernel with user namespaces' setgroups file has.
const ALL: u64 = (1 << 38) - 1;

/// User or group ids: their four calls, the last of which never fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Uid,
    Gid,
}

/// The effective capabilities at the moment of the call.
#[derive(Debug, Clone, Copy)]
enum Effective {
    /// CAP_SETUID for uids, CAP_SETGID for gids, and no other.
    ThatOne,
    /// Every one but that one.
    AllButThat,
}

impl Kind {
    fn calls(self) -> [SetId; 4] {
        match self {
            Self::Uid => [SetId::Setuid, SetId::Setreuid, SetId::Setresuid, SetId::Setfsuid],
            Self::Gid => [SetId::Setgid, SetId::Setregid, SetId::Setresgid, SetId::Setfsgid],
        }
    }

    fn capability(self) -> u64 {
        let cap = if self == Self::Uid { Cap::Setuid } else { Cap::Setgid };
        1 << cap.number()
    }

    fn effective(self, effective: Effective) -> u64 {
        match effective {
            Effective::ThatOne => self.capability(),
            Effective::AllButThat => ALL & !self.capability(),
        }
    }
}

/// capset(2) to these effective capabilities, everything permitted.
fn capset(effective: u64) -> Action {
    let low = |set: u64| u32::try_from(set & 0xffff_ffff).unwrap_or(0);
    let words = [low(effective), low(ALL), 0, low(effective >> 32), low(ALL >> 32), 0];
    let bytes =
        |words: &[u32]| RawArg::Bytes(Cow::Owned(words.iter().flat_map(|word| word.to_ne_bytes()).collect()));
    syscall("capset", libc::SYS_capset, vec![bytes(&[0x2008_0522, 0]), bytes(&words)])
}

/// Put the start in place, take the capability away, call, and look.
fn row(kind: Kind, start: [u32; 3], effective: Effective, call: SetId, args: &[u32]) -> [Action; 6] {
    let [_, _, all, fs] = kind.calls();
    [
        capset(ALL),
        set_id(all, &start),
        set_id(fs, &[FS]),
        capset(kind.effective(effective)),
        set_id(call, args),
        Action::GetCredentials,
    ]
}

/// The last but one outcome of a row, the call's, and the ids it left.
fn cell(kind: Kind, outcomes: &[Outcome]) -> String {
    let [.., call, Outcome::Credentials(looked)] = outcomes else { return "?".to_owned() };
    let ids = if kind == Kind::Uid { looked.uid } else { looked.gid };
    let ids = format!("{}{}{}{}", ids.real, ids.effective, ids.saved, ids.fs);
    match call {
        Outcome::Done => ids,
        Outcome::Value(old) => format!("{old}:{ids}"),
        Outcome::Failed { errno, .. } => format!("{errno:?} {ids}"),
        other => format!("{other:?}"),
    }
}

/// The lists of arguments of one call, those of a line of the table together.
fn lines(count: u32) -> Vec<Vec<Vec<u32>>> {
    let mut prefixes: Vec<Vec<u32>> = vec![Vec::new()];
    for _ in 1..count {
        prefixes = prefixes
            .iter()
            .flat_map(|ids| ARGS.map(|id| ids.iter().copied().chain([id]).collect()))
            .collect();
    }
    prefixes.iter().map(|ids| ARGS.map(|id| ids.iter().copied().chain([id]).collect()).to_vec()).collect()
}

fn shown(id: u32) -> String {
    match id {
        u32::MAX => "-1".to_owned(),
        UNMAPPED => "u".to_owned(),
        id => id.to_string(),
    }
}

/// The calls of one kind from one start, a line for all but the last argument, a column for that.
fn block(kind: Kind, start: [u32; 3], effective: Effective, lines_of: &[(SetId, Vec<Vec<u32>>)]) -> String {
    let rows = lines_of.iter().flat_map(|(call, line)| line.iter().map(move |args| (*call, args)));
    let steps: Vec<Action> = rows.flat_map(|(call, args)| row(kind, start, effective, call, args)).collect();
    // Other ids outside than inside, and for groups than for users, so that one taken for the other shows.
    let (uids, gids) = (uid_map("0 1000 60000"), gid_map("0 2000 60000"));
    let ns = root().outside(&[]).inside(&[]).outside(&[uids, gids]);
    // To be a member of a group gives no right to its gid: 5 is refused all the same.
    let trace = ns.inside(&[NO_FIXUP, setgroups(&[5])]).inside(&steps).play();

    let first = trace.outcomes.len() - steps.len();
    let mut cells = trace.outcomes[first..].chunks(6).map(|outcomes| cell(kind, outcomes));
    let mut text = String::new();
    for (call, line) in lines_of {
        let fixed: Vec<String> = line[0][..line[0].len() - 1].iter().map(|id| shown(*id)).collect();
        let cells = cells.by_ref().zip(line).map(|(cell, args)| match idle(start, args) {
            true => "-     ".to_owned(),
            false => short(&cell, start),
        });
        let cells: Vec<String> = cells.collect();
        let name = format!("{call:?} {}", fixed.join(" "));
        let _ = writeln!(text, "{name:16} {}", cells.join("  ").trim_end());
    }
    text
}

/// Whether setresuid is asked to change nothing: what that does to the filesystem id is another test's.
fn idle(start: [u32; 3], args: &[u32]) -> bool {
    let keeps = |at: usize| args[at] == u32::MAX || args[at] == start[at];
    args.len() == 3 && args[1] == u32::MAX && keeps(0) && keeps(2)
}

/// A refusal that changed nothing needs no ids.
fn short(cell: &str, [real, effective, saved]: [u32; 3]) -> String {
    let unchanged = format!(" {real}{effective}{saved}{FS}");
    format!("{:6}", cell.strip_suffix(&unchanged).unwrap_or(cell))
}

/// Without the capability setuid takes the real and the saved id. setreuid takes as real id the real and the effective one.
/// setresuid and setfsuid take any of the caller's own. With the capability each call takes any id that is mapped. The
/// filesystem id follows the effective one. The saved id follows it in setreuid if the real id is set or the effective one
/// becomes another than the real. A call that fails changes nothing.
/// Source: setuid(2), setreuid(2), setresuid(2), setfsuid(2); kernel __sys_setuid() and its kin, which
/// ask for CAP_SETUID, or CAP_SETGID, in the namespace of the process.
#[rstest]
#[case::uids_with_that_capability_alone(Kind::Uid, Effective::ThatOne)]
#[case::uids_with_every_other_capability(Kind::Uid, Effective::AllButThat)]
#[case::gids_with_that_capability_alone(Kind::Gid, Effective::ThatOne)]
#[case::gids_with_every_other_capability(Kind::Gid, Effective::AllButThat)]
#[harness::test(
    Root,
    Userns,
    pins(
        "id.unmapped",
        "id.not-own",
        "id.capability",
        "id.which-change",
        "id.refusal-changes-nothing",
        "id.fs-follows",
        "id.fs-never-fails"
    )
)]
fn without_the_capability_a_call_takes_only_own_ids(#[case] kind: Kind, #[case] effective: Effective) {
    let [one, two, three, fs] = kind.calls();
    let calls = [(one, 1), (two, 2), (three, 3), (fs, 1)];
    let all: Vec<_> =
        calls.iter().flat_map(|(call, count)| lines(*count).into_iter().map(|line| (*call, line))).collect();

    let blocks = STARTS.map(|start| {
        let columns = ARGS.map(|id| format!("{:6}", shown(id))).join("  ");
        let from = start.map(|id| id.to_string()).join("/");
        format!("from {from:11} {}\n{}", columns.trim_end(), block(kind, start, effective, &all))
    });

    check!(blocks.join("\n"));
}
