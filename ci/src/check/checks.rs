//! `cargo ci test`: everything that CI checks. A new check is a function and a row of [`STEPS`].

use std::io::stdout;
use std::process::Command;

use anstream::{AutoStream, ColorChoice};
use harness::suite::Exploration;
use nix::unistd::geteuid;

use crate::check::context::Context;
use crate::check::steps::{Outcome, Step};
use crate::check::{deny, one_build, outside, program, unused_snapshots, workflows};
use crate::hosts::options::HostsOptions;
use crate::run::nextest::NextestExit;
use crate::run::user_run::UserRun;
use crate::run::{caller, snapshots, summary, unprivileged};
use crate::sys::tools::Install;
use crate::sys::workspace::SUITE;
use crate::sys::{packages, process, programs, tools};
use crate::{hosts, rules};
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Everything that CI checks, in this order.
pub const STEPS: &[Step] = &[
    Step { name: "packages", about: "the programs that the suite runs are installed", run: packages },
    Step { name: "format", about: "cargo fmt --check", run: format },
    Step { name: "lint", about: "clippy on all targets, warnings are errors", run: lint },
    Step { name: "imports", about: "no file imports in a circle or upward", run: imports },
    Step { name: "docs", about: "documentation builds without a warning", run: docs },
    Step { name: "doctests", about: "examples in the documentation run", run: doctests },
    Step { name: "tools", about: "the tests of the harness and of cargo ci", run: own_tests },
    Step { name: "one-build", about: "ci and the suite share what they compile", run: one_build::check },
    Step { name: "outside", about: "another project tests its program in a namespace", run: outside::check },
    Step { name: "browser", about: "the page of kernels and rules in Chromium", run: page_in_a_browser },
    Step { name: "suite-root", about: "the suite as root", run: suite_as_root },
    Step { name: "suite-user", about: "the suite as an unprivileged user", run: suite_as_user },
    Step { name: "program", about: "the suite as a program gives the same answers", run: program::check },
    Step {
        name: "hosts",
        about: "the suite on restricted hosts, side by side",
        run: suite_on_restricted_hosts,
    },
    Step {
        name: "snapshots",
        about: "every snapshot is used by a test, and its header names no machine",
        run: no_unused_snapshot,
    },
    Step { name: "rules", about: "every rule has a test or a reason, every test a rule", run: every_rule },
    Step { name: "workflows", about: "actionlint and zizmor on the workflows", run: workflows::check },
    Step { name: "deny", about: "licences, duplicates and sources of dependencies", run: deny::policies },
    Step { name: "advisories", about: "known faults in dependencies", run: deny::advisories },
];

/// Streams a command whose failure is a finding.
fn check(command: &mut Command) -> Outcome {
    match process::stream(command) {
        Ok(status) if status.success() => Outcome::Passed(String::new()),
        Ok(status) => Outcome::Failed(format!("`{}` failed ({status})", process::show(command))),
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn packages(context: &Context) -> Outcome {
    match programs::ensure(context.install) {
        Ok(installed) if installed.is_empty() => Outcome::Passed(String::new()),
        Ok(installed) => Outcome::Passed(format!("installed {}", installed.join(" "))),
        Err(missing) => Outcome::NotRun(missing),
    }
}

fn format(context: &Context) -> Outcome {
    match tools::component("rustfmt", "rustfmt", context.install) {
        Ok(()) => {
            let mut command = context.workspace.cargo(["fmt", "--all", "--check"]);
            // rustfmt colours its differences in a pipe as well.
            if AutoStream::choice(&stdout()) == ColorChoice::Never {
                command.args(["--", "--color", "never"]);
            }
            check(&mut command)
        }
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn lint(context: &Context) -> Outcome {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    match tools::component("clippy", "cargo-clippy", context.install) {
        Ok(()) => check(&mut context.workspace.cargo(arguments)),
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn imports(context: &Context) -> Outcome {
    let mut command = context.workspace.cargo(["run", "--quiet", "--package", "imports", "--locked"]);
    match process::stream(&mut command).map(|status| status.code()) {
        Ok(Some(0)) => Outcome::Passed(String::new()),
        Ok(Some(1)) => Outcome::Failed("files import in a circle or upward: see above".to_owned()),
        Ok(_) => Outcome::CouldNotRun("the imports could not be read: see above".to_owned()),
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn docs(context: &Context) -> Outcome {
    let mut command = context.workspace.cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    // A binary's private items are documented for those who change it.
    check(command.arg("--document-private-items").env("RUSTDOCFLAGS", "-D warnings"))
}

fn doctests(context: &Context) -> Outcome {
    check(&mut context.workspace.cargo(["test", "--doc", "--workspace", "--locked"]))
}

fn own_tests(context: &Context) -> Outcome {
    if let Err(error) = tools::nextest(context.install) {
        return Outcome::CouldNotRun(error);
    }
    let mut command = context.workspace.cargo(["nextest", "run", "--workspace", "--locked"]);
    tests_of_tools(command.args(["--exclude", SUITE]))
}

fn page_in_a_browser(context: &Context) -> Outcome {
    if let Err(error) = packages::browser(context.install) {
        return Outcome::NotRun(error);
    }
    if let Err(error) = tools::nextest(context.install) {
        return Outcome::CouldNotRun(error);
    }
    let mut command = context.workspace.cargo(["nextest", "run", "--package", "ci", "--locked"]);
    tests_of_tools(command.args(["--test", "matrix", "--run-ignored", "only"]))
}

fn tests_of_tools(command: &mut Command) -> Outcome {
    match process::stream(command).map(NextestExit::from) {
        Ok(NextestExit::Passed) => Outcome::Passed(String::new()),
        Ok(NextestExit::TestsFailed) => Outcome::Failed("tests failed: see above".to_owned()),
        Ok(NextestExit::BuildFailed) => Outcome::Failed("the tests do not build".to_owned()),
        Ok(NextestExit::NothingRan) => Outcome::CouldNotRun("nothing ran: no test was found".to_owned()),
        Ok(NextestExit::Otherwise(words)) | Err(words) => Outcome::CouldNotRun(words),
    }
}

fn suite_as_root(context: &Context) -> Outcome {
    if !geteuid().is_root() {
        return Outcome::NotRun("needs root".to_owned());
    }
    report(context, || caller::run(&context.workspace, &[]))
}

fn suite_as_user(context: &Context) -> Outcome {
    if geteuid().is_root() {
        report(context, || unprivileged::run(&context.workspace))
    } else {
        report(context, || caller::run(&context.workspace, &[]))
    }
}

fn suite_on_restricted_hosts(context: &Context) -> Outcome {
    if !geteuid().is_root() {
        return Outcome::NotRun("needs root".to_owned());
    }
    let skip_install = context.install == Install::Nothing;
    let exploration = Exploration::Brief;
    match hosts::run(&HostsOptions { quick: true, skip_install, exploration, ..HostsOptions::default() }) {
        Ok(Verdict::Good) => Outcome::Passed(String::new()),
        Ok(Verdict::Partial(why)) => Outcome::Partial(why),
        Ok(Verdict::Failed(why)) => Outcome::Failed(why),
        Ok(Verdict::CouldNotRun(why)) | Err(why) => Outcome::CouldNotRun(why),
    }
}

/// Runs the suite, prints its summary and keeps it for the steps after it.
fn report(context: &Context, run: impl FnOnce() -> Result<UserRun, String>) -> Outcome {
    match tools::nextest(context.install).and_then(|()| run()) {
        Err(error) => Outcome::CouldNotRun(error),
        Ok(run) => {
            print(summary::render(&run, &context.workspace.root, context.names));
            let outcome = match &run.verdict {
                Verdict::Good => Outcome::Passed(summary::in_one_line(&run)),
                Verdict::Partial(why) => Outcome::Partial(why.clone()),
                Verdict::Failed(why) => Outcome::Failed(why.clone()),
                Verdict::CouldNotRun(why) => Outcome::CouldNotRun(why.clone()),
            };
            context.runs.borrow_mut().push(run);
            outcome
        }
    }
}

fn every_rule(context: &Context) -> Outcome {
    match tools::nextest(context.install).and_then(|()| rules::check(&context.workspace)) {
        Ok(Ok(counts)) => Outcome::Passed(counts),
        Ok(Err(wrong)) => {
            wrong.iter().for_each(|line| print(format_args!("  {line}\n")));
            Outcome::Failed(format!("{} things are wrong: see above", wrong.len()))
        }
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn named_machines(files: &[std::path::PathBuf]) -> Outcome {
    for file in files {
        print(format_args!("  its header names more than its source: {}\n", file.display()));
    }
    Outcome::Failed(format!(
        "the headers of {} snapshots name a machine: keep the line of the source",
        files.len()
    ))
}

fn no_unused_snapshot(context: &Context) -> Outcome {
    let root = &context.workspace.root;
    let snapshots = match snapshots::files(&root.join("tests"), ".snap") {
        Ok(files) => files.iter().map(|file| std::path::Path::new("tests").join(file)).collect::<Vec<_>>(),
        Err(error) => return Outcome::CouldNotRun(error),
    };
    match snapshots::with_more_than_a_source(root, &snapshots) {
        Ok(files) if files.is_empty() => {}
        Ok(files) => return named_machines(&files),
        Err(error) => return Outcome::CouldNotRun(error),
    }
    let runs = context.runs.borrow();
    let runs: Vec<UserRun> =
        runs.iter().filter(|run| !matches!(run.verdict, Verdict::CouldNotRun(_))).cloned().collect();
    if runs.is_empty() {
        return Outcome::NotRun("needs a run of the suite: suite-root or suite-user".to_owned());
    }
    let unused = unused_snapshots::unused(&snapshots, &runs);
    let alone = match unused.left_alone.len() {
        0 => String::new(),
        number => format!(", {number} not asked for here and left alone"),
    };
    for file in &unused.left_alone {
        print(format_args!("  not asked for here, left alone: {}\n", file.display()));
    }
    for file in &unused.unreferenced {
        print(format_args!("  no test uses {}\n", file.display()));
    }
    if unused.unreferenced.is_empty() {
        return Outcome::Passed(format!("{} snapshots{alone}", snapshots.len()));
    }
    Outcome::Failed(format!(
        "no test uses {} of {} snapshots: remove or rename them",
        unused.unreferenced.len(),
        snapshots.len()
    ))
}
