//! Two traces: the first line in which they differ, and all of them.

use similar::{ChangeTag, TextDiff};

/// How much of an outcome a cell shows.
const MOST: usize = 60;

/// What a kernel says in place of what was expected, of the first line that differs: "EPERM, expected EINVAL".
/// `None` if the traces are the same. Both are traces of one scenario: a line has the same number in both, as long as
/// there are as many.
pub fn first(expected: &str, seen: &str) -> Option<String> {
    let (all, other): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), seen.lines().collect());
    if all.len() == other.len() {
        let (gone, new) = all.iter().zip(&other).find(|(gone, new)| gone.trim_end() != new.trim_end())?;
        let (gone, new) = from_column(gone, new);
        return Some(format!("{}, expected {}", short(new), short(gone)));
    }
    let diff = TextDiff::from_lines(expected, seen);
    let change = diff.iter_all_changes().find(|change| change.tag() != ChangeTag::Equal)?;
    let line = short(change.value().trim());
    Some(match change.tag() {
        ChangeTag::Delete => format!("lacks {line}"),
        ChangeTag::Insert | ChangeTag::Equal => format!("{line}, not expected"),
    })
}

/// Both lines from the column on in which they differ, that column alone. Columns are parted by two blanks.
fn from_column<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b);
    let end = same.last().map_or(0, |((at, letter), _)| at + letter.len_utf8());
    let begin = one[..end].rfind("  ").map_or(0, |at| at + 2);
    (column(&one[begin..]), column(&other[begin..]))
}

fn column(text: &str) -> &str {
    text.trim_start().split("  ").next().unwrap_or_default().trim_end()
}

/// The beginning of a text that is too long.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None => text.to_owned(),
    }
}

/// Both traces as one, with "-" before what was expected and "+" before what was seen in its place.
pub fn unified(expected: &str, seen: &str) -> String {
    let diff = TextDiff::from_lines(expected, seen);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        format!("{sign}{}\n", change.value().trim_end())
    };
    diff.iter_all_changes().map(line).collect()
}

/// What a failed test says first, where there is no trace to compare: of a difference that it prints the first
/// line, or else the first line of its panic.
pub fn first_of_output(output: &str) -> Option<String> {
    if let Some(told) = first_of_printed(output) {
        return Some(told);
    }
    let mut lines = output.lines().skip_while(|line| !line.contains("panicked at "));
    lines.next()?;
    lines.map(str::trim).find(|line| !line.is_empty()).map(short)
}

/// The first line that differs in a difference that a test printed: both texts are put together again, so that lines
/// of one step stand side by side.
fn first_of_printed(output: &str) -> Option<String> {
    let marked = output.lines().filter_map(|line| Some(line.split_once('\u{2502}')?.1));
    let (mut expected, mut seen) = (Vec::new(), Vec::new());
    for line in marked {
        match line.chars().next() {
            Some('-') => expected.push(&line[1..]),
            Some('+') => seen.push(&line[1..]),
            _ => {
                let line = line.strip_prefix(' ').unwrap_or(line);
                expected.push(line);
                seen.push(line);
            }
        }
    }
    first(&expected.join("\n"), &seen.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEWED: &str = "outside  begins                 ok\ninside   gid_map <- \"0 own 1\"   EPERM\nafterwards\n\
                            inside   uid_map \"\"  gid_map \"\"  setgroups allow\n";

    #[test]
    fn errno_stands_against_errno() {
        let seen = REVIEWED.replace("EPERM", "EINVAL");

        assert_eq!(first(REVIEWED, &seen).as_deref(), Some("EINVAL, expected EPERM"));
        let success = REVIEWED.replace("EPERM", "ok");
        assert_eq!(first(REVIEWED, &success).as_deref(), Some("ok, expected EPERM"));
        assert_eq!(first(REVIEWED, REVIEWED), None);
    }

    /// A text diff deletes the line of one step and inserts the line of another.
    #[test]
    fn lines_of_one_step_stand_side_by_side() {
        let reviewed = "inside  setgroups <- \"deny\"  EPERM\ninside  gid_map <- \"0 own 1\"  EPERM\n\
                        inside  setgroups([])        EPERM\n";
        let seen = "inside  setgroups <- \"deny\"  EPERM\ninside  gid_map <- \"0 own 1\"  ok\n\
                    inside  setgroups([])        ok\n";

        assert_eq!(first(reviewed, seen).as_deref(), Some("ok, expected EPERM"));
        let printed = "  1     \u{2502}-a  b  one\n    1   \u{2502}+a  b  two\n  2   2 \u{2502} a  c  x\n";
        assert_eq!(first_of_output(printed).as_deref(), Some("two, expected one"));
        let shifted =
            "  1 \u{2502}-a  b  one\n  2 \u{2502}-a  c  x\n  1 \u{2502}+a  b  one\n  2 \u{2502}+a  c  y\n";
        assert_eq!(first_of_output(shifted).as_deref(), Some("y, expected x"));
    }

    #[test]
    fn a_state_is_told_by_its_column() {
        let seen = REVIEWED.replace("gid_map \"\"  setgroups allow", "gid_map \"0 own 1\"  setgroups allow");

        assert_eq!(first(REVIEWED, &seen).as_deref(), Some("gid_map \"0 own 1\", expected gid_map \"\""));
    }

    #[test]
    fn lines_that_are_missing_or_new_are_told() {
        let cut = REVIEWED.replace("afterwards\n", "");

        assert_eq!(first(REVIEWED, &cut).as_deref(), Some("lacks afterwards"));
        assert_eq!(first(&cut, REVIEWED).as_deref(), Some("afterwards, not expected"));
        assert_eq!(unified("a\nb\n", "a\nc\n"), " a\n-b\n+c\n");
        assert_eq!(short(&"\u{e9}".repeat(70)).chars().count(), MOST + 1);
    }

    #[test]
    fn a_test_without_a_trace_is_told_by_its_output() {
        let inline =
            "  1   \u{2502}-inside  setgroups([])  EPERM\n  1   \u{2502}+inside  setgroups([])  ok\n";
        assert_eq!(first_of_output(inline).as_deref(), Some("ok, expected EPERM"));

        let panic = "thread 'a' panicked at tests/userns/a.rs:3:5:\nthe map is not empty\nnote: run\n";
        assert_eq!(first_of_output(panic).as_deref(), Some("the map is not empty"));
        assert_eq!(first_of_output("nothing"), None);
    }
}
