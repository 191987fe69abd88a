//! Where actors wait for each other, to make their next system calls at the same time.

use super::shared;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many barriers a process may have at a time before two share one.
const BARRIERS: usize = 1024;
/// Nanoseconds between the arrival of the last one and the start: time for the others to see it.
const LEAD: u64 = 1000;
/// In how many nanoseconds an actor that has a processor now answers a call.
const PROMPT: u64 = 3000;
/// For how many nanoseconds an actor waits without falling asleep.
const SOON: u64 = 100_000;
/// For how many nanoseconds the last one calls the others.
const PATIENCE: u64 = 2_000_000;

/// A barrier, in memory that all processes share.
pub struct Barrier {
    arrived: AtomicU32,
    /// Counts up when the last one calls the others.
    call: AtomicU32,
    /// The latest call that somebody has answered.
    answer: AtomicU32,
    /// When everybody starts, in nanoseconds of the monotonic clock; 0 until everybody is there.
    start: AtomicU64,
}

/// The barrier of this number; numbers beyond what there is room for begin anew.
pub fn barrier(number: usize) -> &'static Barrier {
    static ALL: OnceLock<&'static [Barrier; BARRIERS]> = OnceLock::new();
    &ALL.get_or_init(shared)[number % BARRIERS]
}

impl Barrier {
    /// Makes it ready for another round, in which nobody may be yet.
    pub fn clear(&self) {
        for count in [&self.arrived, &self.call, &self.answer] {
            count.store(0, Ordering::Relaxed);
        }
        self.start.store(0, Ordering::Release);
    }

    /// Waits until so many have come and then for so many nanoseconds; how long after the start it is.
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

    /// Waits until it is called, soon asleep, since a scheduler rewards that, and answers calls until the start.
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

    /// Calls the others until somebody answers promptly, who thus has a processor now: each waits, but
    /// may have been put aside. If nobody does the start is made without.
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

    /// How many nanoseconds after the start it is.
    fn since(&self) -> i64 {
        now().wrapping_sub(self.start.load(Ordering::Relaxed)).cast_signed()
    }
}

/// futex(2) in memory that processes share.
fn futex(word: &AtomicU32, operation: i32, value: i32) {
    // SAFETY: the word stays where it is; without a time limit the other arguments are not looked at.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, 0, 0, 0) };
}

/// The monotonic clock, which all processors share, in nanoseconds.
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

/// Stays on one processor from now on, another one for each racer where there are enough: two that share one
/// cannot race, and a scheduler takes its time to move one of them.
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

/// How long after the start it is now.
pub(super) fn clock([number, ..]: [i64; 6]) -> i64 {
    barrier(number as usize).since()
}
