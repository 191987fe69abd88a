//! What the model of the rules answers to the calls of a trace.

use std::borrow::Cow;

use harness::action::{Action, Groups, SetId, Via, set_id};
use harness::actors::RunAs;
use harness::caller::Caller;
use harness::caps::CapSet;
use harness::here;
use harness::ids::{CapSets, FsId, Ids};
use harness::model::World;
use harness::outcome::Outcome;
use harness::scenario::caller;
use harness::start::Start;

/// The calls that set ids and groups.
pub const CALLS: [&str; 9] = [
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
];

/// A call that sets ids or groups, with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCall {
    /// Its name.
    pub name: String,
    /// Its ids; for setgroups(2) the list.
    pub ids: Vec<u32>,
    /// The errno by its name, if it failed.
    pub errno: Option<String>,
}

/// A namespace and the groups of its first process, which is root in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The text of uid_map.
    pub uid_map: String,
    /// The text of gid_map.
    pub gid_map: String,
    /// "allow" or "deny".
    pub setgroups: String,
    /// The supplementary groups, as they are seen inside.
    pub groups: Vec<u32>,
}

/// What the model says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It succeeds.
    Succeeds,
    /// It fails with this errno, by this rule of the catalogue.
    Fails {
        /// The errno, by its name.
        errno: String,
        /// The rule, if the catalogue has one.
        rule: Option<&'static str>,
    },
    /// The model does not know.
    Open,
}

/// What the model answers to each of these calls of one process, in their order.
pub fn answers(world: &Namespace, calls: &[SetCall]) -> Vec<Said> {
    let actions: Vec<Option<Action>> = calls.iter().map(action).collect();
    // After a call that the model has no action for, nothing is known.
    let known: Vec<Action> = actions.into_iter().map_while(|action| action).collect();
    let scenario = caller().outside(&known);
    let mut model = World::new(&RunAs::Caller, &start(world));
    let mut said: Vec<Said> = Vec::new();
    for step in &scenario.steps {
        let expected = model.expect(step);
        // The first step makes the process.
        if matches!(step.action, Action::Fork) {
            continue;
        }
        said.push(match expected.outcome {
            Some(Outcome::Failed { errno, .. }) => {
                Said::Fails { errno: format!("{errno:?}"), rule: expected.rule }
            }
            Some(_) => Said::Succeeds,
            None => Said::Open,
        });
    }
    said.resize(calls.len(), Said::Open);
    said
}

/// Root of the namespace: uid 0, gid 0 if it is mapped, every capability.
/// Source: user_namespaces(7), "Capabilities": execve(2) by uid 0 gives all of them.
fn start(world: &Namespace) -> Start {
    let here = here::start();
    let ids = |id: u32| Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
    let all = CapSet::up_to(here.last_cap);
    let gid = if world.gid_map.is_empty() { here.overflow[1] } else { 0 };
    let caller = Caller {
        uid: ids(0),
        gid: ids(gid),
        groups: world.groups.clone(),
        caps: CapSets { permitted: all, effective: all, bounding: all, ..CapSets::default() },
        files: [&world.uid_map, &world.gid_map, &world.setgroups].map(|text| text.trim().to_owned()),
        ..Caller::default()
    };
    Start { caller, in_initial_userns: false, ..here.clone() }
}

fn action(call: &SetCall) -> Option<Action> {
    let id = |which| Some(set_id(which, &call.ids));
    match call.name.as_str() {
        "setuid" => id(SetId::Setuid),
        "setgid" => id(SetId::Setgid),
        "setreuid" => id(SetId::Setreuid),
        "setregid" => id(SetId::Setregid),
        "setresuid" => id(SetId::Setresuid),
        "setresgid" => id(SetId::Setresgid),
        "setfsuid" => id(SetId::Setfsuid),
        "setfsgid" => id(SetId::Setfsgid),
        "setgroups" => Some(Action::Setgroups(Groups::List(Cow::Owned(call.ids.clone())), Via::Raw)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, ids: &[u32]) -> SetCall {
        SetCall { name: name.to_owned(), ids: ids.to_vec(), errno: None }
    }

    fn world(gid_map: &str, setgroups: &str) -> Namespace {
        let text = |text: &str| text.to_owned();
        Namespace {
            uid_map: text("0 0 65536"),
            gid_map: text(gid_map),
            setgroups: text(setgroups),
            groups: vec![0, 27, 1000],
        }
    }

    fn fails(errno: &str, rule: &'static str) -> Said {
        Said::Fails { errno: errno.to_owned(), rule: Some(rule) }
    }

    #[test]
    fn the_answers_depend_on_the_maps_and_on_setgroups() {
        let calls = [call("setgroups", &[1]), call("setgid", &[1]), call("setuid", &[1])];

        let allow = answers(&world("0 0 65536", "allow"), &calls);
        assert_eq!(allow, [Said::Succeeds, Said::Succeeds, Said::Succeeds]);
        let deny = answers(&world("0 0 65536", "deny"), &calls);
        assert_eq!(deny, [fails("EPERM", "groups.denied"), Said::Succeeds, Said::Succeeds]);
        let none = answers(&world("", "allow"), &calls);
        assert_eq!(none[..2], [fails("EPERM", "groups.needs-gid-map"), fails("EINVAL", "id.unmapped")]);
    }

    #[test]
    fn root_that_became_a_user_is_root_no_longer() {
        let calls = [call("setuid", &[1]), call("setgroups", &[]), call("setuid", &[0])];

        let said = answers(&world("0 0 65536", "allow"), &calls);
        assert_eq!(said[1], fails("EPERM", "groups.needs-setgid"));
        assert_eq!(said[2], fails("EPERM", "id.not-own"));
    }

    #[test]
    fn after_a_call_that_the_model_has_no_action_for_nothing_is_known() {
        let said = answers(&world("0 0 65536", "deny"), &[call("capset", &[]), call("setgroups", &[])]);

        assert_eq!(said, [Said::Open, Said::Open]);
    }
}
