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

/// A socket shows the effective ids and the groups of its peer as the receiver's namespace names them. A message shows the
/// real ids of its sender in the same way.
/// Source: unix(7), SO_PEERCRED, SCM_CREDENTIALS; kernel cred_to_ucred(), groups_to_user() and put_cmsg() of
/// scm_recv(); SO_PEERGROUPS: 28b5ba2aa0f5.
#[harness::test(Root, Userns, pins("mean.peers", "mean.levels"))]
fn a_socket_shows_ids_of_its_peer_as_the_receiver_names_them() {
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
        let ns = family.cast(std::slice::from_ref(&list)).by(from, &[Action::Socketpair(to)]);
        let ns = ns.by(to, &[pass_credentials()]).by(from, &[send()]);
        let trace = ns.by(to, &[peer(), Action::ReceiveCredentials, peer_groups.clone()]).play();

        assert_eq!(refused_before(&trace, 3), []);
        let told = [family.effective(from), real].map(|ids| Outcome::Ids(family.both(to, ids).into()));
        let groups = sorted.iter().map(|gid| family.told(to, GIDS, *gid)).collect();
        let told = [told.as_slice(), &[Outcome::Groups(groups)]].concat();
        assert_eq!(last(&trace, 3), told, "{from} to {to}");
    }
}

/// An ordinary user can map its own ids alone. A socket shows them as overflow ids inside until they are mapped.
/// Source: unix(7), SO_PEERCRED; kernel cred_to_ucred().
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("mean.peers"))]
fn own_ids_of_an_ordinary_user_have_no_name_until_they_are_mapped() {
    // Both ends show the ids of the process that has made the pair.
    let ns = ordinary().outside(&[]).inside(&[Action::Socketpair(Actor::Outside)]);

    let asked = ns.inside(&[peer(), uid_map("5 own 1"), peer(), DENY, gid_map("6 own 1"), peer()]);
    let trace = asked.outside(&[peer()]).play();

    check!(trace, @r#"
    outside  begins                                            ok
    inside   begins in a new user namespace                    ok
    inside   socketpair with outside                           ok
    inside   SO_PEERCRED(the open file, 1, 17, room, 4 bytes)  overflow overflow
    inside   uid_map <- "5 own 1"                              ok
    inside   SO_PEERCRED(the open file, 1, 17, room, 4 bytes)  5 overflow
    inside   setgroups <- "deny"                               ok
    inside   gid_map <- "6 own 1"                              ok
    inside   SO_PEERCRED(the open file, 1, 17, room, 4 bytes)  5 6
    outside  SO_PEERCRED(the open file, 1, 17, room, 4 bytes)  own own
    afterwards
    outside  the caller's namespace
             uid own  gid own  groups the caller's  caps none
    inside   uid_map "5 own 1"  gid_map "6 own 1"  setgroups deny
             uid 5  gid 6  groups the caller's  caps all
    "#);
}

/// With CAP_SETUID and CAP_SETGID a sender may give any ids that its namespace has. They arrive as the receiver's
/// namespace names them. An id without a mapping is EINVAL.
/// Source: unix(7), SCM_CREDENTIALS; kernel __scm_send(): make_kuid(); scm_recv(): from_kuid_munged().
#[harness::test(Root, Userns, pins("mean.peers", "mean.levels", "mean.down", "mean.up"))]
fn given_ids_arrive_as_the_receiver_names_them() {
    let family = Family::new();

    for (from, to) in pairs().filter(|(from, to)| from != to) {
        let own = family.both(from, family.stack.owner());
        let given = Family::names(from).into_iter().flat_map(|id| [[id, own[1]], [own[0], id]]);
        // So few at a time that they fit into the buffer of any socket.
        for given in given.collect::<Vec<_>>().chunks(64) {
            let meant = given.iter().map(|ids| meant(&family, from, *ids));
            let arrive: Vec<[u32; 2]> = meant.clone().flatten().collect();

            let trace = send_and_receive(&family, [from, to], given, arrive.len());

            let (sent, received) = last(&trace, given.len() + arrive.len()).split_at(given.len());
            let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
            let expected: Vec<Outcome> =
                meant.map(|meant| meant.map_or(einval.clone(), |_| Outcome::Done)).collect();
            assert_eq!(sent, expected, "{given:?} from {from}");
            let expected = arrive.iter().map(|ids| Outcome::Ids(family.both(to, *ids).into()));
            assert_eq!(received, expected.collect::<Vec<_>>(), "{arrive:?}, {from} to {to}");
        }
    }
}

/// The uid and the gid that an actor gives, as the namespace at the top has them; None without a mapping.
fn meant(family: &Family, by: Actor, [uid, gid]: [u32; 2]) -> Option<[u32; 2]> {
    Some([family.meant(by, UIDS, uid)?, family.meant(by, GIDS, gid)?])
}

/// The one actor sends each pair of ids, then the other receives so many messages.
fn send_and_receive(family: &Family, [from, to]: [Actor; 2], given: &[[u32; 2]], arrive: usize) -> Trace {
    let send: Vec<Action> = given.iter().map(|ids| Action::SendCredentials(*ids)).collect();
    let ns = family.cast(&[]).by(from, &[Action::Socketpair(to)]).by(to, &[pass_credentials()]);
    ns.by(from, &send).by(to, &vec![Action::ReceiveCredentials; arrive]).play()
}

/// Without CAP_SETUID a sender may give its real, effective or saved uid and no other. Without CAP_SETGID the same holds
/// for its gids. Whether an id has a mapping is checked first.
/// Source: unix(7), SCM_CREDENTIALS; kernel scm_check_creds().
#[rstest]
#[case::all_capabilities(&[], OK, OK)]
#[case::setuid_and_setgid_alone(&[only_caps(&[Cap::Setuid, Cap::Setgid])], OK, OK)]
#[case::without_setuid(&[drop_caps(&[Cap::Setuid])], EPERM, OK)]
#[case::without_setgid(&[drop_caps(&[Cap::Setgid])], OK, EPERM)]
#[harness::test(Root, Userns, pins("mean.peers"))]
fn a_sender_without_setid_gives_only_its_own_ids(
    #[case] before: &[Action],
    #[case] uid: Answer,
    #[case] gid: Answer,
) {
    let ids = [
        NO_FIXUP,
        set_id(SetId::Setresgid, &[4, 5, 6]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[7]),
        set_id(SetId::Setfsgid, &[8]),
    ];
    let own = [([1, 4], OK), ([2, 5], OK), ([3, 6], OK)];
    let foreign = [([7, 4], uid), ([1, 8], gid), ([9, 4], uid), ([1, 9], gid)];
    let unmapped = [([100, 4], EINVAL), ([1, 100], EINVAL)];
    let (pairs, expected): (Vec<_>, Vec<Answer>) = own.into_iter().chain(foreign).chain(unmapped).unzip();
    let sent: Vec<Action> = pairs.into_iter().map(Action::SendCredentials).collect();
    let maps = [uid_map("0 200 100"), gid_map("0 300 100")];

    let ns = root().outside(&[]).inside(&[]).outside(&maps).inside(&[Action::Socketpair(Actor::Outside)]);
    let trace = ns.inside(&ids).inside(before).inside(&sent).play();

    check!(trace, last = expected);
}
