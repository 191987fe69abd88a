//! Which ids a UNIX socket tells of a peer in another namespace, and which it lets a sender give.

use crate::support::map_family::{Family, pairs};
use crate::support::map_stack::{GIDS, UIDS, last, refused_before};
use harness::prelude::*;
use rstest::rstest;

fn getsockopt(name: &'static str, option: i32, room: usize, results: Results) -> Action {
    let length = u32::try_from(room).unwrap_or(0).to_ne_bytes().to_vec();
    let args = [libc::SOL_SOCKET, option].map(|number| RawArg::Number(number.into()));
    let args = [RawArg::Held].into_iter().chain(args);
    let args = args.chain([RawArg::Results(0), RawArg::Bytes(length.into())]).collect();
    syscall_for(name, libc::SYS_getsockopt, args, results)
}

/// The effective uid and gid of the peer.
fn peer() -> Action {
    getsockopt("SO_PEERCRED", libc::SO_PEERCRED, 12, Results::Ids(&[4, 8]))
}

/// Has credentials come with messages.
fn pass_credentials() -> Action {
    let on = RawArg::Bytes(1_u32.to_ne_bytes().to_vec().into());
    let args = [libc::SOL_SOCKET, libc::SO_PASSCRED].map(|number| RawArg::Number(number.into()));
    let args = [RawArg::Held].into_iter().chain(args).chain([on, RawArg::Number(4)]).collect();
    syscall("setsockopt SO_PASSCRED", libc::SYS_setsockopt, args)
}

/// Sends a byte and says nothing of oneself.
fn send() -> Action {
    let none = RawArg::Number(0);
    let byte = RawArg::Bytes([0].as_slice().into());
    let args = vec![RawArg::Held, byte, RawArg::Number(1), none.clone(), none.clone(), none];
    syscall("send", libc::SYS_sendto, args)
}

/// A socket tells the effective ids of its peer, and a message the real ones of its sender, as the receiver's
/// namespace calls them; the groups of the peer likewise.
/// Source: unix(7), SO_PEERCRED, SCM_CREDENTIALS; kernel cred_to_ucred(), groups_to_user() and put_cmsg() of
/// scm_recv(); SO_PEERGROUPS: 28b5ba2aa0f5.
#[harness::test(Root, Userns, pins("mean.peers", "mean.levels"))]
fn of_a_peer() {
    let family = Family::new();
    let real = family.stack.owner();
    let groups = family.stack.outer_ids(GIDS);
    let list = Action::Setgroups(Groups::List(groups.clone().into()), Via::Raw);
    let mut sorted = groups;
    sorted.sort_unstable();
    let count = u32::try_from(sorted.len()).unwrap_or(0);
    let peer_groups =
        getsockopt("SO_PEERGROUPS", libc::SO_PEERGROUPS, sorted.len() * 4, Results::Words(count));

    for (from, to) in pairs().filter(|(from, to)| from != to) {
        let cast = family.cast(std::slice::from_ref(&list)).by(from, &[Action::Socketpair(to)]);
        let cast = cast.by(to, &[pass_credentials()]).by(from, &[send()]);
        let trace = cast.by(to, &[peer(), Action::ReceiveCredentials, peer_groups.clone()]).play();

        assert_eq!(refused_before(&trace, 3), []);
        let told = [family.effective(from), real].map(|ids| Outcome::Ids(family.both(to, ids).into()));
        let groups = sorted.iter().map(|gid| family.told(to, GIDS, *gid)).collect();
        let told = [told.as_slice(), &[Outcome::Groups(groups)]].concat();
        assert_eq!(last(&trace, 3), told, "{from} to {to}");
    }
}

/// The same for an ordinary user, who can map its own ids alone; until then they have no name inside.
/// Source: as above.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("mean.peers"))]
fn of_an_ordinary_user() {
    // Both ends tell of the process that has made the pair.
    let cast = ordinary().outside(&[]).inside(&[Action::Socketpair(Actor::Outside)]);

    let asked = cast.inside(&[peer(), uid_map("5 own 1"), peer(), DENY, gid_map("6 own 1"), peer()]);
    let trace = asked.outside(&[peer()]).play();

    check!(trace);
}

/// With CAP_SETUID and CAP_SETGID a sender may give any ids that its namespace has; they arrive as the
/// receiver's namespace calls them. One without a mapping is EINVAL.
/// Source: unix(7), SCM_CREDENTIALS; kernel __scm_send(): make_kuid(); scm_recv(): from_kuid_munged().
#[harness::test(Root, Userns, pins("mean.peers", "mean.levels", "mean.down", "mean.up"))]
fn given_by_the_sender() {
    let family = Family::new();

    for (from, to) in pairs().filter(|(from, to)| from != to) {
        let own = family.both(from, family.stack.owner());
        let given = Family::names(from).into_iter().flat_map(|id| [[id, own[1]], [own[0], id]]);
        // So few at a time that they fit into the buffer of any socket.
        for given in given.collect::<Vec<_>>().chunks(64) {
            assert_translated(&family, from, to, given);
        }
    }
}

/// Sends these ids and compares what arrives.
#[track_caller]
fn assert_translated(family: &Family, from: Actor, to: Actor, given: &[[u32; 2]]) {
    let meant = |[uid, gid]: [u32; 2]| Some([family.meant(from, UIDS, uid)?, family.meant(from, GIDS, gid)?]);
    let arrive: Vec<[u32; 2]> = given.iter().filter_map(|ids| meant(*ids)).collect();
    let send: Vec<Action> = given.iter().map(|ids| Action::SendCredentials(*ids)).collect();

    let cast = family.cast(&[]).by(from, &[Action::Socketpair(to)]).by(to, &[pass_credentials()]);
    let trace = cast.by(from, &send).by(to, &vec![Action::ReceiveCredentials; arrive.len()]).play();

    let (sent, received) = last(&trace, send.len() + arrive.len()).split_at(send.len());
    let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
    for (ids, seen) in given.iter().zip(sent) {
        let expected = meant(*ids).map_or(einval.clone(), |_| Outcome::Done);
        assert_eq!(seen, &expected, "{ids:?} from {from}");
    }
    for (ids, seen) in arrive.iter().zip(received) {
        assert_eq!(seen, &Outcome::Ids(family.both(to, *ids).into()), "{ids:?}, {from} to {to}");
    }
}

/// Without CAP_SETUID a sender may give its real, effective or saved uid and no other, without CAP_SETGID its
/// gids likewise; that an id has no mapping comes first.
/// Source: unix(7), SCM_CREDENTIALS; kernel scm_check_creds().
#[rstest]
#[case::all_capabilities(&[])]
#[case::setuid_and_setgid_alone(&[only_caps(&[Cap::Setuid, Cap::Setgid])])]
#[case::without_setuid(&[drop_caps(&[Cap::Setuid])])]
#[case::without_setgid(&[drop_caps(&[Cap::Setgid])])]
#[harness::test(Root, Userns, pins("mean.peers"))]
fn permission(#[case] before: &[Action]) {
    let ids = [
        NO_FIXUP,
        set_id(SetId::Setresgid, &[4, 5, 6]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[7]),
        set_id(SetId::Setfsgid, &[8]),
    ];
    let pairs = [[1, 4], [2, 5], [3, 6], [7, 4], [1, 8], [9, 4], [1, 9], [100, 4], [1, 100]];
    let sent = pairs.map(Action::SendCredentials);
    let maps = [uid_map("0 200 100"), gid_map("0 300 100")];

    let cast = root().outside(&[]).inside(&[]).outside(&maps).inside(&[Action::Socketpair(Actor::Outside)]);
    let trace = cast.inside(&ids).inside(before).inside(&sent).play();

    check!(trace);
}
