//! What the steps share.

use std::cell::RefCell;

use crate::run::summary::Names;
use crate::run::user_run::UserRun;
use crate::sys::tools::Install;
use crate::sys::workspace::Workspace;
/// What the steps share.
#[derive(Debug)]
pub struct Context {
    /// The workspace under test.
    pub workspace: Workspace,
    /// Whether missing programs are installed.
    pub install: Install,
    /// Which names of a long group are shown.
    pub names: Names,
    /// The runs of the suite so far.
    pub runs: RefCell<Vec<UserRun>>,
}
