//! docs/programs.md: the programs for readers, made of the rows and the reviewed snapshots.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::programs::report::in_words;
use crate::programs::rows::{Row, Table, Target};
use crate::programs::seen::Seen;
use crate::programs::snapshots::{Reviewed, Snapshot};
use crate::programs::states::{STATES, State};
use crate::programs::verdict::{Word, word};

const HEAD: &str = "\
# Programs that become another user

This page lists what programs do in a user namespace in which a call that sets ids or groups is refused. Each program ran
as root of the namespace (uid 0, gid 0, all capabilities) with the supplementary groups 0, 27 and 1000, in five states:

| state | uid_map | gid_map | setgroups | setgroups(2) | setgid(1) |
|---|---|---|---|---|---|
| allow | 0 0 65536 | 0 0 65536 | allow | works | works |
| deny | 0 0 65536 | 0 0 65536 | deny | EPERM | works |
| one-id-deny | 0 0 1 | 0 0 1 | deny | EPERM | EINVAL |
| one-id-allow | 0 0 1 | 0 0 1 | allow | EINVAL, except for [] and [0] | EINVAL |
| no-gid-map | 0 0 65536 | empty | allow | EPERM | EINVAL |

\"1:1 {1}\" is uid 1, gid 1 and the supplementary groups 1. Of a daemon, the ids are those of its processes, as the initial
namespace sees them. `{0 27 1000}` under \"deny\" means that all groups of root were kept. In the last three states an id
without a mapping reads as 65534.

The order of the calls is that of `strace`. It decides the errno: a program that calls setgroups(2) first fails with EPERM
where another one, which calls setgid(2) first, fails with EINVAL. `cargo ci explain` leads from a message to the cause.

`cargo ci programs` runs all of this, and compares it with the reviewed snapshots in `ci/programs` and with the model of the
rules. `cargo ci programs --write` generates this page from `ci/programs.toml` and the snapshots.
";

/// The page.
pub fn render(table: &Table, reviewed: &Reviewed) -> String {
    let mut text = HEAD.to_owned();
    summary(&mut text, table, reviewed);
    fixes(&mut text, &table.rows);
    let mut families: Vec<&str> = Vec::new();
    for row in &table.rows {
        if !families.contains(&row.family.as_str()) {
            families.push(&row.family);
        }
    }
    for family in families {
        let _ = writeln!(text, "\n## {family}\n");
        let names = STATES.map(State::name).join(" | ");
        let _ = writeln!(
            text,
            "| program | version | calls under allow | {names} |\n|---|---|---|---|---|---|---|---|"
        );
        for row in table.rows.iter().filter(|row| row.family == family) {
            lines(&mut text, row, reviewed);
        }
    }
    let _ = writeln!(text, "\n## Without a row\n\n| program | reason |\n|---|---|");
    for it in &table.left_out {
        let _ = writeln!(text, "| {} | {} |", it.name, it.why);
    }
    text
}

/// The programs by what the newest reviewed version of each does under "deny".
fn summary(text: &mut String, table: &Table, reviewed: &Reviewed) {
    let mut words: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &table.rows {
        let newest = reviewed.0.get(&row.name).and_then(|all| all.last());
        let of = |state: State| newest?.seen.iter().find(|seen| seen.state() == Some(state));
        if let Some((allow, deny)) = of(State::Allow).zip(of(State::Deny)) {
            words.entry(word(row.target, allow, deny).text()).or_default().push(&row.name);
        }
    }
    let all: usize = words.values().map(Vec::len).sum();
    let _ = writeln!(
        text,
        "\n## Under \"deny\", in short\n\nThe newest reviewed version of each of {all} rows:\n"
    );
    let meanings = [
        (Word::KeepsSilently, "goes on with all groups of root, and prints nothing"),
        (Word::Warns, "goes on with all groups of root, and prints a message"),
        (Word::StaysRoot, "a daemon stays, but no process of it becomes the user"),
        (Word::Refuses, "does not run the command"),
        (Word::NeverAsks, "makes no call of setgroups(2), and keeps the groups also under \"allow\""),
        (Word::Works, "works"),
    ];
    for (word, meaning) in meanings {
        if let Some(names) = words.get(word.text()) {
            let _ =
                writeln!(text, "- **{}** ({meaning}), {}: {}", word.text(), names.len(), names.join(", "));
        }
    }
}

/// What an administrator can set.
fn fixes(text: &mut String, rows: &[Row]) {
    let _ = writeln!(
        text,
        "\n## What to set\n\nThe cause is the namespace: a runtime that leaves \"allow\" makes all of these programs work \
         (docs/runtimes.md).\nWhere that cannot be changed, the following helps. Each way keeps the old groups.\n"
    );
    for row in rows.iter().filter(|row| !row.fix.is_empty()) {
        let _ = writeln!(text, "- {}: {}", row.name, row.fix);
    }
}

/// A line for each behaviour: versions that behave alike share one.
fn lines(text: &mut String, row: &Row, reviewed: &Reviewed) {
    let mut alike: Vec<(Vec<&str>, &Snapshot)> = Vec::new();
    for snapshot in reviewed.0.get(&row.name).into_iter().flatten() {
        match alike.iter_mut().find(|(_, other)| other.seen == snapshot.seen) {
            // Two releases may have the same version.
            Some((versions, _)) if versions.last() == Some(&snapshot.version.as_str()) => {}
            Some((versions, _)) => versions.push(&snapshot.version),
            None => alike.push((vec![&snapshot.version], snapshot)),
        }
    }
    let command = row.run.trim().lines().last().unwrap_or_default().trim_start_matches("exec ");
    for (versions, snapshot) in alike {
        let Some(allow) = snapshot.seen.first() else { continue };
        let cells: Vec<String> = snapshot.seen.iter().map(|seen| in_cell(row.target, allow, seen)).collect();
        let _ = writeln!(
            text,
            "| {}<br>{} | {} {} | {} | {} |",
            row.name,
            code(command),
            row.package,
            versions.join(", "),
            order(allow),
            cells.join(" | ")
        );
    }
}

fn in_cell(target: Target, allow: &Seen, seen: &Seen) -> String {
    let mut cell = match seen.state() {
        Some(State::Allow) | None => String::new(),
        Some(_) => format!("**{}**<br>", in_words(word(target, allow, seen), allow, seen)),
    };
    let ran = seen.ran.join(", ").replace('|', "\\|");
    cell.push_str(&match (ran.is_empty(), seen.end.as_str()) {
        (true, end) => end.to_owned(),
        (false, "exit 0" | "running") => ran,
        (false, end) => format!("{ran}, {end}"),
    });
    for line in &seen.says {
        cell.push_str("<br>");
        cell.push_str(&code(line));
    }
    cell
}

/// The names of the calls of each process, those that follow one another once.
fn order(seen: &Seen) -> String {
    let of = |line: &String| {
        let (program, calls) = line.split_once(": ").unwrap_or(("", line));
        let mut names: Vec<&str> =
            calls.split("), ").map(|call| call.split('(').next().unwrap_or(call)).collect();
        names.dedup();
        const MOST: usize = 12;
        let more = if names.len() > MOST { " → …" } else { "" };
        names.truncate(MOST);
        format!("{program}: {}{more}", names.join(" → "))
    };
    seen.calls.iter().map(of).collect::<Vec<_>>().join("<br>")
}

/// Text between backquotes, in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::reviewed;
    use crate::programs::rows;
    use crate::programs::snapshots::FOLDER;

    fn workspace() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// `cargo ci programs --write` was not forgotten, and nobody changed the page by hand.
    #[test]
    fn the_page_is_that_of_the_rows_and_the_snapshots() -> Result<(), Box<dyn std::error::Error>> {
        let page = std::fs::read_to_string(workspace().join(crate::programs::PAGE))?;

        let text = render(&rows::all(None)?, &Reviewed::read(&workspace().join(FOLDER))?);
        assert!(page == text, "docs/programs.md is stale; run `cargo ci programs --write`");
        Ok(())
    }

    #[test]
    fn every_snapshot_belongs_to_a_row_and_every_row_has_one() -> Result<(), String> {
        let (table, reviewed) = (rows::all(None)?, Reviewed::read(&workspace().join(FOLDER))?);

        let names: Vec<&str> = table.rows.iter().map(|row| row.name.as_str()).collect();
        let unused: Vec<&String> = reviewed.0.keys().filter(|name| !names.contains(&name.as_str())).collect();
        assert!(unused.is_empty(), "no row uses the snapshots of {unused:?}");
        let without: Vec<&&str> = names.iter().filter(|name| !reviewed.0.contains_key(**name)).collect();
        assert!(without.is_empty(), "no snapshot of {without:?}");
        for (row, snapshot) in
            table.rows.iter().filter_map(|row| Some((row, reviewed.0.get(&row.name)?.first()?)))
        {
            assert_eq!(row.package, snapshot.package, "{}", row.name);
        }
        Ok(())
    }

    #[test]
    fn versions_that_behave_alike_share_a_line() -> Result<(), Box<dyn std::error::Error>> {
        let row = "name = \"su\"\nfamily = \"x\"\npackage = \"util-linux\"\nrun = \"su -c 'a | showid'\"\n";
        let state = |end| {
            format!(
                "[[state]]\nstate = \"allow\"\nend = \"{end}\"\nran = []\nsays = []\ncalls = [\"su: setgid(1), setgid(2), setuid(1)\"]\n"
            )
        };
        let snapshot = |version, end| -> Result<Snapshot, toml::de::Error> {
            toml::from_str(&format!(
                "package = \"util-linux\"\nversion = \"{version}\"\nrelease = \"sid\"\n{}",
                state(end)
            ))
        };
        let all = vec![snapshot("1", "exit 0")?, snapshot("2", "exit 0")?, snapshot("3", "exit 1")?];

        let mut text = String::new();
        lines(&mut text, &toml::from_str(row)?, &reviewed::Reviewed([("su".to_owned(), all)].into()));
        assert_eq!(
            text,
            "| su<br>`su -c 'a \\| showid'` | util-linux 1, 2 | su: setgid → setuid | exit 0 |\n\
             | su<br>`su -c 'a \\| showid'` | util-linux 3 | su: setgid → setuid | exit 1 |\n"
        );
        Ok(())
    }
}
