//! Opening the maps in /proc.

use harness::prelude::*;
use rstest::rstest;

const UNDUMPABLE: Action = Action::Prctl("PR_SET_DUMPABLE, 0", 4, 0);

/// The files of a process that is not dumpable belong to root: its owner can read them and no longer
/// open them for writing, from the parent or from inside.
/// Source: proc(5), /proc/pid; kernel task_dump_owner().
#[rstest]
#[case::from_the_parent(Actor::Outside)]
#[case::from_inside(Actor::Inside)]
#[harness::test(OrdinaryUser, UnprivilegedUserns)]
fn of_an_undumpable_process(#[case] writer: Actor, #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile) {
    let cast = ordinary().outside(&[]).inside(&[DENY, UNDUMPABLE]);

    let refused = cast.by(writer, &[read(file), write(file, "0 own 1")]);
    let trace = refused.inside(&[DUMPABLE]).by(writer, &[write(file, "0 own 1")]).play();

    check!(trace);
}
