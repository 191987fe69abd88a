//! Whether a write to uid_map or gid_map would be accepted: the model is asked, and nothing is written.

use std::borrow::Cow;

use harness_play::here;
use harness_scenario::action::{Action, DENY, IdFile, Text};
use harness_scenario::actors::{Actor, RunAs};
use harness_scenario::caller::Caller;
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{CapSets, FsId, Ids};
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::{Scenario, caller};
use harness_scenario::start::Start;
use harness_spec::model::{self, World};
use harness_spec::rules;
use serde::Serialize;

use crate::named::RuleName;

/// Where the process that writes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// In the parent namespace, like a container runtime.
    Parent,
    /// In the new namespace, like `unshare --map-root-user`.
    Inside,
}

/// A write that is asked about. The namespace belongs to the user that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The text: lines of inside id, outside id and count.
    pub text: String,
    /// uid_map or gid_map.
    pub file: IdFile,
    /// The effective uid and gid of the writer in the parent namespace. Uid 0 has every capability there, and another uid
    /// has none.
    pub writer: [u32; 2],
    /// Where the writer is.
    pub from: From,
    /// Whether "deny" is written to /proc/PID/setgroups before.
    pub deny: bool,
    /// The map of the parent namespace, which is the same for uids and gids. `None` if that is the initial namespace.
    pub parent_map: Option<String>,
}

/// The answer of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The kernel accepts the write.
    Accepted,
    /// It refuses it.
    Refused {
        /// The errno.
        errno: String,
        /// The rule, if the catalogue has one.
        rule: Option<RuleName>,
    },
    /// The model does not know; the reason.
    Open(String),
}

/// The answer to a write, and what would change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// "uid_map" or "gid_map".
    pub file: &'static str,
    /// Where the writer is.
    pub from: From,
    /// The answer.
    pub answer: Answer,
    /// What follows for the namespace, if it is accepted.
    pub then: Option<&'static str>,
    /// If it is refused: changes of one thing each with which it would be accepted, as sentences.
    pub accepted_if: Vec<String>,
    /// What is not known, as sentences.
    pub unseen: Vec<String>,
}

impl Write {
    /// Asks the model about the write, and about those that differ in one thing.
    pub fn judge(&self) -> Judgement {
        let answer = self.answer();
        let accepted_if = match answer {
            Answer::Refused { .. } => self.accepted_if(),
            Answer::Accepted | Answer::Open(_) => Vec::new(),
        };
        let gives_up = answer == Answer::Accepted && self.deny;
        let then = "setgroups(2) is refused to every process of the namespace, by groups.denied";
        let initial = Start { in_initial_userns: true, ..here::start().clone() };
        let unseen =
            model::decides(&initial).err().map(|why| format!("{why}: the newest behaviour is shown"));
        Judgement {
            file: self.file.name(),
            from: self.from,
            answer,
            then: gives_up.then_some(then),
            accepted_if,
            unseen: unseen.into_iter().collect(),
        }
    }

    fn answer(&self) -> Answer {
        let scenario = self.scenario();
        let mut world = World::new(&RunAs::Caller, &self.start());
        let mut answer = Answer::Open("nothing was asked".to_owned());
        for step in &scenario.steps {
            let expected = world.expect(step);
            answer = match expected.outcome {
                Some(Outcome::Failed { errno, .. }) => Answer::Refused {
                    errno: format!("{errno:?}"),
                    rule: expected.rule.and_then(rules::find).map(RuleName),
                },
                Some(_) => Answer::Accepted,
                None => return Answer::Open(self.why_open()),
            };
        }
        answer
    }

    fn why_open(&self) -> String {
        let [uid, gid] = self.writer;
        match &self.parent_map {
            Some(map) => format!(
                "the parent's map \"{map}\" lacks uid {uid} or gid {gid}, so that this user cannot create the namespace \
                 (create.unmapped-uid, create.unmapped-gid)"
            ),
            None => "the model has no answer to this write".to_owned(),
        }
    }

    fn scenario(&self) -> Scenario {
        let writer = match self.from {
            From::Parent => Actor::Outside,
            From::Inside => Actor::Inside,
        };
        let lines = self.text.split(';').map(str::trim).collect::<Vec<_>>().join("\n");
        let write = Action::Write { file: self.file, of: None, text: Text::Words(Cow::Owned(lines)) };
        let actions = if self.deny { vec![DENY, write] } else { vec![write] };
        caller().outside(&[]).inside(&[]).by(writer, &actions)
    }

    fn start(&self) -> Start {
        let here = here::start();
        let same = |id| Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
        let full = CapSet::up_to(here.last_cap);
        let held = if self.writer[0] == 0 { full } else { CapSet::EMPTY };
        let caps = CapSets { effective: held, permitted: held, bounding: full, ..CapSets::default() };
        let map = self.parent_map.clone().unwrap_or_default();
        Start {
            caller: Caller {
                uid: same(self.writer[0]),
                gid: same(self.writer[1]),
                caps,
                files: [map.clone(), map, "allow".to_owned()],
                ..Caller::default()
            },
            in_initial_userns: self.parent_map.is_none(),
            ..here.clone()
        }
    }

    fn accepted_if(&self) -> Vec<String> {
        let others = [
            (
                "\"deny\" is written to /proc/PID/setgroups before; setgroups(2) is then refused for good",
                Self { deny: true, ..self.clone() },
            ),
            ("a process in the parent namespace writes it", Self { from: From::Parent, ..self.clone() }),
            ("the process in the namespace itself writes it", Self { from: From::Inside, ..self.clone() }),
            (
                "root of the parent namespace writes it there, or newuidmap or newgidmap by lines of /etc/subuid and /etc/subgid",
                Self { writer: [0, 0], from: From::Parent, ..self.clone() },
            ),
            (
                "it maps only the writer's own id: one line with the count 1",
                Self { text: self.own_line(), ..self.clone() },
            ),
            (
                "it maps only the writer's own id, and \"deny\" is written before",
                Self { text: self.own_line(), deny: true, ..self.clone() },
            ),
        ];
        let accepted = others.into_iter().filter(|(_, other)| other != self);
        let mut sentences: Vec<String> = accepted
            .filter(|(_, other)| other.answer() == Answer::Accepted)
            .map(|(words, _)| words.to_owned())
            .collect();
        // What one change does needs no second one.
        if sentences.iter().any(|it| it.ends_with("the count 1")) {
            sentences.retain(|it| !it.starts_with("it maps only the writer's own id, and"));
        }
        sentences
    }

    fn own_line(&self) -> String {
        let first = self.text.split_whitespace().next().unwrap_or("0");
        format!("{first} own 1")
    }
}

#[cfg(test)]
#[path = "write/tests.rs"]
mod tests;
