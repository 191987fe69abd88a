//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

mod containerd;
mod map_order;
mod programs;
mod sequences_of_programs;
mod setgroups;
mod sudo_sequences;
mod tables;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
