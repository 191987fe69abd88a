//! KVM or a translator: a trial boot decides, since a device that opens need not work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use guest::Plan;

use crate::guests::bundle::{Bundle, plan_tree};
use crate::guests::guest::{Guest, Limits, console_file};
use crate::guests::progress::print;
use crate::guests::transcript::Transcript;
use crate::kernels::launch::{self, Image};
use crate::kernels::options::Accelerator;
use crate::sys::scratch::Scratch;

/// With KVM a kernel is up in a second or two.
const TRIAL: Duration = Duration::from_secs(15);
const TRIAL_MEMORY: u32 = 1024;
const KVM: &str = "/dev/kvm";

/// What makes qemu run: what the caller says, or what a trial shows, once for a run.
#[derive(Debug)]
pub struct Choice {
    decided: Mutex<Option<Accelerator>>,
    /// Where the answer of a trial is kept until the next boot of this host.
    kept: PathBuf,
}

impl Choice {
    /// The caller's word, or else nothing yet; answers are kept in this directory.
    pub fn new(forced: Option<Accelerator>, cache: &Path) -> Self {
        Self { decided: Mutex::new(forced), kept: cache.join("accelerator") }
    }

    /// KVM if this kernel boots with it in time, else the translator.
    ///
    /// # Errors
    /// When the trial cannot be made.
    pub fn decide(&self, image: &Image, bundle: &Bundle) -> Result<Accelerator, String> {
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(accelerator) = *decided {
            return Ok(accelerator);
        }
        let accelerator = match self.remembered() {
            Some(accelerator) => accelerator,
            None => {
                let (accelerator, why) = trial(image, bundle)?;
                print("qemu", format_args!("runs with {}: {why}", accelerator.word()));
                self.remember(accelerator);
                accelerator
            }
        };
        *decided = Some(accelerator);
        Ok(accelerator)
    }

    fn remembered(&self) -> Option<Accelerator> {
        let text = fs::read_to_string(&self.kept).ok()?;
        let (boot, word) = text.trim().split_once(' ')?;
        let known = [Accelerator::Kvm, Accelerator::Tcg].into_iter().find(|known| known.word() == word);
        // Whether the device may be opened is not a matter of the trial alone: the caller may be another one.
        known.filter(|known| boot == this_boot() && (*known == Accelerator::Tcg || opens()))
    }

    /// A trial that is not remembered is made again; nothing is wrong.
    fn remember(&self, accelerator: Accelerator) {
        let dir = self.kept.parent().map_or(Ok(()), fs::create_dir_all);
        let _ = dir.and_then(|()| fs::write(&self.kept, format!("{} {}\n", this_boot(), accelerator.word())));
    }
}

fn this_boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn opens() -> bool {
    File::options().read(true).write(true).open(KVM).is_ok()
}

/// Boots a kernel that has nothing to do, and says why the answer is what it is.
fn trial(image: &Image, bundle: &Bundle) -> Result<(Accelerator, String), String> {
    if let Err(error) = File::options().read(true).write(true).open(KVM) {
        return Ok((Accelerator::Tcg, format!("{KVM} cannot be opened: {error}")));
    }
    let work = Scratch::new()?;
    let (root, console) = (work.path().join("root.cpio"), console_file(work.path()));
    let mut archive = Vec::new();
    let plan = Plan { tests: Vec::new(), ..bundle.plan(&[]) };
    let written = bundle
        .tree()
        .archive(&mut archive)
        .and_then(|()| plan_tree(&plan).map_err(std::io::Error::other)?.archive(&mut archive))
        .and_then(|()| fs::write(&root, archive));
    written.map_err(|error| format!("cannot write {}: {error}", root.display()))?;
    let (command, over) = launch::qemu(image, &root, &console, Accelerator::Kvm, TRIAL_MEMORY)?;
    let limits = Limits { boot: TRIAL, silence: TRIAL, total: TRIAL };
    let mut transcript = Transcript::new(&[], 0, "");
    let failure = match Guest::start(&command, over, &console, work.path()) {
        Ok(guest) => guest.follow(&mut transcript, limits, &console, |_| {}),
        Err(failure) => Some(failure),
    };
    Ok(match failure {
        None => (Accelerator::Kvm, "a trial boot ended well".to_owned()),
        Some(failure) => (Accelerator::Tcg, format!("a trial boot with KVM {failure}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_until_the_next_boot() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let choice = Choice::new(None, dir.path());
        assert_eq!(choice.remembered(), None);

        choice.remember(Accelerator::Tcg);
        assert_eq!(choice.remembered(), Some(Accelerator::Tcg));
        fs::write(&choice.kept, "another-boot tcg\n")?;
        assert_eq!(choice.remembered(), None);
        Ok(())
    }
}
