//! The workflows of GitHub Actions, checked without the network by actionlint and zizmor.
//!
//! Both come from PyPI into the target directory, at the versions and sums of `ci/workflow-tools.txt`. Before
//! either is believed it has to find what is wrong with a workflow that lies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::sys::process::{self, Captured};
use crate::sys::scratch::Scratch;
use crate::sys::tools::{self, Install};
use harness_program::ui::print::print;

/// What pip is to install, relative to the workspace.
const PINNED: &str = "ci/workflow-tools.txt";
/// The workflow that lies, relative to the workspace.
const LIE: &str = "ci/tests/data/lies/workflow.yml";
/// A few megabytes over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);
/// Both read a few small files.
const LIMIT: Duration = Duration::from_secs(60);

/// One of the two.
struct Tool {
    name: &'static str,
    /// Without colour and without the network.
    options: &'static [&'static str],
    /// Whether this status says that something is wrong with a workflow.
    finds: fn(i32) -> bool,
    /// What it has to find in the workflow that lies.
    lies: &'static [&'static str],
}

const TOOLS: [Tool; 2] = [
    Tool {
        name: "actionlint",
        options: &["-no-color"],
        finds: |status| status == 1,
        lies: &["\"github.event.issue.title\" is potentially untrusted"],
    },
    Tool {
        name: "zizmor",
        options: &["--offline", "--quiet", "--color=never"],
        // One status for each severity.
        finds: |status| (11..=14).contains(&status),
        lies: &["template-injection", "unpinned-uses", "excessive-permissions", "artipacked"],
    },
];

/// Installs the tools where they are missing, and runs them.
pub fn check(context: &Context) -> Outcome {
    let root = &context.workspace.root;
    let bin = match install(root, &context.workspace.target, context.install) {
        Ok(bin) => bin,
        Err(why) => return Outcome::NotRun(why),
    };
    let files = match files(root) {
        Ok(files) => files,
        Err(error) => return Outcome::CouldNotRun(error),
    };
    let mut wrong = Vec::new();
    for tool in &TOOLS {
        match tool.notices(&bin, &root.join(LIE)).and_then(|()| tool.findings(&bin, root, &files)) {
            Ok(None) => {}
            Ok(Some(findings)) => {
                print(format_args!("{findings}\n"));
                wrong.push(tool.name);
            }
            Err(error) => return Outcome::CouldNotRun(error),
        }
    }
    match wrong.is_empty() {
        false => Outcome::Failed(format!("see the findings of {} above", wrong.join(" and "))),
        true if tools::find("shellcheck").is_some() => Outcome::Passed(String::new()),
        true => Outcome::Passed("without shellcheck, which is not installed".to_owned()),
    }
}

impl Tool {
    fn run(&self, bin: &Path, below: &Path, files: &[PathBuf]) -> Result<(Captured, i32), String> {
        let mut command = Command::new(bin.join(self.name));
        // actionlint reads actions as if they were workflows; it looks at them where a workflow uses them.
        let workflows =
            |file: &&PathBuf| self.name != "actionlint" || file.parent().is_some_and(is_workflows);
        command.args(self.options).args(files.iter().filter(workflows)).current_dir(below);
        let output = process::capture(&mut command, LIMIT)?;
        match output.status.code() {
            Some(status) => Ok((output, status)),
            None => Err(format!("`{}` was killed ({})", process::show(&command), output.status)),
        }
    }

    /// Has it look at a workflow that lies.
    fn notices(&self, bin: &Path, lie: &Path) -> Result<(), String> {
        let file = PathBuf::from(".github/workflows/lie.yml");
        let dir = repository(&[(lie.to_owned(), file.clone())])?;
        let (output, status) = self.run(bin, dir.path(), &[file])?;
        let missing = self.lies.iter().find(|words| !output.stdout.contains(**words));
        match missing {
            None if (self.finds)(status) => Ok(()),
            None => Err(format!("{} finds what is wrong with {LIE} and ends with {status}", self.name)),
            Some(words) => Err(format!(
                "{} does not find `{words}` in {LIE}, so it is not believed: {}{}",
                self.name, output.stdout, output.stderr
            )),
        }
    }

    /// What it says about the files, if anything is wrong with them.
    fn findings(&self, bin: &Path, root: &Path, files: &[PathBuf]) -> Result<Option<String>, String> {
        let copies: Vec<_> = files.iter().map(|file| (root.join(file), file.clone())).collect();
        let dir = repository(&copies)?;
        let (output, status) = self.run(bin, dir.path(), files)?;
        match status {
            0 => Ok(None),
            found if (self.finds)(found) => Ok(Some(output.stdout)),
            other => Err(format!("{} ended with status {other}: {}", self.name, output.stderr.trim())),
        }
    }
}

/// Files in a repository of their own. actionlint looks for one, and does not hold what workflows use against
/// what actions take where the sources came as an archive.
fn repository(files: &[(PathBuf, PathBuf)]) -> Result<Scratch, String> {
    let dir = Scratch::new()?;
    for (from, to) in files {
        let to = dir.path().join(to);
        fs::create_dir_all(dir.path().join(".git"))
            .and_then(|()| to.parent().map_or(Ok(()), fs::create_dir_all))
            .and_then(|()| fs::copy(from, &to).map(drop))
            .map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
    }
    Ok(dir)
}

fn is_workflows(dir: &Path) -> bool {
    dir.ends_with("workflows")
}

/// All workflows and actions, relative to the root.
fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(root.join(".github")).sort_by_file_name() {
        let entry = entry.map_err(|error| format!("cannot read the workflows: {error}"))?;
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let action = path.file_name().is_some_and(|name| name == "action.yml");
        if entry.file_type().is_file() && (action || path.parent().is_some_and(is_workflows)) {
            files.push(path.to_owned());
        }
    }
    match files.is_empty() {
        true => Err("there is no workflow below .github".to_owned()),
        false => Ok(files),
    }
}

/// Makes sure that the tools are there, and tells in which directory.
fn install(root: &Path, target: &Path, install: Install) -> Result<PathBuf, String> {
    let dir = target.join("tools/workflows");
    let (pinned, installed) = (root.join(PINNED), dir.join("installed.txt"));
    let wanted = fs::read(&pinned).map_err(|error| format!("cannot read {}: {error}", pinned.display()))?;
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(dir.join("bin"));
    }
    if install == Install::Nothing {
        return Err(format!("actionlint and zizmor of {PINNED} are not below the target directory"));
    }
    print("fetching actionlint and zizmor\n");
    let python = tools::find("python3").ok_or("python3 is missing; as root: apt-get install python3-venv")?;
    quietly(Command::new(python).args(["-m", "venv", "--clear"]).arg(&dir))
        .map_err(|error| format!("{error}; if venv is missing, as root: apt-get install python3-venv"))?;
    let mut pip = Command::new(dir.join("bin/python"));
    // A wheel is unpacked; a source package would run its own code.
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]);
    quietly(pip.arg("--requirement").arg(&pinned))?;
    fs::write(&installed, wanted)
        .map_err(|error| format!("cannot write {}: {error}", installed.display()))?;
    Ok(dir.join("bin"))
}

fn quietly(command: &mut Command) -> Result<(), String> {
    let output = process::capture(command, INSTALL_LIMIT)?;
    if output.status.success() {
        return Ok(());
    }
    let last =
        output.stderr.lines().chain(output.stdout.lines()).map(str::trim).rfind(|line| !line.is_empty());
    Err(format!("`{}` failed ({}): {}", process::show(command), output.status, last.unwrap_or("no reason")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ACTIONLINT: &Tool = &TOOLS[0];

    /// A directory with a stand-in for actionlint that prints this and ends so.
    fn stand_in(prints: &str, status: i32) -> std::io::Result<tempfile::TempDir> {
        let dir = tempfile::tempdir()?;
        let program = dir.path().join("actionlint");
        fs::write(&program, format!("#!/bin/sh\necho '{prints}'\nexit {status}\n"))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(dir)
    }

    fn lie() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lies/workflow.yml")
    }

    #[test]
    fn a_tool_that_does_not_notice_the_lie_is_not_believed() -> std::io::Result<()> {
        let notices = |prints, status| -> std::io::Result<_> {
            Ok(ACTIONLINT.notices(stand_in(prints, status)?.path(), &lie()))
        };

        assert_eq!(notices(ACTIONLINT.lies[0], 1)?, Ok(()));
        assert!(notices("fine", 0)?.is_err_and(|why| why.contains("is not believed")));
        assert!(notices(ACTIONLINT.lies[0], 0)?.is_err_and(|why| why.contains("ends with 0")));
        Ok(())
    }

    #[test]
    fn findings_are_told_from_a_tool_that_broke() -> std::io::Result<()> {
        let findings = |status| -> std::io::Result<_> {
            Ok(ACTIONLINT.findings(stand_in("x.yml:1:1: wrong", status)?.path(), Path::new("/"), &[]))
        };

        assert_eq!(findings(0)?, Ok(None));
        assert_eq!(findings(1)?, Ok(Some("x.yml:1:1: wrong\n".to_owned())));
        assert!(findings(3)?.is_err_and(|why| why.contains("status 3")));
        Ok(())
    }

    #[test]
    fn nothing_is_fetched_when_that_is_forbidden() -> std::io::Result<()> {
        let target = tempfile::tempdir()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");

        assert!(install(&root, target.path(), Install::Nothing).is_err_and(|why| why.contains(PINNED)));
        Ok(())
    }
}
