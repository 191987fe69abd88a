//! One row from its start to its outcome.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::guests::bundle::User;
use crate::guests::failure::RunFailure;
use crate::guests::follow::{Launch, Questions, Target, follow};
use crate::guests::guest::Over;
use crate::guests::outcome::Outcome;
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

/// Starts what a row names, follows it, and returns what became of it.
pub fn play(common: &Common, row: &Row, image: Result<Image, RunFailure>) -> Outcome {
    let users = users(row.start);
    let (kind, boot) = match row.start {
        Start::Rootfs => ("distros", UNPACK),
        _ => ("kernels", BOOT),
    };
    let (origin, programs) =
        image.as_ref().map(|image| (image.origin.clone(), image.programs.clone())).unwrap_or_default();
    let target = Target {
        name: &row.name,
        start: row.start,
        release: &row.release,
        users: users.len(),
        boot,
        results: common.results.join(kind).join(&row.name),
        origin,
        programs,
    };
    follow(&common.questions, target, |work, console| {
        let image = image?;
        let accelerator = match row.start {
            Start::Qemu => Some(common.accelerator.decide(&image, &common.questions.bundle)),
            _ => None,
        };
        let accelerator = accelerator.transpose().map_err(RunFailure::NotStarted)?;
        let (command, over) = command(common, row, &users, &image, (work, console), accelerator)
            .map_err(RunFailure::NotStarted)?;
        Ok(Launch { command, over, accelerator: accelerator.map(Accelerator::word) })
    })
}

/// The command that starts a row, with all that it refers to in the working directory.
fn command(
    common: &Common,
    row: &Row,
    users: &[User],
    image: &Image,
    (work, console): (&Path, &Path),
    accelerator: Option<Accelerator>,
) -> Result<(Command, Over), String> {
    let bundle = &common.questions.bundle;
    let root = work.join("root");
    match row.start {
        Start::Uml => {
            launch::root(bundle, users, image, &root)?;
            Ok(launch::uml(image, &root, work, common.machine))
        }
        Start::Qemu => {
            launch::root(bundle, users, image, &root)?;
            launch::qemu(image, &root, console, accelerator.unwrap_or(Accelerator::Tcg), common.machine)
        }
        Start::Gvisor => {
            fs::create_dir(&root).map_err(|error| format!("cannot make {}: {error}", root.display()))?;
            bundle.tree().unpack(&root)?;
            launch::extras(bundle, users, image)?.unpack(&root)?;
            Ok(launch::gvisor(image, &root, work))
        }
        Start::Rootfs => enter::command(&image.kernel, bundle, users, work).map(|it| (it, Over::Stdout)),
        Start::Host => launch::host(bundle, users, work),
    }
}

/// Root and an unprivileged user; on a host only those that the caller can be.
pub fn users(start: Start) -> Vec<User> {
    match (start, geteuid().is_root()) {
        (Start::Host | Start::Gvisor, false) => vec![User::Caller],
        _ => vec![User::Root, User::Unprivileged],
    }
}
