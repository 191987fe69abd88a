//! Kernel-behaviour tests for Linux user namespaces: the table of contents.

// Creating namespaces, and how many there may be.
mod creating;
mod creating_checks;
mod creating_mounts;
mod creating_pids;
mod creating_policy;
mod creating_time;
mod limits;
mod limits_counts;
mod limits_kinds;
mod limits_of_creator;

// What a process is that has entered one, and what its privileges are good for.
mod entering;
mod entering_ambient;
mod entering_securebits;
mod entering_sets;
mod idmapped;
mod keyrings;
mod keys_ids;
mod mounting;
mod mounting_more;
mod ownership;
mod ownership_calls;
mod ownership_host;
mod ownership_others;
mod ownership_walk;
mod owning;
mod pid_namespaces;
mod userns_mounts;

// Joining namespaces, and asking about them.
mod joining;
mod joining_order;
mod joining_others;
mod listing;
mod ns_ids;
mod ns_ioctls;
mod ns_relations;

// uid_map, gid_map and projid_map: who opens and writes them, and when.
mod initial_namespace;
mod map_capabilities;
mod map_of_the_dead;
mod map_open;
mod map_order;
mod map_paths;
mod map_precedence;
mod map_privileges;
mod map_shared;
mod map_uid_0;
mod map_vectors;
mod map_ways;
mod map_who;
mod proc_mounts;
mod projid;

// What may be written to them.
mod map_checks;
mod map_extents;
mod map_forms;
mod map_text;

// What they mean.
mod map_ends;
mod map_levels;
mod map_meaning;
mod map_meaning_files;
mod map_meaning_groups;
mod map_meaning_ids;
mod map_meaning_ipc;
mod map_meaning_peers;
mod map_meaning_proc;
mod map_meaning_signals;
mod map_read_back;

// The setgroups file, setgroups(2) and getgroups(2).
mod groups_calls;
mod groups_list;
mod groups_rights;
mod setgroups;
mod setgroups_file;
mod setgroups_opener;

// What groups decide.
mod group_decisions;
mod group_membership;
mod group_objects;
mod group_search;

// The calls that set ids, and what else they change.
mod id_getters;
mod setid_accounting;
mod setid_capabilities;
mod setid_compat;
mod setid_consequences;
mod setid_idle;
mod setid_limits;
mod setid_ordinary;
mod setid_tables;
mod setid_unmapped;

// Programs that become another user.
mod containerd;
mod newidmap;
mod programs;
mod sequences_of_programs;
mod sudo_sequences;

// Scenarios that are drawn or enumerated: kernel against model.
mod search;
mod sweeps;

// Holes of the past, and what several processes do at a time.
mod races;
mod vulnerabilities;

// What the above have in common; no tests.
mod support;

#[cfg(not(feature = "program"))]
fn main() -> std::process::ExitCode {
    harness::suite::main()
}

#[cfg(feature = "program")]
fn main() -> std::process::ExitCode {
    harness_program::main()
}

// musl gives memory back at once and takes it anew, a page fault each time, which guests feel most.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;
