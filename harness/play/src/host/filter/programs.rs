//! The system calls of programs, and the first that a filter refuses.
//!
//! A program cannot be asked what it calls. The table has what strace(1) shows of the programs that tests run, in the
//! versions of Debian 12. A program that makes a call more than the table has would fail its test behind a filter
//! that refuses this call; one that makes a call less is skipped without need.

use super::super::path;
use super::{Kind, Refusal, find, first_argument, native};
use libc::{
    SYS_capget, SYS_capset, SYS_chdir, SYS_clock_nanosleep, SYS_clone, SYS_clone3, SYS_close_range,
    SYS_copy_file_range, SYS_execve, SYS_fchmodat, SYS_fcntl, SYS_fstatfs, SYS_getcwd, SYS_getdents64,
    SYS_getegid, SYS_geteuid, SYS_getgid, SYS_getgroups, SYS_getpgid, SYS_getpid, SYS_getppid,
    SYS_getpriority, SYS_getresgid, SYS_getresuid, SYS_getsid, SYS_gettid, SYS_getuid, SYS_ioctl, SYS_keyctl,
    SYS_kill, SYS_lseek, SYS_mkdirat, SYS_mount, SYS_newfstatat, SYS_pipe2, SYS_ppoll, SYS_pread64,
    SYS_ptrace, SYS_readlinkat, SYS_rt_sigprocmask, SYS_setgid, SYS_setgroups, SYS_setpgid, SYS_setpriority,
    SYS_setregid, SYS_setresgid, SYS_setresuid, SYS_setreuid, SYS_setsid, SYS_setuid, SYS_statfs, SYS_statx,
    SYS_umask, SYS_unshare, SYS_waitid,
};
use std::borrow::Cow;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The calls without which no program starts.
const START: &[i64] = &[SYS_newfstatat, SYS_pread64, SYS_execve];
/// The calls by which a program becomes another user.
const BECOMES: &[i64] = &[
    SYS_rt_sigprocmask,
    SYS_lseek,
    SYS_setgroups,
    SYS_setgid,
    SYS_setuid,
    SYS_setresgid,
    SYS_setresuid,
    SYS_setregid,
    SYS_setreuid,
    SYS_getgroups,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
];
/// The calls by which a program runs others.
const RUNS: &[i64] = &[
    SYS_clone,
    SYS_clone3,
    SYS_pipe2,
    SYS_fcntl,
    SYS_getpid,
    SYS_getppid,
    SYS_kill,
    SYS_rt_sigprocmask,
    SYS_setpgid,
    SYS_getpgid,
    SYS_waitid,
    SYS_ioctl,
];
/// Further calls of programs that open a session.
const SESSION: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_prlimit64,
    libc::SYS_uname,
    SYS_gettid,
    SYS_chdir,
    SYS_setsid,
    SYS_getsid,
    SYS_setpriority,
    SYS_getpriority,
    SYS_keyctl,
    SYS_ppoll,
    SYS_getdents64,
    SYS_close_range,
    SYS_umask,
    SYS_getcwd,
    SYS_capget,
    SYS_capset,
    SYS_readlinkat,
    SYS_statfs,
    SYS_fstatfs,
    SYS_lseek,
];
const CAPABILITIES: &[i64] = &[SYS_capget, SYS_capset, SYS_gettid];
const IDS: &[i64] =
    &[SYS_rt_sigprocmask, SYS_lseek, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getgroups];
const FILES: &[i64] = &[SYS_fchmodat, SYS_umask, SYS_copy_file_range, SYS_lseek, SYS_mkdirat];
const MOUNTS: &[i64] = &[SYS_mount, SYS_mkdirat, SYS_readlinkat];

/// Calls of the C library and of programs that go on without them.
const HARMLESS: &[i64] = &[
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sigaltstack,
    libc::SYS_fadvise64,
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_sendto,
    libc::SYS_prlimit64,
    libc::SYS_ioctl,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_munmap,
    libc::SYS_getpriority,
    libc::SYS_setpriority,
    libc::SYS_sched_getaffinity,
    libc::SYS_fcntl,
];

/// Calls of every program that newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const LEGACY: &[i64] =
    &[libc::SYS_readlink, libc::SYS_dup2, libc::SYS_poll, libc::SYS_mkdir, libc::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[i64] = &[];

/// What programs of these names call, beside what all of them do.
const TABLE: &[(&[&str], &[&[i64]])] = &[
    (&["cat", "echo", "grep", "sed", "tr", "true", "false"], &[]),
    (&["sleep"], &[&[SYS_clock_nanosleep]]),
    (&["id"], &[IDS]),
    (&["stat"], &[&[SYS_statx]]),
    (&["chmod", "cp"], &[FILES]),
    (&["chroot"], &[BECOMES, &[SYS_chdir, SYS_readlinkat, libc::SYS_chroot]]),
    (&["mount"], &[MOUNTS, IDS]),
    (&["newuidmap", "newgidmap"], &[CAPABILITIES, IDS, &[SYS_setresuid, SYS_fcntl]]),
    (&["setpriv"], &[CAPABILITIES, BECOMES]),
    (&["start-stop-daemon"], &[BECOMES, &[SYS_chdir, SYS_readlinkat]]),
    (&["sh", "bash", "dash"], &[RUNS, IDS, &[SYS_getcwd]]),
    (&["strace"], &[RUNS, BECOMES, &[SYS_ptrace, libc::SYS_uname]]),
    (&["unshare"], &[RUNS, IDS, &[SYS_unshare]]),
    (&["sudo", "su", "runuser", "sg", "newgrp"], &[BECOMES, RUNS, SESSION]),
];

/// Why a command does not run as it should: the first call of its programs that a seccomp filter refuses. `None` if
/// there is none.
pub(super) fn refused_command(words: &[Cow<'_, str>]) -> Option<String> {
    let (programs, calls) = called(words);
    let runs_others = calls.contains(&SYS_clone);
    let refusal = |number: i64| {
        let row = native().find(|row| row.number == number)?;
        find(native(), number, &[first_argument(row)])
    };
    let is_error = |refusal: &Refusal| !matches!(refusal.kind, Kind::Older | Kind::Tolerated);
    let error = calls.into_iter().filter_map(refusal).find(is_error);
    // Programs look for the daemon of the accounts by a UNIX socket, and do without it.
    let unix = || find(native(), libc::SYS_socket, &[u64::from(libc::AF_UNIX.unsigned_abs())]);
    let harmless = || HARMLESS.iter().copied().filter_map(refusal).chain(unix());
    let end = || harmless().find(|refusal| refusal.kind == Kind::End);
    match error.or_else(end) {
        Some(refusal) => Some(format!("{}, of the program {programs}", refusal.reason)),
        None if runs_others => no_script(),
        None => None,
    }
}

/// A script that does what those of tests do: it runs a program, reads what it prints, and forks.
const SCRIPT: &str = "test \"$(cat /dev/null | id -u)\" && (true) && id > /dev/null";

/// Why scripts do not run: a filter may refuse vfork(2), which has no arguments with which it could be asked about
/// without a child that shares the caller's stack. A shell is asked instead, once.
fn no_script() -> Option<String> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let mut shell = Command::new(path::find("sh")?);
        shell.args(["-c", SCRIPT]).env_clear().env("PATH", path::PATH).stdin(Stdio::null());
        let ended = shell.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let told = match ended {
            Ok(status) if status.success() => return None,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Some(format!(
            "a seccomp filter is active, and a script does not run below it: {told} (probe: sh -c '{SCRIPT}')"
        ))
    });
    found.clone()
}

/// The programs among the words of a command, and what they call. A program that is not in the table may call
/// anything.
fn called(words: &[Cow<'_, str>]) -> (String, Vec<i64>) {
    let parts = words.iter().flat_map(|word| word.split(|end: char| !is_of_a_name(end)));
    let names = parts.filter_map(|part| part.rsplit('/').next());
    let known: Vec<_> = names.filter_map(|name| Some((name, of(name)?))).collect();
    let first = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    let all = || TABLE.iter().flat_map(|(_, calls)| calls.iter().copied().flatten()).copied();
    let mut calls = [START, LEGACY].concat();
    if of(first).is_none() {
        calls.extend(all());
        return (first.to_owned(), calls);
    }
    calls.extend(known.iter().flat_map(|(_, calls)| calls.iter().copied().flatten()).copied());
    let mut shown: Vec<&str> = Vec::new();
    known.iter().for_each(|(name, _)| {
        if !shown.contains(name) {
            shown.push(name)
        }
    });
    (shown.join(" or "), calls)
}

/// The programs of the table that a command names, as `sudo -n id` names id: by their names or in a standard directory.
/// What has another path may be made by the scenario.
pub fn programs_of(words: &[Cow<'_, str>]) -> Vec<String> {
    let parts = words.iter().flat_map(|word| word.split(|end: char| !is_of_a_name(end)));
    let is_known = |part: &&str| match part.rsplit_once('/') {
        None => of(part).is_some(),
        Some((directory, name)) => of(name).is_some() && path::PATH.split(':').any(|it| it == directory),
    };
    parts.filter(is_known).map(str::to_owned).collect()
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || ['-', '_', '/', '.'].contains(&character)
}

fn of(name: &str) -> Option<&'static [&'static [i64]]> {
    TABLE.iter().find(|(names, _)| names.contains(&name)).map(|(_, calls)| *calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(words: &[&str]) -> (String, Vec<i64>) {
        called(&words.iter().map(|word| Cow::Owned((*word).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_calls_what_each_of_its_programs_calls() {
        let (programs, stat) = calls(&["stat", "-c", "%a", "/tmp/file"]);
        assert_eq!(programs, "stat");
        assert!(stat.contains(&SYS_statx) && !stat.contains(&SYS_setgroups));

        let (programs, script) =
            calls(&["sh", "-c", "cat /etc/subuid; /usr/bin/newuidmap $! 0 0 1 | sleep 1"]);
        assert_eq!(programs, "sh or cat or newuidmap or sleep");
        assert!([SYS_clone, SYS_capset, SYS_clock_nanosleep].iter().all(|call| script.contains(call)));
    }

    #[test]
    fn an_unknown_program_may_call_anything() {
        let (program, unknown) = calls(&["/opt/mystery", "id"]);

        assert_eq!(program, "mystery");
        assert!(
            TABLE
                .iter()
                .flat_map(|(_, calls)| calls.iter().copied().flatten())
                .all(|it| unknown.contains(it))
        );
    }

    #[test]
    fn a_script_runs_where_no_filter_is() {
        assert_eq!(no_script(), None);
    }

    /// A call without a probe would be in the table in vain.
    #[test]
    fn each_call_of_the_table_has_a_probe() {
        let of_table = TABLE.iter().flat_map(|(_, calls)| calls.iter().copied().flatten());
        for number in of_table.chain(START).chain(HARMLESS).chain(LEGACY) {
            assert!(native().any(|row| row.number == *number), "{number}");
        }
    }
}
