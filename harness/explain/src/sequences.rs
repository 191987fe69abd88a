//! What programs ask of the kernel when they become another user, as actions of a process.

use std::borrow::Cow;

use harness_scenario::action::{
    Action, CapChange, Groups, KEEPCAPS, SAME, SetId, Via, set_id, setresgid, setresuid,
};
use harness_scenario::caps::Cap;

/// The user that a program becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The uid.
    pub uid: u32,
    /// The gid, which is also the only supplementary group.
    pub gid: u32,
}

/// Uid and gid 1 are "daemon" on every distribution, and sudo becomes uid 1 to read its configuration.
pub const DAEMON: Target = Target { uid: 1, gid: 1 };

/// How the process that makes the calls has come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// It is the process that is asked about.
    AsItIs,
    /// The process that is asked about executed a program without privilege of its own.
    Executed,
    /// It executed a set-user-ID program of root.
    SetUserId,
}

/// A program, or a single call, as questions to the kernel.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The call or the command line.
    pub name: String,
    /// How the process came to be.
    pub begins: Begins,
    /// The calls, in order.
    pub actions: Vec<Action>,
}

/// setgroups(2) with this list.
fn setgroups(list: &[u32]) -> Action {
    Action::Setgroups(Groups::List(Cow::Owned(list.to_vec())), Via::Raw)
}

/// The calls that decide alone, of the process as it is.
pub fn calls(to: Target) -> Vec<Sequence> {
    let one = |name: String, action| Sequence { name, begins: Begins::AsItIs, actions: vec![action] };
    vec![
        one("setgroups([])".to_owned(), setgroups(&[])),
        one(format!("setgroups([{}])", to.gid), setgroups(&[to.gid])),
        one(format!("setgid({})", to.gid), set_id(SetId::Setgid, &[to.gid])),
        one(format!("setuid({})", to.uid), set_id(SetId::Setuid, &[to.uid])),
    ]
}

/// The calls of sudo, su, apt and setpriv, in their order.
/// Source: strace(1) of sudo 1.9.13, util-linux 2.38 and apt 2.6, and of later releases of each.
pub fn programs(to: Target) -> Vec<Sequence> {
    let program = |name: String, begins, actions| Sequence { name, begins, actions };
    vec![
        program(format!("sudo -u '#{}'", to.uid), Begins::SetUserId, sudo(to)),
        program(format!("su (to uid {})", to.uid), Begins::SetUserId, su(to)),
        program("apt-get update".to_owned(), Begins::Executed, apt()),
        program(
            format!("setpriv --reuid {} --regid {} --clear-groups", to.uid, to.gid),
            Begins::Executed,
            setpriv(to),
        ),
    ]
}

/// sudo becomes uid 1 to read its configuration, looks at the command with the eyes of the new user, and becomes it.
fn sudo(to: Target) -> Vec<Action> {
    vec![
        set_id(SetId::Setresuid, &[SAME, 1, SAME]),
        set_id(SetId::Setresuid, &[SAME, 0, SAME]),
        set_id(SetId::Setresgid, &[SAME, to.gid, SAME]),
        setgroups(&[to.gid]),
        set_id(SetId::Setresuid, &[SAME, to.uid, SAME]),
        set_id(SetId::Setresuid, &[SAME, 0, SAME]),
        set_id(SetId::Setgid, &[to.gid]),
        setresuid(to.uid),
    ]
}

fn su(to: Target) -> Vec<Action> {
    vec![setgroups(&[to.gid]), set_id(SetId::Setgid, &[to.gid]), set_id(SetId::Setuid, &[to.uid])]
}

/// apt's methods become _apt in the group nogroup, with the numbers that Debian gives them.
fn apt() -> Vec<Action> {
    const NOGROUP: u32 = 65_534;
    const APT: u32 = 42;
    vec![setgroups(&[NOGROUP]), setresgid(NOGROUP), setresuid(APT)]
}

/// setpriv changes the uid first, keeps the capabilities over it, and clears the groups last.
fn setpriv(to: Target) -> Vec<Action> {
    vec![
        KEEPCAPS,
        setresuid(to.uid),
        Action::Capset(CapChange::Raise(Cow::Borrowed(&[Cap::Setgid]))),
        setresgid(to.gid),
        setgroups(&[]),
    ]
}
