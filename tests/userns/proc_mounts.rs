//! How procfs is mounted decides whether the maps can be opened: read-only, and with hidepid.
//!
//! Each process mounts a procfs of its own in a mount namespace of its own. Since Linux 5.8 such a one has
//! its own options; before, they would be those of every procfs of the PID namespace.

use crate::support::mounts::{mount, mount_with, own_mounts};
use harness::prelude::*;

/// A group that may see all processes.
const MEMBERS: u32 = 4242;
/// Neither the user of the ns nor root.
const ANOTHER: u32 = 61_235;
const OWN: u32 = 61_234;

/// A procfs at /proc that no other process sees, mounted with these flags and options.
fn own_proc(flags: u64, options: &str) -> [Action; 3] {
    let [apart, private] = own_mounts();
    [apart, private, mount_with("mount", [b"none\0", b"/proc\0", b"proc\0"], flags, options).or_stop()]
}

fn open_file(file: &'static str, access: i32) -> Action {
    let path = RawArg::ProcPath(Actor::Inside, file);
    syscall_for_fd("open", libc::SYS_openat, vec![HERE, path, RawArg::Number(access.into())])
}

fn become_user(id: u32, groups: &'static [u32]) -> Vec<Action> {
    vec![setgroups(groups), setresgid(id), setresuid(id)]
}

/// Opens uid_map and setgroups for reading and for writing; a line with what came of it.
fn line(name: &str, mounts: &[Action], before: &[Action], opener: Vec<Action>) -> String {
    let (read, write) = (libc::O_RDONLY, libc::O_WRONLY);
    let opens = [("uid_map", read), ("uid_map", write), ("setgroups", read), ("setgroups", write)];
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]).privileged(mounts).privileged(before);
    let trace =
        ns.privileged(&opener).privileged(&opens.map(|(file, access)| open_file(file, access))).play();
    let shown: Vec<String> = trace.outcomes_shown().collect();
    let (prepared, opened) = shown.split_at(shown.len() - opens.len());
    let refused = prepared.iter().find(|outcome| *outcome != "ok");
    let columns = || opened.iter().map(|outcome| format!("{outcome:8}")).collect();
    let columns: String = refused.map_or_else(columns, |refused| format!("not prepared: {refused}"));
    format!("{name:24}{}\n", columns.trim_end())
}

const HEADING: &str = "                        uid_map         setgroups\n\
                       \u{20}                       read    write   read    write\n";

/// With hidepid=1 the directory of another user's process may not be searched (EPERM). With 2 it is not there (ENOENT). The
/// group of gid= and processes that may trace the process are exempt. With 4 that group is not exempt. The directory is then
/// not there to a process that looks it up itself (ENOENT), and EPERM if another process has looked it up before.
/// Source: proc(5), hidepid; kernel proc_pid_permission(), has_pid_permissions(), proc_pid_lookup().
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysPtrace),
    Kernel { major: 5, minor: 8, why: "options of a procfs of its own" },
    pins("open.hidepid", "open.not-owner")
)]
fn hidepid_hides_the_files_of_processes_of_other_users() {
    let found = [open_file("uid_map", libc::O_RDONLY)];

    let mut table = HEADING.to_owned();
    for hidepid in [0, 1, 2, 4] {
        let mounts = own_proc(0, &format!("hidepid={hidepid},gid={MEMBERS}"));
        let lines = [
            line("the same user", &mounts, &[], become_user(OWN, &[])),
            line("another", &mounts, &[], become_user(ANOTHER, &[])),
            line("another, found before", &mounts, &found, become_user(ANOTHER, &[])),
            line("another, in the group", &mounts, &[], become_user(ANOTHER, &[MEMBERS])),
            line("root", &mounts, &[], vec![]),
            line("root, no SYS_PTRACE", &mounts, &[], vec![drop_caps(&[Cap::SysPtrace])]),
        ];
        table += &format!("hidepid={hidepid}\n{}", lines.concat());
    }

    check!(table);
}

/// On a procfs that is mounted read-only no process opens a file for writing. A read-only filesystem is found before the
/// permission is checked, and a read-only mount after it.
/// Source: open(2), EROFS; kernel sb_permission(), mnt_want_write().
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Kernel { major: 5, minor: 8, why: "options of a procfs of its own" },
    pins("open.read-only-proc", "open.setgroups-needs-sys-admin")
)]
fn no_file_is_written_on_a_read_only_procfs() {
    let remount = |flags: u64| {
        let all = libc::MS_REMOUNT | libc::MS_BIND | flags;
        [own_proc(0, "").as_slice(), &[mount("remount", [b"none\0", b"/proc\0", b"\0"], all)]].concat()
    };
    let kinds = [
        ("read-write", own_proc(0, "").to_vec()),
        ("read-write mount", remount(0)),
        ("read-only mount", remount(libc::MS_RDONLY)),
        ("read-only filesystem", own_proc(libc::MS_RDONLY, "").to_vec()),
    ];

    let mut table = HEADING.to_owned();
    for (name, mounts) in kinds {
        let lines = [
            line("the same user", &mounts, &[], become_user(OWN, &[])),
            line("another", &mounts, &[], become_user(ANOTHER, &[])),
            line("root", &mounts, &[], vec![]),
            line("root, no SYS_ADMIN", &mounts, &[], vec![drop_caps(&[Cap::SysAdmin])]),
        ];
        table += &format!("{name}\n{}", lines.concat());
    }

    check!(table);
}
