//! What a runtime has to do for the process in the container, as checks with names.

use serde::Serialize;

use crate::runtimes::rows::{Row, User};
use crate::runtimes::seen::Seen;

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What has to hold.
    pub sentence: &'static str,
    /// Where that follows from.
    pub source: &'static str,
    judge: fn(&Row, &Seen) -> Outcome,
}

/// What a check says of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not; what was seen.
    Fails(String),
    /// It does not apply; the reason.
    DoesNotApply(&'static str),
}

/// All checks, in the order of the columns.
pub const CHECKS: [Check; 5] = [
    Check {
        name: "runtime.setgroups-allowed",
        sentence: "/proc/self/setgroups reads \"allow\" in the container.",
        source: "user_namespaces(7), \"The /proc/pid/setgroups file\": \"deny\" is needed only by a writer of gid_map without \
                 CAP_SETGID in the parent namespace; containerd issue 10742",
        judge: setgroups_allowed,
    },
    Check {
        name: "runtime.groups-asked-for",
        sentence: "The process has each supplementary group that was asked for.",
        source: "OCI runtime specification, \"User\": additionalGids",
        judge: groups_asked_for,
    },
    Check {
        name: "runtime.groups-kept",
        sentence: "The process has no supplementary group of the caller that was not asked for.",
        source: "user_namespaces(7), \"Unmapped user and group IDs\": a group without a mapping reads as the overflow gid, and \
                 still grants access",
        judge: groups_kept,
    },
    Check {
        name: "runtime.sudo-works",
        sentence: "Root of the container becomes another user with sudo.",
        source: "sudo(8): it calls setgroups(2) and sets ids; containerd issue 10742",
        judge: sudo_works,
    },
    Check {
        name: "runtime.whole-range",
        sentence: "If a range of ids was asked for, uid_map and gid_map have at least 65536 ids.",
        source: "subuid(5): 65536 ids are what useradd(8) gives a user; daemon(1), nogroup(65534) and all between have a mapping",
        judge: whole_range,
    },
];

/// Whether the rows name only checks that there are.
///
/// # Errors
/// A message with the row and the check.
pub fn are_known(rows: &[Row]) -> Result<(), String> {
    for row in rows {
        if let Some(known) = row.known.iter().find(|it| CHECKS.iter().all(|check| check.name != it.check)) {
            return Err(format!("ci/runtimes.toml: {}: no check is called {:?}", row.name, known.check));
        }
    }
    Ok(())
}

impl Check {
    /// What it says of a row.
    pub fn of(&self, row: &Row, seen: &Seen) -> Outcome {
        if seen.setgroups.is_empty() {
            // A runtime that refuses has no container to judge.
            return Outcome::DoesNotApply("no process ran in a container");
        }
        (self.judge)(row, seen)
    }
}

fn holds(good: bool, why: impl FnOnce() -> String) -> Outcome {
    if good { Outcome::Holds } else { Outcome::Fails(why()) }
}

fn setgroups_allowed(_: &Row, seen: &Seen) -> Outcome {
    holds(seen.setgroups == "allow", || format!("it reads {:?}", seen.setgroups))
}

fn groups_asked_for(row: &Row, seen: &Seen) -> Outcome {
    let Some(asked) = &row.asks else { return Outcome::DoesNotApply("the row asks for no groups") };
    let missing: Vec<String> =
        asked.iter().filter(|gid| !seen.groups.contains(gid)).map(ToString::to_string).collect();
    holds(missing.is_empty(), || format!("{} of {asked:?} are missing", missing.join(", ")))
}

/// The own gid is no group of the caller's that was kept: it is in the list of many.
fn groups_kept(row: &Row, seen: &Seen) -> Outcome {
    let asked = row.asks.as_deref().unwrap_or_default();
    let kept: Vec<String> = seen
        .groups
        .iter()
        .filter(|gid| !asked.contains(gid) && Some(**gid) != seen.gid())
        .map(ToString::to_string)
        .collect();
    holds(kept.is_empty(), || format!("it has {}", kept.join(", ")))
}

fn sudo_works(_: &Row, seen: &Seen) -> Outcome {
    match seen.sudo.as_str() {
        "is not there" => Outcome::DoesNotApply("the container has no sudo"),
        said if said.contains("is owned by uid") => {
            Outcome::DoesNotApply("the container has the files of the host, which do not belong to its root")
        }
        said => holds(said == "ok", || said.to_owned()),
    }
}

fn whole_range(row: &Row, seen: &Seen) -> Outcome {
    const RANGE: u64 = 65_536;
    if !row.range {
        return Outcome::DoesNotApply(match row.user {
            User::Ordinary => "the user has no range",
            User::Root | User::Subordinate => "the row asks for no range",
        });
    }
    let sizes = [&seen.uid_map, &seen.gid_map].map(|map| ids(map));
    holds(sizes.iter().all(|size| *size >= RANGE), || format!("{} uids and {} gids", sizes[0], sizes[1]))
}

/// How many ids a map has.
fn ids(map: &str) -> u64 {
    map.split(';').filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(more: &str) -> Row {
        let text = format!("name = \"x\"\npackage = \"x\"\nuser = \"root\"\nrun = \"probe\"\n{more}");
        toml::from_str(&text).expect("it is a row")
    }

    fn containerd() -> Seen {
        let text = |text: &str| text.to_owned();
        Seen {
            uid_map: text("0 100000 65536"),
            gid_map: text("0 100000 65536"),
            setgroups: text("deny"),
            ids: text("0:0"),
            groups: vec![65_534],
            clear: text("setpriv: setgroups failed: Operation not permitted"),
            sudo: text("sudo: unable to set runas group vector: Operation not permitted"),
            ..Seen::default()
        }
    }

    fn good() -> Seen {
        let ok = "ok".to_owned();
        Seen {
            setgroups: "allow".to_owned(),
            groups: vec![0, 5, 27],
            clear: ok.clone(),
            sudo: ok,
            ..containerd()
        }
    }

    fn failed(row: &Row, seen: &Seen) -> Vec<&'static str> {
        CHECKS.iter().filter(|it| matches!(it.of(row, seen), Outcome::Fails(_))).map(|it| it.name).collect()
    }

    #[test]
    fn a_namespace_like_that_of_containerd_fails_four_checks() {
        let row = row("asks = [0, 5, 27]\nrange = true");

        let expected = [
            "runtime.setgroups-allowed",
            "runtime.groups-asked-for",
            "runtime.groups-kept",
            "runtime.sudo-works",
        ];
        assert_eq!(failed(&row, &containerd()), expected);
        assert_eq!(failed(&row, &good()), [""; 0]);
    }

    #[test]
    fn sudo_is_not_judged_where_its_files_are_those_of_the_host() {
        let owned = "sudo: /etc/sudo.conf is owned by uid 65534, should be 0".to_owned();

        let outcome = CHECKS[3].of(&row(""), &Seen { sudo: owned, ..good() });
        assert!(matches!(outcome, Outcome::DoesNotApply(_)), "{outcome:?}");
    }

    #[test]
    fn a_range_that_lacks_ids_fails() {
        let short = Seen { gid_map: "0 1000 1;1 100000 65534".to_owned(), ..good() };

        assert_eq!(failed(&row("asks = [0, 5, 27]\nrange = true"), &short), ["runtime.whole-range"]);
        assert_eq!(failed(&row("asks = [0, 5, 27]"), &short), [""; 0]);
    }

    #[test]
    fn a_row_that_names_an_unknown_check_is_an_error() -> Result<(), String> {
        let wrong = row("[[known]]\ncheck = \"runtime.x\"\nwhy = \"\"\n");

        let message = "ci/runtimes.toml: x: no check is called \"runtime.x\"";
        assert_eq!(are_known(&[wrong]), Err(message.to_owned()));
        are_known(&crate::runtimes::rows::all(None)?.rows)
    }

    #[test]
    fn a_runtime_that_refuses_passes_nothing() {
        let none = Seen::default();

        assert!(CHECKS.iter().all(|it| matches!(it.of(&row(""), &none), Outcome::DoesNotApply(_))));
    }
}
