//! What `cargo ci programs` and `cargo ci runtimes` share: roots of releases of Debian, a place made of one, and traces of
//! what a program asks of the kernel there.

pub mod junit;
pub mod model;
pub mod options;
pub mod place;
pub mod reviewed;
pub mod root;
pub mod says;
pub mod select;
pub mod setup;
pub mod trace;
