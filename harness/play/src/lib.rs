//! Runs programs in Linux user namespaces, and plays scenarios of processes in them.
//!
//! # A program in a namespace
//!
//! For tests of your own, of a container runtime or of any program that has to work in a user namespace:
//! [`Userns`] describes the namespace and the credentials, and runs a program there to its end.
//!
//! ```
//! use harness_play::{Refused, Status, Userns, Writer};
//!
//! // The caller becomes root of a namespace that has one id. No privilege is needed.
//! let namespace = Userns::new()
//!     .setgroups("deny")
//!     .uid_map("0 own 1")
//!     .gid_map("0 own 1")
//!     .written_by(Writer::Inside);
//!
//! let ended = namespace.run(&["id", "-u"])?;
//!
//! assert_eq!((ended.status, ended.stdout.as_str()), (Status::Exited(0), "0\n"));
//! # Ok::<(), Refused>(())
//! ```
//!
//! | type | what it is |
//! |---|---|
//! | [`Userns`] | a namespace to be made, and the ids of a process in it |
//! | [`Writer`] | who writes its maps: a process in the parent namespace, or one inside |
//! | [`Ended`], [`Status`] | what a program printed and how it ended |
//! | [`Refused`] | which step the kernel refused, and with which errno |
//! | [`Error`] | what else went wrong: no such program, no namespace, no answer in time |
//!
//! The program runs to its end or to a time limit, and what it leaves behind is ended with it. A project that uses
//! this is in `harness/play/example`.
//!
//! # For the suite
//!
//! The other modules are for the suite of this workspace, and change with it: they play a
//! [`Scenario`](harness_scenario::scenario::Scenario) on the running kernel.
//!
//! | module | what it is |
//! |---|---|
//! | [`Play`], [race] | a scenario is played, or is the stage of a race |
//! | [observe], [rehearse_with], [Rehearsed] | who is shown each trace, and who may answer in place of the kernel |
//! | [choose_actors] | whether processes are forked or share memory |
//! | [host], [facts], [here] | what is known of this host |
//! | [shed_privileges], [become_dumpable], [keep_effective_ids], [leave_page_zero] | gives up what only few callers have |
//! | [error] | what can go wrong with the harness, as opposed to what the kernel refuses |

mod actor;
mod decode;
mod director;
pub mod error;
pub mod here;
pub mod host;
mod lower;
mod observer;
pub mod prelude;
mod probe;
mod process;
pub mod race;
mod shed;
pub mod userns;
mod wire;

#[doc(hidden)]
pub use actor::{install_filter, reset_signals};
#[doc(hidden)]
pub use director::play_program;
pub use director::{Actors, LIMIT, Play, UnknownActors, choose_actors};
pub use error::Error;
pub use harness_scenario::outcome::{Ended, Status};
pub use observer::{AlreadyObserved, Rehearsed, observe, rehearse_with};
pub use probe::{facts, lookups};
#[doc(hidden)]
pub use process::fork_for_test;
pub use shed::{
    become_dumpable, keep_effective_ids, leave_a_small_container, leave_page_zero, shed_privileges,
};
pub use userns::{Container, Refused, Userns, Writer};
