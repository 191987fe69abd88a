//! A group of rounds: several rounds of a race, one after the other without a pause.
//!
//! The stage of each round is a scenario of its own, played to its end before the group of rounds. Racers that are
//! not of its cast take part in all rounds: what they are to do in a group of rounds is one message, so that they go
//! from round to round without asking, which is what makes rounds cheap on a busy machine.

use super::Racer;
use super::setup::{LastingRacers, ROUNDS, begin, not_ready, ready};
use crate::director::{Director, Queue, Turn};
use crate::error::Error;
use crate::lower::{Call, Context, DIE_WITH_DIRECTOR, close};
use crate::process::{ActorProcess, End};
use crate::wire::{Answer, Arg, HAND, Op, Request};
use crate::{actor, decode};
use harness_scenario::action::Action;
use harness_scenario::actors::Actor;
use harness_scenario::ids::Names;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use harness_scenario::state::{GroupsOrigin, State};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use std::ops::Range;
use std::time::Duration;

/// The start and the end of a racer's call, in nanoseconds after the start of the round.
pub type Span = (i64, i64);

/// The result of one round.
pub struct Round {
    /// The outcome of each racer's call.
    pub outcomes: Vec<Outcome>,
    /// The time span of each call.
    pub spans: Vec<Span>,
    /// The final state of each process of the setup.
    pub states: Vec<(Actor, State)>,
    /// What the host calls ids and capabilities.
    pub names: Names,
}

/// Several rounds of a race with their setups.
pub struct Rounds<'a> {
    racers: &'a [Racer],
    stages: Vec<Director<'a>>,
    lasting: &'a mut LastingRacers,
    rounds: Range<u32>,
}

/// What a process is asked in a group of rounds.
struct Entry {
    racer: usize,
    /// Which of the stages.
    rounds: Range<usize>,
    seat: Seat,
    answers: Vec<Answer>,
}

/// Where a racer's process is found.
#[derive(Clone, Copy)]
enum Seat {
    /// On this stage, with this index.
    Stage(usize, usize),
    /// Among the lasting racers, with this index.
    Lasting(usize),
}

/// The requests to a racer, by the numbers of their answers, which count on from round to round: waiting at the
/// barrier, the call and the reading of the clock after it, closing a file, and each of the actions before.
const PARTS: u32 = 16;
const WAIT: u32 = 0;
const CALL: u32 = 1;
const AFTER: u32 = 2;
const BEFORE: u32 = 3;

/// The number of a part in a round.
fn number(round: usize, part: u32) -> u32 {
    PARTS * u32::try_from(round).unwrap_or(0) + part
}

/// The description of a racer's request with this number.
fn doing(racer: &Racer, first: u32, number: u32) -> String {
    let (round, part) = (first + number / PARTS, number % PARTS);
    let action = match part {
        WAIT => return format!("round {round}, waiting for the other racers"),
        BEFORE.. => racer.before.get((part - BEFORE) as usize),
        _ => None,
    };
    format!("round {round}, {}", show::action(racer.actor, action.unwrap_or(&racer.call)))
}

impl<'a> Rounds<'a> {
    /// Sets the stages.
    pub fn new(
        turn: &'a Turn,
        (stage, racers): (&'a Scenario, &'a [Racer]),
        lasting: &'a mut LastingRacers,
        rounds: Range<u32>,
        limit: Duration,
    ) -> Result<Self, Error> {
        let begun: Vec<_> = rounds.clone().map(|_| begin(stage, turn, limit)).collect::<Result<_, _>>()?;
        let stages = begun.into_iter().map(ready).collect::<Result<_, _>>()?;
        Ok(Self { racers, stages, lasting, rounds })
    }

    /// Plays the rounds. `delays` has the delay of each racer in each round, in nanoseconds.
    pub fn play(mut self, delays: &[Vec<u64>]) -> Result<Vec<Round>, Error> {
        let mut entries = Vec::new();
        for racer in 0..self.racers.len() {
            self.enter(racer, &mut entries);
        }
        (0..self.stages.len()).for_each(|round| actor::barrier(self.barrier(round)).clear());
        for entry in &entries {
            let mut message = Vec::new();
            for round in entry.rounds.clone() {
                for (part, calls) in self.parts(entry, round, delays[round][entry.racer])? {
                    calls.iter().for_each(|(_, request)| request.write(&mut message, number(round, part)));
                }
            }
            self.process(entry.seat).send(&message, End::Later)?;
        }
        self.listen(&mut entries)?;
        let mut queues = Vec::new();
        for stage in &mut self.stages {
            let mut queue = Queue::new();
            stage.ask_states(&mut queue)?;
            stage.send_ahead(&mut queue)?;
            queues.push(queue);
        }
        queues.iter_mut().enumerate().map(|(round, queue)| self.close(round, &entries, queue)).collect()
    }

    fn barrier(&self, round: usize) -> usize {
        self.lasting.barrier * ROUNDS as usize + round
    }

    fn process(&mut self, seat: Seat) -> &mut ActorProcess {
        match seat {
            Seat::Stage(round, index) => &mut self.stages[round].processes[index],
            Seat::Lasting(index) => &mut self.lasting.processes[index],
        }
    }

    /// A racer of the setup is another process in each round.
    fn enter(&self, racer: usize, entries: &mut Vec<Entry>) {
        let (actor, rounds) = (self.racers[racer].actor, 0..self.stages.len());
        let entry = |rounds, seat| Entry { racer, rounds, seat, answers: Vec::new() };
        match self.lasting.processes.iter().position(|process| process.actor == actor) {
            Some(index) => entries.push(entry(rounds, Seat::Lasting(index))),
            None => entries.extend(rounds.filter_map(|round| {
                let index = self.stages[round].find(actor)?;
                Some(entry(round..round + 1, Seat::Stage(round, index)))
            })),
        }
    }

    /// What a racer is asked in a round: to prepare, to wait for the others, to make its call and look at the
    /// clock, to let go of what it held.
    fn parts(&self, entry: &Entry, round: usize, delay: u64) -> Result<Vec<(u32, Vec<Call>)>, Error> {
        let racer = &self.racers[entry.racer];
        let stage = &self.stages[round];
        let everybody = || stage.processes.iter().chain(&self.lasting.processes);
        let pid = |actor| everybody().find(|process| process.actor == actor)?.pid().map(Pid::as_raw);
        let context = Context { actor: racer.actor, own: stage.names.own, pid: &pid };
        let senseless = |action| {
            Error::InvalidScenario(format!("a racer cannot do so: {}", show::action(racer.actor, action)))
        };
        let mut parts = Vec::new();
        for (action, part) in racer.before.iter().zip(BEFORE..) {
            parts.push((
                part,
                context.lower(action).calls().filter(|_| part < PARTS).ok_or_else(|| senseless(action))?,
            ));
        }
        let mut calls = context.lower(&racer.call).calls().unwrap_or_default();
        // The request to end with the director takes calls of its own, and was made before the barrier.
        calls.retain(|(name, _)| *name != DIE_WITH_DIRECTOR);
        if calls.len() != 1 {
            return Err(senseless(&racer.call));
        }
        let barrier = Arg::Value(self.barrier(round) as u64);
        let numbers = [self.racers.len() as u64, delay, entry.racer as u64].map(Arg::Value);
        let wait = [&[barrier][..], &numbers].concat();
        calls.push(("", Request::new(Op::Clock, 0).args(&[barrier])));
        // A racer that waits has to end with the director, too, if it has another uid and no signal reaches it.
        let watch = (DIE_WITH_DIRECTOR, Request::new(Op::DieWithDirector, 0));
        let wait = vec![watch, ("", Request::new(Op::Barrier, 0).args(&wait))];
        parts.extend([(WAIT, wait), (CALL, calls), (AFTER, vec![close(HAND)])]);
        Ok(parts)
    }

    /// Waits for the answers of all racers. A racer that died is reported at once, even if others still wait for it.
    fn listen(&mut self, entries: &mut [Entry]) -> Result<(), Error> {
        while let Some(next) = self.first_to_speak(entries) {
            let mut expected = Vec::new();
            for round in entries[next].rounds.clone() {
                for (part, calls) in self.parts(&entries[next], round, 0)? {
                    expected.extend(calls.iter().map(|_| number(round, part)));
                }
            }
            let (racer, seat, first) = (entries[next].racer, entries[next].seat, self.rounds.start);
            let racer = &self.racers[racer];
            let doing = |number| doing(racer, first, number);
            let received = self.process(seat).receive(expected.len(), &doing);
            let (answers, _) = received.map_err(|error| self.who_hangs(entries, next, error))?;
            if answers.iter().map(|answer| answer.step).ne(expected) {
                return Err(Error::UnexpectedAnswer { actor: racer.actor, doing: doing(number(0, CALL)) });
            }
            entries[next].answers = answers;
        }
        Ok(())
    }

    /// The error of an entry, or, if it only waited for others, the error of the racer that hangs.
    fn who_hangs(&mut self, entries: &[Entry], failed: usize, error: Error) -> Error {
        let Error::Hung { limit, .. } = error else { return error };
        let mut waits = |entry: &Entry| self.process(entry.seat).at() % PARTS == WAIT;
        let guilty = entries.iter().find(|entry| entry.answers.is_empty() && !waits(entry));
        match guilty {
            Some(guilty) if waits(&entries[failed]) => {
                let racer = &self.racers[guilty.racer];
                let doing = doing(racer, self.rounds.start, self.process(guilty.seat).at());
                Error::Hung { actor: racer.actor, doing, limit }
            }
            // Each waits for another one that has not run yet.
            None if waits(&entries[failed]) => {
                Error::TooSlow { rounds: self.rounds.end, ended: self.rounds.start, budget: limit }
            }
            _ => error,
        }
    }

    /// An entry that is readable, of those that have not answered. `None` if all have answered.
    fn first_to_speak(&mut self, entries: &[Entry]) -> Option<usize> {
        let silent: Vec<usize> =
            (0..entries.len()).filter(|entry| entries[*entry].answers.is_empty()).collect();
        let first = *silent.first()?;
        let limit = self.stages[0].limit;
        let socket = |entry: &usize| match entries[*entry].seat {
            Seat::Stage(round, index) => self.stages[round].processes[index].socket(),
            Seat::Lasting(index) => self.lasting.processes[index].socket(),
        };
        let mut fds: Vec<PollFd<'_>> =
            silent.iter().filter_map(|entry| Some(PollFd::new(socket(entry)?, PollFlags::POLLIN))).collect();
        // Its own timer ends a racer that hangs. If that fails, the first unanswered entry is read.
        let _ = poll(&mut fds, PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX));
        let ready = fds.iter().position(|fd| fd.any().unwrap_or(false));
        Some(ready.map_or(first, |ready| silent[ready]))
    }

    /// The result of a round, after the end of its setup.
    fn close(&mut self, round: usize, entries: &[Entry], queue: &mut Queue) -> Result<Round, Error> {
        let stage = &mut self.stages[round];
        let (mut outcomes, mut spans) = (Vec::new(), Vec::new());
        for entry in entries.iter().filter(|entry| entry.rounds.contains(&round)) {
            let racer = &self.racers[entry.racer];
            let part = |part| entry.answers.iter().filter(move |answer| answer.step == number(round, part));
            for (action, number) in racer.before.iter().zip(BEFORE..) {
                if let Some(answer) = part(number).find(|answer| answer.errno != 0) {
                    let failed = Outcome::Failed { call: "", errno: Errno::from_raw(answer.errno) };
                    return Err(not_ready(racer.actor, action, &failed, &stage.names));
                }
            }
            let [met, call, clock] = [part(WAIT).nth(1), part(CALL).next(), part(CALL).nth(1)];
            let Some(((met, call), clock)) = met.zip(call).zip(clock) else { continue };
            let outcome = decode::of(&racer.call, &[""], std::slice::from_ref(call), stage.names.own);
            if let (Action::Setgroups(..), Outcome::Done, Seat::Stage(_, index)) =
                (&racer.call, &outcome, entry.seat)
            {
                stage.kept[index] = GroupsOrigin::Scenario;
            }
            outcomes.push(outcome);
            spans.push((met.value, clock.value));
        }
        let states = stage.hear_states(queue)?;
        stage.wait_exit()?;
        Ok(Round { outcomes, spans, states, names: stage.names })
    }
}
