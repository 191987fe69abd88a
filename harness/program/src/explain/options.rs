//! `explain` on the command line.

use clap::{Args, ValueEnum};
use harness_explain::process::Which;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci explain 'sudo: unable to set runas group vector: Operation not permitted'
                                   which call was refused, by which rules, and what to ask next
  cargo ci explain 'su: cannot set groups: Operation not permitted' --pid 4711
                                   the same, and which of these rules refuses something to process 4711
  cargo ci explain                 this process: what the kernel refuses to it, and who is responsible
  cargo ci explain --pid 4711      a process of a container, from outside
  cargo ci explain --map '0 100000 65536' --as 1000
                                   whether uid 1000 may write this to uid_map and gid_map, and what would help
  cargo ci explain --map '0 own 1' --as 1000 --file gid_map --deny
                                   the same of gid_map alone, after \"deny\"
  cargo ci explain --map '0 0 70000' --as 0 --parent-map '0 100000 65536'
                                   the same in a container

A process is looked at through /proc and by calls that change nothing. The rules are asked from its real state, and a
forked child confirms the answer: it takes on the ids and the capabilities of the process, in its namespace, and tries the
calls. What cannot be seen or tried is listed as such.

Exit status: 0 nothing is refused, the write is accepted, or the message is known; 1 something is refused; 2 could not
explain: the message is not known, or there is no such process; 3 nothing is known to be refused, but too little could be
seen.";

/// Options of `cargo ci explain`.
#[derive(Args, Debug, Default)]
pub struct ExplainOptions {
    /// A message of a program, or a part of it
    #[arg(value_name = "MESSAGE", conflicts_with_all = ["map", "to"])]
    pub message: Vec<String>,
    /// Explain this process, or "self"; with a message, print which of its rules refuse something to the process
    #[arg(long, value_name = "PID", value_parser = which)]
    pub pid: Option<Which>,
    /// The user that sudo, su and setpriv become; with one number, the gid is the same
    #[arg(long, value_name = "UID[:GID]", value_parser = ids, conflicts_with = "map")]
    pub to: Option<[u32; 2]>,
    /// Explain a write of this text to uid_map and gid_map; lines may be separated by ";"
    #[arg(long, value_name = "TEXT", conflicts_with = "pid")]
    pub map: Option<String>,
    /// The user that writes, and owns the namespace; 0 has every capability in the parent namespace, another has none. Without it, 0
    #[arg(long = "as", value_name = "UID[:GID]", value_parser = ids, requires = "map")]
    pub writer: Option<[u32; 2]>,
    /// The file; without it, both
    #[arg(long, value_enum, value_name = "FILE", requires = "map")]
    pub file: Option<FileOption>,
    /// Where the process that writes is
    #[arg(long, value_enum, value_name = "WHERE", default_value_t, requires = "map")]
    pub from: FromOption,
    /// "deny" is written to /proc/PID/setgroups before
    #[arg(long, requires = "map")]
    pub deny: bool,
    /// The map of the parent namespace, for uids and gids alike; without it, that is the initial namespace
    #[arg(long, value_name = "TEXT", requires = "map")]
    pub parent_map: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// A file of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileOption {
    /// /proc/PID/uid_map
    #[value(name = "uid_map")]
    UidMap,
    /// /proc/PID/gid_map
    #[value(name = "gid_map")]
    GidMap,
}

/// Where a writer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FromOption {
    /// In the parent namespace, like a container runtime
    #[default]
    Parent,
    /// In the new namespace itself, like `unshare --map-root-user`
    Inside,
}

/// Reads a process id, or "self".
fn which(text: &str) -> Result<Which, String> {
    match text.parse() {
        Ok(pid @ 1..) => Ok(Which::Pid(pid)),
        _ if text == "self" => Ok(Which::Own),
        _ => Err(format!("{text:?} is no process id, and not \"self\"")),
    }
}

/// Reads "1000" or "1000:100".
fn ids(text: &str) -> Result<[u32; 2], String> {
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("{text:?} is no id"));
    match text.split_once(':') {
        Some((uid, gid)) => Ok([number(uid)?, number(gid)?]),
        None => number(text).map(|id| [id, id]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Which, ids, which};

    #[test]
    fn a_process_is_named_by_its_id_or_as_self() {
        assert_eq!(which("1"), Ok(Which::Pid(1)));
        assert_eq!(which("self"), Ok(Which::Own));
        for word in ["0", "-1", "init"] {
            assert_eq!(which(word), Err(format!("{word:?} is no process id, and not \"self\"")));
        }
    }

    #[test]
    fn ids_are_one_number_or_two() {
        assert_eq!(ids("1000"), Ok([1000, 1000]));
        assert_eq!(ids("1000:100"), Ok([1000, 100]));
        for (text, wrong) in [("root", "root"), ("1:2:3", "2:3"), ("-1", "-1"), ("", "")] {
            assert_eq!(ids(text), Err(format!("{wrong:?} is no id")));
        }
    }
}
