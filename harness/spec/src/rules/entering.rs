//! The credentials of a process after it enters a namespace, and what its privileges apply to.

use super::{Rule, rule};

pub(super) const ENTERING: &[Rule] = &[
    rule(
        "enter.capabilities",
        &[],
        "A process that creates or joins a user namespace has every capability there in its effective and permitted sets, and none in its inheritable and ambient sets.",
        "user_namespaces(7), \"Capabilities\"; kernel set_cred_user_ns()",
    ),
    rule(
        "enter.bounding-set",
        &[],
        "After entering a user namespace, the bounding set is full again.",
        "kernel set_cred_user_ns(): CAP_FULL_SET",
    ),
    rule(
        "enter.securebits",
        &[],
        "After entering a user namespace, the securebits have their default values again, even if they were locked. Those that every process may set are an exception since 7.3.",
        "user_namespaces(7), \"Capabilities\"; kernel set_cred_user_ns(): SECUREBITS_DEFAULT",
    ),
    rule(
        "enter.exec-securebits",
        &[],
        "Since 7.3, a process that enters a user namespace keeps SECBIT_EXEC_RESTRICT_FILE, SECBIT_EXEC_DENY_INTERACTIVE and their locks. Before, it loses them.",
        "kernel 7.3, set_cred_user_ns(): SECURE_ALL_UNPRIVILEGED",
    )
    .since("7.3"),
    rule(
        "enter.ids-kept",
        &[],
        "Ids and supplementary groups do not change. An id without a mapping reads as the overflow id.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel from_kuid_munged()",
    ),
    rule(
        "enter.closed-unless-owned",
        &[],
        "A process that enters a user namespace becomes undumpable and loses its parent-death signal, unless it owns the namespace or one that contains it.",
        "PR_SET_DUMPABLE(2const), PR_SET_PDEATHSIG(2const); kernel commit_creds(): cred_cap_issubset()",
    ),
    rule(
        "enter.no-new-privs",
        &[],
        "no_new_privs stays set when a process enters a user namespace.",
        "PR_SET_NO_NEW_PRIVS(2const): inherited and never unset",
    ),
    rule(
        "enter.exec",
        &[],
        "After execve(2), only a process with uid 0 of the namespace keeps capabilities.",
        "user_namespaces(7), \"Capabilities\"; capabilities(7), \"Capabilities and execution of programs by root\"",
    ),
    rule(
        "enter.exec-ambient",
        &[],
        "After execve(2), a process that is not uid 0 of the namespace has its ambient capabilities, and no others.",
        "capabilities(7), \"Transformation of capabilities during execve()\"; kernel 58319057b784",
    )
    .since("4.3"),
    rule(
        "enter.proc-owner",
        &[],
        "The files in /proc/PID belong to the effective ids of the process. If the process is not dumpable, they belong to root of the namespace in which its program was started.",
        "proc(5), /proc/pid; kernel task_dump_owner()",
    ),
    rule(
        "enter.keyrings",
        &[],
        "The user keyrings of a namespace are separate from those of its parent. A process that enters keeps its session keyring.",
        "user-keyring(7), session-keyring(7); kernel 0f44e4d976f9, look_up_user_keyrings()",
    )
    .since("5.3"),
];
