//! Debian's archive.

pub mod apt;
