use std::collections::BTreeSet;

use super::*;
use crate::field::model::SetCall;
use crate::field::reviewed;
use crate::programs::rows::Miss;
use crate::programs::snapshots::{Snapshot, text};

fn call(name: &str, ids: &[u32], errno: Option<&str>) -> SetCall {
    SetCall { name: name.to_owned(), ids: ids.to_vec(), errno: errno.map(str::to_owned) }
}

/// A run of a program like su: it stops at the first refused call.
fn left(state: State, order: &[(&str, u32)]) -> Left {
    let mut calls: Vec<SetCall> = order.iter().map(|(name, id)| call(name, &[*id], None)).collect();
    for (number, said) in answers(&state.namespace(), &calls).into_iter().enumerate() {
        if let Said::Fails { errno, .. } = said {
            calls.truncate(number + 1);
            calls[number].errno = Some(errno);
            break;
        }
    }
    let refused = calls.iter().find(|call| call.errno.is_some());
    Left {
        end: if refused.is_some() { "exit 1" } else { "exit 0" }.to_owned(),
        ran: if refused.is_some() { Vec::new() } else { vec!["1:1 {1}".to_owned()] },
        output: refused.map_or_else(String::new, |call| format!("su: {} failed\n", call.name)),
        sequences: vec![Sequence { program: "su".to_owned(), own: calls.clone(), whole: calls }],
        threads: BTreeSet::new(),
        names: Names::default(),
    }
}

const SU: &[(&str, u32)] = &[("setgroups", 1), ("setgid", 1), ("setuid", 1)];
const DOAS: &[(&str, u32)] = &[("setgid", 1), ("setgroups", 1), ("setuid", 1)];

fn row() -> Row {
    let text = "name = \"su\"\nfamily = \"x\"\npackage = \"util-linux\"\nrun = \"su -c showid daemon\"\n";
    toml::from_str(text).expect("it is a row")
}

fn judged(row: &Row, runs: &[Left], reviewed: &Reviewed) -> Judged {
    let root = Root {
        release: "sid".to_owned(),
        dir: "/".into(),
        versions: [("util-linux".to_owned(), "2".to_owned())].into(),
    };
    let mut judged = Judged::could_not_run(row, &root, "");
    judged.findings.clear();
    compare(&mut judged, runs, reviewed);
    judged
}

fn runs(order: &[(&str, u32)]) -> Vec<Left> {
    STATES.iter().map(|state| left(*state, order)).collect()
}

fn reviewed(judged: &Judged) -> Reviewed {
    let text = text("util-linux", "1", "sid", &judged.seen);
    let snapshot: Snapshot = toml::from_str(&text).expect("it is a snapshot");
    reviewed::Reviewed([("su".to_owned(), vec![snapshot])].into())
}

#[test]
fn the_order_of_the_calls_decides_which_is_refused_first() {
    let of =
        |state: State, order| predict(&state.namespace(), &left(State::Allow, order).sequences).to_string();

    assert_eq!(of(State::Deny, SU), "setgroups EPERM");
    assert_eq!(of(State::OneIdAllow, SU), "setgroups EINVAL");
    assert_eq!(of(State::NoGidMap, SU), "setgroups EPERM");
    assert_eq!(of(State::OneIdDeny, DOAS), "setgid EINVAL");
    assert_eq!(of(State::Allow, DOAS), "no refused call");
}

#[test]
fn a_program_that_is_as_reviewed_and_predicted_has_no_finding() {
    let first = judged(&row(), &runs(SU), &Reviewed::default());
    assert_eq!(first.findings, [Finding::NotReviewed]);

    let second = judged(&row(), &runs(SU), &reviewed(&first));
    assert_eq!(second.findings, []);
    let words: Vec<&str> = second.words().iter().map(|word| word.text()).collect();
    assert_eq!(words, ["works", "refuses", "refuses", "refuses", "refuses"]);
}

#[test]
fn another_order_of_calls_is_a_change() {
    let old = reviewed(&judged(&row(), &runs(SU), &Reviewed::default()));

    let changed = judged(&row(), &runs(DOAS), &old);
    let states: Vec<&str> = changed
        .findings
        .iter()
        .filter_map(|it| if let Finding::Changed { state, .. } = it { Some(state.as_str()) } else { None })
        .collect();
    assert_eq!(states, ["allow", "deny", "one-id-deny", "one-id-allow", "no-gid-map"]);
}

#[test]
fn a_kernel_that_answers_differently_from_the_model_is_named() {
    let mut runs = runs(SU);
    runs[1] = left(State::Allow, SU);

    let findings = judged(&row(), &runs, &Reviewed::default()).findings;
    let expected = "deny: the kernel answers setgroups([1]), the model EPERM";
    assert!(findings.iter().any(|it| it.to_string() == expected), "{findings:?}");
}

#[test]
fn a_program_that_takes_another_way_is_unpredicted_unless_the_row_says_so() {
    let mut runs = runs(SU);
    // It looks at the state first and makes no call.
    runs[1].sequences.clear();
    let miss =
        Miss { state: "deny".to_owned(), releases: vec!["sid".to_owned()], why: "it looks".to_owned() };

    let findings = judged(&row(), &runs, &Reviewed::default()).findings;
    let expected = "deny: predicted was setgroups EPERM, seen was no refused call";
    assert!(findings.iter().any(|it| it.to_string() == expected), "{findings:?}");
    let known = Row { misses: vec![miss], ..row() };
    assert_eq!(judged(&known, &runs, &Reviewed::default()).findings, [Finding::NotReviewed]);
    // An unexpected pass is news.
    let findings = judged(&known, &self::runs(SU), &Reviewed::default()).findings;
    assert!(
        findings.iter().any(|it| it.to_string().starts_with("deny: the prediction holds")),
        "{findings:?}"
    );
}

#[test]
fn a_program_that_does_not_work_under_allow_shows_nothing() {
    let mut runs = runs(SU);
    runs[0].ran.clear();

    let judged = judged(&row(), &runs, &Reviewed::default());
    assert!(matches!(judged.findings[0], Finding::DoesNotWork { .. }) && !judged.is_whole(), "{judged:?}");
}
