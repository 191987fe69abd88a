use super::*;
use crate::matrix::merge::{merge, parse};

fn merged() -> Result<Merged, String> {
    let old = parse(include_str!("../../tests/data/kernels-old.json"))?;
    let new = parse(include_str!("../../tests/data/kernels-new.json"))?;
    merge(vec![("old".to_owned(), old), ("new".to_owned(), new)])
}

#[test]
fn families_tell_what_differs_and_count_the_rest() -> Result<(), String> {
    let merged = merged()?;
    let text = render(&merged, &Grid::new(&merged))?;

    for line in [
        "| kernel | release | \u{2713} holds | \u{25c2} older answer | \u{2717} differs | \u{2248} differs, known | \u{2013} skipped | ? no answer | \u{b7} not asked |",
        "| `old` | `5.10.46` | 0 | 1 | 1 | 1 | 1 | 0 | 0 |",
        "**broken: no answer.** `panicked: Kernel panic - not syncing: No working init found.`",
        "### Writing a map: who and when",
        "2 rules, 2 with a difference:",
        "| rule | `old` | `broken` | `new` |",
        "| `map.written-once` EPERM<br>A map is written once. | \u{2717} differs: `EINVAL, expected EPERM` | ? no answer: `panicked` | \u{2713} |",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
    }
    Ok(())
}

#[test]
fn a_kernel_on_which_little_could_run_is_told_of() -> Result<(), String> {
    let mut merged = merged()?;
    let words = "passed, but on new 9 of 10 tests could not run here";
    let verdict = &mut merged.columns[2].kernel.verdict;
    (verdict.word, verdict.text) = ("partial".to_owned(), words.to_owned());

    let text = render(&merged, &Grid::new(&merged))?;

    let line = format!("**new: little could run.** `{words}`");
    assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
    Ok(())
}

#[test]
fn families_without_a_difference_take_a_line() -> Result<(), String> {
    let mut merged = merged()?;
    merged.columns.drain(..2);

    let text = render(&merged, &Grid::new(&merged))?;

    let line = "No difference: Writing a map: who and when (2 rules), Writing a map: the text (1 rule).";
    assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
    assert!(
        text.contains("### setgroups(2) and getgroups(2)\n\n1 rule, 1 with a difference:\n\n| rule |"),
        "{text}"
    );
    Ok(())
}

#[test]
fn what_is_too_long_is_cut_to_counts_and_says_so() -> Result<(), String> {
    let merged = merged()?;

    let text = within(&merged, &Grid::new(&merged), 1000)?;

    assert!(text.contains("4 rules differ, too many to list here; `--html` shows them."), "{text}");
    assert!(!text.contains("###") && text.contains("| `old` |"), "{text}");
    Ok(())
}

#[test]
fn text_of_others_is_no_markup() {
    assert_eq!(code("a|b`c`\n@me"), "`a\\|b\u{2019}c\u{2019} @me`");
    assert_eq!(code(" "), "");
    assert_eq!(plain("<img> *a* @me"), "&lt;img> \\*a\\* \\@me");
}
