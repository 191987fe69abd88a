//! `cargo ci explain` on real hosts: in namespaces with "deny", in a chroot, below a filter, from outside, as root and as
//! an ordinary user. Namespaces of a range, and what changes mounts, take root.

mod explaining;
mod stand_in;

use explaining::{Inside, Program, Said, as_user, both};
use harness::prelude::Status;
use harness::userns::Userns;
use nix::unistd::geteuid;
use serde_json::Value;

type Done = Result<(), Box<dyn std::error::Error>>;

#[test]
fn in_a_namespace_of_one_id_groups_are_denied_and_ids_are_unmapped() -> Done {
    let unshare = [&as_user()[..], &["unshare", "--map-root-user"]].concat();
    let said = Program::new()?.explains(&unshare, &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("groups.denied", "EPERM"));
    assert_eq!(said.answer("setgid(1)"), both("id.unmapped", "EINVAL"));
    assert_eq!(said.answer("sudo"), both("id.unmapped", "EINVAL"));
    assert_eq!(said.answer("su ("), both("groups.denied", "EPERM"));
    assert_eq!(said.rules()[..2], ["groups.denied", "id.unmapped"], "{said:?}");
    assert_eq!(said.responsible()[..2], ["writer_of_deny", "map"], "{said:?}");
    let likely = said.json["findings"][0]["likely"].to_string();
    assert!(likely.contains("/etc/subuid") && likely.contains("unshare -r"), "{likely}");
    Ok(())
}

#[test]
fn a_range_under_deny_is_seen_from_outside_and_the_kernel_confirms_it() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("deny", "0 0 65536")?;
    let said = Program::new()?.explains(&["env"], &["--pid", &inside.pid()])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.rules(), ["groups.denied"], "{said:?}");
    assert_eq!(said.responsible(), ["writer_of_deny"]);
    for program in ["setgroups([])", "sudo", "su (", "apt-get", "setpriv"] {
        assert_eq!(said.answer(program), both("groups.denied", "EPERM"), "{program}");
    }
    assert_eq!(said.answer("setgid(1)"), both("succeeds", "succeeds"));
    assert_eq!(said.json["process"]["namespace"]["levels"]["up_to_callers"], 1, "{said:?}");
    let likely = said.json["findings"][0]["likely"].to_string();
    assert!(
        likely.contains("GidMappingsEnableSetgroups") && likely.contains("PrivateUsers=identity"),
        "{likely}"
    );
    Ok(())
}

#[test]
fn the_same_range_under_allow_is_free() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("allow", "0 0 65536")?;
    let said = Program::new()?.explains(&["env"], &["--pid", &inside.pid()])?;

    assert_eq!((said.status, said.rules()), (Some(0), vec![]), "{said:?}");
    assert_eq!(said.answer("sudo"), both("succeeds", "succeeds"));
    assert_eq!(said.answer("apt-get"), both("succeeds", "succeeds"));
    Ok(())
}

#[test]
fn of_the_rules_of_a_message_the_one_that_holds_is_named() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let message = "su: cannot set groups: Operation not permitted";
    for (word, holds) in [("deny", vec!["groups.denied"]), ("allow", vec![])] {
        let inside = Inside::new(word, "0 0 65536")?;
        let said = program.explains(&["env"], &[message, "--pid", &inside.pid()])?;
        let rules = said.json[0]["holds"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = rules.iter().filter_map(|rule| rule["name"].as_str()).collect();
        assert_eq!((said.status, names), (Some(0), holds), "{word}: {said:?}");
    }
    assert_eq!(program.explains(&["env"], &[message])?.json[0]["holds"], Value::Null);
    Ok(())
}

/// In every state of a namespace, and with every capability or some, a child gets the answer of the rules.
#[test]
fn the_kernel_confirms_the_rules_in_every_state_from_outside() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    for map in ["0 0 65536", "0 0 1", "0 0 1\n1 100000 65535", "0 0 10\n65534 65534 1"] {
        for word in ["allow", "deny"] {
            for options in [
                "--keep-groups",
                "--bounding-set -setgid",
                "--bounding-set -setuid",
                "--bounding-set -setpcap",
            ] {
                let inside = Inside::of(word, map, options)?;
                let said = program.explains(&["env"], &["--pid", &inside.pid()])?;
                assert_eq!(said.json["answers"].as_array().map(Vec::len), Some(8), "{said:?}");
                assert_eq!(said.unconfirmed(), Vec::<String>::new(), "{map:?} {word} {options}");
            }
        }
    }
    Ok(())
}

/// From a namespace below, the ids of a process above have no numbers, and its link ns/user cannot be read.
#[test]
fn of_a_process_above_nothing_is_claimed() -> Done {
    let unshare = [&as_user()[..], &["unshare", "--map-root-user"]].concat();
    let said = Program::new()?.explains(&unshare, &["--pid", "1"])?;

    assert_eq!((said.status, said.rules()), (Some(3), vec![]), "{said:?}");
    assert_eq!(said.answer("sudo"), both("open", "not tried"));
    assert!(said.unseen().contains("its uids: "), "{}", said.unseen());

    let message = ["su: cannot set groups: Operation not permitted", "--pid", "1"];
    let said = Program::new()?.explains(&unshare, &message)?;
    assert_eq!((said.status, &said.json[0]["holds"]), (Some(3), &Value::Null), "{said:?}");
    Ok(())
}

/// In a container with "deny", a user without capabilities starts sudo, which begins as root and is refused.
#[test]
fn an_ordinary_user_of_a_container_learns_why_sudo_fails() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let path = program.path().display().to_string();
    let container = Userns::new().setgroups("deny").uid_map("0 0 65536").gid_map("0 0 65536");
    let ended = container.uid(1000).gid(1000).run(&[&path, "explain", "--json"])?;
    let said = Said::of(&ended.stdout, &ended.stderr);

    assert_eq!(ended.status, Status::Exited(1), "{said:?}");
    assert_eq!(said.answer("sudo"), both("groups.denied", "not tried"));
    assert_eq!(said.answer("setgroups([])"), both("groups.needs-setgid", "EPERM"));
    assert_eq!(said.rules()[..2], ["groups.denied", "groups.needs-setgid"], "{said:?}");
    Ok(())
}

/// The maps of another user's process can be read, its link ns/user cannot: the model answers, and nothing is tried.
#[test]
fn an_ordinary_user_is_answered_by_the_rules_and_told_what_was_not_seen() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("deny", "0 0 65536")?;
    let said = Program::new()?.explains(&as_user(), &["--pid", &inside.pid()])?;

    assert_eq!(said.rules(), ["groups.denied"], "{said:?}");
    assert_eq!(said.answer("sudo"), both("groups.denied", "not tried"));
    assert!(said.unseen().contains("its user namespace: EACCES"), "{}", said.unseen());
    Ok(())
}

#[test]
fn an_ordinary_user_lacks_the_capability_and_sudo_does_not() -> Done {
    let said = Program::new()?.explains(&as_user(), &[])?;

    assert_eq!(said.answer("setgroups([])"), both("groups.needs-setgid", "EPERM"));
    assert_eq!(said.answer("setuid(1)"), both("id.not-own", "EPERM"));
    assert_eq!(said.answer("apt-get"), both("groups.needs-setgid", "EPERM"));
    assert_eq!(said.responsible()[..2], ["credentials", "credentials"], "{said:?}");
    if geteuid().is_root() {
        assert_eq!(said.answer("sudo"), both("succeeds", "not tried"), "{said:?}");
    }
    Ok(())
}

#[test]
fn no_new_privs_keeps_sudo_from_root() -> Done {
    let setpriv = [&as_user()[..], &["setpriv", "--no-new-privs"]].concat();
    let said = Program::new()?.explains(&setpriv, &[])?;

    assert_eq!(said.answer("sudo"), both("enter.no-new-privs", "not tried"), "{said:?}");
    assert_eq!(said.answer("su ("), both("enter.no-new-privs", "not tried"));
    assert!(said.rules().contains(&"enter.no-new-privs"), "{said:?}");
    Ok(())
}

#[test]
fn a_filter_is_blamed_and_no_rule() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let path = program.path().display().to_string();
    let said = program.explains(&[&path, "filter", "--refuse", "setgroups=EPERM", "--"], &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("succeeds", "EPERM"));
    assert_eq!((said.rules()[0], said.responsible()[0]), ("none", "policy"), "{said:?}");
    let because = said.json["findings"][0]["because"].to_string();
    assert!(because.contains("a seccomp filter answers setgroups(2) with EPERM"), "{because}");
    Ok(())
}

#[test]
fn in_a_chroot_no_namespace_can_be_made_and_sudo_works() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let root = tempfile::tempdir()?;
    let script = format!(
        "mount --bind / {0} && mount --rbind /proc {0}/proc && mount --rbind /tmp {0}/tmp && exec chroot {0} \"$@\"",
        root.path().display()
    );
    let said = program.explains(&["unshare", "--mount", "sh", "-c", &script, "sh"], &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.rules(), ["create.chrooted"], "{said:?}");
    assert_eq!(said.answer("sudo"), both("succeeds", "succeeds"));
    Ok(())
}

#[test]
fn without_proc_nothing_is_claimed() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let hidden = ["unshare", "--mount", "sh", "-c", "umount -l /proc && exec \"$@\"", "sh"];
    let said = Program::new()?.explains(&hidden, &[])?;

    assert_eq!((said.status, said.rules()), (Some(3), vec![]), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("open", "not tried"));
    assert!(said.unseen().contains("the gid map: ENOENT"), "{}", said.unseen());
    Ok(())
}

#[test]
fn a_message_is_explained_and_an_unknown_one_is_no_success() -> Done {
    let program = Program::new()?;
    let said =
        program.explains(&["env"], &["sudo: unable to set runas group vector: Operation not permitted"])?;
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!(said.json[0]["call"], "setgroups");
    assert_eq!(said.json[0]["causes"][0]["rules"][0]["name"], "groups.denied");

    let said = program.explains(&["env"], &["it does not work"])?;
    assert_eq!((said.status, said.json), (Some(2), Value::Null));
    assert!(said.error.contains("no message of the "), "{}", said.error);
    Ok(())
}

#[test]
fn a_write_of_a_map_is_judged_with_what_would_help() -> Done {
    let program = Program::new()?;
    let range = ["--map", "0 100000 65536", "--as", "1000", "--file", "gid_map"];
    let said = program.explains(&["env"], &range)?;
    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.json[0]["answer"]["refused"]["rule"]["name"], "allow.writer-needs-setid");
    assert!(said.json[0]["accepted_if"].to_string().contains("newgidmap"), "{said:?}");

    let said = program.explains(&["env"], &["--map", "0 own 1", "--as", "1000", "--deny"])?;
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!((&said.json[0]["answer"], &said.json[1]["answer"]), (&"accepted".into(), &"accepted".into()));

    assert_eq!(program.explains(&["env"], &["--map", "0 0 1", "--as", "root"])?.status, Some(2));
    Ok(())
}

#[test]
fn a_process_that_is_not_there_is_no_result() -> Done {
    let said = Program::new()?.explains(&["env"], &["--pid", "2147483647"])?;

    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.error.contains("there is no process 2147483647"), "{}", said.error);
    Ok(())
}

#[test]
fn rules_are_listed_by_call_and_errno_without_a_run() -> Done {
    let (text, status) = stand_in::ends(stand_in::ci(&["rules", "--call", "setgroups", "--errno", "EPERM"]))?;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("groups.denied") && !text.contains("groups.unmapped"), "{text}");

    assert_eq!(stand_in::ends(stand_in::ci(&["rules", "--call", "frobnicate"]))?.1, Some(2));
    Ok(())
}
