//! Files of the project that a program brings with it, so that it needs none beside it: the reviewed snapshots, and the
//! scenarios of `tests/regressions`.
//!
//! `cargo nextest run` brings none. Tests then read the files of the checkout.

use std::sync::OnceLock;

/// Texts with their paths, relative to the workspace and in order.
pub type Files = &'static [(&'static str, &'static str)];

static FILES: OnceLock<Files> = OnceLock::new();

/// From now on the suite reads these files, and none of a checkout.
///
/// # Errors
/// If files were given before.
pub fn bring(files: Files) -> Result<(), String> {
    FILES.set(files).map_err(|_| "the suite already has its files".to_owned())
}

/// The files that the program brings; `None` if the suite runs from a checkout.
pub fn files() -> Option<Files> {
    FILES.get().copied()
}

/// The text of a file that the program brings.
pub(crate) fn read(path: &str) -> Option<&'static str> {
    let files = files()?;
    let at = files.binary_search_by_key(&path, |(name, _)| name).ok()?;
    Some(files[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_path_and_files_are_brought_once() {
        static BROUGHT: Files = &[("tests/a", "one"), ("tests/b", "two")];

        assert_eq!((files(), read("tests/a")), (None, None));
        assert_eq!(bring(BROUGHT), Ok(()));
        assert_eq!((read("tests/b"), read("tests/c")), (Some("two"), None));
        assert!(bring(BROUGHT).is_err_and(|why| why.contains("already")));
    }
}
