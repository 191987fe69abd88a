//! `cargo ci rules` on the command line.

use clap::Args;

use harness_program::ui::verdict::PartialOption;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci rules                   every rule, its errno, its tests, and whether it holds here
  cargo ci rules map               the rules about writing maps, with sources and each test
  cargo ci rules groups.denied     one rule
  cargo ci rules --call setgroups --errno EPERM
                                   which rules answer a call so, by name, with their sources; runs nothing
  cargo ci rules --missing         the rules that no test pins, and why
  cargo ci rules --json > rules    for scripts, with the facts of the host
  cargo ci rules --write           make docs/rules.md anew

A rule holds if every test of it that ran passed, differs if one failed, and is skipped if none of them
could run on this host.

Exit status: 0 no rule differs, 1 one does (or, with --missing, lacks test and reason), 2 could not run, or all of
them are skipped, 3 none differs, but many tests could not run here (--partial ok makes it 0, --partial fail 1).";

/// Options of `cargo ci rules`.
#[derive(Args, Debug, Default)]
pub struct RulesOptions {
    /// Only the rules whose names begin so, in full
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Run nothing: list the rules that may answer this system call, such as setgroups, setuid, unshare or write
    #[arg(long, value_name = "NAME", conflicts_with_all = ["missing", "write", "names"])]
    pub call: Option<String>,
    /// Run nothing: list the rules that answer with this errno, such as EPERM; with --call, only those of the call
    #[arg(long, value_name = "ERRNO", conflicts_with_all = ["missing", "write", "names"])]
    pub errno: Option<String>,
    /// Run nothing: list the rules that no test pins, and why
    #[arg(long, conflicts_with = "json")]
    pub missing: bool,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Run nothing: make docs/rules.md anew
    #[arg(long, conflicts_with_all = ["missing", "json", "names"])]
    pub write: bool,
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
}
