//! What was seen of a program in one state.

use serde::{Deserialize, Serialize};

use crate::programs::names::Names;
use crate::programs::states::State;

/// What was seen of a program in one state, as it is kept in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The state, by its name.
    pub state: String,
    /// How the command ended: `exit 1`, `signal 9`, or `running` for a daemon that was there when it was looked at.
    pub end: String,
    /// The ids and groups of what was run: `1:1 {1}`. Of a daemon each of its processes, with its name.
    pub ran: Vec<String>,
    /// The lines of the output that there are not under "allow"; the first few.
    pub says: Vec<String>,
    /// For each process that set ids or groups its program and these calls: `sudo: setgid(1), setgroups([1]) EPERM`.
    pub calls: Vec<String>,
}

impl Seen {
    /// The state.
    pub fn state(&self) -> Option<State> {
        State::of(&self.state)
    }

    /// The calls of all processes, each as `setgroups([1]) EPERM`.
    pub fn each_call(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().filter_map(|line| line.split_once(": ")).flat_map(|(_, calls)| split(calls))
    }

    /// The first call that was refused, as its name and its errno.
    pub fn first_refused(&self) -> Option<(&str, &str)> {
        self.each_call().find_map(refused)
    }

    /// The first call that was refused here and not under "allow": a program may check that it cannot become root again.
    pub fn newly_refused(&self, allow: &Self) -> Option<(&str, &str)> {
        self.each_call().filter(|call| !allow.each_call().any(|other| other == *call)).find_map(refused)
    }
}

/// The calls of a line: a comma between parentheses separates no calls.
fn split(calls: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    calls
        .split(move |it: char| {
            depth += i32::from(it == '(') - i32::from(it == ')');
            depth == 0 && it == ','
        })
        .map(str::trim)
}

/// Name and errno of a refused call.
fn refused(call: &str) -> Option<(&str, &str)> {
    let (name, rest) = call.split_once('(')?;
    let errno = rest.rsplit_once(") ")?.1;
    Some((name, errno))
}

/// Uid, gid and groups in the lines of /proc/PID/status: `Uid: 1 1 1 1;Gid: 1 1 1 1;Groups: 1 ;`. If the real, the
/// effective and the saved id differ, all three are given.
pub fn ids(status: &str, names: &Names) -> Option<String> {
    let field = |name: &str| status.split(';').find_map(|it| it.strip_prefix(name)).map(str::trim);
    let numbers = |name: &str| {
        field(name)?
            .split(' ')
            .filter(|id| !id.is_empty())
            .map(|id| id.parse().ok())
            .collect::<Option<Vec<u32>>>()
    };
    let id = |name: &str, called: &dyn Fn(u32) -> String| {
        let ids: Vec<String> = numbers(name)?.into_iter().take(3).map(called).collect();
        let same = ids.iter().all(|id| Some(id) == ids.first());
        if same { ids.first().cloned() } else { Some(ids.join("/")) }
    };
    let groups: Vec<String> = numbers("Groups:")?.into_iter().map(|id| names.group(id)).collect();
    let (uid, gid) = (id("Uid:", &|id| names.user(id))?, id("Gid:", &|id| names.group(id))?);
    Some(format!("{uid}:{gid} {{{}}}", groups.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_are_all_given() {
        let ids = |status| ids(status, &Names::default());
        let same = "Uid: 1 1 1 1;Gid: 2 2 2 2;Groups: 0 27 1000 ;";
        assert_eq!(ids(same).as_deref(), Some("1:2 {0 27 1000}"));
        assert_eq!(ids("Uid: 1 1 0 1;Gid: 2 2 2 2;Groups: ;").as_deref(), Some("1/1/0:2 {}"));
        assert_eq!(ids("Uid: 1 1 0 1"), None);
    }

    #[test]
    fn the_first_refused_call_is_found_in_whatever_process() {
        let seen = Seen {
            calls: vec![
                "sudo: setresuid(-1, 1, -1), setgid(1)".to_owned(),
                "su: setgroups([1, 2]) EPERM, setgid(1) EINVAL".to_owned(),
            ],
            ..Seen::default()
        };

        assert_eq!(seen.first_refused(), Some(("setgroups", "EPERM")));
        assert_eq!(seen.each_call().count(), 4);
        assert_eq!(Seen::default().first_refused(), None);
    }
}
