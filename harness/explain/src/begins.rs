//! What a process is after it executed a program: the state in which sudo or su makes its first call.

use harness_scenario::caller::Caller;
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{CapSets, FsId};
use harness_scenario::map::IdMap;
use harness_scenario::start::Start;
use harness_spec::rules::{Rule, named};

use crate::sequences::Begins;

/// SECBIT_NOROOT: execve(2) gives uid 0 no capabilities.
const NOROOT: u32 = 1;

/// Why a program does not begin as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRoot {
    /// The rule.
    pub rule: &'static Rule,
    /// The reason, as a sentence.
    pub why: &'static str,
}

/// The credentials of a program that the process executes.
///
/// # Errors
/// The rule by which the set-user-ID bit of the program has no effect.
/// Source: capabilities(7), "Transformation of capabilities during execve()"; execve(2); kernel bprm_fill_uid(),
/// cap_bprm_creds_from_file().
pub fn credentials(start: &Start, no_new_privs: bool, begins: Begins) -> Result<Caller, NotRoot> {
    let caller = &start.caller;
    let is_root = caller.uid.effective == 0;
    let set_user_id = begins == Begins::SetUserId && !is_root;
    if set_user_id && no_new_privs {
        let why = "no_new_privs is set: execve(2) ignores the set-user-ID bit";
        return Err(NotRoot { rule: const { named("enter.no-new-privs") }, why });
    }
    if set_user_id && !start.in_initial_userns && !IdMap::parse(&caller.files[0]).covers(0, 1) {
        let why = "uid 0 has no mapping here: execve(2) ignores the set-user-ID bit of a program of root";
        return Err(NotRoot { rule: const { named("owner.setuid-programs") }, why });
    }
    Ok(match begins {
        Begins::AsItIs => caller.clone(),
        Begins::Executed | Begins::SetUserId => executed(caller, set_user_id),
    })
}

fn executed(caller: &Caller, set_user_id: bool) -> Caller {
    let mut after = caller.clone();
    if set_user_id {
        after.uid.effective = 0;
    }
    let effective = after.uid.effective;
    after.uid = harness_scenario::ids::Ids { saved: effective, fs: FsId::Known(effective), ..after.uid };
    after.gid.saved = after.gid.effective;
    let root = (effective == 0 || after.uid.real == 0) && caller.securebits & NOROOT == 0;
    let CapSets { inheritable, bounding, ambient, .. } = caller.caps;
    let ambient = if set_user_id { CapSet::EMPTY } else { ambient };
    let permitted = if root { CapSet(inheritable.0 | bounding.0) } else { ambient };
    let in_force = if effective == 0 && root { permitted } else { ambient };
    after.caps = CapSets { permitted, effective: in_force, ambient, ..caller.caps };
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::caps::Cap;
    use harness_scenario::ids::Ids;

    fn user(id: u32, map: &str) -> Start {
        let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
        let caps = CapSets { bounding: CapSet::up_to(40).without(Cap::Setgid), ..CapSets::default() };
        let files = [map.to_owned(), map.to_owned(), "allow".to_owned()];
        let caller = Caller { uid: ids, gid: ids, caps, files, ..Caller::default() };
        Start { caller, in_initial_userns: false, ..harness_play::here::start().clone() }
    }

    #[test]
    fn a_set_user_id_program_gets_what_the_bounding_set_has() {
        let start = user(1000, "0 0 65536");

        let after = credentials(&start, false, Begins::SetUserId).expect("root is mapped");
        assert_eq!((after.uid.real, after.uid.effective, after.uid.saved), (1000, 0, 0));
        assert_eq!(after.caps.effective, CapSet::up_to(40).without(Cap::Setgid));
        let after = credentials(&start, false, Begins::Executed).expect("it needs nothing");
        assert_eq!((after.uid.effective, after.caps.effective), (1000, CapSet::EMPTY));
    }

    #[test]
    fn the_bit_is_ignored_by_two_rules() {
        let refused = |start: &Start, flag| {
            credentials(start, flag, Begins::SetUserId).expect_err("the bit has no effect").rule.name
        };

        assert_eq!(refused(&user(1000, "0 0 65536"), true), "enter.no-new-privs");
        assert_eq!(refused(&user(1000, "1000 1000 1"), false), "owner.setuid-programs");
        // Root needs no bit.
        let root = user(0, "0 0 65536");
        let begun = credentials(&root, true, Begins::SetUserId).expect("root needs no bit");
        // Its program has what the bounding set has.
        assert_eq!((begun.uid.effective, begun.caps.effective), (0, CapSet::up_to(40).without(Cap::Setgid)));
    }

    #[test]
    fn root_that_gave_up_a_capability_gets_it_back_by_a_program() {
        let start = user(0, "0 0 65536");

        assert_eq!(credentials(&start, false, Begins::AsItIs).map(|it| it.caps.effective), Ok(CapSet::EMPTY));
        let after = credentials(&start, false, Begins::Executed).expect("it needs nothing");
        assert!(after.caps.effective.contains(Cap::Setuid));
    }
}
