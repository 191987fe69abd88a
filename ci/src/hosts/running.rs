//! The tests that run just now, on any host.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

/// The names of tests, each of which one host at a time has.
#[derive(Debug, Default)]
pub struct Running(Mutex<BTreeSet<String>>, Condvar);

impl Running {
    /// Waits until no other host runs the test, and keeps it until the guard is dropped.
    pub fn take<'a>(&'a self, test: &'a str) -> Taken<'a> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.1.wait_while(names, |names| names.contains(test));
        taken.unwrap_or_else(PoisonError::into_inner).insert(test.to_owned());
        Taken(self, test)
    }
}

/// A test that one host has. Others may have it when this is dropped.
#[derive(Debug)]
pub struct Taken<'a>(&'a Running, &'a str);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(self.1);
        self.0.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn a_test_never_runs_beside_itself() {
        let (running, now, most) = (Running::default(), AtomicUsize::new(0), AtomicUsize::new(0));

        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _taken = running.take("a");
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(5));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
            // Another one waits for none of them.
            drop(running.take("b"));
        });

        assert_eq!(most.into_inner(), 1);
    }
}
