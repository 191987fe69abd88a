//! The files in /proc that describe a user namespace: opening them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EEXIST, EINVAL, ENOENT, ENOTDIR, EPERM, EROFS, ESRCH};

pub(super) const OPENING: &[Rule] = &[
    rule(
        "open.dead-process",
        &[ESRCH, EINVAL],
        "After a process is reaped, opening its map through an O_PATH descriptor is EINVAL, and opening its setgroups file so is ESRCH. Opening any file through a descriptor of its directory is ESRCH.",
        "kernel proc_pid_permission(), proc_id_map_open(), proc_setgroups_open(): get_proc_task()",
    ),
    rule(
        "open.dead-owner",
        &[EACCES],
        "Since 7.2, the files of a process that has ended but was not reaped belong to its effective ids if it was dumpable. Before, and if it was not, they belong to root.",
        "proc(5), /proc/pid; kernel 7.2, kernel/exec_state.c, task_dump_owner()",
    )
    .since("7.2"),
    rule(
        "open.not-owner",
        &[EACCES],
        "The files belong to the process's effective ids, or to root if the process is not dumpable. Only their owner may open them for writing.",
        "proc(5), /proc/pid; kernel task_dump_owner()",
    ),
    rule(
        "open.setgroups-needs-sys-admin",
        &[EACCES],
        "Opening setgroups for writing takes CAP_SYS_ADMIN in the namespace.",
        "kernel 9cc46516ddf4, proc_setgroups_open()",
    )
    .since("3.19"),
    rule(
        "open.thread",
        &[],
        "/proc/self, /proc/thread-self and /proc/PID lead to the same files.",
        "proc(5), /proc/thread-self; kernel tid_base_stuff",
    ),
    rule(
        "open.self-when-found",
        &[EPERM],
        "/proc/self is the directory of the process that found it: a child that inherits a descriptor of it reaches the files of its parent.",
        "proc(5), /proc/self; kernel proc_self_get_link()",
    ),
    rule(
        "open.flags",
        &[EEXIST, ENOTDIR, EINVAL],
        "A map can be opened with O_TRUNC, O_CREAT, O_APPEND or O_NONBLOCK. O_EXCL with O_CREAT is EEXIST, O_DIRECTORY is ENOTDIR and O_DIRECT is EINVAL.",
        "open(2); kernel do_dentry_open(), do_open()",
    ),
    rule(
        "open.append",
        &[EINVAL],
        "O_APPEND moves no position: a map that is opened so is written at position 0, and at no other.",
        "open(2), O_APPEND; kernel generic_write_checks() is not called, map_write()",
    ),
    rule(
        "open.fixed-mode",
        &[EPERM],
        "The mode of the files cannot be changed, by root either.",
        "chmod(2): EPERM; kernel proc_setattr()",
    ),
    rule(
        "open.read-only-proc",
        &[EROFS],
        "On a procfs mounted read-only the files cannot be opened for writing.",
        "open(2): EROFS; kernel sb_permission()",
    ),
    rule(
        "open.hidepid",
        &[EPERM, ENOENT],
        "With hidepid=1 another user's files cannot be opened (EPERM). With hidepid=2 or 4 they do not exist (ENOENT). gid= exempts a group from 1 and 2, but not from 4.",
        "proc(5), hidepid; kernel proc_pid_permission(), has_pid_permissions()",
    ),
];
