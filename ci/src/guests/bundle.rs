//! What a guest gets: the program `userns-suite`, which is static and brings tests and snapshots, and a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use harness::scenario::ORDINARY;
use harness::suite::Exploration;
use harness_program::protocol::{INIT, PLAN, Plan};

use crate::guests::initramfs::{self, Tree};
use crate::guests::part::Part;
use crate::guests::userland;
use crate::run::selection::{self, Selected};
use crate::sys::architecture::Architecture;
use crate::sys::scratch::Scratch;
use crate::sys::workspace::{SUITE, Workspace};
use crate::sys::{packages, process, tools};

/// What cargo builds the program from.
pub const PROGRAM: [&str; 4] = ["--package", SUITE, "--features", "program"];
/// The architecture of the host, and of all guests that share its programs.
const HOST: Architecture = Architecture::X86_64;
/// A build that takes longer than a day hangs.
pub const BUILD: Duration = Duration::from_secs(24 * 3600);
/// The slowest test takes seconds on a host; some kernels here are a hundred times slower.
const TEST_LIMIT: u64 = 180;

/// Everything that a kernel needs to be asked.
#[derive(Debug)]
pub struct Bundle {
    /// The names of the tests that the filter selects, sorted.
    pub tests: Vec<String>,
    /// The suite's binary, which this host can run, too.
    pub binary: PathBuf,
    /// The names of all tests, whether it selects them or not.
    pub suite_tests: Vec<String>,
    /// How much of the generated scenarios is played.
    pub exploration: Exploration,
    /// The program of the host's architecture, and those of others.
    built: BTreeMap<Architecture, Built>,
}

/// The program of an architecture.
#[derive(Debug)]
struct Built {
    program: Vec<u8>,
    /// The guest's root, made when the first kernel needs one.
    tree: OnceLock<Tree>,
    /// Its archive, compressed when the first kernel needs it so.
    packed: OnceLock<Result<Vec<u8>, String>>,
}

impl From<Vec<u8>> for Built {
    fn from(program: Vec<u8>) -> Self {
        Self { program, tree: OnceLock::new(), packed: OnceLock::new() }
    }
}

impl Bundle {
    /// Builds the program for the host, and for each of these architectures.
    ///
    /// # Errors
    /// When the compiler cannot build for one of them, it does not build, or the filter selects nothing.
    pub fn pack(
        workspace: &Workspace,
        filter: Option<&str>,
        exploration: Exploration,
        architectures: &BTreeSet<Architecture>,
    ) -> Result<Self, String> {
        let selecting: Vec<String> =
            filter.into_iter().flat_map(|it| ["-E".to_owned(), it.to_owned()]).collect();
        build(workspace, HOST)?;
        let target = ["--target", HOST.target(), "--features", "program"];
        let Selected { binary, tests, all: suite_tests } = selection::list(workspace, &target, &selecting)?;
        let mut built = BTreeMap::from([(HOST, Built::from(stripped(&binary)?))]);
        for architecture in architectures.iter().filter(|it| **it != HOST) {
            let built_for = build(workspace, *architecture)?;
            let binary = executable(&built_for).ok_or("cargo names no program that it built")?;
            built.insert(*architecture, Built::from(read(&binary)?));
        }
        Ok(Self { tests, binary, suite_tests, exploration, built })
    }

    fn built(&self, architecture: Architecture) -> Result<&Built, String> {
        let built = self.built.get(&architecture);
        built.ok_or_else(|| format!("the program is not built for {}", architecture.word()))
    }

    /// The guest's root, the same for all kernels of an architecture. Only that of the host's has programs of the host.
    ///
    /// # Errors
    /// When the program was not built for it.
    pub fn tree(&self, architecture: Architecture) -> Result<&Tree, String> {
        let built = self.built(architecture)?;
        Ok(built.tree.get_or_init(|| {
            let mut tree = if architecture == HOST { userland::tree() } else { userland::bare() };
            tree.file(INIT, 0o755, built.program.clone());
            // The default path of a kernel's init.
            tree.link("/init", INIT);
            tree
        }))
    }

    /// The archive of the guest's root, compressed with gzip, and padded so that another archive may follow.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn packed(&self, architecture: Architecture) -> Result<&[u8], String> {
        let tree = self.tree(architecture)?;
        let packed = self.built(architecture)?.packed.get_or_init(|| {
            initramfs::packed(tree).map_err(|error| format!("cannot pack a guest's root: {error}"))
        });
        packed.as_deref().map_err(Clone::clone)
    }

    /// The plan for a guest.
    pub fn plan(&self, asked: Asked<'_>) -> Plan {
        Plan {
            scratch: "/tmp".into(),
            users: asked.users.iter().map(|user| user.id()).collect(),
            tests: asked.part.tests(&self.tests),
            limit: TEST_LIMIT,
            exploration: self.exploration,
        }
    }

    /// Lays out what a kernel needs that shares this host's files: below an existing directory, with the plan.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn unpack(&self, below: &Path, asked: Asked<'_>) -> Result<Unpacked, String> {
        let mut tree = Tree::default();
        tree.file("userns-suite", 0o755, self.built(HOST)?.program.clone());
        tree.directory("scratch", 0o755);
        let plan = Plan { scratch: below.join("scratch"), ..self.plan(asked) };
        tree.file("plan.json", 0o644, json(&plan)?);
        tree.unpack(below)?;
        Ok(Unpacked { program: below.join("userns-suite"), plan: below.join("plan.json") })
    }
}

/// Where the program and its plan are on a disk.
#[derive(Debug)]
pub struct Unpacked {
    /// The program.
    pub program: PathBuf,
    /// The plan.
    pub plan: PathBuf,
}

/// What one guest is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// As whom the tests run, one user after the other.
    pub users: &'a [User],
    /// Its share of the tests.
    pub part: Part,
}

/// As whom the tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Root.
    Root,
    /// A user without privileges and without an entry in an account file.
    Unprivileged,
    /// The caller, on a host where it can become no other user.
    Caller,
}

impl User {
    fn id(self) -> Option<u32> {
        match self {
            Self::Root => Some(0),
            Self::Unprivileged => Some(ORDINARY),
            Self::Caller => None,
        }
    }
}

/// A plan with its place in a guest, as a small tree that is put over the large one.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn plan_tree(plan: &Plan) -> Result<Tree, String> {
    let mut tree = Tree::default();
    tree.file(PLAN, 0o644, json(plan)?);
    Ok(tree)
}

fn json(plan: &Plan) -> Result<Vec<u8>, String> {
    serde_json::to_vec(plan).map_err(|error| format!("the plan is no JSON: {error}"))
}

/// Builds the program for an architecture. Returns cargo's messages, of which the last program is it. What cargo reports
/// for people goes to standard error.
fn build(workspace: &Workspace, architecture: Architecture) -> Result<String, String> {
    packages::target(architecture)?;
    let mut command = workspace.cargo(["build", "--target", architecture.target(), "--test", "userns"]);
    command.args(PROGRAM).args(["--message-format", "json-render-diagnostics"]);
    command.envs(architecture.linker());
    let output = process::capture_stdout(&mut command, BUILD)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("`{}` failed ({})", process::show(&command), output.status)),
    }
}

/// The program that cargo's messages name last.
pub fn executable(messages: &str) -> Option<PathBuf> {
    let named = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    };
    messages.lines().rev().find_map(named)
}

/// A program without its symbols, which only debuggers and backtraces read and which are most of it: guests keep it in
/// memory.
fn stripped(binary: &Path) -> Result<Vec<u8>, String> {
    let work = Scratch::new()?;
    let small = work.path().join("small");
    let strip = tools::find("strip").is_some_and(|strip| {
        let mut command = Command::new(strip);
        command.arg("--strip-all").arg("-o").arg(&small).arg(binary);
        process::capture(&mut command, Duration::from_secs(60)).is_ok_and(|output| output.status.success())
    });
    read(if strip { &small } else { binary })
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_program_that_cargo_names_is_taken() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/t/userns-1\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some("/t/userns-1".into()));
        assert_eq!(executable("{\"reason\":\"build-finished\"}\nno JSON"), None);
    }
}
