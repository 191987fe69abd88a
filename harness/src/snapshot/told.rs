//! Comparing where the kernel has no call that tells filesystem ids or securebits, or no file of setgroups: a trace
//! says that they are unknown, a reviewed snapshot names them.

use crate::ids::UNKNOWN;
use crate::show::NO_FILE;
use insta::{Comparator, Snapshot};

/// Compares all that the kernel told.
pub(super) struct AsFarAsTold;

impl Comparator for AsFarAsTold {
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        let text = |snapshot: &Snapshot| snapshot.contents().as_text().map(ToString::to_string);
        text(test).zip(text(reference)).is_some_and(|(seen, reviewed)| agree(&seen, &reviewed))
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(Self)
    }
}

/// Whether what was seen is what was reviewed, apart from what the kernel cannot tell of a process.
pub fn agree(seen: &str, reviewed: &str) -> bool {
    let (seen, reviewed): (Vec<&str>, Vec<&str>) = (seen.lines().collect(), reviewed.lines().collect());
    seen.len() == reviewed.len() && seen.iter().zip(reviewed).all(|(seen, reviewed)| line(seen, reviewed))
}

/// What a state shows of that which a kernel may be unable to tell, each part with two blanks before it, and the
/// words by which it shows that. Securebits are shown where there are any.
const PARTS: [(&str, &str); 2] = [("  securebits ", UNKNOWN), ("  setgroups ", NO_FILE)];

fn line(seen: &str, reviewed: &str) -> bool {
    let (mut seen, mut reviewed) = (seen.to_owned(), reviewed.to_owned());
    for (name, unknown) in PARTS {
        if seen.split_once(name).is_some_and(|(_, after)| after.starts_with(unknown)) {
            (seen, reviewed) = (without(&seen, name), without(&reviewed, name));
        }
    }
    let mut both = (seen.split(' '), reviewed.split(' '));
    loop {
        match (both.0.next(), both.1.next()) {
            (None, None) => return true,
            (Some(seen), Some(reviewed)) if seen == reviewed || ids(seen, reviewed) => {}
            _ => return false,
        }
    }
}

/// A line without the part of that name.
fn without(line: &str, name: &str) -> String {
    match line.split_once(name) {
        Some((before, after)) => format!("{before}{}", &after[after.find("  ").unwrap_or(after.len())..]),
        None => line.to_owned(),
    }
}

/// Whether these are real, effective and saved id, as in `own/0/0/unknown`, and the same with any filesystem id:
/// `own/0/0/5`, or one word for all of them.
fn ids(seen: &str, reviewed: &str) -> bool {
    let told = seen.strip_suffix(UNKNOWN).and_then(|seen| seen.strip_suffix('/'));
    let Some(told) = told.filter(|told| told.split('/').count() == 3) else { return false };
    match reviewed.rsplit_once('/') {
        Some((three, _fs)) => three == told,
        None => told.split('/').all(|id| id == reviewed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_counts_and_what_is_unknown_does_not() {
        let reviewed = "look  uid own  gid 0/own/5/5  caps all";

        assert!(agree("look  uid own/own/own/unknown  gid 0/own/5/unknown  caps all", reviewed));
        assert!(agree(reviewed, reviewed));
        for lie in [
            "look  uid own/own/0/unknown  gid 0/own/5/unknown  caps all",
            "look  uid own/own/own/unknown  gid 0/own/6/unknown  caps all",
            "look  uid own/own/own/unknown  gid 0/own/5/unknown  caps none",
            "look  uid own/own/own/unknown  gid unknown  caps all",
            "look  uid unknown  gid 0/own/5/5  caps all",
            "look  uid own/own/own/unknown  gid 0/own/5/5  caps all  not dumpable",
            "look  uid own/own/own/unknown",
        ] {
            assert!(!agree(lie, reviewed), "{lie}");
        }
        assert!(!agree("uid own\nuid own", "uid own"));
    }

    #[test]
    fn securebits_that_are_unknown_may_be_any() {
        let agrees = |reviewed| agree("caps all  not dumpable  securebits unknown  then", reviewed);

        assert!(agrees("caps all  not dumpable  then"));
        assert!(agrees("caps all  not dumpable  securebits 0x2f  then"));
        assert!(!agrees("caps all  securebits 0x2f  then"));
        assert!(!agrees("caps all  not dumpable  securebits 0x2f"));
        assert!(!agree("caps all  securebits 0x2", "caps all  securebits 0x2f"));
        assert!(!agree("caps all", "caps all  securebits 0x2f"));
    }

    #[test]
    fn a_file_that_is_not_there_may_say_anything_in_a_state_and_nothing_in_a_step() {
        let state = "gid_map \"\"  setgroups (no such file)";

        assert!(agree(state, "gid_map \"\"  setgroups allow"));
        assert!(agree(state, "gid_map \"\"  setgroups deny"));
        assert!(!agree(state, "gid_map \"0 0 1\"  setgroups deny"));
        assert!(!agree("gid_map \"\"  setgroups allow", "gid_map \"\"  setgroups deny"));
        assert!(!agree("inside  read setgroups  open: ENOENT", "inside  read setgroups  \"allow\""));
    }
}
