//! A guest that tells the truth, and guests that do not.

use super::*;

fn ended(test: &str) -> [Event; 2] {
    let test = test.to_owned();
    let started = Event::Started { test: test.clone() };
    [
        started,
        Event::Ended {
            test,
            end: End::Passed,
            milliseconds: 1,
            output: String::new(),
            differences: Vec::new(),
        },
    ]
}

/// What a guest says that was asked for `a` and `b` as one user, and runs the first.
fn truth() -> Vec<Event> {
    let [started, ended] = ended("a");
    vec![
        Event::Ready { release: "7.2.7".into() },
        Event::UserStarted { uid: 0, facts: "facts".into() },
        started,
        ended,
        Event::Skipped { test: "b".into(), reason: "needs root".into(), everywhere: false },
        Event::UserEnded { ran: 1, skipped: 1 },
        Event::Done,
    ]
}

fn receive(events: &[Event]) -> Result<Transcript, RunFailure> {
    let mut transcript = Transcript::new(&["a".to_owned(), "b".to_owned()], 1, "7.2.");
    events.iter().try_for_each(|event| transcript.receive(event.clone()))?;
    transcript.whole()?;
    Ok(transcript)
}

fn said(events: &[Event]) -> String {
    receive(events).err().map(|failure| failure.to_string()).unwrap_or_default()
}

#[test]
fn the_truth_is_believed() -> Result<(), RunFailure> {
    let transcript = receive(&truth())?;

    assert_eq!(transcript.release.as_deref(), Some("7.2.7"));
    assert_eq!((transcript.users[0].ended.len(), transcript.users[0].skipped.len()), (1, 1));
    Ok(())
}

#[test]
fn a_tale_that_lacks_any_of_its_events_is_short() {
    for missing in 0..truth().len() {
        let mut events = truth();
        let left_out = events.remove(missing);
        let words = said(&events);
        assert!(words.starts_with("answered short: "), "without {left_out:?}: {words}");
    }
    for length in 0..truth().len() {
        let words = said(&truth()[..length]);
        assert!(words.starts_with("answered short: it ended before it was done"), "{length}: {words}");
    }
}

#[test]
fn a_tale_with_more_than_was_asked_for_is_refused() {
    let with = |at: usize, more: &[Event]| {
        let mut events = truth();
        events.splice(at..at, more.iter().cloned());
        said(&events)
    };
    let snapshot = |path: &str| Event::Snapshot { path: path.into(), text: String::new() };

    assert!(with(4, &ended("a")).contains("tells of a twice"));
    assert!(with(4, &ended("c")).contains("c, which was not asked for"));
    assert!(with(3, &ended("b")[1..]).contains("b ended and had not begun"));
    assert!(
        with(6, &[Event::UserStarted { uid: 1, facts: serde_json::Value::Null }]).contains("not asked for")
    );
    assert!(with(7, &[Event::Done]).contains("went on after it was done"));
    assert!(with(1, &truth()[..1]).contains("started anew"));
    assert!(with(4, &[snapshot("../../etc/passwd")]).contains("leads elsewhere"));
    assert!(with(4, &[snapshot("/etc/passwd")]).contains("leads elsewhere"));
    assert_eq!(with(4, &[snapshot("tests/a.snap.new")]), "");
    let reproducer = |name: &str| Event::Reproducer { name: name.into(), text: String::new() };
    assert!(with(4, &[reproducer("../a.c")]).contains("the reproducer ../a.c leads elsewhere"));
    assert_eq!(with(4, &[reproducer("a.c")]), "");
}

#[test]
fn counts_that_do_not_add_up_are_refused() {
    for (ran, skipped) in [(2, 0), (0, 1), (1, 0), (2, 1)] {
        let mut events = truth();
        events[5] = Event::UserEnded { ran, skipped };
        assert!(said(&events).contains("of 2 tests it says"), "{ran} and {skipped}");
    }
}

#[test]
fn another_kernel_than_the_row_claims_is_noticed() {
    let mut events = truth();
    events[0] = Event::Ready { release: "6.12.1".into() };

    assert_eq!(
        said(&events),
        "is another kernel than its row claims: uname(2) says 6.12.1, the row says 7.2."
    );
}

#[test]
fn what_the_guest_cannot_do_is_passed_on() {
    let mut events = truth();
    events[2] = Event::Failure { what: "cannot read the plan".into() };

    assert_eq!(said(&events), "stopped: cannot read the plan");
}

#[test]
fn what_was_heard_last_is_told_in_words() -> Result<(), RunFailure> {
    let mut transcript = Transcript::new(&["a".to_owned(), "b".to_owned()], 1, "");
    let words: Vec<String> = truth()
        .into_iter()
        .take(4)
        .map(|event| transcript.receive(event).map(|()| transcript.last()))
        .collect::<Result<_, _>>()?;

    assert_eq!(
        words,
        [
            "Linux 7.2.7 is up",
            "0 tests had ended as uid 0",
            "a began, as uid 0",
            "1 tests had ended as uid 0"
        ]
    );
    Ok(())
}
