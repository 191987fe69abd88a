//! What a test needs to hand: `use harness::prelude::*;`.

pub use crate::check;
pub use harness_play::prelude::*;
