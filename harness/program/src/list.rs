//! `list`: the tests, and why some cannot run here.

use clap::Args;
use harness::suite::Prepared;

use crate::run::options::SelectionOptions;
use crate::run::selection;
use crate::ui::print::print;
use crate::ui::style::MIDDLING;
use crate::ui::verdict::Verdict;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  userns-suite list                       every test, a name each line
  userns-suite list --skipped             the tests that cannot run here as this user, each with its reason
  userns-suite list --rule groups. --json the tests of a family of rules, with their rules and sources, as data";

/// Options of `list`.
#[derive(Args, Debug)]
pub struct ListOptions {
    /// Which tests.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Only the tests that cannot run here, each with its reason
    #[arg(long)]
    pub skipped: bool,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// Prints the tests that the options select.
///
/// # Errors
/// When none is selected, or they cannot be written as JSON.
pub fn run(suite: &Prepared, options: &ListOptions) -> Result<Verdict, String> {
    let names = selection::selected(&suite.tests(), &options.selection)?;
    if !options.json && !options.skipped {
        names.iter().for_each(|name| print(format_args!("{name}\n")));
        return Ok(Verdict::Good);
    }
    let mut listing = suite.listing(&names);
    listing.tests.retain(|it| !options.skipped || it.skipped.is_some());
    if options.json {
        print(listing.to_line()?);
        return Ok(Verdict::Good);
    }
    for listed in &listing.tests {
        let reason = listed.skipped.as_deref().unwrap_or_default();
        print(format_args!("{MIDDLING}{}{MIDDLING:#}\t{reason}\n", listed.test.name));
    }
    Ok(Verdict::Good)
}
