//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

mod containerd;
mod group_membership;
mod groups_calls;
mod id_getters;
mod map_order;
mod programs;
mod sequences_of_programs;
mod setgroups;
mod setid_capabilities;
mod setid_compat;
mod setid_limits;
mod setid_ordinary;
mod setid_tables;
mod sudo_sequences;
mod tables;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
