//! What each process of a family of namespaces is told about each of them.
//!
//! The owners are other users on each level: inside is owned by uid 61 of the caller's namespace, nested by
//! 62, deepest by 63, sibling by 64, as the caller's namespace names them. Inside names them with 100 more,
//! nested with 1000 more; the others have no names for them.

use crate::support::ns_files::open_ns;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const ALL: [Actor; 5] = [Actor::Outside, Actor::Inside, Actor::Nested, Actor::Deepest, Actor::Sibling];
/// NS_GET_USERNS, `_IO(0xb7, 0x1)`.
const GET_USERNS: i64 = 0xb701;
/// NS_GET_PARENT, `_IO(0xb7, 0x2)`.
const GET_PARENT: i64 = 0xb702;
/// NS_GET_NSTYPE, `_IO(0xb7, 0x3)`.
const GET_NSTYPE: i64 = 0xb703;

/// Inside, nested below it, deepest below that, and sibling beside inside.
fn family() -> Scenario {
    let cast = root().privileged(&[]).outside(&[NO_FIXUP, setresuid(61), DUMPABLE]).inside(&[]);
    let cast = cast.outside(&[setresuid(64), DUMPABLE]).sibling(&[]);
    let cast = cast.privileged(&maps_of(Actor::Inside, "100 0 60000")).second(&[]);
    let cast = cast.inside(&[setresuid(162), DUMPABLE]).nested(&[]);
    let cast = cast.second(&maps_of(Actor::Nested, "1000 100 50000"));
    cast.nested(&[setresuid(1063), DUMPABLE]).deepest(&[])
}

fn ioctl(number: i64) -> Vec<RawArg> {
    vec![RawArg::Held, RawArg::Number(number)]
}

/// Each asks what the descriptor of each says; a column for each namespace asked about.
fn asked(name: &str, asks: &[Action]) -> String {
    let columns: Vec<String> = ALL.iter().map(|of| format!("{of:8}")).collect();
    let mut table = format!("{name:14} {}\n", columns.join(" ").trim_end());
    for who in ALL {
        let opened = |cast: Scenario, of: Actor| {
            cast.privileged(&[open_ns(of, "ns/user"), Action::PassFd(who)]).by(who, asks)
        };
        let trace = ALL.into_iter().fold(family(), opened).play();
        let all: Vec<String> = trace.outcomes_shown().collect();
        let per = asks.len() + 2;
        // The first refusal of the asks, or else what the last one told.
        let cells = all[all.len() - per * ALL.len()..].chunks(per).map(|chunk| {
            let odd = chunk.iter().find(|shown| *shown != "ok" && shown.starts_with('E'));
            format!("{:8}", odd.or(chunk.last()).cloned().unwrap_or_default())
        });
        let _ =
            writeln!(table, "by {:11} {}", who.to_string(), cells.collect::<Vec<_>>().join(" ").trim_end());
    }
    table
}

/// The owner is told as the asker names it, or as the overflow id; everybody may ask about every namespace.
/// Source: ioctl_ns(2) (NS_GET_OWNER_UID); kernel ns_ioctl(): from_kuid_munged().
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.owner"))]
fn owner() {
    check!(asked("owner of", &[Action::OwnerUid]));
}

/// The parent, told by its owner, of whatever lies below the asker's own namespace; EPERM for that itself and
/// for all above and beside it.
/// Source: ioctl_ns(2) (NS_GET_PARENT, NS_GET_USERNS): EPERM; kernel ns_get_owner(): the walk up.
#[rstest]
#[case::parent("parent of", syscall_for_fd("NS_GET_PARENT", libc::SYS_ioctl, ioctl(GET_PARENT)))]
#[case::userns("userns of", syscall_for_fd("NS_GET_USERNS", libc::SYS_ioctl, ioctl(GET_USERNS)))]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    pins("ask.parent", "ask.out-of-sight", "ask.owner")
)]
fn above(#[case] name: &str, #[case] ask: Action) {
    check!(asked(name, &[ask, Action::OwnerUid]));
}

/// The type is told of every namespace: CLONE_NEWUSER, 268435456.
/// Source: ioctl_ns(2) (NS_GET_NSTYPE); kernel ns_ioctl().
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.type"))]
fn kind() {
    check!(asked("type of", &[syscall("NS_GET_NSTYPE", libc::SYS_ioctl, ioctl(GET_NSTYPE))]));
}

/// Two and three levels up, one ask after the other, until the asker's own namespace is reached.
/// Source: as above.
#[rstest]
#[case::two(2)]
#[case::three(3)]
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.parent", "ask.out-of-sight"))]
fn further_above(#[case] levels: usize) {
    let ask = syscall_for_fd("NS_GET_PARENT", libc::SYS_ioctl, ioctl(GET_PARENT));
    let asks = [vec![ask; levels], vec![Action::OwnerUid]].concat();

    check!(asked("above", &asks));
}
