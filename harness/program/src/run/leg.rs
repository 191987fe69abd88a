//! The tests of a run as the user who runs them: what is skipped, what is played, and what came of it, as events.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::findings::{Findings, Left};
use harness::listing::{ListedTest, Listing};
use harness::suite::Prepared;
use nix::unistd::geteuid;

use crate::protocol::{End, Event};
use crate::run::pool::{self, Happened};
use crate::run::server::{self, Ended};

/// How much of a failed test's output is kept: the diff of the largest snapshot fits.
const OUTPUT: usize = 64 << 10;

/// A run that is to be made.
pub struct Leg<'a> {
    /// The suite.
    pub suite: &'a Prepared,
    /// Its tests, and whether they can run here.
    pub listing: &'a Listing,
    /// The names of the tests that are asked for.
    pub asked: BTreeSet<String>,
    /// How many are played at a time.
    pub jobs: usize,
    /// After how long a test is killed.
    pub limit: Duration,
}

impl Leg<'_> {
    /// Plays the tests. The caller of `tell` hears first of the user, then of each skip, then of the tests, and last how many
    /// there were.
    ///
    /// # Errors
    /// What could not be started or told; "interrupted" after a signal.
    pub fn play(&self, tell: &mut dyn FnMut(Event) -> Result<(), String>) -> Result<(), String> {
        let facts = serde_json::to_value(harness::facts())
            .map_err(|error| format!("the facts of this host are no JSON: {error}"))?;
        tell(Event::UserStarted { uid: geteuid().as_raw(), facts })?;
        let asked = |test: &&ListedTest| self.asked.contains(&test.test.name);
        let (skipped, ready): (Vec<_>, Vec<_>) =
            self.listing.tests.iter().filter(asked).partition(|test| test.skipped.is_some());
        for ListedTest { test, skipped: reason, skipped_everywhere, .. } in &skipped {
            let reason = reason.clone().unwrap_or_default();
            tell(Event::Skipped { test: test.name.clone(), reason, everywhere: *skipped_everywhere })?;
        }
        let ready: Vec<String> = ready.into_iter().map(|test| test.test.name.clone()).collect();
        pool::play(self.suite, &ready, self.jobs, self.limit, &mut |happened| match happened {
            Happened::Started(test) => tell(Event::Started { test }),
            Happened::Ended(test, ended) => events(test, ended).into_iter().try_for_each(&mut *tell),
        })?;
        tell(Event::UserEnded { ran: ready.len(), skipped: skipped.len() })
    }
}

/// What a test that is over tells: what it left, and how it ended.
fn events(test: String, ended: Result<Ended, String>) -> Vec<Event> {
    let ended = match ended {
        Ok(ended) => ended,
        Err(why) => {
            let (how, output) = why.split_once('\n').unwrap_or((&why, ""));
            let (end, output) = (End::Crashed(how.to_owned()), last(output, OUTPUT).to_owned());
            return vec![Event::Ended { test, end, milliseconds: 0, output, differences: Vec::new() }];
        }
    };
    let (mut events, mut found) = (Vec::new(), Findings::default());
    for left in ended.left {
        match left {
            Left::Findings(findings) => found = findings,
            Left::Snapshot { path, text } => events.push(Event::Snapshot { path: path.into(), text }),
            Left::Reproducer { name, text } => events.push(Event::Reproducer { name: name.into(), text }),
        }
    }
    let end = judged(server::end(&ended.process, &ended.said), found.too_slow);
    let output = if end == End::Passed { String::new() } else { last(&ended.said, OUTPUT).to_owned() };
    let milliseconds = u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX);
    events.push(Event::Ended { test, end, milliseconds, output, differences: found.differences });
    events
}

/// A test that failed because this machine is too slow for it breaks no rule.
fn judged(end: End, too_slow: Option<String>) -> End {
    match (end, too_slow) {
        (End::Failed(_), Some(why)) => End::TooSlow(why),
        (end, _) => end,
    }
}

/// The last `most` bytes at most, where a character begins.
fn last(text: &str, most: usize) -> &str {
    let from = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[from.unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::server::ProcessEnd;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    #[test]
    fn only_a_failure_can_be_that_of_a_slow_machine() {
        let slow = || Some("too slow here: x".to_owned());
        let failed = || End::Failed("exit code 101".into());

        assert_eq!(judged(failed(), slow()), End::TooSlow("too slow here: x".into()));
        assert_eq!(judged(End::Crashed("signal 9".into()), slow()), End::Crashed("signal 9".into()));
        assert_eq!(judged(failed(), None), failed());
    }

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        assert_eq!(last("short", 9), "short");
        assert_eq!(last("ab\u{e9}cd", 3), "cd");
    }

    #[test]
    fn what_a_test_left_comes_before_its_end_and_a_server_that_ends_is_a_crash() {
        let left = vec![
            Left::Reproducer { name: "a.c".into(), text: "int main;".into() },
            Left::Findings(Findings { too_slow: Some("too slow here: x".into()), ..Findings::default() }),
        ];
        let process = ProcessEnd::ByItself(ExitStatus::from_raw(101 << 8));
        let ended = Ended { process, said: "words".into(), left, took: Duration::from_millis(7) };

        let told = events("a::b".into(), Ok(ended));

        let over = Event::Ended {
            test: "a::b".into(),
            end: End::TooSlow("too slow here: x".into()),
            milliseconds: 7,
            output: "words".into(),
            differences: Vec::new(),
        };
        assert_eq!(told, [Event::Reproducer { name: "a.c".into(), text: "int main;".into() }, over]);
        let crashed = events("a::b".into(), Err("the suite ended\nsignal: 9".into()));
        assert!(matches!(&crashed[..], [Event::Ended { end: End::Crashed(why), output, .. }]
            if why == "the suite ended" && output == "signal: 9"));
    }
}
