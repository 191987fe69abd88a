//! Plays a scenario on this kernel: brings the actors into being, has them take their steps in
//! order, and gathers what came of it.
//!
//! Steps of one actor in a row travel as one message, so that most scenarios need a single exchange.

mod bench;
mod end;
mod fork;
mod queue;
mod race;
mod states;

pub use bench::Bench;
pub use fork::{ask, spawn};
pub use race::{Heat, Round, Span};

use crate::action::{Action, CapChange};
use crate::actors::{Actor, Namespace, RunAs};
use crate::caller::Caller;
use crate::error::Error;
use crate::ids::Names;
use crate::lower::{Context, number, syscall};
use crate::outcome::Outcome;
use crate::player::Player;
use crate::scenario::{Scenario, Step};
use crate::state::{Kept, State};
use crate::trace::Trace;
use crate::wire::{Arg, HAND, Op, Request};
use crate::{decode, here, lower, program, reproducer};
use nix::errno::Errno;
use nix::unistd::Pid;
use queue::{Queue, What};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Duration;

/// How long an actor may take to answer, unless a scenario is played within another limit.
pub const LIMIT: Duration = Duration::from_secs(10);
impl Scenario {
    /// Plays the scenario.
    ///
    /// # Panics
    /// If the harness fails, see [`Error`]; what the kernel refuses is in the trace.
    #[track_caller]
    pub fn play(&self) -> Trace {
        match self.try_play() {
            Ok(trace) => {
                crate::verdict::played(&trace);
                trace
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Plays the scenario.
    ///
    /// # Errors
    /// If the harness fails; what the kernel refuses is in the trace.
    pub fn try_play(&self) -> Result<Trace, Error> {
        self.try_play_within(LIMIT)
    }

    /// Plays the scenario, giving actors and programs so long for each answer.
    ///
    /// # Errors
    /// If the harness fails; what the kernel refuses is in the trace.
    pub fn try_play_within(&self, limit: Duration) -> Result<Trace, Error> {
        let mut director = Director::new(self, limit)?;
        let mut queue = Queue::new();
        for (index, step) in self.steps.iter().enumerate() {
            director.take(index, step, &mut queue)?;
        }
        let states = director.states(&mut queue)?;
        director.farewell()?;
        let trace =
            Trace { scenario: self.clone(), outcomes: director.outcomes, states, names: director.names };
        reproducer::record(&trace);
        Ok(trace)
    }
}

/// Whether the arguments of an action may be process ids.
fn names_pids(action: &Action) -> bool {
    matches!(action, Action::Raw(..) | Action::Compat(..) | Action::Hold(..) | Action::Ask(..))
}

/// The directory /proc of this process, open for good.
fn proc() -> Result<&'static OwnedFd, Error> {
    static PROC: OnceLock<Result<OwnedFd, Errno>> = OnceLock::new();
    let opened = PROC.get_or_init(|| {
        use nix::fcntl::{OFlag, open};
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open("/proc", flags, nix::sys::stat::Mode::empty())
    });
    opened.as_ref().map_err(|errno| Error::NoProc(*errno))
}

struct Director<'a> {
    scenario: &'a Scenario,
    names: Names,
    caller: &'static Caller,
    limit: Duration,
    players: Vec<Player>,
    /// Those that have ended and were not reaped.
    zombies: Vec<Player>,
    /// For each player, whether its groups are still those of the caller.
    kept: Vec<Kept>,
    outcomes: Vec<Outcome>,
    states: Vec<(Actor, State)>,
}

impl<'a> Director<'a> {
    fn new(scenario: &'a Scenario, limit: Duration) -> Result<Self, Error> {
        let start = here::start();
        let names = start.names(&scenario.cast);
        let (players, zombies, kept) = (Vec::new(), Vec::new(), Vec::new());
        let (outcomes, states) = (Vec::new(), Vec::new());
        Ok(Self { scenario, names, caller: &start.caller, limit, players, zombies, kept, outcomes, states })
    }

    fn find(&self, actor: Actor) -> Option<usize> {
        self.players.iter().position(|player| player.actor == actor)
    }

    fn player(&self, actor: Actor) -> Result<usize, Error> {
        self.find(actor).ok_or_else(|| Error::Senseless(format!("{actor} has not begun, or has ended")))
    }

    fn take(&mut self, index: usize, step: &Step, queue: &mut Queue) -> Result<(), Error> {
        if matches!(step.action, Action::Begin | Action::BeginCloned) {
            self.flush(queue)?;
            self.players.iter_mut().try_for_each(Player::be_born)?;
            self.outcomes.push(Outcome::Done);
            return self.begin(step, queue);
        }
        let player = self.player(step.actor)?;
        // A step may name other actors by their process ids, and a raw call its own.
        let named = |(index, _): &(usize, &mut Player)| *index != player || names_pids(&step.action);
        self.players.iter_mut().enumerate().filter(named).try_for_each(|(_, other)| other.be_born())?;
        let pid = |actor| {
            let mut all = self.players.iter().chain(&self.zombies);
            all.find(|player| player.actor == actor).and_then(Player::pid).map(Pid::as_raw)
        };
        let context = Context { actor: step.actor, own: self.names.own, pid: &pid };
        if let Some(calls) = context.lower(&step.action) {
            return self.enqueue(queue, player, What::Step(index), &calls);
        }
        self.flush(queue)?;
        let outcome = match &step.action {
            Action::Give(to) => self.give(player, *to)?,
            Action::Socketpair(with) => self.socketpair(player, *with)?,
            Action::Capset(change) => self.capset(player, change)?,
            Action::End(remains) => self.end(player, *remains)?,
            Action::Run(words) => program::run(&mut self.players[player], words, self.limit)?,
            other => return Err(Error::Senseless(format!("{other:?}"))),
        };
        self.outcomes.push(outcome);
        Ok(())
    }

    fn begin(&mut self, step: &Step, queue: &mut Queue) -> Result<(), Error> {
        let (actor, cloned) = (step.actor, step.action == Action::BeginCloned);
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let (player, kept) = match parent {
            Some(parent) => {
                let flags = if cloned { libc::CLONE_NEWUSER } else { 0 };
                (spawn(&mut self.players[parent], actor, flags, self.limit)?, self.kept[parent])
            }
            None => {
                let kept = match self.scenario.cast {
                    RunAs::Root | RunAs::OrdinaryInGroups(_) if actor != Actor::Privileged => Kept::No,
                    _ => Kept::TheCallers,
                };
                (Player::unborn(actor, proc()?.as_fd(), self.limit)?, kept)
            }
        };
        self.players.push(player);
        self.kept.push(kept);
        let index = self.players.len() - 1;
        if parent.is_none() && actor != Actor::Privileged {
            let calls = self.credential_calls();
            self.enqueue(queue, index, What::SetUp, &calls)?;
        }
        if actor.namespace() == Namespace::New && !cloned {
            let unshare = syscall(libc::SYS_unshare, &[number(libc::CLONE_NEWUSER)]).or_stop();
            self.enqueue(queue, index, What::Namespace, &[("unshare", unshare)])?;
        }
        Ok(())
    }

    fn give(&mut self, from: usize, to: Actor) -> Result<Outcome, Error> {
        let send = Request::new(Op::Send, 0).args(&[Arg::Slot(HAND)]);
        self.pass(from, send, to)
    }

    fn socketpair(&mut self, from: usize, with: Actor) -> Result<Outcome, Error> {
        self.pass(from, Request::new(Op::Socketpair, 0).keep(HAND), with)
    }

    /// The descriptor that leaves an actor with the answer to a request is another's to hold.
    fn pass(&mut self, from: usize, request: Request, to: Actor) -> Result<Outcome, Error> {
        let to = self.player(to)?;
        let doing = |_| "pass a descriptor on".to_owned();
        let (_, fd) = ask(&mut self.players[from], &[request], None, &doing)?;
        let fd = fd.ok_or_else(|| Error::Senseless("a file is given that was not opened".to_owned()))?;
        let take = Request::new(Op::Take, 0).keep(HAND);
        ask(&mut self.players[to], &[take], Some(&fd), &doing)?;
        Ok(Outcome::Done)
    }

    fn capset(&mut self, player: usize, change: &CapChange) -> Result<Outcome, Error> {
        let doing = |_| "capset".to_owned();
        let (answers, _) = ask(&mut self.players[player], &[lower::state::capget()], None, &doing)?;
        let (answers, _) =
            ask(&mut self.players[player], &[decode::capset(&answers[0], change)], None, &doing)?;
        Ok(decode::of(&Action::Capset(change.clone()), &[""], &answers, self.names.own))
    }

    fn farewell(&mut self) -> Result<(), Error> {
        for player in &mut self.players {
            player.farewell(&|_| "its last step".to_owned())?;
        }
        Ok(())
    }
}
