//! `cargo ci sweep` on the command line.

use clap::Args;

/// What the help closes with.
pub const AFTER: &str = "\
A field is who acts and what they may do: map writes of several shapes, deny and allow, setgroups(2), set*id
calls, capabilities dropped, by a process in the namespace and by one in its parent. Each sequence is played by
the kernel and by the model; one that only repeats a state that another has reached is not gone on from.

Examples:
  cargo ci sweep                          every field, 3 steps, and texts of up to 5 bytes
  cargo ci sweep --depth 5 --only root    one field, deeper
  cargo ci sweep --only texts --length 7  texts alone
  cargo ci sweep --list                   the fields

Exit status: 0 kernel and model agree, 1 they do not, 2 could not run, or was interrupted.";

/// Options of `cargo ci sweep`.
#[derive(Args, Debug)]
pub struct SweepOptions {
    /// The most steps of a sequence
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub depth: usize,
    /// The most bytes of a text
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub length: u32,
    /// Only this field, or `texts`; may be given more than once
    #[arg(long, value_name = "FIELD")]
    pub only: Vec<String>,
    /// Name the fields and stop
    #[arg(long)]
    pub list: bool,
    /// How many threads play [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
}
