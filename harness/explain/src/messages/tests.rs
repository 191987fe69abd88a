use super::*;

/// The program, the call, the errno and the first rule of the best explanation.
fn best(message: &str) -> (Option<&'static str>, Option<&'static str>, Option<String>, &'static str) {
    let meanings = explain(message);
    let first = meanings.first().unwrap_or_else(|| panic!("not known: {message}"));
    (first.program, first.call, first.errno.clone(), first.causes[0].rules[0].0.name)
}

#[test]
fn the_table_names_calls_errnos_and_rules_that_exist() {
    assert!(read(include_str!("../../data/messages.toml")).is_ok_and(|table| table.message.len() > 100));
}

/// A message that a longer row of another program would shadow could never be explained.
#[test]
fn each_row_explains_its_own_message() {
    for row in &table().message {
        let message = format!("{}: {}", row.program, row.has.replace('*', "x"));
        let found = explain(&message).iter().any(|meaning| meaning.program == Some(row.program.as_str()));
        assert!(found, "{message} is explained by {:?}", explain(&message));
    }
}

#[test]
fn the_message_of_sudo_leads_to_the_word_deny() {
    let (program, call, errno, rule) =
        best("sudo: unable to set runas group vector: Operation not permitted");

    assert_eq!((program, call), (Some("sudo"), Some("setgroups")));
    assert_eq!((errno.as_deref(), rule), (Some("EPERM"), "groups.denied"));
}

#[test]
fn the_errno_of_the_message_decides_the_rule() {
    let rule = |message| best(message).3;

    assert_eq!(rule("su: cannot set groups: Operation not permitted"), "groups.denied");
    assert_eq!(rule("su: cannot set groups: Invalid argument"), "groups.unmapped");
    assert_eq!(rule("sudo: PERM_SUDOERS: setresuid(-1, 1, -1): Invalid argument"), "id.unmapped");
    assert_eq!(rule("unshare: unshare failed: No space left on device"), "limit.count");
    assert_eq!(rule("unshare: unshare failed: Operation not permitted"), "create.chrooted");
}

#[test]
fn a_message_that_blames_another_call_is_corrected() {
    for message in [
        "setuidgid: fatal: unable to setgid: permission denied",
        "dnsmasq[2]: failed to change group-id to nogroup: Operation not permitted",
        "exec: fork/exec /usr/bin/showid: operation not permitted",
        "setgid failed: Operation not permitted",
    ] {
        let meanings = explain(message);
        assert_eq!(meanings[0].call, Some("setgroups"), "{message}");
        assert_eq!(meanings[0].errno.as_deref(), Some("EPERM"), "{message}");
        assert!(meanings[0].blames.is_some(), "{message}");
    }
}

#[test]
fn a_message_without_an_errno_has_every_cause() {
    let meanings = explain("capsh: Failed to setgroups.");

    assert_eq!(meanings[0].errno, None);
    let errnos: Vec<_> = meanings[0].causes.iter().map(|cause| cause.errno.as_deref()).collect();
    assert_eq!(errnos, [Some("EPERM"), Some("EINVAL")]);
}

#[test]
fn a_program_that_refuses_by_itself_has_rules_and_no_call() {
    let meanings = explain("sudo: /etc/sudo.conf is owned by uid 100000, should be 0");

    assert_eq!((meanings[0].call, meanings[0].errno.as_deref()), (None, None));
    assert_eq!(meanings[0].causes[0].rules[0].0.name, "mean.files");
}

#[test]
fn an_unknown_program_is_explained_by_the_call_that_it_names() {
    let (program, call, _, rule) = best("mydaemon: initgroups(): Operation not permitted (EPERM)");
    assert_eq!((program, call, rule), (None, Some("setgroups"), "groups.denied"));
    assert_eq!(best("foo: setgroups EINVAL").3, "groups.unmapped");

    for message in ["it does not work", "foo: setgroups", "cannot write: Operation not supported"] {
        assert_eq!(explain(message), [], "{message}");
    }
}

/// snmpd prints "setgid failed" without its name. Another program with these words may mean setgid(2).
#[test]
fn words_without_a_name_have_a_second_meaning() {
    let calls = |message| -> Vec<(bool, Option<&str>)> {
        explain(message).iter().map(|meaning| (meaning.is_named, meaning.call)).collect()
    };

    let both = [(false, Some("setgroups")), (false, Some("setgid"))];
    assert_eq!(calls("mydaemon: setgid failed: Operation not permitted"), both);
    assert_eq!(calls("snmpd: setgid failed: Operation not permitted"), [(true, Some("setgroups"))]);
}

#[test]
fn the_rules_that_hold_are_those_of_both() {
    let meaning = explain("su: cannot set groups: Operation not permitted").remove(0);
    let rule = |name| RuleName(rules::find(name).expect("a rule"));

    let holds = meaning.among(&[rule("id.unmapped"), rule("groups.needs-gid-map")]).holds;
    assert_eq!(holds, Some(vec![rule("groups.needs-gid-map")]));
}

#[test]
fn a_wrong_row_is_an_error_that_names_it() {
    let cause = "[[cause]]\ncall = \"setgroups\"\nerrno = \"EPERM\"\nrules = [\"RULE\"]\nask = \"?\"\n";
    let message = "[[message]]\nprogram = \"x\"\nhas = \"y\"\n";
    for (cause, message, error) in [
        (cause.replace("RULE", "groups.dennied"), message.to_owned(), "no rule is called groups.dennied"),
        (cause.replace("RULE", "groups.unmapped"), message.to_owned(), "does not have groups.unmapped"),
        (cause.replace("RULE", "groups.denied"), message.to_owned(), "a row needs rules and ask"),
        (
            cause.replace("RULE", "groups.denied"),
            format!("{message}call = \"chown\"\n"),
            "no cause for the call chown",
        ),
        (
            cause.replace("RULE", "groups.denied"),
            format!("{message}rules = [\"a.b\"]\n"),
            "no rule is called a.b",
        ),
    ] {
        let found = read(&format!("{cause}{message}")).expect_err("a wrong row");
        assert!(found.contains(error), "{found}");
    }
}
