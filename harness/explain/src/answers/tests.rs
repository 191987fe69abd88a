use harness_play::host::Fact;
use nix::errno::Errno;

use super::*;
use crate::process::Which;
use crate::sequences::DAEMON;

/// This process as if its namespace had these maps and this word, and as root there.
fn root_of(map: &str, setgroups: &str) -> Process {
    let mut process = Process::look(Which::Own).expect("this process");
    process.namespace.is_initial = Fact::Known(false);
    process.namespace.uid_map = Fact::Known(map.to_owned());
    process.namespace.gid_map = Fact::Known(map.to_owned());
    process.namespace.setgroups = Fact::Known(setgroups.to_owned());
    let ids = harness_scenario::ids::Ids::default();
    let full = harness_scenario::caps::CapSet::up_to(40);
    (process.uids, process.gids) = (Fact::Known(ids), Fact::Known(ids));
    process.capabilities = Fact::Known(harness_scenario::ids::CapSets {
        effective: full,
        permitted: full,
        bounding: full,
        ..Default::default()
    });
    process.securebits = Fact::Known(0);
    process
}

/// The call and the rule by which the model refuses a program.
fn refused(process: &Process, program: &str) -> (String, &'static str) {
    let sequences = [sequences::calls(DAEMON), sequences::programs(DAEMON)].concat();
    let sequence = sequences.iter().find(|it| it.name.starts_with(program)).expect("such a program");
    let start = process.start().expect("all is known");
    let begin = begins::credentials(&start, false, sequence.begins).expect("root");
    match opinion(&Start { caller: begin, ..start }, sequence) {
        Opinion::Refused { call, rule, .. } => (call, rule.map_or("", |rule| rule.0.name)),
        other => (String::new(), if other == Opinion::Succeeds { "succeeds" } else { "open" }),
    }
}

#[test]
fn the_model_names_the_call_and_the_rule_of_each_state() {
    let (range, one) = ("0 100000 65536", "0 1000 1");
    for (map, word, program, call, rule) in [
        (range, "allow", "sudo", "", "succeeds"),
        (range, "deny", "sudo", "setgroups([1])", "groups.denied"),
        (range, "deny", "su (", "setgroups([1])", "groups.denied"),
        (range, "deny", "apt", "setgroups([65534])", "groups.denied"),
        (range, "deny", "setpriv", "setgroups([])", "groups.denied"),
        (range, "deny", "setgid", "", "succeeds"),
        (one, "deny", "sudo", "setresuid(-1, 1, -1)", "id.unmapped"),
        (one, "allow", "setgroups([])", "", "succeeds"),
        (one, "allow", "su (", "setgroups([1])", "groups.unmapped"),
        ("", "allow", "setgroups([])", "setgroups([])", "groups.needs-gid-map"),
    ] {
        assert_eq!(refused(&root_of(map, word), program), (call.to_owned(), rule), "{map} {word} {program}");
    }
}

#[test]
fn without_the_capability_the_rule_is_another() {
    let mut process = root_of("0 100000 65536", "deny");
    process.capabilities = Fact::Known(Default::default());

    assert_eq!(refused(&process, "setgroups([])").1, "groups.needs-setgid");
    assert_eq!(refused(&process, "setgid").1, "id.not-own");
}

#[test]
fn an_answer_of_which_a_half_is_missing_is_open() {
    let refused = Tried::Refused { call: "setgroups([])".to_owned(), errno: "EPERM".to_owned() };
    let answer = |model, kernel| Answer { question: String::new(), calls: Vec::new(), model, kernel };

    let open = answer(Opinion::Open("uid_map: unreadable: ENOENT".to_owned()), refused.clone());
    assert_eq!((open.agreement(), open.is_refused()), (Agreement::Open, Some(true)));
    let not_tried = answer(Opinion::Succeeds, Tried::No("x".to_owned()));
    assert_eq!((not_tried.agreement(), not_tried.is_refused()), (Agreement::Open, Some(false)));
    let other = answer(Opinion::Succeeds, refused);
    assert_eq!((other.agreement(), other.is_refused()), (Agreement::Differ, Some(true)));
}

/// In the namespace of the tests the kernel answers as the rules require. A state that no child can take on is not tried.
#[test]
fn a_child_tries_what_this_process_may() {
    let process = Process::look(Which::Own).expect("this process");
    for answer in all(&process, DAEMON) {
        assert_ne!(answer.agreement(), Agreement::Differ, "{answer:?}");
    }
    let missing =
        Process { capabilities: Fact::Unreadable(format!("{:?}", Errno::EPERM)), pid: Some(1), ..process };
    for answer in all(&missing, DAEMON) {
        let why = "the capabilities: unreadable: EPERM".to_owned();
        assert_eq!((answer.model, answer.kernel), (Opinion::Open(why.clone()), Tried::No(why)));
    }
}
