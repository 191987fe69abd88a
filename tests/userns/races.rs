//! What may come of system calls that several processes make at the same time, and nothing else.
//!
//! Each snapshot lists every outcome that was seen: one that is not allowed is a line too many, one that
//! did not occur is a line that is missing. How often each occurred stands on standard error.

use crate::support::limits::limit;
use harness::prelude::*;
use harness::race::Racer;
use rstest::rstest;
use std::fmt::Write as _;

/// Rounds whose racers stay from one to the next.
const MANY: u32 = 512;
/// Rounds whose racers are new, or whose calls take long.
const SOME: u32 = 256;
/// Rounds on a stage that costs more than the race.
const FEW: u32 = 128;

const ALL_GIDS: &str = "0 0 65536";

/// Writes so many extents of one id each, from 0 on, to the open file; the ids outside begin at `lower`.
fn write_extents(file: IdFile, count: u32, lower: u32) -> Action {
    let mut lines = String::new();
    for id in 0..count {
        let _ = writeln!(lines, "{id} {} 1", lower + id);
    }
    Action::WriteHeld { text: Text::Bytes(lines.into_bytes().into()), file, at: At::Position }
}

/// A racer that opens a file and then writes to it.
fn writer(actor: Actor, file: IdFile, words: &'static str) -> Racer {
    racer(actor, &[open(file)], write_held(file, words))
}

/// Of two processes that write one map at a time exactly one succeeds, and the map is what that one wrote.
/// The longer the map, the longer the time between the check that it is empty and its installation.
/// Source: user_namespaces(7): a map is written once; kernel map_write(): userns_state_mutex.
#[rstest]
#[case::uid_map(IdFile::UidMap, 1, MANY)]
#[case::gid_map(IdFile::GidMap, 1, MANY)]
#[case::of_5_extents(IdFile::UidMap, 5, MANY)]
#[case::of_340_extents(IdFile::GidMap, 340, SOME)]
#[harness::test(Root, Userns, Processors(2), pins("race.two-writers"))]
fn of_two_writers_exactly_one_succeeds(#[case] file: IdFile, #[case] extents: u32, #[case] rounds: u32) {
    let stage = root().inside(&[]);
    let writer = |actor, lower| racer(actor, &[open(file)], write_extents(file, extents, lower));

    let tally = stage.race(&[writer(Actor::Outside, 0), writer(Actor::Privileged, 1000)]).play(rounds);

    check!(tally, @r"
    outside EPERM, privileged ok: the map is privileged's
    outside ok, privileged EPERM: the map is outside's
    ");
}

/// Of two processes of the owner without privilege, one in the namespace and one in its parent, that write one map at a time
/// exactly one succeeds.
/// Source: user_namespaces(7): a map is written once; kernel map_write(): userns_state_mutex.
#[harness::test(OrdinaryUser, UnprivilegedUserns, Processors(2), pins("race.two-writers"))]
fn of_two_unprivileged_writers_exactly_one_succeeds() {
    let stage = ordinary().inside(&[]);
    let inside = writer(Actor::Inside, IdFile::UidMap, "0 own 1");
    let outside = writer(Actor::Outside, IdFile::UidMap, "7 own 1");

    let tally = stage.race(&[inside, outside]).play(SOME);

    check!(tally, @r"
    inside EPERM, outside ok: the map is outside's
    inside ok, outside EPERM: the map is inside's
    ");
}

/// Without privilege the own gid is mapped after "deny" alone. Before it the map stays empty. "deny" succeeds in both
/// orders.
/// Source: user_namespaces(7); kernel 66d2f338ee4c, new_idmap_permitted() under userns_state_mutex.
#[harness::test(OrdinaryUser, UnprivilegedUserns, Processors(2), pins("race.deny-and-gid-map"))]
fn the_own_gid_is_mapped_after_deny_alone() {
    let stage = ordinary().inside(&[]);
    let deny = writer(Actor::Inside, IdFile::Setgroups, "deny");
    let map = writer(Actor::Outside, IdFile::GidMap, "0 own 1");

    let tally = stage.race(&[deny, map]).play(SOME);

    check!(tally, @r"
    inside ok, outside EPERM: the map is empty, setgroups is deny
    inside ok, outside ok: the map is outside's, setgroups is deny
    ");
}

/// With privilege gid_map is written before "deny" or after it. "deny" succeeds before the map alone.
/// Source: user_namespaces(7); kernel 9cc46516ddf4, proc_setgroups_write() under userns_state_mutex.
#[harness::test(Root, Userns, Processors(2), pins("race.deny-and-gid-map"))]
fn deny_succeeds_before_gid_map_alone() {
    let stage = root().inside(&[]);
    let deny = writer(Actor::Privileged, IdFile::Setgroups, "deny");
    let map = writer(Actor::Outside, IdFile::GidMap, ALL_GIDS);

    let tally = stage.race(&[deny, map]).play(MANY);

    check!(tally, @r"
    privileged EPERM, outside ok: the map is outside's, setgroups is allow
    privileged ok, outside ok: the map is outside's, setgroups is deny
    ");
}

/// setgroups(2) succeeds after gid_map alone.
/// Source: setgroups(2); kernel 273d2c67c3e1, userns_may_setgroups() under userns_state_mutex.
#[harness::test(Root, Userns, Processors(2), pins("race.setgroups-and-deny"))]
fn setgroups_succeeds_after_gid_map_alone() {
    let stage = root().inside(&[]);
    let map = writer(Actor::Outside, IdFile::GidMap, ALL_GIDS);
    let call = racer(Actor::Inside, &[], setgroups(&[5]));

    let tally = stage.race(&[map, call]).play(SOME);

    check!(tally, @r"
    outside ok, inside EPERM: the map is outside's, the groups are [0]
    outside ok, inside ok: the map is outside's, the groups are [5]
    ");
}

/// setgroups(2) succeeds after a gid_map that came before "deny", and never where "deny" succeeds.
/// Source: user_namespaces(7); kernel 9cc46516ddf4, userns_may_setgroups() under userns_state_mutex.
#[harness::test(Root, Userns, Processors(2), pins("race.setgroups-and-deny"))]
fn setgroups_never_succeeds_where_deny_does() {
    let stage = root().inside(&[]);
    let deny = writer(Actor::Privileged, IdFile::Setgroups, "deny");
    let map = writer(Actor::Outside, IdFile::GidMap, ALL_GIDS);
    let call = racer(Actor::Inside, &[], setgroups(&[5]));

    let tally = stage.race(&[deny, map, call]).play(SOME);

    check!(tally, @r"
    privileged EPERM, outside ok, inside EPERM: the map is outside's, setgroups is allow, the groups are [0]
    privileged EPERM, outside ok, inside ok: the map is outside's, setgroups is allow, the groups are [5]
    privileged ok, outside ok, inside EPERM: the map is outside's, setgroups is deny, the groups are [0]
    ");
}

/// A process that reads a map while it is written finds nothing or the whole of it. 340 extents take several read(2) calls.
/// A reader that finds nothing at first has come to the end.
/// Source: kernel map_write(): smp_wmb() before nr_extents; m_start().
#[rstest]
#[case::of_5_extents(5, MANY)]
#[case::of_340_extents(340, SOME)]
#[harness::test(Root, Userns, Processors(2), pins("race.reader"))]
fn a_reader_sees_nothing_or_the_whole_map(#[case] extents: u32, #[case] rounds: u32) {
    let stage = root().inside(&[]);
    let file = IdFile::UidMap;
    let writer = racer(Actor::Outside, &[open(file)], write_extents(file, extents, 1000));
    let reader = racer(Actor::Privileged, &[open_to_read(file)], Action::ReadToEnd(file));

    let tally = stage.race(&[writer, reader]).play(rounds);

    check!(tally, @r"
    outside ok, privileged reads empty: the map is outside's
    outside ok, privileged reads outside's: the map is outside's
    ");
}

/// An id has no mapping before the map is written, and the one that the last extent gives it afterwards.
/// Source: kernel map_write(): smp_wmb() before nr_extents; map_id_range_down_base(), map_id_range_down_max().
#[rstest]
#[case::of_5_extents(5, 4, SOME)]
#[case::of_340_extents(340, 339, SOME)]
#[harness::test(Root, Userns, Processors(2), pins("race.reader"))]
fn an_id_has_no_mapping_or_that_of_the_last_extent(
    #[case] extents: u32,
    #[case] last: u32,
    #[case] rounds: u32,
) {
    let stage = root().inside(&[]);
    let file = IdFile::UidMap;
    let writer = racer(Actor::Outside, &[open(file)], write_extents(file, extents, 1000));

    let tally = stage.race(&[writer, racer(Actor::Inside, &[], setresuid(last))]).play(rounds);

    check!(tally, @r"
    outside ok, inside EINVAL: the map is outside's
    outside ok, inside ok: the map is outside's
    ");
}

/// Of two processes that create a namespace at a time one succeeds where there is room for one.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): atomic_long_inc_below().
#[harness::test(Root, Userns, Processors(2), pins("race.creators"))]
fn of_two_creators_one_succeeds_with_room_for_one() {
    let maps = [uid_map("0 0 65536"), gid_map(ALL_GIDS)];
    let stage = root().inside(&limit(1)).outside(&maps).second(&[]);
    let creator = |actor| racer(actor, &[], UNSHARE);

    let tally = stage.race(&[creator(Actor::Inside), creator(Actor::Second)]).play(FEW);

    check!(tally, @r"
    inside ENOSPC, second ok
    inside ok, second ENOSPC
    ");
}

/// Of four processes that create a namespace at a time two succeed where there is room for two, and not always the same.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): atomic_long_inc_below().
#[harness::test(Root, Userns, Processors(2), pins("race.creators"))]
fn of_four_creators_two_succeed_with_room_for_two() {
    let maps = [uid_map("0 0 65536"), gid_map(ALL_GIDS)];
    let join = [Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 }];
    let stage = root().inside(&limit(2)).outside(&maps).second(&[]).privileged(&join).outside(&join);
    let creators = [Actor::Inside, Actor::Second, Actor::Privileged, Actor::Outside];

    let tally = stage.race(&creators.map(|actor| racer(actor, &[], UNSHARE))).play(FEW);

    assert!(tally.seen.len() > 1, "{tally}");
    for line in tally.seen.keys() {
        assert_eq!((line.matches(" ok").count(), line.matches(" ENOSPC").count()), (2, 2), "{tally}");
    }
}
