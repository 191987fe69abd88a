//! A small suite, registered as the real one is. What is unmet here is unmet on every host, so
//! that the answers do not depend on this one.

use harness::prelude::*;
use harness::suite::current_test;
use rstest::rstest;

#[harness::test]
fn plain() {
    assert_eq!(current_test().as_deref(), Some("suite::plain"));
}

#[harness::test(Program("no-such-program-anywhere"))]
fn unmet() {
    panic!("ran without what it needs");
}

#[harness::test(Kernel { major: 2, minor: 6, why: "anything" }, Program("no-such-program-anywhere"),)]
fn unmet_later() {
    panic!("ran without what it needs");
}

#[harness::test]
fn fails() {
    panic!("as it should");
}

/// As a race fails on a host that is too slow for it.
#[harness::test]
fn too_slow() {
    panic!("{} 3 of 90 rounds overlapped", harness::listing::TOO_SLOW_HERE);
}

/// A call that every kernel refuses in the same way. Its snapshot is wrong; the checks have insta pass where they
/// are about the errno alone.
#[rstest]
#[case::right(EINVAL)]
#[case::wrong(EPERM)]
#[harness::test]
fn errno(#[case] expected: Answer) {
    let unknown_flag = Action::Unshare(1 << 12);

    let trace = caller().outside(&[unknown_flag]).play();

    check!(
        trace,
        last = expected,
        @r"
    outside  begins           ok
    outside  unshare(0x1000)  EPERM
    afterwards
    "
    );
}

/// Ends by a call, like a case of rstest, and keeps its number.
#[harness::test]
fn more_than_340_lines() {
    helper();
}

fn helper() {}

#[rstest]
#[case::before_deny("suite::own_gid::before_deny")]
#[case::after_deny("suite::own_gid::after_deny")]
#[harness::test]
fn own_gid(#[case] name: &str) {
    assert_eq!(current_test().as_deref(), Some(name));
}

#[rstest]
#[case::named("x")]
#[harness::test]
fn product(#[case] _text: &str, #[values("deny", "allow")] _word: &str, #[values(0, 7)] _id: u32) {}

#[rstest]
#[harness::test(Program("no-such-program-anywhere"), Capability(Cap::Chown))]
fn values(#[values(None, Some(1))] _id: Option<u32>) {}

#[rstest]
#[harness::test]
fn beneath_rstest_alone() {}
