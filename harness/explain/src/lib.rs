//! From a symptom in a user namespace to the rule behind it.
#![forbid(unsafe_code)]

pub mod calls;
pub mod messages;
pub mod named;
