//! What a namespace of the helper can be given besides maps and ids, and what is reported where the kernel or a program
//! refuses it.

use harness_play::userns::{Refused, Userns, Writer};
use harness_play::{Ended, Status, host};
use harness_scenario::caps::Cap;
use nix::errno::Errno;
use rstest::rstest;

/// Root of a namespace of one id.
fn rootless() -> Userns {
    Userns::new().setgroups("deny").uid_map("0 own 1").gid_map("0 own 1").written_by(Writer::Inside)
}

/// What a shell prints there.
#[track_caller]
fn printed(userns: &Userns, script: &str) -> String {
    let ended = userns.run(&["sh", "-c", script]).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!((ended.status, ended.stderr.as_str()), (Status::Exited(0), ""));
    ended.stdout
}

/// The reason, and that the program did not run.
#[track_caller]
fn refusal(userns: &Userns) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let trace = directory.path().join("ran").display().to_string();
    let refused = userns.run(&["touch", &trace]).expect_err("a refusal");
    assert!(!directory.path().join("ran").exists(), "the program ran all the same: {refused}");
    refused.to_string()
}

const SETS: &str = "grep ^Cap /proc/self/status | cut -f2 | tr '\\n' ' '";

/// As another uid than 0, which has none by itself.
#[test]
fn a_program_keeps_the_capabilities_that_it_is_given() {
    let own =
        Userns::new().setgroups("deny").uid_map("5 own 1").gid_map("5 own 1").written_by(Writer::Inside);

    let kept = printed(&own.clone().capabilities(&[Cap::Kill, Cap::NetRaw]), SETS);
    let none = printed(&own.clone().capabilities(&[]), SETS);

    assert_eq!(kept.trim_end(), ["0000000000002020"; 5].join(" "));
    assert_eq!(none.trim_end(), ["0000000000000000"; 5].join(" "));
}

/// As uid 0, which has all by itself.
#[test]
fn uid_0_has_no_more_capabilities_than_it_is_given() {
    let sets = printed(&rootless().capabilities(&[Cap::Kill]), SETS);

    assert_eq!(sets.trim_end(), ["0000000000000020"; 5].join(" "));
}

/// A capability that the kernel does not have: the highest number is one above the last.
#[test]
fn a_capability_that_cannot_be_kept_is_named() {
    let last = host::policy().last_cap();
    let Some(beyond) = Cap::all().find(|cap| cap.number() > last) else {
        // This kernel has all that the harness knows. A uid that is not mapped cannot be set, which comes before.
        let refused = refusal(&rootless().capabilities(&[Cap::Kill]).uid(7));
        return assert_eq!(refused, "setresuid(7, 7, 7): EINVAL: Invalid argument");
    };
    assert!(refusal(&rootless().capabilities(&[beyond])).contains(&beyond.to_string()));
}

#[test]
fn limits_are_those_of_the_program() {
    let limited = rootless().rlimit("NOFILE", 20, 30).rlimit("CORE", 0, 0);

    assert_eq!(printed(&limited, "ulimit -Sn; ulimit -Hn; ulimit -c"), "20\n30\n0\n");
}

#[rstest]
#[case::soft_above_hard("NOFILE", [30, 20], "setrlimit(RLIMIT_NOFILE, 30, 20): EINVAL: Invalid argument")]
#[case::no_such_limit("FILES", [1, 1], "the harness failed, not the kernel: the scenario makes no sense: RLIMIT_FILES is no resource limit")]
fn a_limit_that_is_refused_is_named(#[case] name: &str, #[case] limits: [u64; 2], #[case] reason: &str) {
    assert_eq!(refusal(&rootless().rlimit(name, limits[0], limits[1])), reason);
}

/// The sysctl is that of the namespace: no further one may be created in it.
#[test]
fn sysctls_are_those_of_the_namespace() {
    let before = std::fs::read_to_string("/proc/sys/user/max_user_namespaces").expect("a sysctl");
    let limited = rootless().sysctl("user.max_user_namespaces", "0").sysctl("user.max_net_namespaces", "3");

    let read = printed(&limited, "cat /proc/sys/user/max_user_namespaces /proc/sys/user/max_net_namespaces");
    let refused = limited.nested(Userns::new()).run(&["true"]);

    assert_eq!(read, "0\n3\n");
    assert!(
        matches!(&refused, Err(Refused::Harness(error)) if error.to_string().contains("ENOSPC")),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_to_string("/proc/sys/user/max_user_namespaces").expect("a sysctl"), before);
}

#[rstest]
#[case::no_number(
    "user.max_user_namespaces",
    "many",
    "sysctl user.max_user_namespaces=many: write: EINVAL: Invalid argument"
)]
#[case::no_such_file(
    "user.max_ponies",
    "1",
    "sysctl user.max_ponies=1: open: ENOENT: No such file or directory"
)]
#[case::of_the_host(
    "kernel.hostname",
    "x",
    "the harness failed, not the kernel: the scenario makes no sense: kernel.hostname is no sysctl of a user namespace, which are those below user."
)]
#[case::a_way_out(
    "user.../kernel/hostname",
    "x",
    "the harness failed, not the kernel: the scenario makes no sense: user.../kernel/hostname is no sysctl of a user namespace, which are those below user."
)]
fn a_sysctl_that_is_refused_is_named(#[case] name: &str, #[case] value: &str, #[case] reason: &str) {
    assert_eq!(refusal(&rootless().sysctl(name, value)), reason);
}

/// Two namespaces below one another, then three. The map of each is that of its own parent.
#[test]
fn a_namespace_may_be_below_another() {
    let inner = Userns::new().uid_map("7 0 1");
    let middle = Userns::new().uid_map("0 0 1").gid_map("0 0 1");
    let below = middle.nested(Userns::new().uid_map("9 0 1"));

    let script = "id -u; tr -s ' ' < /proc/self/uid_map";
    assert_eq!(printed(&rootless().nested(inner), script), "7\n 7 0 1\n");
    assert_eq!(printed(&rootless().nested(below), script), "9\n 9 0 1\n");
}

#[test]
fn what_is_refused_on_a_lower_level_is_named() {
    let unmapped = rootless().nested(Userns::new().uid_map("0 5 1"));
    let four = rootless().nested(rootless().nested(rootless().nested(rootless())));

    assert_eq!(refusal(&unmapped), "nested's uid_map <- \"0 5 1\": EPERM: Operation not permitted");
    assert!(refusal(&four).ends_with("there are more than three levels of namespaces"));
}

/// newuidmap(1) maps the own id without a line in /etc/subuid, for a user who has an account. Both are facts of the host.
#[test]
fn newuidmap_writes_a_map() {
    let ended = Userns::new().uid_map("0 own 1").written_by(Writer::Newidmap).run(&["id", "-u"]);

    let account = nix::unistd::User::from_uid(nix::unistd::geteuid()).expect("accounts can be read");
    match host::Program::find("newuidmap") {
        Some(_) if account.is_none() => {
            let said = ended.map_err(|refused| refused.to_string()).expect_err("a user without a name");
            assert!(said.contains("newuidmap: Cannot determine your user name."), "{said}");
        }
        Some(_) => {
            let status = |ended: Ended| (ended.status, ended.stdout);
            assert_eq!(ended.map(status), Ok((Status::Exited(0), "0\n".to_owned())));
        }
        None => assert!(matches!(ended, Err(Refused::Harness(_))), "{ended:?}"),
    }
}

/// An id that is neither the caller's own nor one of its ranges: the words are the program's.
#[test]
fn what_newuidmap_refuses_is_told_in_its_words() {
    let ended = Userns::new().uid_map("0 4000000000 1").written_by(Writer::Newidmap).run(&["true"]);

    if host::Program::find("newuidmap").is_none() {
        assert!(matches!(ended, Err(Refused::Harness(_))), "{ended:?}");
        return;
    }
    let Err(Refused::Program { program, ended }) = ended else { panic!("{ended:?}") };
    assert_eq!(program, "newuidmap 0 4000000000 1");
    assert_eq!(ended.status, Status::Exited(1));
    assert!(ended.stderr.starts_with("newuidmap: "), "{ended:?}");
    let shown = Refused::Program { program, ended }.to_string();
    assert!(shown.starts_with("newuidmap 0 4000000000 1: exit 1: newuidmap: "), "{shown}");
}

/// A step that the kernel refuses on the way there is one as before.
#[test]
fn a_refused_write_keeps_its_errno() {
    let refused = rootless().uid_map("1 own 1").run(&["true"]);

    let step = "uid_map <- \"1 own 1\"".to_owned();
    assert_eq!(refused, Err(Refused::Step { step, call: "", errno: Errno::EPERM }));
}
