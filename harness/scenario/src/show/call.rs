//! The text of the arguments of calls.

use super::list;
use crate::action::{CapChange, Child, Entry, Groups, Id, NsFile, RawArg, Room, SetId, Syscall};
use crate::actors::Actor;

pub(super) fn groups(groups: &Groups) -> String {
    match groups {
        Groups::List(ids) if ids.len() > 12 => format!("[{}, ... {} in all]", ids[0], ids.len()),
        Groups::List(ids) => format!("[{}]", list(ids.iter().map(u32::to_string))),
        Groups::Own => "[own]".to_owned(),
        Groups::Sequence { first, step, size } => {
            format!("size {size}: {first}, {} ...", first.wrapping_add(*step))
        }
        Groups::Sized { size, given: Some(_) } => format!("size {size}"),
        Groups::Sized { size, given: None } => format!("size {size}, bad pointer"),
    }
}

pub(super) fn pointer(room: Room) -> &'static str {
    match room {
        Room::Good => "",
        Room::Bad => ", bad pointer",
    }
}

pub(super) fn set_id(call: SetId, ids: &[Id; 3]) -> String {
    let shown = ids[..call.count()].iter().map(|id| match id {
        Id::Own => "own".to_owned(),
        Id::Of(u32::MAX) => "-1".to_owned(),
        Id::Of(id) => id.to_string(),
    });
    format!("{}({})", call.name(), list(shown))
}

/// Flags of clone(2) by name.
pub fn clone_flags(flags: i32) -> String {
    let names = [
        (libc::CLONE_NEWUSER, "CLONE_NEWUSER"),
        (libc::CLONE_FS, "CLONE_FS"),
        (libc::CLONE_THREAD, "CLONE_THREAD"),
        (libc::CLONE_SIGHAND, "CLONE_SIGHAND"),
        (libc::CLONE_VM, "CLONE_VM"),
        (libc::CLONE_PARENT, "CLONE_PARENT"),
        (libc::CLONE_NEWNS, "CLONE_NEWNS"),
        (libc::CLONE_NEWUTS, "CLONE_NEWUTS"),
        (libc::CLONE_NEWPID, "CLONE_NEWPID"),
        (libc::CLONE_FILES, "CLONE_FILES"),
        (libc::CLONE_SYSVSEM, "CLONE_SYSVSEM"),
    ];
    by_name(flags, &names, Vec::new())
}

/// Flags of open(2) by name. Their numbers differ between architectures.
fn open_flags(flags: i32) -> String {
    let access = match flags & ACCESS {
        libc::O_WRONLY => "O_WRONLY",
        libc::O_RDWR => "O_RDWR",
        _ => "O_RDONLY",
    };
    let names = [
        (libc::O_CREAT, "O_CREAT"),
        (libc::O_EXCL, "O_EXCL"),
        (libc::O_TRUNC, "O_TRUNC"),
        (libc::O_APPEND, "O_APPEND"),
        (libc::O_NONBLOCK, "O_NONBLOCK"),
        (libc::O_SYNC, "O_SYNC"),
        (libc::O_DIRECTORY, "O_DIRECTORY"),
        (libc::O_DIRECT, "O_DIRECT"),
        (libc::O_NOFOLLOW, "O_NOFOLLOW"),
        (libc::O_CLOEXEC, "O_CLOEXEC"),
        (libc::O_PATH, "O_PATH"),
    ];
    // The one access mode that has a bit of its own says nothing beside O_PATH.
    let shown = if flags & libc::O_PATH != 0 { Vec::new() } else { vec![access.to_owned()] };
    by_name(flags & !ACCESS, &names, shown)
}

/// The bits of the access mode. musl's O_ACCMODE has O_PATH among them.
const ACCESS: i32 = 3;

/// Flags by these names, after what is shown already; what has no name is a number.
fn by_name(flags: i32, names: &[(i32, &'static str)], mut shown: Vec<String>) -> String {
    let mut rest = flags;
    for (flag, name) in names {
        if rest & flag == *flag {
            rest &= !flag;
            shown.push((*name).to_owned());
        }
    }
    if rest != 0 || shown.is_empty() {
        shown.push(format!("{rest:#x}"));
    }
    shown.join("|")
}

/// Flags of clone3(2), by name where clone(2) has them.
pub fn clone3_flags(flags: u64) -> String {
    i32::try_from(flags).map_or_else(|_| format!("{flags:#x}"), clone_flags)
}

pub(super) fn child(child: Child) -> String {
    match child {
        Child::GoesOn(flags) => format!("clone({}), on as the child", clone_flags(flags)),
        Child::GoesOnByClone3(flags) => format!("clone3({}), on as the child", clone3_flags(flags)),
        Child::NotWaitedFor(flags) => format!("clone({}) of one that is not waited for", clone_flags(flags)),
        Child::Zombie => "pidfd of a zombie".to_owned(),
        Child::Gone => "pidfd of a child that is gone".to_owned(),
    }
}

pub(super) fn setns(of: Actor, file: NsFile, nstype: i32) -> String {
    let name = file.name();
    let nstype = if nstype == 0 { "0".to_owned() } else { clone_flags(nstype) };
    format!("setns({of}'s ns/{name}, {nstype})")
}

pub(super) fn capset(change: &CapChange) -> String {
    let (verb, caps) = match change {
        CapChange::Drop(caps) => ("drop", caps),
        CapChange::Only(caps) if caps.is_empty() => return "capset: drop all".to_owned(),
        CapChange::Only(caps) => ("keep only", caps),
        CapChange::Suspend(caps) => ("suspend", caps),
        CapChange::Raise(caps) => ("raise", caps),
    };
    format!("capset: {verb} {}", list(caps.iter().map(ToString::to_string)))
}

/// The arguments of a call: the flags of openat(2) by name, the others as they are.
pub(super) fn raw_args(call: &Syscall) -> impl Iterator<Item = String> {
    let opens = call.number == libc::SYS_openat && call.entry == Entry::Native;
    call.args.iter().enumerate().map(move |(at, arg)| match (at, arg) {
        (2, RawArg::Number(flags)) if opens => {
            i32::try_from(*flags).map_or_else(|_| flags.to_string(), open_flags)
        }
        _ => raw_arg(arg),
    })
}

/// The working directory, where the number of a descriptor is expected.
const AT_FDCWD: i64 = libc::AT_FDCWD as i64;

fn raw_arg(arg: &RawArg) -> String {
    match arg {
        RawArg::Number(AT_FDCWD) => "AT_FDCWD".to_owned(),
        RawArg::Number(value) => value.to_string(),
        RawArg::Bytes(bytes) => format!("{} bytes", bytes.len()),
        RawArg::Held => "the open file".to_owned(),
        RawArg::Socket => "the socket".to_owned(),
        RawArg::Pid => "own pid".to_owned(),
        RawArg::Results(_) => "room".to_owned(),
        RawArg::PidOf(actor) => format!("{actor}'s pid"),
        RawArg::ProcPath(actor, file) => format!("{actor}'s {file}"),
    }
}
