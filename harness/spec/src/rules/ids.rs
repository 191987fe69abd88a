//! The calls that set ids, what else they change, and the programs that make them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM};

pub(super) const SETTING: &[Rule] = &[
    rule(
        "id.unmapped",
        &[EINVAL],
        "An id without a mapping, or -1 where that does not mean \"keep\", is refused.",
        "setuid(2), setreuid(2), setresuid(2): EINVAL; kernel make_kuid(), uid_valid()",
    ),
    rule(
        "id.not-own",
        &[EPERM],
        "Without CAP_SETUID, or CAP_SETGID, one of the caller's own ids may be set and no other.",
        "setuid(2), setreuid(2), setresuid(2): EPERM; kernel __sys_setresuid()",
    ),
    rule(
        "id.capability",
        &[],
        "CAP_SETUID, or CAP_SETGID, in the caller's namespace sets any id that has a mapping.",
        "capabilities(7); kernel ns_capable_setid()",
    ),
    rule(
        "id.which-change",
        &[],
        "setuid(2) sets all ids with the capability and the effective one without; setreuid(2) sets the saved id as the manual page says.",
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
        "The filesystem id becomes the effective id.",
        "setresuid(2), setfsuid(2); kernel __sys_setresuid()",
    ),
    rule(
        "id.fs-never-fails",
        &[],
        "setfsuid(2) and setfsgid(2) return the filesystem id of before, whether they set another or not.",
        "setfsuid(2); kernel __sys_setfsuid()",
    ),
    rule(
        "id.nothing-to-change",
        &[],
        "setresuid(2) that keeps the effective id and changes nothing leaves the filesystem id alone.",
        "kernel 659c0ce1cb9e, __sys_setresuid() (setresuid(2) says otherwise)",
    )
    .since("6.3"),
    rule(
        "id.one-thread",
        &[],
        "The system calls change the ids of the calling thread alone.",
        "setresuid(2), \"C library/kernel differences\"; nptl(7); kernel commit_creds()",
    ),
    rule(
        "id.no-memory",
        &[EAGAIN, ENOMEM],
        "The calls fail when there is no memory for credentials.",
        "setuid(2): EAGAIN; kernel prepare_creds(), alloc_uid()",
    )
    .untested("an allocation of this size fails under fault injection alone"),
    rule(
        "id.security-module",
        &[EPERM, EACCES],
        "A security module may refuse a change of ids.",
        "kernel 39030e1351aa, security_task_fix_setuid(); SafeSetID",
    )
    .untested("it takes SafeSetID with a policy, which belongs to the host"),
    rule(
        "id.bad-pointer",
        &[EFAULT],
        "getresuid(2) and getresgid(2) need room for each of the three ids.",
        "getresuid(2): EFAULT",
    ),
    rule(
        "id.getters",
        &[],
        "getuid, geteuid, getgid, getegid, getresuid and getresgid tell ids through the map, or the overflow id.",
        "getuid(2), getresuid(2); user_namespaces(7); kernel from_kuid_munged()",
    ),
    rule(
        "id.told-by-proc",
        &[],
        "/proc/PID/status shows the four ids as the namespace of its opener names them.",
        "proc_pid_status(5); kernel task_state()",
    ),
    rule(
        "id.compat",
        &[EPERM, EINVAL, EFAULT],
        "The 16-bit calls take 65535 for -1 and tell larger ids as the overflow id; the 32-bit calls are as the native ones.",
        "setresuid(2), \"C library/kernel differences\"; kernel/uid16.c",
    ),
];

pub(super) const CONSEQUENCES: &[Rule] = &[
    rule(
        "change.capabilities",
        &[],
        "Leaving uid 0 of the namespace takes capabilities and coming back gives them, as the securebits say.",
        "capabilities(7), \"Effect of user ID changes on capabilities\"; kernel cap_emulate_setxuid()",
    ),
    rule(
        "change.without-uid-0",
        &[],
        "Where uid 0 has no mapping no change of uids takes capabilities.",
        "kernel cap_emulate_setxuid(): make_kuid(old->user_ns, 0)",
    ),
    rule(
        "change.fs-capabilities",
        &[],
        "Leaving uid 0 with the filesystem id takes the capabilities over files, and coming back gives them.",
        "capabilities(7), \"Effect of user ID changes on capabilities\"; kernel cap_task_fix_setuid()",
    ),
    rule(
        "change.locked-bits",
        &[EPERM],
        "A locked securebit stays as it is.",
        "capabilities(7), \"The securebits flags\"; kernel cap_task_prctl()",
    ),
    rule(
        "change.dumpable",
        &[],
        "A change of the effective or filesystem ids, or capabilities that it did not have, make a process undumpable; a change of other ids does not.",
        "PR_SET_DUMPABLE(2const); kernel commit_creds()",
    ),
    rule(
        "change.death-signal",
        &[],
        "A change of the effective or filesystem ids, or capabilities that it did not have, make a process forget the parent-death signal.",
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
        "Becoming a user with too many processes succeeds, and the next execve(2) is refused while that is so.",
        "setuid(2), execve(2): EAGAIN; kernel 72fa59970f86, 2863643fb8b9, flag_nproc_exceeded()",
    )
    .since("3.1"),
    rule(
        "change.root-may-have-many",
        &[],
        "Root of the initial namespace never has too many processes; uid 0 of another namespace may.",
        "kernel flag_nproc_exceeded(): INIT_USER",
    ),
    rule(
        "change.counted-as",
        &[],
        "A process counts as one of its real uid as soon as that has changed.",
        "getrlimit(2), RLIMIT_NPROC; kernel set_user(), commit_creds()",
    ),
];

pub(super) const PROGRAMS: &[Rule] = &[
    rule(
        "program.sequences",
        &[],
        "The sequences of calls with which sudo, su, apt, setpriv and others become another user succeed under \"allow\" with both maps, and leave no way back.",
        "setgroups(2), setresuid(2); user_namespaces(7)",
    ),
    rule(
        "program.sequences-denied",
        &[EPERM, EINVAL],
        "Under \"deny\" or without gid_map these sequences fail at setgroups(2); without a mapping at the ids.",
        "setgroups(2), setresuid(2); user_namespaces(7)",
    ),
    rule(
        "program.libc",
        &[],
        "Through the wrappers of the C library, which act on all threads, the outcomes are those of the bare calls.",
        "nptl(7); setresuid(2), \"C library/kernel differences\"",
    ),
    rule(
        "program.real",
        &[],
        "The programs themselves work under \"allow\" and say EPERM under \"deny\".",
        "sudo(8), su(1), runuser(1), setpriv(1), chroot(1)",
    ),
    rule(
        "program.containerd",
        &[],
        "Maps written in Go's order leave setgroups at \"deny\" unless Go is told otherwise, in nested containers, too.",
        "containerd issue 10742; Go's syscall.writeGidMappings",
    ),
    rule(
        "program.newidmap",
        &[],
        "newuidmap and newgidmap map one's own id and the subordinate ones, and write \"deny\" for the own gid alone.",
        "newuidmap(1), newgidmap(1)",
    ),
];
