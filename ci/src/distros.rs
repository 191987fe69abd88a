//! `cargo ci distros`: the distributions among the rows of `ci/kernels.toml`, one after the other.

pub mod options;

use nix::unistd::geteuid;

use crate::distros::options::DistrosOptions;
use crate::guests::json;
use crate::guests::start::Start;
use crate::kernels::list::{self, Row};
use crate::kernels::options::KernelsOptions;
use crate::kernels::{self, setup};
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Does what the options ask for.
///
/// # Errors
/// When no release can be asked at all; what keeps one of them from it is in its row.
pub fn run(options: &DistrosOptions) -> Result<Verdict, String> {
    let rows = select(list::all()?, &options.only)?;
    if options.list {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        print(if options.elsewhere.json { json::text(&names)? } else { names.join("\n") + "\n" });
        return Ok(Verdict::Good);
    }
    if !geteuid().is_root() {
        return Err("only root can make another root of a directory; run it with sudo".to_owned());
    }
    if !options.elsewhere.setup {
        setup::roots()?;
    }
    let options = KernelsOptions {
        known: options.known.clone(),
        // A root is in memory while it is entered.
        jobs: Some(1),
        save: options.save.clone(),
        pages: options.pages.clone(),
        elsewhere: options.elsewhere.clone(),
        ..KernelsOptions::default()
    };
    kernels::run_rows(&rows, &options)
}

/// The distributions of these names, or all of them, in the order of the file: the oldest first.
fn select(rows: Vec<Row>, only: &[String]) -> Result<Vec<Row>, String> {
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.start == Start::Rootfs).collect();
    if let Some(unknown) = only.iter().find(|name| !rows.iter().any(|row| row.name == **name)) {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        return Err(format!("no distribution is called {unknown:?}; there are {}", names.join(", ")));
    }
    let asked = |row: &Row| only.is_empty() || only.contains(&row.name);
    Ok(rows.into_iter().filter(asked).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_selected_by_name_in_their_order() -> Result<(), String> {
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            let rows = select(list::all()?, &only)?;
            Ok::<_, String>(rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };

        assert_eq!(names(&[])?, ["bullseye", "bookworm", "trixie", "sid"]);
        assert_eq!(names(&["sid", "bullseye"])?, ["bullseye", "sid"]);
        let message = names(&["buster"]).err().unwrap_or_default();
        assert!(message.contains("\"buster\"") && message.contains("bullseye, bookworm"), "{message}");
        let message = names(&["host"]).err().unwrap_or_default();
        assert!(message.contains("\"host\""), "{message}");
        Ok(())
    }
}
