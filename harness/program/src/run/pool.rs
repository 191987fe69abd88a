//! The tests of a run, shared out among a few processes.

use std::time::Duration;

use harness::suite::Prepared;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd as _;

use crate::run::server::{Ended, Server, wait_for};

/// The topics whose tests take longest. They begin first, so that no processor waits for the last of them.
const LONG: [&str; 2] = ["sweeps::", "search::"];
/// The topic whose tests need every processor for themselves.
const ALONE: &str = "races::";

/// Something that happened.
#[derive(Debug)]
pub enum Happened {
    /// A test begins.
    Started(String),
    /// A test is over. The error is that of the process that served it: it has ended.
    Ended(String, Result<Ended, String>),
}

/// The signals that end a run.
struct Signals(SignalFd);

impl Signals {
    /// From now on these signals are read here, and end nothing.
    fn block() -> Result<Self, String> {
        let fail = |errno| format!("cannot watch for signals: {errno}");
        let mask: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
        mask.thread_block().map_err(fail)?;
        SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self).map_err(fail)
    }

    fn came(&mut self) -> bool {
        matches!(self.0.read_signal(), Ok(Some(_)))
    }
}

/// Plays tests in so many processes at a time, and tells what happens.
///
/// # Errors
/// What cannot be started, waited for or told; "interrupted" after a signal.
pub fn play(
    suite: &Prepared,
    tests: &[String],
    jobs: usize,
    limit: Duration,
    tell: &mut dyn FnMut(Happened) -> Result<(), String>,
) -> Result<(), String> {
    let mut signals = Signals::block()?;
    let (mut alone, mut together): (Vec<&String>, Vec<&String>) =
        tests.iter().partition(|test| test.starts_with(ALONE));
    let is_long = |test: &&String| LONG.iter().any(|topic| test.starts_with(topic));
    // The last is taken first.
    together.reverse();
    together.sort_by_key(is_long);
    alone.reverse();
    for (mut waiting, jobs) in [(together, jobs.max(1)), (alone, 1)] {
        let mut pool = Pool { suite, limit, slots: (0..jobs).map(|_| None).collect() };
        let played = pool.play(&mut waiting, &mut signals, tell);
        pool.end();
        played?;
    }
    Ok(())
}

/// Processes that serve tests, and the name of the test that each plays.
struct Pool<'a> {
    suite: &'a Prepared,
    limit: Duration,
    slots: Vec<Option<(Server, String)>>,
}

impl Pool<'_> {
    fn play(
        &mut self,
        waiting: &mut Vec<&String>,
        signals: &mut Signals,
        tell: &mut dyn FnMut(Happened) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            for slot in 0..self.slots.len() {
                self.fill(slot, waiting, tell)?;
            }
            let busy: Vec<&Server> =
                self.slots.iter().flatten().map(|(server, _)| server).filter(|it| it.is_busy()).collect();
            if busy.is_empty() {
                return Ok(());
            }
            wait_for(&busy, &[signals.0.as_fd()])?;
            if signals.came() {
                return Err("interrupted".to_owned());
            }
            for slot in &mut self.slots {
                advance(slot, tell)?;
            }
        }
    }

    /// Gives the next test to a process that plays none.
    fn fill(
        &mut self,
        slot: usize,
        waiting: &mut Vec<&String>,
        tell: &mut dyn FnMut(Happened) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.slots[slot].as_ref().is_some_and(|(server, _)| server.is_busy()) {
            return Ok(());
        }
        let Some(test) = waiting.pop() else { return Ok(()) };
        tell(Happened::Started(test.clone()))?;
        let mut server = match self.slots[slot].take() {
            Some((server, _)) => server,
            None => Server::fork(self.suite)?,
        };
        server.ask(test, self.limit)?;
        self.slots[slot] = Some((server, test.clone()));
        Ok(())
    }

    /// Ends all processes, in the middle of a test where there is one.
    fn end(&mut self) {
        for (server, _) in self.slots.iter_mut().filter_map(Option::take) {
            drop(server.last_words());
        }
    }
}

/// Hears what a process says of its test. One that ends with a test is that test's crash.
fn advance(
    slot: &mut Option<(Server, String)>,
    tell: &mut dyn FnMut(Happened) -> Result<(), String>,
) -> Result<(), String> {
    let Some((mut server, test)) = slot.take() else { return Ok(()) };
    if !server.is_busy() {
        *slot = Some((server, test));
        return Ok(());
    }
    match server.advance() {
        Ok(None) => *slot = Some((server, test)),
        Ok(Some(ended)) => {
            *slot = Some((server, test.clone()));
            tell(Happened::Ended(test, Ok(ended)))?;
        }
        Err(why) => {
            let said = server.last_words();
            tell(Happened::Ended(test, Err(format!("{why}\n{said}"))))?;
        }
    }
    Ok(())
}
