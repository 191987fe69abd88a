//! Starting a program below a filter: `cargo ci filter`, which rows of `ci/hosts.toml` call.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;
use harness::install_filter;

use crate::hosts::filter::{Filter, Profile};

/// Options of `cargo ci filter`.
#[derive(Args, Debug)]
pub struct FilterOptions {
    /// Refuse this call with this errno, or with `0=V` after its name where an argument is V; may be given more than once
    #[arg(long, value_name = "CALL=ERRNO")]
    pub refuse: Vec<String>,
    /// The filter of a runtime
    #[arg(long, value_name = "RUNTIME")]
    pub profile: Option<Profile>,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub program: Vec<OsString>,
}

/// Installs the filter and becomes the program. Returns only if it cannot.
///
/// # Errors
/// When the filter is written wrongly, the kernel does not take it, or the program does not start.
pub fn run(options: &FilterOptions) -> Result<std::convert::Infallible, String> {
    let refused = options.refuse.iter().map(|refused| {
        let (call, errno) =
            refused.rsplit_once('=').ok_or_else(|| format!("{refused:?} is no CALL=ERRNO"))?;
        Ok(format!("refuse {errno} {call}"))
    });
    let mut lines = refused.collect::<Result<Vec<String>, String>>()?;
    lines.extend(options.profile.map(|profile| profile.text().to_owned()));
    let filter = Filter::read(&lines.join("\n"))?;
    install_filter(&filter.program())
        .map_err(|errno| format!("the kernel does not take the filter: {errno}"))?;
    let (program, arguments) = options.program.split_first().ok_or("no program is named")?;
    let error = Command::new(program).args(arguments).exec();
    Err(format!("cannot start {}: {error}", program.display()))
}
