//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

mod containerd;
mod creating;
mod creating_checks;
mod creating_policy;
mod entering;
mod entering_sets;
mod group_decisions;
mod group_files;
mod group_membership;
mod group_objects;
mod group_search;
mod groups_calls;
mod groups_list;
mod groups_rights;
mod id_getters;
mod initial_namespace;
mod joining;
mod joining_order;
mod keyrings;
mod limits;
mod limits_counts;
mod limits_of_creator;
mod map_capabilities;
mod map_checks;
mod map_extents;
mod map_forms;
mod map_meaning;
mod map_open;
mod map_order;
mod map_precedence;
mod map_privileges;
mod map_shared;
mod map_tables;
mod map_text;
mod map_uid_0;
mod map_who;
mod newidmap;
mod ns_ioctls;
mod ns_relations;
mod ownership;
mod ownership_walk;
mod pid_namespaces;
mod proc_mounts;
mod programs;
mod sequences_of_programs;
mod setgroups;
mod setgroups_file;
mod setgroups_opener;
mod setid_accounting;
mod setid_capabilities;
mod setid_compat;
mod setid_consequences;
mod setid_limits;
mod setid_ordinary;
mod setid_tables;
mod setid_unmapped;
mod sudo_sequences;
mod tables;
mod vulnerabilities;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
