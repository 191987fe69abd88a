//! From a symptom in a user namespace to the rule behind it.
//!
//! | module | what it is |
//! |---|---|
//! | [messages] | what a program's message means: the refused call, and the rules that may have refused it |
//! | [calls] | which rules may answer which system call |
//! | [explanation] | a process: what is refused to it, by which rule, and who is responsible |
//! | [process], [answers], [findings], [makers] | its parts: what was seen, asked, concluded; who makes such namespaces |
//! | [mod@write] | whether a write to uid_map or gid_map would be accepted |
//! | [text] | all of these as text; each serializes as data as well |
//!
//! The model answers from the real state of a process, and a forked child confirms it. What cannot be seen is reported as
//! such. The data is in `data/`: `messages.toml`, `calls.toml`, `makers.toml`.
#![forbid(unsafe_code)]

pub mod answers;
mod begins;
pub mod calls;
pub mod explanation;
mod failure;
pub mod findings;
pub mod makers;
pub mod messages;
pub mod named;
pub mod process;
pub mod sequences;
pub mod text;
pub mod write;
