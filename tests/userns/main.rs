//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

mod containerd;
mod creating;
mod entering;
mod group_membership;
mod groups_calls;
mod id_getters;
mod joining;
mod limits;
mod map_checks;
mod map_extents;
mod map_meaning;
mod map_open;
mod map_order;
mod map_privileges;
mod map_tables;
mod map_text;
mod newidmap;
mod ns_ioctls;
mod ownership;
mod programs;
mod races;
mod sequences_of_programs;
mod setgroups;
mod setid_capabilities;
mod setid_compat;
mod setid_limits;
mod setid_ordinary;
mod setid_tables;
mod sudo_sequences;
mod tables;
mod vulnerabilities;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
