//! What a step could change beyond the processes of its own scenario, and which preparations keep it from doing so.
//!
//! A scenario is judged from its steps alone, before any process is forked. Each process has a `Standing`: which of its
//! namespaces, mounts and directories certainly belong to the scenario. Only a step that ends the scenario when the kernel
//! refuses it ([`Action::or_stop`]) makes something certain. A step that reaches something else is refused, and so is a
//! system call or a program that this module does not know.

mod calls;
mod held;
mod keys;
mod known;
mod mounts;
mod newer;
mod paths;
mod programs;
mod script;
mod standing;

#[cfg(test)]
mod tests;

use crate::action::{Action, Child, IdFile};
use crate::actors::{Actor, Namespace};
use crate::scenario::{Scenario, Step};
use crate::show;
use crate::start::Start;
use standing::{Certain, Held, MountNamespace, Root, Standing, Whose};
use std::fmt;

/// What a step could change beyond the processes of its scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The mounts of the host.
    Mounts,
    /// Files of the host, among them those in the working directory.
    Files,
    /// The names of the host.
    HostName,
    /// System V objects and message queues of the host.
    Ipc,
    /// Network devices of the host.
    Network,
    /// Sysctls of the host.
    Sysctl,
    /// Keys in keyrings that outlive the process.
    Keys,
    /// Processes that are not of the scenario.
    Processes,
    /// A map of the caller's own user namespace that may still be empty.
    Maps,
    /// A call or a program of which it is not known what it changes.
    Unknown,
}

impl Reach {
    /// What is changed, as the object of "would reach".
    pub fn object(self) -> &'static str {
        match self {
            Self::Mounts => "the host's mounts",
            Self::Files => "the host's files",
            Self::HostName => "the host's name",
            Self::Ipc => "the host's IPC objects",
            Self::Network => "the host's network devices",
            Self::Sysctl => "the host's sysctls",
            Self::Keys => "the user's keyrings",
            Self::Processes => "other processes",
            Self::Maps => "the maps of the caller's user namespace",
            Self::Unknown => "whatever it likes, as it is not known what it changes",
        }
    }

    /// What has to come before the step, by a step that ends the scenario when it is refused.
    pub fn preparation(self) -> &'static str {
        match self {
            Self::Mounts => {
                "UnshareOrStop(CLONE_NEWNS) and, by root of the host, mount(\"/\", MS_REC | MS_PRIVATE).or_stop()"
            }
            Self::Files => {
                "a tmpfs of its own, mounted at the path or made the working directory, by steps with .or_stop()"
            }
            Self::HostName => "UnshareOrStop(CLONE_NEWUTS)",
            Self::Ipc => "UnshareOrStop(CLONE_NEWIPC)",
            Self::Network => "UnshareOrStop(CLONE_NEWNET)",
            Self::Sysctl => "the namespace that the sysctl belongs to",
            Self::Keys => "a session keyring of its own by .or_stop(), or a user namespace",
            Self::Processes => "nothing: name an actor of the scenario",
            Self::Maps => "a user namespace of its own",
            Self::Unknown => "nothing: add it to harness_scenario::reach",
        }
    }
}

/// A step that could reach the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The index of the step.
    pub index: usize,
    /// The actor that takes it.
    pub actor: Actor,
    /// Its text in a trace.
    pub step: String,
    /// What it could reach.
    pub reach: Reach,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, actor, step, reach } = self;
        let (object, preparation) = (reach.object(), reach.preparation());
        write!(f, "step {}, {step}, of {actor} would reach {object}; prepare {preparation}", index + 1)
    }
}

/// Judges every step of a scenario. `start` has the maps of the caller's namespace: a map that is written can do nothing
/// if it is written again.
///
/// # Errors
/// The first step that could reach the host.
pub fn check(scenario: &Scenario, start: &Start) -> Result<(), Exposed> {
    let mut stage = Stage::new(start);
    for (index, Step { actor, action }) in scenario.steps.iter().enumerate() {
        stage.take(*actor, action).map_err(|reach| {
            let step = show::action(*actor, action);
            Exposed { index, actor: *actor, step, reach }
        })?;
    }
    Ok(())
}

/// The processes of a scenario at one of its steps.
struct Stage<'a> {
    start: &'a Start,
    actors: Vec<(Actor, Standing)>,
    /// The first is that of the host.
    mounts: Vec<MountNamespace>,
}

impl<'a> Stage<'a> {
    fn new(start: &'a Start) -> Self {
        Self { start, actors: Vec::new(), mounts: vec![MountNamespace::hosts()] }
    }

    /// The standing of an actor; one that was not forked yet stands as the caller does.
    fn of(&mut self, actor: Actor) -> &mut Standing {
        let at = self.actors.iter().position(|(other, _)| *other == actor).unwrap_or_else(|| {
            self.actors.push((actor, Standing::callers()));
            self.actors.len() - 1
        });
        &mut self.actors[at].1
    }

    fn find(&self, actor: Actor) -> Option<&Standing> {
        self.actors.iter().find(|(other, _)| *other == actor).map(|(_, standing)| standing)
    }

    fn take(&mut self, actor: Actor, action: &Action) -> Result<(), Reach> {
        match action {
            Action::Fork | Action::ForkCloned => self.fork(actor),
            Action::Write { file, of, .. } => self.write_map(*file, self.owner_of(actor, *of))?,
            Action::Open { file, of, .. } => {
                self.of(actor).held = Held::Map(*file, self.owner_of(actor, *of))
            }
            Action::OpenFile(_, path, access) => self.open_file(actor, path, *access)?,
            Action::WriteHeld { .. } => {
                self.write_held(&self.find(actor).map_or(Held::Nothing, |it| it.held.clone()))?
            }
            Action::PassFd(to) => self.of(*to).held = self.of(actor).held.clone(),
            Action::Socketpair(with) => {
                self.of(actor).held = Held::Socket;
                self.of(*with).held = Held::Socket;
            }
            Action::Unshare(flags) | Action::Child(Child::GoesOn(flags)) => {
                self.unshare(actor, *flags, Certain::No);
            }
            Action::Child(Child::GoesOnByClone3(flags)) => {
                self.unshare(actor, i32::try_from(*flags).unwrap_or(0), Certain::No);
            }
            Action::UnshareOrStop(flags) => self.unshare(actor, *flags, Certain::Yes),
            Action::Child(Child::Zombie | Child::Gone) => self.of(actor).held = Held::Process,
            Action::Setns { of, file, .. } => self.join(actor, *of, file.clone_flag()),
            Action::Chroot(_, path) if path.as_os_str() == "/" => {}
            Action::Chroot(..) => self.of(actor).root = Root::Changed,
            Action::Run(words) => self.run(actor, words)?,
            Action::Syscall(call) => self.call(actor, call)?,
            Action::Child(Child::NotWaitedFor(_))
            | Action::Read { .. }
            | Action::ReadToEnd(_)
            | Action::ReadHeld { .. }
            | Action::Setgroups(..)
            | Action::Getgroups { .. }
            | Action::CountGroups { .. }
            | Action::GetCredentials
            | Action::SetId(..)
            | Action::Clone(_)
            | Action::Clone3(_)
            | Action::CloneAndKeep(_)
            | Action::Capset(_)
            | Action::Prctl(..)
            | Action::SendCredentials(_)
            | Action::ReceiveCredentials
            | Action::Exit(_)
            | Action::OwnerUid
            | Action::ProcOwner(_) => {}
        }
        Ok(())
    }

    /// An actor inherits the standing of the actor that forks it. That it has its new namespace is certain, since the
    /// director ends the scenario otherwise.
    fn fork(&mut self, actor: Actor) {
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let mut standing = parent.map_or_else(Standing::callers, Standing::clone);
        if actor.namespace() == Namespace::New {
            standing.userns = Whose::Own;
        }
        self.actors.retain(|(other, _)| *other != actor);
        self.actors.push((actor, standing));
    }

    /// Whose user namespace a file of /proc/PID describes.
    fn owner_of(&self, actor: Actor, of: Option<Actor>) -> Whose {
        let owner = self.find(actor.file_owner(of)).or_else(|| self.find(actor));
        owner.map_or(Whose::Hosts, |standing| standing.userns)
    }

    /// A map is written once, and setgroups cannot become "deny" once gid_map is written.
    ///
    /// Source: user_namespaces(7); kernel map_write(), proc_setgroups_write().
    fn write_map(&self, file: IdFile, whose: Whose) -> Result<(), Reach> {
        let [uids, gids, _] = &self.start.caller.files;
        let written = match file {
            IdFile::UidMap => !uids.trim().is_empty(),
            IdFile::GidMap | IdFile::Setgroups => !gids.trim().is_empty(),
            IdFile::ProjidMap => self.start.in_initial_userns,
        };
        if whose == Whose::Own || written { Ok(()) } else { Err(Reach::Maps) }
    }
}
