//! Plays a scenario on this kernel: brings the actors into being, has them take their steps in
//! order, and gathers what came of it.
//!
//! Steps of one actor in a row travel as one message, so that most scenarios need a single exchange.

use crate::action::{Action, CapChange};
use crate::caller::{self, Caller};
use crate::error::Error;
use crate::host::CapSets;
use crate::lower::{Call, Context, Own, number, syscall};
use crate::player::{Doing, Player, next_number, sockets};
use crate::program;
use crate::scenario::{Actor, Cast, Namespace, ORDINARY, Scenario, Step};
use crate::state::{self, Before, Kept, State};
use crate::trace::{Outcome, Trace};
use crate::wire::{Answer, Arg, HAND, Op, Request};
use crate::{outcome, show};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Duration;

/// How long an actor may take to answer, unless a scenario is played within another limit.
pub const LIMIT: Duration = Duration::from_secs(10);
/// The slot in which a descriptor rests between its arrival and a fork.
const PASSING: u64 = 5;

impl Scenario {
    /// Plays the scenario.
    ///
    /// # Panics
    /// If the harness fails, see [`Error`]; what the kernel refuses is in the trace.
    #[track_caller]
    pub fn play(&self) -> Trace {
        match self.try_play() {
            Ok(trace) => trace,
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
        let mut queue = Queue { message: Vec::with_capacity(USUAL), ..Queue::default() };
        for (index, step) in self.steps.iter().enumerate() {
            director.take(index, step, &mut queue)?;
        }
        let states = director.states(&mut queue)?;
        director.farewell()?;
        Ok(Trace { scenario: self.clone(), outcomes: director.outcomes, states, own: director.own })
    }
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

/// What is asked of an actor at a time.
#[derive(Default)]
struct Queue {
    player: usize,
    message: Vec<u8>,
    pending: Vec<Pending>,
    /// How many bytes the answers to steps may have, apart from the state.
    words: u64,
    end: End,
}

/// Whether an actor ends with the message that is being sent.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on, or says so much that it must be listened to.
    #[default]
    Later,
    /// It ends, with few words: awaiting that first saves waking up for the answers.
    AtOnce,
}

/// The length of a usual message, in bytes: a vector that grows leaves its traces on many pages, each
/// of which is copied after a fork.
const USUAL: usize = 8 * 1024;

/// So many bytes fit into a socket's buffer for sure, together with a state.
const FEW: u64 = 16 * 1024;

/// A part of a message that is answered by itself.
struct Pending {
    what: What,
    /// The number that its answers carry.
    number: u32,
    names: Vec<&'static str>,
}

impl Pending {
    fn new(what: What, number: u32, names: Vec<&'static str>) -> Self {
        Self { what, number, names }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    SetUp,
    Namespace,
    Step(usize),
    State,
}

struct Director<'a> {
    scenario: &'a Scenario,
    own: Own,
    caller: &'static Caller,
    limit: Duration,
    players: Vec<Player>,
    /// For each player, whether its groups are still those of the caller.
    kept: Vec<Kept>,
    outcomes: Vec<Outcome>,
    states: Vec<(Actor, State)>,
}

impl<'a> Director<'a> {
    fn new(scenario: &'a Scenario, limit: Duration) -> Result<Self, Error> {
        let caller = caller::caller();
        let own = match scenario.cast {
            Cast::Root => Own { uid: 0, gid: 0 },
            Cast::Ordinary | Cast::OrdinaryInGroups(_) if caller.uid == 0 => {
                Own { uid: ORDINARY, gid: ORDINARY }
            }
            _ => Own { uid: caller.uid, gid: caller.gid },
        };
        let (players, kept) = (Vec::new(), Vec::new());
        let (outcomes, states) = (Vec::new(), Vec::new());
        Ok(Self { scenario, own, caller, limit, players, kept, outcomes, states })
    }

    fn find(&self, actor: Actor) -> Option<usize> {
        self.players.iter().position(|player| player.actor == actor)
    }

    fn player(&self, actor: Actor) -> Result<usize, Error> {
        self.find(actor).ok_or_else(|| Error::Senseless(format!("{actor} has not begun")))
    }

    fn take(&mut self, index: usize, step: &Step, queue: &mut Queue) -> Result<(), Error> {
        if step.action == Action::Begin {
            self.flush(queue)?;
            self.players.iter_mut().try_for_each(Player::be_born)?;
            self.outcomes.push(Outcome::Done);
            return self.begin(step.actor, queue);
        }
        let player = self.player(step.actor)?;
        // A step may name other actors by their process ids, and a raw call its own.
        let named = |(index, _): &(usize, &mut Player)| {
            *index != player || matches!(step.action, Action::Raw(..) | Action::Compat(..) | Action::Hold(..))
        };
        self.players.iter_mut().enumerate().filter(named).try_for_each(|(_, other)| other.be_born())?;
        let pid = |actor| self.find(actor).and_then(|index| self.players[index].pid()).map(Pid::as_raw);
        let context = Context { actor: step.actor, own: self.own, pid: &pid };
        if let Some(calls) = context.lower(&step.action) {
            return self.enqueue(queue, player, What::Step(index), &calls);
        }
        self.flush(queue)?;
        let outcome = match &step.action {
            Action::Give(to) => self.give(player, *to)?,
            Action::Capset(change) => self.capset(player, change)?,
            Action::Run(words) => program::run(&mut self.players[player], words, self.limit)?,
            other => return Err(Error::Senseless(format!("{other:?}"))),
        };
        self.outcomes.push(outcome);
        Ok(())
    }

    fn begin(&mut self, actor: Actor, queue: &mut Queue) -> Result<(), Error> {
        let parent = actor.parent().and_then(|parent| self.find(parent));
        let (player, kept) = match parent {
            Some(parent) => (self.spawn(actor, parent)?, self.kept[parent]),
            None => {
                let kept = match self.scenario.cast {
                    Cast::Root | Cast::OrdinaryInGroups(_) if actor != Actor::Privileged => Kept::No,
                    _ => Kept::TheCallers,
                };
                (Player::unborn(actor, proc()?.as_fd(), self.limit)?, kept)
            }
        };
        self.players.push(player);
        self.kept.push(kept);
        let index = self.players.len() - 1;
        if parent.is_none() && actor != Actor::Privileged {
            let calls = self.costume();
            self.enqueue(queue, index, What::SetUp, &calls)?;
        }
        if actor.namespace() == Namespace::New {
            let unshare = syscall(libc::SYS_unshare, &[number(libc::CLONE_NEWUSER)]);
            self.enqueue(queue, index, What::Namespace, &[("unshare", unshare)])?;
        }
        Ok(())
    }

    /// The calls by which a copy of the caller takes on the credentials of the cast.
    fn costume(&self) -> Vec<Call> {
        let groups = match &self.scenario.cast {
            Cast::Caller => return Vec::new(),
            Cast::Ordinary if self.caller.uid != 0 => return Vec::new(),
            Cast::Ordinary => vec![self.own.gid],
            Cast::OrdinaryInGroups(groups) => groups.to_vec(),
            Cast::Root => vec![0],
        };
        let bytes: Vec<u8> = groups.iter().flat_map(|gid| gid.to_ne_bytes()).collect();
        let (uid, gid) = (Arg::Value(self.own.uid.into()), Arg::Value(self.own.gid.into()));
        let list = [Arg::Value(groups.len() as u64), Arg::Payload(0)];
        let dumpable = [number(libc::PR_SET_DUMPABLE), Arg::Value(1)];
        vec![
            ("setgroups", syscall(libc::SYS_setgroups, &list).payload(&bytes)),
            ("setresgid", syscall(libc::SYS_setresgid, &[gid; 3])),
            ("setresuid", syscall(libc::SYS_setresuid, &[uid; 3])),
            ("prctl", syscall(libc::SYS_prctl, &dumpable)),
        ]
    }

    fn spawn(&mut self, actor: Actor, parent: usize) -> Result<Player, Error> {
        spawn(&mut self.players[parent], actor, self.limit)
    }

    fn enqueue(&mut self, queue: &mut Queue, player: usize, what: What, calls: &[Call]) -> Result<(), Error> {
        let length = calls.iter().map(|(_, request)| request.payload.len() + 128).sum();
        self.make_room(queue, player, length)?;
        if calls.is_empty() {
            return Ok(());
        }
        let number = u32::try_from(queue.pending.len()).unwrap_or(u32::MAX);
        for (_, request) in calls {
            request.write(&mut queue.message, number);
            queue.words += request.give;
        }
        queue.pending.push(Pending::new(what, number, calls.iter().map(|(name, _)| *name).collect()));
        Ok(())
    }

    /// Sees to it that what is queued is for this player and leaves room for so many bytes.
    fn make_room(&mut self, queue: &mut Queue, player: usize, length: usize) -> Result<(), Error> {
        if queue.player != player || queue.message.len() + length > crate::wire::MESSAGE {
            self.flush(queue)?;
        }
        queue.player = player;
        Ok(())
    }

    /// Sends what has gathered and awaits every answer to it.
    fn flush(&mut self, queue: &mut Queue) -> Result<(), Error> {
        if queue.pending.is_empty() {
            return Ok(());
        }
        let count = queue.pending.iter().map(|pending| pending.names.len()).sum();
        let (scenario, player) = (self.scenario, &mut self.players[queue.player]);
        let actor = player.actor;
        let doing = |number| doing(scenario, actor, queue.pending.get(number as usize));
        player.send(&queue.message, None)?;
        if queue.end == End::AtOnce {
            player.reap();
        }
        let (answers, _) = player.receive(count, &doing)?;
        let mut rest = answers.as_slice();
        for pending in &queue.pending {
            let (these, others) = rest.split_at(pending.names.len());
            if these.iter().any(|answer| answer.step != pending.number) {
                return Err(Error::Stray { actor, doing: doing(pending.number) });
            }
            self.record(queue.player, pending, these)?;
            rest = others;
        }
        queue.message.clear();
        queue.pending.clear();
        (queue.words, queue.end) = (0, End::Later);
        Ok(())
    }

    fn record(&mut self, player: usize, pending: &Pending, answers: &[Answer]) -> Result<(), Error> {
        let actor = self.players[player].actor;
        let failed = outcome::failure(&pending.names, answers);
        match (pending.what, failed) {
            (What::SetUp, Some((call, errno))) => Err(Error::SetUp { actor, call, errno }),
            (What::Namespace, Some((_, errno))) => Err(Error::Namespace { actor, errno }),
            (What::SetUp | What::Namespace, None) => Ok(()),
            (What::State, _) => {
                let state = State::read(answers);
                let state = state.map_err(|(call, errno)| Error::State { actor, call, errno })?;
                self.states.push((actor, state));
                Ok(())
            }
            (What::Step(index), _) => {
                let action = &self.scenario.steps[index].action;
                let outcome = outcome::of(action, &pending.names, answers, self.own);
                if matches!((action, &outcome), (Action::Setgroups(..), Outcome::Done)) {
                    self.kept[player] = Kept::No;
                }
                self.outcomes.push(outcome);
                Ok(())
            }
        }
    }

    fn give(&mut self, from: usize, to: Actor) -> Result<Outcome, Error> {
        let to = self.player(to)?;
        let send = Request::new(Op::Send, 0).args(&[Arg::Slot(HAND)]);
        let doing = |_| "give the open file".to_owned();
        let (_, fd) = ask(&mut self.players[from], &[send], None, &doing)?;
        let fd = fd.ok_or_else(|| Error::Senseless("a file is given that was not opened".to_owned()))?;
        let take = Request::new(Op::Take, 0).keep(HAND);
        ask(&mut self.players[to], &[take], Some(&fd), &doing)?;
        Ok(Outcome::Done)
    }

    fn capset(&mut self, player: usize, change: &CapChange) -> Result<Outcome, Error> {
        let doing = |_| "capset".to_owned();
        let (answers, _) = ask(&mut self.players[player], &[state::capget()], None, &doing)?;
        let (answers, _) =
            ask(&mut self.players[player], &[outcome::capset(&answers[0], change)], None, &doing)?;
        Ok(outcome::of(&Action::Capset(change.clone()), &[""], &answers, self.own))
    }

    fn states(&mut self, queue: &mut Queue) -> Result<Vec<(Actor, State)>, Error> {
        for actor in Actor::ALL {
            if let Some(player) = self.find(actor) {
                self.make_room(queue, player, state::message().0.len())?;
                queue.message.extend(&state::message().0);
                queue.pending.push(Pending::new(What::State, state::STEP, vec![""; state::message().1]));
                queue.end = if queue.words < FEW { End::AtOnce } else { End::Later };
            }
        }
        self.flush(queue)?;
        let mut states = std::mem::take(&mut self.states);
        let gid_maps: Vec<(Actor, String)> =
            states.iter().map(|(actor, state)| (*actor, state.gid_map.clone())).collect();
        for (actor, state) in &mut states {
            if self.kept[self.player(*actor)?] == Kept::TheCallers {
                let mut maps = maps_above(*actor, &gid_maps);
                // An actor outside may have left the caller's namespace, whose map is no way inwards.
                maps.extend((state.gid_map != self.caller.files[1]).then_some(state.gid_map.as_str()));
                state.groups_kept = caller::kept(state, &self.groups_before(*actor), &maps);
            }
            if actor.namespace() == Namespace::Callers {
                state.before = Some(self.before(*actor));
            }
        }
        Ok(states)
    }

    fn groups_before(&self, actor: Actor) -> Vec<u32> {
        match self.scenario.cast {
            Cast::Ordinary if self.caller.uid == 0 && actor != Actor::Privileged => vec![self.own.gid],
            _ => self.caller.groups.clone(),
        }
    }

    fn before(&self, actor: Actor) -> Before {
        let caps = match self.scenario.cast {
            Cast::Ordinary | Cast::OrdinaryInGroups(_) if actor == Actor::Outside => {
                CapSets { bounding: self.caller.caps.bounding, ..CapSets::default() }
            }
            _ => self.caller.caps,
        };
        Before { caps, files: self.caller.files.clone() }
    }

    fn farewell(&mut self) -> Result<(), Error> {
        for player in &mut self.players {
            player.farewell(&|_| "its last step".to_owned())?;
        }
        Ok(())
    }
}

/// The maps between the caller's namespace and the one above an actor's, the outermost first.
fn maps_above(actor: Actor, maps: &[(Actor, String)]) -> Vec<&str> {
    let Some(parent) = actor.parent() else { return Vec::new() };
    let mut above = maps_above(parent, maps);
    if actor.namespace() == Namespace::New && parent.namespace() == Namespace::New {
        above.extend(maps.iter().filter(|(other, _)| *other == parent).map(|(_, map)| map.as_str()));
    }
    above
}

fn doing(scenario: &Scenario, actor: Actor, pending: Option<&Pending>) -> String {
    match pending.map_or(What::State, |pending| pending.what) {
        What::SetUp => "taking on its credentials".to_owned(),
        What::Namespace => "creating its user namespace".to_owned(),
        What::State => "telling its state".to_owned(),
        What::Step(index) => {
            format!("step {}, {}", index + 1, show::action(actor, &scenario.steps[index].action))
        }
    }
}

/// Sends requests as one step and awaits their answers.
pub fn ask(
    player: &mut Player,
    requests: &[Request],
    fd: Option<&OwnedFd>,
    doing: Doing<'_>,
) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
    let mut message = Vec::new();
    for request in requests {
        request.write(&mut message, 0);
    }
    player.send(&message, fd.map(AsFd::as_fd))?;
    player.receive(requests.len(), doing)
}

/// Has an actor fork another one, which plays the part `actor`.
pub fn spawn(parent: &mut Player, actor: Actor, limit: Duration) -> Result<Player, Error> {
    let (ours, theirs) = sockets(limit)?;
    let number = next_number();
    let take = Request::new(Op::Take, 0).keep(PASSING);
    let args = [Arg::Value(PASSING), Arg::Value(number as u64)];
    let fork = Request::new(Op::Spawn, 0).args(&args);
    let (answers, _) = ask(parent, &[take, fork], Some(&theirs), &|_| format!("fork of {actor}"))?;
    match (answers[1].errno, i32::try_from(answers[1].value)) {
        (0, Ok(pid @ 2..)) => Ok(Player::new(actor, number, Pid::from_raw(pid), ours, limit)),
        // Whoever answers this lies; and a signal to 0 or -1 would reach a great many processes.
        (0, _) => Err(Error::Stray { actor: parent.actor, doing: format!("fork of {actor}") }),
        (errno, _) => Err(Error::Fork { actor, errno: Errno::from_raw(errno) }),
    }
}
