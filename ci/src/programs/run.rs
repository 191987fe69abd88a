//! One run: a program in one state.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::field::options::FieldOptions;
use crate::field::place::{Place, Proc, RESULTS};
use crate::field::root::Root;
use crate::field::trace::Trace;
use crate::programs::calls::{self, Sequence};
use crate::programs::names::Names;
use crate::programs::rows::{Row, Target};
use crate::programs::seen::ids;
use crate::programs::states::State;

const SETUP: &str = include_str!("setup.sh");
/// The shell that runs the row's commands, by the name under which it was executed.
const SHELL: &str = "begin";
const ENTER: &str = include_str!("enter.sh");
/// A program that does not end by itself is ended after this time, and as much as its row asks for.
const LIMIT: u64 = 60;

/// What a run left.
#[derive(Debug)]
pub struct Left {
    /// How the command ended, as in [`crate::programs::seen::Seen::end`].
    pub end: String,
    /// The ids and groups of what ran.
    pub ran: Vec<String>,
    /// Its standard error and its standard output.
    pub output: String,
    /// The calls of each process that set ids or groups.
    pub sequences: Vec<Sequence>,
    /// The ids of all threads.
    pub threads: BTreeSet<i32>,
    /// The names of the root's accounts.
    pub names: Names,
}

/// Runs a program in a state.
///
/// # Errors
/// When the state could not be made, or the program did not start or did not end.
pub fn run(row: &Row, state: State, root: &Root, options: &FieldOptions) -> Result<Left, String> {
    let place = Place::new(&root.dir, Proc::Sealed)?;
    for (name, text) in
        [("setup", row.setup.as_str()), ("run", &row.run), ("enter", ENTER), ("prepare", SETUP)]
    {
        place.give(name, text)?;
    }
    let kind = if row.target == Target::Daemon { "daemon" } else { "command" };
    let (script, seconds) = (format!("{RESULTS}/prepare"), row.seconds.to_string());
    let words = ["sh", "-eu", &script, &calls::traced(), state.name(), kind, &seconds];
    let came = place.run(&words, Duration::from_secs(options.limit.unwrap_or(LIMIT) + row.seconds));
    if let Some(keep) = &options.keep {
        let to = keep.join(&root.release).join(&row.name).join(state.name());
        place.keep(&["trace", "stdout", "stderr", "prepared", "workers", "ran"], &to)?;
    }
    let came = came.map_err(|why| format!("{}: {why}", state.name()))?;
    if place.read("namespace") != state.files() {
        let said = format!("{}{}", came.stderr, place.read("prepared"));
        return Err(format!("the state {} could not be made: {}", state.name(), said.trim()));
    }
    let (trace, names) = (Trace::read(&place.read("trace"))?, Names::of(&root.dir));
    Ok(Left {
        end: end(&place)?,
        ran: match row.target {
            Target::Daemon => workers(&place.read("workers"), &names),
            Target::Command | Target::Exit => ran(&place.read("ran"), &names),
        },
        output: place.read("stderr") + &place.read("stdout"),
        sequences: calls::sequences(&trace)?,
        threads: calls::threads(&trace),
        names,
    })
}

/// A shell gives 128 and the number for a signal.
fn end(place: &Place) -> Result<String, String> {
    if !place.read("running").is_empty() {
        return Ok("running".to_owned());
    }
    match place.read("status").trim().parse() {
        Ok(status @ 129..=192) => Ok(format!("signal {}", status - 128)),
        Ok(status @ 0..=255) => Ok(format!("exit {status}")),
        Ok(other) => Err(format!("the command ended with {other}")),
        Err(_) => Err("the command did not end".to_owned()),
    }
}

/// A line for each time that `showid` ran, those that are alike once.
fn ran(text: &str, names: &Names) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().filter_map(|line| ids(line, names)).collect();
    lines.dedup();
    lines
}

/// The processes of a daemon with their names, those that are alike once, in the order of the alphabet. A zombie serves
/// nothing.
fn workers(text: &str, names: &Names) -> Vec<String> {
    let field = |line: &str, name: &str| {
        let value = line.split(';').find_map(|it| it.strip_prefix(name))?.trim();
        Some(value.to_owned())
    };
    let living = |line: &&str| field(line, "State:").is_some_and(|state| !state.starts_with(['Z', 'X']));
    let of_row = |line: &&str| field(line, "Name:").is_some_and(|name| name != SHELL);
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| living(line) && of_row(line))
        .filter_map(|line| Some(format!("{} {}", field(line, "Name:")?, ids(line, names)?)))
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_are_alike_are_one_line_and_a_zombie_is_none() {
        let line = |name: &str, state: &str, id: u32| {
            format!("Name: {name};State: {state} (x);Uid: {id} {id} {id} {id};Gid: 0 0 0 0;Groups: 27 ;\n")
        };
        let text = line("b", "S", 33) + &line("b", "R", 33) + &line("a", "S", 0) + &line("c", "Z", 33) + "\n";

        assert_eq!(workers(&text, &Names::default()), ["a 0:0 {27}", "b 33:0 {27}"]);
    }
}
