//! Which keyrings a process finds in a namespace. Keys are found by a search, whose result, the serial number
//! of the key, the actor holds as it would hold a descriptor; nothing is searched for outside, where a user
//! keyring would stay.

use harness::prelude::*;
use rstest::rstest;

const THREAD: i64 = -1;
const PROCESS: i64 = -2;
const SESSION: i64 = -3;
const USER: i64 = -4;
const USER_SESSION: i64 = -5;

fn text(text: &'static [u8]) -> RawArg {
    RawArg::Bytes(text.into())
}

/// Adds a key to a keyring.
fn add_to(keyring: i64) -> Action {
    let payload = [text(b"x"), RawArg::Number(1), RawArg::Number(keyring)];
    let args = [text(b"user\0"), text(b"userns-suite\0")].into_iter().chain(payload);
    syscall_for_fd("add_key", libc::SYS_add_key, args.collect())
}

/// KEYCTL_SEARCH for that key in a keyring.
fn search(name: &'static str, keyring: i64) -> Action {
    let (operation, link_to) = (RawArg::Number(10), RawArg::Number(0));
    let args = vec![operation, RawArg::Number(keyring), text(b"user\0"), text(b"userns-suite\0"), link_to];
    syscall_for_fd(name, libc::SYS_keyctl, args)
}

/// KEYCTL_JOIN_SESSION_KEYRING, a new one without a name.
fn new_session() -> Action {
    syscall_for_fd("new session keyring", libc::SYS_keyctl, vec![RawArg::Number(1), RawArg::Number(0)])
        .or_stop()
}

/// The user keyring and the user session keyring of a user are others in each namespace: those of the parent
/// are out of reach, while a process in the same namespace finds them.
/// Source: user-keyring(7), user-session-keyring(7); kernel 0f44e4d976f9, look_up_user_keyrings().
#[rstest]
#[case::user(USER)]
#[case::user_session(USER_SESSION)]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("enter.keyrings"))]
fn of_the_user(#[case] keyring: i64) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let cast = root().outside(&[]).inside(&[]).outside(&maps).inside(&[add_to(keyring)]).second(&[]);
    let mapped = cast.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100"));

    let search = [search("keyctl SEARCH", keyring)];
    let trace = mapped.inside(&search).second(&search).nested(&search).inside(&search).play();

    check!(trace);
}

/// The session keyring is kept on every way into a namespace; those of the process and the thread are kept by
/// unshare(2) and by no child.
/// Source: session-keyring(7), process-keyring(7), thread-keyring(7); kernel prepare_creds(), copy_creds().
#[rstest]
#[case::unshare(UNSHARE)]
#[case::clone(Action::Child(Child::GoesOn(NEWUSER)))]
#[case::clone_alone(Action::Child(Child::GoesOn(0)))]
#[case::setns(Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 })]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("enter.keyrings"))]
fn that_are_kept(#[case] enter: Action) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let own = [new_session(), add_to(SESSION), add_to(PROCESS), add_to(THREAD)];
    let cast = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).inside(&own);

    let trace = cast
        .inside(&[enter])
        .inside(&[search("session", SESSION), search("process", PROCESS), search("thread", THREAD)])
        .play();

    check!(trace);
}
