//! Everything short, without a choice: every sequence of a few steps and every short text of a map, by the kernel and by
//! the model. `cargo ci sweep` goes deeper.

use harness::prelude::*;
use harness::suite::{Exploration, exploration};
use harness_explore::{Mismatch, Watch, maps, sweep};
use rstest::rstest;

/// One thread: nextest plays the tests on all processors.
const ALONE: usize = 1;

fn described(disputes: &[Mismatch]) -> String {
    disputes.iter().take(3).map(Mismatch::to_string).collect()
}

/// Every sequence of up to `depth` steps, or of one step less if that is enough here.
fn swept(name: &str, depth: usize) -> sweep::Swept {
    let fields = sweep::fields();
    let field = fields.iter().find(|field| field.name == name).expect("a field of this name");
    let depth = match exploration() {
        Exploration::Full => depth,
        Exploration::Brief => depth - 1,
    };
    sweep::sweep(field, depth, ALONE, &Watch::default()).expect("every scenario can be played")
}

/// How many scenarios have to be played, where all of them are at least so many.
fn at_least(all: u64) -> u64 {
    match exploration() {
        Exploration::Full => all,
        Exploration::Brief => all / 20,
    }
}

/// Kernel and model agree on every sequence of map writes, "deny" and "allow", setgroups(2) and set*id calls.
/// Source: the model's functions name theirs.
#[rstest]
#[case::root("root", 2, 500)]
#[case::without_setuid("root-without-setuid", 2, 400)]
#[case::without_setgid("root-without-setgid", 2, 300)]
#[case::without_setfcap("root-without-setfcap", 2, 400)]
#[case::without_sys_admin("root-without-sys-admin", 2, 500)]
#[case::without_dac_override("root-without-dac-override", 2, 500)]
#[case::without_setpcap("root-without-setpcap", 2, 500)]
#[case::nested("nested", 2, 400)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    DecidedModel,
    pins(
        "allow.own-id",
        "allow.one-id",
        "allow.writer-needs-setid",
        "allow.mapped-in-parent",
        "map.written-once",
        "deny.after-gid-map",
        "groups.needs-gid-map",
        "groups.denied",
        "groups.unmapped",
        "id.unmapped",
        "change.capabilities",
        "change.dumpable"
    )
)]
fn kernel_and_model_agree_on_every_sequence_of_root(
    #[case] name: &str,
    #[case] depth: usize,
    #[case] most: u64,
) {
    let swept = swept(name, depth);

    assert_eq!(described(&swept.disputes), "");
    assert!(swept.scenarios >= at_least(most) && swept.open == 0, "{swept:?}");
}

/// Kernel and model agree on every sequence of up to three such steps of a user without capabilities.
/// Source: the model's functions name theirs.
#[rstest]
#[harness::test(
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    pins(
        "allow.own-id",
        "allow.one-id",
        "allow.own-gid-needs-deny",
        "map.written-once",
        "deny.no-way-back",
        "groups.needs-gid-map",
        "groups.denied",
        "id.unmapped"
    )
)]
fn kernel_and_model_agree_on_every_sequence_of_an_ordinary_user() {
    let swept = swept("ordinary", 3);

    assert_eq!(described(&swept.disputes), "");
    assert!(swept.scenarios >= at_least(600) && swept.open == 0, "{swept:?}");
}

/// Kernel and model agree on every string of up to five bytes out of twelve, each written to an empty map. It is EINVAL if it
/// is malformed, and EPERM if it is not, since it maps ids of others.
/// Source: kernel map_write(), simple_strtoul(), isspace().
#[rstest]
#[harness::test(
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    pins(
        "text.first-field",
        "text.second-field",
        "text.third-field",
        "text.trailing-junk",
        "text.white-space",
        "text.nul",
        "map.refusal-leaves-empty"
    )
)]
fn kernel_and_model_agree_on_every_short_text(#[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile) {
    let longest = match exploration() {
        Exploration::Full => 5,
        Exploration::Brief => 4,
    };
    for length in 0..=longest {
        let strings = maps::strings(maps::ALPHABET.len() as u64, length);

        let tried = maps::refused(file, strings, ALONE, &Watch::default()).expect("they can be written");

        assert_eq!(described(&tried.disputes), "");
        assert_eq!(tried.texts, 12_u64.pow(length));
    }
}

/// Kernel and model agree on three numbers at the edges of 32 and 64 bits in every combination, and on two lines whose
/// ranges touch.
/// Source: kernel map_write(), mappings_overlap(), simple_strtoul().
#[rstest]
#[harness::test(
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    pins(
        "text.numbers-wrap",
        "text.last-id",
        "text.upper-range",
        "text.lower-range",
        "text.upper-overlap",
        "text.lower-overlap"
    )
)]
fn kernel_and_model_agree_on_numbers_at_the_edges(#[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile) {
    let watch = Watch::default();

    let edges = maps::refused(file, maps::edges(), ALONE, &watch).expect("they can be written");
    let pairs = maps::refused(file, maps::pairs(), ALONE, &watch).expect("they can be written");

    assert_eq!(described(&edges.disputes) + &described(&pairs.disputes), "");
    assert_eq!(edges.texts + pairs.texts, 22_u64.pow(3) + 6_u64.pow(4));
}

/// Of the texts of two lines those that are accepted are read back as what they mean.
/// Source: kernel map_write(), uid_m_show().
#[rstest]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    DecidedModel,
    pins("text.upper-overlap", "text.lower-overlap", "text.unordered", "mean.read-back")
)]
fn two_lines_that_are_accepted_read_back_as_they_mean(
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let tried = maps::accepted(file, maps::pairs(), ALONE, &Watch::default()).expect("they can be written");

    assert_eq!(described(&tried.disputes), "");
    assert!(tried.texts > 100, "{tried:?}");
}
