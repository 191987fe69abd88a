//! The kernels side by side, for scripts: JSON and JUnit.

use std::collections::BTreeMap;
use std::path::Path;

use guest::End;
use harness::reproducer::file_name;
use serde_json::{Value, json};

use crate::guests::compare::{compare, newest};
use crate::guests::outcome::Outcome;
use crate::guests::table::words;
use crate::guests::transcript::{TestRun, UserTranscript};
use crate::report::about::{self, About};
use crate::report::record::FORMAT;
use crate::ui::verdict::Verdict;

/// The outcomes as JSON, with the end of every test, and with what [`crate::matrix`] has to know of the suite.
///
/// # Errors
/// When they cannot be written.
pub fn json(outcomes: &[Outcome], about: &About) -> Result<String, String> {
    let newest = newest(outcomes);
    let kernels: Vec<Value> = outcomes
        .iter()
        .map(|it| {
            let difference = newest.filter(|_| it.failure.is_none()).map(|newest| compare(it, newest));
            json!({
                "name": it.name, "start": it.start, "accelerator": it.accelerator, "origin": it.origin, "programs": it.programs,
                "release": it.release, "verdict": word_of(&it.verdict()),
                "passed": it.passed(), "failed": it.failed(), "skipped": it.skipped(), "known": it.differences,
                "boot_seconds": it.boot.map(|boot| boot.as_secs_f64()), "seconds": it.time.as_secs_f64(),
                "trouble": it.failure.as_ref().map(|failure| json!({"kind": failure.word(), "text": failure.to_string()})),
                "console": it.console, "results": it.results,
                "lacks": it.users.first().map(|user| about::lacks(&user.facts)).unwrap_or_default(),
                "differs": difference.map(|it| json!({"tests": it.tests, "skipped_here": it.skipped_here,
                                                      "skipped_there": it.skipped_there})),
                "legs": it.users.iter().map(user).collect::<Vec<_>>(),
            })
        })
        .collect();
    text(
        &json!({"format": FORMAT, "newest": newest.map(|it| &it.name), "kernels": kernels, "suite": about.suite,
                 "asked": about.asked, "traces": about.traces}),
    )
}

/// A verdict, in one word or three.
pub fn word_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Failed(_) => "failed",
        Verdict::CouldNotRun(_) => "could not run",
    }
}

/// A test that ended. Of a failure that is known the trace is enough, or else what it printed: its programs are among
/// the results, and with the hundreds that gVisor has nobody could open the page.
fn test(user: &UserTranscript, name: &str, ended: &TestRun) -> Value {
    let trace = trace(user, name).filter(|_| ended.end != End::Passed);
    let known = user.known.contains_key(name);
    let output = if known && trace.is_some() { "" } else { &ended.output };
    let mut test = json!({"name": name, "end": word(&ended.end), "how": words(&ended.end),
                          "seconds": ended.time.as_secs_f64(), "output": output});
    if ended.end != End::Passed {
        test["known"] = json!(known);
        test["trace"] = json!(trace);
        test["reproducers"] = if known { json!({}) } else { json!(reproducers(user, name)) };
    }
    test
}

/// What one user saw, with the end of every test.
pub fn user(user: &UserTranscript) -> Value {
    let mut tests: Vec<Value> = user.ended.iter().map(|(name, ended)| test(user, name, ended)).collect();
    tests.extend(
        user.skipped.iter().map(|(name, reason)| json!({"name": name, "end": "skipped", "how": reason})),
    );
    json!({"uid": user.uid, "facts": user.facts, "seconds": user.time.as_secs_f64(), "tests": tests,
           "snapshots": user.snapshots.keys().collect::<Vec<_>>()})
}

/// The trace that a test left, since it differs from the reviewed one.
fn trace<'a>(user: &'a UserTranscript, test: &str) -> Option<&'a str> {
    let wanted = test.replace("::", "__");
    let is_its = |path: &Path| {
        let file = path.file_name()?.to_str()?.strip_suffix(".snap.new")?;
        Some(file.split_once('@').map_or(file, |(owner, _)| owner) == wanted)
    };
    user.snapshots.iter().find(|(path, _)| is_its(path) == Some(true)).map(|(_, text)| about::body(text))
}

/// The programs that show what a test saw: of its name, or with a number where there is more than one.
fn reproducers<'a>(user: &'a UserTranscript, test: &str) -> BTreeMap<String, &'a str> {
    let wanted = file_name(test);
    let is_its = |path: &Path| {
        let rest = path.file_stem()?.to_str()?.strip_prefix(wanted.as_str())?;
        let number = rest.strip_prefix('-').unwrap_or_default();
        Some(rest.is_empty() || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())))
    };
    let its = user.reproducers.iter().filter(|(path, _)| is_its(path) == Some(true));
    its.map(|(path, text)| (path.display().to_string(), text.as_str())).collect()
}

/// How a test ended, in one word.
pub fn word(end: &End) -> &'static str {
    match end {
        End::Passed => "passed",
        End::Failed(_) => "failed",
        End::Crashed(_) => "crashed",
        End::TimedOut => "timed out",
    }
}

/// A value as lines of JSON.
///
/// # Errors
/// When it cannot be written.
pub fn text(value: &Value) -> Result<String, String> {
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
        user.snapshots = [("s/b@without-x.snap.new", "---\na: b\n---\nEPERM\n"), ("s/b2.snap.new", "no")]
            .map(|(path, text)| (path.into(), text.to_owned()))
            .into();
        user.reproducers =
            [("b.c", "int"), ("b.sh", "exit"), ("b-1.c", "one"), ("b-x.c", "no"), ("b2.c", "no")]
                .map(|(name, text)| (name.into(), text.to_owned()))
                .into();

        let tests = &super::user(user)["tests"];

        assert_eq!(tests[1]["trace"], "EPERM\n");
        assert_eq!(tests[1]["reproducers"], json!({"b.c": "int", "b.sh": "exit", "b-1.c": "one"}));
        assert_eq!((&tests[1]["output"], &tests[1]["known"]), (&json!("the diff"), &json!(false)));
        assert_eq!(tests[0].get("trace"), None);

        user.known.insert("b".to_owned(), "map.written-once: twice".to_owned());
        let known = &super::user(user)["tests"][1];
        assert_eq!((&known["trace"], &known["output"]), (&json!("EPERM\n"), &json!("")));
        assert_eq!((&known["reproducers"], &known["known"]), (&json!({}), &json!(true)));
    }

    #[test]
    fn json_tells_each_end_and_each_trouble() -> Result<(), Box<dyn std::error::Error>> {
        let value: Value = serde_json::from_str(&json(&outcomes(), &About::default())?)?;

        assert_eq!(value["newest"], "k");
        let [good, broken] = [&value["kernels"][0], &value["kernels"][1]];
        assert_eq!((&good["passed"], &good["failed"], &good["skipped"]), (&json!(1), &json!(1), &json!(1)));
        assert_eq!(good["legs"][0]["tests"][1]["how"], "exit code 101");
        assert_eq!(
            (&broken["trouble"]["kind"], &broken["verdict"]),
            (&json!("panicked"), &json!("could not run"))
        );
        Ok(())
    }
}
