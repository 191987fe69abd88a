//! listns(2): which namespaces a process sees.

use crate::support::raw::number;
use harness::prelude::*;
use rstest::rstest;

/// Its number on every architecture.
const LISTNS: i64 = 470;
/// The bytes of struct ns_id_req.
const SIZE: u32 = 32;
/// A type of namespaces that there is not.
const UNKNOWN: u32 = 1 << 12;

/// listns(2) of namespaces of these types, owned by this user namespace if it is not 0, with room for so many.
fn list(types: u32, owner: u64, room: i64, flags: i64) -> Action {
    let words = |words: [u32; 2]| words.map(u32::to_ne_bytes).concat();
    let request = [words([SIZE, 0]), vec![0; 8], words([types, 0]), owner.to_ne_bytes().to_vec()].concat();
    let args = vec![RawArg::Bytes(request.into()), RawArg::Results(0), number(room), number(flags)];
    syscall("listns", LISTNS, args)
}

const USER: u32 = NEWUSER.cast_unsigned();
const UTS: u32 = libc::CLONE_NEWUTS.cast_unsigned();

/// A process without privilege over the host sees the namespaces that it is in: not those that it owns, and not those that
/// its user namespace owns.
/// Source: kernel 7.2 may_list_ns(), may_see_all_namespaces() of kernel/nstree.c.
#[rstest]
#[case::the_owner(Actor::Outside)]
#[case::one_inside(Actor::Inside)]
#[case::one_below(Actor::Nested)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 7, minor: 0, why: "listns(2) as it is now" },
    pins("list.own-alone")
)]
fn a_process_lists_its_own_namespaces_alone(#[case] who: Actor) {
    let maps = [uid_map("0 own 1"), write(IdFile::Setgroups, "deny"), gid_map("0 own 1")];
    let ns =
        ordinary().outside(&[]).inside(&[]).outside(&maps).nested(&[Action::Unshare(libc::CLONE_NEWUTS)]);

    let asks = [list(USER, 0, 8, 0), list(USER | UTS, 0, 8, 0)];
    let trace = ns.by(who, &asks).play();

    check!(trace);
    assert_eq!(trace.last_shown(2), ["1", "2"], "{trace}");
}

/// listns(2) refuses wrong arguments. A lack of privilege shortens its list, and is no errno.
/// Source: kernel 7.2 listns(), copy_ns_id_req() of kernel/nstree.c.
#[rstest]
#[case::flags(list(USER, 0, 8, 1), EINVAL)]
#[case::an_unknown_type(list(UNKNOWN, 0, 8, 0), EOPNOTSUPP)]
#[case::too_much_room(list(USER, 0, 1_000_001, 0), EOVERFLOW)]
#[case::an_unknown_owner(list(USER, 1 << 40, 8, 0), EINVAL)]
#[case::nothing_wrong(list(USER, 0, 8, 0), OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 7, minor: 0, why: "listns(2) as it is now" },
    pins("list.arguments")
)]
fn listns_refuses_wrong_arguments_alone(#[case] ask: Action, #[case] expected: Answer) {
    let ns = ordinary().inside(&[]);

    let trace = ns.inside(&[ask]).play();

    check!(trace, last = expected);
}
