//! The ids of keys: how they are shown, and who changes them.

use crate::support::raw::number;
use harness::prelude::*;
use rstest::rstest;

const SESSION: i64 = -3;
const JOIN_SESSION: i64 = 1;
const CHOWN: i64 = 4;
const DESCRIBE: i64 = 6;
const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];

fn new_session() -> Action {
    syscall_for_fd("new session keyring", libc::SYS_keyctl, vec![number(JOIN_SESSION), number(0)]).or_stop()
}

/// A key shows its owner and its group as the namespace of the reader maps them.
/// Source: keyctl_describe(3); kernel keyctl_describe_key(): from_kuid_munged(current_user_ns()).
#[rstest]
#[case::mapped_to_the_same(&MAPS, "keyring;0;0;")]
#[case::mapped_to_others(&[uid_map("5 0 1"), gid_map("7 0 1")], "keyring;5;7;")]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("mean.keys"))]
fn a_key_shows_its_ids_to_each_namespace(#[case] maps: &[Action], #[case] expected: &str) {
    let describe = vec![number(DESCRIBE), number(SESSION), RawArg::Results(0), number(64)];
    let describe = syscall_for("keyctl DESCRIBE", libc::SYS_keyctl, describe, Results::Text(64));
    let ns = root().outside(&[new_session()]).inside(&[]).outside(maps);

    let trace = ns.outside(std::slice::from_ref(&describe)).inside(&[describe]).play();

    check!(trace);
    assert!(trace.last_shown(1).concat().starts_with(&format!("\"{expected}")), "{trace}");
}

/// The owner of a key changes with CAP_SYS_ADMIN in the initial namespace, and an id without a mapping is none.
/// Source: keyctl_chown(3), EACCES, EINVAL; kernel keyctl_chown_key(): make_kuid(), capable(CAP_SYS_ADMIN).
#[rstest]
#[case::to_another(5, EACCES)]
#[case::to_an_unmapped_one(500, EINVAL)]
#[case::to_its_own(0, OK)]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("owner.keys"))]
fn root_of_a_namespace_gives_no_key_away(#[case] uid: i64, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS).inside(&[new_session()]);

    let chown = vec![number(CHOWN), number(SESSION), number(uid), number(-1)];
    let trace = ns.inside(&[syscall("keyctl CHOWN", libc::SYS_keyctl, chown)]).play();

    check!(trace, last = expected);
}
