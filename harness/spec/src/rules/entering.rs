//! What a process is once it has entered a namespace, and what its privileges are good for.

use super::{Rule, rule};
use nix::errno::Errno::EPERM;

pub(super) const ENTERING: &[Rule] = &[
    rule(
        "enter.capabilities",
        &[],
        "Whoever creates or joins a namespace has every capability there effective and permitted, none inheritable or ambient.",
        "user_namespaces(7), \"Capabilities\"; kernel set_cred_user_ns()",
    ),
    rule(
        "enter.bounding-set",
        &[],
        "The bounding set is full again.",
        "kernel set_cred_user_ns(): CAP_FULL_SET",
    ),
    rule(
        "enter.securebits",
        &[],
        "The securebits are the usual ones again, locked or not.",
        "user_namespaces(7), \"Capabilities\"; kernel set_cred_user_ns(): SECUREBITS_DEFAULT",
    ),
    rule(
        "enter.ids-kept",
        &[],
        "Ids and supplementary groups stay what they were; what has no mapping reads as the overflow id.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel from_kuid_munged()",
    ),
    rule(
        "enter.closed-unless-owned",
        &[],
        "Who enters a namespace without owning it, or one that it lies in, is not dumpable and has no parent-death signal.",
        "PR_SET_DUMPABLE(2const), PR_SET_PDEATHSIG(2const); kernel commit_creds(): cred_cap_issubset()",
    ),
    rule(
        "enter.no-new-privs",
        &[],
        "no_new_privs stays set.",
        "PR_SET_NO_NEW_PRIVS(2const): inherited and never unset",
    ),
    rule(
        "enter.exec",
        &[],
        "execve(2) leaves capabilities to uid 0 of the namespace alone.",
        "user_namespaces(7), \"Capabilities\"; capabilities(7), \"Capabilities and execution of programs by root\"",
    ),
    rule(
        "enter.proc-owner",
        &[],
        "The files in /proc/PID belong to the effective ids of the process, or to root of the namespace its program was started in if it is not dumpable.",
        "proc(5), /proc/pid; kernel task_dump_owner()",
    ),
    rule(
        "enter.keyrings",
        &[],
        "User keyrings of a namespace are apart from those of its parent; the session keyring is kept by whoever enters.",
        "user-keyring(7), session-keyring(7); kernel 0f44e4d976f9, look_up_user_keyrings()",
    )
    .since("5.3"),
];

pub(super) const OWNERSHIP: &[Rule] = &[
    rule(
        "owner.capabilities",
        &[EPERM],
        "In the parent of a namespace its owner has every capability over it; others have those they hold in the parent or above.",
        "user_namespaces(7), \"Capabilities\", rules 2 and 3; kernel cap_capable()",
    ),
    rule(
        "owner.only-from-parent",
        &[EPERM],
        "The owner's uid counts in the parent of the namespace alone, not two levels up.",
        "user_namespaces(7), \"Capabilities\", rule 3; kernel cap_capable()",
    ),
    rule(
        "owner.only-there",
        &[EPERM],
        "Capabilities of a namespace are none over what belongs to its parent.",
        "user_namespaces(7), \"Interaction of user namespaces and other types of namespaces\"",
    ),
    rule(
        "owner.signals",
        &[EPERM],
        "kill(2) between different uids takes CAP_KILL in the namespace of the receiver.",
        "kill(2): EPERM; kernel kill_ok_by_cred()",
    ),
    rule(
        "owner.files",
        &[EPERM],
        "Capabilities over a file count if its owner and its group both have a mapping.",
        "user_namespaces(7), \"Capabilities\"; kernel capable_wrt_inode_uidgid(), 23adbe12ef7d",
    )
    .since("3.16"),
    rule(
        "owner.setuid-programs",
        &[],
        "A set-user-ID bit counts if owner and group of the program have a mapping and its file system was not mounted in another namespace.",
        "execve(2); kernel 380cf5ba6b0a, 0d4d717f2583, mnt_may_suid(): current_in_userns(), bprm_fill_uid()",
    )
    .since("4.8"),
];
