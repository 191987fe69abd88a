//! What a program does in a state, in a word.

use serde::Serialize;

use crate::programs::rows::Target;
use crate::programs::seen::Seen;
use crate::programs::states::GROUPS;

/// What a program does where a call may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The command ran, as under "allow".
    Works,
    /// It ran with the old groups, and the program made no call of setgroups(2).
    NeverAsks,
    /// It did not run.
    Refuses,
    /// It ran although a call was refused; there was a message.
    Warns,
    /// It ran although a call was refused, without a word.
    KeepsSilently,
    /// The processes of a daemon stay and none of them has become the user.
    StaysRoot,
}

impl Word {
    /// The word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::NeverAsks => "never asks",
            Self::Refuses => "refuses",
            Self::Warns => "warns",
            Self::KeepsSilently => "keeps silently",
            Self::StaysRoot => "stays root",
        }
    }
}

/// The word for what was seen, compared with what was seen under "allow".
pub fn word(target: Target, allow: &Seen, seen: &Seen) -> Word {
    match ran(target, allow, seen) {
        Ran::No => return Word::Refuses,
        Ran::AsRoot => return Word::StaysRoot,
        Ran::Yes => {}
    }
    match (seen.newly_refused(allow).is_some(), seen.says.is_empty()) {
        (true, true) => Word::KeepsSilently,
        (true, false) => Word::Warns,
        (false, _) if keeps(seen) => Word::NeverAsks,
        (false, _) => Word::Works,
    }
}

/// Whether the program has done under "allow" what the row is about. Without that a refusal shows nothing.
pub fn is_sound(target: Target, allow: &Seen) -> bool {
    ran(target, allow, allow) == Ran::Yes
}

#[derive(PartialEq, Eq)]
enum Ran {
    Yes,
    No,
    AsRoot,
}

fn ran(target: Target, allow: &Seen, seen: &Seen) -> Ran {
    match target {
        Target::Exit if seen.end == "exit 0" => Ran::Yes,
        Target::Exit => Ran::No,
        Target::Command if seen.ran.is_empty() => Ran::No,
        Target::Command => Ran::Yes,
        Target::Daemon => {
            let users: Vec<&str> =
                allow.ran.iter().filter_map(|line| user(line)).filter(|it| *it != "0").collect();
            let there = |line: &String| user(line).is_some_and(|it| users.contains(&it) || users.is_empty());
            match (seen.ran.iter().any(there), seen.ran.is_empty()) {
                (true, _) => Ran::Yes,
                (false, true) => Ran::No,
                (false, false) => Ran::AsRoot,
            }
        }
    }
}

/// The uid in `nginx 33:33 {33}`.
fn user(line: &str) -> Option<&str> {
    line.rsplit_once(" {")?.0.rsplit_once(':')?.0.rsplit(' ').next()
}

/// No call of setgroups(2) was made, and something ran with the old groups.
fn keeps(seen: &Seen) -> bool {
    let asks = seen.each_call().any(|call| call.starts_with("setgroups("));
    let list =
        |groups: &[u32]| format!("{{{}}}", groups.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    // A daemon is seen from outside, a command from inside.
    let inside = seen.state().map(|state| list(&state.namespace().groups)).unwrap_or_default();
    let old =
        |line: &String| line.ends_with(&list(&GROUPS)) || (!inside.is_empty() && line.ends_with(&inside));
    !asks && seen.ran.iter().any(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ran: &[&str], says: &[&str], calls: &str) -> Seen {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Seen { ran: texts(ran), says: texts(says), calls: vec![format!("x: {calls}")], ..Seen::default() }
    }

    #[test]
    fn a_command_that_ran_with_the_old_groups_is_judged_by_its_calls_and_its_words() {
        let allow = seen(&["1:1 {1}"], &[], "setgroups([1])");
        let of = |seen: &Seen| word(Target::Command, &allow, seen);

        assert_eq!(of(&allow), Word::Works);
        assert_eq!(of(&seen(&[], &["no"], "setgroups([1]) EPERM")), Word::Refuses);
        assert_eq!(of(&seen(&["1:1 {0 27 1000}"], &[], "setgroups([1]) EPERM")), Word::KeepsSilently);
        assert_eq!(of(&seen(&["1:1 {0 27 1000}"], &["no"], "setgroups([1]) EPERM")), Word::Warns);
        assert_eq!(of(&seen(&["1:1 {0 27 1000}"], &[], "setgid(1)")), Word::NeverAsks);
        // A call that succeeded is asking, too.
        assert_eq!(of(&seen(&["1:1 {0 27 1000}"], &[], "setgroups([0, 27, 1000])")), Word::Works);
    }

    #[test]
    fn a_daemon_runs_when_one_of_its_processes_is_the_user() {
        let allow = seen(&["nginx 0:0 {0}", "nginx 33:33 {33}"], &[], "setgroups([33])");
        let of = |ran: &[&str]| word(Target::Daemon, &allow, &seen(ran, &[], "setgroups([33]) EPERM"));

        assert_eq!(of(&["nginx 0:0 {0}", "nginx 33:33 {0 27 1000}"]), Word::KeepsSilently);
        assert_eq!(of(&["nginx 0:0 {0}", "nginx 0:33 {0 27 1000}"]), Word::StaysRoot);
        assert_eq!(of(&[]), Word::Refuses);
        assert!(is_sound(Target::Daemon, &allow) && !is_sound(Target::Daemon, &seen(&[], &[], "")));
    }

    #[test]
    fn a_program_of_which_only_the_status_counts_is_judged_by_it() {
        let end = |text: &str| Seen { end: text.to_owned(), ..seen(&[], &[], "setgroups([1])") };

        assert_eq!(word(Target::Exit, &end("exit 0"), &end("exit 0")), Word::Works);
        assert_eq!(word(Target::Exit, &end("exit 0"), &end("exit 100")), Word::Refuses);
        assert!(!is_sound(Target::Exit, &end("exit 100")));
    }
}
