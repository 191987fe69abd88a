//! The tests of one kernel, shared out among several guests: where fewer kernels are asked than there are processors, each
//! processor starts a guest of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::guests::guest::console_file;
use crate::guests::transcript::UserTranscript;

/// One of several guests of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Part {
    /// The only guest of a kernel.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// So many guests.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }

    /// The tests of this guest. Tests of a topic take similar times, so each guest gets some of every topic.
    pub fn tests(self, all: &[String]) -> Vec<String> {
        all.iter().skip(self.number).step_by(self.of).cloned().collect()
    }

    /// What the guest is called beside others: "uml-7.2", or "uml-7.2 (1 of 2)".
    pub fn name(self, kernel: &str) -> String {
        match self.of {
            1 => kernel.to_owned(),
            of => format!("{kernel} ({} of {of})", self.number + 1),
        }
    }

    /// Where its console is kept, below the directory of the kernel's results.
    pub fn console(self, results: &Path) -> PathBuf {
        match self.number {
            0 => console_file(results),
            number => results.join(format!("console-{}", number + 1)),
        }
    }
}

/// What each user saw in all guests of a kernel, in the order of the users.
pub fn together(guests: Vec<Vec<UserTranscript>>) -> Vec<UserTranscript> {
    let mut users: BTreeMap<usize, UserTranscript> = BTreeMap::new();
    for (place, user) in guests.into_iter().flat_map(|guest| guest.into_iter().enumerate()) {
        match users.get_mut(&place) {
            Some(known) => known.add(user),
            None => drop(users.insert(place, user)),
        }
    }
    users.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_is_in_one_part() {
        let all: Vec<String> = (0..7).map(|number| format!("t::{number}")).collect();

        let parts: Vec<Vec<String>> = Part::all(3).map(|part| part.tests(&all)).collect();

        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 2]);
        let mut again = parts.concat();
        again.sort();
        assert_eq!(again, all);
        assert_eq!(Part::WHOLE.tests(&all), all);
        assert_eq!(Part::WHOLE.name("k"), "k");
        assert_eq!(Part { number: 1, of: 2 }.name("k"), "k (2 of 2)");
    }

    #[test]
    fn what_a_user_saw_in_two_guests_is_one_answer() {
        let user = |uid, test: &str| UserTranscript {
            uid,
            skipped: [(test.to_owned(), "needs root".to_owned())].into(),
            ..UserTranscript::default()
        };

        let users = together(vec![vec![user(0, "a"), user(7, "a")], vec![user(0, "b")]]);

        let seen: Vec<(u32, usize)> = users.iter().map(|user| (user.uid, user.skipped.len())).collect();
        assert_eq!(seen, [(0, 2), (7, 1)]);
    }
}
