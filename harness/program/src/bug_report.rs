//! `report`: a run of the suite, this process and this host as one text to paste, and one archive to attach.

mod archive;
mod kernel_log;
mod markdown;
mod personal;
mod versions;

use std::path::PathBuf;

use clap::Args;
use harness::suite::Prepared;
use harness_explain::explanation::Explanation;
use harness_explain::process::Which;
use harness_explain::sequences::DAEMON;

use crate::bug_report::markdown::Parts;
use crate::bug_report::personal::Personal;
use crate::run::options::{Format, RunOptions, SelectionOptions};
use crate::run::{self, Quiet};
use crate::ui::print::{note, print};
use crate::ui::verdict::{PartialOption, Verdict};

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  userns-suite report > report.md                     every test, then the text
  userns-suite report setgroups --archive report.tar  some tests; the archive has all details
  userns-suite report --rule groups.denied            the tests of one rule

The text names no user, no host and no address, unless --personal is given: they are replaced by <user>, <host> and <home>. The
archive holds the same text, the run as JSON, and for each test that failed its output, the snapshot that differs and programs in
C that show it.

Exit status: that of `userns-suite run`.";

/// Options of `report`.
#[derive(Args, Debug)]
pub struct ReportOptions {
    /// Which tests.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Also write an archive to attach, in the format of tar(1)
    #[arg(long, value_name = "FILE")]
    pub archive: Option<PathBuf>,
    /// Leave the names of the user, the home directory and the host in
    #[arg(long)]
    pub personal: bool,
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
}

/// Runs the tests, and prints the report.
///
/// # Errors
/// When no test is selected, the run cannot be made, or the archive cannot be written.
pub fn run(suite: &Prepared, options: ReportOptions) -> Result<Verdict, String> {
    let versions = versions::all();
    let explained = Explanation::of(Which::Own, DAEMON);
    let ran = run::gather(suite, &run_options(&options), Quiet::Progress)?;
    let parts = Parts {
        run: &ran.run,
        gathered: &ran.gathered,
        versions: &versions,
        explained: explained.as_ref().map_err(String::as_str),
        log: &kernel_log::told(),
    };
    let personal = if options.personal { Personal::none() } else { Personal::of_caller() };
    let text = personal.hidden(&markdown::text(&parts));
    if let Some(file) = &options.archive {
        archive::write(file, &text, &ran.run, &ran.gathered, &personal)?;
        note(format_args!("wrote {}\n", file.display()));
    }
    print(text);
    Ok(ran.run.verdict)
}

fn run_options(options: &ReportOptions) -> RunOptions {
    let SelectionOptions { filter, rule, tests_from } = &options.selection;
    let selection =
        SelectionOptions { filter: filter.clone(), rule: rule.clone(), tests_from: tests_from.clone() };
    RunOptions { selection, format: Format::Text, partial: options.partial, ..RunOptions::default() }
}
