//! Scenarios about groups, ids and capabilities.
#![allow(missing_docs, clippy::allow_attributes, reason = "each is named after what is in it")]

use super::{mapped, strongest};
use harness_play::prelude::*;

pub fn groups() -> Scenario {
    let sized = |size, given| Action::Setgroups(Groups::Sized { size, given }, Via::Raw);
    let ask = |size, room| Action::Getgroups { size, room };
    strongest()
        .inside(&[setgroups(&[1, 0]), SETGROUPS_EMPTY.via_libc(), ask(0, Room::Good)])
        .outside(&[Action::GetCredentials, uid_map("0 0 1"), gid_map("0 0 9")])
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
    let asked = vec![RawArg::Number(libc::PR_GET_PDEATHSIG.into()), RawArg::Results(0)];
    let signal = syscall_for("prctl PR_GET_PDEATHSIG", libc::SYS_prctl, asked, Results::Words(1));
    mapped()
        .inside(&[
            suspend_caps(SOME),
            Action::GetCredentials,
            setresuid(0),
            raise_caps(&[Cap::Setuid]),
            drop_caps(&[Cap::Chown]),
        ])
        .inside(&[Action::GetCredentials, KEEPCAPS, NO_FIXUP, DUMPABLE])
        .inside(&[
            Action::Prctl("PR_SET_PDEATHSIG, SIGKILL", libc::PR_SET_PDEATHSIG, 9),
            setresuid(0),
            signal,
        ])
        .second(&[only_caps(SOME), raise_caps(&[Cap::Chown])])
        .nested(&[only_caps(&[]), uid_map("0 0 1")])
        .sibling(&[drop_caps(SOME), Action::GetCredentials])
}
