//! The kinds of actions, counted.

use harness_play::prelude::*;

/// How many kinds of action there are.
pub const KINDS: usize = 39;

/// The number of an action's kind: a new kind does not compile until it is added here, and told above.
pub fn kind(action: &Action) -> usize {
    match action {
        Action::Fork => 0,
        Action::ForkCloned => 1,
        Action::Write { .. } => 2,
        Action::Open { .. } => 3,
        Action::PassFd(_) => 4,
        Action::WriteHeld { .. } => 5,
        Action::Read { .. } => 6,
        Action::ReadToEnd(_) => 7,
        Action::Setgroups(..) => 8,
        Action::Getgroups { .. } => 9,
        Action::CountGroups { .. } => 10,
        Action::GetCredentials => 11,
        Action::Syscall(Syscall { on_refusal: OnRefusal::Stop, .. }) => 38,
        Action::Syscall(Syscall { entry: Entry::I386, .. }) => 12,
        Action::SetId(..) => 13,
        Action::Unshare(_) => 14,
        Action::UnshareOrStop(_) => 15,
        Action::Clone(_) => 16,
        Action::Setns { .. } => 17,
        Action::Capset(_) => 18,
        Action::Prctl(..) => 19,
        Action::Chroot(..) => 20,
        Action::ReadHeld { .. } => 21,
        Action::OpenFile(..) => 22,
        Action::Run(_) => 23,
        Action::Syscall(Syscall { results: Results::Nothing, .. }) => 24,
        Action::Syscall(Syscall { results: Results::Fd, .. }) => 25,
        Action::Syscall(_) => 26,
        Action::Socketpair(_) => 27,
        Action::SendCredentials(_) => 28,
        Action::ReceiveCredentials => 29,
        Action::Clone3(_) => 30,
        Action::CloneAndKeep(_) => 31,
        Action::Exit(_) => 32,
        Action::Child(Child::GoesOn(_) | Child::GoesOnByClone3(_)) => 33,
        Action::Child(Child::NotWaitedFor(_)) => 34,
        Action::Child(Child::Zombie | Child::Gone) => 35,
        Action::OwnerUid => 36,
        Action::ProcOwner(_) => 37,
    }
}
