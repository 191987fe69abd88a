//! The suite as a program of its own gives the same answers as under nextest.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness_program::protocol::End;
use nix::unistd::geteuid;
use serde::Deserialize;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::guests::bundle::{BUILD, PROGRAM, executable};
use crate::report::record::TestReport;
use crate::run::user_run::UserRun;
use crate::sys::process;
use harness_program::ui::print::print;

/// How long all tests may take.
const LIMIT: Duration = Duration::from_secs(600);
/// How many differences are printed.
const FEW: usize = 10;

/// What the program prints of a run.
#[derive(Deserialize)]
struct Document {
    tests: Vec<TestReport>,
}

/// Builds the program, runs all tests with it, and compares each end with that of the run before, by the same user.
pub fn check(context: &Context) -> Outcome {
    let who = format!("(uid {})", geteuid());
    let runs = context.runs.borrow();
    let Some(before) = runs.iter().find(|run| run.who.ends_with(&who)) else {
        return Outcome::NotRun("needs a run of the suite by this user: suite-root or suite-user".to_owned());
    };
    let mut build = context.workspace.cargo(["build", "--locked", "--test", "userns"]);
    build.args(PROGRAM).args(["--message-format", "json-render-diagnostics"]);
    let built = process::capture_stdout(&mut build, BUILD);
    let program = match built.map(|output| (output.status.success(), executable(&output.stdout))) {
        Ok((true, Some(program))) => program,
        Ok(_) => return Outcome::Failed("the program does not build: see above".to_owned()),
        Err(error) => return Outcome::CouldNotRun(error),
    };
    match run(&program) {
        Ok(tests) => compared(before, &tests),
        Err(error) => Outcome::Failed(error),
    }
}

/// Runs all tests with the program, in a directory that has nothing of the checkout.
fn run(program: &Path) -> Result<Vec<TestReport>, String> {
    let mut command = Command::new(program);
    command.args(["run", "--format", "json", "--partial", "ok"]).current_dir("/");
    let output = process::capture(&mut command, LIMIT)?;
    let document: Document = serde_json::from_str(&output.stdout)
        .map_err(|error| format!("the program printed no run: {error}: {}", output.stderr.trim()))?;
    Ok(document.tests)
}

fn compared(before: &UserRun, tests: &[TestReport]) -> Outcome {
    let under_nextest: BTreeMap<&str, &End> =
        before.tests.iter().map(|test| (test.name.as_str(), &test.end)).collect();
    let here: BTreeMap<&str, &End> = tests.iter().map(|test| (test.name.as_str(), &test.end)).collect();
    let names = under_nextest.keys().chain(here.keys()).copied().collect::<std::collections::BTreeSet<_>>();
    let differ: Vec<String> = names
        .into_iter()
        .filter(|name| !same(under_nextest.get(name).copied(), here.get(name).copied()))
        .map(|name| {
            let words = |end: Option<&&End>| end.map_or("not there".to_owned(), |end| end.to_string());
            format!("{name}: {}, under nextest {}", words(here.get(name)), words(under_nextest.get(name)))
        })
        .collect();
    differ.iter().take(FEW).for_each(|line| print(format_args!("  {line}\n")));
    match (differ.len(), tests.len()) {
        (_, 0) => Outcome::Failed("the program ran no test".to_owned()),
        (0, tests) => Outcome::Passed(format!("{tests} tests end as under nextest")),
        (differ, tests) => Outcome::Failed(format!("{differ} of {tests} tests end otherwise: see above")),
    }
}

/// Whether a test ended alike in two runs. A race may be too slow in one of them.
fn same(one: Option<&End>, other: Option<&End>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let slow = |end: &End| matches!(end, End::TooSlow(_));
    one == other || slow(one) && other.is_pass() || slow(other) && one.is_pass()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::user_run::Test;

    fn report(name: &str, end: End) -> TestReport {
        TestReport { name: name.to_owned(), end, seconds: None, output: None, evidence: None }
    }

    fn run(ends: &[(&str, End)]) -> UserRun {
        let test = |(name, end): &(&str, End)| Test { name: (*name).to_owned(), end: end.clone() };
        UserRun { tests: ends.iter().map(test).collect(), ..UserRun::default() }
    }

    #[test]
    fn a_test_that_ends_otherwise_or_is_not_there_fails_the_step() {
        let before = run(&[("a", End::Passed), ("b", End::Skipped("needs root".into()))]);
        let b = || report("b", End::Skipped("needs root".into()));

        let same = compared(&before, &[report("a", End::Passed), b()]);
        assert_eq!(same, Outcome::Passed("2 tests end as under nextest".to_owned()));
        let slow = compared(&before, &[report("a", End::TooSlow("too slow here: x".into())), b()]);
        assert!(matches!(slow, Outcome::Passed(_)));
        for lie in [
            vec![report("a", End::Failed("exit code 101".into())), b()],
            vec![report("a", End::Passed), report("b", End::Skipped("needs sudo".into()))],
            vec![report("a", End::Passed)],
            vec![report("a", End::Passed), b(), report("c", End::Passed)],
        ] {
            let told = compared(&before, &lie);
            assert!(matches!(&told, Outcome::Failed(why) if why.starts_with("1 of ")), "{told:?}");
        }
        assert!(matches!(compared(&run(&[]), &[]), Outcome::Failed(_)));
    }
}
