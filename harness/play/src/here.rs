//! What scenarios and the model have to know of this host, read once.

use crate::host::{self, Fact};
use harness_scenario::action::IdFile;
use harness_scenario::caller::Caller;
use harness_scenario::release::Release;
use harness_scenario::start::Start;
use std::sync::OnceLock;

/// This host and this process, read when first asked for.
pub fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let (process, policy) = (host::process(), host::policy());
        Start {
            caller: caller(process),
            in_initial_userns: process.in_initial_userns == Fact::Known(true),
            overflow: [IdFile::UidMap, IdFile::GidMap].map(overflow),
            last_cap: policy.last_cap(),
            page: rustix::param::page_size() as u64,
            release: host::system().kernel().map(|_| release()),
            missing: host::missing(),
        }
    })
}

/// The release of the running kernel; one that is newer than any change where uname(2) does not report it.
pub fn release() -> Release {
    host::system().release()
}

/// The id that the kernel shows for an id without a mapping: 65534, unless the sysctls kernel.overflowuid and
/// kernel.overflowgid set another.
pub fn overflow(file: IdFile) -> u32 {
    let policy = host::policy();
    let fact = if file == IdFile::GidMap { &policy.overflowgid } else { &policy.overflowuid };
    fact.known().and_then(|id| u32::try_from(*id).ok()).unwrap_or(65_534)
}

/// What tells a user namespace from others: its link in /proc, which has its inode. gVisor gives each process a number of
/// its own there, so that namespaces are told apart by their files: uid_map, gid_map and setgroups.
pub(crate) fn namespace(link: String, files: &[String; 3]) -> String {
    if host::system().is_gvisor() { files.join("\n") } else { link }
}

fn caller(process: &host::Process) -> Caller {
    // The same call as that of an actor, so that a filter answers both alike.
    let link = |path: &str| {
        let read = rustix::fs::readlinkat(rustix::fs::CWD, path, Vec::new());
        read.map(|link| link.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let file = |name| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let files = [file("uid_map"), file("gid_map"), file("setgroups").trim_end().to_owned()];
    Caller {
        uid: process.uids.known().copied().unwrap_or_default(),
        gid: process.gids.known().copied().unwrap_or_default(),
        groups: process.groups.known().cloned().unwrap_or_default(),
        caps: process.capabilities.known().copied().unwrap_or_default(),
        securebits: process.securebits.known().copied().unwrap_or_default(),
        userns: namespace(link("/proc/self/ns/user"), &files),
        files,
    }
}
