//! What a person sees: text, and how a command ends.

pub mod live;
pub mod pace;
pub mod print;
pub mod style;
pub mod table;
pub mod verdict;
