//! What `cargo ci` says to the supervisors that it starts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Options of the supervisor.
#[derive(Args, Debug)]
pub struct SupervisorOptions {
    /// End the program when this process ends
    #[arg(long, value_name = "PID")]
    pub parent: i32,
    /// What to remove where that process has not done it
    #[arg(long, value_name = "DIRECTORY")]
    pub remove: PathBuf,
    /// Leave it to the program to end on a signal, and pass on one that reaches this process alone
    #[arg(long)]
    pub patient: bool,
    /// Where to write, a line each, the processes that the program left behind
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub program: Vec<OsString>,
}
