//! The steps of a scenario and its final states, as the statements of a C function that every process runs.

use super::outcomes::{expected, state};
use super::text::{Words, quote};
use super::{Host, NotPossible, Prediction, numbers};
use harness_scenario::action::{Action, Leaves};
use harness_scenario::actors::{Actor, Namespace, RunAs};
use harness_scenario::ids::Own;
use harness_scenario::scenario::{Scenario, Step};
use harness_scenario::show;

/// The longest line of C, a tab being eight.
const WIDTH: usize = 100;

/// A scenario on its way to C.
pub struct Statements<'a> {
    scenario: &'a Scenario,
    prediction: &'a Prediction,
    /// The host on which the program is made.
    pub host: &'a Host,
    /// The ids that `own` stands for on the host that writes the program.
    pub own: Own,
    last_cap: u8,
    alive: Vec<Actor>,
    zombies: Vec<Actor>,
    text: String,
}

impl<'a> Statements<'a> {
    /// The statements of a scenario.
    pub fn of(
        scenario: &'a Scenario,
        prediction: &'a Prediction,
        host: &'a Host,
    ) -> Result<String, NotPossible> {
        let (alive, zombies, text) = (Vec::new(), Vec::new(), String::new());
        let mut statements = Self {
            scenario,
            prediction,
            host,
            own: prediction.names.own,
            last_cap: prediction.names.last_cap,
            alive,
            zombies,
            text,
        };
        for (index, step) in scenario.steps.iter().enumerate() {
            statements.step(index, step)?;
        }
        for (actor, left) in &prediction.states {
            if statements.alive.contains(actor) {
                statements.text.push_str(&format!("\n\t/* what {actor} is afterwards */\n"));
                statements.state(*actor, &state(left, statements.own, statements.last_cap));
            }
        }
        Ok(statements.text)
    }

    /// The name of a process in C.
    pub fn c_name(actor: Actor) -> String {
        actor.to_string().to_uppercase()
    }

    /// Whether other processes know the process id of an actor.
    pub fn has_pid(&self, actor: Actor) -> bool {
        self.alive.contains(&actor) || self.zombies.contains(&actor)
    }

    /// The process whose file an actor uses.
    pub fn whose(&self, actor: Actor, of: Option<Actor>) -> String {
        let owner = actor.file_owner(of);
        if self.scenario.mentions(owner) { Self::c_name(owner) } else { "me".to_owned() }
    }

    fn step(&mut self, index: usize, step: &Step) -> Result<(), NotPossible> {
        let Step { actor, action } = step;
        if matches!(action, Action::Fork | Action::ForkCloned) {
            self.begin(*actor, action);
            return Ok(());
        }
        if !self.alive.contains(actor) {
            return Err(NotPossible(format!("{actor} takes a step before it begins or after its end")));
        }
        let outcome = self.prediction.outcome(index);
        let predicted = outcome.map(|outcome| expected(outcome, action, self.own, self.last_cap));
        match action {
            Action::UnshareOrStop(flags) => {
                let flags = numbers::flags(*flags);
                let body = format!("if (unshare({flags}))\n\tgive_up(\"unshare\");\ntell(\"ok\");");
                self.statement(*actor, action, &body);
            }
            Action::PassFd(to) => self.pass(*actor, *to, action, "give(held);\ntell(\"ok\");"),
            Action::Socketpair(with) => self.pass(*actor, *with, action, "tell(socket_pair());"),
            Action::Exit(leaves) => self.end(*actor, *leaves, action),
            other => {
                let call = self.call(*actor, other, outcome)?;
                self.statement(*actor, action, &ending(predicted.as_ref(), &call));
            }
        }
        Ok(())
    }

    fn begin(&mut self, actor: Actor, action: &Action) {
        let parent = actor.parent().filter(|parent| self.alive.contains(parent));
        let forker = parent.map_or("MAIN".to_owned(), Self::c_name);
        let flags = if *action == Action::ForkCloned { "CLONE_NEWUSER" } else { "0" };
        self.text
            .push_str(&format!("\n\tif (turn({forker}))\n\t\tstart({}, {flags});\n", Self::c_name(actor)));
        let mut body = match parent {
            None if actor != Actor::Privileged => self.take_credentials(),
            _ => String::new(),
        };
        if actor.namespace() == Namespace::New && *action == Action::Fork {
            body.push_str("if (unshare(CLONE_NEWUSER))\n\tgive_up(\"unshare\");\n");
        }
        body.push_str("tell(\"ok\");");
        self.alive.push(actor);
        self.statement(actor, action, &body);
    }

    /// How a copy of the process that runs the program takes on the credentials of the scenario.
    fn take_credentials(&self) -> String {
        match &self.scenario.run_as {
            RunAs::Caller => String::new(),
            RunAs::Root => "take_ids(0, 0, 1, (gid_t []){ 0 });\n".to_owned(),
            RunAs::Ordinary if self.own.uid == 0 => String::new(),
            RunAs::Ordinary => "if (!geteuid())\n\ttake_ids(own_uid, own_gid, 1, &own_gid);\n".to_owned(),
            RunAs::OrdinaryInGroups(groups) => {
                let all: Vec<String> = groups.iter().map(u32::to_string).collect();
                let array = if all.is_empty() { "0" } else { &all.join(", ") };
                format!("take_ids(own_uid, own_gid, {}, (gid_t []){{ {array} }});\n", all.len())
            }
        }
    }

    fn pass(&mut self, from: Actor, to: Actor, action: &Action, body: &str) {
        self.statement(from, action, body);
        self.text.push_str(&format!("\tif (turn({}))\n\t\ttake();\n", Self::c_name(to)));
    }

    fn end(&mut self, actor: Actor, leaves: Leaves, action: &Action) {
        self.statement(actor, action, "tell(\"ok\");\n_exit(0);");
        self.alive.retain(|other| *other != actor);
        let options = match leaves {
            Leaves::Nothing => "0",
            Leaves::Zombie => {
                self.zombies.push(actor);
                "WNOWAIT"
            }
        };
        let part = Self::c_name(actor);
        self.text.push_str(&format!("\tif (turn(MAIN))\n\t\tsee_off({part}, {options});\n"));
    }

    fn state(&mut self, actor: Actor, lines: &[(&str, Words)]) {
        for (name, words) in lines {
            let call = match *name {
                "uid_map" | "gid_map" => format!("read_map(me, \"{name}\")"),
                "setgroups" => "read_proc(me, \"setgroups\")".to_owned(),
                line => format!("status_line(\"{line}\")"),
            };
            self.add(actor, name, &ending(Some(words), &call));
        }
    }

    fn statement(&mut self, actor: Actor, action: &Action, body: &str) {
        self.add(actor, &show::action(actor, action), body);
    }

    fn add(&mut self, actor: Actor, what: &str, body: &str) {
        let brace = if body.lines().count() > 1 && body.contains(";\n") { " {" } else { "" };
        let head = format!(
            "\tif (step({}, {})){brace}\n",
            Self::c_name(actor),
            quote(what.as_bytes()).replace('\n', "\n\t\t ")
        );
        self.text.push_str(&head);
        for line in body.lines() {
            self.text.push_str(&format!("\t\t{line}\n"));
        }
        if !brace.is_empty() {
            self.text.push_str("\t}\n");
        }
    }
}

/// The end of a step: the comparison with the expected outcome, if there is one.
fn ending(expected: Option<&Words>, call: &str) -> String {
    let (head, words) = match expected {
        Some(words) => ("expect(", words.c().replace('\n', "\n       ")),
        None => ("tell(", String::new()),
    };
    let indent = " ".repeat(head.len());
    let call = call.replace('\n', &format!("\n{indent}"));
    if words.is_empty() {
        return format!("{head}{call});");
    }
    match 16 + head.len() + words.len() + call.len() + 4 <= WIDTH && !words.contains('\n') {
        true => format!("{head}{words}, {call});"),
        false => format!("{head}{words},\n{indent}{call});"),
    }
}
