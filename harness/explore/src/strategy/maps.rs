//! Texts for the files: maps from a grammar, and maps with wrong bytes.

use super::ids;
use harness_scenario::action::{IdFile, Text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::borrow::Cow;

/// Longer than any text that the kernel reads, but within the addresses that every kernel gives to processes. If a
/// buffer ends beyond them (User-Mode Linux has 512 GiB), write(2) is EFAULT before the file's own function runs
/// (access_ok()).
const LONG: u64 = 1 << 30;

/// The greatest number of bytes that a write accepts: less than a page.
const PAGE: usize = 4096;

/// A text for this file.
pub(super) fn text(file: IdFile) -> BoxedStrategy<Text> {
    match file {
        IdFile::Setgroups => word().boxed(),
        _ => map().boxed(),
    }
}

/// A map that a privileged writer may usually write.
pub(super) fn good_map() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => select(vec!["0 0 65536", "0 0 4294967295", "0 0 10"]).prop_map(words).boxed(),
        3 => own().boxed(),
        3 => ordered(1..9).prop_map(lines).boxed(),
    ]
}

fn map() -> impl Strategy<Value = Text> {
    let extents = || vec(extent(), 1..9).prop_map(lines);
    prop_oneof![
        8 => own().boxed(),
        4 => select(vec!["0 0 65536", "0 0 4294967295", "0 0 10", "0 0 1"]).prop_map(words).boxed(),
        5 => ordered(1..9).prop_map(lines).boxed(),
        3 => extents().boxed(),
        1 => select(vec![340_usize, 341]).prop_flat_map(|count| ordered(count..=count)).prop_map(lines).boxed(),
        3 => mutated(prop_oneof![own(), extents(), ordered(1..9).prop_map(lines)]).boxed(),
        1 => (own(), PAGE - 2..PAGE + 2).prop_map(|(text, length)| padded(&text, length)).boxed(),
        1 => select(vec![0, 1, PAGE as u64 - 1, PAGE as u64, LONG]).prop_map(Text::BadPointer).boxed(),
        1 => select(vec!["", "\n", " ", "0", "own own 1\n\n"]).prop_map(words).boxed(),
    ]
}

/// "deny", "allow" and similar texts.
fn word() -> impl Strategy<Value = Text> {
    let valid = || select(vec!["deny", "allow", "deny\n", "allow\n"]).prop_map(words);
    prop_oneof![
        6 => valid(),
        1 => select(vec!["", "den", "deny allow", "denyx", "deny  \n", "allow\0x", " deny", "allow  x"])
            .prop_map(words),
        1 => mutated(valid()),
        1 => select(vec![0, 1, 7, 8, LONG]).prop_map(Text::BadPointer),
    ]
}

/// One extent of one id, which is an actor's own id.
fn own() -> impl Strategy<Value = Text> {
    let name = || prop_oneof![3 => Just("own".to_owned()), 2 => ids::number().prop_map(|id| id.to_string())];
    let one = prop_oneof![8 => Just("1"), 1 => Just("2"), 1 => Just("0")];
    (name(), name(), one)
        .prop_map(|(first, lower, count)| Text::Words(Cow::Owned(format!("{first} {lower} {count}"))))
}

type Extent = (u32, u32, u32);

fn extent() -> impl Strategy<Value = Extent> {
    let count = prop_oneof![
        6 => 1..4_u32,
        3 => select(vec![10, 1000, 65_535, 65_536]),
        1 => select(vec![0, 1 << 31, u32::MAX - 1, u32::MAX]),
    ];
    (ids::number(), ids::number(), count)
}

/// Extents that do not overlap, some of them adjacent, in any order.
fn ordered(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Extent>> {
    let begins = prop_oneof![2 => Just(0_u32), 1 => ids::number().prop_map(|id| id.min(1 << 31))];
    let gaps = vec((0..2_u32, 0..2_u32, 1..4_u32), count);
    (begins.clone(), begins, gaps, any::<bool>())
        .prop_map(|(first, lower, mut gaps, crossed)| {
            let mut next = first;
            let mut extents: Vec<Extent> = gaps
                .iter()
                .map(|(gap, _, count)| {
                    let first = next + gap;
                    next = first + count;
                    (first, 0, *count)
                })
                .collect();
            next = lower;
            if crossed {
                gaps.reverse();
            }
            for (at, (_, gap, count)) in gaps.iter().enumerate() {
                let at = if crossed { extents.len() - 1 - at } else { at };
                extents[at].1 = next + gap;
                next += gap + count;
            }
            extents
        })
        .prop_shuffle()
}

fn lines(extents: Vec<Extent>) -> Text {
    let line = |(first, lower, count): &Extent| format!("{first} {lower} {count}");
    Text::Words(Cow::Owned(extents.iter().map(line).collect::<Vec<_>>().join("\n")))
}

fn words(words: &'static str) -> Text {
    Text::Words(Cow::Borrowed(words))
}

/// The text padded with spaces to a length, or cut to it, to test the limit of the buffer.
fn padded(text: &Text, length: usize) -> Text {
    let mut bytes = text.bytes(0);
    bytes.resize(length, b' ');
    Text::Bytes(Cow::Owned(bytes))
}

/// A text with up to three bytes inserted, removed or replaced.
fn mutated(text: impl Strategy<Value = Text>) -> impl Strategy<Value = Text> {
    let interesting = select(b"\0\t\n\x0b\r 0123459-+x,\x7f\x85\xa0\xff".to_vec());
    let byte = prop_oneof![4 => interesting, 1 => any::<u8>()];
    let edit = (any::<Index>(), 0..3_u8, byte);
    (text, vec(edit, 1..4)).prop_map(|(text, edits)| {
        // `own` stands for a different id in each scenario, so a mutated text has only numbers.
        let mut bytes = text.bytes(harness_play::here::start().caller.uid.effective);
        for (at, kind, byte) in edits {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => bytes.push(byte),
            }
        }
        Text::Bytes(Cow::Owned(bytes))
    })
}
