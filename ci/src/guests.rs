//! The suite elsewhere, on another kernel or beside another userland: what travels there, how it is followed, and what
//! became of it.

pub mod bundle;
pub mod compare;
pub mod expected_failures;
pub mod failure;
pub mod follow;
pub mod guest;
pub mod initramfs;
pub mod json;
pub mod junit;
pub mod options;
pub mod outcome;
pub mod part;
pub mod progress;
pub mod results;
pub mod start;
pub mod table;
pub mod transcript;
pub mod userland;
