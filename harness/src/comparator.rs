//! Comparing a trace with a snapshot.
//!
//! Where the two differ in text they may still say the same: on a kernel that has no call for filesystem ids or
//! securebits, or no file setgroups, whose traces show them as unknown; and for a caller whose id is also another
//! one of the snapshot, such as the overflow id.

use crate::facts;
use crate::ids::UNKNOWN;
use crate::missing::MissingFeatures;
use crate::rehearsal;
use crate::show::NO_FILE;
use insta::{Comparator, Snapshot};

/// Compares all that the kernel reports, and ignores what it cannot report.
pub(crate) struct SaysTheSame;

impl Comparator for SaysTheSame {
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        let text = |snapshot: &Snapshot| snapshot.contents().as_text().map(ToString::to_string);
        text(test).zip(text(reference)).is_some_and(|(seen, reviewed)| says_the_same(&seen, &reviewed))
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(Self)
    }
}

/// Whether what was seen is what was reviewed, on this kernel and for this caller.
pub(crate) fn says_the_same(seen: &str, reviewed: &str) -> bool {
    seen == reviewed
        || facts().lacks() != MissingFeatures::default() && equal_where_known(seen, reviewed)
        || rehearsal::ids_may_collide() && rehearsal::words().same(seen.trim_end(), reviewed.trim_end())
}

/// Whether what was seen is what was reviewed, apart from what the kernel cannot report of a process.
pub fn equal_where_known(seen: &str, reviewed: &str) -> bool {
    let (seen, reviewed): (Vec<&str>, Vec<&str>) = (seen.lines().collect(), reviewed.lines().collect());
    seen.len() == reviewed.len() && seen.iter().zip(reviewed).all(|(seen, reviewed)| line(seen, reviewed))
}

/// The fields of a state line that a kernel may be unable to report, each with its leading blanks, and the
/// placeholder that is printed instead. Securebits are shown where there are any.
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

/// Whether the first is a real, effective and saved id, as in `own/0/0/unknown`, and the second has the same ids with
/// any filesystem id: `own/0/0/5`, or one word for all of them.
fn ids(seen: &str, reviewed: &str) -> bool {
    let known = seen.strip_suffix(UNKNOWN).and_then(|seen| seen.strip_suffix('/'));
    let Some(known) = known.filter(|known| known.split('/').count() == 3) else { return false };
    match reviewed.rsplit_once('/') {
        Some((three, _fs)) => three == known,
        None => known.split('/').all(|id| id == reviewed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_counts_and_what_is_unknown_does_not() {
        let reviewed = "look  uid own  gid 0/own/5/5  caps all";

        assert!(equal_where_known("look  uid own/own/own/unknown  gid 0/own/5/unknown  caps all", reviewed));
        assert!(equal_where_known(reviewed, reviewed));
        for lie in [
            "look  uid own/own/0/unknown  gid 0/own/5/unknown  caps all",
            "look  uid own/own/own/unknown  gid 0/own/6/unknown  caps all",
            "look  uid own/own/own/unknown  gid 0/own/5/unknown  caps none",
            "look  uid own/own/own/unknown  gid unknown  caps all",
            "look  uid unknown  gid 0/own/5/5  caps all",
            "look  uid own/own/own/unknown  gid 0/own/5/5  caps all  not dumpable",
            "look  uid own/own/own/unknown",
        ] {
            assert!(!equal_where_known(lie, reviewed), "{lie}");
        }
        assert!(!equal_where_known("uid own\nuid own", "uid own"));
    }

    #[test]
    fn securebits_that_are_unknown_may_be_any() {
        let agrees =
            |reviewed| equal_where_known("caps all  not dumpable  securebits unknown  then", reviewed);

        assert!(agrees("caps all  not dumpable  then"));
        assert!(agrees("caps all  not dumpable  securebits 0x2f  then"));
        assert!(!agrees("caps all  securebits 0x2f  then"));
        assert!(!agrees("caps all  not dumpable  securebits 0x2f"));
        assert!(!equal_where_known("caps all  securebits 0x2", "caps all  securebits 0x2f"));
        assert!(!equal_where_known("caps all", "caps all  securebits 0x2f"));
    }

    #[test]
    fn a_file_that_is_not_there_may_say_anything_in_a_state_and_nothing_in_a_step() {
        let state = "gid_map \"\"  setgroups (no such file)";

        assert!(equal_where_known(state, "gid_map \"\"  setgroups allow"));
        assert!(equal_where_known(state, "gid_map \"\"  setgroups deny"));
        assert!(!equal_where_known(state, "gid_map \"0 0 1\"  setgroups deny"));
        assert!(!equal_where_known("gid_map \"\"  setgroups allow", "gid_map \"\"  setgroups deny"));
        assert!(!equal_where_known(
            "inside  read setgroups  open: ENOENT",
            "inside  read setgroups  \"allow\""
        ));
    }
}
