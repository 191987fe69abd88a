//! `cargo ci rules`: the rules of the kernel, the tests that pin them, and whether they hold here.

pub mod options;
mod page;
mod state;
mod table;

use std::path::Path;

use harness::listing::TestDescription;
use harness::rules::{self, Rule};
use harness_program::rules as program_rules;

use crate::catalogue::ask;
use crate::catalogue::listing::{self, pins};
use crate::guests::expected_failures;
use crate::rules::options::RulesOptions;
use crate::rules::state::{Results, Ruling, State};
use crate::run::user_run::UserRun;
use crate::run::{caller, nextest, summary};
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Where the page for readers is, relative to the workspace.
const PAGE: &str = "docs/rules.md";

/// Does what the options ask for.
///
/// # Errors
/// When the suite does not build or cannot be run.
pub fn run(options: &RulesOptions) -> Result<Verdict, String> {
    if options.call.is_some() || options.errno.is_some() {
        return program_rules::list(options.call.as_deref(), options.errno.as_deref(), options.json);
    }
    let workspace = Workspace::find()?;
    let asked = program_rules::by_name(&options.names)?;
    tools::nextest(Install::unless(options.skip_install))?;
    let tests = list(&workspace)?;
    if options.write {
        return write(&workspace.root, &tests);
    }
    if options.missing {
        return Ok(missing(&asked, &tests));
    }
    let run = play(&workspace, &options.names, &asked, &tests)?;
    match &run.verdict {
        // That every test of the rules is skipped is an answer.
        Verdict::CouldNotRun(why) if !only_skips(&run) => return Err(why.clone()),
        Verdict::CouldNotRun(_) | Verdict::Good | Verdict::Partial(_) | Verdict::Failed(_) => {}
    }
    let results = Results::of(&run, &tests);
    let rulings: Vec<Ruling> = asked.iter().map(|rule| results.rule(rule)).collect();
    if options.json {
        print(format_args!("{}\n", state::json(&rulings, &run)?));
    } else {
        let length = if options.names.is_empty() { table::Length::Short } else { table::Length::Full };
        print(table::render(&rulings, &run, length));
        print(summary::snapshots(&run, &workspace.root));
        if let Verdict::Partial(_) | Verdict::CouldNotRun(_) = run.verdict {
            print(format_args!("{}\n", run.verdict.line()));
        }
    }
    Ok(match rulings.iter().filter(|ruling| ruling.state == State::Differs).count() {
        // What the run says of how much it saw holds for its rules: that all of them are skipped is no success.
        0 => run.verdict.clone(),
        differ => Verdict::Failed(format!("{differ} of {} rules differ", rulings.len())),
    })
}

fn only_skips(run: &UserRun) -> bool {
    !run.tests.is_empty() && run.tests.iter().all(|test| test.end.is_skip())
}

/// Returns the differences of any kernel that name tests which do not exist.
fn known_of_no_test(tests: &[TestDescription]) -> Result<(), String> {
    let differences = expected_failures::all(None)?;
    let kernels: Vec<&str> = differences.iter().map(|it| it.kernel.as_str()).collect();
    let names: Vec<String> = tests.iter().map(|test| test.name.clone()).collect();
    expected_failures::fits(&differences, &kernels, &names)
}

/// What `cargo ci test` asks of the table: a test or a reason for each rule, a rule for each test, a
/// test for each known difference, and a page that is not stale.
///
/// What is right in one line, or else a line for each thing that is wrong.
///
/// # Errors
/// When the suite does not build or does not tell.
pub fn check(workspace: &Workspace) -> Result<Result<String, Vec<String>>, String> {
    let tests = list(workspace)?;
    let mut wrong = listing::unpinned(&tests);
    wrong.extend(known_of_no_test(&tests).err());
    wrong.extend(rules::all().filter_map(|rule| lack(rule, &tests)));
    let path = workspace.root.join(PAGE);
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&page::render(&tests)) {
        wrong.push(format!("{PAGE} is stale: run `cargo ci rules --write`"));
    }
    Ok(match wrong.is_empty() {
        true => Ok(format!("{} rules, {} tests", rules::all().count(), tests.len())),
        false => Err(wrong),
    })
}

/// Asks the suite which test pins what.
fn list(workspace: &Workspace) -> Result<Vec<TestDescription>, String> {
    ask::tests(&nextest::build_suite(workspace)?, &workspace.root)
}

fn play(
    workspace: &Workspace,
    names: &[String],
    asked: &[&Rule],
    tests: &[TestDescription],
) -> Result<UserRun, String> {
    let mut arguments = Vec::new();
    if !names.is_empty() {
        let wanted = tests.iter().filter(|test| asked.iter().any(|rule| pins(test, rule)));
        let wanted: Vec<String> = wanted.map(|test| format!("test(={})", test.name)).collect();
        if wanted.is_empty() {
            return Err("no test pins the rules that were asked for; --missing tells why".to_owned());
        }
        arguments.extend(["-E".to_owned(), wanted.join(" + "), "--no-tests=pass".to_owned()]);
    }
    caller::run(workspace, &arguments)
}

fn write(root: &Path, tests: &[TestDescription]) -> Result<Verdict, String> {
    let path = root.join(PAGE);
    let failed = |error| format!("cannot write {}: {error}", path.display());
    std::fs::create_dir_all(root.join("docs")).map_err(failed)?;
    std::fs::write(&path, page::render(tests)).map_err(failed)?;
    print(format_args!("wrote {PAGE}: {} rules, {} tests\n", rules::all().count(), tests.len()));
    Ok(Verdict::Good)
}

fn missing(asked: &[&Rule], tests: &[TestDescription]) -> Verdict {
    let bare: Vec<&&Rule> = asked.iter().filter(|rule| !tests.iter().any(|test| pins(test, rule))).collect();
    for rule in &bare {
        print(format_args!("{:<30} {}\n", rule.name, rule.untested.unwrap_or("no test, and no reason")));
    }
    print(format_args!("{} of {} rules have no test\n", bare.len(), asked.len()));
    match bare.iter().filter(|rule| rule.untested.is_none()).count() {
        0 => Verdict::Good,
        number => Verdict::Failed(format!("{number} of them give no reason")),
    }
}

/// What is wrong with the tests of a rule.
fn lack(rule: &Rule, tests: &[TestDescription]) -> Option<String> {
    match (tests.iter().find(|test| pins(test, rule)), rule.untested) {
        (None, None) => Some(format!("{}: no test pins it, and no reason is given", rule.name)),
        (Some(test), Some(_)) => {
            Some(format!("{}: {} pins it, and a reason is given why none does", rule.name, test.name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, rules: &[&str]) -> TestDescription {
        listing::tests::test(name, "tests/userns/topic.rs", "claim", rules)
    }

    #[test]
    fn a_rule_has_a_test_or_a_reason_and_not_both() {
        let (plain, excused) = (rules::named("map.written-once"), rules::named("create.security-module"));
        let tests = [test("topic::claim", &["map.written-once", "create.security-module"])];

        assert_eq!(lack(plain, &tests), None);
        assert!(lack(plain, &[]).is_some_and(|why| why.contains("no test pins it")));
        assert_eq!(lack(excused, &[]), None);
        assert!(lack(excused, &tests).is_some_and(|why| why.contains("topic::claim pins it")));
    }
}
