//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

mod containerd;
mod creating;
mod creating_checks;
mod creating_policy;
mod entering;
mod entering_sets;
mod group_membership;
mod groups_calls;
mod id_getters;
mod joining;
mod joining_order;
mod keyrings;
mod limits;
mod limits_counts;
mod limits_of_creator;
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
mod ns_relations;
mod ownership;
mod ownership_walk;
mod pid_namespaces;
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
mod vulnerabilities;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
