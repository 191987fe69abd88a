//! Texts of maps by the thousand. A refused write leaves a map empty, so many texts can be tried in one namespace.

use super::{Mismatch, Watch, beginning, play, together};
use harness_play::error::Error;
use harness_scenario::action::{Access, Action, At, IdFile, Text};
use harness_scenario::actors::Actor;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::{Scenario, ordinary, root};

/// Digits, blanks, line feed, NUL, signs, a letter, a comma, and the no-break space of Latin-1.
pub const ALPHABET: [u8; 12] = [b'0', b'1', b'9', b' ', b'\n', 0, b'-', b'x', b'\t', b'+', b',', 0xa0];

/// Numbers at every edge: of 32 and 64 bits, of ids and of counts, in several notations.
pub const EDGES: [&str; 22] = [
    "0",
    "1",
    "2",
    "00",
    "01",
    "2147483647",
    "2147483648",
    "4294967293",
    "4294967294",
    "4294967295",
    "4294967296",
    "4294967297",
    "8589934591",
    "9223372036854775807",
    "9223372036854775808",
    "18446744069414584320",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "18446744073709551617",
    "99999999999999999999",
    "100000000000000000000000000000000000000001",
];

/// The result of trying texts.
#[derive(Debug, Default)]
pub struct Tried {
    /// The number of texts that were written.
    pub texts: u64,
    /// The disagreements between kernel and model.
    pub disputes: Vec<Mismatch>,
}

impl Tried {
    /// Adds another result.
    pub fn add(&mut self, other: Tried) {
        self.texts += other.texts;
        self.disputes.extend(other.disputes);
    }
}

/// The number of texts that are tried in one namespace.
const AT_A_TIME: u64 = 4000;

/// Every string of exactly so many bytes from the first `letters` letters of the alphabet.
pub fn strings(letters: u64, length: u32) -> (u64, impl Fn(u64) -> Vec<u8> + Sync) {
    let text = move |number: u64| {
        let places = (0..length).map(|place| number / letters.pow(place) % letters);
        places.map(|letter| ALPHABET[usize::try_from(letter).unwrap_or(0)]).collect()
    };
    (letters.pow(length), text)
}

/// Every line of three numbers at the edges.
pub fn edges() -> (u64, impl Fn(u64) -> Vec<u8> + Sync) {
    let all = EDGES.len() as u64;
    let text = move |number: u64| {
        let field = |place: u32| EDGES[usize::try_from(number / all.pow(place) % all).unwrap_or(0)];
        format!("{} {} {}", field(2), field(1), field(0)).into_bytes()
    };
    (all.pow(3), text)
}

/// Extents whose ranges touch, overlap or leave a gap.
const RANGES: [(u32, u32); 6] = [(0, 1), (0, 3), (1, 1), (2, 2), (3, 1), (4, 9)];

/// Every pair of lines with such ranges. Upper and lower ranges are chosen separately.
pub fn pairs() -> (u64, impl Fn(u64) -> Vec<u8> + Sync) {
    let all = RANGES.len() as u64;
    let text = move |number: u64| {
        let range = |place: u32| RANGES[usize::try_from(number / all.pow(place) % all).unwrap_or(0)];
        let line = |(first, count): (u32, u32), (lower, _): (u32, u32)| format!("{first} {lower} {count}\n");
        [line(range(0), range(1)), line(range(2), range(3))].concat().into_bytes()
    };
    (all.pow(4), text)
}

/// Writes each text to an empty map of this kind, which an unprivileged user holds open in a namespace of its own.
/// The kernel also refuses well-formed texts, because none of them maps only that user's id.
///
/// # Errors
/// If the harness fails.
pub fn refused(
    file: IdFile,
    (count, text): (u64, impl Fn(u64) -> Vec<u8> + Sync),
    workers: usize,
    watch: &Watch,
) -> Result<Tried, Error> {
    let found = together(workers, watch, |worker| {
        let mut tried = Tried::default();
        for chunk in (worker as u64..count.div_ceil(AT_A_TIME)).step_by(workers) {
            if !watch.goes_on() {
                break;
            }
            let numbers = chunk * AT_A_TIME..count.min((chunk + 1) * AT_A_TIME);
            tried.texts += numbers.end - numbers.start;
            tried.disputes.extend(play(&all_of(file, numbers.map(&text)))?);
            watch.count();
        }
        Ok(tried)
    })?;
    Ok(added(found))
}

/// Writes each text that the model considers well-formed and allowed to a separate map, as root from the parent, and
/// compares what is read back.
///
/// # Errors
/// If the harness fails.
pub fn accepted(
    file: IdFile,
    (count, text): (u64, impl Fn(u64) -> Vec<u8> + Sync),
    workers: usize,
    watch: &Watch,
) -> Result<Tried, Error> {
    let found = together(workers, watch, |worker| {
        let mut tried = Tried::default();
        for number in (worker as u64..count).step_by(workers) {
            if !watch.goes_on() {
                break;
            }
            let scenario = alone(file, text(number));
            let mut world = beginning(&scenario);
            let last = scenario.steps.iter().map(|step| world.expect(step)).last();
            if last.is_some_and(|last| last.outcome == Some(Outcome::Done)) {
                tried.texts += 1;
                tried.disputes.extend(play(&scenario)?);
                watch.count();
            }
        }
        Ok(tried)
    })?;
    Ok(added(found))
}

fn added(found: Vec<Tried>) -> Tried {
    found.into_iter().fold(Tried::default(), |mut all, tried| {
        all.add(tried);
        all
    })
}

/// A scenario in which root writes this text from the parent.
fn alone(file: IdFile, text: Vec<u8>) -> Scenario {
    let write = Action::Write { file, of: Some(Actor::Inside), text: Text::Bytes(text.into()) };
    root().outside(&[]).inside(&[]).outside(&[write])
}

/// A scenario that writes each of these texts to one open map.
fn all_of(file: IdFile, texts: impl Iterator<Item = Vec<u8>>) -> Scenario {
    let open = Action::Open { file, of: None, access: Access::Write };
    let write = |text: Vec<u8>| Action::WriteHeld { text: Text::Bytes(text.into()), file, at: At::Position };
    let steps: Vec<Action> = std::iter::once(open).chain(texts.map(write)).collect();
    ordinary().inside(&steps)
}
