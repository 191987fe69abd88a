//! setresuid and setresgid from every filesystem id: which calls have nothing to change, and leave it.

use harness::prelude::*;
use harness::rules::changes;
use rstest::rstest;
use std::fmt::Write as _;

/// The real, the effective and the saved id.
const START: [u32; 3] = [1, 2, 3];
const ARGS: [u32; 4] = [SAME, 1, 2, 3];
/// The filesystem id is the real, the effective, the saved or another one.
const FS: [u32; 4] = [1, 2, 3, 4];

fn shown(id: u32) -> String {
    if id == SAME { "-1".to_owned() } else { id.to_string() }
}

/// The ids that the call leaves, from each filesystem id.
fn line([all, fs]: [SetId; 2], args: [u32; 3]) -> String {
    let (uids, gids) = (uid_map("0 1000 60000"), gid_map("0 2000 60000"));
    let ns = root().outside(&[]).inside(&[]).outside(&[uids, gids]).inside(&[NO_FIXUP]);
    let row = |id: u32| [set_id(all, &START), set_id(fs, &[id]), set_id(all, &args), Action::GetCredentials];

    let trace = ns.inside(&FS.map(row).concat()).play();

    let looks = trace.outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Credentials(looked) if all == SetId::Setresuid => Some(looked.uid),
        Outcome::Credentials(looked) => Some(looked.gid),
        _ => None,
    });
    let cells: Vec<String> =
        looks.map(|ids| format!("{}{}{}{}", ids.real, ids.effective, ids.saved, ids.fs)).collect();
    format!("{:8}  {}\n", args.map(shown).join(" "), cells.join("  "))
}

/// The filesystem id becomes the effective id by any call that changes one of the three ids or names the effective one. A
/// call that does neither leaves it, whichever of the ids it is equal to.
/// Columns are the filesystem id before; a cell shows real, effective, saved and filesystem id afterwards.
/// Source: kernel 659c0ce1cb9e, __sys_setresuid(), __sys_setresgid(): the check for a no-op.
#[rstest]
#[case::uids([SetId::Setresuid, SetId::Setfsuid])]
#[case::gids([SetId::Setresgid, SetId::Setfsgid])]
#[harness::test(
    Root,
    Userns,
    Change(&changes::NOTHING_TO_CHANGE),
    pins("id.nothing-to-change", "id.fs-follows")
)]
fn a_call_that_changes_nothing_leaves_the_filesystem_id(#[case] calls: [SetId; 2]) {
    let mut table = format!("fs        {}\n", FS.map(|id| format!("{id:<4}")).join("  ").trim_end());

    for real in ARGS {
        for effective in ARGS {
            for saved in ARGS {
                let _ = write!(table, "{}", line(calls, [real, effective, saved]));
            }
        }
    }

    check!(table);
}
