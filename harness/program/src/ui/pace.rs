//! How long the rest of a run takes, at its pace so far, and how often a log is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A pace is known after this time, and after a twentieth of the work.
const EARLIEST: Duration = Duration::from_secs(5);
const LEAST: u64 = 20;
/// How often a log gets a line: after the first interval, then after twice as long, up to the last.
const FIRST: Duration = Duration::from_secs(10);
const LAST: Duration = Duration::from_secs(60);

/// How long the rest takes, if it goes on as it went. `None` while that cannot be known.
pub fn left(done: u64, of: u64, elapsed: Duration) -> Option<Duration> {
    let known = elapsed >= EARLIEST && done > 0 && done <= of && done.saturating_mul(LEAST) >= of;
    known.then(|| elapsed.mul_f64((of - done) as f64 / done as f64))
}

/// The words for what is [`left`], after a comma; none where it is not known.
pub fn words(left: Option<Duration>) -> String {
    let Some(left) = left else { return String::new() };
    match left.as_secs() {
        0..10 => ", a few seconds left".to_owned(),
        // To ten seconds, which is more than a pace can promise.
        seconds @ 10..95 => format!(", about {} s left", (seconds + 5) / 10 * 10),
        seconds @ 95..5400 => format!(", about {} min left", (seconds + 30) / 60),
        seconds => format!(", about {} h left", (seconds + 1800) / 3600),
    }
}

/// Steps of a run that are counted when they are done.
#[derive(Debug)]
pub struct Steps {
    of: u64,
    done: AtomicU64,
    begun: Instant,
}

impl Steps {
    /// So many steps begin.
    pub fn new(of: usize) -> Self {
        Self { of: of as u64, done: AtomicU64::new(0), begun: Instant::now() }
    }

    /// One more is done: how many are of all, and how long the rest takes, where that is known.
    pub fn done(&self) -> String {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{done} of {}{}", self.of, words(left(done, self.of, self.begun.elapsed())))
    }
}

/// When a log gets its next line: seldom, so that hours do not fill it.
#[derive(Debug)]
pub struct Intervals {
    last: Instant,
    next: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self::new()
    }
}

impl Intervals {
    /// The first interval begins.
    pub fn new() -> Self {
        Self { last: Instant::now(), next: FIRST }
    }

    /// Whether an interval is over. The next one begins then.
    pub fn is_over(&mut self) -> bool {
        let over = self.last.elapsed() >= self.next;
        if over {
            *self = Self { last: Instant::now(), next: (2 * self.next).min(LAST) };
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        assert_eq!(left(25, 100, MINUTE), Some(3 * MINUTE));
        assert_eq!(left(100, 100, MINUTE), Some(Duration::ZERO));
    }

    #[test]
    fn what_cannot_be_known_is_not_said() {
        for (done, of, elapsed) in [
            (0, 100, MINUTE),
            (50, 100, Duration::from_secs(4)),
            (4, 100, MINUTE),
            // More than was planned: the plan is wrong, and so would be what follows from it.
            (101, 100, MINUTE),
            (0, 0, MINUTE),
        ] {
            assert_eq!(left(done, of, elapsed), None, "{done} of {of} in {elapsed:?}");
        }
        assert_eq!(words(None), "");
    }

    #[test]
    fn the_words_promise_no_more_than_a_pace_can() {
        let of = |seconds| words(Some(Duration::from_secs(seconds)));

        assert_eq!(of(9), ", a few seconds left");
        assert_eq!(of(44), ", about 40 s left");
        assert_eq!(of(94), ", about 90 s left");
        assert_eq!(of(95), ", about 2 min left");
        assert_eq!(of(3 * 60 + 20), ", about 3 min left");
        assert_eq!(of(5400), ", about 2 h left");
    }

    #[test]
    fn steps_are_counted() {
        let mut steps = Steps::new(4);
        assert_eq!(steps.done(), "1 of 4");
        steps.begun = Instant::now().checked_sub(MINUTE).unwrap_or(steps.begun);
        assert_eq!(steps.done(), "2 of 4, about 60 s left");
    }

    #[test]
    fn a_log_gets_a_line_ever_more_seldom() {
        let mut intervals = Intervals::new();
        assert!(!intervals.is_over());

        let (mut all, mut lines) = (Duration::ZERO, 0);
        while all < 60 * MINUTE {
            all += intervals.next;
            intervals.last = Instant::now().checked_sub(intervals.next).unwrap_or(intervals.last);
            assert!(intervals.is_over(), "{:?} of {:?}", intervals.last.elapsed(), intervals.next);
            lines += 1;
        }
        assert_eq!((lines, intervals.next), (62, LAST));
    }
}
