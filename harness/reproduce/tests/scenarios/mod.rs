//! Scenarios of every kind of action, for reproducers. They run as root if the caller is root.
#![allow(missing_docs, clippy::allow_attributes, reason = "each is named after what is in it")]

mod credentials;
mod kinds;

pub use credentials::*;
use harness_play::prelude::*;
use harness_scenario::ids::Own;
pub use kinds::{KINDS, kind};
use std::borrow::Cow;

/// A raw system call.
pub fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    syscall(name, number, args.to_vec())
}

/// A number as an argument.
pub const fn number(value: i64) -> RawArg {
    RawArg::Number(value)
}

/// Hang: a futex(2) that no process wakes.
pub fn pause() -> Action {
    raw("pause", libc::SYS_futex, &[RawArg::Bytes([0; 4].as_slice().into()), number(0), number(0)])
}

/// Ids of root.
pub const ROOT: Own = Own { uid: 0, gid: 0 };
/// Ids of some user.
pub const USER: Own = Own { uid: 1000, gid: 1000 };
const OWN: [Action; 3] = [DENY, uid_map("0 own 1"), gid_map("0 own 1")];

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn strongest() -> Scenario {
    if is_root() { root() } else { caller() }
}

/// A process that has mapped its own ids.
fn mapped() -> Scenario {
    ordinary().inside(&OWN)
}

fn held(text: Text, file: IdFile, at: At) -> Action {
    Action::WriteHeld { text, file, at }
}

pub fn maps() -> Scenario {
    let refused =
        [gid_map("0 own 1"), write_bytes(IdFile::UidMap, b"0 0 \x00\x301"), uid_map("0 own 1\n5 own 1")];
    let bad = Action::Write { file: IdFile::UidMap, of: None, text: Text::BadPointer(5) };
    ordinary()
        .inside(&refused)
        .inside(&[bad])
        .inside(&OWN)
        .outside(&[gid_map("1 own 1"), read(IdFile::UidMap)])
}

pub fn held_files() -> Scenario {
    let words = |words: &'static str| Text::Words(words.into());
    ordinary()
        .outside(&[Action::GetCredentials])
        .inside(&[open(IdFile::Setgroups), held(words("deny"), IdFile::Setgroups, At::Offset(0))])
        .inside(&[held(words("deny"), IdFile::Setgroups, At::Seek(-1)), DENY])
        .inside(&[open(IdFile::GidMap), Action::PassFd(Actor::Outside)])
        .outside(&[held(words("7 own 1"), IdFile::GidMap, At::Seek(0)), open(IdFile::UidMap)])
        .outside(&[
            held(Text::BadPointer(9), IdFile::UidMap, At::Seek(0)),
            write_held(IdFile::UidMap, "7 own 1"),
        ])
        .outside(&[held(Text::Bytes(b"%s\n".as_slice().into()), IdFile::UidMap, At::Position)])
}

pub fn files_read() -> Scenario {
    let read_held = |size, at| Action::ReadHeld { size, at };
    mapped()
        .inside(&[read(IdFile::UidMap), read(IdFile::Setgroups), read_of(Actor::Inside, IdFile::ProjidMap)])
        .inside(&[open_to_read(IdFile::UidMap), Action::ReadToEnd(IdFile::UidMap)])
        .inside(&[
            open_to_read(IdFile::Setgroups),
            read_held(2, At::Position),
            Action::ReadToEnd(IdFile::Setgroups),
        ])
        .inside(&[read_held(3, At::Seek(1)), read_held(4, At::Offset(0)), Action::ProcOwner(Actor::Inside)])
}

pub fn families() -> Scenario {
    let nested = mapped().nested(&[DENY, uid_map("0 0 1"), gid_map("0 0 1")]).outside(&[write_of(
        Actor::Nested,
        IdFile::UidMap,
        "0 own 1",
    )]);
    nested
        .deepest(&[uid_map("3 0 1")])
        .sibling(&[DENY, UNSHARE, DENY])
        .second(&[read_of(Actor::Deepest, IdFile::UidMap)])
}

pub fn cloned() -> Scenario {
    ordinary().cloned(Actor::Inside).inside(&OWN).cloned(Actor::Nested).nested(&[DENY, setresuid(0)])
}

pub fn children() -> Scenario {
    mapped().inside(&[
        CLONE,
        CLONE3,
        Action::Clone(libc::CLONE_NEWUSER | libc::CLONE_FS),
        Action::Clone3(0x1_0000_0000_0000),
        Action::Child(Child::NotWaitedFor(libc::CLONE_NEWUSER)),
        Action::Unshare(libc::CLONE_NEWUSER | libc::CLONE_THREAD | libc::CLONE_NEWUTS),
        Action::Unshare(0x8000),
    ])
}

pub fn children_that_go_on() -> Scenario {
    let pids = libc::CLONE_NEWPID;
    mapped()
        .inside(&[Action::Child(Child::GoesOn(pids)), read(IdFile::UidMap), UNSHARE, DENY])
        .sibling(&[Action::Child(Child::GoesOnByClone3(NEWUSER.cast_unsigned().into())), DENY])
        .outside(&[read(IdFile::Setgroups)])
}

pub fn zombies() -> Scenario {
    let join = raw("setns", libc::SYS_setns, &[RawArg::Held, number(0)]);
    let pid = |of| raw("kill", libc::SYS_kill, &[RawArg::PidOf(of), number(0)]);
    ordinary()
        .outside(&[Action::GetCredentials])
        .inside(&OWN)
        .inside(&[Action::Child(Child::Zombie), join.clone(), Action::Child(Child::Gone), join])
        .sibling(&[Action::Exit(Leaves::Nothing)])
        .nested(&[Action::Exit(Leaves::Zombie)])
        .outside(&[pid(Actor::Nested), pid(Actor::Sibling), read_of(Actor::Nested, IdFile::UidMap)])
}

pub fn companions() -> Scenario {
    let thread = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    ordinary().inside(&[Action::CloneAndKeep(thread), UNSHARE, DENY]).sibling(&[
        Action::CloneAndKeep(libc::CLONE_FS),
        UNSHARE,
        DENY,
    ])
}

pub fn namespaces() -> Scenario {
    let setns = |of, file, nstype| Action::Setns { of, file, nstype };
    mapped()
        .inside(&[Action::UnshareOrStop(libc::CLONE_NEWUTS | libc::CLONE_NEWNS)])
        .outside(&[setns(Actor::Outside, NsFile::User, 0), setns(Actor::Inside, NsFile::Uts, NEWUSER)])
        .outside(&[setns(Actor::Inside, NsFile::User, NEWUSER), setns(Actor::Inside, NsFile::Uts, 0)])
        .sibling(&[setns(Actor::Inside, NsFile::User, 0), setns(Actor::Deepest, NsFile::User, 0)])
        .inside(&[Action::Chroot("/proc", "/proc".into()), UNSHARE, read(IdFile::UidMap)])
}

pub fn sockets() -> Scenario {
    let pass = raw(
        "setsockopt SO_PASSCRED",
        libc::SYS_setsockopt,
        &[
            RawArg::Held,
            number(libc::SOL_SOCKET.into()),
            number(libc::SO_PASSCRED.into()),
            RawArg::Bytes([1_u8, 0, 0, 0].as_slice().into()),
            number(4),
        ],
    );
    let nothing =
        [Action::ReceiveCredentials, Action::SendCredentials([9, 9]), Action::SendCredentials([0, 0])];
    mapped()
        .outside(&[Action::Socketpair(Actor::Inside), pass])
        .inside(&nothing)
        .outside(&[Action::ReceiveCredentials, Action::ReceiveCredentials])
}

pub fn raw_calls() -> Scenario {
    let path = |path: &'static [u8]| RawArg::Bytes(Cow::Borrowed(path));
    let opened = |of, file| [HERE, RawArg::ProcPath(of, file), number(0)];
    let kill = raw("kill", libc::SYS_kill, &[RawArg::Pid, number(0)]);
    let ids: Vec<RawArg> = [0, 4, 8].map(RawArg::Results).to_vec();
    let ask = |name, number, args: &[RawArg], results| syscall_for(name, number, args.to_vec(), results);
    mapped()
        .inside(&[
            kill,
            raw("close", libc::SYS_close, &[number(-1)]),
            raw("getuid", libc::SYS_getuid, &[]),
            raw("chdir", libc::SYS_chdir, &[path(b"/\0")]).or_stop(),
            syscall_for_fd("open", libc::SYS_openat, vec![HERE, path(b"/no/such/file\0"), number(0)]),
            syscall_for_fd("open", libc::SYS_openat, opened(Actor::Inside, "ns/user").to_vec()),
            Action::OwnerUid,
            ask("getresuid", libc::SYS_getresuid, &ids, Results::Words(3)),
            ask("getresgid", libc::SYS_getresgid, &ids, Results::Ids(&[0, 4])),
            syscall_for_fd("open", libc::SYS_openat, opened(Actor::Inside, "setgroups").to_vec()),
            ask("read", libc::SYS_read, &[RawArg::Held, RawArg::Results(0), number(99)], Results::Text(99)),
            ask("getpriority", libc::SYS_getpriority, &[number(0), number(0)], Results::Nothing),
        ])
        .outside(&[raw("getpriority", libc::SYS_getpriority, &[number(0), RawArg::PidOf(Actor::Inside)])])
}

pub fn other_files() -> Scenario {
    let open = |name, path: &str, access| Action::OpenFile(name, path.into(), access);
    ordinary().outside(&[
        open("the file", "/proc/sys/kernel/osrelease", Access::Read),
        open("the device", "/dev/null", Access::Write),
        open("no file", "/no/such/file", Access::Read),
    ])
}

/// What no other architecture can, is refused there in the same way.
pub fn compat() -> Scenario {
    let call = |name, number, args: &[RawArg], results| syscall_i386(name, number, args.to_vec(), results);
    let list = RawArg::Bytes([1_u8, 0, 2, 0, 0xff, 0xff].as_slice().into());
    let room = [number(9), RawArg::Results(0)];
    strongest()
        .inside(&[])
        .outside(&[uid_map("0 0 1"), gid_map("0 0 65536")])
        .inside(&[call("setgroups16", 81, &[number(3), list], Results::Nothing)])
        .inside(&[
            call("getgroups16", 80, &room, Results::Halves(3)),
            call("getgroups32", 205, &room, Results::Words(3)),
        ])
        .inside(&[call("setuid32", 213, &[number(-1)], Results::Nothing)])
}

pub fn programs() -> Scenario {
    mapped().inside(&[
        run(&["id", "-u"]),
        run(&["sh", "-c", "echo \"100%\" to stderr >&2; echo; cat /proc/self/setgroups; exit 3"]),
        run(&["sh", "-c", "kill -9 $$"]),
        run(&["/no/such/program"]),
    ])
}

pub fn privileged() -> Scenario {
    let maps = maps_of(Actor::Inside, "0 0 1");
    ordinary()
        .inside(&[])
        .privileged(&maps)
        .privileged(&[Action::GetCredentials, CLONE])
        .inside(&[setresuid(0)])
}

/// Only root can set a process's groups.
pub fn in_groups() -> Scenario {
    let cast = if is_root() { ordinary_in(&[5, 6]) } else { ordinary() };
    cast.inside(&OWN).outside(&[Action::GetCredentials, Action::Getgroups { size: 0, room: Room::Good }])
}

/// All of the above.
pub fn all() -> Vec<Scenario> {
    let all: [fn() -> Scenario; 22] = [
        maps,
        held_files,
        files_read,
        groups,
        many_groups,
        ids,
        ids_through_the_library,
        capabilities,
        families,
        cloned,
        children,
        children_that_go_on,
        zombies,
        companions,
        namespaces,
        sockets,
        raw_calls,
        other_files,
        compat,
        programs,
        privileged,
        in_groups,
    ];
    all.map(|told| told()).to_vec()
}
