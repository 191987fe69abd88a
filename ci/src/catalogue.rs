//! What the suite says of itself: its tests, and the rules that they pin.

pub mod ask;
pub mod listing;
