//! Which rules may answer a system call: the table `data/calls.toml`.

use std::sync::OnceLock;

use harness_spec::rules::{self, Rule};
use nix::errno::Errno;
use serde::Deserialize;

/// A system call, and the rules that may answer it.
#[derive(Debug)]
pub struct Call {
    /// Its name, such as "setgroups".
    pub name: String,
    /// What the name stands for, such as "setgroups(2)".
    pub about: String,
    /// Other names under which it is found: "initgroups".
    pub also: Vec<String>,
    answers: Vec<Answer>,
}

/// A rule, and the errno to which the table restricts it for this call.
#[derive(Debug)]
struct Answer {
    rule: &'static Rule,
    only: Option<Errno>,
}

impl Call {
    /// The rules that may answer this call, in the order of the table; with an errno, only those that answer with it.
    pub fn rules(&self, errno: Option<Errno>) -> Vec<&'static Rule> {
        self.answers.iter().filter(|answer| answer.fits(errno)).map(|answer| answer.rule).collect()
    }
}

impl Answer {
    fn fits(&self, errno: Option<Errno>) -> bool {
        let Some(errno) = errno else { return true };
        self.rule.errnos.contains(&errno) && self.only.is_none_or(|only| only == errno)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    call: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    about: String,
    #[serde(default)]
    also: Vec<String>,
    rules: Vec<String>,
}

/// Every call of the table.
///
/// # Panics
/// If the table, which is part of the program, cannot be read. A test reads it.
pub fn all() -> &'static [Call] {
    static CALLS: OnceLock<Vec<Call>> = OnceLock::new();
    CALLS.get_or_init(|| read(include_str!("../data/calls.toml")).unwrap_or_else(|error| panic!("{error}")))
}

/// The call of this name or of one that stands for it: "initgroups" is setgroups(2). A section in brackets is ignored.
pub fn find(name: &str) -> Option<&'static Call> {
    let name = name.split('(').next().unwrap_or(name);
    all().iter().find(|call| call.name == name || call.also.iter().any(|also| also == name))
}

/// The errno of this name, such as "EPERM"; lower-case letters are taken as well.
pub fn errno(name: &str) -> Option<Errno> {
    let name = name.to_uppercase();
    let used = rules::all().flat_map(|rule| rule.errnos).copied();
    used.into_iter().find(|errno| format!("{errno:?}") == name)
}

fn read(text: &str) -> Result<Vec<Call>, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("calls.toml: {error}"))?;
    table.call.into_iter().map(call).collect()
}

fn call(row: Row) -> Result<Call, String> {
    let answers: Result<Vec<_>, _> = row.rules.iter().map(|words| answers(words)).collect();
    let answers = answers.map_err(|error| format!("calls.toml, {}: {error}", row.name))?;
    Ok(Call {
        name: row.name,
        about: row.about,
        also: row.also,
        answers: answers.into_iter().flatten().collect(),
    })
}

/// The rules that words of the table name: "groups.denied", "deny.*" or "mean.down:EINVAL".
fn answers(words: &str) -> Result<Vec<Answer>, String> {
    let (name, only) = match words.split_once(':') {
        Some((name, word)) => (name, Some(errno(word).ok_or_else(|| format!("{word} is no rule's errno"))?)),
        None => (words, None),
    };
    let rules: Vec<&'static Rule> = match name.strip_suffix(".*") {
        Some(family) => rules::all().filter(|rule| rule.family() == family).collect(),
        None => rules::find(name).into_iter().collect(),
    };
    if rules.is_empty() {
        return Err(format!("no rule is called {name}"));
    }
    if let Some(rule) = rules.iter().find(|rule| only.is_some_and(|only| !rule.errnos.contains(&only))) {
        return Err(format!("{} does not answer with {}", rule.name, words));
    }
    Ok(rules.into_iter().map(|rule| Answer { rule, only }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(call: &str, errno: Option<Errno>) -> Vec<&'static str> {
        find(call).map_or_else(Vec::new, |call| call.rules(errno).iter().map(|rule| rule.name).collect())
    }

    #[test]
    fn every_rule_that_refuses_is_found_by_a_call_and_by_each_of_its_errnos() {
        for rule in rules::all() {
            for errno in rule.errnos {
                let found = all().iter().any(|call| call.rules(Some(*errno)).contains(&rule));
                assert!(found, "no call of calls.toml finds {} by {errno:?}", rule.name);
            }
        }
    }

    #[test]
    fn a_name_stands_for_one_call() {
        let mut seen = std::collections::BTreeSet::new();
        for call in all() {
            for name in call.also.iter().chain([&call.name]) {
                assert!(seen.insert(name.as_str()), "two calls are called {name}");
            }
        }
    }

    #[test]
    fn the_errno_decides_which_rules_of_a_call_are_found() {
        let eperm = names("setgroups", Some(Errno::EPERM));
        assert!(eperm.contains(&"groups.denied") && eperm.contains(&"groups.needs-gid-map"), "{eperm:?}");
        assert!(!eperm.contains(&"groups.unmapped") && !eperm.contains(&"groups.allowed"), "{eperm:?}");
        assert!(names("setgroups", None).contains(&"groups.allowed"));
        assert_eq!(names("initgroups(3)", Some(Errno::EPERM)), eperm);
        assert!(names("setuid", Some(Errno::EINVAL)).contains(&"mean.down"));
        assert!(!names("setuid", Some(Errno::ESRCH)).contains(&"mean.down"), "only setpriority(2) has ESRCH");
        assert!(find("nosuchcall").is_none());
    }

    #[test]
    fn a_wrong_row_is_an_error_that_names_it() {
        for (rules, error) in [
            ("groups.dennied", "calls.toml, x: no rule is called groups.dennied"),
            ("nofamily.*", "calls.toml, x: no rule is called nofamily.*"),
            ("mean.down:EPERM", "calls.toml, x: mean.down does not answer with mean.down:EPERM"),
            ("mean.down:EWHAT", "calls.toml, x: EWHAT is no rule's errno"),
        ] {
            let text = format!("[[call]]\nname = \"x\"\nabout = \"x\"\nrules = [\"{rules}\"]\n");
            assert_eq!(read(&text).expect_err("a wrong row"), error);
        }
        assert!(read("[[call]]\nnames = \"x\"\n").is_err_and(|error| error.starts_with("calls.toml: ")));
    }

    #[test]
    fn an_errno_is_read_by_its_name() {
        assert_eq!(errno("EPERM"), Some(Errno::EPERM));
        assert_eq!(errno("einval"), Some(Errno::EINVAL));
        assert_eq!(errno("EWHAT"), None);
    }
}
