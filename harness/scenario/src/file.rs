//! The files in which scenarios are kept: `run_as` and with which credentials, then a line for each step.
//! A line that begins with `#` is a comment.

use crate::action::{Action, RawArg, syscall};
use crate::actors::{Actor, RunAs};
use crate::scenario::{Scenario, Step};
use serde::Deserialize;
use std::fmt::{Display, Write as _};

/// The end of the name of such a file.
pub const ENDING: &str = "scenario";

/// The text of such a file, without comments.
///
/// # Errors
/// If the scenario has an action that no file can hold; the message names it.
pub fn write(scenario: &Scenario) -> Result<String, String> {
    let json =
        |value: serde_json::Result<String>| value.map_err(|error| format!("no file holds it: {error}"));
    let mut text = String::new();
    let _ = writeln!(text, "run_as {}", json(serde_json::to_string(&scenario.run_as))?);
    for Step { actor, action } in &scenario.steps {
        let _ = writeln!(text, "{actor} {}", json(serde_json::to_string(action))?);
    }
    Ok(text)
}

/// The scenario of such a text.
///
/// # Errors
/// What is wrong, and in which line.
pub fn read(text: &str) -> Result<Scenario, String> {
    let mut scenario = None;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
        let failed = |why: &dyn Display| format!("line {number}: {why}");
        let (who, what) = line.split_once(' ').ok_or_else(|| failed(&"no \"who what\""))?;
        match (&mut scenario, who) {
            // Older files call it the cast.
            (None, "run_as" | "cast") => {
                let run_as: RunAs = serde_json::from_str(what).map_err(|error| failed(&error))?;
                scenario = Some(Scenario::new(run_as));
            }
            (None, _) => return Err(failed(&"run_as comes first")),
            (Some(scenario), who) => {
                let actor = Actor::ALL.into_iter().find(|actor| actor.to_string() == who);
                let actor = actor.ok_or_else(|| failed(&format_args!("no actor is called {who}")))?;
                let action = action(what).map_err(|error| failed(&error))?;
                scenario.steps.push(Step { actor, action });
            }
        }
    }
    scenario.ok_or_else(|| "no run_as".to_owned())
}

/// The action of a line. Older files have system calls as `{"Raw": [name, number, arguments]}`.
fn action(json: &str) -> serde_json::Result<Action> {
    #[derive(Deserialize)]
    struct Older {
        #[serde(rename = "Raw")]
        raw: (String, i64, Vec<RawArg>),
    }
    match serde_json::from_str(json) {
        Ok(Older { raw: (name, number, args) }) => {
            // Such files are few and short, and the name stays.
            Ok(syscall(Box::leak(name.into_boxed_str()), number, args))
        }
        Err(_) => serde_json::from_str(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, DENY, Leaves, Results, SETGROUPS_EMPTY, syscall_for, syscall_i386, uid_map};
    use crate::scenario::{ordinary_in, root};

    #[test]
    fn what_is_written_is_read() {
        for scenario in
            [root(), ordinary_in(&[0, 5]).cloned(Actor::Inside).inside(&[DENY, uid_map("0 own 1")])]
        {
            let text = write(&scenario).expect("a file holds it");

            assert_eq!(read(&text), Ok(scenario), "{text}");
        }
    }

    #[test]
    fn a_system_call_with_all_that_it_may_have_is_read() {
        let args = vec![RawArg::ProcPath(Actor::Inside, "ns/user"), RawArg::Bytes(vec![0, 1].into())];
        for results in [Results::Nothing, Results::Fd, Results::Words(3), Results::Ids(&[4, 8])] {
            let calls = [
                syscall_for("any", 1, args.clone(), results),
                syscall_i386("old", 2, vec![], results),
                syscall_for("needed", 1, args.clone(), results).or_stop(),
            ];
            let scenario = root().inside(&calls);
            let text = write(&scenario).expect("a file holds it");

            assert_eq!(read(&text), Ok(scenario), "{text}");
        }
    }

    #[test]
    fn a_file_with_older_names_is_read() {
        let read = read(
            "cast \"Root\"\ninside \"Begin\"\ninside \"Look\"\ninside {\"Raw\":[\"getpid\",39,[\"Pid\"]]}\ninside {\"End\":\"Zombie\"}\n",
        );

        let getpid = syscall("getpid", 39, vec![RawArg::Pid]);
        let steps = [Action::GetCredentials, getpid, Action::Exit(Leaves::Zombie)];
        assert_eq!(read, Ok(root().inside(&steps)));
    }

    #[test]
    fn a_line_that_is_no_step_is_named() {
        let written = write(&root().inside(&[SETGROUPS_EMPTY])).expect("a file holds it");

        for (damaged, expected) in [
            (written.replace("inside ", "inside"), "line 2: no \"who what\""),
            (written.replace("inside ", "beside "), "line 2: no actor is called beside"),
            (written.replace("Fork", "Forks"), "line 2: unknown variant `Forks`"),
            (written.replace("run_as ", "runs_as "), "line 1: run_as comes first"),
            (written.replace("Root", "Rood"), "line 1: unknown variant `Rood`"),
            (String::new(), "no run_as"),
        ] {
            let error = read(&damaged).expect_err("a damaged file");
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
