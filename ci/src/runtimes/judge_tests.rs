use super::*;
use crate::field::reviewed;
use crate::runtimes::seen::{Snapshot, text};

fn row(more: &str) -> Row {
    let text = format!(
        "name = \"runc\"\npackage = \"runc\"\nuser = \"root\"\nrun = \"probe\"\nrange = true\n{more}"
    );
    toml::from_str(&text).expect("it is a row")
}

fn seen(setgroups: &str, sudo: &str) -> Seen {
    let map = "0 100000 65536".to_owned();
    Seen {
        end: "exit 0".to_owned(),
        uid_map: map.clone(),
        gid_map: map,
        setgroups: setgroups.to_owned(),
        ids: "0:0".to_owned(),
        clear: sudo.to_owned(),
        sudo: sudo.to_owned(),
        ..Seen::default()
    }
}

fn judged(row: &Row, seen: Seen, reviewed: &Reviewed) -> Vec<String> {
    let versions = [("runc".to_owned(), "2".to_owned())].into();
    let root = Root { release: "sid".to_owned(), dir: "/".into(), versions };
    let mut judged = Judged::could_not_run(row, &root, "");
    judged.findings.clear();
    compare(&mut judged, seen, &[], reviewed);
    judged.findings.iter().map(ToString::to_string).collect()
}

fn kept(seen: &Seen) -> Reviewed {
    let snapshot: Snapshot = toml::from_str(&text("runc", "1", "sid", seen)).expect("it is a snapshot");
    reviewed::Reviewed([("runc".to_owned(), vec![snapshot])].into())
}

const MESSAGE: &str = "sudo: unable to set runas group vector: Operation not permitted";
const KNOWN: &str = "[[known]]\ncheck = \"runtime.setgroups-allowed\"\nwhy = \"a\"\n\
                     [[known]]\ncheck = \"runtime.sudo-works\"\nreleases = [\"sid\"]\nwhy = \"b\"\n";

#[test]
fn a_runtime_that_begins_to_write_deny_turns_red_by_name() {
    let findings = judged(&row(""), seen("deny", MESSAGE), &kept(&seen("allow", "ok")));

    assert_eq!(findings[0], "runtime.setgroups-allowed does not hold: it reads \"deny\"");
    assert_eq!(findings[1], format!("runtime.sudo-works does not hold: {MESSAGE}"));
    assert!(
        findings[2].starts_with("it differs from the reviewed version 1") && findings.len() == 3,
        "{findings:?}"
    );
}

#[test]
fn a_known_deviation_is_no_finding_and_its_end_is_one() {
    let deny = seen("deny", MESSAGE);
    assert_eq!(judged(&row(KNOWN), deny.clone(), &kept(&deny)), [""; 0]);

    let allow = seen("allow", "ok");
    let findings = judged(&row(KNOWN), allow.clone(), &kept(&allow));
    let expected = [
        "runtime.setgroups-allowed does not fail any more; remove it from ci/runtimes.toml (a)",
        "runtime.sudo-works does not fail any more; remove it from ci/runtimes.toml (b)",
    ];
    assert_eq!(findings, expected);
}

#[test]
fn a_runtime_without_a_snapshot_is_not_reviewed() {
    let findings = judged(&row(""), seen("allow", "ok"), &Reviewed::default());

    assert_eq!(findings, ["no version has a reviewed snapshot; --accept writes one"]);
}
