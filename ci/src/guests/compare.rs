//! Where a kernel differs from the newest one.

use std::mem::discriminant;

use crate::guests::outcome::Outcome;
use crate::guests::start::Start;
use crate::report::record::Comparison;

/// The kernel with the highest release of those that were asked in full. gVisor's number is not its own, and a
/// distribution has the host's; of distributions alone the last is the newest.
pub fn newest(outcomes: &[Outcome]) -> Option<&Outcome> {
    let judged = outcomes.iter().filter(|it| it.failure.is_none() && it.start != Start::Gvisor);
    let (roots, judged): (Vec<_>, Vec<_>) = judged.partition(|it| it.start == Start::Rootfs);
    // Of equals the first one: guests are alike, a host may be anything.
    let kernel = judged.into_iter().rev().max_by_key(|it| version(it.release.as_deref().unwrap_or_default()));
    kernel.or(roots.last().copied())
}

/// The first three numbers of a release; a release candidate comes before the release.
fn version(release: &str) -> ([u64; 3], bool) {
    let (numbers, rest) = release.split_at(release.find(['-', '+', '~']).unwrap_or(release.len()));
    let mut parts = numbers.split('.').map(|part| part.parse().unwrap_or(0));
    let candidate = rest.contains("rc");
    ([0; 3].map(|none: u64| parts.next().unwrap_or(none)), !candidate)
}

/// How `one` differs from `newest`, as far as the same users ran the same tests.
pub fn compare(one: &Outcome, newest: &Outcome) -> Comparison {
    let mut difference = Comparison::default();
    for user in &one.users {
        // A user is root or is not; which number an ordinary one has is no matter.
        let Some(other) = newest.users.iter().find(|other| (other.uid == 0) == (user.uid == 0)) else {
            continue;
        };
        for (test, ended) in &user.ended {
            match other.ended.get(test) {
                Some(there) if discriminant(&there.end) != discriminant(&ended.end) => {
                    difference.tests.push(test.clone());
                }
                None if other.skipped.contains_key(test) => difference.skipped_there += 1,
                _ => {}
            }
        }
        difference.skipped_here += user.skipped.keys().filter(|test| other.ended.contains_key(*test)).count();
    }
    difference
}

impl Comparison {
    /// In a few words; all names or the first.
    pub fn words(&self, all: bool) -> String {
        let shown = if all { self.tests.len() } else { self.tests.len().min(2) };
        let more = self.tests.len() - shown;
        let names = self.tests[..shown].join(", ");
        let mut words = Vec::new();
        match (self.tests.len(), more) {
            (0, _) => {}
            (1, _) => words.push(names),
            (count, 0) => words.push(format!("{count} tests: {names}")),
            (count, _) => words.push(format!("{count} tests: {names}, and {more} more")),
        }
        for (count, how) in [(self.skipped_here, "skipped here"), (self.skipped_there, "skipped there")] {
            if count > 0 {
                words.push(format!("{count} {how}"));
            }
        }
        if words.is_empty() { "same".to_owned() } else { words.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use harness_program::protocol::End;

    use super::*;
    use crate::guests::failure::RunFailure;
    use crate::guests::outcome::tests::outcome;

    #[test]
    fn the_newest_is_the_highest_release_that_was_judged() {
        let kernel = |name: &str, release: &str| outcome(name, release, &[("a", End::Passed)], &[]);
        let all = [
            kernel("a", "6.12.9"),
            kernel("b", "7.3.4+deb13"),
            kernel("c", "7.3.4-cloud"),
            kernel("d", "5.10"),
        ];
        let name = |all: &[Outcome]| newest(all).map(|it| it.name.clone());

        assert_eq!(name(&all).as_deref(), Some("b"));
        let panicked = Outcome { failure: Some(RunFailure::Panicked("x".into())), ..kernel("e", "7.4") };
        assert_eq!(name(&[all[0].clone(), panicked]).as_deref(), Some("a"));
        assert!(version("7.4.0-rc3") > version("7.3.9") && version("7.4.0-rc3") < version("7.4.0"));
        assert!(version("7.4~rc3-amd64") > version("7.3.9+deb13"));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn tests_that_ended_differently_are_named_and_skips_are_counted() {
        let failed = End::Failed("exit code 101".into());
        let other = End::Failed("exit code 1".into());
        let new = outcome("n", "7", &[("a", End::Passed), ("b", failed), ("c", End::Passed)], &[("d", "no")]);
        let old =
            outcome("o", "6", &[("a", End::TimedOut), ("b", other), ("d", End::Passed)], &[("c", "no")]);

        let seen = compare(&old, &new);
        assert_eq!(seen, Comparison { tests: vec!["a".into()], skipped_here: 1, skipped_there: 1 });
        assert_eq!(seen.words(false), "a; 1 skipped here; 1 skipped there");
        assert_eq!(compare(&new, &new).words(false), "same");
        let many = Comparison { tests: ["a", "b", "c"].map(String::from).into(), ..Comparison::default() };
        assert_eq!(many.words(false), "3 tests: a, b, and 1 more");
        assert_eq!(many.words(true), "3 tests: a, b, c");
    }
}
