//! Programs of what the suite has played: of a test that fails, and of everything where that is asked for.

use crate::current::current_test;
use crate::embedded;
use crate::evidence;
use crate::facts;
use crate::findings::Left;
use crate::here;
use crate::host::path;
use crate::model;
use crate::reproducer::{self, Header, Host, Prediction};
use crate::trace::Trace;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The variable that sets the directory for the reproducers of tests that fail.
const REPRODUCERS: &str = "USERNS_SUITE_REPRODUCERS";

/// The variable that sets a directory for the reproducers of all scenarios that are played. A test of the reproducers
/// uses it to run all scenarios of the suite a second time.
const RECORD: &str = "USERNS_SUITE_RECORD";

/// Where a program without a checkout puts reproducers, in the current directory.
const OUTSIDE: &str = "userns-suite-reproducers";

/// Whether the programs of all scenarios are sent to the program that runs the tests.
static SENDS: AtomicBool = AtomicBool::new(false);

/// From now on the programs of all scenarios are [sent](crate::evidence), whether their test fails or not.
pub fn send_all() {
    SENDS.store(true, Ordering::Relaxed);
}

/// The directory of the programs of tests that fail: the one that the environment variable
/// `USERNS_SUITE_REPRODUCERS` names, or else target/reproducers of the workspace, or without a checkout
/// userns-suite-reproducers of the current directory.
pub fn directory() -> PathBuf {
    let default = || match embedded::files() {
        None => Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("reproducers"),
        Some(_) => PathBuf::from(OUTSIDE),
    };
    std::env::var_os(REPRODUCERS).map_or_else(default, PathBuf::from)
}

/// This host, as a program of a scenario needs it. What lies beside the binary of the suite, and in a temporary
/// directory of the crate `tempfile`, only a test has.
pub fn host() -> Host {
    let binary = std::env::current_exe().ok();
    let target = binary.as_deref().and_then(Path::parent).map(Path::to_owned);
    let temporary = std::env::temp_dir().join(".tmp");
    let private = target.iter().chain([&temporary]).filter_map(|path| path.to_str()).map(str::to_owned);
    let system = &facts().system;
    Host {
        kernel: format!("{} {}", system.kernel_release, system.architecture),
        path: path::PATH,
        find: path::find,
        private: private.chain(["/target/".to_owned()]).collect(),
    }
}

/// Leaves the program of what was played, or the reason why there is none, if [`RECORD`] is set.
pub(crate) fn record(trace: &Trace) {
    if SENDS.load(Ordering::Relaxed) {
        send(trace);
    }
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(directory) = DIRECTORY.get_or_init(|| std::env::var_os(RECORD).map(PathBuf::from)) else {
        return;
    };
    let header = Header { name: current_test().unwrap_or_default(), about: Vec::new(), host: host() };
    let made = reproducer::c(&trace.scenario, &Prediction::from(trace), &header);
    let (text, kind) = made.map_or_else(|reason| (reason.to_string(), "txt"), |program| (program, "c"));
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let path = directory.join(format!("{:016x}.{kind}", hasher.finish()));
    if let Err(error) = std::fs::write(&path, text) {
        panic!("{RECORD}: {}: {error}", path.display());
    }
}

/// Sends the programs of what was played. They expect what the model predicts, and what the kernel did where it predicts
/// nothing.
fn send(trace: &Trace) {
    static NUMBER: AtomicUsize = AtomicUsize::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let predicted = model::predict(&trace.scenario, here::start());
    let about = predicted.as_ref().map(|it| model::about(trace, it)).unwrap_or_default();
    let mut expected = Prediction::from(trace);
    for (step, predicted) in expected.steps.iter_mut().zip(predicted.into_iter().flat_map(|it| it.steps)) {
        if predicted.outcome.is_some() {
            *step = predicted;
        }
    }
    let name = format!("{} {number}", current_test().unwrap_or_default());
    match reproducer::texts(&trace.scenario, &expected, &Header { name, about, host: host() }) {
        Ok(texts) => {
            texts.into_iter().for_each(|(name, text)| evidence::send(&Left::Reproducer { name, text }));
        }
        Err(reason) => eprintln!("{reason}"),
    }
}
