//! A scenario step by step: the calls of the model that each action consists of.

use super::credentials::changed;
use super::world::{HeldFd, Life, Pids, Process};
use super::writing::Given;
use super::{Refusal, Reply, World, done};
use harness_scenario::action::{Access, Action, At, Child, IdFile, LONGEST_READ, Leaves, Text};
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::caps::Cap;
use harness_scenario::outcome::Outcome;
use harness_scenario::prediction::Expected;
use harness_scenario::scenario::Step;
use nix::errno::Errno::{EBADF, EINVAL};
use std::path::Path;

impl World {
    /// The prediction for the next step.
    pub fn expect(&mut self, step: &Step) -> Expected {
        if self.unmodelled {
            return Expected::default();
        }
        match self.reply(step) {
            Reply::Is(outcome, rule) => Expected { outcome: Some(outcome), rule: rule.map(|rule| rule.name) },
            Reply::Unknown => Expected::default(),
            Reply::Unmodelled => {
                self.unmodelled = true;
                Expected::default()
            }
        }
    }

    /// Whether the model can predict nothing more.
    pub fn is_unmodelled(&self) -> bool {
        self.unmodelled
    }

    pub(super) fn find(&self, actor: Actor) -> Option<usize> {
        self.processes.iter().position(|(other, _)| *other == actor)
    }

    fn reply(&mut self, step: &Step) -> Reply {
        if matches!(step.action, Action::Fork | Action::ForkCloned) {
            return self.begin(step.actor, &step.action);
        }
        let Some(index) = self.find(step.actor) else { return Reply::Unmodelled };
        if let Action::Exit(leaves) = step.action {
            return self.exit(index, leaves);
        }
        let mut process = self.processes[index].1.clone();
        let reply = self.take(step.actor, &mut process, &step.action);
        self.processes[index].1 = process;
        reply
    }

    /// A process ends, and its descriptors are closed. Other processes can still name a zombie.
    /// Source: exit(3), "a zombie"; proc(5).
    fn exit(&mut self, index: usize, leaves: Leaves) -> Reply {
        let parent = self.processes[index].0.parent().and_then(|parent| self.find(parent));
        // It may be the first process of a PID namespace, without which the others end.
        if parent.is_some_and(|parent| self.processes[parent].1.pids == Pids::Begun) {
            return Reply::Unmodelled;
        }
        let process = &mut self.processes[index].1;
        match leaves {
            Leaves::Nothing => drop(self.processes.remove(index)),
            // The actor is a child of the process that others would find.
            Leaves::Zombie if process.named.is_some() => return Reply::Unmodelled,
            Leaves::Zombie => (process.life, process.held) = (Life::Zombie, HeldFd::Empty),
        }
        done()
    }

    /// Source: fork(2), clone(2): credentials, open files and root directory are inherited.
    fn begin(&mut self, actor: Actor, action: &Action) -> Reply {
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let mut process = match parent {
            Some(parent) if self.processes[parent].1.pids == Pids::Ended => return Reply::Unmodelled,
            Some(parent) => {
                let parent = &mut self.processes[parent].1;
                parent.made_child(Life::Running);
                Process { shares: 0, named: None, pids: Pids::Own, ..parent.clone() }
            }
            None if actor == Actor::Privileged => self.origin.privileged.clone(),
            None => self.origin.outside.clone(),
        };
        if actor.namespace() == Namespace::New {
            let made = match action {
                Action::ForkCloned => self.create(&process.clone()).map(|cred| process.cred = cred),
                _ => self.unshare(&mut process, libc::CLONE_NEWUSER),
            };
            if made.is_err() {
                return Reply::Unmodelled;
            }
        }
        self.processes.push((actor, process));
        done()
    }

    /// A process reaches its own directory without naming a process. The directory of a missing process is modelled
    /// in the same way.
    fn named(&self, actor: Actor, of: Option<Actor>) -> Option<&Process> {
        let owner = actor.file_owner(of);
        let (_, process) = self.processes.iter().find(|(other, _)| *other == owner && owner != actor)?;
        Some(process.in_proc())
    }

    fn bytes(&self, text: &Text, file: IdFile) -> Vec<u8> {
        text.bytes(self.names.own.of(file))
    }

    /// An action of one process. `process` is put back afterwards.
    fn take(&mut self, actor: Actor, process: &mut Process, action: &Action) -> Reply {
        match action {
            Action::Write { file, of, text } => self.open_and_write(actor, process, (*file, *of), text),
            Action::Read { file, of } => self.open_and_read(actor, process, (*file, *of)),
            Action::Open { file, of, access } => {
                let target = self.named(actor, *of).unwrap_or(process);
                let opened = self.open(&process.cred, target, *file, *access);
                process.held = HeldFd::Empty;
                opened.map(|open| process.held = self.hold(open)).into()
            }
            Action::WriteHeld { text, file, at } => {
                self.write_held(process, &self.bytes(text, *file), text, *at)
            }
            Action::ReadToEnd(_) => self.read_held(process),
            Action::ReadHeld { size, at } => self.read_some(process, *size, *at),
            Action::PassFd(to) => self.give(process, *to),
            Action::Socketpair(with) => self.socketpair(process, *with),
            Action::SendCredentials(ids) => self.send(process, *ids),
            Action::ReceiveCredentials => self.receive(process),
            Action::ProcOwner(of) => self.proc_owner(actor, process, *of),
            Action::Setns { of, file, nstype } => {
                let target = self.named(actor, Some(*of)).cloned();
                // Which links of a zombie can be opened differs between kinds and releases.
                if target.as_ref().is_some_and(|other| other.life == Life::Zombie) {
                    return Reply::Unmodelled;
                }
                self.setns(process, target.as_ref(), *file, *nstype).into()
            }
            Action::Setgroups(groups, _) => self.setgroups(&mut process.cred, groups),
            Action::Getgroups { size, room } => self.getgroups(&process.cred, *size, *room),
            Action::CountGroups { size, first, step } => {
                self.count_groups(&process.cred, *size, *first, *step)
            }
            Action::GetCredentials => {
                Reply::Is(Outcome::Credentials(Box::new(self.look(&process.cred))), None)
            }
            Action::SetId(call, ids, via) => self.set_id(process, *call, ids, *via),
            Action::Unshare(flags) | Action::UnshareOrStop(flags) => self.unshare(process, *flags).into(),
            Action::Capset(change) => {
                let sets = changed(&process.cred.caps, change);
                self.namespaces.capset(&mut process.cred, sets).into()
            }
            Action::Prctl(_, option, value) => {
                self.prctl(process, *option, *value).map_or(Reply::Unmodelled, Reply::from)
            }
            Action::Chroot(_, path) => self.chroot(process, path),
            Action::Clone(flags) => self.wait_for_child(process, Some(*flags)),
            Action::Clone3(flags) => self.wait_for_child(process, i32::try_from(*flags).ok()),
            Action::Child(Child::GoesOn(flags)) => self.go_on(process, Some(*flags)),
            Action::Child(Child::GoesOnByClone3(flags)) => self.go_on(process, i32::try_from(*flags).ok()),
            Action::CloneAndKeep(flags) => {
                let made = self.clone_child(&process.clone(), *flags);
                made.map(|_| process.made_child(Life::Running)).map(|()| process.shares |= flags).into()
            }
            Action::Child(Child::Zombie | Child::Gone) if process.pids == Pids::Ended => Reply::Unmodelled,
            Action::Child(Child::Zombie | Child::Gone) => {
                process.made_child(Life::Zombie);
                Self::hold_unknown(process)
            }
            Action::Syscall(call) => self.syscall(process, call),
            Action::OpenFile(..) => Reply::Unknown,
            Action::OwnerUid if process.held == HeldFd::Unknown => Reply::Unknown,
            Action::OwnerUid
            | Action::Run(_)
            | Action::Child(Child::NotWaitedFor(_))
            | Action::Fork
            | Action::ForkCloned
            | Action::Exit(_) => Reply::Unmodelled,
        }
    }

    fn open_and_read(
        &mut self,
        actor: Actor,
        process: &Process,
        (file, of): (IdFile, Option<Actor>),
    ) -> Reply {
        let target = self.named(actor, of).unwrap_or(process);
        match self.open(&process.cred, target, file, Access::Read) {
            Ok(mut open) => self.read(&mut open, LONGEST_READ),
            Err(refusal) => Refusal { call: "open", ..refusal }.into(),
        }
    }

    /// Source: statx(2); proc(5), "/proc/PID".
    fn proc_owner(&self, actor: Actor, process: &Process, of: Actor) -> Reply {
        let (uid, gid) = self.owner(self.named(actor, Some(of)).unwrap_or(process));
        let ns = process.cred.ns;
        let ids = vec![self.shown(ns, IdFile::UidMap, uid), self.shown(ns, IdFile::GidMap, gid)];
        Reply::Is(Outcome::Ids(ids), None)
    }

    fn chroot(&self, process: &mut Process, path: &Path) -> Reply {
        if !self.namespaces.capable(&process.cred, process.cred.ns, Cap::SysChroot) {
            return Reply::Unknown;
        }
        // A process that has left its root does not come back by a path, which begins at the new one.
        process.chrooted |= path.as_os_str() != "/";
        if path.is_absolute() { Reply::Unknown } else { Reply::Unmodelled }
    }

    /// A child that exits at once; no flags are flags that the model does not know.
    fn wait_for_child(&mut self, process: &mut Process, flags: Option<i32>) -> Reply {
        let Some(flags) = flags else { return Reply::Unmodelled };
        self.clone_child(process, flags).map(|_| process.made_child(Life::Zombie)).into()
    }

    /// The child continues as the actor. Other processes reach the parent by the actor's process id.
    fn go_on(&mut self, process: &mut Process, flags: Option<i32>) -> Reply {
        let Some(flags) = flags else { return Reply::Unmodelled };
        let parent = process.clone();
        let made = self.clone_child(&parent, flags);
        made.map(|child| *process = Process { named: Some(Box::new(parent)), ..child }).into()
    }

    fn open_and_write(
        &mut self,
        actor: Actor,
        process: &Process,
        (file, of): (IdFile, Option<Actor>),
        text: &Text,
    ) -> Reply {
        let bytes = self.bytes(text, file);
        let target = self.named(actor, of).unwrap_or(process);
        match self.open(&process.cred, target, file, Access::Write) {
            Err(refusal) => Refusal { call: "open", ..refusal }.into(),
            Ok(mut open) => self.write(&process.cred, &mut open, &Given::of(text, &bytes)).into(),
        }
    }

    fn write_held(&mut self, process: &Process, bytes: &[u8], text: &Text, at: At) -> Reply {
        let number = match process.held {
            HeldFd::File(number) => number,
            HeldFd::Empty => {
                let call = if matches!(at, At::Seek(_)) { "lseek" } else { "" };
                // pwrite(2) checks the offset before the file descriptor.
                let errno = if matches!(at, At::Offset(..0)) { EINVAL } else { EBADF };
                return Refusal { call, ..Refusal::without_rule(errno) }.into();
            }
            HeldFd::Socket(..) | HeldFd::Unknown => return Reply::Unmodelled,
        };
        let mut file = self.files[number].clone();
        let written = match self.seek(&mut file, at) {
            // The write still follows, at the old position. The outcome names the call that failed.
            Err(refusal) if refusal.call == "lseek" => {
                let _ = self.write(&process.cred, &mut file, &Given::of(text, bytes));
                Err(refusal)
            }
            Err(refusal) => Err(refusal),
            Ok(()) => self.write(&process.cred, &mut file, &Given::of(text, bytes)),
        };
        self.files[number] = file;
        written.into()
    }

    fn read_held(&mut self, process: &Process) -> Reply {
        let HeldFd::File(number) = process.held else { return Reply::Unknown };
        let mut file = self.files[number].clone();
        let reply = self.read(&mut file, LONGEST_READ);
        self.files[number] = file;
        reply
    }

    fn read_some(&mut self, process: &Process, size: u64, at: At) -> Reply {
        let HeldFd::File(number) = process.held else { return Reply::Unknown };
        let mut file = self.files[number].clone();
        let reply = self.read_at(&mut file, size, at);
        self.files[number] = file;
        reply
    }

    /// From now on, both processes hold the same open file.
    fn give(&mut self, process: &Process, to: Actor) -> Reply {
        match self.find(to) {
            Some(to) if process.held != HeldFd::Empty => {
                self.processes[to].1.held = process.held;
                done()
            }
            _ => Reply::Unmodelled,
        }
    }
}
