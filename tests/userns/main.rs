//! Kernel-behaviour tests for Linux user namespaces: the table of contents.
#![expect(missing_docs, reason = "the sentence above each test is its documentation")]

mod containerd;
mod map_checks;
mod map_extents;
mod map_meaning;
mod map_open;
mod map_order;
mod map_privileges;
mod map_tables;
mod map_text;
mod programs;
mod sequences_of_programs;
mod setgroups;
mod sudo_sequences;
mod tables;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
