//! What tests of several topics have in common: verbs, tables and oracles. It holds no tests and asserts nothing.

pub mod group_files;
pub mod limits;
pub mod map_family;
pub mod map_stack;
pub mod map_tables;
pub mod mounts;
pub mod ns_files;
pub mod raw;
pub mod tables;
