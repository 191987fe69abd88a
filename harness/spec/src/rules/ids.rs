//! The calls that set ids, what else they change, and the programs that make them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM};

pub(super) const SETTING: &[Rule] = &[
    rule(
        "id.unmapped",
        &[EINVAL],
        "An id without a mapping is refused. So is -1 in a call where -1 does not mean \"keep\".",
        "setuid(2), setreuid(2), setresuid(2): EINVAL; kernel make_kuid(), uid_valid()",
    ),
    rule(
        "id.not-own",
        &[EPERM],
        "Without CAP_SETUID (CAP_SETGID), the caller may set only one of its own ids.",
        "setuid(2), setreuid(2), setresuid(2): EPERM; kernel __sys_setresuid()",
    ),
    rule(
        "id.capability",
        &[],
        "With CAP_SETUID (CAP_SETGID) in its namespace, the caller may set any id that has a mapping.",
        "capabilities(7); kernel ns_capable_setid()",
    ),
    rule(
        "id.which-change",
        &[],
        "setuid(2) sets all ids with the capability, and only the effective id without it. setreuid(2) sets the saved id as its manual page describes.",
        "setuid(2), setreuid(2); kernel __sys_setuid(), __sys_setreuid()",
    ),
    rule(
        "id.refusal-changes-nothing",
        &[EPERM, EINVAL],
        "A refused call changes none of the ids.",
        "setresuid(2); kernel abort_creds()",
    ),
    rule(
        "id.fs-follows",
        &[],
        "A call that sets the effective id also sets the filesystem id to it.",
        "setresuid(2), setfsuid(2); kernel __sys_setresuid()",
    ),
    rule(
        "id.fs-never-fails",
        &[],
        "setfsuid(2) and setfsgid(2) return the previous filesystem id, whether they change it or not.",
        "setfsuid(2); kernel __sys_setfsuid()",
    ),
    rule(
        "id.nothing-to-change",
        &[],
        "A setresuid(2) call that keeps the effective id and changes nothing leaves the filesystem id as it is.",
        "kernel 659c0ce1cb9e, __sys_setresuid() (setresuid(2) differs)",
    )
    .since("6.3"),
    rule(
        "id.one-thread",
        &[],
        "The system calls change only the ids of the calling thread.",
        "setresuid(2), \"C library/kernel differences\"; nptl(7); kernel commit_creds()",
    ),
    rule(
        "id.no-memory",
        &[EAGAIN, ENOMEM],
        "The calls fail if there is no memory for credentials.",
        "setuid(2): EAGAIN; kernel prepare_creds(), alloc_uid()",
    )
    .untested("an allocation of this size fails only under fault injection"),
    rule(
        "id.security-module",
        &[EPERM, EACCES],
        "A security module may refuse a change of ids.",
        "kernel 39030e1351aa, security_task_fix_setuid(); SafeSetID",
    )
    .untested("it needs SafeSetID with a policy, and the policy belongs to the host"),
    rule(
        "id.bad-pointer",
        &[EFAULT],
        "getresuid(2) and getresgid(2) need a writable place for each of the three ids.",
        "getresuid(2): EFAULT",
    ),
    rule(
        "id.getters",
        &[],
        "getuid, geteuid, getgid, getegid, getresuid and getresgid translate ids through the map, and return the overflow id for an id without a mapping.",
        "getuid(2), getresuid(2); user_namespaces(7); kernel from_kuid_munged()",
    ),
    rule(
        "id.told-by-proc",
        &[],
        "/proc/PID/status shows the four ids as the opener's namespace maps them.",
        "proc_pid_status(5); kernel task_state()",
    ),
    rule(
        "id.compat",
        &[EPERM, EINVAL, EFAULT],
        "The 16-bit calls read 65535 as -1 and return the overflow id for larger ids. The 32-bit calls behave like the native ones.",
        "setresuid(2), \"C library/kernel differences\"; kernel/uid16.c",
    ),
];

pub(super) const CONSEQUENCES: &[Rule] = &[
    rule(
        "change.capabilities",
        &[],
        "A process that changes from uid 0 of the namespace to another uid loses capabilities, and gains them when it changes back. The securebits can change this.",
        "capabilities(7), \"Effect of user ID changes on capabilities\"; kernel cap_emulate_setxuid()",
    ),
    rule(
        "change.without-uid-0",
        &[],
        "If uid 0 has no mapping, no change of uids removes capabilities.",
        "kernel cap_emulate_setxuid(): make_kuid(old->user_ns, 0)",
    ),
    rule(
        "change.fs-capabilities",
        &[],
        "When the filesystem uid changes from 0, the process loses the capabilities over files, and gains them when it changes back.",
        "capabilities(7), \"Effect of user ID changes on capabilities\"; kernel cap_task_fix_setuid()",
    ),
    rule(
        "change.locked-bits",
        &[EPERM],
        "A locked securebit cannot be changed.",
        "capabilities(7), \"The securebits flags\"; kernel cap_task_prctl()",
    ),
    rule(
        "change.dumpable",
        &[],
        "A process becomes undumpable when its effective or filesystem ids change, or when it gains capabilities. A change of other ids does not have this effect.",
        "PR_SET_DUMPABLE(2const); kernel commit_creds()",
    ),
    rule(
        "change.death-signal",
        &[],
        "A process loses its parent-death signal when its effective or filesystem ids change, or when it gains capabilities.",
        "PR_SET_PDEATHSIG(2const); kernel commit_creds()",
    ),
    rule(
        "change.thread-keyring",
        &[],
        "A thread's keyring belongs to its filesystem ids.",
        "thread-keyring(7); kernel key_fsuid_changed(), key_fsgid_changed()",
    ),
    rule(
        "change.too-many-processes",
        &[EAGAIN],
        "Changing to a user with too many processes succeeds, but execve(2) is refused while that user has too many.",
        "setuid(2), execve(2): EAGAIN; kernel 72fa59970f86, 2863643fb8b9, flag_nproc_exceeded()",
    )
    .since("3.1"),
    rule(
        "change.root-may-have-many",
        &[],
        "Root of the initial namespace never has too many processes. Uid 0 of another namespace can.",
        "kernel flag_nproc_exceeded(): INIT_USER",
    ),
    rule(
        "change.counted-as",
        &[],
        "As soon as the real uid of a process changes, the process counts for the new uid.",
        "getrlimit(2), RLIMIT_NPROC; kernel set_user(), commit_creds()",
    ),
];

pub(super) const PROGRAMS: &[Rule] = &[
    rule(
        "program.sequences",
        &[],
        "The sequences of calls with which sudo, su, apt, setpriv and others become another user succeed under \"allow\" with both maps, and the process cannot change back.",
        "setgroups(2), setresuid(2); user_namespaces(7)",
    ),
    rule(
        "program.sequences-denied",
        &[EPERM, EINVAL],
        "Under \"deny\" or without gid_map, these sequences fail at setgroups(2). If an id has no mapping, they fail at the call that sets it.",
        "setgroups(2), setresuid(2); user_namespaces(7)",
    ),
    rule(
        "program.libc",
        &[],
        "The wrappers of the C library act on all threads, and have the same outcomes as the raw system calls.",
        "nptl(7); setresuid(2), \"C library/kernel differences\"",
    ),
    rule(
        "program.real",
        &[],
        "The programs themselves work under \"allow\" and report EPERM under \"deny\".",
        "sudo(8), su(1), runuser(1), setpriv(1), chroot(1)",
    ),
    rule(
        "program.containerd",
        &[],
        "Maps written in Go's order leave setgroups at \"deny\" unless the program asks Go for \"allow\". The same holds in nested containers.",
        "containerd issue 10742; Go's syscall.writeGidMappings",
    ),
    rule(
        "program.newidmap",
        &[],
        "newuidmap and newgidmap map the caller's own id and its subordinate ids. newgidmap writes \"deny\" only if it maps nothing but the caller's own gid.",
        "newuidmap(1), newgidmap(1)",
    ),
];
