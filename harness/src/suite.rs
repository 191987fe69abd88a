//! The registry of tests, the handling of tests that cannot run on this host, and `main()`.
//!
//! nextest reads the list of tests to find out which to skip: a test with an unmet need is listed as ignored. nextest
//! does not show the reason, so `--skipped` prints it. If such a test is run anyway, it fails and reports the unmet
//! need. A test that did not run never counts as passed.

mod names;
mod prepared;
mod serve;
mod shares;
mod skips;
mod this_process;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libtest_mimic::{Arguments, Conclusion, Failed, FormatSetting, Trial};

use crate::current::{self, Current};
use crate::facts;
use crate::found;
use crate::host::{self, Facts};
use crate::listing::{ListedTest, Listing, TestDescription};
use crate::needs::Need;
use crate::record;
use crate::rehearsal;
use crate::rules::Rule;
use crate::rules::changes::Variation;
use crate::trace::Trace;
use crate::verdict;

pub use crate::current::current_test;
pub use harness_scenario::exploration::{EXPLORATION, Exploration};
pub use names::test_name;
pub use prepared::Prepared;
pub use this_process::{ACTORS, choose_actors, exploration, explore};

/// The variable that decides what an unmet need is. Unset or empty: a reason to skip. "all": a failure, for a machine
/// that is meant to run everything except tests that [need something to be missing](Need::is_a_lack).
pub const REQUIRE: &str = "USERNS_SUITE_REQUIRE";

/// The variable with which a list of tests names them alone: "names". It is not found out whether they can run here, which
/// takes seconds, and each is listed as one that can. It is for lists of tests that will run on another kernel.
pub const LIST: &str = "USERNS_SUITE_LIST";

/// The variable with which each test prints how many of its scenarios and steps the model predicted.
pub const MODEL_COVERAGE: &str = "USERNS_SUITE_MODEL_COVERAGE";

/// The exit status for a mistake in the suite or in its arguments, as for cargo's own usage errors, and for a run of
/// nothing. A failed test gives 101.
const USAGE: u8 = 2;

/// The exit status if a test failed, as in libtest.
const FAILED: u8 = 101;

/// One registered test. `#[harness::test]` creates it.
pub struct Test {
    /// The path of the function, including the crate and rstest's numbers.
    pub name: &'static str,
    /// The function that the author wrote. For a case of rstest, this is the function of the case. Otherwise it may
    /// be any function that this one calls.
    pub function: &'static str,
    /// The source file, as the compiler received it.
    pub file: &'static str,
    /// The line of the attribute in [`Test::file`].
    pub line: u32,
    /// The needs of the test.
    pub needs: &'static [Need],
    /// The rules of the kernel that the test pins.
    pub rules: &'static [&'static Rule],
    /// The changes of the kernel and of programs without which the test has another snapshot.
    pub varies: &'static [&'static dyn Variation],
    /// The test itself. It fails by panicking.
    pub run: fn(),
}

impl Test {
    /// The name as the suite prints it, see [`test_name`].
    pub fn shown_name(&self) -> String {
        test_name(self.name, self.function)
    }

    /// What it is, under the name that it is shown by.
    fn description(&self, name: &str) -> TestDescription {
        TestDescription {
            name: name.to_owned(),
            file: self.file.to_owned(),
            line: self.line,
            function: self.function.to_owned(),
            rules: self.rules.iter().map(|rule| rule.name.to_owned()).collect(),
            varies: self.varies.iter().map(|change| change.name().to_owned()).collect(),
        }
    }

    /// What the host lacks for it: `Ok` if nothing, else the first reason, of the needs that the author wrote down
    /// and of those that follow from its scenarios.
    ///
    /// It is found out once. The children of a process that has listed the tests know it already.
    fn requirement(&self) -> Result<(), String> {
        if let Some(found) = known().get(self.name).cloned() {
            return found;
        }
        let found = self.unmet();
        known().insert(self.name, found.clone());
        found
    }

    fn unmet(&self) -> Result<(), String> {
        this_process::can_run_anything()?;
        requirement(self.needs)?;
        if let Some(reason) = self.varies.iter().find_map(|change| Need::undecided(*change, facts())) {
            return Err(reason);
        }
        rehearsal::rehearse(self.run, self.needs)
    }
}

/// What hosts lack for tests, by the names of the tests.
type Known = BTreeMap<&'static str, Result<(), String>>;

/// What is known of this host.
fn known() -> MutexGuard<'static, Known> {
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All tests linked into this binary, in no particular order.
#[linkme::distributed_slice]
pub static TESTS: [Test];

/// `Ok` if the host meets `needs`, otherwise the reason of the first unmet need.
///
/// # Errors
/// A sentence such as "needs root: euid is 1000".
pub fn requirement(needs: &[Need]) -> Result<(), String> {
    requirement_on(needs, facts())
}

/// Like [`requirement`], for a host with these facts.
///
/// # Errors
/// The reason of the first unmet need.
pub fn requirement_on(needs: &[Need], facts: &Facts) -> Result<(), String> {
    needs.iter().find_map(|need| need.unmet(facts)).map_or(Ok(()), Err)
}

/// Lists or runs the registered tests like libtest, by the arguments of this process.
///
/// Beyond libtest's, `--skipped` prints "name, tab, reason" for each test that this host cannot run, and nothing
/// else; `--list --format json` prints a [`Listing`], and `--serve` plays the tests that are named on standard input,
/// see [`crate::listing::Served`]. Exit status: 0, or 101 if a test failed, or 2 if nothing ran, because no test was
/// selected or all of them are skipped here, or if the suite was written or called wrongly (two tests of one name, a
/// case without a name, an unknown [`REQUIRE`]).
pub fn main() -> ExitCode {
    if let Err(error) = this_process::settle() {
        return usage(&error);
    }
    let asked = |for_what: &str| env::args_os().skip(1).any(|argument| argument == for_what);
    let lists = ["--skipped", "--serve"].into_iter().any(asked);
    let mut arguments = if lists { Arguments::default() } else { Arguments::from_args() };
    if host::filter::refused_threads().is_some() || facts().has_no_room_for_threads() {
        arguments.test_threads = Some(1);
    }
    let tests = match names::collect(&TESTS, arguments.filter.as_deref().filter(|_| arguments.exact)) {
        Ok(tests) => tests,
        Err(message) => return usage(&message),
    };
    if let Err(error) = harness_play::rehearse_with(rehearsal::stand_in) {
        return usage(&error.to_string());
    }
    match lists_names(env::var_os(LIST).as_deref()) {
        Ok(true) if arguments.list => shares::assume(&tests),
        Ok(_) if arguments.list || asked("--skipped") => shares::learn(&tests),
        Ok(_) if arguments.exact => rehearsal::limits::alone(),
        Ok(_) => {}
        Err(message) => return usage(&message),
    }
    if asked("--skipped") {
        return print(&skipped(&tests));
    }
    if arguments.list && arguments.format == Some(FormatSetting::Json) {
        return listing(tests.iter().filter(|(name, _)| may_be_asked_for(&arguments, name)))
            .to_line()
            .map_or_else(|message| usage(&message), |line| print(&line));
    }
    let unmet_is = match unmet_is(env::var_os(REQUIRE).as_deref()) {
        Ok(unmet_is) => unmet_is,
        Err(message) => return usage(&message),
    };
    if let Err(error) = harness_play::observe(played) {
        return usage(&error.to_string());
    }
    if asked("--serve") {
        return serve::serve(&tests, unmet_is).map_or_else(|message| usage(&message), |()| ExitCode::SUCCESS);
    }
    let trials = tests
        .into_iter()
        .filter(|(name, _)| may_be_asked_for(&arguments, name))
        .map(|(name, test)| trial(name, test, unmet_is))
        .collect();
    let ended = libtest_mimic::run(&arguments, trials);
    nothing_ran(&arguments, &ended).map_or_else(|| ended.exit_code(), usage)
}

/// Why a run shows nothing, if it ran no test. Such a run is no success.
fn nothing_ran(arguments: &Arguments, ended: &Conclusion) -> Option<&'static str> {
    match (ended.num_ignored, ended.num_passed + ended.num_failed + ended.num_measured) {
        _ if arguments.list => None,
        (0, 0) => Some("nothing ran: no test is selected"),
        (1.., 0) => Some("nothing ran: what is selected is skipped here; --skipped prints why"),
        (_, 1..) => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnmetIs {
    AReasonToSkip,
    AFailure,
}

fn unmet_is(required: Option<&OsStr>) -> Result<UnmetIs, String> {
    match required {
        None => Ok(UnmetIs::AReasonToSkip),
        Some(value) if value.is_empty() => Ok(UnmetIs::AReasonToSkip),
        Some(value) if value == "all" => Ok(UnmetIs::AFailure),
        Some(value) => Err(format!(
            "{REQUIRE} is {value:?}; set it to \"all\" to make an unmet need a failure, or unset it"
        )),
    }
}

/// Whether a list names tests alone, by the value of [`LIST`].
fn lists_names(value: Option<&OsStr>) -> Result<bool, String> {
    match value {
        None => Ok(false),
        Some(value) if value.is_empty() => Ok(false),
        Some(value) if value == "names" => Ok(true),
        Some(value) => Err(format!(
            "{LIST} is {value:?}; set it to \"names\" to list tests without finding out whether they can run, or unset it"
        )),
    }
}

/// Whether libtest-mimic may select the test. Needs are evaluated only for such tests: nextest starts a process for
/// each test, and this process must not evaluate the needs of all others.
fn may_be_asked_for(arguments: &Arguments, name: &str) -> bool {
    match &arguments.filter {
        Some(filter) if arguments.exact => name == filter,
        Some(filter) => name.contains(filter.as_str()),
        None => true,
    }
}

fn trial(name: String, test: &'static Test, unmet_is: UnmetIs) -> Trial {
    let requirement = test.requirement();
    let excused = unmet_is == UnmetIs::AReasonToSkip || test.needs.iter().any(Need::is_a_lack);
    let ignored = requirement.is_err() && excused;
    let shown = name.clone();
    let body = move || match requirement {
        Err(reason) => Err(Failed::from(format!("unmet need: {reason}"))),
        Ok(()) => {
            run_named(Current { name, varies: test.varies }, test.run);
            Ok(())
        }
    };
    Trial::test(shown, body).with_ignored_flag(ignored)
}

/// Runs a test with [`current_test`] set. It is unset afterwards, even after a panic, because the thread may run
/// another test.
fn run_named(test: Current, run: fn()) {
    let name = test.name.clone();
    current::set(Some(test));
    verdict::begin();
    let result = catch_unwind(AssertUnwindSafe(run));
    let verdict::Ended { report, counts, findings } = verdict::end();
    current::set(None);
    tell(counts);
    match (result, report) {
        (Ok(()), None) => {}
        (Ok(()), Some(report)) => {
            found::write(&name, findings, None);
            panic!("{report}")
        }
        (Err(panic), report) => {
            eprintln!("{}", report.unwrap_or_default());
            found::write(&name, findings, found::too_slow(panic.as_ref()));
            resume_unwind(panic);
        }
    }
}

/// A scenario was played, by a test or by what a test calls.
fn played(trace: &Trace) {
    record::record(trace);
    verdict::played(trace);
}

/// Prints how much of a test the model predicted, if the variable asks for it.
fn tell(counts: verdict::Counts) {
    if env::var_os(MODEL_COVERAGE).is_some() {
        println!("predicted {counts:?}");
    }
}

fn skipped(tests: &[(String, &Test)]) -> String {
    let line = |(name, test): &(String, &Test)| {
        let reason = test.requirement().err()?;
        Some(format!("{name}\t{}\n", reason.replace(['\n', '\t'], " ")))
    };
    tests.iter().filter_map(line).collect()
}

/// These tests, with what they pin and whether they can run here.
fn listing<'a>(tests: impl IntoIterator<Item = &'a (String, &'static Test)>) -> Listing {
    let listed = |(name, test): &(String, &'static Test)| ListedTest {
        test: test.description(name),
        skipped: test.requirement().err(),
        skipped_everywhere: skips::everywhere(test.needs, facts()),
        missing_programs: skips::missing_programs(test.needs, facts()),
    };
    Listing { tests: tests.into_iter().map(listed).collect() }
}

fn print(lines: &str) -> ExitCode {
    match std::io::stdout().write_all(lines.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => usage(&format!("cannot write the list of tests to stdout: {error}")),
    }
}

fn usage(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests;
