//! From what a step means to the system calls that an actor is asked to make.

mod child;
mod files;
mod held;
mod ids;
mod raw;
pub mod state;

pub use files::{close, read_proc};
pub use ids::all_groups;

use crate::action::{Access, Action};
use crate::actors::Actor;
use crate::ids::Own;
use crate::wire::{Arg, HAND, Op, Request, SCRATCH};
use files::{around, open_file, read};
use held::{give, owner_uid, read_held, receive_credentials, send_credentials};
use ids::{count_groups, getgroups};
pub use raw::DIE_WITH_DIRECTOR;
use raw::watching_director;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A system call of a step, with the name that an error of it carries; the step's own call has none.
pub type Call = (&'static str, Request);

/// What the requests of a step depend on.
pub struct Context<'a> {
    /// The actor that takes the step.
    pub actor: Actor,
    /// What `own` stands for.
    pub own: Own,
    /// The process id of an actor, if it has come into being.
    pub pid: &'a dyn Fn(Actor) -> Option<i32>,
}

/// The address that a bad pointer has: the first page is never mapped.
const NOWHERE: Arg = Arg::Value(8);
/// A process id that no process has. Never -1 or 0, which would mean a great many of them to kill(2).
const NOBODY: i32 = i32::MAX;

impl Context<'_> {
    /// The system calls of an action that concerns one actor alone; `None` for those that the
    /// director has to take part in.
    pub fn lower(&self, action: &Action) -> Option<Vec<Call>> {
        Some(match action {
            Action::Write { file, of, text } => {
                let write = self.write(text, *file, SCRATCH);
                around(self.open(*file, *of, Access::Write, SCRATCH), ("", write))
            }
            Action::Read { file, of } => {
                around(self.open(*file, *of, Access::Read, SCRATCH), ("", read(SCRATCH)))
            }
            Action::WriteHeld { text, file, at } => self.write_held(text, *file, *at),
            Action::ReadHeld { size, at } => read_held(*size, *at),
            Action::OpenFile(_, path, access) => open_file(path, *access),
            Action::Setns { of, file, nstype } => self.setns(*of, *file, *nstype),
            Action::GetCredentials => state::calls(&state::Part::CREDENTIALS),
            Action::Compat(_, number, args, results) => {
                watching_director(self.compat(*number, args, *results))
            }
            Action::Raw(_, number, args) => watching_director(self.raw(*number, args)),
            Action::Hold(_, number, args) => watching_director(self.raw(*number, args).keep(HAND)),
            Action::Ask(_, number, args, results) => {
                watching_director(give(self.raw(*number, args), *results))
            }
            other => vec![("", self.one_call(other)?)],
        })
    }

    /// The call of an action that takes one.
    fn one_call(&self, action: &Action) -> Option<Request> {
        Some(match action {
            Action::Open { file, of, access } => self.open(*file, *of, *access, HAND),
            Action::ReadToEnd(_) => read(HAND),
            Action::Setgroups(groups, via) => self.setgroups(groups, *via),
            Action::Getgroups { size, room } => getgroups(*size, *room),
            Action::CountGroups { size, first, step } => count_groups(*size, *first, *step),
            Action::SetId(call, ids, via) => self.set_id(*call, ids, *via),
            Action::Unshare(flags) => syscall(libc::SYS_unshare, &[number(*flags)]),
            Action::UnshareOrStop(flags) => syscall(libc::SYS_unshare, &[number(*flags)]).or_stop(),
            Action::Clone(flags) => clone(Op::Clone, *flags),
            Action::Clone3(flags) => clone3(Op::Clone, *flags),
            Action::CloneAndKeep(flags) => Request::new(Op::Companion, 0).args(&[number(*flags)]),
            Action::Child(child) => child::child(*child),
            Action::OwnerUid => owner_uid(),
            Action::ProcOwner(of) => self.proc_owner(*of),
            Action::Prctl(_, option, value) => {
                syscall(libc::SYS_prctl, &[number(*option), Arg::Value(*value)])
            }
            Action::Chroot(_, path) => syscall(libc::SYS_chroot, &[Arg::Payload(0)]).payload(&c_path(path)),
            Action::SendCredentials(ids) => send_credentials(*ids),
            Action::ReceiveCredentials => receive_credentials(),
            _ => return None,
        })
    }
}

/// clone(2) with these flags and SIGCHLD as the signal at the end.
pub fn clone(op: Op, flags: i32) -> Request {
    Request::new(op, libc::SYS_clone).args(&[number(flags | libc::SIGCHLD)])
}

/// clone3(2) with these flags, SIGCHLD as the signal at the end and nothing else.
pub fn clone3(op: Op, flags: u64) -> Request {
    let mut args = [0_u64; 8];
    (args[0], args[4]) = (flags, u64::from(libc::SIGCHLD.cast_unsigned()));
    let bytes: Vec<u8> = args.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let size = Arg::Value(bytes.len() as u64);
    Request::new(op, libc::SYS_clone3).args(&[Arg::Payload(0), size]).payload(&bytes)
}

/// A system call with its arguments.
pub fn syscall(number: i64, args: &[Arg]) -> Request {
    Request::syscall(number, args)
}

/// A signed argument.
pub fn number(value: i32) -> Arg {
    Arg::Value(i64::from(value).cast_unsigned())
}

/// A path as the kernel takes it.
pub fn c_path(path: &Path) -> Vec<u8> {
    let mut bytes = path.as_os_str().as_bytes().to_vec();
    bytes.push(0);
    bytes
}
