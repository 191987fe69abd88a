//! What a test needs to hand: `use harness_play::prelude::*;`.

pub use crate::director::Play;
pub use crate::here::overflow;
pub use crate::race::{Racer, Stage, racer};
pub use harness_scenario::action::*;
pub use harness_scenario::caps::Cap;
pub use harness_scenario::scenario::{Actor, Scenario, caller, ordinary, ordinary_in, root};
pub use harness_scenario::trace::{Ended, Outcome, Status, Trace};
pub use nix::errno::Errno;
