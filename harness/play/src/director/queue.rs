//! A message of requests to an actor, and the handling of its answers.

use super::Director;
use crate::decode;
use crate::error::Error;
use crate::lower::{Call, state};
use crate::process::End;
use crate::wire::{Answer, MESSAGE};
use harness_scenario::action::Action;
use harness_scenario::actors::Actor;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use harness_scenario::state::GroupsOrigin;

/// A message of requests to an actor.
#[derive(Default)]
pub(crate) struct Queue {
    process: usize,
    message: Vec<u8>,
    pending: Vec<Pending>,
    /// The greatest number of bytes of the answers to steps, without the state.
    words: u64,
    end: End,
    /// Whether the message was already sent.
    sent: bool,
}

impl Queue {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { message: Vec::with_capacity(USUAL), ..Self::default() }
    }
}

/// The length of a usual message, in bytes. A vector that grows touches many pages, and each of them is copied after
/// a fork.
const USUAL: usize = 8 * 1024;

/// So many bytes always fit into a socket's buffer, together with a state.
const FEW: u64 = 16 * 1024;

/// A part of a message that has answers of its own.
struct Pending {
    what: What,
    /// The number that its answers carry.
    number: u32,
    names: Vec<&'static str>,
}

impl Pending {
    fn new(what: What, number: u32, names: Vec<&'static str>) -> Self {
        Self { what, number, names }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    SetUp,
    Namespace,
    Step(usize),
    State,
}

impl Director<'_> {
    pub(super) fn enqueue(
        &mut self,
        queue: &mut Queue,
        process: usize,
        what: What,
        calls: &[Call],
    ) -> Result<(), Error> {
        let length = calls.iter().map(|(_, request)| request.payload.len() + 128).sum();
        self.make_room(queue, process, length)?;
        if calls.is_empty() {
            return Ok(());
        }
        let number = u32::try_from(queue.pending.len()).unwrap_or(u32::MAX);
        for (_, request) in calls {
            request.write(&mut queue.message, number);
            queue.words += request.give;
        }
        queue.pending.push(Pending::new(what, number, calls.iter().map(|(name, _)| *name).collect()));
        Ok(())
    }

    /// Asks a process for its state, and then to exit: nothing comes after that.
    pub(super) fn enqueue_state(&mut self, queue: &mut Queue, process: usize) -> Result<(), Error> {
        let (message, count) = state::message();
        self.make_room(queue, process, message.len())?;
        queue.message.extend(message);
        queue.pending.push(Pending::new(What::State, state::STEP, vec![""; *count]));
        queue.end = if queue.words < FEW { End::AtOnce } else { End::Later };
        Ok(())
    }

    /// Sees to it that what is queued is for this process and leaves room for so many bytes.
    fn make_room(&mut self, queue: &mut Queue, process: usize, length: usize) -> Result<(), Error> {
        if queue.process != process || queue.message.len() + length > MESSAGE || queue.sent {
            self.flush(queue)?;
        }
        queue.process = process;
        Ok(())
    }

    /// Sends the queued requests and does not wait for the answers.
    pub(crate) fn send_ahead(&mut self, queue: &mut Queue) -> Result<(), Error> {
        if !queue.pending.is_empty() && !queue.sent {
            self.processes[queue.process].send(&queue.message, queue.end)?;
            queue.sent = true;
        }
        Ok(())
    }

    /// Sends the queued requests and waits for every answer.
    pub(crate) fn flush(&mut self, queue: &mut Queue) -> Result<(), Error> {
        if queue.pending.is_empty() {
            return Ok(());
        }
        self.send_ahead(queue)?;
        let count = queue.pending.iter().map(|pending| pending.names.len()).sum();
        let (scenario, process) = (self.scenario, &mut self.processes[queue.process]);
        let actor = process.actor;
        let doing = |number| doing(scenario, actor, queue.pending.get(number as usize));
        if queue.end == End::AtOnce {
            process.reap();
        }
        let (answers, _) = process.receive(count, &doing)?;
        let mut rest = answers.as_slice();
        for pending in &queue.pending {
            let (these, others) = rest.split_at(pending.names.len());
            if these.iter().any(|answer| answer.step != pending.number) {
                return Err(Error::UnexpectedAnswer { actor, doing: doing(pending.number) });
            }
            self.record(queue.process, pending, these)?;
            rest = others;
        }
        queue.message.clear();
        queue.pending.clear();
        (queue.words, queue.end, queue.sent) = (0, End::Later, false);
        Ok(())
    }

    fn record(&mut self, process: usize, pending: &Pending, answers: &[Answer]) -> Result<(), Error> {
        let actor = self.processes[process].actor;
        let failed = decode::failure(&pending.names, answers);
        match (pending.what, failed) {
            (What::SetUp, Some((call, errno))) => Err(Error::SetUp { actor, call, errno }),
            (What::Namespace, Some((_, errno))) => Err(Error::Namespace { actor, errno }),
            (What::SetUp | What::Namespace, None) => Ok(()),
            (What::State, _) => {
                let state = decode::state::state(answers);
                let state = state.map_err(|(call, errno)| Error::State { actor, call, errno })?;
                self.states.push((actor, state));
                Ok(())
            }
            (What::Step(index), failed) => {
                let action = &self.scenario.steps[index].action;
                if let (true, Some((_, errno))) = (action.stops_when_refused(), failed) {
                    let step = format!("step {}, {}", index + 1, show::action(actor, action));
                    return Err(Error::IsolationFailed { actor, step, errno });
                }
                let outcome = decode::of(action, &pending.names, answers, self.names.own);
                if matches!((action, &outcome), (Action::Setgroups(..), Outcome::Done)) {
                    self.kept[process] = GroupsOrigin::Scenario;
                }
                self.outcomes.push(outcome);
                Ok(())
            }
        }
    }
}

fn doing(scenario: &Scenario, actor: Actor, pending: Option<&Pending>) -> String {
    match pending.map_or(What::State, |pending| pending.what) {
        What::SetUp => "taking on its credentials".to_owned(),
        What::Namespace => "creating its user namespace".to_owned(),
        What::State => "telling its state".to_owned(),
        What::Step(index) => {
            format!("step {}, {}", index + 1, show::action(actor, &scenario.steps[index].action))
        }
    }
}
