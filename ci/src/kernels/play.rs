//! A row from the start of its guests to its outcome.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::guests::bundle::{Asked, User};
use crate::guests::failure::RunFailure;
use crate::guests::follow::{Heard, Launch, Questions, Target, follow, judge};
use crate::guests::guest::Over;
use crate::guests::outcome::Outcome;
use crate::guests::part::Part;
use crate::guests::results;
use crate::guests::start::Start;
use crate::kernels::accelerator::Choice;
use crate::kernels::enter;
use crate::kernels::launch::{self, Image, Machine};
use crate::kernels::list::Row;
use crate::kernels::options::Accelerator;

/// The slowest kernel here needs ten seconds to boot.
const BOOT: Duration = Duration::from_secs(90);
/// Unpacking a root, and starting a program in it.
const UNPACK: Duration = Duration::from_secs(120);

/// What all rows have in common.
#[derive(Debug)]
pub struct Common {
    /// What is asked of each.
    pub questions: Questions,
    /// The directory with a directory of results for each kernel, and one for each distribution.
    pub results: PathBuf,
    /// What a guest's machine has.
    pub machine: Machine,
    /// What makes qemu run.
    pub accelerator: Choice,
}

/// A row that is asked: its kernel, which several guests may have in common.
#[derive(Debug)]
pub struct Asking<'a> {
    row: &'a Row,
    users: Vec<User>,
    target: Target<'a>,
    emptied: Result<(), RunFailure>,
    /// Fetched when the first guest needs it.
    image: OnceLock<Result<Image, RunFailure>>,
}

impl<'a> Asking<'a> {
    /// A row before its start. The directory of its results is emptied.
    pub fn new(common: &Common, row: &'a Row) -> Self {
        let users = users(row.start);
        let (kind, boot) = match row.start {
            Start::Rootfs => ("distros", UNPACK),
            _ => ("kernels", BOOT),
        };
        let results = common.results.join(kind).join(&row.name);
        let emptied = results::empty(&results);
        let (name, start, release) = (row.name.as_str(), row.start, row.release.as_str());
        let (origin, programs) = Default::default();
        let target = Target { name, start, release, users: users.len(), boot, results, origin, programs };
        Self { row, users, target, emptied, image: OnceLock::new() }
    }

    /// Starts one guest, follows it, and returns what was heard of it. The first one has the kernel fetched.
    pub fn play(
        &self,
        common: &Common,
        part: Part,
        fetch: impl FnOnce(&Row) -> Result<Image, RunFailure>,
    ) -> Heard {
        follow(&common.questions, &self.target, part, |work, console| {
            self.emptied.clone()?;
            let image = self.image.get_or_init(|| fetch(self.row)).as_ref().map_err(Clone::clone)?;
            let accelerator = match self.row.start {
                // The processor runs only programs of its own architecture.
                Start::Qemu if !image.architecture.is_of_host() => Some(Ok(Accelerator::Tcg)),
                Start::Qemu => Some(common.accelerator.decide(image, &common.questions.bundle)),
                _ => None,
            };
            let accelerator = accelerator.transpose().map_err(RunFailure::NotStarted)?;
            let asked = Asked { users: &self.users, part };
            let (command, over) = command(common, self.row, asked, image, (work, console), accelerator)
                .map_err(RunFailure::NotStarted)?;
            Ok(Launch { command, over, accelerator: accelerator.map(Accelerator::word) })
        })
    }

    /// Judges what was heard of its guests.
    pub fn judge(self, common: &Common, guests: Vec<Heard>) -> Outcome {
        let image = self.image.into_inner().and_then(Result::ok).unwrap_or_default();
        let target = Target { origin: image.origin, programs: image.programs, ..self.target };
        judge(&common.questions, target, guests)
    }
}

/// The command that starts a row, with all that it refers to in the working directory.
fn command(
    common: &Common,
    row: &Row,
    asked: Asked<'_>,
    image: &Image,
    (work, console): (&Path, &Path),
    accelerator: Option<Accelerator>,
) -> Result<(Command, Over), String> {
    let bundle = &common.questions.bundle;
    let root = work.join("root");
    match row.start {
        Start::Uml => {
            launch::root(bundle, asked, image, &root)?;
            Ok(launch::uml(image, &root, work, common.machine))
        }
        Start::Qemu => {
            launch::root(bundle, asked, image, &root)?;
            launch::qemu(image, &root, console, accelerator.unwrap_or(Accelerator::Tcg), common.machine)
        }
        Start::Gvisor => {
            fs::create_dir(&root).map_err(|error| format!("cannot make {}: {error}", root.display()))?;
            bundle.tree(image.architecture)?.unpack(&root)?;
            launch::extras(bundle, asked, image)?.unpack(&root)?;
            Ok(launch::gvisor(image, &root, work))
        }
        Start::Rootfs => enter::command(&image.kernel, bundle, asked, work).map(|it| (it, Over::Stdout)),
        Start::Host => launch::host(bundle, asked, work),
    }
}

/// Root and an unprivileged user; on a host only those that the caller can be.
pub fn users(start: Start) -> Vec<User> {
    match (start, geteuid().is_root()) {
        (Start::Host | Start::Gvisor, false) => vec![User::Caller],
        _ => vec![User::Root, User::Unprivileged],
    }
}
