//! Several kernels at a time, each on a processor of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The processors that this process may use.
///
/// # Errors
/// When the kernel does not tell.
pub fn processors() -> Result<Vec<usize>, String> {
    let set = sched_getaffinity(Pid::from_raw(0))
        .map_err(|error| format!("the kernel does not tell which processors there are: {error}"))?;
    Ok((0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect())
}

/// Does something with each item, on so many threads as there are processors in the list, and gives the
/// results in the order of the items.
///
/// A thread stays on its processor, and so does what it starts: User-Mode Linux hands each system call from
/// one process to another and back, which is six times as fast where both share a processor.
pub fn run<T: Sync, R: Send>(items: &[T], processors: &[usize], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    run_on(items, &processors.iter().copied().map(Some).collect::<Vec<_>>(), work)
}

/// A thread for each element, on that processor if there is one.
fn run_on<T: Sync, R: Send>(items: &[T], threads: &[Option<usize>], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let queue: Mutex<VecDeque<(usize, &T)>> = Mutex::new(items.iter().enumerate().collect());
    let results: Mutex<Vec<(usize, R)>> = Mutex::default();
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        for processor in threads {
            scope.spawn(|| {
                processor.inspect(|processor| stay_on(*processor));
                while let Some((number, item)) = next() {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// As [`run`], on so many threads, each of which may run on every processor: for work that needs more than one now and
/// then.
pub fn run_anywhere<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    run_on(items, &vec![None; threads], work)
}

/// Where that is refused everything is slower and nothing is wrong.
fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    if set.set(processor).is_ok() {
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_from_the_processor() -> Result<(), String> {
        let all = processors()?;
        let seen = run(&[3, 1, 2], &all[..1], |item| (*item, processors()));

        let numbers: Vec<i32> = seen.iter().map(|(item, _)| *item).collect();
        assert_eq!(numbers, [3, 1, 2]);
        assert!(seen.iter().all(|(_, on)| on.as_deref() == Ok(&all[..1])), "{seen:?}");
        // The caller's own thread is where it was.
        assert_eq!(processors()?, all);
        Ok(())
    }
}
