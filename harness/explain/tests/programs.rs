//! The table of messages against the installed programs: what they print in a namespace that refuses them is explained by
//! the rule that refuses them there.

use harness_explain::messages;
use harness_play::host::Program;
use harness_play::{Status, Userns};

/// A namespace, by the word and the maps.
#[derive(Clone, Copy, Debug)]
enum State {
    Deny,
    OneId,
    NoGidMap,
}

impl State {
    fn namespace(self) -> Userns {
        let range = "0 0 65536";
        match self {
            Self::Deny => Userns::new().setgroups("deny").uid_map(range).gid_map(range),
            Self::OneId => Userns::new().uid_map("0 0 1").gid_map("0 0 1"),
            Self::NoGidMap => Userns::new().uid_map(range),
        }
    }
}

/// A program with its arguments, and in a state the call that fails first and the rule that refuses it, which the explanation has to name.
const ROWS: [(&[&str], State, &str, &str); 14] = [
    (&["sudo", "-n", "-u", "daemon", "true"], State::Deny, "setgroups", "groups.denied"),
    (&["sudo", "-n", "-u", "daemon", "true"], State::OneId, "setuid", "id.unmapped"),
    (&["su", "-s", "/bin/sh", "daemon", "-c", "true"], State::Deny, "setgroups", "groups.denied"),
    (&["su", "-s", "/bin/sh", "daemon", "-c", "true"], State::OneId, "setgroups", "groups.unmapped"),
    (&["runuser", "-u", "daemon", "--", "true"], State::Deny, "setgroups", "groups.denied"),
    (&["runuser", "-u", "daemon", "--", "true"], State::NoGidMap, "setgroups", "groups.needs-gid-map"),
    (
        &["setpriv", "--reuid=1", "--regid=1", "--clear-groups", "true"],
        State::Deny,
        "setgroups",
        "groups.denied",
    ),
    (&["setpriv", "--reuid=1", "--regid=1", "--clear-groups", "true"], State::OneId, "setuid", "id.unmapped"),
    (
        &["setpriv", "--reuid=1", "--regid=1", "--clear-groups", "true"],
        State::NoGidMap,
        "setgid",
        "id.unmapped",
    ),
    (&["chroot", "--userspec=daemon:daemon", "/", "true"], State::Deny, "setgroups", "groups.denied"),
    (&["chroot", "--userspec=daemon:daemon", "/", "true"], State::OneId, "setgroups", "groups.unmapped"),
    (&["sg", "daemon", "-c", "true"], State::OneId, "setgroups", "groups.unmapped"),
    (&["chown", "1:1", "/proc/self/comm"], State::OneId, "chown", "mean.files"),
    (&["unshare", "--user", "--setgroups=allow", "true"], State::Deny, "write", "deny.inherited"),
];

/// The messages that a program prints; about the name of the host sudo complains as well.
fn messages_of(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| !line.contains("unable to resolve host")).collect()
}

/// Only root can write the map of a range.
#[test]
fn what_installed_programs_print_is_explained_by_the_rule_that_refused_them() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let mut explained = 0;
    for (words, state, call, rule) in ROWS {
        // sg is of shadow or of util-linux, which makes another call first.
        if Program::find(words[0]).is_none() || words[0] == "sg" && !is_shadows_sg() {
            continue;
        }
        let ended =
            state.namespace().run(words).unwrap_or_else(|error| panic!("{words:?} {state:?}: {error}"));
        assert_ne!(ended.status, Status::Exited(0), "{words:?} {state:?}");
        let printed = messages_of(&ended.stderr);
        let first = printed.first().unwrap_or_else(|| panic!("{words:?} {state:?} printed nothing"));
        let meanings = messages::explain(first);
        let meaning = meanings.first().unwrap_or_else(|| panic!("not known: {first}"));
        assert!(meaning.program.is_some(), "only its words are known: {first}");
        assert_eq!(meaning.call, Some(call), "{first}");
        let named = &meaning.causes[0].rules;
        assert!(named.iter().any(|it| it.0.name == rule), "{rule} is not among the rules of: {first}");
        explained += 1;
    }
    assert!(explained >= 6, "only {explained} programs are installed here");
}

/// Whether sg complains of setgroups(2), as that of shadow does.
fn is_shadows_sg() -> bool {
    let ended = State::Deny.namespace().run(&["sg", "daemon", "-c", "true"]);
    ended.is_ok_and(|ended| ended.stderr.contains("setgroups"))
}
