//! What the host lacks for each test, found out by several processes: tests are [rehearsed](crate::rehearsal) one after the
//! other in a process, and all together they take seconds.

use std::io::{self, BufReader, PipeReader, PipeWriter, Read as _, Write as _};

use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::{Test, known};
use crate::rehearsal;
use harness_play::fork_for_test;

/// A process for fewer tests takes longer than it saves.
const FEWEST: usize = 100;

/// The processes for each processor: some rehearsals wait, and some take much longer than others.
const FOR_EACH_PROCESSOR: usize = 4;

/// Before tests are listed: finds out what the host lacks for each, in several processes, and never in this one. A
/// rehearsal may play scenarios, and what a process has played with stays in its memory: the children that it forks for
/// tests would have it in common. What cannot be forked or is not told by a child is found out later, test by test.
pub(super) fn learn(tests: &[(String, &'static Test)]) {
    if !rehearsal::is_needed() {
        return;
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // Each process may play scenarios, which have processes of their own.
    let for_each = if crate::facts().has_low_limits() { 1 } else { FOR_EACH_PROCESSOR };
    let shares = (for_each * processors).min(tests.len() / FEWEST).max(1);
    let children: Vec<(Pid, PipeReader)> =
        (0..shares).filter_map(|share| child(tests, share, shares).ok()).collect();
    for (pid, told) in children {
        let mut lines = String::new();
        let _ = BufReader::new(told).read_to_string(&mut lines);
        lines.split_inclusive('\n').for_each(|line| note(tests, line));
        let _ = waitpid(pid, None);
    }
}

/// Takes each test for one that can run here, for a list of names.
pub(super) fn assume(tests: &[(String, &'static Test)]) {
    known().extend(tests.iter().map(|(_, test)| (test.name, Ok(()))));
}

fn of_share<'a>(
    tests: &'a [(String, &'static Test)],
    share: usize,
    shares: usize,
) -> impl Iterator<Item = (usize, &'static Test)> + 'a {
    tests.iter().map(|(_, test)| *test).enumerate().skip(share).step_by(shares)
}

/// Forks a child that tells of its share.
fn child(tests: &[(String, &'static Test)], share: usize, shares: usize) -> io::Result<(Pid, PipeReader)> {
    let (told, mut tells) = io::pipe()?;
    let pid = fork_for_test(|| tell(tests, (share, shares), &mut tells).map_or(1, |()| 0))?;
    Ok((pid, told))
}

fn tell(
    tests: &[(String, &'static Test)],
    (share, shares): (usize, usize),
    to: &mut PipeWriter,
) -> io::Result<()> {
    for (number, test) in of_share(tests, share, shares) {
        to.write_all(line(number, &test.requirement()).as_bytes())?;
    }
    Ok(())
}

/// A test by its number, and the reason why it cannot run, if there is one.
fn line(number: usize, requirement: &Result<(), String>) -> String {
    let reason = requirement.as_ref().err().map(|reason| reason.replace(['\n', '\t'], " "));
    format!("{number}\t{}\n", reason.unwrap_or_default())
}

/// Notes what a child told of a test. A line without an end is one that the child could not finish.
fn note(tests: &[(String, &'static Test)], line: &str) {
    let told = line.strip_suffix('\n').and_then(|line| {
        let (number, reason) = line.split_once('\t')?;
        Some((number.parse::<usize>().ok()?, reason))
    });
    if let Some((number, reason)) = told
        && let Some((_, test)) = tests.get(number)
    {
        known().insert(test.name, if reason.is_empty() { Ok(()) } else { Err(reason.to_owned()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_tells_is_known_and_what_it_does_not_tell_is_found_out() {
        static TESTS: [Test; 2] = [test("shares::one"), test("shares::two")];
        const fn test(name: &'static str) -> Test {
            Test { name, function: "", file: "", line: 1, needs: &[], rules: &[], varies: &[], run: || {} }
        }
        let all: Vec<(String, &Test)> = TESTS.iter().map(|test| (test.name.to_owned(), test)).collect();

        note(&all, &line(1, &Err("needs a\nfile".to_owned())));
        for wrong in ["0\n", "0\t", "7\tneeds root\n"] {
            note(&all, wrong);
        }

        assert_eq!(TESTS[1].requirement(), Err("needs a file".to_owned()));
        assert!(!known().contains_key("shares::one"));
        let shared: Vec<usize> = of_share(&all, 1, 2).map(|(number, _)| number).collect();
        assert_eq!(shared, [1]);
    }
}
