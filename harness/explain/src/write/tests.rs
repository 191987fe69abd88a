use super::*;

fn write(text: &str, file: IdFile, uid: u32) -> Write {
    Write {
        text: text.to_owned(),
        file,
        writer: [uid, uid],
        from: From::Parent,
        deny: false,
        parent_map: None,
    }
}

/// The rule of a refusal; "ok" for a write that is accepted.
fn rule(write: &Write) -> &'static str {
    match write.judge().answer {
        Answer::Accepted => "ok",
        Answer::Refused { rule, .. } => rule.map_or("no rule", |rule| rule.0.name),
        Answer::Open(_) => "open",
    }
}

#[test]
fn a_range_takes_a_capability_in_the_parent() {
    let range = write("0 100000 65536", IdFile::UidMap, 1000);

    assert_eq!(rule(&range), "allow.writer-needs-setid");
    assert_eq!(rule(&Write { writer: [0, 0], ..range.clone() }), "ok");
    let judged = range.judge();
    assert!(judged.accepted_if.iter().any(|it| it.starts_with("root of the parent")), "{judged:?}");
    assert!(judged.accepted_if.iter().any(|it| it.starts_with("it maps only")), "{judged:?}");
}

#[test]
fn the_own_gid_needs_deny_and_the_own_uid_does_not() {
    let gid = write("0 1000 1", IdFile::GidMap, 1000);

    assert_eq!(rule(&write("0 1000 1", IdFile::UidMap, 1000)), "ok");
    assert_eq!(rule(&gid), "allow.own-gid-needs-deny");
    let denied = Write { deny: true, ..gid.clone() };
    assert_eq!(rule(&denied), "ok");
    assert!(denied.judge().then.is_some_and(|then| then.contains("groups.denied")));
    assert_eq!(gid.judge().then, None);
    assert!(gid.judge().accepted_if[0].starts_with("\"deny\" is written"), "{:?}", gid.judge());
}

#[test]
fn the_text_and_the_parents_map_decide_as_well() {
    let root = |text| write(text, IdFile::UidMap, 0);
    let nested = |text| Write { parent_map: Some("0 100000 65536".to_owned()), ..root(text) };

    assert_eq!(rule(&root("0 0")), "text.second-field");
    assert_eq!(rule(&root("0 0 10; 5 20 10")), "text.upper-overlap");
    assert_eq!(rule(&root("0 0 10; 10 20 10")), "ok");
    assert_eq!(rule(&nested("0 0 65536")), "ok");
    assert_eq!(rule(&nested("0 0 65537")), "allow.mapped-in-parent");
    // Root of a namespace that lacks the user cannot be that user.
    let elsewhere = Write { writer: [70_000, 70_000], ..nested("0 70000 1") };
    let Answer::Open(why) = elsewhere.judge().answer else { panic!("{elsewhere:?}") };
    assert!(why.contains("create.unmapped-uid"), "{why}");
}

#[test]
fn an_accepted_write_needs_no_advice() {
    assert_eq!(write("0 own 1", IdFile::UidMap, 1000).judge().accepted_if, Vec::<String>::new());
}
