//! The helper that runs programs in user namespaces, with real programs.

use harness_play::Status;
use harness_play::error::Error;
use harness_play::userns::{Refused, Userns, Writer};
use nix::errno::Errno;
use std::time::Duration;

fn root_of_one_id() -> Userns {
    Userns::new().setgroups("deny").uid_map("0 own 1").gid_map("0 own 1").written_by(Writer::Inside)
}

#[test]
fn a_program_sees_the_namespace() {
    let ended = root_of_one_id().uid(0).gid(0).run(&["sh", "-c", "id -u; id -g; cat /proc/self/setgroups"]);

    assert_eq!(ended.map(|ended| ended.stdout), Ok("0\n0\ndeny\n".to_owned()));
}

#[test]
fn the_parent_writes_unless_told_otherwise() {
    let ended = Userns::new().uid_map("5 own 1").run(&["id", "-u"]);

    assert_eq!(ended.map(|ended| ended.stdout), Ok("5\n".to_owned()));
}

#[test]
fn a_refused_step_is_named() {
    let refused = root_of_one_id().groups(&[0]).run(&["true"]);

    let expected = Refused::Step { step: "setgroups([0])".to_owned(), call: "", errno: Errno::EPERM };
    assert_eq!(refused, Err(expected));
}

/// A program whose ids or groups could not be set would run with others, so it is not run.
#[test]
fn no_program_runs_after_a_refused_step() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("file");
    let touch = ["touch", &*file.to_string_lossy()];

    let refused = root_of_one_id().groups(&[0]).run(&touch);

    assert!(matches!(refused, Err(Refused::Step { .. })), "{refused:?}");
    assert!(!file.exists());
    let ended = root_of_one_id().run(&touch);
    assert_eq!(ended.map(|ended| ended.status), Ok(Status::Exited(0)));
    assert!(file.exists());
}

#[test]
fn a_failing_program_is_no_error() {
    let ended = root_of_one_id().run(&["sh", "-c", "echo to whom it may concern >&2; exit 3"]);

    let said = ended.map(|ended| (ended.status, ended.stderr));
    assert_eq!(said, Ok((Status::Exited(3), "to whom it may concern\n".to_owned())));
}

#[test]
fn a_hanging_program_is_killed_in_time() {
    let limit = Duration::from_millis(200);

    let refused = root_of_one_id().time_limit(limit).run(&["sleep", "60"]);

    let expected = Error::ProgramHung { program: "sleep 60".to_owned(), limit };
    assert_eq!(refused, Err(Refused::Harness(expected)));
}

#[test]
fn a_missing_program_is_named() {
    let refused = Userns::new().run(&["no-such-program"]);

    assert_eq!(refused, Err(Refused::Harness(Error::NoProgram("no-such-program".to_owned()))));
}
