//! The names that a test uses: `use harness::prelude::*;`.

pub use crate::answer::{
    Answer, EACCES, EAGAIN, EBADF, EFAULT, EINVAL, EMFILE, ENOENT, ENOKEY, ENOMEM, ENOSPC, ENOTTY, EOVERFLOW,
    EPERM, EROFS, ESPIPE, ESRCH, OK, exits,
};
pub use crate::check;
pub use harness_play::prelude::*;
