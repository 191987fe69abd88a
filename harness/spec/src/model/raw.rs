//! Raw system calls: those that the model has as a function, and those that change nothing in the model.

use super::credentials::raise_ambient;
use super::world::{HeldFd, Process};
use super::{Reply, World};
use harness_scenario::action::{Entry, RawArg, Results, Syscall};
use harness_scenario::caps::CapSet;

/// Calls that change neither credentials nor namespaces nor the contents of the four files.
const CHANGE_NOTHING: [i64; 32] = [
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_mount,
    libc::SYS_fsconfig,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_shmget,
    libc::SYS_fchown,
    libc::SYS_fchmod,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sethostname,
    libc::SYS_mmap,
    libc::SYS_keyctl,
    libc::SYS_mknodat,
    libc::SYS_fchdir,
    libc::SYS_setsockopt,
    libc::SYS_semctl,
    libc::SYS_msgctl,
    libc::SYS_shmctl,
    libc::SYS_semop,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_fchownat,
    libc::SYS_sendto,
    libc::SYS_mkdirat,
    libc::SYS_openat,
];

impl World {
    /// Of what a call leaves for the caller nothing is said.
    pub(super) fn syscall(&mut self, process: &mut Process, call: &Syscall) -> Reply {
        match (call.entry, call.results) {
            (Entry::I386, _) => Reply::Unmodelled,
            (Entry::Native, Results::Nothing) => self.raw(process, call.number, &call.args),
            (Entry::Native, Results::Fd) => Self::hold_unknown(process),
            (Entry::Native, Results::Halves(_) | Results::Words(_) | Results::Text(_) | Results::Ids(_)) => {
                Reply::Unknown
            }
        }
    }

    fn raw(&mut self, process: &mut Process, number: i64, args: &[RawArg]) -> Reply {
        if number == libc::SYS_capset {
            let Some(sets) = capset(args) else { return Reply::Unmodelled };
            // The kernel drops bits of capabilities that it does not have.
            let known = CapSet::up_to(self.names.last_cap).0;
            let sets = sets.map(|set| CapSet(set.0 & known));
            return self.namespaces.capset(&mut process.cred, sets).into();
        }
        if number == libc::SYS_prctl {
            return self.raw_prctl(process, args);
        }
        if number == libc::SYS_setsockopt {
            self.pass_credentials(process, args);
        }
        if number == libc::SYS_mount && hides_the_root(args) {
            return Reply::Unmodelled;
        }
        let asks = number == libc::SYS_kill && args.get(1) == Some(&RawArg::Number(0));
        if CHANGE_NOTHING.contains(&number) || asks { Reply::Unknown } else { Reply::Unmodelled }
    }

    /// prctl(2) with more arguments than [`Action::Prctl`](harness_scenario::action::Action::Prctl) has.
    fn raw_prctl(&self, process: &mut Process, args: &[RawArg]) -> Reply {
        let numbers: Option<Vec<i64>> = args.iter().map(number).collect();
        let Some(numbers) = numbers else { return Reply::Unmodelled };
        let arg = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let option = i32::try_from(arg(0)).unwrap_or(0);
        let cap = u8::try_from(arg(if option == libc::PR_CAP_AMBIENT { 2 } else { 1 }));
        let cap = cap.ok().filter(|cap| *cap <= self.names.last_cap);
        let ambient = i32::try_from(arg(1)).unwrap_or(0);
        match (option, cap) {
            (libc::PR_CAP_AMBIENT, Some(cap)) if ambient == libc::PR_CAP_AMBIENT_RAISE => {
                raise_ambient(&mut process.cred, cap).into()
            }
            (libc::PR_CAPBSET_DROP, Some(cap)) => {
                self.namespaces.drop_from_bounding(&mut process.cred, cap).into()
            }
            _ => Reply::Unmodelled,
        }
    }

    /// A call that returns a file descriptor of an object that the model does not have.
    pub(super) fn hold_unknown(process: &mut Process) -> Reply {
        process.held = HeldFd::Unknown;
        Reply::Unknown
    }
}

/// Whether a mount over / may have put the process below or beside it. A change of mount propagation cannot.
fn hides_the_root(args: &[RawArg]) -> bool {
    let at_root = args.get(1) == Some(&RawArg::Bytes(b"/\0"[..].into()));
    let flags = args.get(3).and_then(number).and_then(|flags| u64::try_from(flags).ok()).unwrap_or(0);
    at_root && flags & (libc::MS_PRIVATE | libc::MS_SLAVE) == 0
}

/// The native 32-bit words in some bytes.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|word| Some(u32::from_ne_bytes(word.try_into().ok()?))).collect()
}

fn number(arg: &RawArg) -> Option<i64> {
    match arg {
        RawArg::Number(number) => Some(*number),
        _ => None,
    }
}

/// The effective, permitted and inheritable set that a process passes to capset(2) for itself.
fn capset(args: &[RawArg]) -> Option<[CapSet; 3]> {
    let [RawArg::Bytes(header), RawArg::Bytes(data)] = args else { return None };
    let (header, data) = (words(header), words(data));
    if header != [0x2008_0522, 0] || data.len() != 6 {
        return None;
    }
    let set = |at: usize| CapSet(u64::from(data[at]) | u64::from(data[at + 3]) << 32);
    Some([set(0), set(1), set(2)])
}
