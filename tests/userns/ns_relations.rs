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
    let ns = root().privileged(&[]).outside(&[NO_FIXUP, setresuid(61), DUMPABLE]).inside(&[]);
    let ns = ns.outside(&[setresuid(64), DUMPABLE]).sibling(&[]);
    let ns = ns.privileged(&maps_of(Actor::Inside, "100 0 60000")).second(&[]);
    let ns = ns.inside(&[setresuid(162), DUMPABLE]).nested(&[]);
    let ns = ns.second(&maps_of(Actor::Nested, "1000 100 50000"));
    ns.nested(&[setresuid(1063), DUMPABLE]).deepest(&[])
}

fn ioctl(number: i64) -> Vec<RawArg> {
    vec![RawArg::Held, RawArg::Number(number)]
}

/// Each asks what the descriptor of each says; a column for each namespace asked about.
fn asked(name: &str, asks: &[Action]) -> String {
    let columns: Vec<String> = ALL.iter().map(|of| format!("{of:8}")).collect();
    let mut table = format!("{name:14} {}\n", columns.join(" ").trim_end());
    for who in ALL {
        let opened = |ns: Scenario, of: Actor| {
            ns.privileged(&[open_ns(of, "ns/user"), Action::PassFd(who)]).by(who, asks)
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

/// Any process may read the owner of any namespace. It is shown as the caller's namespace names it, or as the overflow id.
/// Source: ioctl_ns(2) (NS_GET_OWNER_UID); kernel ns_ioctl(): from_kuid_munged().
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.owner"))]
fn any_process_reads_the_owner_of_any_namespace() {
    let table = asked("owner of", &[Action::OwnerUid]);

    check!(table, @r"
    owner of       outside  inside   nested   deepest  sibling
    by outside     0        61       62       63       64
    by inside      100      161      162      163      164
    by nested      1000     1061     1062     1063     1064
    by deepest     overflow overflow overflow overflow overflow
    by sibling     overflow overflow overflow overflow overflow
    ");
}

/// The parent is found of each namespace below the caller's own. The table shows it by its owner. EPERM stands for the
/// caller's own namespace and for all above and beside it.
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
fn the_parent_is_found_of_namespaces_below_alone(#[case] name: &str, #[case] ask: Action) {
    let table = asked(name, &[ask, Action::OwnerUid]);

    check!(table);
}

/// Any process may read the type of any namespace: CLONE_NEWUSER, 268435456.
/// Source: ioctl_ns(2) (NS_GET_NSTYPE); kernel ns_ioctl().
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.type"))]
fn any_process_reads_the_type_of_any_namespace() {
    let table = asked("type of", &[syscall("NS_GET_NSTYPE", libc::SYS_ioctl, ioctl(GET_NSTYPE))]);

    check!(table, @r"
    type of        outside  inside   nested   deepest  sibling
    by outside     268435456 268435456 268435456 268435456 268435456
    by inside      268435456 268435456 268435456 268435456 268435456
    by nested      268435456 268435456 268435456 268435456 268435456
    by deepest     268435456 268435456 268435456 268435456 268435456
    by sibling     268435456 268435456 268435456 268435456 268435456
    ");
}

/// The parent of the parent is found, and the one above it, as long as the caller's own namespace is not passed.
/// Source: ioctl_ns(2) (NS_GET_PARENT): EPERM; kernel ns_get_owner(): the walk up.
#[rstest]
#[case::two(2)]
#[case::three(3)]
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("ask.parent", "ask.out-of-sight"))]
fn parents_are_found_up_to_the_own_namespace(#[case] levels: usize) {
    let ask = syscall_for_fd("NS_GET_PARENT", libc::SYS_ioctl, ioctl(GET_PARENT));
    let asks = [vec![ask; levels], vec![Action::OwnerUid]].concat();

    let table = asked("above", &asks);

    check!(table);
}
