//! /proc/PID/status.

use std::collections::HashMap;

use harness_play::host::{Fact, Seccomp};
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{CapSets, FsId, Ids};

/// The fields of /proc/PID/status. Ids are as the reader's namespace maps them.
/// Source: proc_pid_status(5).
pub struct Status(HashMap<String, String>);

impl Status {
    /// Takes the text apart.
    pub fn of(text: &str) -> Self {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// The four ids of "Uid" or "Gid".
    pub fn ids(&self, name: &str) -> Fact<Ids> {
        self.read(name, |value| match self::numbers(value)?[..] {
            [real, effective, saved, fs] => Some(Ids { real, effective, saved, fs: FsId::Known(fs) }),
            _ => None,
        })
    }

    /// The supplementary groups.
    pub fn groups(&self) -> Fact<Vec<u32>> {
        self.read("Groups", numbers)
    }

    /// The five sets of capabilities. A kernel before 4.3 has no ambient set.
    pub fn capabilities(&self) -> Fact<CapSets> {
        let set = |name| self.read(name, CapSet::from_hex);
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd"].map(set);
        let [Fact::Known(inheritable), Fact::Known(permitted), Fact::Known(effective), Fact::Known(bounding)] =
            sets
        else {
            return Fact::Absent;
        };
        let ambient = set("CapAmb").known().copied().unwrap_or_default();
        Fact::Known(CapSets { inheritable, permitted, effective, bounding, ambient })
    }

    /// The flag no_new_privs, since 4.10.
    pub fn no_new_privs(&self) -> Fact<bool> {
        self.read("NoNewPrivs", |value| Some(value != "0"))
    }

    /// The mode of seccomp.
    pub fn seccomp(&self) -> Fact<Seccomp> {
        self.read("Seccomp", |value| {
            Some(match value {
                "0" => Seccomp::Off,
                "1" => Seccomp::Strict,
                _ => Seccomp::Filter,
            })
        })
    }

    fn read<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Fact<T> {
        match self.0.get(name) {
            None => Fact::Absent,
            Some(value) => match parse(value) {
                Some(read) => Fact::Known(read),
                None => Fact::Unreadable(format!("{name}: {value:?}")),
            },
        }
    }
}

/// The soft and the hard limit of processes, by the name of a directory in /proc.
/// Source: proc_pid_limits(5).
pub fn max_processes(process: &str) -> Fact<String> {
    let text = Fact::of(std::fs::read_to_string(format!("/proc/{process}/limits")));
    match text.map(|text| limit_in(text)) {
        Fact::Known(Some(limit)) => Fact::Known(limit),
        Fact::Known(None) | Fact::Absent => Fact::Absent,
        Fact::Unreadable(why) => Fact::Unreadable(why),
    }
}

fn limit_in(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max processes"))?;
    let mut fields = line.split_whitespace();
    Some(format!("soft {}, hard {}", fields.next()?, fields.next()?))
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t5\t5\nGroups:\t0 27 \nNoNewPrivs:\t1\nSeccomp:\t2\n\
                        CapInh:\t0\nCapPrm:\t40\nCapEff:\t40\nCapBnd:\tzz\n";

    #[test]
    fn the_limit_of_processes_is_found_among_the_others() {
        let text = "Limit  Soft Limit\nMax processes             40   unlimited            processes\n";

        assert_eq!(limit_in(text), Some("soft 40, hard unlimited".to_owned()));
        assert_eq!(limit_in("Max processes 40"), None);
        assert!(max_processes("self").known().is_some());
        assert_eq!(max_processes("no-such-process"), Fact::Unreadable("ENOENT".to_owned()));
    }

    #[test]
    fn fields_are_read_and_wrong_ones_are_not_known() {
        let status = Status::of(TEXT);

        let ids = Ids { real: 1, effective: 2, saved: 3, fs: FsId::Known(4) };
        assert_eq!(status.ids("Uid"), Fact::Known(ids));
        assert_eq!(status.ids("Gid"), Fact::Unreadable("Gid: \"5\\t5\\t5\"".to_owned()));
        assert_eq!(status.groups(), Fact::Known(vec![0, 27]));
        assert_eq!(status.no_new_privs(), Fact::Known(true));
        assert_eq!(status.seccomp(), Fact::Known(Seccomp::Filter));
        assert_eq!(status.capabilities(), Fact::Absent);
        assert_eq!(Status::of("").seccomp(), Fact::Absent);
    }
}
