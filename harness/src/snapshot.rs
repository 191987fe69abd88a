//! Where snapshots live and what their headers say.
//!
//! A file snapshot is named by the test and its case. The header holds the facts of the host on which
//! it was taken; they are not compared, and travel with a `.snap.new` into a bug report.

use crate::comparator::IgnoringUnknown;
use crate::current::{current_test, variant};
use crate::facts;
use crate::host;
use crate::missing::MissingFeatures;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of the file snapshot of the running test.
///
/// # Panics
/// Outside of a test of the suite.
pub fn name() -> String {
    let test = current_test().expect("check! is for functions marked #[harness::test]");
    test.replace("::", "__")
}

/// How a snapshot is stored: by its own name alone, beside the tests, with the host's facts.
pub fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_info(&header());
    if let Some(variant) = variant() {
        settings.set_snapshot_suffix(variant);
    }
    if facts().lacks() != MissingFeatures::default() {
        settings.set_comparator(Box::new(IgnoringUnknown));
    }
    settings
}

/// What was reviewed for the running test: the file beside the tests, without its header. `None` if there is none.
pub fn reviewed(source: &str) -> Option<String> {
    let root = std::env::var_os("INSTA_WORKSPACE_ROOT").map_or_else(Default::default, PathBuf::from);
    let directory = root.join(Path::new(source).parent()?).join("snapshots");
    let variant = variant().map_or_else(String::new, |variant| format!("@{variant}"));
    let text = std::fs::read_to_string(directory.join(format!("{}{variant}.snap", name()))).ok()?;
    Some(text.split_once("\n---\n")?.1.to_owned())
}

/// An inline snapshot without what its place in the source has put before each line.
pub fn plain(inline: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines = || inline.lines().filter(|line| !line.trim().is_empty());
    let least = lines().map(indent).min().unwrap_or(0);
    lines().map(|line| &line[least..]).collect::<Vec<_>>().join("\n")
}

/// What decides outcomes, in a few lines; `cargo ci facts` tells the rest.
fn header() -> BTreeMap<&'static str, String> {
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

/// Compares what was seen, anything that can be displayed, with the reviewed snapshot of the test:
/// with the file named after the test, or with an inline one, `check!(trace, @"...")`.
#[macro_export]
macro_rules! check {
    ($seen:expr) => {
        let seen = $seen.to_string();
        $crate::verdict::compare(
            &seen,
            || $crate::snapshot::reviewed(file!()),
            || {
                $crate::snapshot::settings().bind(|| {
                    $crate::insta::assert_snapshot!($crate::snapshot::name(), seen);
                });
            },
        )
    };
    ($seen:expr, @$inline:literal) => {
        // The cases of one function share the snapshot, in one process where nextest does not part them.
        let seen = $seen.to_string();
        $crate::verdict::compare(
            &seen,
            || Some($crate::snapshot::plain($inline)),
            || {
                $crate::snapshot::settings().bind(|| {
                    $crate::insta::allow_duplicates! { $crate::insta::assert_snapshot!(seen, @$inline) }
                });
            },
        )
    };
}
