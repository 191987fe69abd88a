//! Rules by the system call that they answer, and by the errno: for a person who has a symptom and no name of a rule.

use std::fmt::Write as _;

use harness::rules::{self, Rule};
use harness_explain::calls;
use harness_explain::named::RuleName;

use crate::rules::options::RulesOptions;
use crate::ui::print::print;
use crate::ui::style::BOLD;
use crate::ui::verdict::Verdict;

/// Lists the rules of a call and an errno, and runs nothing.
///
/// # Errors
/// If no call or no errno has this name, if no rule fits, or if the list cannot be written as JSON.
pub fn list(options: &RulesOptions) -> Result<Verdict, String> {
    let found = found(options.call.as_deref(), options.errno.as_deref())?;
    if options.json {
        let named: Vec<RuleName> = found.into_iter().map(RuleName).collect();
        let json = serde_json::to_string_pretty(&named)
            .map_err(|error| format!("the rules cannot be written as JSON: {error}"))?;
        print(format_args!("{json}\n"));
    } else {
        print(text(&found));
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
    let _ = writeln!(text, "{} {noun}; `cargo ci rules NAME` prints whether one holds here", rules.len());
    text
}

/// What to add to the error that no rule is called so, if a call is: its rules, by their names.
pub fn suggestion(name: &str) -> String {
    let Some(call) = calls::find(name) else { return String::new() };
    let names: Vec<&str> = call.rules(None).iter().map(|rule| rule.name).collect();
    format!(
        "\n{} is a call: `cargo ci rules --call {}` lists what it may answer\nrules of {}: {}",
        name,
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
}
