//! The checks: how the small suite is called, and what must come of it.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

use harness::findings::{Expecting, FINDINGS, Findings, Point};
use harness::listing::{Listing, Served};

use crate::PLAY_SUITE;

const REQUIRE: &str = "USERNS_SUITE_REQUIRE";
const LIST: &str = "USERNS_SUITE_LIST";

/// Every check with its name.
pub const ALL: [(&str, fn()); 15] = [
    ("all_tests_are_listed_by_their_shown_names", all_tests_are_listed_by_their_shown_names),
    ("unmet_needs_are_listed_as_ignored", unmet_needs_are_listed_as_ignored),
    ("nothing_is_ignored_where_all_is_required", nothing_is_ignored_where_all_is_required),
    ("an_ignored_test_that_is_run_fails_with_its_reason", an_ignored_test_that_is_run_fails_with_its_reason),
    ("an_unmet_need_fails_where_all_is_required", an_unmet_need_fails_where_all_is_required),
    ("a_test_that_can_run_passes_or_fails_by_itself", a_test_that_can_run_passes_or_fails_by_itself),
    ("a_run_of_nothing_is_no_success", a_run_of_nothing_is_no_success),
    (
        "a_failed_test_leaves_its_step_or_its_slowness_as_data",
        a_failed_test_leaves_its_step_or_its_slowness_as_data,
    ),
    ("skipped_tests_are_printed_with_their_reasons", skipped_tests_are_printed_with_their_reasons),
    (
        "tests_are_listed_as_json_with_the_reasons_of_those_that_are_skipped",
        tests_are_listed_as_json_with_the_reasons_of_those_that_are_skipped,
    ),
    ("an_unknown_requirement_is_refused", an_unknown_requirement_is_refused),
    ("tests_are_served_one_after_the_other", tests_are_served_one_after_the_other),
    ("a_wrong_errno_turns_a_test_red", a_wrong_errno_turns_a_test_red),
    ("a_list_of_names_does_not_ask_what_can_run", a_list_of_names_does_not_ask_what_can_run),
    (
        "a_wrong_errno_and_a_wrong_snapshot_are_both_reported",
        a_wrong_errno_and_a_wrong_snapshot_are_both_reported,
    ),
];

const RUN_BY_DEFAULT: [&str; 13] = [
    "suite::beneath_rstest_alone",
    "suite::errno::right",
    "suite::errno::wrong",
    "suite::fails",
    "suite::more_than_340_lines",
    "suite::own_gid::after_deny",
    "suite::own_gid::before_deny",
    "suite::plain",
    "suite::product::named::word_allow::id_0",
    "suite::product::named::word_allow::id_7",
    "suite::product::named::word_deny::id_0",
    "suite::product::named::word_deny::id_7",
    "suite::too_slow",
];

const UNMET: [&str; 4] =
    ["suite::unmet", "suite::unmet_later", "suite::values::id_None", "suite::values::id_Some_1_"];

const REASON: &str = "needs the program no-such-program-anywhere: not in the standard PATH";

fn all_tests_are_listed_by_their_shown_names() {
    let mut all = [RUN_BY_DEFAULT.as_slice(), &UNMET].concat();
    all.sort_unstable();

    assert_eq!(listed(&[], ""), all);
}

fn unmet_needs_are_listed_as_ignored() {
    assert_eq!(listed(&["--ignored"], ""), UNMET);
}

fn nothing_is_ignored_where_all_is_required() {
    assert_eq!(listed(&["--ignored"], "all"), [""; 0]);
    assert_eq!(listed(&[], "all").len(), RUN_BY_DEFAULT.len() + UNMET.len());
}

/// A run is not told by a variable that an unmet need is met.
fn a_list_of_names_does_not_ask_what_can_run() {
    let mut lists = command(&["--list", "--format", "terse", "--ignored"], "");
    let mut runs = command(&["suite::unmet", "--exact", "--nocapture"], "");
    let [listed, ran] = [&mut lists, &mut runs].map(|command| told(command.env(LIST, "names").output()));

    assert_eq!((listed.status, listed.stdout.as_str()), (Some(0), ""), "{}", listed.stderr);
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
}

fn an_ignored_test_that_is_run_fails_with_its_reason() {
    for flag in ["--ignored", "--include-ignored"] {
        let ran = play(&["suite::unmet", "--exact", "--nocapture", flag], "");

        assert_eq!(ran.status, Some(101), "{}", ran.stdout);
        assert!(ran.stdout.contains(&format!("unmet need: {REASON}")), "{}", ran.stdout);
    }
}

fn an_unmet_need_fails_where_all_is_required() {
    let ran = play(&["suite::unmet_later", "--exact", "--nocapture"], "all");

    assert_eq!(ran.status, Some(101), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("unmet need: {REASON}")), "{}", ran.stdout);
}

fn a_test_that_can_run_passes_or_fails_by_itself() {
    for (name, status) in [("suite::plain", 0), ("suite::own_gid::before_deny", 0), ("suite::fails", 101)] {
        let ran = play(&[name, "--exact", "--nocapture"], "");

        assert_eq!(ran.status, Some(status), "{name}: {}", ran.stdout);
        assert!(ran.stdout.contains("running 1 test"), "{name}: {}", ran.stdout);
    }
}

fn a_run_of_nothing_is_no_success() {
    for (arguments, why) in [
        (["suite::unmet", "--exact"], "what is selected is skipped here"),
        (["no_such_test", "--exact"], "no test is selected"),
        (["no_such_test", "--nocapture"], "no test is selected"),
    ] {
        let ran = play(&arguments, "");

        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(&format!("error: nothing ran: {why}")), "{arguments:?}: {}", ran.stderr);
    }
}

fn skipped_tests_are_printed_with_their_reasons() {
    for required in ["", "all"] {
        let ran = play(&["--skipped"], required);

        let told: String = UNMET.map(|name| format!("{name}\t{REASON}\n")).concat();
        assert_eq!((ran.status, ran.stdout), (Some(0), told), "{}", ran.stderr);
    }
}

fn tests_are_listed_as_json_with_the_reasons_of_those_that_are_skipped() {
    let ran = play(&["--list", "--format", "json"], "");
    let listing = Listing::read(&ran.stdout).expect("a listing");

    let skipped: Vec<(&str, &str)> =
        listing.tests.iter().filter_map(|it| Some((it.test.name.as_str(), it.skipped.as_deref()?))).collect();
    assert_eq!((ran.status, skipped), (Some(0), UNMET.map(|name| (name, REASON)).to_vec()), "{}", ran.stderr);
    let own = listing.tests.iter().find(|it| it.test.name == "suite::own_gid::before_deny").expect("a case");
    assert_eq!((own.test.function.as_str(), own.skipped.as_deref()), ("own_gid", None));
    assert!(own.test.file.ends_with(".rs") && own.test.line > 0, "{own:?}");

    let one = play(&["--list", "--format", "json", "--exact", "suite::plain"], "");
    assert_eq!(Listing::read(&one.stdout).map(|listing| listing.tests.len()), Ok(1), "{}", one.stdout);
}

fn an_unknown_requirement_is_refused() {
    let ran = play(&["--list"], "most");

    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("USERNS_SUITE_REQUIRE is \"most\""), "{}", ran.stderr);
}

/// Each ends as it would alone, and an unknown name is not a test that passed.
fn tests_are_served_one_after_the_other() {
    let names = "suite::plain\nsuite::fails\nsuite::unmet\nno::such_test\nsuite::own_gid::before_deny\n";
    let ran = served(names);

    let answers: Vec<Served> =
        ran.stdout.lines().map(|line| Served::read(line).expect("an answer")).collect();
    let (started, ends): (Vec<Served>, Vec<Served>) =
        answers.into_iter().partition(|answer| matches!(answer, Served::Started(_)));
    assert_eq!(ends, [0, 101, 2, 2, 0].map(Served::Exited), "{}", ran.stderr);
    let mut children: Vec<String> = started.iter().map(|answer| format!("{answer:?}")).collect();
    children.sort_unstable();
    children.dedup();
    assert_eq!((ran.status, children.len()), (Some(0), 5), "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("test result: ok. 1 passed; 0 failed;").count(), 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("as it should"), "{}", ran.stderr);
}

/// With a snapshot that agrees, the errno of the test alone decides.
fn a_wrong_errno_turns_a_test_red() {
    for (name, status) in [("suite::errno::right", 0), ("suite::errno::wrong", 101)] {
        let mut command = command(&[name, "--exact", "--nocapture"], "");
        let ran = told(command.env("INSTA_FORCE_PASS", "1").env("INSTA_UPDATE", "no").output());

        assert_eq!(ran.status, Some(status), "{name}: {}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout.contains(WRONG_ERRNO), status != 0, "{name}: {}", ran.stdout);
    }
}

/// What `cargo ci` and the guests read. The kernel answers EINVAL; the snapshot and one case expect EPERM.
fn a_failed_test_leaves_its_step_or_its_slowness_as_data() {
    let directory = tempfile::tempdir().expect("a directory");
    let found = |name: &str| {
        let mut command = command(&[name, "--exact", "--nocapture"], "");
        let ran = told(command.env(FINDINGS, directory.path()).env("INSTA_UPDATE", "no").output());
        assert_eq!(ran.status, Some(101), "{name}: {}\n{}", ran.stdout, ran.stderr);
        let text = std::fs::read_to_string(directory.path().join(Findings::file_name(name)));
        Findings::read(name, &text.expect("a file")).expect("findings")
    };

    let wrong = found("suite::errno::wrong");
    let [only] = wrong.differences.as_slice() else { panic!("not one difference: {wrong:?}") };
    let step = Point::Step { number: 2, actor: "outside".into(), action: "unshare(0x1000)".into() };
    assert_eq!((&only.on, only.got.as_str(), only.expected.as_str()), (&step, "EINVAL", "EPERM"));
    assert_eq!(only.by, [Expecting::Snapshot, Expecting::Test]);
    assert_eq!(found("suite::errno::right").differences[0].by, [Expecting::Snapshot]);
    assert_eq!(found("suite::fails"), Findings { test: "suite::fails".into(), ..Findings::default() });
    let slow = found("suite::too_slow").too_slow;
    assert_eq!(slow.as_deref(), Some("too slow here: 3 of 90 rounds overlapped"));
}

const WRONG_ERRNO: &str =
    "  step 2   outside   unshare(0x1000)\n           expected EPERM\n           got      EINVAL\n";

/// The three parties are reported, and the errno, too.
fn a_wrong_errno_and_a_wrong_snapshot_are_both_reported() {
    for (name, is_wrong) in [("suite::errno::right", false), ("suite::errno::wrong", true)] {
        let mut command = command(&[name, "--exact", "--nocapture"], "");
        let ran = told(command.env("INSTA_UPDATE", "no").output());

        let all = format!("{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, Some(101), "{all}");
        assert_eq!(all.contains(WRONG_ERRNO), is_wrong, "{all}");
        assert!(all.contains("the snapshot stands alone"), "{all}");
    }
}

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the small suite; `required` is the value of its variable.
#[track_caller]
fn play(arguments: &[&str], required: &str) -> Ran {
    told(command(arguments, required).output())
}

/// Has the small suite serve the tests of these lines.
#[track_caller]
fn served(lines: &str) -> Ran {
    let pipes = || Stdio::piped();
    let mut command = command(&["--serve"], "");
    let started = command.stdin(pipes()).stdout(pipes()).stderr(pipes()).spawn();
    let mut child = started.expect("this binary can be started again");
    let mut asks = child.stdin.take().expect("a pipe");
    asks.write_all(lines.as_bytes()).expect("the suite listens");
    drop(asks);
    told(child.wait_with_output())
}

fn command(arguments: &[&str], required: &str) -> Command {
    let this = std::env::current_exe().expect("/proc is mounted where the harness is tested");
    let mut command = Command::new(this);
    command.args(arguments).env(PLAY_SUITE, "1").env(REQUIRE, required);
    command
}

#[track_caller]
fn told(output: io::Result<Output>) -> Ran {
    let Output { status, stdout, stderr } = output.expect("this binary can be started again");
    Ran {
        status: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// The names of the list that nextest asks for.
#[track_caller]
fn listed(arguments: &[&str], required: &str) -> Vec<String> {
    let ran = play(&[&["--list", "--format", "terse"], arguments].concat(), required);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let names = ran.stdout.lines().filter_map(|line| line.strip_suffix(": test"));
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names
}
