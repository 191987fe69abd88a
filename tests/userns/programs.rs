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

/// The same, of only those messages that matter. That sudo cannot resolve the name of the host is the network's
/// affair; whether a speaker names itself with its directory is the affair of its release.
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

/// Programs that change groups work under "allow" and fail with EPERM under "deny", sudo above all.
/// Source: setgroups(2); sudo(8), su(1), runuser(1), setpriv(1), chroot(1).
#[rstest]
#[case::sudo_as_root(&["sudo", "-n", "id", "-Gn"])]
#[case::sudo_as_user(&["sudo", "-n", "-u", "daemon", "id", "-Gn"])]
#[harness::test(Root, Userns, SetuidProgram("sudo"), Account("daemon"), pins("program.real"))]
fn sudo(#[case] words: &[&str], #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups) {
    let cast = container(setgroups);

    let trace = cast.inside(&[run(words)]).play();

    check!(reduced(&trace, |message| !message.starts_with(OF_THE_COMMAND)));
}

/// Refused, sudo tells of the command, too, which it has not started. Its reason is what errno was left at: since
/// 1.9.7 that of setgroups(2), before it that of an ioctl(2) on the way of the warning.
/// Source: `harness::rules::changes::SUDO_KEEPS_ERRNO`.
#[harness::test(Root, Userns, SetuidProgram("sudo"), varies(SUDO_KEEPS_ERRNO), pins("program.real"))]
fn what_sudo_says_of_the_command() {
    let cast = container(Setgroups::Deny);

    let trace = cast.inside(&[run(&["sudo", "-n", "id", "-Gn"])]).play();

    let of_the_command = |line: &&str| line.starts_with(OF_THE_COMMAND);
    check!(ended(&trace).stderr.lines().filter(of_the_command).collect::<String>());
}

/// As for sudo.
/// Source: su(1), runuser(1), setpriv(1), chroot(1).
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
fn others(
    #[case] _name: &str,
    #[case] words: &[&str],
    #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups,
) {
    let cast = container(setgroups);

    let trace = cast.inside(&[run(words)]).play();

    check!(without_wording(&trace));
}

/// sg goes on under "deny", with the groups it had.
/// Source: sg(1).
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("sg"), Account("daemon"), pins("program.real"))]
fn sg(#[case] setgroups: Setgroups) {
    let cast = container(setgroups);

    let trace = cast.inside(&[run(&["sg", "daemon", "-c", "id -gn"])]).play();

    check!(reduced(&trace, |_| false));
}

/// There are two programs of this name: shadow's complains that it may not set the groups, util-linux's leaves them
/// as they are and has nothing to complain of.
/// Source: `harness::rules::changes::SG_OF_UTIL_LINUX`.
#[harness::test(
    Root,
    Userns,
    Program("sg"),
    Account("daemon"),
    varies(SG_OF_UTIL_LINUX),
    pins("program.real")
)]
fn what_sg_says() {
    let cast = container(Setgroups::Deny);

    let trace = cast.inside(&[run(&["sg", "daemon", "-c", "id -gn"])]).play();

    check!(format!("{:?}", ended(&trace).stderr));
}

/// newgrp, which becomes a shell, goes on under "deny" as sg does.
/// Source: newgrp(1).
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("newgrp"), Account("daemon"), pins("program.real"))]
fn newgrp(#[case] setgroups: Setgroups) {
    let cast = container(setgroups);

    let trace = cast.inside(&[run(&["sh", "-c", "echo id -gn | newgrp daemon"])]).play();

    check!(without_messages(&trace));
}

/// start-stop-daemon starts nothing where it may not set the groups.
/// Source: start-stop-daemon(8), --chuid.
#[rstest]
#[case::allowed(Setgroups::Allow)]
#[case::denied(Setgroups::Deny)]
#[harness::test(Root, Userns, Program("start-stop-daemon"), Account("daemon"), pins("program.real"))]
fn start_stop_daemon(#[case] setgroups: Setgroups) {
    let cast = container(setgroups);

    // Not --exec, which refuses to start a second process of the same program.
    let words = ["start-stop-daemon", "--start", "--chuid", "daemon", "--pidfile", "/nonexistent/pidfile"];
    let id = ["--startas", "/usr/bin/id", "--", "-Gn"];
    let trace = cast.inside(&[run(&[&words[..], &id].concat())]).play();

    check!(without_messages(&trace));
}

/// `unshare` nests: it writes "deny" itself to map its own group, and needs it whatever its parent says.
/// Source: unshare(1), --map-root-user; user_namespaces(7).
#[rstest]
#[case::root(&["unshare", "--user", "--map-root-user", "cat", "/proc/self/setgroups"])]
#[case::deny(&["unshare", "--user", "--setgroups=deny", "cat", "/proc/self/setgroups"])]
#[case::allow(&["unshare", "--user", "--setgroups=allow", "cat", "/proc/self/setgroups"])]
#[harness::test(Root, Userns, Program("unshare"), pins("program.real", "deny.inherited"))]
fn unshare(#[case] words: &[&str], #[values(Setgroups::Allow, Setgroups::Deny)] setgroups: Setgroups) {
    let cast = container(setgroups);

    let trace = cast.inside(&[run(words)]).play();

    check!(without_wording(&trace));
}

/// An ordinary user's `unshare --map-root-user` leaves setgroups at "deny".
/// Source: unshare(1); user_namespaces(7).
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("unshare"), pins("program.real"))]
fn unshare_by_an_ordinary_user() {
    let cast = ordinary();

    let words =
        ["unshare", "--user", "--map-root-user", "sh", "-c", "id -u; id -g; cat /proc/self/setgroups"];
    let trace = cast.outside(&[run(&words)]).play();

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

/// sudo refuses to work for an ordinary user who is root in a namespace of one id: there its file belongs
/// to the overflow id, and the set-user-ID bit of an owner without mapping counts for nothing.
/// Source: execve(2); kernel bprm_fill_uid().
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("sudo"), pins("program.real"))]
fn sudo_without_a_mapped_owner() {
    let cast = ordinary().inside(&[DENY, uid_map("0 own 1"), gid_map("0 own 1")]);

    let trace = cast.inside(&[run(&["sudo", "-n", "true"])]).play();

    assert_eq!(ended(&trace).status, Status::Exited(1), "{trace}");
}
