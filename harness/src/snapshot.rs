//! The location of snapshots and the content of their headers.
//!
//! A file snapshot lies in the folder of its topic and is named by the test and its case. Its header names its
//! source alone. The header of a pending one (`.snap.new`), which may go into a bug report, holds the facts of the
//! host, too: as `host`, a name that insta does not know, so that `cargo insta accept` leaves them out.

use crate::comparator::{SaysTheSame, says_the_same};
use crate::current::{current_test, variant};
use crate::embedded;
use crate::evidence;
use crate::facts;
use crate::findings::Left;
use crate::host;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The name of the file snapshot of the running test: the test and its case without the topic, which is the folder.
///
/// # Panics
/// Outside of a test of the suite.
pub fn name() -> String {
    topic_and_name().1
}

/// The topic of the running test, which is the module that it is in, and what its snapshot is called in the folder
/// of that topic: `map_order::own_gid_needs_deny::before_deny` gives `map_order` and
/// `own_gid_needs_deny__before_deny`.
fn topic_and_name() -> (String, String) {
    let test = current_test().expect("check! is for functions marked #[harness::test]");
    let (topic, name) = test.split_once("::").unwrap_or(("", &test));
    (topic.to_owned(), name.replace("::", "__"))
}

/// The folder of the running test's snapshots, relative to its source.
fn folder() -> PathBuf {
    Path::new("snapshots").join(topic_and_name().0)
}

/// How a snapshot is stored: by its own name alone, in the folder of its topic beside the tests.
pub fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    if let Some(variant) = variant() {
        settings.set_snapshot_suffix(variant);
    }
    settings.set_comparator(Box::new(SaysTheSame));
    settings
}

/// The reviewed snapshot of the running test: the file beside the tests, without its header. `None` if there is none.
pub fn reviewed(source: &str) -> Option<String> {
    let file = file(source, "snap")?;
    let text = match embedded::files() {
        Some(_) => embedded::read(file.to_str()?)?.to_owned(),
        None => fs::read_to_string(workspace().join(file)).ok()?,
    };
    Some(text.split_once("\n---\n")?.1.to_owned())
}

fn workspace() -> PathBuf {
    env::var_os("INSTA_WORKSPACE_ROOT").map_or_else(Default::default, PathBuf::from)
}

/// The file of the running test's snapshot with this ending, relative to the workspace.
fn file(source: &str, ending: &str) -> Option<PathBuf> {
    let variant = variant().map_or_else(String::new, |variant| format!("@{variant}"));
    Some(Path::new(source).parent()?.join(folder()).join(format!("{}{variant}.{ending}", name())))
}

/// Compares what was seen with the reviewed file: by `assert`, insta's, or with the file that the program
/// [brings](embedded). Panics where they differ.
pub fn compare_with_file(source: &str, seen: &str, assert: impl FnOnce()) {
    if embedded::files().is_none() {
        return compare_by_insta(source, assert);
    }
    compare_texts(reviewed(source).as_deref(), seen, || {
        let path = file(source, "snap.new")?.to_str()?.to_owned();
        let text = format!("---\nsource: {source}\n{}---\n{}\n", host_lines(), seen.trim_end());
        Some(Left::Snapshot { path, text })
    });
}

/// Compares what was seen with an inline snapshot: by `assert`, insta's, or without insta in a program that
/// [brings](embedded) its files, which has no source to write to. Panics where they differ.
pub fn compare_with_inline(inline: &str, seen: &str, assert: impl FnOnce()) {
    match embedded::files() {
        None => settings().bind(assert),
        Some(_) => compare_texts(Some(&plain(inline)), seen, || None),
    }
}

/// Compares two texts as insta does, without the blanks around them.
fn compare_texts(reviewed: Option<&str>, seen: &str, pending: impl FnOnce() -> Option<Left>) {
    if reviewed.is_some_and(|reviewed| says_the_same(seen.trim(), reviewed.trim())) {
        return;
    }
    eprint!("{}", host_lines());
    if let Some(left) = pending() {
        evidence::send(&left);
    }
    let Some(reviewed) = reviewed else { panic!("there is no reviewed snapshot of this test:\n{seen}") };
    let diff = similar::TextDiff::from_lines(reviewed.trim(), seen.trim());
    let diff = diff.unified_diff().header("reviewed", "seen").to_string();
    panic!("what was seen differs from the reviewed snapshot:\n{diff}");
}

/// Compares with a file by `assert`, which panics where they differ. Then the facts of the host are printed, and
/// written into the header of the pending snapshot if insta left one.
fn compare_by_insta(source: &str, assert: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| settings().bind(assert))) else { return };
    let host = host_lines();
    eprint!("{host}");
    if let Some(Err(error)) = file(source, "snap.new").map(|file| add_host(&pending(&file), &host)) {
        eprintln!("the pending snapshot does not name this host: {error}");
    }
    resume_unwind(panic);
}

/// Where insta puts a pending snapshot.
fn pending(file: &Path) -> PathBuf {
    let directory = env::var_os("INSTA_PENDING_DIR").filter(|directory| !directory.is_empty());
    directory.map_or_else(workspace, PathBuf::from).join(file)
}

/// Adds these lines to the header of a pending snapshot. Where INSTA_UPDATE or CI have insta write none, there is
/// nothing to do.
fn add_host(pending: &Path, host: &str) -> io::Result<()> {
    let text = match fs::read_to_string(pending) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    match text.split_once("\n---\n") {
        Some((header, body)) if !header.contains("\nhost:\n") => {
            fs::write(pending, format!("{header}\n{host}---\n{body}"))
        }
        _ => Ok(()),
    }
}

/// An inline snapshot without the indentation of the source, and without the empty lines around it.
pub fn plain(inline: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = inline.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = inline.lines().map(|line| line.get(least..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n").trim_matches('\n').trim_end().to_owned()
}

/// What decides outcomes, as a few lines of YAML; `cargo ci facts` prints the rest.
fn host_lines() -> String {
    let line = |(name, value): (&str, String)| {
        let plain = value.replace(['"', '\\'], "'").replace(char::is_control, " ");
        format!("  {name}: \"{plain}\"\n")
    };
    format!("host:\n{}", deciding_facts().into_iter().map(line).collect::<String>())
}

fn deciding_facts() -> BTreeMap<&'static str, String> {
    let facts = facts();
    let shown = |fact: &host::Fact<u64>| fact.known().map_or("absent".to_owned(), u64::to_string);
    let (system, policy) = (&facts.system, &facts.policy);
    BTreeMap::from([
        ("kernel", format!("{} {}", system.kernel_release, system.architecture)),
        ("distribution", system.distribution.known().cloned().unwrap_or_default()),
        ("lsm", policy.security_modules.known().cloned().unwrap_or("unknown".to_owned())),
        ("max_user_namespaces", shown(&policy.max_user_namespaces)),
        ("unprivileged_userns_clone", shown(&policy.unprivileged_userns_clone)),
        ("apparmor_restrict_unprivileged_userns", shown(&policy.apparmor_restrict_unprivileged_userns)),
    ])
}

/// Compares a value that can be displayed with the reviewed snapshot of the test: with the file named after the test,
/// or with an inline snapshot, `check!(trace, @"...")`.
///
/// `check!(trace, last = EPERM)` also compares the outcome of the last step, and `last = [OK, EPERM]` those of the
/// last two, with what stands in the test; see [answer](crate::answer).
#[macro_export]
macro_rules! check {
    ($trace:expr, last = $expected:expr $(, @$inline:literal)? $(,)?) => {
        let trace: &$crate::trace::Trace = &$trace;
        $crate::answer::compare(trace, &$expected, || {
            $crate::check!(trace $(, @$inline)?);
        });
    };
    ($seen:expr) => {
        let seen = $seen.to_string();
        $crate::verdict::compare(
            &seen,
            || $crate::snapshot::reviewed(file!()),
            || {
                $crate::snapshot::compare_with_file(file!(), &seen, || {
                    $crate::insta::assert_snapshot!($crate::snapshot::name(), seen);
                });
            },
        )
    };
    ($seen:expr, @$inline:literal) => {
        // The cases of one function share the inline snapshot. Without nextest they run in one process.
        let seen = $seen.to_string();
        $crate::verdict::compare(
            &seen,
            || Some($crate::snapshot::plain($inline)),
            || {
                $crate::snapshot::compare_with_inline($inline, &seen, || {
                    $crate::insta::allow_duplicates! { $crate::insta::assert_snapshot!(seen, @$inline) }
                });
            },
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "host:\n  kernel: \"6.18 x86_64\"\n";

    #[test]
    fn an_inline_snapshot_keeps_its_empty_lines_and_loses_its_indentation() {
        assert_eq!(plain("\n    who\n      uid 0\n\n    other\n    "), "who\n  uid 0\n\nother");
        assert_eq!(plain("EPERM"), "EPERM");
    }

    #[test]
    fn a_pending_snapshot_names_the_host_once() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let pending = directory.path().join("a.snap.new");
        fs::write(&pending, "---\nsource: a.rs\n---\ninside  begins\n---\n")?;

        add_host(&pending, HOST)?;
        add_host(&pending, HOST)?;

        let expected = format!("---\nsource: a.rs\n{HOST}---\ninside  begins\n---\n");
        assert_eq!(fs::read_to_string(&pending)?, expected);
        add_host(&directory.path().join("none.snap.new"), HOST)
    }

    #[test]
    fn what_the_host_says_of_itself_is_one_line_each() {
        let lines = host_lines();

        assert!(lines.starts_with("host:\n  apparmor_restrict_unprivileged_userns: \""), "{lines}");
        assert!(lines.contains("\n  kernel: \"") && lines.lines().count() == 7, "{lines}");
    }
}
