//! Kernel-behaviour tests for Linux user namespaces: the table of contents.
#![expect(missing_docs, reason = "the sentence above each test is its documentation")]

mod containerd;
mod creating;
mod entering;
mod joining;
mod limits;
mod map_order;
mod newidmap;
mod ns_ioctls;
mod ownership;
mod programs;
mod sequences_of_programs;
mod setgroups;
mod sudo_sequences;
mod tables;
mod vulnerabilities;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
