//! The progress of a long run.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use harness_explore::Watch;

use crate::sys::panics::words;
use crate::sys::signals;

/// How often a terminal's line is written anew, and how often a file gets one.
const ON_A_TERMINAL: Duration = Duration::from_millis(500);
const ELSEWHERE: Duration = Duration::from_secs(10);
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
    let terminal = std::io::stderr().is_terminal();
    let every = if terminal { ON_A_TERMINAL } else { ELSEWHERE };
    std::thread::scope(|scope| {
        let worker = scope.spawn(work);
        let (begun, mut said) = (Instant::now(), Instant::now());
        while !worker.is_finished() {
            std::thread::sleep(POLL);
            if signals::interrupted() || until.is_some_and(|until| Instant::now() >= until) {
                watch.stop.store(true, Ordering::Relaxed);
            }
            if said.elapsed() >= every {
                said = Instant::now();
                show(terminal, &line(what, watch, begun.elapsed()));
            }
        }
        if terminal {
            show(terminal, "");
        }
        match worker.join() {
            Ok(done) => done.map_err(|error| error.to_string()),
            Err(panic) => Err(format!("{what}: a worker panicked: {}", words(panic.as_ref()))),
        }
    })
}

/// A line that replaces the one before, on a terminal.
fn show(terminal: bool, line: &str) {
    let mut stderr = std::io::stderr();
    let _ = if terminal { write!(stderr, "\r\x1b[K{line}") } else { writeln!(stderr, "{line}") };
    let _ = stderr.flush();
}

fn line(what: &str, watch: &Watch, elapsed: Duration) -> String {
    let (played, planned) = (watch.played.load(Ordering::Relaxed), watch.planned.load(Ordering::Relaxed));
    let rate = played as f64 / elapsed.as_secs_f64().max(0.001);
    let left = planned.saturating_sub(played) as f64 / rate.max(0.001);
    match planned {
        0 => format!("{what}: {played}, {rate:.0} a second"),
        _ => format!("{what}: {played} of {planned}, {rate:.0} a second, {left:.0} s left"),
    }
}

#[cfg(test)]
mod tests {
    use harness_explore::together;

    use super::*;

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
