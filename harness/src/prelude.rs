//! What a test needs to hand: `use harness::prelude::*;`.

pub use crate::action::*;
pub use crate::answer::{
    Answer, EACCES, EAGAIN, EBADF, EFAULT, EINVAL, EMFILE, ENOENT, ENOKEY, ENOMEM, ENOSPC, ENOTTY, EOVERFLOW,
    EPERM, EROFS, ESPIPE, ESRCH, OK, exits,
};
pub use crate::caps::Cap;
pub use crate::check;
pub use crate::director::Play;
pub use crate::here::overflow;
pub use crate::race::{Racer, Stage, racer};
pub use crate::scenario::{Actor, Scenario, caller, ordinary, ordinary_in, root};
pub use crate::trace::{Ended, Outcome, Status, Trace};
pub use nix::errno::Errno;
