//! Which keyrings a process finds in a namespace. A search finds a key. The actor holds its result, the serial number of
//! the key, as it would hold a descriptor. No test searches in the namespace of the host, where a user keyring would
//! stay behind.

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

/// Operations of keyctl(2).
const KEYCTL_JOIN_SESSION_KEYRING: i64 = 1;
const KEYCTL_SEARCH: i64 = 10;

/// Adds a key to a keyring.
fn add_to(keyring: i64) -> Action {
    let payload = [text(b"x"), RawArg::Number(1), RawArg::Number(keyring)];
    let args = [text(b"user\0"), text(b"userns-suite\0")].into_iter().chain(payload);
    syscall_for_fd("add_key", libc::SYS_add_key, args.collect())
}

/// KEYCTL_SEARCH for that key in a keyring.
fn search(name: &'static str, keyring: i64) -> Action {
    let (operation, link_to) = (RawArg::Number(KEYCTL_SEARCH), RawArg::Number(0));
    let args = vec![operation, RawArg::Number(keyring), text(b"user\0"), text(b"userns-suite\0"), link_to];
    syscall_for_fd(name, libc::SYS_keyctl, args)
}

/// KEYCTL_JOIN_SESSION_KEYRING, a new one without a name.
fn new_session() -> Action {
    let args = vec![RawArg::Number(KEYCTL_JOIN_SESSION_KEYRING), RawArg::Number(0)];
    syscall_for_fd("new session keyring", libc::SYS_keyctl, args).or_stop()
}

/// The user keyring and the user session keyring of a user are different ones in each namespace. A process in a namespace
/// below does not find the key in them that a process of the parent does.
/// Source: user-keyring(7), user-session-keyring(7); kernel 0f44e4d976f9, look_up_user_keyrings().
#[rstest]
#[case::user(USER)]
#[case::user_session(USER_SESSION)]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("enter.keyrings"))]
fn a_user_has_other_keyrings_in_each_namespace(#[case] keyring: i64) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).inside(&[add_to(keyring)]).second(&[]);
    let mapped = ns.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100"));

    let search = [search("keyctl SEARCH", keyring)];
    let trace = mapped.inside(&search).second(&search).nested(&search).inside(&search).play();

    check!(trace, last = [OK, OK, ENOKEY, OK]);
}

/// A process keeps its session keyring on every way into a namespace. It keeps the keyrings of the process and of the
/// thread with unshare(2) and setns(2). A child has neither, whether it is in a new namespace or not.
/// Source: session-keyring(7), process-keyring(7), thread-keyring(7); kernel prepare_creds(), copy_creds().
#[rstest]
#[case::unshare(UNSHARE, [OK, OK, OK])]
#[case::clone(Action::Child(Child::GoesOn(NEWUSER)), [OK, ENOKEY, ENOKEY])]
#[case::clone_alone(Action::Child(Child::GoesOn(0)), [OK, ENOKEY, ENOKEY])]
#[case::setns(Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 }, [OK, OK, OK])]
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), NoSeccomp, pins("enter.keyrings"))]
fn a_process_keeps_its_session_keyring_on_every_way_in(#[case] enter: Action, #[case] expected: [Answer; 3]) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let own = [new_session(), add_to(SESSION), add_to(PROCESS), add_to(THREAD)];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).inside(&own);

    let trace = ns
        .inside(&[enter])
        .inside(&[search("session", SESSION), search("process", PROCESS), search("thread", THREAD)])
        .play();

    check!(trace, last = expected);
}
