//! The rules of the kernel: by name, and by the system call that they answer and the errno, for a person who has a symptom
//! and no name of a rule.

use std::fmt::Write as _;

use harness::rules::{self, Rule};
use harness_explain::calls;
use harness_explain::named::RuleName;

use clap::Args;

use crate::invocation::{self, PROGRAM, named};
use crate::ui::print::print;
use crate::ui::style::BOLD;
use crate::ui::verdict::Verdict;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  userns-suite rules groups.                         the rules of a family, with sentence and source
  userns-suite rules --call setgroups --errno EPERM  the rules by which a call is refused
  userns-suite run --rule groups.denied              whether a rule holds here";

/// Options of `rules`.
#[derive(Args, Debug)]
pub struct RulesOptions {
    /// Only rules whose names begin so
    #[arg(value_name = "NAME", conflicts_with_all = ["call", "errno"])]
    pub names: Vec<String>,
    /// Only rules that answer this system call, or writes to this file of /proc
    #[arg(long, value_name = "CALL")]
    pub call: Option<String>,
    /// Only rules that answer with this errno
    #[arg(long, value_name = "ERRNO")]
    pub errno: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// Lists the rules that the options select, and runs nothing.
///
/// # Errors
/// As for [`list`]; if no rule's name begins as asked.
pub fn run(options: &RulesOptions) -> Result<Verdict, String> {
    if options.call.is_some() || options.errno.is_some() {
        return list(options.call.as_deref(), options.errno.as_deref(), options.json);
    }
    print_all(&by_name(&options.names)?, options.json)
}

/// The rules whose names begin as asked; all of them if nothing is asked.
///
/// # Errors
/// The name with which no rule begins, and where to look.
pub fn by_name(names: &[String]) -> Result<Vec<&'static Rule>, String> {
    let begins = |rule: &&Rule| names.is_empty() || names.iter().any(|name| rule.name.starts_with(name));
    let unknown = names.iter().find(|name| !rules::all().any(|rule| rule.name.starts_with(name.as_str())));
    match unknown {
        Some(name) => Err(format!(
            "no rule's name begins with {name:?}; {}{}",
            named("`cargo ci rules` lists them"),
            suggestion(name)
        )),
        None => Ok(rules::all().filter(begins).collect()),
    }
}

/// Lists the rules of a call and an errno, and runs nothing.
///
/// # Errors
/// If no call or no errno has this name, if no rule fits, or if the list cannot be written as JSON.
pub fn list(call: Option<&str>, errno: Option<&str>, json: bool) -> Result<Verdict, String> {
    print_all(&found(call, errno)?, json)
}

fn print_all(found: &[&'static Rule], json: bool) -> Result<Verdict, String> {
    if json {
        let names: Vec<RuleName> = found.iter().copied().map(RuleName).collect();
        let json = serde_json::to_string_pretty(&names)
            .map_err(|error| format!("the rules cannot be written as JSON: {error}"))?;
        print(format_args!("{json}\n"));
    } else {
        print(text(found));
    }
    Ok(Verdict::Good)
}

fn found(call: Option<&str>, errno: Option<&str>) -> Result<Vec<&'static Rule>, String> {
    let number = errno.map(|name| calls::errno(name).ok_or_else(|| unknown_errno(name))).transpose()?;
    let rules: Vec<&'static Rule> = match call {
        Some(name) => calls::find(name).ok_or_else(|| unknown_call(name))?.rules(number),
        None => rules::all().filter(|rule| number.is_none_or(|it| rule.errnos.contains(&it))).collect(),
    };
    match (rules.is_empty(), call, errno) {
        (true, Some(call), Some(errno)) => {
            Err(format!("no rule of user namespaces answers {call} with {errno}"))
        }
        _ => Ok(rules),
    }
}

fn unknown_errno(name: &str) -> String {
    format!("no rule answers with {name:?}: an errno is named as in errno(3), such as EPERM")
}

fn unknown_call(name: &str) -> String {
    let names: Vec<&str> = calls::all().iter().map(|call| call.name.as_str()).collect();
    format!("no rule is known by the call {name:?}; there are {}", names.join(", "))
}

fn text(rules: &[&Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let since = rule.since.map(|release| format!(" Since Linux {release}.")).unwrap_or_default();
        let _ = writeln!(text, "{BOLD}{:<34}{BOLD:#} {}", rule.name, rule.outcome());
        let _ = writeln!(text, "    {}{since}\n    Source: {}", rule.sentence, rule.source);
    }
    let noun = if rules.len() == 1 { "rule" } else { "rules" };
    let how = match invocation::name() {
        PROGRAM => "userns-suite run --rule NAME",
        _ => "cargo ci rules NAME",
    };
    let _ = writeln!(text, "{} {noun}; `{how}` prints whether one holds here", rules.len());
    text
}

/// What to add to the error that no rule is called so, if a call is: its rules, by their names.
pub fn suggestion(name: &str) -> String {
    let Some(call) = calls::find(name) else { return String::new() };
    let names: Vec<&str> = call.rules(None).iter().map(|rule| rule.name).collect();
    format!(
        "\n{name} is a call: `{} rules --call {}` lists what it may answer\nrules of {}: {}",
        invocation::name(),
        call.name,
        call.about,
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_and_an_errno_choose_the_rules() {
        let names = |call, errno| -> Vec<&str> {
            found(call, errno).expect("known").iter().map(|rule| rule.name).collect()
        };
        let eperm = names(Some("setgroups"), Some("EPERM"));

        assert!(eperm.contains(&"groups.denied") && !eperm.contains(&"groups.unmapped"), "{eperm:?}");
        assert!(names(None, Some("ESPIPE")).contains(&"map.position"));
    }

    #[test]
    fn what_is_not_known_is_an_error_with_the_names_that_are() {
        let error = |call, errno| found(call, errno).expect_err("not known");

        assert!(error(Some("frobnicate"), None).contains("there are setgroups, getgroups, "));
        assert!(error(None, Some("EWHAT")).contains("\"EWHAT\""));
        assert_eq!(
            error(Some("kill"), Some("EFAULT")),
            "no rule of user namespaces answers kill with EFAULT"
        );
    }

    #[test]
    fn rules_are_selected_by_the_beginning_of_their_names() {
        let one = by_name(&["map.written-once".to_owned()]).expect("there is such a rule");
        assert_eq!(one.len(), 1);
        assert!(by_name(&["map.".to_owned()]).is_ok_and(|rules| rules.len() > 5));
        assert_eq!(by_name(&[]).map(|rules| rules.len()), Ok(rules::all().count()));
        assert!(by_name(&["amp.".to_owned()]).is_err_and(|error| error.contains("\"amp.\"")));
    }

    #[test]
    fn the_name_of_a_call_leads_to_its_rules() {
        let error = by_name(&["setgroups".to_owned()]).expect_err("no rule begins so");

        assert!(error.contains("`cargo ci rules --call setgroups`"), "{error}");
        assert!(error.contains("groups.denied"), "{error}");
        assert!(by_name(&["amp.".to_owned()]).is_err_and(|error| !error.contains("--call")));
    }
}
