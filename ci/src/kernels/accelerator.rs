//! KVM or a translator: a trial boot decides, since a device that opens need not work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use harness_program::protocol::Plan;

use crate::guests::bundle::{Asked, Bundle, plan_tree};
use crate::guests::failure::RunFailure;
use crate::guests::guest::{Guest, Limits, console_file};
use crate::guests::part::Part;
use crate::guests::progress::print;
use crate::guests::transcript::Transcript;
use crate::kernels::launch::{self, Image, Machine};
use crate::kernels::options::Accelerator;
use crate::sys::scratch::Scratch;

/// With KVM a kernel is up in a second or two.
const TRIAL: Duration = Duration::from_secs(15);
const TRIAL_MACHINE: Machine = Machine { memory: 1024, processors: 1 };
const KVM: &str = "/dev/kvm";

/// What makes qemu run: what the caller says, or what a trial shows, once for a run. It is printed with its reason.
#[derive(Debug)]
pub struct Choice {
    asked: Option<Accelerator>,
    decided: Mutex<Option<Accelerator>>,
    /// Where the answer of a trial boot is kept until the next boot of this host.
    kept: PathBuf,
}

/// An accelerator, and why it is the one.
type Answer = (Accelerator, String);

impl Choice {
    /// The caller's word, or else nothing yet; answers are kept in this directory.
    pub fn new(asked: Option<Accelerator>, cache: &Path) -> Self {
        Self { asked, decided: Mutex::default(), kept: cache.join("accelerator") }
    }

    /// KVM if this kernel boots with it in time, else the translator.
    ///
    /// # Errors
    /// When the trial cannot be made.
    pub fn decide(&self, image: &Image, bundle: &Bundle) -> Result<Accelerator, String> {
        let said = |words| print("qemu", words);
        self.decide_by(Path::new(KVM), || boot(image, bundle), said)
    }

    /// As [`Choice::decide`], for this device and this trial boot. `said` gets the line for the reader, once.
    fn decide_by(
        &self,
        device: &Path,
        boot: impl FnOnce() -> Result<Option<RunFailure>, String>,
        said: impl FnOnce(String),
    ) -> Result<Accelerator, String> {
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(accelerator) = *decided {
            return Ok(accelerator);
        }
        let (accelerator, why) = match self.asked {
            Some(accelerator) => (accelerator, "as asked".to_owned()),
            None => self.answer(device, boot)?,
        };
        said(format!("runs with {}: {why}", accelerator.word()));
        *decided = Some(accelerator);
        Ok(accelerator)
    }

    /// The answer of a trial boot, which may have been made earlier. Without the device none is needed.
    fn answer(
        &self,
        device: &Path,
        boot: impl FnOnce() -> Result<Option<RunFailure>, String>,
    ) -> Result<Answer, String> {
        if let Err(error) = File::options().read(true).write(true).open(device) {
            return Ok((Accelerator::Tcg, format!("{} cannot be opened: {error}", device.display())));
        }
        if let Some(accelerator) = self.remembered() {
            return Ok((accelerator, "so an earlier run decided after a trial boot".to_owned()));
        }
        let (accelerator, why) = match boot()? {
            None => (Accelerator::Kvm, "a trial boot ended well".to_owned()),
            // The caller has interrupted this run: that is no answer for the next one.
            Some(RunFailure::Interrupted) => return Err("interrupted".to_owned()),
            Some(failure) => (Accelerator::Tcg, format!("a trial boot with KVM {failure}")),
        };
        self.remember(accelerator);
        Ok((accelerator, why))
    }

    fn remembered(&self) -> Option<Accelerator> {
        let text = fs::read_to_string(&self.kept).ok()?;
        let (boot, word) = text.trim().split_once(' ')?;
        let known = [Accelerator::Kvm, Accelerator::Tcg].into_iter().find(|known| known.word() == word);
        known.filter(|_| boot == this_boot())
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

/// Boots a kernel with KVM that has nothing to do. Returns how that failed, if it did.
///
/// # Errors
/// When the boot cannot be prepared.
fn boot(image: &Image, bundle: &Bundle) -> Result<Option<RunFailure>, String> {
    let work = Scratch::new()?;
    let (root, console) = (work.path().join("root.cpio"), console_file(work.path()));
    let plan = Plan { tests: Vec::new(), ..bundle.plan(Asked { users: &[], part: Part::WHOLE }) };
    launch::root_with(bundle, &plan_tree(&plan)?, image, &root)?;
    let (command, over) = launch::qemu(image, &root, &console, Accelerator::Kvm, TRIAL_MACHINE)?;
    let limits = Limits { boot: TRIAL, silence: TRIAL, total: TRIAL };
    let mut transcript = Transcript::new(&[], 0, "");
    Ok(match Guest::start(&command, over, &console, work.path()) {
        Ok(guest) => guest.follow(&mut transcript, limits, &console, |_| {}),
        Err(failure) => Some(failure),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is decided for a device and a trial boot that ends so, and the line that is printed.
    fn decided(
        choice: &Choice,
        device: &str,
        boot: impl FnOnce() -> Option<RunFailure>,
    ) -> Result<(Accelerator, String), String> {
        let mut line = String::new();
        let accelerator = choice.decide_by(Path::new(device), || Ok(boot()), |words| line = words)?;
        Ok((accelerator, line))
    }

    fn no_boot() -> Option<RunFailure> {
        panic!("a kernel is booted that need not be")
    }

    fn hung() -> Option<RunFailure> {
        Some(RunFailure::Hung(TRIAL, "the kernel was started".to_owned()))
    }

    #[test]
    fn a_trial_boot_decides_and_its_answer_is_printed() -> Result<(), Box<dyn std::error::Error>> {
        for (boot, accelerator, line) in [
            ((|| None) as fn() -> _, Accelerator::Kvm, "runs with kvm: a trial boot ended well"),
            (
                hung,
                Accelerator::Tcg,
                "runs with tcg: a trial boot with KVM hung: nothing for 15 s; the last was: \
                                      the kernel was started",
            ),
        ] {
            let dir = tempfile::tempdir()?;
            let choice = Choice::new(None, dir.path());
            assert_eq!(decided(&choice, "/dev/null", boot)?, (accelerator, line.to_owned()));
            // The next kernel of this run needs no boot and no line, the next run no boot.
            assert_eq!(decided(&choice, "/dev/null", no_boot)?, (accelerator, String::new()));
            let (again, line) = decided(&Choice::new(None, dir.path()), "/dev/null", no_boot)?;
            assert_eq!(again, accelerator);
            assert!(line.ends_with("so an earlier run decided after a trial boot"), "{line}");
        }
        Ok(())
    }

    #[test]
    fn without_the_device_and_by_the_callers_word_nothing_is_booted() -> Result<(), Box<dyn std::error::Error>>
    {
        let dir = tempfile::tempdir()?;
        let (tcg, line) = decided(&Choice::new(None, dir.path()), "/nowhere/kvm", no_boot)?;
        assert_eq!(tcg, Accelerator::Tcg);
        assert!(line.starts_with("runs with tcg: /nowhere/kvm cannot be opened: No such file"), "{line}");

        let asked = Choice::new(Some(Accelerator::Kvm), dir.path());
        let kvm = (Accelerator::Kvm, "runs with kvm: as asked".to_owned());
        assert_eq!(decided(&asked, "/nowhere/kvm", no_boot)?, kvm);
        // Neither of them is the answer of a trial.
        assert_eq!(asked.remembered(), None);
        Ok(())
    }

    #[test]
    fn an_interrupted_trial_is_no_answer() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let choice = Choice::new(None, dir.path());

        let why = decided(&choice, "/dev/null", || Some(RunFailure::Interrupted)).err();
        assert_eq!((why.as_deref(), choice.remembered()), (Some("interrupted"), None));
        Ok(())
    }

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
