//! sudo, su and their kin themselves, in namespaces with setgroups allowed and denied, and what the
//! tables of `sudo_sequences.rs` have to do with them.
//!
//! Wording differs between releases of a program, so that of a message only who speaks and the errno are
//! compared: `su: ... Operation not permitted`. What follows from the kernel has one snapshot for all releases; where
//! a program says more, or less, by its own version, a test apart has a snapshot for each.

use harness::prelude::*;
use rstest::rstest;

/// Whether the parent wrote "deny" before it mapped the groups.
#[derive(Debug, Clone, Copy)]
enum Setgroups {
    Allow,
    Deny,
}

/// A namespace of root's with the ids 0 to 65535, so that programs and their files keep their owners.
fn container(setgroups: Setgroups) -> Scenario {
    let word = match setgroups {
        Setgroups::Allow => ALLOW,
        Setgroups::Deny => DENY,
    };
    root().outside(&[]).inside(&[]).outside(&[word, uid_map("0 0 65536"), gid_map("0 0 65536")])
}

/// How the program of the last step ended.
fn ended(trace: &Trace) -> &Ended {
    match trace.outcomes.last() {
        Some(Outcome::Program(ended)) => ended,
        _ => panic!("no program was run last:\n{trace}"),
    }
}

/// What sudo says of a command that it did not start, with the errno that is left by then.
const OF_THE_COMMAND: &str = "sudo: id: ";

/// A trace in which a program's messages are reduced to the speaker and the errno.
fn without_wording(trace: &Trace) -> String {
    reduced(trace, |_| true)
}

/// A trace with only those messages that matter, reduced to the speaker and the errno. That sudo cannot resolve the name of
/// the host depends on the network. Whether a speaker names itself with its directory depends on its release.
fn reduced(trace: &Trace, matters: impl Fn(&str) -> bool) -> String {
    let line = |line: &str| match line.split_once("stderr: ") {
        Some((_, message)) if message.contains("unable to resolve host") || !matters(message) => {
            String::new()
        }
        Some((before, message)) => {
            let speaker = message.split(':').next().unwrap_or_default();
            let speaker = speaker.rsplit('/').next().unwrap_or_default();
            let reason = message.rsplit(": ").next().unwrap_or_default();
            format!("{before}stderr: {speaker}: ... {reason}\n")
        }
        None => format!("{line}\n"),
    };
    trace.to_string().lines().map(line).collect()
}

/// What the program of the last step said and how it ended, but for its complaints.
fn without_messages(trace: &Trace) -> String {
    let Ended { status, stdout, .. } = ended(trace);
    format!("{status}\n{stdout}")
}

/// sudo, which sets the groups, works under "allow" and is refused with EPERM under "deny".
/// Source: setgroups(2); sudo(8).
#[rstest]
#[case::sudo_as_root(&["sudo", "-n", "id", "-Gn"])]
#[case::sudo_as_user(&["sudo", "-n", "-u", "daemon", "id", "-Gn"])]
#[harness::test(Root, Userns, SetuidProgram("sudo"), Account("daemon"), pins("program.real"))]
fn sudo_works_under_allow_and_is_refused_under_deny(
    #[case] words: &[&str],
    #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups,
) {
    let ns = container(setgroups);

    let trace = ns.inside(&[run(words)]).play();

    check!(reduced(&trace, |message| !message.starts_with(OF_THE_COMMAND)));
}

/// sudo that is refused prints a message about the command, too, which it has not started. The reason in it is the errno
/// that was left: since 1.9.7 that of setgroups(2), before it that of an ioctl(2) that the warning makes.
/// Source: `harness::rules::changes::SUDO_KEEPS_ERRNO`.
#[harness::test(Root, Userns, SetuidProgram("sudo"), varies(SUDO_KEEPS_ERRNO), pins("program.real"))]
fn a_refused_sudo_names_the_errno_of_setgroups() {
    let ns = container(Setgroups::Deny);

    let trace = ns.inside(&[run(&["sudo", "-n", "id", "-Gn"])]).play();

    let of_the_command = |line: &&str| line.starts_with(OF_THE_COMMAND);
    check!(ended(&trace).stderr.lines().filter(of_the_command).collect::<String>());
}

/// su, runuser, setpriv --clear-groups and chroot set the groups. They work under "allow" and are refused with EPERM under
/// "deny". setpriv --keep-groups works under both.
/// Source: setgroups(2); su(1), runuser(1), setpriv(1), chroot(1).
#[rstest]
#[case::su("su", &["su", "-s", "/bin/sh", "daemon", "-c", "id -Gn"])]
#[case::runuser("runuser", &["runuser", "-u", "daemon", "--", "id", "-Gn"])]
#[case::setpriv_clear("setpriv", &["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "id", "-G"])]
#[case::setpriv_keep("setpriv", &["setpriv", "--reuid=1000", "--regid=1000", "--keep-groups", "id", "-G"])]
#[case::chroot("chroot", &["chroot", "--userspec=1000:1000", "/", "id", "-G"])]
#[harness::test(
    Root,
    Userns,
    SetuidProgram("su"),
    Program("runuser"),
    Program("setpriv"),
    Program("chroot"),
    Account("daemon"),
    pins("program.real")
)]
fn programs_that_set_groups_are_refused_under_deny(
    #[case] _name: &str,
    #[case] words: &[&str],
    #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups,
) {
    let ns = container(setgroups);

    let trace = ns.inside(&[run(words)]).play();

    check!(without_wording(&trace));
}

/// sg runs its command under "deny" as well, with the groups that it had.
/// Source: sg(1).
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("sg"), Account("daemon"), pins("program.real"))]
fn sg_goes_on_under_deny(#[case] setgroups: Setgroups) {
    let ns = container(setgroups);

    let trace = ns.inside(&[run(&["sg", "daemon", "-c", "id -gn"])]).play();

    check!(reduced(&trace, |_| false));
}

/// There are two programs of the name sg. That of shadow prints under "deny" that it may not set the groups. That of
/// util-linux leaves them as they are and prints nothing.
/// Source: `harness::rules::changes::SG_OF_UTIL_LINUX`.
#[harness::test(
    Root,
    Userns,
    Program("sg"),
    Account("daemon"),
    varies(SG_OF_UTIL_LINUX),
    pins("program.real")
)]
fn sg_of_shadow_complains_under_deny_and_of_util_linux_does_not() {
    let ns = container(Setgroups::Deny);

    let trace = ns.inside(&[run(&["sg", "daemon", "-c", "id -gn"])]).play();

    check!(format!("{:?}", ended(&trace).stderr));
}

/// newgrp becomes a shell under "deny" as well.
/// Source: newgrp(1).
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("newgrp"), Account("daemon"), pins("program.real"))]
fn newgrp_goes_on_under_deny(#[case] setgroups: Setgroups) {
    let ns = container(setgroups);

    let trace = ns.inside(&[run(&["sh", "-c", "echo id -gn | newgrp daemon"])]).play();

    check!(without_messages(&trace));
}

/// start-stop-daemon sets the groups. It starts the program under "allow", and starts nothing under "deny".
/// Source: start-stop-daemon(8), --chuid.
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("start-stop-daemon"), Account("daemon"), pins("program.real"))]
fn start_stop_daemon_starts_nothing_under_deny(#[case] setgroups: Setgroups) {
    let ns = container(setgroups);

    // Not --exec, which refuses to start a second process of the same program.
    let words = ["start-stop-daemon", "--start", "--chuid", "daemon", "--pidfile", "/nonexistent/pidfile"];
    let id = ["--startas", "/usr/bin/id", "--", "-Gn"];
    let trace = ns.inside(&[run(&[&words[..], &id].concat())]).play();

    check!(without_messages(&trace));
}

/// `unshare --map-root-user` writes "deny" to map its own group, and `--setgroups=deny` writes it, too.
/// `--setgroups=allow` is refused where the parent has "deny".
/// Source: unshare(1), --map-root-user; user_namespaces(7).
#[rstest]
#[case::root(&["unshare", "--user", "--map-root-user", "cat", "/proc/self/setgroups"])]
#[case::deny(&["unshare", "--user", "--setgroups=deny", "cat", "/proc/self/setgroups"])]
#[case::allow(&["unshare", "--user", "--setgroups=allow", "cat", "/proc/self/setgroups"])]
#[harness::test(Root, Userns, Program("unshare"), pins("program.real", "deny.inherited"))]
fn unshare_makes_no_allow_below_deny(
    #[case] words: &[&str],
    #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups,
) {
    let ns = container(setgroups);

    let trace = ns.inside(&[run(words)]).play();

    check!(without_wording(&trace));
}

/// An ordinary user's `unshare --map-root-user` leaves setgroups at "deny".
/// Source: unshare(1); user_namespaces(7).
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("unshare"), pins("program.real"))]
fn unshare_of_an_ordinary_user_leaves_setgroups_at_deny() {
    let ns = ordinary();

    let words =
        ["unshare", "--user", "--map-root-user", "sh", "-c", "id -u; id -g; cat /proc/self/setgroups"];
    let trace = ns.outside(&[run(&words)]).play();

    check!(trace, @"
    outside  begins                                            ok
    outside  run unshare --user --map-root-user sh -c id -u; id -g; cat /proc/self/setgroups  exit 0
               stdout: 0
               stdout: 0
               stdout: deny
    afterwards
    outside  the caller's namespace
             uid own  gid own  groups the caller's  caps none
    ");
}

/// sudo refuses to work for an ordinary user who is root in a namespace of one id. Its file belongs to the overflow id there,
/// and the set-user-ID bit of an owner without a mapping does not count.
/// Source: execve(2); kernel bprm_fill_uid().
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("sudo"), pins("program.real"))]
fn sudo_without_a_mapped_owner_refuses_to_work() {
    let ns = ordinary().inside(&[DENY, uid_map("0 own 1"), gid_map("0 own 1")]);

    let trace = ns.inside(&[run(&["sudo", "-n", "true"])]).play();

    assert_eq!(ended(&trace).status, Status::Exited(1), "{trace}");
}
