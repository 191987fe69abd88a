//! Scenarios of every kind of action, for reproducers. Whoever can, plays them as root.
#![allow(missing_docs, clippy::allow_attributes, reason = "each is named after what is in it")]

use harness::prelude::*;
use std::borrow::Cow;

/// A raw system call.
pub fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    Action::Raw(name, number, args.to_vec())
}

/// A number as an argument.
pub const fn number(value: i64) -> RawArg {
    RawArg::Number(value)
}

/// Hang: a futex(2) that nobody wakes.
pub fn pause() -> Action {
    raw("pause", libc::SYS_futex, &[RawArg::Bytes([0; 4].as_slice().into()), number(0), number(0)])
}

/// Ids of root.
pub const ROOT: harness::Own = harness::Own { uid: 0, gid: 0 };
/// Ids of some user.
pub const USER: harness::Own = harness::Own { uid: 1000, gid: 1000 };
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
        .outside(&[Action::Look])
        .inside(&[open(IdFile::Setgroups), held(words("deny"), IdFile::Setgroups, At::Offset(0))])
        .inside(&[held(words("deny"), IdFile::Setgroups, At::Seek(-1)), DENY])
        .inside(&[open(IdFile::GidMap), Action::Give(Actor::Outside)])
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

pub fn groups() -> Scenario {
    let sized = |size, given| Action::Setgroups(Groups::Sized { size, given }, Via::Raw);
    let ask = |size, room| Action::Getgroups { size, room };
    strongest()
        .inside(&[setgroups(&[1, 0]), SETGROUPS_EMPTY.via_libc(), ask(0, Room::Good)])
        .outside(&[Action::Look, uid_map("0 0 1"), gid_map("0 0 9")])
        .inside(&[setgroups(&[5, 1, 77]), setgroups(&[5, 1]), ask(1, Room::Good), ask(64, Room::Good)])
        .inside(&[
            ask(2, Room::Bad),
            ask(0, Room::Bad),
            sized(70_000, Some(1)),
            sized(1, None),
            sized(-1, Some(0)),
        ])
        .inside(&[Action::Setgroups(Groups::Own, Via::Raw), setgroups(&[3]).via_libc()])
}

pub fn many_groups() -> Scenario {
    let many = |size| Action::Setgroups(Groups::Sequence { first: 0, step: 1, size }, Via::Raw);
    let list: Vec<u32> = (0..100).map(|gid| gid * 2).collect();
    strongest()
        .inside(&[])
        .outside(&[uid_map("0 0 1"), gid_map("0 0 65536")])
        .inside(&[Action::Setgroups(Groups::List(list.into()), Via::Raw)])
        .inside(&[Action::CountGroups { size: 65_536, first: 0, step: 2 }, many(65_537), many(65_536)])
        .inside(&[
            Action::CountGroups { size: 65_536, first: 0, step: 1 },
            Action::Getgroups { size: 5, room: Room::Good },
            setgroups(&[5]),
        ])
}

pub fn ids() -> Scenario {
    let own = Action::SetId(SetId::Setresuid, [Id::Own; 3], Via::Raw);
    let none = set_id(SetId::Setreuid, &[SAME, SAME]);
    mapped()
        .inside(&[own, none, setresuid(0), setresgid(0), setresuid(7), set_id(SetId::Setfsuid, &[9])])
        .inside(&[
            set_id(SetId::Setregid, &[0, SAME]),
            set_id(SetId::Setgid, &[1]),
            set_id(SetId::Setuid, &[0]),
        ])
        .outside(&[Action::SetId(SetId::Setfsgid, [Id::Own; 3], Via::Raw), set_id(SetId::Setfsuid, &[0])])
}

pub fn ids_through_the_library() -> Scenario {
    let calls = [
        (SetId::Setuid, &[0][..]),
        (SetId::Setgid, &[0]),
        (SetId::Setreuid, &[0, SAME]),
        (SetId::Setregid, &[SAME, 0]),
        (SetId::Setresuid, &[0, 0, 5]),
        (SetId::Setresgid, &[5, 0, 0]),
        (SetId::Setfsuid, &[0]),
        (SetId::Setfsgid, &[0]),
        (SetId::Seteuid, &[1]),
        (SetId::Setegid, &[1]),
    ];
    mapped().inside(&calls.map(|(call, ids)| set_id(call, ids).via_libc()))
}

pub fn capabilities() -> Scenario {
    const SOME: &[Cap] = &[Cap::Setuid, Cap::CheckpointRestore];
    mapped()
        .inside(&[
            suspend_caps(SOME),
            Action::Look,
            setresuid(0),
            raise_caps(&[Cap::Setuid]),
            drop_caps(&[Cap::Chown]),
        ])
        .inside(&[Action::Look, KEEPCAPS, NO_FIXUP, DUMPABLE])
        .second(&[only_caps(SOME), raise_caps(&[Cap::Chown])])
        .nested(&[only_caps(&[]), uid_map("0 0 1")])
        .sibling(&[drop_caps(SOME), Action::Look])
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
        .outside(&[Action::Look])
        .inside(&OWN)
        .inside(&[Action::Child(Child::Zombie), join.clone(), Action::Child(Child::Gone), join])
        .sibling(&[Action::End(Remains::Nothing)])
        .nested(&[Action::End(Remains::Zombie)])
        .outside(&[pid(Actor::Nested), pid(Actor::Sibling), read_of(Actor::Nested, IdFile::UidMap)])
}

pub fn companions() -> Scenario {
    let thread = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    ordinary().inside(&[Action::Companion(thread), UNSHARE, DENY]).sibling(&[
        Action::Companion(libc::CLONE_FS),
        UNSHARE,
        DENY,
    ])
}

pub fn namespaces() -> Scenario {
    let setns = |of, file, nstype| Action::Setns { of, file, nstype };
    mapped()
        .inside(&[Action::Apart(libc::CLONE_NEWUTS | libc::CLONE_NEWNS)])
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
    let ask = |name, number, args: &[RawArg], results| Action::Ask(name, number, args.to_vec(), results);
    mapped()
        .inside(&[
            kill,
            raw("close", libc::SYS_close, &[number(-1)]),
            raw("getuid", libc::SYS_getuid, &[]),
            Action::Hold("open", libc::SYS_openat, vec![HERE, path(b"/no/such/file\0"), number(0)]),
            Action::Hold("open", libc::SYS_openat, opened(Actor::Inside, "ns/user").to_vec()),
            Action::OwnerUid,
            ask("getresuid", libc::SYS_getresuid, &ids, Results::Words(3)),
            ask("getresgid", libc::SYS_getresgid, &ids, Results::Ids(&[0, 4])),
            Action::Hold("open", libc::SYS_openat, opened(Actor::Inside, "setgroups").to_vec()),
            ask("read", libc::SYS_read, &[RawArg::Held, RawArg::Results(0), number(99)], Results::Text(99)),
            ask("getpriority", libc::SYS_getpriority, &[number(0), number(0)], Results::Nothing),
        ])
        .outside(&[raw("getpriority", libc::SYS_getpriority, &[number(0), RawArg::PidOf(Actor::Inside)])])
}

pub fn other_files() -> Scenario {
    let open = |access| Action::OpenFile("the file", "/proc/sys/kernel/osrelease".into(), access);
    let missing = Action::OpenFile("no file", "/no/such/file".into(), Access::Read);
    ordinary().outside(&[open(Access::Read), open(Access::Write), missing])
}

/// What no other architecture can, is refused there in the same way.
pub fn compat() -> Scenario {
    let call = |name, number, args: &[RawArg], results| Action::Compat(name, number, args.to_vec(), results);
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
    ordinary().inside(&[]).privileged(&maps).privileged(&[Action::Look, CLONE]).inside(&[setresuid(0)])
}

/// Root alone can put somebody into groups.
pub fn in_groups() -> Scenario {
    let cast = if is_root() { ordinary_in(&[5, 6]) } else { ordinary() };
    cast.inside(&OWN).outside(&[Action::Look, Action::Getgroups { size: 0, room: Room::Good }])
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

/// How many kinds of action there are.
pub const KINDS: usize = 38;

/// The number of an action's kind: a new kind does not compile until it is added here, and told above.
pub fn kind(action: &Action) -> usize {
    match action {
        Action::Begin => 0,
        Action::BeginCloned => 1,
        Action::Write { .. } => 2,
        Action::Open { .. } => 3,
        Action::Give(_) => 4,
        Action::WriteHeld { .. } => 5,
        Action::Read { .. } => 6,
        Action::ReadToEnd(_) => 7,
        Action::Setgroups(..) => 8,
        Action::Getgroups { .. } => 9,
        Action::CountGroups { .. } => 10,
        Action::Look => 11,
        Action::Compat(..) => 12,
        Action::SetId(..) => 13,
        Action::Unshare(_) => 14,
        Action::Apart(_) => 15,
        Action::Clone(_) => 16,
        Action::Setns { .. } => 17,
        Action::Capset(_) => 18,
        Action::Prctl(..) => 19,
        Action::Chroot(..) => 20,
        Action::ReadHeld { .. } => 21,
        Action::OpenFile(..) => 22,
        Action::Run(_) => 23,
        Action::Raw(..) => 24,
        Action::Hold(..) => 25,
        Action::Ask(..) => 26,
        Action::Socketpair(_) => 27,
        Action::SendCredentials(_) => 28,
        Action::ReceiveCredentials => 29,
        Action::Clone3(_) => 30,
        Action::Companion(_) => 31,
        Action::End(_) => 32,
        Action::Child(Child::GoesOn(_) | Child::GoesOnByClone3(_)) => 33,
        Action::Child(Child::NotWaitedFor(_)) => 34,
        Action::Child(Child::Zombie | Child::Gone) => 35,
        Action::OwnerUid => 36,
        Action::ProcOwner(_) => 37,
    }
}
