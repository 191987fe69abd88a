//! What the suite's main function makes of its arguments and its tests.

use super::*;

#[test]
fn only_all_or_nothing_is_required() {
    assert_eq!(unmet_is(None), Ok(UnmetIs::AReasonToSkip));
    assert_eq!(unmet_is(Some(OsStr::new(""))), Ok(UnmetIs::AReasonToSkip));
    assert_eq!(unmet_is(Some(OsStr::new("all"))), Ok(UnmetIs::AFailure));
    let error = unmet_is(Some(OsStr::new("most"))).expect_err("not a known value");
    assert!(error.contains("USERNS_SUITE_REQUIRE is \"most\""), "{error}");
}

#[test]
fn a_list_of_names_alone_is_asked_for_by_that_word() {
    let word = |word: &str| lists_names(Some(OsStr::new(word)));
    assert_eq!((lists_names(None), word(""), word("names")), (Ok(false), Ok(false), Ok(true)));
    let error = word("name").expect_err("not a known value");
    assert!(error.contains("USERNS_SUITE_LIST is \"name\""), "{error}");
}

#[test]
fn a_run_of_nothing_is_no_success() {
    let run = |num_passed, num_failed, num_ignored, list| {
        let (num_filtered_out, num_measured) = (7, 0);
        let ended = Conclusion { num_filtered_out, num_passed, num_failed, num_ignored, num_measured };
        nothing_ran(&Arguments { list, ..Arguments::default() }, &ended).is_some()
    };

    assert!(run(0, 0, 5, false) && run(0, 0, 0, false));
    assert!(!run(1, 0, 5, false) && !run(0, 1, 0, false) && !run(0, 0, 0, true));
}

#[test]
fn the_current_test_is_known_while_it_runs_and_not_after() {
    run_named(Current { name: "topic::claim".to_owned(), varies: &[] }, || {
        assert_eq!(current_test().as_deref(), Some("topic::claim"));
    });
    assert_eq!(current_test(), None);

    let panicked = catch_unwind(|| {
        run_named(Current { name: "topic::claim".to_owned(), varies: &[] }, || panic!("fails"))
    });
    let words = panicked.expect_err("a panic");
    assert_eq!(words.downcast_ref::<&str>(), Some(&"fails"));
    assert_eq!(current_test(), None);
}
