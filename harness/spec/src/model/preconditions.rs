//! The preconditions of steps: excludes steps that the director would refuse, that would wait forever, or that have
//! no answer.

use super::World;
use super::world::{HeldFd, Pids, Process};
use harness_scenario::action::{Action, Child, Leaves};
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::scenario::Step;

/// How many datagrams a socket queues before it refuses the next one.
/// Source: unix(7), /proc/sys/net/unix/max_dgram_qlen.
const WAITING: usize = 10;

impl World {
    /// Whether a step can be played here and something be said of it. That an actor begins but once, and has one
    /// child that stays at most, is decided by the caller, which knows the steps before.
    pub fn can_take(&self, Step { actor, action }: &Step) -> bool {
        match (action, self.find(*actor)) {
            (Action::Fork | Action::ForkCloned, _) => self.can_begin(*actor, action),
            (_, Some(index)) => self.can_do(*actor, &self.processes[index].1, action),
            (_, None) => false,
        }
    }

    /// A child that acts in its parent's place cannot pass children of its own to the director.
    fn can_begin(&self, actor: Actor, action: &Action) -> bool {
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let parent = parent.map(|parent| &self.processes[parent].1);
        match action {
            Action::ForkCloned => {
                actor.namespace() == Namespace::New && parent.is_some_and(|parent| parent.named.is_none())
            }
            // No process follows the first one of a PID namespace that has ended.
            _ => parent.is_none_or(|parent| parent.named.is_none() && parent.pids != Pids::Ended),
        }
    }

    fn can_do(&self, actor: Actor, process: &Process, action: &Action) -> bool {
        let there = |other: &Actor| *other != actor && self.find(*other).is_some();
        match action {
            Action::PassFd(to) => there(to) && !matches!(process.held, HeldFd::Empty | HeldFd::Unknown),
            Action::Socketpair(with) => there(with),
            Action::WriteHeld { .. } => matches!(process.held, HeldFd::File(_) | HeldFd::Empty),
            Action::ReadToEnd(_) | Action::ReadHeld { .. } => matches!(process.held, HeldFd::File(_)),
            Action::SendCredentials(_) => match process.held {
                HeldFd::Socket(pair, end) => {
                    let other = HeldFd::Socket(pair, 1 - end);
                    let held = self.processes.iter().any(|(_, process)| process.held == other);
                    held && self.sockets[pair][1 - end].waiting.len() < WAITING
                }
                _ => false,
            },
            Action::ReceiveCredentials => match process.held {
                HeldFd::Socket(pair, end) => !self.sockets[pair][end].waiting.is_empty(),
                _ => false,
            },
            Action::Syscall(call) if call.number == libc::SYS_setsockopt => {
                matches!(process.held, HeldFd::Socket(..))
            }
            // If the parent waits beside the child, the other processes do not know the child's process id.
            Action::Child(Child::GoesOn(_) | Child::GoesOnByClone3(_)) => process.named.is_none(),
            Action::Exit(leaves) => *leaves == Leaves::Nothing,
            Action::Fork
            | Action::ForkCloned
            | Action::Write { .. }
            | Action::Open { .. }
            | Action::Read { .. }
            | Action::Setgroups(..)
            | Action::Getgroups { .. }
            | Action::CountGroups { .. }
            | Action::GetCredentials
            | Action::SetId(..)
            | Action::Unshare(_)
            | Action::UnshareOrStop(_)
            | Action::Clone(_)
            | Action::Clone3(_)
            | Action::CloneAndKeep(_)
            | Action::Child(Child::NotWaitedFor(_) | Child::Zombie | Child::Gone)
            | Action::Setns { .. }
            | Action::Capset(_)
            | Action::Prctl(..)
            | Action::Chroot(..)
            | Action::OpenFile(..)
            | Action::Run(_)
            | Action::Syscall(_)
            | Action::OwnerUid
            | Action::ProcOwner(_) => true,
        }
    }
}
