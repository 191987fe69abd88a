//! The names that a test uses: `use harness::prelude::*;`.

pub use crate::answer::{
    Answer, EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, EMFILE, ENODEV, ENOENT, ENOKEY, ENOMEM, ENOSPC,
    ENOTDIR, ENOTTY, EOPNOTSUPP, EOVERFLOW, EPERM, ERANGE, EROFS, ESPIPE, ESRCH, ESTALE, EUSERS, EXDEV, OK,
    exits,
};
pub use crate::check;
pub use harness_play::prelude::*;
