//! The text of the arguments of calls.

use super::list;
use crate::action::{CapChange, Child, Groups, Id, NsFile, RawArg, Room, SetId};
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
    let mut rest = flags;
    let mut shown = Vec::new();
    for (flag, name) in names {
        if rest & flag != 0 {
            rest &= !flag;
            shown.push(name.to_owned());
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

pub(super) fn raw_arg(arg: &RawArg) -> String {
    match arg {
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
