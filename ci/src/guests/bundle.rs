//! What a guest gets: the program `userns-suite`, which is static and brings tests and snapshots, and a plan.

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
use crate::sys::scratch::Scratch;
use crate::sys::workspace::{STATIC_TARGET, SUITE, Workspace};
use crate::sys::{process, tools};

/// What cargo builds the program from.
pub const PROGRAM: [&str; 4] = ["--package", SUITE, "--features", "program"];
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
    /// The guest's root, made when the first kernel needs one.
    tree: OnceLock<Tree>,
    /// Its archive, compressed when the first kernel needs it so.
    packed: OnceLock<Result<Vec<u8>, String>>,
    program: Vec<u8>,
}

impl Bundle {
    /// Builds the program.
    ///
    /// # Errors
    /// When it does not build, or the filter selects nothing.
    pub fn pack(
        workspace: &Workspace,
        filter: Option<&str>,
        exploration: Exploration,
    ) -> Result<Self, String> {
        let selecting: Vec<String> =
            filter.into_iter().flat_map(|it| ["-E".to_owned(), it.to_owned()]).collect();
        build(workspace)?;
        let target = ["--target", STATIC_TARGET, "--features", "program"];
        let Selected { binary, tests, all: suite_tests } = selection::list(workspace, &target, &selecting)?;
        let program = stripped(&binary)?;
        let (tree, packed) = (OnceLock::new(), OnceLock::new());
        Ok(Self { tests, binary, suite_tests, exploration, tree, packed, program })
    }

    /// The guest's root, the same for all kernels.
    pub fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| {
            let mut tree = userland::tree();
            tree.file(INIT, 0o755, self.program.clone());
            // The default path of a kernel's init.
            tree.link("/init", INIT);
            tree
        })
    }

    /// The archive of the guest's root, compressed with gzip, and padded so that another archive may follow.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn packed(&self) -> Result<&[u8], String> {
        let packed = self.packed.get_or_init(|| {
            initramfs::packed(self.tree()).map_err(|error| format!("cannot pack a guest's root: {error}"))
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
        tree.file("userns-suite", 0o755, self.program.clone());
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

/// Builds the program. What cargo reports goes to standard error.
fn build(workspace: &Workspace) -> Result<(), String> {
    let mut command = workspace.cargo(["build", "--target", STATIC_TARGET, "--test", "userns"]);
    let status = process::stream(command.args(PROGRAM))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{}` failed ({status})", process::show(&command))),
    }
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
    let from = if strip { &small } else { binary };
    std::fs::read(from).map_err(|error| format!("cannot read {}: {error}", from.display()))
}
