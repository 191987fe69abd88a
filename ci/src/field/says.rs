//! The words of programs, without what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};

/// How many lines of a message are kept, and how long one may be.
const LINES: usize = 3;
const LENGTH: usize = 170;
/// A number of so many digits is a time or an address.
const LONG: usize = 9;
/// Words of lines that say what was refused. If a message has such lines, the others are left out.
const TELLING: [&str; 6] =
    ["not permitted", "ermission denied", "nvalid argument", "supplementary", "initgroups", "setgroups"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Numbers that mean something in one run only, with the word that stands for each.
pub type Numbers = BTreeMap<u32, &'static str>;

/// The lines of `text` that `usual` does not have, without times and without `numbers`; the first few of those that tell
/// what was refused, or else the first few. `noise` are words of lines that mean nothing.
pub fn unusual(text: &str, usual: &str, numbers: &Numbers, noise: &[String]) -> Vec<String> {
    let known: BTreeSet<String> = usual.lines().map(|line| timeless(line, numbers)).collect();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !noise.iter().any(|word| line.contains(word.as_str()))) {
        let line = timeless(line, numbers);
        if !line.is_empty() && !known.contains(&line) && !lines.contains(&line) {
            lines.push(line);
        }
    }
    let tells = |line: &String| TELLING.iter().any(|word| line.contains(word));
    if lines.iter().any(tells) {
        lines.retain(tells);
    }
    lines.truncate(LINES);
    lines
}

/// A line in which each time is `TIME`, each date `DATE`, each other long number `N`, and each of `numbers` its word.
fn timeless(line: &str, numbers: &Numbers) -> String {
    let mut text = String::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let in_word = text.ends_with(|last: char| last.is_ascii_alphanumeric());
        let (word, length) = match (first.is_ascii_digit() && !in_word, month_and_day(rest)) {
            (true, _) => number(rest, numbers),
            (false, Some(length)) if !in_word => (Some("DATE"), length),
            (false, _) => (None, first.len_utf8()),
        };
        match word {
            Some(word) => text.push_str(word),
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    match text.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The length of `Nov 30`.
fn month_and_day(text: &str) -> Option<usize> {
    let rest = MONTHS.iter().find_map(|month| text.strip_prefix(month))?;
    let day = rest.trim_start_matches(' ');
    let digits = length(day, |it| it.is_ascii_digit());
    (rest.len() > day.len() && (1..=2).contains(&digits)).then_some(text.len() - day.len() + digits)
}

fn length(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|it| !of(it)).unwrap_or(text.len())
}

/// The word that stands for what a text begins with, if there is one, and the length of that.
fn number(rest: &str, numbers: &Numbers) -> (Option<&'static str>, usize) {
    let clock = &rest[..length(rest, |it| it.is_ascii_digit() || it == ':' || it == '.')];
    let clock = clock.trim_end_matches([':', '.']);
    if clock.len() >= 8 && clock.matches(':').count() == 2 {
        return (Some("TIME"), clock.len());
    }
    let date = &rest[..length(rest, |it| it.is_ascii_digit() || it == '-' || it == '/')];
    let date = date.trim_end_matches(['-', '/']);
    if date.len() == 10 && (date.matches('-').count() == 2 || date.matches('/').count() == 2) {
        // RFC 3339 has a T between both.
        let time = rest[10..].strip_prefix('T').map_or(0, |time| number(time, numbers).1 + 1);
        return (Some("DATE"), 10 + time);
    }
    let digits = length(rest, |it| it.is_ascii_digit());
    let month = rest[digits..].get(1..4).filter(|_| rest[digits..].starts_with('-'));
    if digits <= 2 && month.is_some_and(|month| MONTHS.contains(&month)) {
        return (Some("DATE"), length(rest, |it| it.is_ascii_alphanumeric() || it == '-'));
    }
    let fraction = rest[digits..].strip_prefix('.').map_or(0, |rest| length(rest, |it| it.is_ascii_digit()));
    if fraction > 3 {
        return (Some("N"), digits + 1 + fraction);
    }
    let hexadecimal = length(rest, |it| it.is_ascii_hexdigit() || it == 'x');
    if hexadecimal >= LONG {
        return (
            Some("N"),
            hexadecimal + length(&rest[hexadecimal..], |it| it.is_ascii_digit() || it == '.'),
        );
    }
    (rest[..digits].parse().ok().and_then(|id: u32| numbers.get(&id).copied()), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let numbers = [(20_017, "PID"), (107, "ID")].into();
        let line = |text| timeless(text, &numbers);

        assert_eq!(line("2026/11/30 21:04:05 [emerg] 20017#20017: x"), "DATE TIME [emerg] PID#PID: x");
        assert_eq!(line("[1796076245] unbound[20017:0] w"), "[N] unbound[PID:0] w");
        assert_eq!(line("Nov 30 21:37:45 msg ts=\"1796074665.235\""), "DATE TIME msg ts=\"N\"");
        assert_eq!(line("[30-Nov-2026 21:38:18] ERROR, gid 107"), "[DATE TIME] ERROR, gid ID");
        assert_eq!(line("2026-11-30T21:04:05.123456+00:00 a"), "DATE+00:00 a");
        assert_eq!(line("after 0.004024 seconds, 1.26.3"), "after N seconds, 1.26.3");
        // A number that is the id of a group stays.
        assert_eq!(line("initgroups(www-data, 33) failed (1: x)"), "initgroups(www-data, 33) failed (1: x)");
        assert_eq!(line("7f163d98d400 Fatal error, utils.c line 856"), "N Fatal error, utils.c line 856");
        assert_eq!(line("March 3 is no date, nor is a Mayor"), "March 3 is no date, nor is a Mayor");
    }

    #[test]
    fn only_lines_that_are_not_usual_are_kept() {
        let (none, noise) = (Numbers::new(), ["deprecated".to_owned()]);
        let of = |text: &str| unusual(text, "at 09:00:00 it starts", &none, &noise);

        assert_eq!(of("at 10:00:01 it starts\nit is deprecated\nit fails\nit fails\n"), ["it fails"]);
        assert_eq!(of(&"x".repeat(500))[0].chars().count(), LENGTH + 1);
    }

    #[test]
    fn lines_that_tell_what_was_refused_come_alone() {
        let text = "Traceback:\n  File\nPermissionError: [Errno 1] Operation not permitted\n";

        let said = unusual(text, "", &Numbers::new(), &[]);
        assert_eq!(said, ["PermissionError: [Errno 1] Operation not permitted"]);
    }
}
