//! The kernels side by side, for scripts.

use std::collections::BTreeMap;
use std::path::Path;

use harness::reproducer::file_name;
use harness_program::protocol::End;
use serde::Serialize;

use crate::guests::compare::{compare, newest};
use crate::guests::outcome::Outcome;
use crate::guests::transcript::{TestRun, UserTranscript};
use crate::report::about::{self, About};
use crate::report::record::{
    Document, Evidence, FORMAT, Failure, Kernel, TestReport, UserReport, VerdictReport,
};
use crate::run::snapshots::{self, SnapshotName};

/// The outcomes as a document, with the end of every test, and with what [`crate::matrix`] has to know of the suite.
pub fn document(outcomes: &[Outcome], about: &About) -> Document {
    let newest = newest(outcomes);
    Document {
        format: FORMAT,
        newest: newest.map(|it| it.name.clone()),
        kernels: outcomes.iter().map(|it| kernel(it, newest)).collect(),
        suite: about.suite.clone(),
        asked: about.asked.iter().cloned().collect(),
        traces: about.traces.clone(),
    }
}

fn kernel(it: &Outcome, newest: Option<&Outcome>) -> Kernel {
    Kernel {
        name: it.name.clone(),
        start: it.start.word().to_owned(),
        accelerator: it.accelerator.map(str::to_owned),
        origin: it.origin.clone(),
        programs: it.programs.clone(),
        release: it.release.clone(),
        exploration: it.exploration,
        verdict: VerdictReport::new(&it.verdict(), &it.seen()),
        passed: it.passed(),
        failed: it.failed(),
        skipped: it.skipped(),
        too_slow: it.too_slow(),
        known: it.differences.clone(),
        boot_seconds: it.boot.map(|boot| boot.as_secs_f64()),
        seconds: it.time.as_secs_f64(),
        failure: it.failure.as_ref().map(|it| Failure { kind: it.word().to_owned(), text: it.to_string() }),
        console: it.console.clone(),
        results: it.results.clone(),
        lacks: it.users.first().map(|user| about::lacks(&user.facts)).unwrap_or_default(),
        differs: newest.filter(|_| it.failure.is_none()).map(|newest| compare(it, newest)),
        users: it.users.iter().map(user).collect(),
    }
}

/// What one user saw, with the end of every test.
pub fn user(user: &UserTranscript) -> UserReport {
    let skipped = |(name, reason): (&String, &String)| TestReport {
        name: name.clone(),
        end: End::Skipped(reason.clone()),
        seconds: None,
        output: None,
        evidence: None,
    };
    let ran = user.ended.iter().map(|(name, ended)| test(user, name, ended));
    UserReport {
        uid: user.uid,
        facts: user.facts.clone(),
        seconds: user.time.as_secs_f64(),
        tests: ran.chain(user.skipped.iter().map(skipped)).collect(),
        snapshots: user.snapshots.keys().cloned().collect(),
    }
}

/// A test that ended. Of an expected failure the trace is enough, or else what it printed: its programs are among
/// the results, and with the hundreds that gVisor has no browser could open the page.
fn test(user: &UserTranscript, name: &str, ended: &TestRun) -> TestReport {
    let known = user.known.contains_key(name);
    let evidence = ended.end.is_failure().then(|| Evidence {
        known,
        // Whether there are more than one is enough to know of an expected failure.
        differences: ended.differences.iter().take(if known { 2 } else { usize::MAX }).cloned().collect(),
        trace: trace(user, name).map(str::to_owned),
        reproducers: if known { BTreeMap::new() } else { reproducers(user, name) },
    });
    let enough = known && evidence.as_ref().is_some_and(|evidence| evidence.trace.is_some());
    TestReport {
        name: name.to_owned(),
        end: ended.end.clone(),
        seconds: Some(ended.time.as_secs_f64()),
        output: Some(if enough { String::new() } else { ended.output.clone() }),
        evidence,
    }
}

/// The trace that a test left, since it differs from the reviewed one.
fn trace<'a>(user: &'a UserTranscript, test: &str) -> Option<&'a str> {
    let owner = snapshots::owner(test);
    let is_its = |path: &Path| SnapshotName::of(path).is_some_and(|name| name.owner == owner);
    user.snapshots.iter().find(|(path, _)| is_its(path)).map(|(_, text)| about::body(text))
}

/// The programs that show what a test saw: of its name, or with a number where there is more than one.
fn reproducers(user: &UserTranscript, test: &str) -> BTreeMap<String, String> {
    let wanted = file_name(test);
    let is_its = |path: &Path| {
        let rest = path.file_stem()?.to_str()?.strip_prefix(wanted.as_str())?;
        let number = rest.strip_prefix('-').unwrap_or_default();
        Some(rest.is_empty() || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())))
    };
    let its = user.reproducers.iter().filter(|(path, _)| is_its(path) == Some(true));
    its.map(|(path, text)| (path.display().to_string(), text.clone())).collect()
}

/// A value as lines of JSON.
///
/// # Errors
/// When it cannot be written.
pub fn text(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| format!("the kernels are no JSON: {error}"))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::guests::failure::RunFailure;
    use crate::guests::outcome::tests::outcome;

    pub fn outcomes() -> Vec<Outcome> {
        let ends = [("a", End::Passed), ("b", End::Failed("exit code 101".into()))];
        let panicked = Outcome {
            failure: Some(RunFailure::Panicked("Kernel panic".into())),
            ..outcome("broken", "6.1", &[], &[])
        };
        vec![outcome("k", "7.3", &ends, &[("c", "needs root")]), panicked]
    }

    #[test]
    fn a_failed_test_brings_its_trace_and_its_programs() {
        let mut outcomes = outcomes();
        let user = &mut outcomes[0].users[0];
        user.snapshots = [("@without-x", "---\na: b\n---\nEPERM\n"), ("2", "no")]
            .map(|(end, text)| (format!("snapshots/b{end}.snap.new").into(), text.to_owned()))
            .into();
        user.reproducers =
            [("b.c", "int"), ("b.sh", "exit"), ("b-1.c", "one"), ("b-x.c", "no"), ("b2.c", "no")]
                .map(|(name, text)| (name.into(), text.to_owned()))
                .into();

        let tests = super::user(user).tests;

        let evidence = tests[1].evidence.clone().unwrap_or_default();
        assert_eq!((evidence.trace.as_deref(), evidence.known), (Some("EPERM\n"), false));
        let programs = [("b-1.c", "one"), ("b.c", "int"), ("b.sh", "exit")];
        assert_eq!(
            evidence.reproducers,
            programs.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
        );
        assert_eq!((tests[1].output(), &tests[0].evidence), ("the diff", &None));

        user.known.insert("b".to_owned(), "map.written-once: twice".to_owned());
        let known = super::user(user).tests[1].clone();
        assert_eq!((known.trace(), known.output(), known.is_expected_failure()), (Some("EPERM\n"), "", true));
        assert!(known.evidence.is_some_and(|evidence| evidence.reproducers.is_empty()));
    }

    #[test]
    fn a_document_holds_each_end_and_each_failure() {
        let document = document(&outcomes(), &About::default());

        assert_eq!((document.format, document.newest.as_deref()), (FORMAT, Some("k")));
        let [good, broken] = [&document.kernels[0], &document.kernels[1]];
        assert_eq!((good.passed, good.failed, good.skipped), (1, 1, 1));
        assert_eq!(good.users[0].tests[1].end, End::Failed("exit code 101".into()));
        let failure = broken.failure.as_ref().map(|failure| failure.kind.as_str());
        assert_eq!((failure, broken.verdict.word.as_str()), (Some("panicked"), "could not run"));
    }
}
