//! From the message of a program to the call that was refused, and to the rules that may have refused it: the file
//! `data/messages.toml`.

mod pattern;

use std::sync::OnceLock;

use harness_spec::rules::{self, Rule};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::calls;
use crate::named::RuleName;
use pattern::Pattern;

/// What a message may mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The program that prints it. `None` if no known program does, and only the words of the message were read.
    pub program: Option<&'static str>,
    /// Whether the message names the program. Another may print the same words.
    pub is_named: bool,
    /// The call that was refused. `None` if the program refuses by itself.
    pub call: Option<&'static str>,
    /// The name of the errno. `None` if the message shows none: each of the causes is possible.
    pub errno: Option<String>,
    /// The rules that may have refused the call, with the next question that separates them.
    pub causes: Vec<Cause>,
    /// Why the message misleads, if it does.
    pub blames: Option<&'static str>,
    /// What the program does next, if that is not to end.
    pub then: Option<&'static str>,
    /// Which of the rules refuse something to the process that was looked at; `None` if none was.
    pub holds: Option<Vec<RuleName>>,
}

/// Rules that may have refused a call, the likeliest first, and the question that shows which one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The errno of these rules; `None` if the program refuses by itself.
    pub errno: Option<String>,
    /// The rules.
    pub rules: Vec<RuleName>,
    /// The question to ask next.
    pub ask: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    cause: Vec<CauseRow>,
    message: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseRow {
    call: String,
    errno: String,
    rules: Vec<String>,
    ask: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    program: String,
    has: String,
    call: Option<String>,
    errno: Option<String>,
    #[serde(default)]
    rules: Vec<String>,
    ask: Option<String>,
    blames: Option<String>,
    then: Option<String>,
}

/// The words of the C library and of others for the errnos of this table, in lower-case letters.
/// Source: strerror(3); Go's and Rust's texts differ in the first letter only.
const WORDS: [(&str, Errno); 5] = [
    ("operation not permitted", Errno::EPERM),
    ("invalid argument", Errno::EINVAL),
    ("permission denied", Errno::EACCES),
    ("no space left on device", Errno::ENOSPC),
    ("resource temporarily unavailable", Errno::EAGAIN),
];

/// What a message may mean, the best explanation first: those of a program that the message names, and of these the ones
/// that match most of it. Empty if neither a program's message nor a call with an errno is recognised.
pub fn explain(message: &str) -> Vec<Meaning> {
    explain_by(table(), message)
}

/// The number of messages that are known.
pub fn count() -> usize {
    table().message.len()
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE
        .get_or_init(|| read(include_str!("../data/messages.toml")).unwrap_or_else(|error| panic!("{error}")))
}

/// Reads a table and checks that all that it names exists: calls, errnos, rules, and a cause for each message.
fn read(text: &str) -> Result<Table, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("messages.toml: {error}"))?;
    for cause in &table.cause {
        let about = format!("messages.toml, {} {}", cause.call, cause.errno);
        let call = calls::find(&cause.call).ok_or_else(|| format!("{about}: no such call"))?;
        let errno = calls::errno(&cause.errno).ok_or_else(|| format!("{about}: no such errno"))?;
        let known = call.rules(Some(errno));
        for name in &cause.rules {
            let rule = rules::find(name).ok_or_else(|| format!("{about}: no rule is called {name}"))?;
            if !known.contains(&rule) {
                return Err(format!("{about}: calls.toml does not have {name} for this call and errno"));
            }
        }
    }
    table.message.iter().try_for_each(|row| check(&table, row))?;
    Ok(table)
}

fn check(table: &Table, row: &Row) -> Result<(), String> {
    let about = format!("messages.toml, {} {:?}", row.program, row.has);
    if let Some(name) = row.rules.iter().find(|name| rules::find(name).is_none()) {
        return Err(format!("{about}: no rule is called {name}"));
    }
    match &row.call {
        Some(call) if !table.cause.iter().any(|cause| cause.call == *call) => {
            Err(format!("{about}: no cause for the call {call}"))
        }
        None if row.rules.is_empty() || row.ask.is_none() => {
            Err(format!("{about}: without a call, a row needs rules and ask"))
        }
        _ => Ok(()),
    }
}

fn explain_by(table: &'static Table, message: &str) -> Vec<Meaning> {
    let matching = table.message.iter().filter_map(|row| {
        let pattern = Pattern::of(&row.has);
        pattern.is_in(message).then(|| (names(message, &row.program), pattern.length(), row))
    });
    let mut matching: Vec<_> = matching.collect();
    matching.sort_by_key(|(named, length, _)| std::cmp::Reverse((*named, *length)));
    let Some((named, length, _)) = matching.first().copied() else {
        return by_words(table, message).into_iter().collect();
    };
    let best = matching.iter().filter(|(other, size, _)| (*other, *size) == (named, length));
    let mut meanings: Vec<Meaning> = best.map(|(_, _, row)| meaning(table, row, message, named)).collect();
    // Another program may print the same words and mean the call that it names.
    let other = by_words(table, message).filter(|other| {
        let calls = || meanings.iter().map(|meaning| meaning.call);
        !named && calls().all(|call| call.is_some() && call != other.call)
    });
    meanings.extend(other);
    meanings
}

impl Meaning {
    /// The same, with those of its rules that are among these.
    #[must_use]
    pub fn among(mut self, rules: &[RuleName]) -> Self {
        let own = self.causes.iter().flat_map(|cause| &cause.rules);
        self.holds = Some(own.filter(|rule| rules.contains(rule)).copied().collect());
        self
    }
}

/// Whether the message has a word of those by which the row calls its program, such as "su" of "su or runuser".
fn names(message: &str, program: &str) -> bool {
    let letters = |text: &str| -> Vec<String> {
        let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_';
        text.split(ends).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    const FILLING: [&str; 8] = ["or", "of", "with", "a", "and", "others", "program", "daemon"];
    let words = letters(message);
    letters(program).iter().any(|name| !FILLING.contains(&name.as_str()) && words.contains(name))
}

fn errno_in(message: &str) -> Option<Errno> {
    let message = message.to_lowercase();
    let spelt = WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, errno)| *errno);
    spelt.or_else(|| {
        let mut words = message.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.find_map(|word| word.starts_with('e').then(|| calls::errno(word))?)
    })
}

fn meaning(table: &'static Table, row: &'static Row, message: &str, is_named: bool) -> Meaning {
    let errno = row.errno.as_deref().and_then(calls::errno).or_else(|| errno_in(message));
    let mut causes = match &row.call {
        Some(call) => causes(table, call, errno),
        None => Vec::new(),
    };
    if !row.rules.is_empty() {
        let ask = row.ask.as_deref().or(causes.first().map(|cause| cause.ask)).unwrap_or_default();
        let errno = row.call.as_ref().and(errno).map(|errno| format!("{errno:?}"));
        causes = vec![Cause { errno, rules: named(&row.rules), ask }];
    }
    Meaning {
        program: Some(&row.program),
        is_named,
        call: row.call.as_deref(),
        errno: errno.filter(|_| row.call.is_some()).map(|errno| format!("{errno:?}")),
        causes,
        blames: row.blames.as_deref(),
        then: row.then.as_deref(),
        holds: None,
    }
}

/// The causes of a call with this errno, or with any if the message shows none.
fn causes(table: &'static Table, call: &str, errno: Option<Errno>) -> Vec<Cause> {
    let fits = |row: &&CauseRow| {
        row.call == call && errno.is_none_or(|errno| calls::errno(&row.errno) == Some(errno))
    };
    let cause = |row: &'static CauseRow| Cause {
        errno: Some(row.errno.clone()),
        rules: named(&row.rules),
        ask: &row.ask,
    };
    table.cause.iter().filter(fits).map(cause).collect()
}

fn named(names: &[String]) -> Vec<RuleName> {
    let found = names.iter().filter_map(|name| rules::find(name));
    found.map(|rule: &'static Rule| RuleName(rule)).collect()
}

/// A message of no known program that names a call and shows an errno.
fn by_words(table: &'static Table, message: &str) -> Option<Meaning> {
    let errno = errno_in(message)?;
    let mut words = message.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let call = words.find_map(|word| {
        let call = calls::find(&word.to_lowercase())?;
        table.cause.iter().any(|cause| cause.call == call.name).then_some(call)
    })?;
    let causes = causes(table, &call.name, Some(errno));
    (!causes.is_empty()).then(|| Meaning {
        program: None,
        is_named: false,
        call: Some(&call.name),
        errno: Some(format!("{errno:?}")),
        causes,
        blames: None,
        then: None,
        holds: None,
    })
}

#[cfg(test)]
#[path = "messages/tests.rs"]
mod tests;
