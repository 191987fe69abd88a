//! docs/runtimes.md: the runtimes for readers, made of the rows and the reviewed snapshots.

use std::fmt::Write as _;

use crate::runtimes::checks::CHECKS;
use crate::runtimes::report::in_a_word;
use crate::runtimes::rows::{Row, Table, User};
use crate::runtimes::seen::{Reviewed, Seen, Snapshot};

const HEAD: &str = "\
# Runtimes that make user namespaces

This page lists what runtimes write to uid_map, gid_map and setgroups, and what a process in the container finds. Each row
ran for real, by root, by a user with 65536 ids in /etc/subuid and /etc/subgid, or by a user without them. The user has
uid and gid 61234 and is in the group 61235. Root has the group 0.

`65534` among the groups is a group of the caller without a mapping: the process still has it. The writes are those that
`strace` saw, with their exact bytes; the number before a write counts the processes whose files are written, since some
runtimes make a second namespace. \"self\" is a process that writes its own file.

`cargo ci runtimes` runs all of this, and compares it with the reviewed snapshots in `ci/runtimes` and each write with the
model of the rules. `cargo ci runtimes --write` generates this page from `ci/runtimes.toml` and the snapshots.

## Checks

| check | what has to hold | source |
|---|---|---|
";

/// The page.
pub fn render(table: &Table, reviewed: &Reviewed) -> String {
    let mut text = HEAD.to_owned();
    for check in &CHECKS {
        let _ = writeln!(text, "| `{}` | {} | {} |", check.name, check.sentence, check.source);
    }
    let names = CHECKS.map(|check| check.name.trim_start_matches("runtime.")).join(" | ");
    let _ = writeln!(
        text,
        "\n\"known\" is a check that the runtime does not pass; the reason is below.\n\n| runtime | {names} |\n|---|---|---|---|---|---|"
    );
    for row in &table.rows {
        for (releases, snapshot) in alike(row, reviewed) {
            let outcomes = CHECKS.map(|check| {
                let known = row.known.iter().any(|it| it.check == check.name);
                in_a_word(&check.of(row, &snapshot.seen), known)
            });
            let _ = writeln!(text, "| {} ({}) | {} |", row.name, releases.join(", "), outcomes.join(" | "));
        }
    }
    for row in &table.rows {
        section(&mut text, row, reviewed);
    }
    let _ = writeln!(text, "\n## Without a row\n\n| runtime | reason |\n|---|---|");
    for it in &table.left_out {
        let _ = writeln!(text, "| {} | {} |", it.name, it.why);
    }
    text
}

/// The versions that behave alike, with the snapshot of the first of them.
fn alike<'a>(row: &Row, reviewed: &'a Reviewed) -> Vec<(Vec<&'a str>, &'a Snapshot)> {
    let mut alike: Vec<(Vec<&str>, &Snapshot)> = Vec::new();
    for snapshot in reviewed.0.get(&row.name).into_iter().flatten() {
        match alike.iter_mut().find(|(_, other)| other.seen == snapshot.seen) {
            Some((versions, _)) => versions.push(&snapshot.version),
            None => alike.push((vec![&snapshot.version], snapshot)),
        }
    }
    alike
}

fn section(text: &mut String, row: &Row, reviewed: &Reviewed) {
    let by = match row.user {
        User::Root => "root",
        User::Subordinate => "a user with subordinate ids",
        User::Ordinary => "a user without subordinate ids",
    };
    let _ = writeln!(text, "\n## {}\n\n`{}`, run by {by}.\n", row.name, row.run.trim().replace('\n', "; "));
    for known in &row.known {
        let _ = writeln!(
            text,
            "- `{}` does not hold ({}): {}",
            known.check,
            known.releases.join(", "),
            known.why
        );
    }
    for (versions, snapshot) in alike(row, reviewed) {
        let _ = writeln!(
            text,
            "\n{} {}:\n\n```text\n{}```",
            row.package,
            versions.join(", "),
            block(&snapshot.seen)
        );
    }
}

fn block(seen: &Seen) -> String {
    let mut text = String::new();
    for write in &seen.writes {
        let _ = writeln!(text, "write     {write}");
    }
    if !seen.setgroups.is_empty() {
        let groups: Vec<String> = seen.groups.iter().map(u32::to_string).collect();
        let lines = [
            ("uid_map", seen.uid_map.as_str()),
            ("gid_map", &seen.gid_map),
            ("setgroups", &seen.setgroups),
            ("ids", &seen.ids),
            ("groups", &groups.join(" ")),
            ("clear", &seen.clear),
            ("sudo", &seen.sudo),
        ];
        for (name, value) in lines {
            let _ = writeln!(text, "{}", format!("{name:<10}{value}").trim_end());
        }
    }
    for line in &seen.says {
        let _ = writeln!(text, "says      {line}");
    }
    let _ = writeln!(text, "end       {}", seen.end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::{FOLDER, PAGE, rows};

    fn workspace() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// `cargo ci runtimes --write` was not forgotten, and nobody changed the page by hand.
    #[test]
    fn the_page_is_that_of_the_rows_and_the_snapshots() -> Result<(), Box<dyn std::error::Error>> {
        let page = std::fs::read_to_string(workspace().join(PAGE))?;

        let text = render(&rows::all(None)?, &Reviewed::read(&workspace().join(FOLDER))?);
        assert!(page == text, "docs/runtimes.md is stale; run `cargo ci runtimes --write`");
        Ok(())
    }

    #[test]
    fn every_snapshot_belongs_to_a_row_and_every_row_has_one() -> Result<(), String> {
        let (table, reviewed) = (rows::all(None)?, Reviewed::read(&workspace().join(FOLDER))?);

        let names: Vec<&str> = table.rows.iter().map(|row| row.name.as_str()).collect();
        let unused: Vec<&String> = reviewed.0.keys().filter(|name| !names.contains(&name.as_str())).collect();
        assert!(unused.is_empty(), "no row uses the snapshots of {unused:?}");
        for row in &table.rows {
            let of_row = reviewed.0.get(&row.name).into_iter().flatten();
            assert_eq!(
                of_row.filter(|it| it.package == row.package).count(),
                row.releases.len(),
                "{}",
                row.name
            );
        }
        Ok(())
    }
}
