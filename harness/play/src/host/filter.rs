//! The visible effects of a seccomp filter, whose rules cannot be read: one bounded probe for each call that is asked
//! about.
//!
//! A probe is a call with arguments that a kernel refuses with a known errno before it does anything. Any other answer
//! comes from a filter. Nothing is probed where /proc shows that no filter is active. A probe never makes the call
//! that a test is about: a kernel that wrongly refuses unshare(2) does not become a kernel with a filter.

mod i386;
mod others;
mod programs;
mod step;
mod table;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Fact, Seccomp, file_exists, kernel_config, process, system};
use crate::actor::{Question, Reply, ask};
use i386::I386;
use others::{LEGACY, OTHERS};
pub use programs::programs_of;
pub use step::refused_step;
use table::{Asks, NATIVE, Probe};

/// The namespaces in which a call that asks for a capability first is probed by a caller without it.
const NEW: i32 = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWUTS;

/// The same as an argument.
const NEW_FLAGS: u64 = NEW.cast_unsigned() as u64;

/// Why a test that makes this system call cannot run: what a seccomp filter answers, with the probe that shows it.
/// `None` if no filter is active, if the filter lets the call pass, or if no probe is known for it.
///
/// `number` is that of the architecture. `args` are those of the test; a pointer may be any number, and missing ones
/// are 0. Flags, modes, families and options decide, because filters look at them. A call that is newer than this kernel
/// is not refused by a filter; that is a need of its own.
///
/// Source: seccomp(2); `docker`'s default profile; systemd.exec(5), `RestrictNamespaces=`, `SystemCallFilter=`.
pub fn refused_call(number: i64, args: &[u64]) -> Option<String> {
    may_filter().then(|| refused(number, args))?
}

/// The same for a call of i386 through int 0x80, by its number there, which systemd's `SystemCallArchitectures=native`
/// refuses.
pub fn refused_i386_call(number: i64, args: &[u64]) -> Option<String> {
    may_filter().then(|| find(I386.iter(), number, args))?.map(|refusal| refusal.reason)
}

/// Why no scenario can run at all: the first call that a seccomp filter refuses of those that every scenario makes, in
/// the director or in its actors.
pub fn harness_calls() -> Option<String> {
    if !may_filter() {
        return None;
    }
    let essential = NATIVE.iter().filter(|row| row.is_essential);
    essential
        .map(|row| (row, first_argument(row)))
        .find_map(|(row, first)| judge(row, [first, 0, 0, 0, 0, 0]))
        .map(|refusal| refusal.reason)
}

/// The first argument with which the harness and programs make a call, where filters look at it: the option of prctl(2),
/// the family of a pair of sockets, and that of the socket by which programs reach the audit system.
fn first_argument(row: &Probe) -> u64 {
    let family = match row.number {
        libc::SYS_socketpair => libc::AF_UNIX,
        libc::SYS_socket => libc::AF_NETLINK,
        _ => 0,
    };
    row.only.unwrap_or(u64::from(family.unsigned_abs()))
}

/// Every call of the suite that a seccomp filter refuses, natively and through int 0x80, as [`refused_call`] has it.
pub fn refused_calls() -> Vec<String> {
    if !may_filter() {
        return Vec::new();
    }
    let rows = native().chain(I386).map(|row| (row, [first_argument(row), 0, 0, 0, 0, 0]));
    let newuser = refused(libc::SYS_unshare, &[NEW_FLAGS]);
    let found = rows.filter_map(|(row, args)| judge(row, args)).map(|refusal| refusal.reason);
    newuser.into_iter().chain(found).collect()
}

/// Why this process cannot start a thread: the C library makes threads by clone3(2), and goes on to clone(2) only where
/// that is ENOSYS. A suite that runs its tests in one thread needs none.
///
/// Source: glibc, sysdeps/unix/sysv/linux/clone-internal.c.
pub fn refused_threads() -> Option<String> {
    let reason = refused_call(libc::SYS_clone3, &[]).filter(|reason| !reason.contains(" with ENOSYS "))?;
    cfg!(target_env = "gnu").then_some(reason)
}

/// Whether a filter answers access(2), by which the C library asks for permissions.
pub(super) fn refuses_access() -> bool {
    #[cfg(target_arch = "x86_64")]
    let numbers = [libc::SYS_access, libc::SYS_faccessat];
    #[cfg(not(target_arch = "x86_64"))]
    let numbers = [libc::SYS_faccessat];
    numbers.into_iter().any(|number| refused_call(number, &[]).is_some())
}

/// The calls for which a probe is known: name, number and, if the probe is for one value of it, the first argument. Those
/// that every scenario makes are left out.
#[doc(hidden)]
pub fn probed_calls() -> impl Iterator<Item = (&'static str, i64, Option<u64>)> {
    native().filter(|row| !row.is_essential).map(|row| (row.name, row.number, row.only))
}

/// Without /proc, or in a mode that the harness does not know, there may be a filter.
fn may_filter() -> bool {
    !matches!(process().seccomp, Fact::Known(Seccomp::Off) | Fact::Absent)
}

/// The probes of all calls by the numbers of the architecture.
fn native() -> impl Iterator<Item = &'static Probe> {
    NATIVE.iter().chain(OTHERS).chain(LEGACY)
}

/// What a filter makes of a call.
struct Refusal {
    /// The answer and the probe that shows it, as a sentence.
    reason: String,
    /// What a caller can do about it.
    kind: Kind,
}

/// What a caller can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Do without a call that is newer than Linux 2.6: the answer is that of a kernel without it.
    Older,
    /// Take the family of sockets for one that the kernel was built without, as programs do that would write to the audit
    /// system.
    ///
    /// Source: audit_open(3); libaudit's callers, such as pam_unix(8) and sudo(8), go on after EAFNOSUPPORT.
    Tolerated,
    /// Handle an error that no kernel gives, or believe in a success.
    Error,
    /// Nothing: the process has ended, or waits.
    End,
}

fn refused(number: i64, args: &[u64]) -> Option<String> {
    find(native(), number, args).map(|refusal| refusal.reason)
}

fn find<'a>(mut rows: impl Iterator<Item = &'a Probe>, number: i64, args: &[u64]) -> Option<Refusal> {
    let mut all = [0; 6];
    let count = args.len().min(all.len());
    all[..count].copy_from_slice(&args[..count]);
    judge(rows.find(|row| row.number == number && row.only.is_none_or(|only| only == all[0]))?, all)
}

fn judge(row: &Probe, args: [u64; 6]) -> Option<Refusal> {
    if system().kernel().is_some_and(|release| release < row.since) {
        return None;
    }
    let question = question(row, args, 0);
    let reply = answer(&question);
    if reply == Reply::Failed(nix::errno::Errno::EPERM) {
        match row.asks {
            Asks::Nothing => {}
            // The kernel's own answer to a caller without the capability.
            Asks::CapHere(cap) if !may_set_groups(cap) => return None,
            Asks::CapHere(_) => {}
            // A filter that refuses these namespaces leaves the question open.
            Asks::CapInNewNamespaces if refused(libc::SYS_unshare, &[NEW_FLAGS]).is_some() => {
                return None;
            }
            Asks::CapInNewNamespaces => {
                let apart = self::question(row, args, NEW);
                return contradiction(row, &apart, answer(&apart));
            }
        }
    }
    contradiction(row, &question, reply)
}

fn question(row: &Probe, args: [u64; 6], apart: i32) -> Question {
    let is_i386 = I386.iter().any(|other| std::ptr::eq(other, row));
    Question { is_i386, apart, number: row.number, args: (row.args)(args) }
}

/// Whether the kernel lets this process call setgroups(2): by the capability, a written gid map, and "allow".
fn may_set_groups(cap: harness_scenario::caps::Cap) -> bool {
    let process = process();
    let mapped = process.gid_map.known().is_some_and(|map| !map.is_empty());
    process.has(cap) && mapped && process.setgroups.known().is_none_or(|setgroups| setgroups != "deny")
}

/// The answer to a question, asked once.
fn answer(question: &Question) -> Reply {
    static ASKED: Mutex<Option<HashMap<Question, Reply>>> = Mutex::new(None);
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    *asked.get_or_insert_default().entry(*question).or_insert_with(|| ask(question))
}

/// The reason, if the answer is not the one that a kernel gives.
fn contradiction(row: &Probe, question: &Question, reply: Reply) -> Option<Refusal> {
    let told = match reply {
        Reply::Done if row.answer == 0 => return None,
        Reply::Failed(errno) if errno as i32 == row.answer => return None,
        Reply::NotAsked(_) => return None,
        Reply::Done => "with success".to_owned(),
        Reply::Failed(errno) => format!("with {errno:?}"),
        Reply::Killed(signal) => format!("with {signal}"),
        Reply::Silent => "with nothing within 2 s".to_owned(),
    };
    let name = name(row, question);
    let missing = reply == Reply::Failed(nix::errno::Errno::ENOSYS);
    let kind = match reply {
        Reply::Killed(_) | Reply::Silent => Kind::End,
        _ if missing && row.since > (2, 6) => Kind::Older,
        Reply::Failed(nix::errno::Errno::EAFNOSUPPORT) if row.number == libc::SYS_socket => Kind::Tolerated,
        _ => Kind::Error,
    };
    let subject = match row.config.filter(|_| missing).map(|(option, file)| (option, built_in(option, file)))
    {
        None | Some((_, Fact::Known(()))) => "a seccomp filter".to_owned(),
        Some((option, Fact::Absent)) => format!("a kernel without {option}"),
        Some((option, Fact::Unreadable(_))) => format!("a seccomp filter or a kernel without {option}"),
    };
    let reason = format!("{subject} answers {name} {told} (probe: {})", shown(row, question));
    Some(Refusal { reason, kind })
}

/// Whether the kernel has an option, by the file of /proc that comes with it, or by its configuration.
fn built_in(option: &str, file: &str) -> Fact<()> {
    match file_exists(file) {
        Fact::Known(()) => Fact::Known(()),
        Fact::Absent | Fact::Unreadable(_) => kernel_config(option).map(|_| ()),
    }
}

fn name(row: &Probe, question: &Question) -> String {
    let option = row.only.map_or(String::new(), |option| format!(", option {option}"));
    let entry = if question.is_i386 { " through int 0x80" } else { "" };
    format!("{}(2){option}{entry}", row.name.trim_end_matches("16").trim_end_matches("32"))
}

/// The probe as a call, and what a kernel answers.
fn shown(row: &Probe, question: &Question) -> String {
    let args: Vec<String> = question.args.iter().take(row.arity).map(|arg| argument(*arg)).collect();
    let place = if question.apart == 0 { "" } else { " in new user, mount and UTS namespaces" };
    let expected = match row.answer {
        0 => "success".to_owned(),
        errno => format!("{:?}", nix::errno::Errno::from_raw(errno)),
    };
    let name = row.name;
    format!("{name}({}){place}, which a kernel answers with {expected}", args.join(", "))
}

fn argument(arg: u64) -> String {
    match arg.cast_signed() {
        signed @ -1..1000 => signed.to_string(),
        _ => format!("{arg:#x}"),
    }
}

#[cfg(test)]
mod tests;
