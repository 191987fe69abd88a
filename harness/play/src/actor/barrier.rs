//! A barrier: actors wait for each other, and then make their next system calls at the same time.

use super::shared;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many barriers a process may have at a time before two share one.
const BARRIERS: usize = 1024;
/// The time between the arrival of the last actor and the start, in nanoseconds. In this time the others see it.
const LEAD: u64 = 1000;
/// The time in which an actor that runs on a CPU answers a ping, in nanoseconds.
const PROMPT: u64 = 3000;
/// The time for which an actor waits without sleeping, in nanoseconds.
const SOON: u64 = 100_000;
/// The time for which the last actor pings the others, in nanoseconds.
const PATIENCE: u64 = 2_000_000;

/// A barrier, in memory that all processes share.
pub struct Barrier {
    arrived: AtomicU32,
    /// The number of the current ping of the last actor.
    call: AtomicU32,
    /// The latest ping that an actor has answered.
    answer: AtomicU32,
    /// The time at which all actors start, in nanoseconds of the monotonic clock. 0 until all have arrived.
    start: AtomicU64,
}

/// The barrier of this number; numbers beyond what there is room for begin anew.
pub fn barrier(number: usize) -> &'static Barrier {
    static ALL: OnceLock<&'static [Barrier; BARRIERS]> = OnceLock::new();
    &ALL.get_or_init(shared)[number % BARRIERS]
}

impl Barrier {
    /// Resets the barrier for another round. No actor may wait at it.
    pub fn clear(&self) {
        for count in [&self.arrived, &self.call, &self.answer] {
            count.store(0, Ordering::Relaxed);
        }
        self.start.store(0, Ordering::Release);
    }

    /// Waits until so many actors have arrived, and then for so many nanoseconds. Returns the time since the start.
    fn wait_all(&self, racers: u32, delay: u64) -> i64 {
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 < racers {
            self.wait();
        } else {
            self.gather();
            self.start.store(now() + LEAD, Ordering::Release);
        }
        loop {
            let since = self.since();
            if since >= delay.cast_signed() {
                return since;
            }
            std::hint::spin_loop();
        }
    }

    /// Waits for a ping and answers pings until the start. It soon sleeps while it waits, because schedulers favour
    /// processes that slept.
    fn wait(&self) {
        let begun = now();
        while self.call.load(Ordering::Acquire) == 0 {
            if now() - begun < SOON {
                std::hint::spin_loop();
            } else {
                futex(&self.call, libc::FUTEX_WAIT, 0);
            }
        }
        while self.start.load(Ordering::Acquire) == 0 {
            self.answer.store(self.call.load(Ordering::Relaxed), Ordering::Relaxed);
            std::hint::spin_loop();
        }
    }

    /// Pings the waiting racers until one answers promptly, which shows that it is running on a CPU: a waiting racer
    /// may have been descheduled. Starts anyway if none answers in time.
    fn gather(&self) {
        let begun = now();
        let mut call = 0;
        while now() - begun < PATIENCE {
            let called = now();
            call += 1;
            self.call.store(call, Ordering::Release);
            if call == 1 {
                futex(&self.call, libc::FUTEX_WAKE, i32::MAX);
            }
            while now() - called < PROMPT {
                if self.answer.load(Ordering::Relaxed) == call {
                    return;
                }
                std::hint::spin_loop();
            }
        }
    }

    /// The time since the start, in nanoseconds.
    fn since(&self) -> i64 {
        now().wrapping_sub(self.start.load(Ordering::Relaxed)).cast_signed()
    }
}

/// futex(2) on memory that processes share.
fn futex(word: &AtomicU32, operation: i32, value: i32) {
    // SAFETY: the word stays where it is; without a time limit the other arguments are not looked at.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, 0, 0, 0) };
}

/// The monotonic clock, which all CPUs share, in nanoseconds.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the structure in.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Waits at the barrier of the first argument for as many actors as the second says and, once all are
/// there, for the nanoseconds of the third: how long after the start the next call begins.
pub(super) fn wait_all([number, racers, delay, which, ..]: [i64; 6]) -> i64 {
    settle(which as usize);
    barrier(number as usize).wait_all(racers as u32, delay.cast_unsigned())
}

/// Pins this racer to one CPU, a different one for each racer if there are enough. Two racers on one CPU cannot race,
/// and a scheduler is slow to move one of them.
fn settle(which: usize) {
    // SAFETY: asks for and sets an attribute of this process; a set of zeros is valid and of the size told.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        let size = size_of_val(&allowed);
        libc::sched_getaffinity(0, size, &raw mut allowed);
        let count = libc::CPU_COUNT(&allowed) as usize;
        let mut processors = (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &allowed));
        if let (2.., Some(cpu)) = (count, processors.nth(which % count.max(1))) {
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpu, &mut one);
            libc::sched_setaffinity(0, size, &raw const one);
        }
    }
}

/// The time since the start.
pub(super) fn clock([number, ..]: [i64; 6]) -> i64 {
    barrier(number as usize).since()
}
