//! Races: several processes make a system call at the same time, again and again. The result is the set of outcomes.
//!
//! ```
//! use harness_play::prelude::*;
//! # if harness_play::facts().process.processors.known() < Some(&2) { return }
//!
//! // The stage, set anew for each round: a process in a new namespace.
//! let stage = caller().inside(&[]);
//!
//! // What they do at the same time, each a single system call, and what they do just before.
//! let race = stage.race(&[
//!     racer(Actor::Outside, &[open(IdFile::UidMap)], write_held(IdFile::UidMap, "0 own 1")),
//!     racer(Actor::Privileged, &[open(IdFile::UidMap)], write_held(IdFile::UidMap, "7 own 1")),
//! ]);
//!
//! // What came of it, each outcome once: either of them wins.
//! assert_eq!(
//!     race.play(200).to_string(),
//!     "outside EPERM, privileged ok: the map is privileged's\n\
//!      outside ok, privileged EPERM: the map is outside's\n",
//! );
//! ```
//!
//! A racer that belongs to the setup takes part in one round. Other racers, outside of the new namespace, take part
//! in all rounds. In each round every racer waits at a barrier in shared memory until all have arrived and run on a
//! CPU. Then each reads the clock until its start time. The start times are swept: from one racer much earlier, over
//! both at once, to the other racer much earlier. Every order therefore occurs. The first rounds measure how long the
//! calls take, so races work on slow kernels as well. The clock also shows whether the calls really overlapped: a
//! race without overlap is an error and not a success.

mod racer;
mod rounds;
mod setup;

pub use racer::{Racer, racer};

use rounds::{Round, Rounds, Span};
use setup::LastingRacers;

use crate::director::{LIMIT, Turn, judge};
use crate::error::Error;
use crate::lower::Context;
use crate::observer;
use harness_scenario::action::{Action, IdFile, Text};
use harness_scenario::actors::Actor;
use harness_scenario::map;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Rounds without delays, which measure how long the calls take.
const TRIAL: u32 = 16;
/// The delays of a racer, in sixteenths of the time in which a call certainly ends.
const SWEEP: [u64; 8] = [0, 0, 1, 2, 4, 8, 24, 24];
/// That time is the duration of calls plus so many nanoseconds.
const SLACK: u64 = 10_000;
/// The time that all rounds of a race have together: less than `cargo nextest` gives to a test.
const BUDGET: Duration = Duration::from_secs(20);
/// At least one in so many rounds must have calls that overlap.
const FEWEST: u32 = 100;

/// A setup and the racers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Race {
    stage: Scenario,
    racers: Vec<Racer>,
    budget: Duration,
}

/// The results of the rounds of a race.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Each outcome of a round, in one line, with the number of rounds in which it occurred.
    pub seen: BTreeMap<String, u32>,
    /// The number of rounds that were played.
    pub rounds: u32,
    /// The number of rounds in which two calls overlapped.
    pub overlapping: u32,
}

/// Prints each outcome once, without its count, which differs from run to run.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seen.keys().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Tally {
    /// A race without overlap has shown nothing.
    fn judged(self) -> Result<Self, Error> {
        let Self { rounds, overlapping, .. } = self;
        match overlapping >= rounds.div_ceil(FEWEST) {
            true => Ok(self),
            false => Err(Error::NoRace { rounds, overlapping }),
        }
    }
}

/// Racing: what a scenario can be the stage of.
pub trait Stage {
    /// A race: once this scenario is played to its end, these make one system call each, all at the
    /// same time. [`Actor::Inside`] must be of the scenario, since its namespace is what they race for.
    fn race(self, racers: &[Racer]) -> Race;
}

impl Stage for Scenario {
    fn race(self, racers: &[Racer]) -> Race {
        Race { stage: self, racers: racers.to_vec(), budget: BUDGET }
    }
}

impl Race {
    /// The same race with this time for all of its rounds together. The default is 20 seconds.
    #[must_use]
    pub fn budget(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// Plays so many rounds, and prints on standard error how often each outcome was seen.
    ///
    /// # Panics
    /// If the harness fails, see [`Error`]. Refusals of the kernel are in the tally.
    #[track_caller]
    pub fn play(&self, rounds: u32) -> Tally {
        match self.try_play_within(rounds, LIMIT) {
            Ok(tally) => {
                if tally.rounds > 0 {
                    eprintln!("{tally:#?}");
                }
                tally
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Plays so many rounds with this time limit for each answer.
    ///
    /// # Errors
    /// If the harness fails. [`Error::NoRace`] if too few of the calls overlapped, and [`Error::TooSlow`] if the rounds do
    /// not end within the budget: both are the host's fault and begin with
    /// [`TOO_SLOW_HERE`](harness_scenario::outcome::TOO_SLOW_HERE).
    pub fn try_play_within(&self, rounds: u32, limit: Duration) -> Result<Tally, Error> {
        let all = self.in_turn(&self.racers);
        let judged = judge(&all);
        if observer::stand_in(&all, judged.as_ref().err()).is_some() {
            // Whoever comes first may decide what is allowed to the others.
            for first in 1..self.racers.len() {
                let mut racers = self.racers.clone();
                racers.rotate_left(first);
                observer::stand_in(&self.in_turn(&racers), None);
            }
            return Ok(Tally { seen: BTreeMap::new(), rounds: 0, overlapping: 0 });
        }
        judged?;
        let turn = Turn::forked();
        let mut lasting = LastingRacers::new(&turn, &self.stage, &self.racers, limit)?;
        let mut tally = Tally { seen: BTreeMap::new(), rounds, overlapping: 0 };
        let (mut times, mut pace, mut next) = (Vec::new(), 0, 0);
        let begun = Instant::now();
        while next < rounds {
            if begun.elapsed() >= self.budget {
                return Err(Error::TooSlow { rounds, ended: next, budget: self.budget });
            }
            let group = next..rounds.min(next + lasting.rounds());
            let delays: Vec<_> = group.clone().map(|round| delays(round, self.racers.len(), pace)).collect();
            next = group.end;
            for round in
                Rounds::new(&turn, (&self.stage, &self.racers), &mut lasting, group, limit)?.play(&delays)?
            {
                *tally.seen.entry(self.line(&round)).or_default() += 1;
                tally.overlapping += u32::from(overlap(&round.spans));
                times.push(longest(&round.spans));
            }
            if next == TRIAL {
                times.sort_unstable();
                // A busy machine interrupts some of the calls, or even most of them.
                pace = times[times.len() / 4] + SLACK;
            }
        }
        tally.judged()
    }

    /// The same steps, one racer after the other.
    fn in_turn(&self, racers: &[Racer]) -> Scenario {
        racers.iter().fold(self.stage.clone(), |stage, Racer { actor, before, call }| {
            stage.by(*actor, before).by(*actor, std::slice::from_ref(call))
        })
    }

    /// The result of a round: the outcome of each racer, and the final state of the file or the limit that they race
    /// for.
    fn line(&self, round: &Round) -> String {
        let racers = self.racers.iter().zip(&round.outcomes);
        let told: Vec<String> = racers.map(|(racer, outcome)| self.told(round, racer, outcome)).collect();
        let left = self.left(round);
        format!("{}{}{}", told.join(", "), if left.is_empty() { "" } else { ": " }, left.join(", "))
    }

    fn told(&self, round: &Round, racer: &Racer, outcome: &Outcome) -> String {
        let actor = racer.actor;
        match (outcome, &racer.call) {
            (Outcome::Text(text), Action::ReadToEnd(file)) => {
                let text = String::from_utf8_lossy(text);
                format!("{actor} reads {}", self.whose(round, *file, &text))
            }
            (outcome, action) => format!("{actor} {}", show::outcome(outcome, action, &round.names)),
        }
    }

    /// The final state, in the new namespace, of the object of the racers' calls.
    fn left(&self, round: &Round) -> Vec<String> {
        let Some((_, state)) = round.states.iter().find(|(actor, _)| *actor == Actor::Inside) else {
            return Vec::new();
        };
        let written = |file| self.writes(file).next().is_some();
        let mut left = Vec::new();
        for (file, map) in [(IdFile::UidMap, &state.uid_map), (IdFile::GidMap, &state.gid_map)] {
            if written(file) {
                left.push(format!("the map is {}", self.whose(round, file, map)));
            }
        }
        if written(IdFile::Setgroups) {
            left.push(format!("setgroups is {}", state.setgroups));
        }
        if self.racers.iter().any(|racer| matches!(racer.call, Action::Setgroups(..))) {
            left.push(format!("the groups are {:?}", state.groups));
        }
        left
    }

    /// The racer that wrote a map with this text.
    fn whose(&self, round: &Round, file: IdFile, map: &str) -> String {
        let read = map::lines(map);
        let wrote = |(actor, text): &(Actor, &Text)| {
            let context = Context { actor: *actor, own: round.names.own, pid: &|_| None };
            map::lines(&String::from_utf8_lossy(&context.bytes(text, file))) == read
        };
        match self.writes(file).find(wrote) {
            _ if read.is_empty() => "empty".to_owned(),
            Some((actor, _)) => format!("{actor}'s"),
            None => format!("{read:?}, which nobody has written"),
        }
    }

    /// The texts that the racers write to a file.
    fn writes(&self, file: IdFile) -> impl Iterator<Item = (Actor, &Text)> {
        self.racers.iter().filter_map(move |racer| match &racer.call {
            Action::WriteHeld { text, file: written, .. } if *written == file => Some((racer.actor, text)),
            _ => None,
        })
    }
}

/// The delay of each racer in a round, in nanoseconds. All combinations occur in turn, in an order that soon mixes
/// those of many racers well.
fn delays(round: u32, racers: usize, pace: u64) -> Vec<u64> {
    let Some(round) = round.checked_sub(TRIAL) else { return vec![0; racers] };
    // Multiples of an odd factor reach all numbers of so many bits.
    let mixed = u64::from(round) * 0x9e37_79b1;
    (0..racers).map(|racer| SWEEP[(mixed >> (3 * racer) & 7) as usize] * pace / 16).collect()
}

fn longest(spans: &[Span]) -> u64 {
    spans.iter().map(|(begin, end)| end.saturating_sub(*begin).unsigned_abs()).max().unwrap_or(0)
}

/// Whether two of the calls ran at the same time.
fn overlap(spans: &[Span]) -> bool {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_combination_of_two_delays_comes_up() {
        let rounds: BTreeSet<Vec<u64>> = (TRIAL..TRIAL + 64).map(|round| delays(round, 2, 16)).collect();

        assert_eq!(rounds.len(), 36, "six different delays of each");
        assert!(rounds.contains(&vec![0, 24]) && rounds.contains(&vec![24, 0]), "{rounds:?}");
    }

    #[test]
    fn the_first_rounds_are_played_without_delays() {
        assert_eq!(delays(TRIAL - 1, 3, 8), [0, 0, 0]);
    }

    #[test]
    fn a_race_without_overlapping_calls_is_none() {
        let tally = |overlapping| Tally { seen: BTreeMap::new(), rounds: 512, overlapping };

        assert_eq!(tally(6).judged(), Ok(tally(6)));
        assert_eq!(tally(5).judged(), Err(Error::NoRace { rounds: 512, overlapping: 5 }));
    }

    #[test]
    fn calls_that_follow_each_other_do_not_overlap() {
        assert!(!overlap(&[(10, 20), (0, 10)]));
        assert!(overlap(&[(10, 20), (0, 11)]));
        assert!(overlap(&[(30, 40), (0, 10), (5, 6)]));
    }
}
