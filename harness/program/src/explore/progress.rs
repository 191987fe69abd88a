//! The progress of a long run.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use harness_explore::Watch;

use crate::sys::panics::words;
use crate::sys::signals;
use crate::ui::live;
use crate::ui::pace::{self, Intervals};
use crate::ui::print::note;

/// How often a signal is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Does work that counts what it plays, and says meanwhile how far it is; a signal ends it after the scenario
/// that each worker is at. `until` ends it at a time.
///
/// # Errors
/// The error of the work, or what a worker that panicked said: what was played until then is no result.
pub fn watched<T: Send, E: ToString + Send>(
    what: &str,
    watch: &Watch,
    until: Option<Instant>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, String> {
    std::thread::scope(|scope| {
        let worker = scope.spawn(work);
        let (begun, mut log) = (Instant::now(), Intervals::new());
        while !worker.is_finished() {
            std::thread::sleep(POLL);
            if signals::interrupted() || until.is_some_and(|until| Instant::now() >= until) {
                watch.stop.store(true, Ordering::Relaxed);
            }
            let now = || line(what, watch, begun.elapsed(), until);
            live::show(now);
            if !live::is_possible() && log.is_over() {
                note(format_args!("{}\n", now()));
            }
        }
        live::clear();
        match worker.join() {
            Ok(done) => done.map_err(|error| error.to_string()),
            Err(panic) => Err(format!("{what}: a worker panicked: {}", words(panic.as_ref()))),
        }
    })
}

/// How far it is. The rest takes until the time at which it ends, or as long as the pace says.
fn line(what: &str, watch: &Watch, elapsed: Duration, until: Option<Instant>) -> String {
    let (played, planned) = (watch.played.load(Ordering::Relaxed), watch.planned.load(Ordering::Relaxed));
    let rate = played as f64 / elapsed.as_secs_f64().max(0.001);
    let left = match until {
        Some(until) => Some(until.saturating_duration_since(Instant::now())),
        None => pace::left(played, planned, elapsed),
    };
    let of = if planned == 0 { String::new() } else { format!(" of {planned}") };
    format!("{what}: {played}{of}, {rate:.0} a second{}", pace::words(left))
}

#[cfg(test)]
mod tests {
    use harness_explore::together;

    use super::*;

    #[test]
    fn the_rest_is_known_by_the_pace_or_by_the_time_of_the_end() {
        let watch = Watch::default();
        watch.played.store(600, Ordering::Relaxed);
        let minute = Duration::from_secs(60);
        let in_two = Instant::now() + 2 * minute;

        assert_eq!(line("search", &watch, minute, None), "search: 600, 10 a second");
        assert_eq!(
            line("search", &watch, minute, Some(in_two)),
            "search: 600, 10 a second, about 2 min left"
        );
        watch.planned.store(2400, Ordering::Relaxed);
        assert_eq!(line("sweep", &watch, minute, None), "sweep: 600 of 2400, 10 a second, about 3 min left");
    }

    #[test]
    fn a_panic_of_a_worker_is_an_error_with_its_words_and_ends_the_others() {
        let watch = Watch::default();
        let work = |number| match number {
            0 => panic!("text {number} is odd"),
            _ => {
                while watch.goes_on() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok::<(), String>(())
            }
        };

        let done = watched("texts", &watch, None, || together(2, &watch, work));

        assert_eq!(done, Err("texts: a worker panicked: text 0 is odd".to_owned()));
    }
}
