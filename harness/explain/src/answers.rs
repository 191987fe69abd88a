//! What the kernel would answer: by the model, from the state of a process, and by a forked child that really tries it.

mod attempt;

use harness_scenario::actors::{Actor, RunAs};
use harness_scenario::caller::Caller;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::{Step, caller};
use harness_scenario::show;
use harness_scenario::start::Start;
use harness_spec::model::World;
use harness_spec::rules;
use serde::Serialize;

use crate::begins;
use crate::named::RuleName;
use crate::process::Process;
use crate::sequences::{self, Sequence, Target};

/// A question, and the two answers to it.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The call, or the command line of a program.
    pub question: String,
    /// The calls, in order.
    pub calls: Vec<String>,
    /// The answer of the model.
    pub model: Opinion,
    /// The answer of the kernel to a child that tried it.
    pub kernel: Tried,
}

/// The answer that follows from the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// Every call succeeds.
    Succeeds,
    /// A call is refused.
    Refused {
        /// The first such call.
        call: String,
        /// Its errno.
        errno: String,
        /// The rule by which it is refused, if the catalogue has one.
        rule: Option<RuleName>,
    },
    /// The program does not begin as root, which it needs to be.
    NotRoot {
        /// The rule.
        rule: RuleName,
        /// The reason, as a sentence.
        why: &'static str,
    },
    /// It is not known; the reason.
    Open(String),
}

/// What a forked child was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// Every call succeeded.
    Succeeds,
    /// A call was refused.
    Refused {
        /// The first such call.
        call: String,
        /// Its errno.
        errno: String,
    },
    /// Nothing was tried; the reason.
    No(String),
}

/// How the two answers go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same.
    Same,
    /// They differ: something else than the rules of user namespaces answers here.
    Differ,
    /// One of them is missing.
    Open,
}

impl Answer {
    /// How the two answers go together.
    pub fn agreement(&self) -> Agreement {
        match (&self.model, &self.kernel) {
            (Opinion::Open(_) | Opinion::NotRoot { .. }, _) | (_, Tried::No(_)) => Agreement::Open,
            (Opinion::Succeeds, Tried::Succeeds) => Agreement::Same,
            (Opinion::Refused { call, errno, .. }, Tried::Refused { call: tried, errno: got })
                if (call, errno) == (tried, got) =>
            {
                Agreement::Same
            }
            _ => Agreement::Differ,
        }
    }

    /// The rule by which the model refuses, if it does and knows one.
    pub fn rule(&self) -> Option<RuleName> {
        match &self.model {
            Opinion::Refused { rule, .. } => *rule,
            Opinion::NotRoot { rule, .. } => Some(*rule),
            Opinion::Succeeds | Opinion::Open(_) => None,
        }
    }

    /// Whether it is refused, by the kernel where it was tried, and else by the model. `None` if neither is known.
    pub fn is_refused(&self) -> Option<bool> {
        match (&self.kernel, &self.model) {
            (Tried::Succeeds, _) => Some(false),
            (Tried::Refused { .. }, _) => Some(true),
            (Tried::No(_), Opinion::Succeeds) => Some(false),
            (Tried::No(_), Opinion::Refused { .. } | Opinion::NotRoot { .. }) => Some(true),
            (Tried::No(_), Opinion::Open(_)) => None,
        }
    }
}

/// The single calls and the programs, asked of the model and of the kernel.
pub fn all(process: &Process, to: Target) -> Vec<Answer> {
    let sequences = [sequences::calls(to), sequences::programs(to)].concat();
    sequences.iter().map(|sequence| answer(process, sequence)).collect()
}

fn answer(process: &Process, sequence: &Sequence) -> Answer {
    let calls: Vec<String> =
        sequence.actions.iter().map(|action| show::action(Actor::Outside, action)).collect();
    let (model, kernel) = match process.start() {
        Err(why) => (Opinion::Open(why.clone()), without_model(process, sequence, &why)),
        Ok(start) => {
            let no_new_privs = process.no_new_privs.known() == Some(&true);
            match begins::credentials(&start, no_new_privs, sequence.begins) {
                Err(begins::NotRoot { rule, why }) => {
                    (Opinion::NotRoot { rule: RuleName(rule), why }, Tried::No(why.to_owned()))
                }
                Ok(begin) => (
                    opinion(&Start { caller: begin.clone(), ..start.clone() }, sequence),
                    attempt::attempt(process, &start.caller, &begin, sequence),
                ),
            }
        }
    };
    Answer { question: sequence.name.clone(), calls, model, kernel }
}

/// A call of this process as it is can be tried although the model knows too little.
fn without_model(process: &Process, sequence: &Sequence, why: &str) -> Tried {
    match (process.pid, sequence.begins) {
        (None, sequences::Begins::AsItIs) => {
            attempt::attempt(process, &Caller::default(), &Caller::default(), sequence)
        }
        _ => Tried::No(why.to_owned()),
    }
}

/// The model's answer to a process that begins so.
fn opinion(start: &Start, sequence: &Sequence) -> Opinion {
    let scenario = caller().outside(&sequence.actions);
    let mut world = World::new(&RunAs::Caller, start);
    for step in &scenario.steps {
        let expected = world.expect(step);
        match expected.outcome {
            Some(Outcome::Failed { errno, .. }) => {
                let rule = expected.rule.and_then(rules::find).map(RuleName);
                return Opinion::Refused { call: shown(step), errno: format!("{errno:?}"), rule };
            }
            Some(_) => {}
            None => return Opinion::Open(format!("the model has no answer to {}", shown(step))),
        }
    }
    Opinion::Succeeds
}

fn shown(step: &Step) -> String {
    show::action(step.actor, &step.action)
}

#[cfg(test)]
#[path = "answers/tests.rs"]
mod tests;
