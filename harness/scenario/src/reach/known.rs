//! System calls of which the number alone shows what they can change.

/// Calls of newer kernels that only ask. Source: kernel arch/x86/entry/syscalls/syscall_64.tbl.
const STATMOUNT: i64 = 457;
const LISTNS: i64 = 470;

/// Calls that change nothing but the process that makes them, or nothing at all.
pub const OWN: [i64; 52] = [
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_clock_gettime,
    libc::SYS_close_range,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_epoll_ctl,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getsid,
    libc::SYS_getuid,
    libc::SYS_getxattr,
    libc::SYS_inotify_add_watch,
    libc::SYS_lseek,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_name_to_handle_at,
    libc::SYS_nanosleep,
    libc::SYS_prctl,
    libc::SYS_pread64,
    LISTNS,
    STATMOUNT,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_yield,
    libc::SYS_seccomp,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setrlimit,
    libc::SYS_setuid,
    libc::SYS_statx,
    libc::SYS_uname,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// The calls of i386 that set or return the ids and groups of the process, through int 0x80.
pub const OWN_I386: [i64; 42] = [
    // setuid16, getuid16, setgid16, getgid16, geteuid16, getegid16, setreuid16, setregid16
    23, 24, 46, 47, 49, 50, 70, 71, // getgroups16, setgroups16, setfsuid16, setfsgid16
    80, 81, 138, 139, // setresuid16, getresuid16, setresgid16, getresgid16
    164, 165, 170, 171, // getuid32 to getgid32, geteuid32, getegid32, setreuid32, setregid32
    199, 200, 201, 202, 203,
    204, // getgroups32, setgroups32, setresuid32, getresuid32, setresgid32, getresgid32
    205, 206, 208, 209, 210, 211, // setuid32, setgid32, setfsuid32, setfsgid32
    213, 214, 215,
    216, // exit, getpid, getppid, umask, getpgrp, time, nanosleep, sched_yield, uname, prctl
    1, 20, 64, 60, 65, 13, 162, 158, 122, 172,
];

/// Calls about System V objects and message queues, which belong to an IPC namespace.
pub const IPC: [i64; 13] = [
    libc::SYS_semget,
    libc::SYS_semctl,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_shmget,
    libc::SYS_shmctl,
    libc::SYS_shmat,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];
