//! What raw system calls can change: vectors of buffers and pipes, handles, mounts as descriptors, sockets.

use super::calls::number;
use super::paths::Found;
use super::standing::{Held, Whose};
use super::{Reach, Stage};
use crate::action::RawArg;
use crate::actors::Actor;

/// Requests of ioctl(2) on a pidfd that return a namespace: PIDFD_GET_CGROUP_NAMESPACE to PIDFD_GET_UTS_NAMESPACE.
///
/// Source: kernel include/uapi/linux/pidfd.h.
pub const PIDFD_NAMESPACES: std::ops::RangeInclusive<i64> = 0xff01..=0xff0a;

impl Stage<'_> {
    /// Such a call: what it returns as a descriptor, or `None` if it is another.
    pub(super) fn newer(&mut self, actor: Actor, call: i64, args: &[RawArg]) -> Option<Result<Held, Reach>> {
        let held = |at: usize| self.referred(actor, args.get(at));
        let nothing = |changed: Result<(), Reach>| changed.map(|()| Held::Nothing);
        Some(match call {
            libc::SYS_writev | libc::SYS_pwritev | libc::SYS_pwritev2 | libc::SYS_vmsplice
            // The first of sendfile(2) is the one that is written.
            | libc::SYS_sendfile => nothing(self.write_held(&held(0))),
            libc::SYS_splice | libc::SYS_copy_file_range => nothing(self.write_held(&held(2))),
            libc::SYS_fallocate | libc::SYS_fsync => nothing(self.write_held(&held(0))),
            libc::SYS_epoll_create1 | libc::SYS_inotify_init1 => Ok(Held::ForReading),
            libc::SYS_open_by_handle_at => Self::by_handle(&held(0)),
            libc::SYS_pidfd_getfd => Ok(self.taken(args)),
            libc::SYS_socket => Ok(Held::Socket),
            libc::SYS_bind => self.bind(actor),
            libc::SYS_open_tree => Ok(match self.locate(actor, args.first(), args.get(1)) {
                Found::Private => Held::Mount,
                _ => Held::ForReading,
            }),
            libc::SYS_pidfd_send_signal => match held(0) {
                Held::Process | Held::Nothing => Ok(Held::Nothing),
                _ => Err(Reach::Processes),
            },
            libc::SYS_mlock | libc::SYS_sched_setscheduler | libc::SYS_ioprio_set => Ok(Held::Nothing),
            libc::SYS_fanotify_init => Ok(Held::ForReading),
            _ if HOSTS.contains(&call) => nothing(refused_anyway(call, args)),
            libc::SYS_mount_setattr => match held(0) {
                Held::Mount => Ok(Held::Nothing),
                _ => nothing(self.private_mounts(actor)),
            },
            _ => return None,
        })
    }

    /// open_by_handle_at(2) in the file system of namespaces, whose handles are those of namespaces.
    ///
    /// Source: kernel FD_NSFS_ROOT of include/uapi/linux/fcntl.h, nsfs_fh_to_dentry().
    fn by_handle(mount: &Held) -> Result<Held, Reach> {
        match mount {
            Held::Namespace(..) | Held::SomeUserns => Ok(Held::SomeUserns),
            Held::Private | Held::Mount | Held::Nothing => Ok(Held::Private),
            _ => Err(Reach::Unknown),
        }
    }

    /// pidfd_getfd(2) of a descriptor to which a process has given a number: all that have this number hold a map of the
    /// scenario, or it is not known.
    fn taken(&self, args: &[RawArg]) -> Held {
        let Some(wanted) = number(args, 1) else { return Held::Unknown };
        let all = self.actors.iter().flat_map(|(_, standing)| &standing.numbered);
        let mut of_number = all.filter(|(number, _)| *number == wanted).map(|(_, held)| held);
        match of_number.next() {
            Some(first) if of_number.all(|other| other == first) => first.clone(),
            _ => Held::Unknown,
        }
    }

    /// bind(2): an address of the host could be taken from others.
    fn bind(&mut self, actor: Actor) -> Result<Held, Reach> {
        match self.of(actor).net {
            Whose::Own => Ok(Held::Nothing),
            Whose::Hosts => Err(Reach::Network),
        }
    }

    /// A device that mknod(2) makes: 0 is the whiteout of overlay file systems. Any other would reach what it stands for, but
    /// not in a file system that a process in a user namespace of its own has mounted: it is mounted with nodev.
    ///
    /// Source: mknod(2); kernel vfs_mknod(), WHITEOUT_DEV; mount_too_revealing() and SB_I_NODEV of user namespaces.
    pub(super) fn device(&self, actor: Actor, args: &[RawArg], found: &Found) -> Result<(), Reach> {
        let standing = self.find(actor);
        let own = standing.is_some_and(|standing| standing.userns == Whose::Own);
        match (number(args, 3), found) {
            (Some(0), found) => self.change(found),
            (_, Found::Private) if own => Ok(()),
            _ => Err(Reach::Unknown),
        }
    }
}

/// Calls that change the host, unless their arguments are refused.
const HOSTS: [i64; 5] =
    [libc::SYS_syslog, libc::SYS_reboot, libc::SYS_settimeofday, libc::SYS_swapoff, libc::SYS_acct];

/// Arguments with which such a call does nothing, even if root makes it: no magic numbers, no time, a bad address, a level of the
/// console that there is not.
///
/// Source: reboot(2): EINVAL; settimeofday(2); swapoff(2), acct(2): EFAULT; syslog(2): EINVAL.
fn refused_anyway(call: i64, args: &[RawArg]) -> Result<(), Reach> {
    const BAD: i64 = 8;
    const CONSOLE_LEVEL: i64 = 8;
    let [first, second, third] = [0, 1, 2].map(|at| number(args, at));
    let harmless = match call {
        libc::SYS_reboot | libc::SYS_settimeofday => [first, second] == [Some(0); 2],
        libc::SYS_swapoff | libc::SYS_acct => first == Some(BAD),
        _ => [first, second, third] == [Some(CONSOLE_LEVEL), Some(0), Some(99)],
    };
    if harmless { Ok(()) } else { Err(Reach::Unknown) }
}
