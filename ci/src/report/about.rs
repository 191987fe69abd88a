//! What the page has to know of the suite, whatever the kernels said.

use std::collections::BTreeMap;
use std::path::Path;

use harness::listing::TestDescription;
use harness::rules::FAMILIES;
use harness::rules::changes::{self, ALL, Release};
use serde_json::Value;

use crate::report::record::{Change, Family, Rule, Suite, Traces};
use crate::run::snapshots::{self, SnapshotName};

/// What a run of kernels tells of the suite that asked them.
#[derive(Debug, Default)]
pub struct About {
    /// Rules and tests.
    pub suite: Suite,
    /// The tests that were asked for.
    pub asked: Vec<String>,
    /// Their reviewed snapshots.
    pub traces: Traces,
}

impl About {
    /// All of these tests, with the snapshots of those that are asked for.
    ///
    /// # Errors
    /// When a snapshot cannot be read.
    pub fn of(root: &Path, tests: &[TestDescription], asked: &[String]) -> Result<Self, String> {
        Ok(Self { suite: suite(tests), asked: asked.to_vec(), traces: traces(root, asked)? })
    }
}

/// Rules, changes and tests.
pub fn suite(tests: &[TestDescription]) -> Suite {
    let families = FAMILIES.iter().map(|family| Family {
        title: family.title.to_owned(),
        rules: family.rules.iter().map(rule).collect(),
    });
    Suite {
        families: families.collect(),
        changes: ALL.iter().map(|it| change(it)).collect(),
        tests: tests.to_vec(),
    }
}

fn rule(rule: &harness::rules::Rule) -> Rule {
    Rule {
        name: rule.name.to_owned(),
        sentence: rule.sentence.to_owned(),
        outcome: rule.outcome(),
        source: rule.source.to_owned(),
        since: rule.since.map(str::to_owned),
        untested: rule.untested.map(str::to_owned),
    }
}

fn change(change: &changes::Change) -> Change {
    let (major, minor) = change.release;
    let stable = change.stable.iter().map(|(major, minor, third)| format!("{major}.{minor}.{third}"));
    Change {
        name: change.name.to_owned(),
        rule: change.rule.to_owned(),
        what: change.what.to_owned(),
        releases: std::iter::once(format!("{major}.{minor}")).chain(stable).collect(),
        commit: change.commit.to_owned(),
    }
}

/// The names of the changes that a kernel is too old for, by the facts that a user saw.
pub fn lacks(facts: &Value) -> Vec<String> {
    let system = |name: &str| facts["system"][name].as_str().unwrap_or_default();
    let signature = facts["system"]["version_signature"].as_str();
    let release = Release::told(system("kernel_release"), system("kernel_version"), signature);
    ALL.iter().filter(|change| !change.is_in(release)).map(|change| change.name.to_owned()).collect()
}

/// The reviewed snapshots of these tests, from the directories beside the suite's sources.
///
/// # Errors
/// When one cannot be read.
pub fn traces(root: &Path, tests: &[String]) -> Result<Traces, String> {
    let names: BTreeMap<String, &String> = tests.iter().map(|test| (snapshots::owner(test), test)).collect();
    let mut traces = Traces::new();
    let below = root.join("tests");
    for file in snapshots::files(&below, ".snap")? {
        let Some(SnapshotName { owner, variant }) = SnapshotName::of(&file) else { continue };
        let Some(test) = names.get(&owner) else { continue };
        let path = below.join(&file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        traces.entry((*test).clone()).or_default().insert(variant, body(&text).to_owned());
    }
    Ok(traces)
}

/// A snapshot without its header.
pub fn body(snapshot: &str) -> &str {
    snapshot.split_once("\n---\n").map_or(snapshot, |(_, body)| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_lacks_what_is_younger_than_its_facts_say() {
        let facts = |release: &str| serde_json::json!({"system": {"kernel_release": release, "kernel_version": "#1 SMP Debian 6.1.10-1"}});

        let old = lacks(&facts("6.1.0-9"));
        let has = |name: &str| old.iter().any(|it| it == name);
        assert!(has("nothing-to-change") && !has("setfcap-for-root"), "{old:?}");
        assert!(lacks(&facts("9.9.9")).is_empty());
    }

    #[test]
    fn snapshots_are_found_by_test_and_variant() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let below = dir.path().join("tests/userns/snapshots/a");
        std::fs::create_dir_all(&below)?;
        for (name, text) in [("b", "one"), ("b@without-x", "other"), ("c", "not asked for")] {
            std::fs::write(below.join(format!("{name}.snap")), format!("---\nsource: x\n---\n{text}\n"))?;
        }

        let traces = traces(dir.path(), &["a::b".to_owned()])?;

        let expected = BTreeMap::from([("", "one\n"), ("without-x", "other\n")]);
        let found: BTreeMap<&str, &str> =
            traces["a::b"].iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!((traces.len(), found), (1, expected));
        Ok(())
    }
}
