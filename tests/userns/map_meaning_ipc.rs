//! Which ids the permissions of a System V object tell and take, in an IPC namespace that user namespaces share.

use crate::support::map_family::{Family, pairs};
use crate::support::map_stack::{GIDS, UIDS, last, refused_before};
use harness::prelude::*;

/// The identifier of the first message queue of an IPC namespace.
const FIRST: RawArg = RawArg::Number(0);
const NEW_IPC: Action = Action::UnshareOrStop(libc::CLONE_NEWIPC);

/// msgget(2) of a queue that everybody may read.
fn create() -> Action {
    let mode = RawArg::Number(i64::from(libc::IPC_CREAT | 0o666));
    syscall("msgget IPC_PRIVATE", libc::SYS_msgget, vec![RawArg::Number(0), mode])
}

/// Its uid, gid, and those of its creator.
fn stat() -> Action {
    let args = vec![FIRST, RawArg::Number(libc::IPC_STAT.into()), RawArg::Results(0)];
    syscall_for("msgctl IPC_STAT", libc::SYS_msgctl, args, Results::Ids(&[4, 8, 12, 16]))
}

/// msgctl(2), IPC_SET, of uid and gid.
fn set([uid, gid]: [u32; 2]) -> Action {
    let mut queue = [0_u32; 30];
    (queue[1], queue[2], queue[5], queue[22]) = (uid, gid, 0o666, 1024);
    let bytes: Vec<u8> = queue.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let args = vec![FIRST, RawArg::Number(libc::IPC_SET.into()), RawArg::Bytes(bytes.into())];
    syscall("msgctl IPC_SET", libc::SYS_msgctl, args)
}

/// IPC_STAT shows the owner and the creator as the namespace of the caller names them.
/// Source: msgctl(2), IPC_STAT; kernel kernel_to_ipc64_perm(): from_kuid_munged(current_user_ns()).
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    File("/proc/self/ns/ipc"),
    File("/proc/sysvipc/msg"),
    pins("mean.ipc", "mean.up", "mean.levels")
)]
fn ipc_stat_shows_ids_as_the_caller_names_them() {
    let family = Family::new();

    for (creator, by) in pairs() {
        let ns = family.cast(&[NEW_IPC]).by(creator, &[create()]);
        let trace = ns.by(by, &[stat()]).play();

        assert_eq!(refused_before(&trace, 1), []);
        let ids = family.both(by, family.effective(creator));
        assert_eq!(last(&trace, 1), [Outcome::Ids([ids, ids].concat())], "of {creator} by {by}");
    }
}

/// IPC_SET takes the owner and the group as the namespace of the caller names them. One without a mapping is EINVAL.
/// Source: msgctl(2), IPC_SET; kernel ipc_update_perm(): make_kuid(current_user_ns()).
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    File("/proc/self/ns/ipc"),
    File("/proc/sysvipc/msg"),
    pins("mean.ipc", "mean.down", "mean.levels")
)]
fn ipc_set_takes_ids_as_the_caller_names_them() {
    let family = Family::new();
    let by = Actor::Deepest;
    let creator = family.stack.owner();
    let own = family.both(by, creator);
    let given: Vec<[u32; 2]> =
        Family::names(by).iter().flat_map(|id| [[*id, own[1]], [own[0], *id]]).collect();

    let ns = family.cast(&[NEW_IPC]).by(by, &[create()]);
    let set_and_look = |ns: Scenario, ids: &[u32; 2]| ns.by(by, &[set(*ids)]).outside(&[stat()]);
    let trace = given.iter().fold(ns, set_and_look).play();

    let mut owner = creator;
    for (ids, seen) in given.iter().zip(last(&trace, 2 * given.len()).chunks(2)) {
        let meant = [family.meant(by, UIDS, ids[0]), family.meant(by, GIDS, ids[1])];
        let set = meant[0].zip(meant[1]).map(|(uid, gid)| [uid, gid]);
        owner = set.unwrap_or(owner);
        let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
        let expected = [set.map_or(einval, |_| Outcome::Done), Outcome::Ids([owner, creator].concat())];
        assert_eq!(seen, expected, "{ids:?}");
    }
}
