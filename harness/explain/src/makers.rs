//! Which programs make a namespace in which a rule refuses, and how to repair that: the file `data/makers.toml`.

use std::sync::OnceLock;

use harness_scenario::map::IdMap;
use harness_spec::rules;
use serde::{Deserialize, Serialize};

use crate::process::Namespace;

/// A program that makes such namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// The program, with the option that matters.
    pub who: String,
    /// The rules for which it is a likely reason.
    #[serde(skip_serializing)]
    pub rules: Vec<String>,
    /// What /proc/PID/setgroups reads.
    #[serde(skip_serializing)]
    pub word: String,
    /// How many gids are mapped.
    #[serde(skip_serializing)]
    pub ids: Count,
    /// The gid map, if it is always the same.
    #[serde(skip_serializing)]
    pub map: Option<String>,
    /// The fewest lines of the gid map.
    #[serde(default, skip_serializing)]
    pub lines: usize,
    /// What to change.
    pub repair: String,
}

/// How many ids a map has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Count {
    /// The map is not written.
    None,
    /// One or two.
    Few,
    /// More.
    Range,
}

impl Count {
    /// Of a map by its text.
    pub fn of(map: &str) -> Self {
        match IdMap::parse(map).0.iter().map(|extent| u64::from(extent.count)).sum() {
            0 => Self::None,
            1 | 2 => Self::Few,
            _ => Self::Range,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    maker: Vec<Maker>,
}

fn read(text: &str) -> Result<Vec<Maker>, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("makers.toml: {error}"))?;
    let unknown = |maker: &Maker| maker.rules.iter().find(|name| rules::find(name).is_none()).cloned();
    match table.maker.iter().find_map(unknown) {
        Some(name) => Err(format!("makers.toml: no rule is called {name}")),
        None => Ok(table.maker),
    }
}

/// The likely makers of a namespace in which this rule refuses. None if its map or its word is not known.
pub fn likely(namespace: &Namespace, rule: &str) -> Vec<&'static Maker> {
    static MAKERS: OnceLock<Vec<Maker>> = OnceLock::new();
    let all = MAKERS
        .get_or_init(|| read(include_str!("../data/makers.toml")).unwrap_or_else(|error| panic!("{error}")));
    let (Some(map), Some(word)) = (namespace.gid_map.known(), namespace.setgroups.known()) else {
        return Vec::new();
    };
    all.iter().filter(|maker| maker.fits(map, word, rule)).collect()
}

impl Maker {
    fn fits(&self, map: &str, word: &str, rule: &str) -> bool {
        self.rules.iter().any(|name| name == rule)
            && self.word == word
            && self.ids == Count::of(map)
            && self.map.as_ref().is_none_or(|same| same == map)
            && self.lines <= IdMap::parse(map).0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_rules_that_exist_and_a_wrong_name_is_an_error() {
        assert!(read(include_str!("../data/makers.toml")).is_ok_and(|makers| makers.len() > 5));
        let wrong =
            "[[maker]]\nwho = \"x\"\nrules = [\"a.b\"]\nword = \"deny\"\nids = \"few\"\nrepair = \"y\"\n";
        assert_eq!(read(wrong), Err("makers.toml: no rule is called a.b".to_owned()));
    }

    #[test]
    fn map_and_word_decide_who_made_a_namespace() {
        let fits = |map: &str, word: &str| -> Vec<String> {
            let all = read(include_str!("../data/makers.toml")).expect("the table");
            let fitting = all.iter().filter(|maker| maker.fits(map, word, "groups.denied"));
            fitting.map(|maker| maker.who.split([' ', ',']).next().unwrap_or_default().to_owned()).collect()
        };

        assert_eq!(fits("0 100000 65536", "deny"), ["a", "another"]);
        assert_eq!(fits("0 0 65536", "deny"), ["a", "systemd", "another"]);
        assert_eq!(fits("0 1500 1; 1 200000 65535", "deny"), ["a", "minijail0", "another"]);
        assert_eq!(fits("0 1000 1", "deny")[0], "podman");
        assert!(!fits("0 1000 1", "deny").contains(&"a".to_owned()));
        assert_eq!(fits("0 100000 65536", "allow"), Vec::<String>::new());
    }

    #[test]
    fn ids_are_counted_over_all_lines() {
        for (map, count) in [
            ("", Count::None),
            ("0 0 1; 1500 1500 1", Count::Few),
            ("0 0 1; 1 1 2", Count::Range),
            ("0 0 4294967295", Count::Range),
        ] {
            assert_eq!(Count::of(map), count, "{map}");
        }
    }
}
