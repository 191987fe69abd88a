//! `sweep` on the command line.

use clap::Args;

/// The greatest length of which the number of texts fits 64 bits: twelve letters, so many places.
const LONGEST: i64 = 17;

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

Ctrl-C ends the sweep and shows what was found until then.

Exit status: 0 kernel and model agree, 1 they do not, 2 could not run, or was interrupted before they differed.";

/// Options of `cargo ci sweep`.
#[derive(Args, Debug)]
pub struct SweepOptions {
    /// The most steps of a sequence
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: u32,
    /// The most bytes of a text: 8 take minutes, and each one more takes twelve times as long
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(..=LONGEST))]
    pub length: u32,
    /// Only this field, or `texts`; may be given more than once
    #[arg(long, value_name = "FIELD")]
    pub only: Vec<String>,
    /// Name the fields and stop
    #[arg(long)]
    pub list: bool,
    /// How many threads play [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub workers: Option<u32>,
}
