//! Faulty tests.

use harness::needs::Need;
use harness::suite::{TESTS, Test, current_test};
use nix::sys::signal::{Signal, kill};
use nix::unistd::getppid;
use std::time::Duration;

/// A test of this name that does this.
const fn test(name: &'static str, run: fn()) -> Test {
    Test { name, function: "", file: file!(), line: 1, needs: &[], rules: &[], varies: &[], run }
}

macro_rules! tests {
    ($($name:ident $text:literal $run:expr;)*) => {
        $(#[linkme::distributed_slice(TESTS)]
        static $name: Test = test($text, $run);)*
    };
}

tests! {
    PASSES "faulty::good::passes" || {};
    PANICS "faulty::bad::panics" || in_earnest(|| panic!("the map is empty"));
    EXITS "faulty::bad::exits_as_if_it_had_passed" || in_earnest(|| std::process::exit(0));
    CRASHES "faulty::bad::crashes" || in_earnest(|| std::process::abort());
    HANGS "faulty::bad::hangs" || in_earnest(|| std::thread::sleep(Duration::from_secs(600)));
    IS_TOO_SLOW "faulty::slow::is_too_slow" || in_earnest(|| panic!("too slow here: 3 of 90 rounds overlapped"));
    PRINTS "faulty::bad::prints_much" || in_earnest(|| {
        eprintln!("{}", "x".repeat(300_000));
        panic!("the last words");
    });
    KILLS "faulty::bad::kills_its_server" || in_earnest(|| {
        kill(getppid(), Signal::SIGKILL).expect("a child may");
        std::thread::sleep(Duration::from_secs(1));
    });
    AFTER "faulty::good::still_runs" || {};
}

/// Does something unless the test is only rehearsed, which happens in the process that lists the tests.
fn in_earnest(fault: fn()) {
    if current_test().is_some() {
        fault();
    }
}

#[linkme::distributed_slice(TESTS)]
static SKIPPED: Test = Test {
    needs: &[Need::File("/nowhere/at/all")],
    ..test("faulty::good::needs_a_file", || panic!("this test is never run"))
};
