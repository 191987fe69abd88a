//! Lowering: turns a step into the system calls that an actor makes.

mod child;
mod files;
mod held;
mod ids;
mod raw;
pub mod state;

pub use files::{close, read_proc};
pub use ids::all_groups;

use crate::wire::{Arg, HAND, Op, Request, SCRATCH};
use files::{around, open_file, read};
use harness_scenario::action::{Access, Action, CapChange, Leaves, OnRefusal};
use harness_scenario::actors::Actor;
use harness_scenario::ids::Own;
use held::{owner_uid, read_held, receive_credentials, send_credentials};
use ids::{count_groups, getgroups};
pub use raw::DIE_WITH_DIRECTOR;
use raw::watching_director;
use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A system call of a step, with the name that its error shows. The call that gives the step its name has none.
pub type Call = (&'static str, Request);

/// The context of a step: what its requests depend on.
pub struct Context<'a> {
    /// The actor that takes the step.
    pub actor: Actor,
    /// The ids that `own` stands for.
    pub own: Own,
    /// The process id of an actor, if it was forked.
    pub pid: &'a dyn Fn(Actor) -> Option<i32>,
}

/// The address of a bad pointer: the first page is never mapped.
const NOWHERE: Arg = Arg::Value(8);
/// A process id that no process has. It is not -1 or 0, which stand for many processes in kill(2).
const NOBODY: i32 = i32::MAX;

/// What an action is made of.
pub enum Lowered<'a> {
    /// System calls of one actor.
    Calls(Vec<Call>),
    /// Something that the director has to take part in.
    Directed(Directed<'a>),
}

/// What the director has to take part in.
pub enum Directed<'a> {
    /// The actor is forked.
    Fork,
    /// The held file is passed to another actor.
    PassFd(Actor),
    /// Two actors get the ends of a pair of sockets.
    Socketpair(Actor),
    /// The capability sets are changed from what they are.
    Capset(&'a CapChange),
    /// The actor exits.
    Exit(Leaves),
    /// A program is run.
    Run(&'a [Cow<'static, str>]),
}

impl Lowered<'_> {
    /// The system calls, unless the director has to take part.
    pub fn calls(self) -> Option<Vec<Call>> {
        match self {
            Self::Calls(calls) => Some(calls),
            Self::Directed(_) => None,
        }
    }
}

impl Context<'_> {
    /// What an action is made of.
    pub fn lower<'a>(&self, action: &'a Action) -> Lowered<'a> {
        let one = |request| vec![("", request)];
        let unshare = |flags: i32| syscall(libc::SYS_unshare, &[number(flags)]);
        Lowered::Calls(match action {
            Action::Fork | Action::ForkCloned => return Lowered::Directed(Directed::Fork),
            Action::PassFd(to) => return Lowered::Directed(Directed::PassFd(*to)),
            Action::Socketpair(with) => return Lowered::Directed(Directed::Socketpair(*with)),
            Action::Capset(change) => return Lowered::Directed(Directed::Capset(change)),
            Action::Exit(leaves) => return Lowered::Directed(Directed::Exit(*leaves)),
            Action::Run(words) => return Lowered::Directed(Directed::Run(words)),
            Action::Write { file, of, text } => {
                let write = self.write(text, *file, SCRATCH);
                around(self.open(*file, *of, Access::Write, SCRATCH), ("", write))
            }
            Action::Read { file, of } => {
                around(self.open(*file, *of, Access::Read, SCRATCH), ("", read(SCRATCH)))
            }
            Action::Open { file, of, access } => one(self.open(*file, *of, *access, HAND)),
            Action::OpenFile(_, path, access) => open_file(path, *access),
            Action::WriteHeld { text, file, at } => self.write_held(text, *file, *at),
            Action::ReadHeld { size, at } => read_held(*size, *at),
            Action::ReadToEnd(_) => one(read(HAND)),
            Action::ProcOwner(of) => one(self.proc_owner(*of)),
            Action::Setns { of, file, nstype } => self.setns(*of, *file, *nstype),
            Action::Unshare(flags) => one(unshare(*flags)),
            Action::UnshareOrStop(flags) => one(unshare(*flags).or_stop()),
            Action::Clone(flags) => one(clone(Op::Clone, *flags)),
            Action::Clone3(flags) => one(clone3(Op::Clone, *flags)),
            Action::CloneAndKeep(flags) => one(Request::new(Op::Companion, 0).args(&[number(*flags)])),
            Action::Child(child) => one(child::child(*child)),
            Action::GetCredentials => state::calls(&state::Part::CREDENTIALS),
            Action::Setgroups(groups, via) => one(self.setgroups(groups, *via)),
            Action::Getgroups { size, room } => one(getgroups(*size, *room)),
            Action::CountGroups { size, first, step } => one(count_groups(*size, *first, *step)),
            Action::SetId(call, ids, via) => one(self.set_id(*call, ids, *via)),
            Action::Prctl(_, option, value) => {
                one(syscall(libc::SYS_prctl, &[number(*option), Arg::Value(*value)]))
            }
            Action::Chroot(_, path) => {
                one(syscall(libc::SYS_chroot, &[Arg::Payload(0)]).payload(&c_path(path)))
            }
            Action::OwnerUid => one(owner_uid()),
            Action::SendCredentials(ids) => one(send_credentials(*ids)),
            Action::ReceiveCredentials => one(receive_credentials()),
            Action::Syscall(call) => watching_director(match call.on_refusal {
                OnRefusal::GoOn => self.syscall(call),
                OnRefusal::Stop => self.syscall(call).or_stop(),
            }),
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

/// A path in the kernel's format.
pub fn c_path(path: &Path) -> Vec<u8> {
    let mut bytes = path.as_os_str().as_bytes().to_vec();
    bytes.push(0);
    bytes
}
