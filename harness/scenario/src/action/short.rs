//! Short names for the usual actions: the verbs of a test.

use super::{
    Access, Action, At, CapChange, Entry, Groups, Id, IdFile, OnRefusal, RawArg, Results, SetId, Syscall,
    Text, Via,
};
use crate::actors::Actor;
use crate::caps::Cap;
use std::borrow::Cow;

/// Write words to one of the four files.
pub const fn write(file: IdFile, words: &'static str) -> Action {
    Action::Write { file, of: None, text: Text::Words(Cow::Borrowed(words)) }
}

/// Write words to a file of a particular actor's.
pub const fn write_of(of: Actor, file: IdFile, words: &'static str) -> Action {
    Action::Write { file, of: Some(of), text: Text::Words(Cow::Borrowed(words)) }
}

/// Write the same words to uid_map and to gid_map of a particular actor's.
pub const fn maps_of(of: Actor, words: &'static str) -> [Action; 2] {
    [write_of(of, IdFile::UidMap, words), write_of(of, IdFile::GidMap, words)]
}

/// Write exact bytes to one of the four files.
pub const fn write_bytes(file: IdFile, bytes: &'static [u8]) -> Action {
    Action::Write { file, of: None, text: Text::Bytes(Cow::Borrowed(bytes)) }
}

/// Write to /proc/PID/uid_map.
pub const fn uid_map(words: &'static str) -> Action {
    write(IdFile::UidMap, words)
}

/// Write to /proc/PID/gid_map.
pub const fn gid_map(words: &'static str) -> Action {
    write(IdFile::GidMap, words)
}

/// Open one of the four files for writing, and hold it.
pub const fn open(file: IdFile) -> Action {
    Action::Open { file, of: None, access: Access::Write }
}

/// Open one of the four files for reading, and hold it.
pub const fn open_to_read(file: IdFile) -> Action {
    Action::Open { file, of: None, access: Access::Read }
}

/// Write words to the held file, which is this one.
pub const fn write_held(file: IdFile, words: &'static str) -> Action {
    Action::WriteHeld { text: Text::Words(Cow::Borrowed(words)), file, at: At::Position }
}

/// Read one of the four files.
pub const fn read(file: IdFile) -> Action {
    Action::Read { file, of: None }
}

/// Read a file of a particular actor's.
pub const fn read_of(of: Actor, file: IdFile) -> Action {
    Action::Read { file, of: Some(of) }
}

/// setgroups(2), bare.
pub const fn setgroups(list: &'static [u32]) -> Action {
    Action::Setgroups(Groups::List(Cow::Borrowed(list)), Via::Raw)
}

/// setuid(2) and similar calls, as raw system calls, with the ids that the call takes. -1 is [`u32::MAX`].
pub const fn set_id(call: SetId, ids: &[u32]) -> Action {
    let mut all = [Id::Of(0); 3];
    let mut index = 0;
    while index < ids.len() && index < 3 {
        all[index] = Id::Of(ids[index]);
        index += 1;
    }
    Action::SetId(call, all, Via::Raw)
}

/// setresuid(2) with one id for all three.
pub const fn setresuid(id: u32) -> Action {
    set_id(SetId::Setresuid, &[id, id, id])
}

/// setresgid(2) with one id for all three.
pub const fn setresgid(id: u32) -> Action {
    set_id(SetId::Setresgid, &[id, id, id])
}

/// A system call that has no action of its own: its name as traces show it, its number and its arguments.
pub const fn syscall(name: &'static str, number: i64, args: Vec<RawArg>) -> Action {
    syscall_for(name, number, args, Results::Nothing)
}

/// A system call that returns a file descriptor, which the actor holds from now on.
pub const fn syscall_for_fd(name: &'static str, number: i64, args: Vec<RawArg>) -> Action {
    syscall_for(name, number, args, Results::Fd)
}

/// A system call, and what it leaves.
pub const fn syscall_for(name: &'static str, number: i64, args: Vec<RawArg>, results: Results) -> Action {
    raw(name, number, args, Entry::Native, results)
}

/// A 32-bit system call through int 0x80, with its i386 number, and what it leaves.
pub const fn syscall_i386(name: &'static str, number: i64, args: Vec<RawArg>, results: Results) -> Action {
    raw(name, number, args, Entry::I386, results)
}

const fn raw(name: &'static str, number: i64, args: Vec<RawArg>, entry: Entry, results: Results) -> Action {
    Action::Syscall(Syscall { name, number, args, entry, results, on_refusal: OnRefusal::GoOn })
}

/// Drop a capability from the effective, permitted and inheritable sets.
pub const fn drop_caps(caps: &'static [Cap]) -> Action {
    Action::Capset(CapChange::Drop(Cow::Borrowed(caps)))
}

/// Keep only these capabilities.
pub const fn only_caps(caps: &'static [Cap]) -> Action {
    Action::Capset(CapChange::Only(Cow::Borrowed(caps)))
}

/// Drop capabilities from the effective set; they stay permitted.
pub const fn suspend_caps(caps: &'static [Cap]) -> Action {
    Action::Capset(CapChange::Suspend(Cow::Borrowed(caps)))
}

/// Add capabilities that are permitted to the effective set.
pub const fn raise_caps(caps: &'static [Cap]) -> Action {
    Action::Capset(CapChange::Raise(Cow::Borrowed(caps)))
}

/// Run a program, looked up in the standard PATH unless it is named with a slash, to its end.
pub fn run(words: &[&str]) -> Action {
    Action::Run(words.iter().map(|word| Cow::Owned((*word).to_owned())).collect())
}

/// Write "deny" to /proc/PID/setgroups.
pub const DENY: Action = write(IdFile::Setgroups, "deny");
/// Write "allow" to /proc/PID/setgroups.
pub const ALLOW: Action = write(IdFile::Setgroups, "allow");
/// setgroups(2) with an empty list.
pub const SETGROUPS_EMPTY: Action = setgroups(&[]);
/// Make /proc/PID belong to the process again after a change of ids hid it.
pub const DUMPABLE: Action = Action::Prctl("PR_SET_DUMPABLE, 1", libc::PR_SET_DUMPABLE, 1);
/// Keep the permitted capabilities over a change from uid 0 to another.
pub const KEEPCAPS: Action = Action::Prctl("PR_SET_KEEPCAPS, 1", libc::PR_SET_KEEPCAPS, 1);
/// Keep every capability over changes of uids: SECBIT_NO_SETUID_FIXUP.
pub const NO_FIXUP: Action = Action::Prctl("SECBIT_NO_SETUID_FIXUP", libc::PR_SET_SECUREBITS, 4);
/// The flag of a new user namespace.
pub const NEWUSER: i32 = libc::CLONE_NEWUSER;
/// Create a user namespace by unshare(2) and go on in it.
pub const UNSHARE: Action = Action::Unshare(NEWUSER);
/// Create a user namespace for a child by clone(2).
pub const CLONE: Action = Action::Clone(NEWUSER);
/// Create a user namespace for a child by clone3(2).
pub const CLONE3: Action = Action::Clone3(NEWUSER.cast_unsigned() as u64);
/// -1: "keep this one", as [`set_id`] takes it.
pub const SAME: u32 = u32::MAX;
/// AT_FDCWD: a path begins at the working directory.
pub const HERE: RawArg = RawArg::Number(libc::AT_FDCWD as i64);
