//! Names of tests: as the suite shows them, unique, and without numbers that shift.
//!
//! rstest 0.28 names what it generates by position. For a function `own_gid` there is one segment for each of:
//! `case_1_before_deny` or `case_01` (a `#[case]`, zero-padded to the width of the highest number), `id_2_Uid_0_` (an
//! argument `id` with `#[values]`, the expression with all signs replaced by underscores, cut at 64 characters). The
//! numbers change when a case is inserted, but snapshots are found by name.

use std::collections::BTreeMap;

use super::Test;

/// The name of a test as the suite prints it.
///
/// `raw` is the path of the function with its crate; `function` the name of the function as
/// written, after which all segments are rstest's. The crate goes, and so does each number that
/// has a description beside it: `userns::map_order::own_gid::case_1_before_deny` and `own_gid`
/// give `map_order::own_gid::before_deny`. An unnamed case keeps its number.
pub fn test_name(raw: &str, function: &str) -> String {
    let mut segments: Vec<&str> = raw.split("::").collect();
    if segments.len() > 1 {
        segments.remove(0);
    }
    let generated = match segments.iter().rposition(|segment| *segment == function) {
        Some(position) => position + 1,
        // Not a case of rstest: the function merely ends by calling another one.
        None => segments.len(),
    };
    let shown = |(position, segment): (usize, &&str)| match position < generated {
        true => (*segment).to_owned(),
        false => without_number(segment),
    };
    segments.iter().enumerate().map(shown).collect::<Vec<_>>().join("::")
}

/// The tests with their names, sorted by name: all of them, or those in the module of the given test. A process that
/// runs one test does not need the names of a thousand, and no two modules share a name.
///
/// # Errors
/// Names each unnamed case and each name that two tests have, with their locations.
pub(super) fn collect(
    tests: &'static [Test],
    exact: Option<&str>,
) -> Result<Vec<(String, &'static Test)>, String> {
    let mut by_name: BTreeMap<String, &Test> = BTreeMap::new();
    let mut wrong = Vec::new();
    let of_module = |test: &&Test| exact.is_none_or(|name| first(without_crate(test.name)) == first(name));
    for test in tests.iter().filter(of_module) {
        let name = test.shown_name();
        let place = format!("{}:{}", test.file, test.line);
        if name.split("::").any(is_unnamed_case) {
            wrong.push(format!("{name} ({place}) is a case without a name: write #[case::name(...)]"));
        }
        if let Some(other) = by_name.insert(name.clone(), test) {
            let (file, line) = (other.file, other.line);
            wrong.push(format!("two tests are called {name} ({file}:{line} and {place}): rename one"));
        }
    }
    match wrong.is_empty() {
        true => Ok(by_name.into_iter().collect()),
        false => Err(wrong.join("\n       ")),
    }
}

fn without_crate(raw: &str) -> &str {
    raw.split_once("::").map_or(raw, |(_, rest)| rest)
}

/// The first segment, which is never one of rstest's. The printed name starts like the written one.
fn first(name: &str) -> &str {
    name.split_once("::").map_or(name, |(first, _)| first)
}

/// `case_1_name` is `name`, `id_2_Uid` is `id_Uid`; anything else stays.
fn without_number(segment: &str) -> String {
    match split_at_number(segment) {
        Some(("case", name)) => name.to_owned(),
        Some((argument, value)) => {
            // An argument that only multiplies the cases is written with a leading underscore.
            format!("{}_{}", argument.trim_start_matches('_'), without_quotes(value))
        }
        None => segment.to_owned(),
    }
}

/// Splits at the first `_NUMBER_` with text on both sides. An argument's own name may contain such a number, and
/// nothing distinguishes the two. The name stays unique or is refused.
fn split_at_number(segment: &str) -> Option<(&str, &str)> {
    segment.match_indices('_').find_map(|(at, _)| {
        let (before, rest) = (&segment[..at], &segment[at + 1..]);
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = after.len() < rest.len() && !before.is_empty();
        let after = after.strip_prefix('_').filter(|after| !after.is_empty())?;
        numbered.then_some((before, after))
    })
}

/// rstest writes each quote as two underscores: `"deny"` is `__deny__`.
fn without_quotes(value: &str) -> &str {
    value
        .strip_prefix("__")
        .and_then(|rest| rest.strip_suffix("__"))
        .filter(|inner| !inner.trim_matches('_').is_empty())
        .unwrap_or(value)
}

fn is_unnamed_case(segment: &str) -> bool {
    segment
        .strip_prefix("case_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("userns::map::claim", "claim", "map::claim")]
    #[case::numbers_by_hand("userns::v_6_1::more_than_340_lines", "check", "v_6_1::more_than_340_lines")]
    #[case::named("userns::map::own::case_1_before_deny", "own", "map::own::before_deny")]
    #[case::padded("userns::map::own::case_07_a_b", "own", "map::own::a_b")]
    #[case::digits_in_the_name("userns::map::own::case_2_340_lines", "own", "map::own::340_lines")]
    #[case::unnamed("userns::map::own::case_12", "own", "map::own::case_12")]
    #[case::value("userns::map::own::id_2_Kind__Uid", "own", "map::own::id_Kind__Uid")]
    #[case::quoted_value("userns::map::own::word_1___deny__", "own", "map::own::word_deny")]
    #[case::signs_only("userns::map::own::word_1_____", "own", "map::own::word_____")]
    #[case::underscored("userns::map::own::map_size_03_5", "own", "map::own::map_size_5")]
    #[case::number("userns::map::own::count_1_340", "own", "map::own::count_340")]
    #[case::unused_argument("userns::map::own::_id_1_7", "own", "map::own::id_7")]
    #[case::two_values("userns::map::own::a_1_x::b_2_y", "own", "map::own::a_x::b_y")]
    #[case::case_and_value("userns::map::own_3_x::case_1_n::b_2_y", "own_3_x", "map::own_3_x::n::b_y")]
    #[case::no_module("userns::claim", "claim", "claim")]
    fn names_lose_crate_and_numbers(#[case] raw: &str, #[case] function: &str, #[case] shown: &str) {
        assert_eq!(test_name(raw, function), shown);
    }

    const fn test(name: &'static str, line: u32) -> Test {
        Test {
            name,
            function: "own",
            file: "topic.rs",
            line,
            needs: &[],
            rules: &[],
            varies: &[],
            run: || {},
        }
    }

    #[test]
    fn two_tests_of_one_name_are_refused() {
        static TWICE: [Test; 2] = [test("t::own::case_1_a", 3), test("t::own::case_2_a", 3)];

        let error = collect(&TWICE, None).err();

        let expected = "two tests are called own::a (topic.rs:3 and topic.rs:3): rename one";
        assert_eq!(error.as_deref(), Some(expected));
    }

    #[test]
    fn a_case_without_a_name_is_refused() {
        static UNNAMED: [Test; 1] = [test("t::own::case_1", 7)];

        let error = collect(&UNNAMED, None).err().unwrap_or_default();

        assert!(error.starts_with("own::case_1 (topic.rs:7) is a case without a name"), "{error}");
    }

    #[test]
    fn only_the_module_of_a_named_test_is_looked_at() {
        static TWO: [Test; 2] = [test("t::topic::own::case_1_a", 3), test("t::other::own::case_1_a", 7)];
        let names = |exact| {
            let collected = collect(&TWO, exact).expect("names are unique");
            collected.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };

        assert_eq!(names(None), ["other::own::a", "topic::own::a"]);
        assert_eq!(names(Some("topic::own::a")), ["topic::own::a"]);
        assert!(names(Some("nothing::own::a")).is_empty());
        static TWICE: [Test; 2] = [test("t::own::case_1_a", 3), test("t::own::case_2_a", 3)];
        let error = collect(&TWICE, Some("own::a")).err().unwrap_or_default();
        assert!(error.starts_with("two tests are called own::a ("), "{error}");
    }
}
