//! Plays a scenario on this kernel: forks the actors, makes them take their steps in order, and collects the
//! outcomes.
//!
//! Consecutive steps of one actor travel as one message, so most scenarios need a single exchange.

mod both_ways;
mod credentials;
mod end;
mod order;
mod program;
mod queue;
mod states;
mod turn;

use credentials::credential_calls;
pub(crate) use queue::Queue;
pub(crate) use turn::Turn;
pub use turn::{Actors, UnknownActors, choose_actors};

use crate::error::Error;
use crate::host::ProcState;
use crate::lower::{Context, Directed, Lowered, number, syscall};
use crate::observer::Rehearsed;
use crate::process::{self, ActorProcess, Memory, ask, spawn};
use crate::wire::{Arg, HAND, Op, Request};
use crate::{decode, here, lower, observer};
use harness_scenario::action::{Action, CapChange};
use harness_scenario::actors::{Actor, Namespace, RunAs};
use harness_scenario::caller::Caller;
use harness_scenario::ids::Names;
use harness_scenario::outcome::{Outcome, Status};
use harness_scenario::reach;
use harness_scenario::scenario::{Scenario, Step};
use harness_scenario::state::{GroupsOrigin, State};
use harness_scenario::trace::Trace;
use nix::errno::Errno;
use nix::unistd::Pid;
use queue::What;
use std::borrow::Cow;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Duration;

/// The time limit for an actor's answer, unless the caller sets another limit.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Playing: what a scenario can have done with it on this kernel.
pub trait Play {
    /// Plays the scenario within [`LIMIT`].
    ///
    /// # Panics
    /// If the harness fails, see [`Error`]. Refusals of the kernel are in the trace.
    #[track_caller]
    fn play(&self) -> Trace {
        self.try_play().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Plays the scenario within [`LIMIT`].
    ///
    /// # Errors
    /// If the harness fails. Refusals of the kernel are in the trace.
    fn try_play(&self) -> Result<Trace, Error> {
        self.try_play_within(LIMIT)
    }

    /// Plays the scenario with this time limit for each answer of an actor or a program.
    ///
    /// # Errors
    /// If the harness fails. Refusals of the kernel are in the trace.
    fn try_play_within(&self, limit: Duration) -> Result<Trace, Error>;
}

impl Play for Scenario {
    /// A scenario with a step that could reach the host is not begun: see [`reach`].
    fn try_play_within(&self, limit: Duration) -> Result<Trace, Error> {
        let judged = judge(self);
        let rehearsed = observer::stand_in(self, judged.as_ref().err());
        if let Some(Rehearsed::Answered(trace)) = rehearsed {
            return Ok(*trace);
        }
        judged?;
        let trace = match turn::actors() {
            Actors::Cheap => play(self, Turn::cheapest(self), limit)?,
            Actors::Forked => play(self, Turn::forked(), limit)?,
            Actors::Both => both_ways::play(self, limit)?,
        };
        if rehearsed.is_none() {
            observer::played(&trace);
        }
        Ok(trace)
    }
}

/// Plays a scenario with processes of one kind.
fn play(scenario: &Scenario, turn: Turn, limit: Duration) -> Result<Trace, Error> {
    let mut director = Director::new(scenario, &turn, limit)?;
    let mut queue = Queue::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        director.take(index, step, &mut queue)?;
    }
    let states = director.states(&mut queue)?;
    director.wait_exit()?;
    Ok(director.trace(scenario.clone(), states))
}

/// Refuses a scenario with a step that could reach the host, and one with a process that the director would take for
/// another one, before any process is forked. Where /proc is that of another PID namespace each file of an actor is one of
/// another process, or none.
pub(crate) fn judge(scenario: &Scenario) -> Result<(), Error> {
    static PROC: OnceLock<ProcState> = OnceLock::new();
    if let state @ ProcState::OfOthers { .. } = PROC.get_or_init(ProcState::gather) {
        return Err(Error::ForeignProc(state.clone()));
    }
    order::check(scenario).map_err(Error::InvalidScenario)?;
    reach::check(scenario, here::start()).map_err(|exposed| Error::InvalidScenario(exposed.to_string()))
}

/// Plays a scenario whose last step is a program that the caller of the harness has chosen, and answers for. The program
/// is not run if the kernel refuses a step before it. The trace then ends with the steps before the program.
///
/// # Errors
/// If the harness fails.
pub fn play_program(scenario: &Scenario, limit: Duration) -> Result<Trace, Error> {
    let turn = Turn::forked();
    let mut director = Director::new(scenario, &turn, limit)?;
    let mut queue = Queue::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        if matches!(step.action, Action::Run(_)) {
            director.flush(&mut queue)?;
            let refused = |outcome: &Outcome| match outcome {
                // A program before the last one prepares what the last one needs.
                Outcome::Program(ended) => ended.status != Status::Exited(0),
                outcome => matches!(outcome, Outcome::Failed { .. } | Outcome::Short { .. }),
            };
            if director.outcomes.iter().any(refused) {
                break;
            }
        }
        director.take(index, step, &mut queue)?;
    }
    let states = director.states(&mut queue)?;
    director.wait_exit()?;
    let played = Scenario {
        run_as: scenario.run_as.clone(),
        steps: scenario.steps[..director.outcomes.len()].to_vec(),
    };
    let trace = director.trace(played, states);
    observer::played(&trace);
    Ok(trace)
}

/// The word that stands for the process id of an actor in the words of a program.
pub(crate) fn pid_word(actor: Actor) -> String {
    format!("{{pid of {actor}}}")
}

/// Whether the arguments of an action may be process ids.
fn names_pids(action: &Action) -> bool {
    matches!(action, Action::Syscall(_))
}

/// Whether an argument points to memory of the director, of which an actor needs a copy as it is now: seccomp(2) takes the
/// address of a filter in a structure.
fn points_to_own_memory(scenario: &Scenario) -> bool {
    let filters =
        |step: &Step| matches!(&step.action, Action::Syscall(call) if call.number == libc::SYS_seccomp);
    scenario.steps.iter().any(filters)
}

/// The directory /proc of this process. It stays open.
fn proc() -> Result<&'static OwnedFd, Error> {
    static PROC: OnceLock<Result<OwnedFd, Errno>> = OnceLock::new();
    let opened = PROC.get_or_init(|| {
        use nix::fcntl::{OFlag, open};
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open("/proc", flags, nix::sys::stat::Mode::empty())
    });
    opened.as_ref().map_err(|errno| Error::NoProc(*errno))
}

/// A scenario that is being played.
pub(crate) struct Director<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) names: Names,
    caller: &'static Caller,
    pub(crate) limit: Duration,
    turn: &'a Turn,
    pub(crate) processes: Vec<ActorProcess>,
    /// The actors that have ended and were not reaped.
    zombies: Vec<ActorProcess>,
    /// For each process, whether its groups are still those of the caller.
    pub(crate) kept: Vec<GroupsOrigin>,
    pub(crate) outcomes: Vec<Outcome>,
    states: Vec<(Actor, State)>,
}

impl<'a> Director<'a> {
    /// The trace of what was played, with the outcomes until now.
    fn trace(&mut self, scenario: Scenario, states: Vec<(Actor, State)>) -> Trace {
        Trace { scenario, outcomes: std::mem::take(&mut self.outcomes), states, names: self.names }
    }

    pub(crate) fn new(scenario: &'a Scenario, turn: &'a Turn, limit: Duration) -> Result<Self, Error> {
        let start = here::start();
        let names = start.names(&scenario.run_as);
        let (processes, zombies, kept) = (Vec::new(), Vec::new(), Vec::new());
        let (outcomes, states) = (Vec::new(), Vec::new());
        let caller = &start.caller;
        Ok(Self { scenario, names, caller, limit, turn, processes, zombies, kept, outcomes, states })
    }

    pub(crate) fn find(&self, actor: Actor) -> Option<usize> {
        self.processes.iter().position(|process| process.actor == actor)
    }

    fn pid_of(&self, actor: Actor) -> Option<i32> {
        let mut all = self.processes.iter().chain(&self.zombies);
        all.find(|process| process.actor == actor).and_then(ActorProcess::pid).map(Pid::as_raw)
    }

    /// A word of a program, with the process id that it stands for.
    fn with_pid(&self, word: &str) -> Cow<'static, str> {
        let named =
            word.starts_with("{pid of ").then(|| Actor::ALL.iter().find(|actor| pid_word(**actor) == word));
        let pid = named.flatten().and_then(|actor| self.pid_of(*actor));
        Cow::Owned(pid.map_or_else(|| word.to_owned(), |pid| pid.to_string()))
    }

    fn process(&self, actor: Actor) -> Result<usize, Error> {
        self.find(actor).ok_or_else(|| Error::InvalidScenario(format!("{actor} has not begun, or has ended")))
    }

    pub(crate) fn take(&mut self, index: usize, step: &Step, queue: &mut Queue) -> Result<(), Error> {
        if matches!(step.action, Action::Fork | Action::ForkCloned) {
            self.flush(queue)?;
            self.processes.iter_mut().try_for_each(ActorProcess::ensure_forked)?;
            self.outcomes.push(Outcome::Done);
            return self.begin(step, queue);
        }
        let process = self.process(step.actor)?;
        // A step may name other actors by their process ids, and a raw call may name the actor's own.
        let named = |(index, _): &(usize, &mut ActorProcess)| *index != process || names_pids(&step.action);
        self.processes
            .iter_mut()
            .enumerate()
            .filter(named)
            .try_for_each(|(_, other)| other.ensure_forked())?;
        let pid = |actor| self.pid_of(actor);
        let context = Context { actor: step.actor, own: self.names.own, pid: &pid };
        let directed = match context.lower(&step.action) {
            Lowered::Calls(calls) => return self.enqueue(queue, process, What::Step(index), &calls),
            Lowered::Directed(directed) => directed,
        };
        self.flush(queue)?;
        let outcome = match directed {
            Directed::Fork => Outcome::Done,
            Directed::PassFd(to) => self.give(process, to)?,
            Directed::Socketpair(with) => self.socketpair(process, with)?,
            Directed::Capset(change) => self.capset(process, change)?,
            Directed::Exit(leaves) => self.end(process, leaves)?,
            Directed::Run(words) => {
                let words: Vec<_> = words.iter().map(|word| self.with_pid(word)).collect();
                program::run(&mut self.processes[process], &words, self.limit)?
            }
        };
        self.outcomes.push(outcome);
        Ok(())
    }

    fn begin(&mut self, step: &Step, queue: &mut Queue) -> Result<(), Error> {
        let (actor, cloned) = (step.actor, step.action == Action::ForkCloned);
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let (process, kept) = match parent {
            Some(parent) => {
                let flags = if cloned { libc::CLONE_NEWUSER } else { 0 };
                let memory = self.turn.memory(actor);
                (spawn(&mut self.processes[parent], actor, (flags, memory), self.limit)?, self.kept[parent])
            }
            None => {
                let kept = match self.scenario.run_as {
                    RunAs::Root | RunAs::OrdinaryInGroups(_) if actor != Actor::Privileged => {
                        GroupsOrigin::Scenario
                    }
                    _ => GroupsOrigin::Caller,
                };
                let memory = self.turn.memory(actor);
                (self.first_level(actor, memory)?, kept)
            }
        };
        self.processes.push(process);
        self.kept.push(kept);
        let index = self.processes.len() - 1;
        if parent.is_none() && actor != Actor::Privileged {
            let calls = credential_calls(self.scenario, self.caller);
            self.enqueue(queue, index, What::SetUp, &calls)?;
        }
        if actor.namespace() == Namespace::New && !cloned {
            let unshare = syscall(libc::SYS_unshare, &[number(libc::CLONE_NEWUSER)]).or_stop();
            self.enqueue(queue, index, What::Namespace, &[("unshare", unshare)])?;
        }
        Ok(())
    }

    /// An actor that is no child of another one.
    fn first_level(&self, actor: Actor, memory: Memory) -> Result<ActorProcess, Error> {
        let proc = proc()?.as_fd();
        let elsewhere = memory == Memory::Own && !points_to_own_memory(self.scenario);
        let forked = elsewhere.then(|| process::fork(actor, proc, self.limit)).flatten();
        Ok(forked.unwrap_or_else(|| ActorProcess::to_be_forked(actor, proc, memory, self.limit)))
    }

    fn give(&mut self, from: usize, to: Actor) -> Result<Outcome, Error> {
        let send = Request::new(Op::Send, 0).args(&[Arg::Slot(HAND)]);
        self.pass(from, send, to)
    }

    fn socketpair(&mut self, from: usize, with: Actor) -> Result<Outcome, Error> {
        self.pass(from, Request::new(Op::Socketpair, 0).keep(HAND), with)
    }

    /// Passes the file descriptor that an actor sends with its answer to another actor, which holds it.
    fn pass(&mut self, from: usize, request: Request, to: Actor) -> Result<Outcome, Error> {
        let to = self.process(to)?;
        let doing = |_| "pass a descriptor on".to_owned();
        let (_, fd) = ask(&mut self.processes[from], &[request], None, &doing)?;
        let fd =
            fd.ok_or_else(|| Error::InvalidScenario("a file is given that was not opened".to_owned()))?;
        let take = Request::new(Op::Take, 0).keep(HAND);
        ask(&mut self.processes[to], &[take], Some(&fd), &doing)?;
        Ok(Outcome::Done)
    }

    fn capset(&mut self, process: usize, change: &CapChange) -> Result<Outcome, Error> {
        let doing = |_| "capset".to_owned();
        let (answers, _) = ask(&mut self.processes[process], &[lower::state::capget()], None, &doing)?;
        let (answers, _) =
            ask(&mut self.processes[process], &[decode::capset(&answers[0], change)], None, &doing)?;
        Ok(decode::of(&Action::Capset(change.clone()), &[""], &answers, self.names.own))
    }

    pub(crate) fn wait_exit(&mut self) -> Result<(), Error> {
        for process in &mut self.processes {
            process.wait_exit(&|_| "its last step".to_owned())?;
        }
        Ok(())
    }
}
