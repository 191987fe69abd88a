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
mod map_ends;
mod map_extents;
mod map_family;
mod map_levels;
mod map_meaning;
mod map_meaning_files;
mod map_meaning_groups;
mod map_meaning_ids;
mod map_meaning_ipc;
mod map_meaning_peers;
mod map_meaning_proc;
mod map_meaning_signals;
mod map_open;
mod map_order;
mod map_privileges;
mod map_read_back;
mod map_stack;
mod map_tables;
mod map_text;
mod newidmap;
mod ns_ioctls;
mod ownership;
mod programs;
mod projid;
mod sequences_of_programs;
mod setgroups;
mod setid_capabilities;
mod setid_compat;
mod setid_limits;
mod setid_ordinary;
mod setid_tables;
mod sudo_sequences;
mod tables;
mod userns_mounts;
mod vulnerabilities;

fn main() -> std::process::ExitCode {
    harness::suite::main()
}
