//! Gives files with which a test tries membership of a group, in a tmpfs that the process mounts in a mount namespace of
//! its own, and each way in which a process can have a group.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use std::borrow::Cow;

/// The path of the file, as a system call takes it.
pub const FILE: &[u8] = b"/tmp/file\0";
/// The path of the file.
pub const OPEN: &str = "/tmp/file";
/// A uid and gid of the namespace that is not root's.
pub const ME: u32 = 1000;

/// A system call on the file.
pub fn raw(name: &'static str, number: i64, args: &[i64]) -> Action {
    let path = [HERE, RawArg::Bytes(Cow::Borrowed(FILE))];
    let args = path.into_iter().chain(args.iter().map(|arg| RawArg::Number(*arg)));
    syscall(name, number, args.collect())
}

/// A file of this owner and group with this mode.
pub fn file(owner: u32, group: u32, mode: u32) -> [Action; 6] {
    let [apart, tmpfs] = own_tmp();
    [
        apart,
        tmpfs,
        raw("mknod", libc::SYS_mknodat, &[libc::S_IFREG.into(), 0]).or_stop(),
        raw("chown", libc::SYS_fchownat, &[owner.into(), group.into(), 0]).or_stop(),
        chmod("chmod", mode),
        look_at(),
    ]
}

/// Gives the file a mode.
pub fn chmod(name: &'static str, mode: u32) -> Action {
    raw(name, libc::SYS_fchmodat, &[mode.into()])
}

/// Opens the file for reading.
pub fn look_at() -> Action {
    Action::OpenFile("the file", OPEN.into(), Access::Read)
}

/// A namespace of root's with the ids 0 to 65535.
pub fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")])
}

/// Each way in which a process can have group 7, with the steps that lead there. The process begins with gid 1 as its
/// real, effective, saved and filesystem gid, and with no supplementary groups.
pub fn memberships() -> [(&'static str, Vec<Action>); 8] {
    [
        ("no id", vec![]),
        ("real gid", vec![set_id(SetId::Setresgid, &[7, SAME, SAME])]),
        ("effective gid", vec![set_id(SetId::Setresgid, &[SAME, 7, SAME])]),
        (
            "effective but not fs gid",
            vec![set_id(SetId::Setresgid, &[SAME, 7, SAME]), set_id(SetId::Setfsgid, &[3])],
        ),
        ("saved gid", vec![set_id(SetId::Setresgid, &[SAME, SAME, 7])]),
        ("fs gid", vec![set_id(SetId::Setfsgid, &[7])]),
        ("supplementary group", vec![setgroups(&[6, 7, 8])]),
        ("supplementary, given up", vec![setgroups(&[6, 7, 8]), setgroups(&[6, 8])]),
    ]
}
