//! The suite on hosts that withhold what it needs, and with snapshots missing or wrong: it skips with
//! the true reason or fails with a clear one.
//!
//! Hosts are made by `unshare` and `setpriv`, and end with the command. Needs root and the binary of
//! the suite, so that `cargo ci test --only hostile` runs these; by hand: `cargo test --no-run`, then
//! `cargo nextest run -p harness --test hostile --run-ignored all`.

#[path = "../play/tests/support/mod.rs"]
mod support;

use harness::prelude::*;
use rstest::rstest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite's binary: as the caller names it, or the newest that lies beside this one.
fn suite() -> PathBuf {
    if let Some(named) = std::env::var_os("USERNS_SUITE_BINARY") {
        return named.into();
    }
    let own = std::env::current_exe().expect("this program");
    let beside = own.parent().expect("a directory");
    let is_suite = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("userns-") && path.extension().is_none()
    };
    let all = fs::read_dir(beside).expect("its directory").flatten().map(|entry| entry.path());
    let written = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    all.filter(is_suite).max_by_key(written).expect("no suite here; build it: cargo test --no-run")
}

/// Where the suite's tests and snapshots are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Runs the suite, copied to where every user may execute it, on a host that a shell command makes,
/// with the snapshots below `root`: all it said.
fn on(host: &str, root: &Path, arguments: &[&str]) -> String {
    let place = tempfile::Builder::new().permissions(open_to_all()).tempdir().expect("a directory");
    let binary = place.path().join("suite");
    fs::copy(suite(), &binary).expect("a copy of the suite");
    let output = Command::new("sh")
        .args(["-c", &format!("{host} \"$@\""), "sh"])
        .arg(binary)
        .args(arguments)
        .env("INSTA_WORKSPACE_ROOT", root)
        .env("CI", "1")
        .env("RUST_BACKTRACE", "0")
        .env_remove(harness::suite::REQUIRE)
        .output()
        .expect("a shell");
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

fn open_to_all() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

const SINGLE_ID: &str = "exec unshare --user --map-root-user";
const OWN_ID: &str =
    "exec setpriv --reuid 4321 --regid 4322 --clear-groups unshare --user --map-current-user";
/// Root with all ids in a namespace that allows three below it; the maps are written from outside.
const FEW_NAMESPACES: &str = r#"
(until [ "$(readlink /proc/$$/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
for id in uid gid; do echo 0 0 65536 > /proc/$$/${id}_map; done) &
exec unshare --user sh -c 'until grep -q . /proc/self/gid_map; do sleep 0.01; done
exec sh -c "echo 3 > /proc/sys/user/max_user_namespaces; exec \"\$@\"" sh "$@"' sh"#;
const UNMAPPED: &str = "exec unshare --user";
const NO_PROC: &str = "exec unshare --mount sh -c 'umount -l /proc; exec \"$@\"' sh";
const READ_ONLY_PROC: &str = "exec unshare --mount sh -c 'mount -o remount,ro,bind /proc; exec \"$@\"' sh";
const CHROOT: &str = "exec unshare --mount sh -c 'mount --rbind / /mnt; exec chroot /mnt \"$@\"' sh";
const NO_NEW_PRIVS: &str = "exec setpriv --no-new-privs";
const UNKNOWN_USER: &str = "exec setpriv --reuid 4321 --regid 4322 --clear-groups";
const MANY_GROUPS: &str = "exec setpriv --reuid 4321 --regid 4322 --groups $(seq -s, 100 400)";
const NO_PROGRAMS: &str = "exec unshare --mount sh -c 'for name in newuidmap sudo; do \
     mount --bind /dev/null $(command -v $name); done; exec \"$@\"' sh";
const NO_DAEMON: &str = "exec unshare --mount sh -c 'mount -t tmpfs none /mnt; \
     grep -v ^daemon: /etc/passwd > /mnt/passwd; mount --bind /mnt/passwd /etc/passwd; exec \"$@\"' sh";
const NO_PATH: &str = "exec env PATH=/nonexistent";

/// No test fails, and those that cannot run are skipped for the reason that is true.
#[rstest]
#[case::a_namespace_of_one_id(SINGLE_ID, "needs root: the ids 0 to 65535 are not all mapped")]
#[case::a_user_in_its_own_namespace(OWN_ID, "setgroups is \"deny\" in the caller's namespace")]
#[case::few_namespaces(FEW_NAMESPACES, "user.max_user_namespaces is 3, fewer than the 256")]
#[case::an_unmapped_user(UNMAPPED, "needs root: euid is 65534")]
#[case::no_proc(NO_PROC, "unreadable: ENOENT")]
#[case::a_read_only_proc(READ_ONLY_PROC, "/proc is mounted read-only")]
#[case::a_chroot_into_a_mount_point(CHROOT, "/ is not the root of the mount namespace")]
#[case::no_new_privs(NO_NEW_PRIVS, "needs the setuid program sudo: no_new_privs is set")]
#[case::a_user_without_an_entry(UNKNOWN_USER, "needs root: euid is 4321")]
#[case::a_user_in_many_groups(MANY_GROUPS, "needs root: euid is 4321")]
#[case::no_programs(NO_PROGRAMS, "needs the setuid program sudo: not in the standard PATH")]
#[case::no_account(NO_DAEMON, "needs the account daemon: no such user")]
#[ignore = "needs root and the suite's binary"]
fn skips_with_the_reason(#[case] host: &str, #[case] reason: &str) {
    let root = with_snapshots(|_| ());

    let said = on(host, root.path(), &[]);
    let skipped = on(host, root.path(), &["--skipped"]);

    assert!(
        said.contains("test result: ok.") && said.contains(" 0 failed"),
        "on the host \"{host}\" these failed: {}",
        failures(&said)
    );
    assert!(skipped.contains(reason), "on the host \"{host}\" none was skipped for: {reason}\n{skipped}");
}

/// The names of the tests that failed, then all that the suite said but for the tests that did not.
fn failures(said: &str) -> String {
    let failed = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix("... FAILED")?.trim().to_owned());
    let names: Vec<String> = said.lines().filter_map(failed).collect();
    let good = |line: &&str| !line.ends_with("... ok") && !line.ends_with("... ignored");
    let rest: Vec<&str> = said.lines().filter(good).collect();
    format!("{}\n{}", names.join(", "), rest.join("\n"))
}

/// Programs are run by a PATH of the suite's own, so that the caller's decides nothing.
#[test]
#[ignore = "needs root and the suite's binary"]
fn the_callers_path_does_not_matter() {
    let root = with_snapshots(|_| ());

    let said = on(NO_PATH, root.path(), &["--skipped"]);

    assert_eq!(said, on("exec", root.path(), &["--skipped"]), "the suite on the host \"{NO_PATH}\"");
}

/// A copy of the snapshots, of which one is changed.
fn with_snapshots(change: impl Fn(&Path)) -> tempfile::TempDir {
    let root = tempfile::Builder::new().permissions(open_to_all()).tempdir().expect("a directory");
    let copied = Command::new("cp").arg("-r").arg(sources().join("tests")).arg(root.path()).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp failed");
    change(&root.path().join("tests/userns/snapshots/map_order/own_gid_needs_deny__before_deny.snap"));
    root
}

const OWN_GID: [&str; 2] = ["--exact", "map_order::own_gid_needs_deny::before_deny"];

/// A snapshot that is not there, or another, makes its test fail, and the message names it.
#[rstest]
#[case::missing(|path: &Path| fs::remove_file(path).expect("it is there"))]
#[case::different(|path: &Path| {
    let text = fs::read_to_string(path).expect("it is there");
    fs::write(path, text.replace("EPERM", "EACCES")).expect("it can be written");
})]
#[ignore = "needs the suite's binary"]
fn a_snapshot_is_needed(#[case] change: impl Fn(&Path)) {
    let root = with_snapshots(change);

    let said = on("exec", root.path(), &OWN_GID);

    assert!(said.contains("1 failed"), "{said}");
    assert!(said.contains("snapshot assertion for 'own_gid_needs_deny__before_deny' failed"), "{said}");
}

/// The nearby success: the copy as it is.
#[test]
#[ignore = "needs the suite's binary"]
fn a_snapshot_that_is_there() {
    let root = with_snapshots(|_| ());

    let said = on("exec", root.path(), &OWN_GID);

    assert!(said.contains("1 passed"), "{said}");
}

/// What cannot run is red where everything is required.
#[test]
#[ignore = "needs root and the suite's binary"]
fn everything_is_required() {
    let root = with_snapshots(|_| ());

    let said = on("USERNS_SUITE_REQUIRE=all exec unshare --user --map-root-user", root.path(), &OWN_GID);

    assert!(said.contains("1 failed") && said.contains("unmet need: needs an ordinary user"), "{said}");
}

/// A seccomp filter that refuses unshare(2) is found out by a probe, and both are in the reason.
#[test]
#[ignore = "needs the suite's binary"]
fn a_seccomp_filter_is_named() {
    let suite = suite();
    let scenario = caller().outside(&support::answer_with(libc::SYS_unshare, libc::EPERM));

    let trace = scenario.outside(&[run(&[&suite.to_string_lossy(), "--skipped"])]).play();

    let said = trace.to_string();
    assert!(said.contains("needs unprivileged user namespaces: unshare(CLONE_NEWUSER): EPERM"), "{said}");
    assert!(said.contains("a seccomp filter is active"), "{said}");
}
