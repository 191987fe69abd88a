//! What is done: processes, their credentials and the steps they take, as plain data.

use crate::action::Action;
pub use crate::actors::{Actor, Namespace, ORDINARY, RunAs};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One action of one actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
}

/// Credentials, and the steps of the processes that begin with them.
///
/// An actor is forked where it is first mentioned. It inherits the state that its parent has at that point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The credentials outside.
    pub run_as: RunAs,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// A scenario played by root.
pub fn root() -> Scenario {
    Scenario::new(RunAs::Root)
}

/// A scenario played by an unprivileged user.
pub fn ordinary() -> Scenario {
    Scenario::new(RunAs::Ordinary)
}

/// A scenario played by an unprivileged user with these supplementary groups.
pub fn ordinary_in(groups: &'static [u32]) -> Scenario {
    Scenario::new(RunAs::OrdinaryInGroups(Cow::Borrowed(groups)))
}

/// A scenario played with the caller's credentials.
pub fn caller() -> Scenario {
    Scenario::new(RunAs::Caller)
}

impl Scenario {
    /// A scenario without steps.
    pub fn new(run_as: RunAs) -> Self {
        Self { run_as, steps: Vec::new() }
    }

    /// Appends steps of one actor. It is forked here if it was not mentioned before.
    pub fn by(mut self, actor: Actor, actions: &[Action]) -> Self {
        self.bring_in(actor);
        self.steps.extend(actions.iter().map(|action| Step { actor, action: action.clone() }));
        self
    }

    /// Makes the parent of an actor create the actor and its namespace in one call, by clone(2) with CLONE_NEWUSER.
    pub fn cloned(mut self, actor: Actor) -> Self {
        if let Some(parent) = actor.parent() {
            self.bring_in(parent);
        }
        self.steps.push(Step { actor, action: Action::ForkCloned });
        self
    }

    /// Steps of a process in the caller's namespace that keeps the caller's credentials.
    pub fn privileged(self, actions: &[Action]) -> Self {
        self.by(Actor::Privileged, actions)
    }

    /// Steps of the process outside.
    pub fn outside(self, actions: &[Action]) -> Self {
        self.by(Actor::Outside, actions)
    }

    /// Steps of the process in the new namespace.
    pub fn inside(self, actions: &[Action]) -> Self {
        self.by(Actor::Inside, actions)
    }

    /// Steps of a second process in the new namespace.
    pub fn second(self, actions: &[Action]) -> Self {
        self.by(Actor::Second, actions)
    }

    /// Steps of a process in a namespace below the new one.
    pub fn nested(self, actions: &[Action]) -> Self {
        self.by(Actor::Nested, actions)
    }

    /// Steps of a process in a namespace below that of the nested one.
    pub fn deepest(self, actions: &[Action]) -> Self {
        self.by(Actor::Deepest, actions)
    }

    /// Steps of a process in another namespace beside the new one.
    pub fn sibling(self, actions: &[Action]) -> Self {
        self.by(Actor::Sibling, actions)
    }

    /// Whether this actor takes a step.
    pub fn mentions(&self, actor: Actor) -> bool {
        self.steps.iter().any(|step| step.actor == actor)
    }

    /// Who has to be forked before this actor acts, each after its parent and the actor last; none if it is there.
    /// `Outside` is spared where no step mentions it before `Inside`: a process with the same credentials is all
    /// that the kernel looks at.
    pub fn to_fork(&self, actor: Actor) -> Vec<Actor> {
        if self.mentions(actor) {
            return Vec::new();
        }
        let parent = actor.parent().filter(|parent| *parent != Actor::Outside);
        let mut all = parent.map_or_else(Vec::new, |parent| self.to_fork(parent));
        all.push(actor);
        all
    }

    fn bring_in(&mut self, actor: Actor) {
        let fork = |actor| Step { actor, action: Action::Fork };
        self.steps.extend(self.to_fork(actor).into_iter().map(fork));
    }
}
