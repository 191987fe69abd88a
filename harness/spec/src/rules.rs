//! The rules of the kernel that this suite tests. Each rule has a stable name.
//!
//! A test names the rules that it pins: `#[harness::test(Root, pins("map.written-once"))]`. A name that is
//! not in this table does not compile. `cargo ci rules` prints each rule with its tests and whether it
//! holds on this kernel. `docs/rules.md` is generated from the same table.
//!
//! A rule that is younger than user namespaces (3.8) has its first release, and its commit in the source. On a
//! kernel without the rule, the outcomes of its tests differ.

mod creating;
mod entering;
mod ids;
mod joining;
mod maps;
mod meaning;
mod mounting;
mod opening;
mod owning;
mod setgroups;
mod vulnerabilities;

pub use crate::changes;
use nix::errno::Errno;

/// One thing that the kernel does.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: family, full stop, claim. Names do not change, because reports refer to them.
    pub name: &'static str,
    /// What the kernel does, in one or a few sentences.
    pub sentence: &'static str,
    /// What a program gets: one of these errnos, or success if the list is empty.
    pub errnos: &'static [Errno],
    /// The manual page and its section, or the function or the commit of the kernel.
    pub source: &'static str,
    /// The first release that has the rule, if that is later than 3.8.
    pub since: Option<&'static str>,
    /// Why no test pins the rule, if none does.
    pub untested: Option<&'static str>,
}

impl Rule {
    /// The part of the name before the full stop.
    pub fn family(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(family, _)| family)
    }

    /// The errnos as a report prints them: "EPERM or EINVAL", or "ok" for success.
    pub fn outcome(&self) -> String {
        match self.errnos {
            [] => "ok".to_owned(),
            errnos => errnos.iter().map(|errno| format!("{errno:?}")).collect::<Vec<_>>().join(" or "),
        }
    }

    const fn since(mut self, release: &'static str) -> Self {
        self.since = Some(release);
        self
    }

    const fn untested(mut self, reason: &'static str) -> Self {
        self.untested = Some(reason);
        self
    }
}

/// A family of rules: its topic, and its rules in the order in which reports list them.
#[derive(Debug)]
pub struct Family {
    /// The heading that reports print above the rules.
    pub title: &'static str,
    /// The rules.
    pub rules: &'static [Rule],
}

/// Every rule, by family.
pub static FAMILIES: &[Family] = &[
    Family { title: "Creating a namespace", rules: creating::CREATING },
    Family { title: "Limits", rules: creating::LIMITS },
    Family { title: "Offsets of a time namespace", rules: creating::TIME },
    Family { title: "Joining a namespace", rules: joining::JOINING },
    Family { title: "Joining namespaces of other kinds", rules: joining::OTHERS },
    Family { title: "Querying namespaces", rules: joining::ASKING },
    Family { title: "Credentials after entering a namespace", rules: entering::ENTERING },
    Family { title: "Privilege over the resources of a namespace", rules: owning::OWNERSHIP },
    Family { title: "What root of a namespace lacks", rules: owning::HOSTS },
    Family { title: "Mounting in a namespace", rules: mounting::MOUNTING },
    Family { title: "Idmapped mounts", rules: mounting::IDMAPPED },
    Family { title: "Opening the files in /proc", rules: opening::OPENING },
    Family { title: "Writing a map: permission and order", rules: maps::WRITING },
    Family { title: "Writing a map: the text", rules: maps::TEXT },
    Family { title: "Writing a map: the allowed ids", rules: maps::PERMITTED },
    Family { title: "The meaning of a map", rules: meaning::MEANING },
    Family { title: "Writing /proc/PID/setgroups", rules: setgroups::FILE },
    Family { title: "setgroups(2) and getgroups(2)", rules: setgroups::CALLS },
    Family { title: "Groups and permission", rules: setgroups::MEMBERSHIP },
    Family { title: "Setting ids", rules: ids::SETTING },
    Family { title: "Effects of a change of ids", rules: ids::CONSEQUENCES },
    Family { title: "Programs", rules: ids::PROGRAMS },
    Family { title: "Vulnerabilities", rules: vulnerabilities::VULNERABILITIES },
    Family { title: "Races", rules: vulnerabilities::RACES },
];

/// Every rule, in the order of the families.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules)
}

/// The rule of this name, if there is one.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}

/// The rule of this name. `#[harness::test]` calls this function when the test is compiled.
///
/// # Panics
/// If there is no rule of this name.
pub const fn named(name: &str) -> &'static Rule {
    let mut family = 0;
    while family < FAMILIES.len() {
        let rules = FAMILIES[family].rules;
        let mut index = 0;
        while index < rules.len() {
            if same(rules[index].name, name) {
                return &rules[index];
            }
            index += 1;
        }
        family += 1;
    }
    panic!("no rule has this name: the rules are in harness/spec/src/rules");
}

/// Whether two strings are equal. `==` of strings does not work in a constant.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A rule as old as user namespaces, which a test pins.
const fn rule(
    name: &'static str,
    errnos: &'static [Errno],
    sentence: &'static str,
    source: &'static str,
) -> Rule {
    Rule { name, sentence, errnos, source, since: None, untested: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_of_one_form() {
        let mut seen = BTreeSet::new();
        for rule in all() {
            let letters = |part: &str| {
                !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            let two = rule.name.split_once('.');
            assert!(two.is_some_and(|(family, claim)| letters(family) && letters(claim)), "{}", rule.name);
            assert!(seen.insert(rule.name), "two rules are called {}", rule.name);
        }
    }

    #[test]
    fn each_has_a_sentence_and_a_source() {
        for rule in all() {
            assert!(rule.sentence.ends_with('.') && !rule.source.is_empty(), "{}", rule.name);
            assert!(!rule.sentence.contains('\n') && !rule.sentence.contains("  "), "{}", rule.name);
        }
    }

    #[test]
    fn a_rule_is_found_by_its_name() {
        for rule in all() {
            assert_eq!(named(rule.name), rule);
            assert_eq!(find(rule.name), Some(rule));
        }
    }

    #[test]
    #[should_panic(expected = "no rule has this name")]
    fn an_unknown_name_is_refused() {
        named("map.written-twice");
    }
}
