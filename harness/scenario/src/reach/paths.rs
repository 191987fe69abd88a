//! Where a path leads.

use super::standing::{Held, Root, Standing, Whose};
use super::{Reach, Stage};
use crate::action::{Access, IdFile, RawArg};
use crate::actors::Actor;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file in a tmpfs of the scenario.
    Private,
    /// A file of the host, or possibly one.
    Hosts(String),
    /// A file in /proc/PID of an actor.
    Proc(Actor, String),
    /// What a process has opened before.
    Opened(Held),
    /// Nothing: the path is no path.
    Nothing,
}

/// Devices that can be opened without a consequence.
const HARMLESS_DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

impl Stage<'_> {
    /// What a directory and a path relative to it name.
    pub(super) fn locate(&self, actor: Actor, directory: Option<&RawArg>, path: Option<&RawArg>) -> Found {
        let directory = match directory {
            Some(RawArg::Number(number)) if *number == i64::from(libc::AT_FDCWD) => None,
            other => Some(self.referred(actor, other)),
        };
        match path {
            Some(RawArg::Bytes(bytes)) => {
                let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                self.located(actor, directory, &String::from_utf8_lossy(text))
            }
            Some(RawArg::ProcPath(of, file)) => self.in_proc(*of, file),
            // An address at which nothing is mapped.
            Some(RawArg::Number(0..4096)) => Found::Nothing,
            _ => Found::Hosts(String::new()),
        }
    }

    /// The same of text; without a directory, a relative path begins at the working directory.
    pub(super) fn located(&self, actor: Actor, directory: Option<Held>, path: &str) -> Found {
        let callers = Standing::callers();
        let standing = self.find(actor).unwrap_or(&callers);
        let hosts = Found::Hosts(path.to_owned());
        if path.split('/').any(|name| name == "..") {
            return hosts;
        }
        if path.starts_with('/') {
            return self.absolute(actor, standing, path);
        }
        match directory {
            None if standing.cwd == Whose::Own => Found::Private,
            Some(Held::Private | Held::Mount) => Found::Private,
            Some(Held::ProcDirectory(of)) => self.in_proc(of, path),
            Some(Held::Nothing) => Found::Nothing,
            _ => hosts,
        }
    }

    fn absolute(&self, actor: Actor, standing: &Standing, path: &str) -> Found {
        let hosts = Found::Hosts(path.to_owned());
        if standing.root == Root::Changed {
            return hosts;
        }
        if let Some(number) = path.strip_prefix("/proc/self/fd/") {
            let number = number.parse().map_or(RawArg::Number(i64::MAX), RawArg::Number);
            return Found::Opened(self.referred(actor, Some(&number)));
        }
        if path == "/proc/self" {
            return self.in_proc(actor, "");
        }
        let own = ["/proc/self/", "/proc/thread-self/"];
        if let Some(file) = own.iter().find_map(|own| path.strip_prefix(own)) {
            return self.in_proc(actor, file);
        }
        if self.is_in_a_place(standing, path) { Found::Private } else { hosts }
    }

    fn is_in_a_place(&self, standing: &Standing, path: &str) -> bool {
        let below = |place: &String| Path::new(path).starts_with(place);
        standing.root == Root::Callers && self.mounts[standing.mounts].places.iter().any(below)
    }

    /// A file in /proc/PID. Some of its names lead elsewhere.
    fn in_proc(&self, of: Actor, file: &str) -> Found {
        let callers = Standing::callers();
        let standing = self.find(of).unwrap_or(&callers);
        let (first, rest) = file.split_once('/').unwrap_or((file, ""));
        match first {
            "root" if self.is_in_a_place(standing, &format!("/{rest}")) => Found::Private,
            "cwd" if standing.cwd == Whose::Own => Found::Private,
            "root" | "cwd" | "exe" | "fd" | "map_files" | "task" | "mem" => Found::Hosts(file.to_owned()),
            _ => Found::Proc(of, file.to_owned()),
        }
    }

    /// Changes the file that a path names, or makes it.
    pub(super) fn change(&self, found: &Found) -> Result<(), Reach> {
        match found {
            Found::Private | Found::Nothing => Ok(()),
            Found::Opened(held) => self.change_held(held),
            Found::Hosts(_) | Found::Proc(..) => Err(Reach::Files),
        }
    }

    /// open(2): what the process then holds.
    pub(super) fn open(&self, actor: Actor, found: Found, flags: i64) -> Result<Held, Reach> {
        let flags = i32::try_from(flags).map_err(|_| Reach::Unknown)?;
        let makes = flags & (libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY) != 0;
        let writes = flags & libc::O_PATH == 0 && (makes || flags & libc::O_ACCMODE != libc::O_RDONLY);
        match found {
            Found::Private => Ok(Held::Private),
            Found::Nothing => Ok(Held::Nothing),
            Found::Opened(Held::Private) => Ok(Held::Private),
            Found::Opened(held @ Held::Map(..)) => Ok(held),
            Found::Opened(_) => Err(Reach::Unknown),
            Found::Proc(of, file) => self.open_in_proc(of, &file),
            Found::Hosts(path) if writes => self.open_to_write(actor, &path),
            Found::Hosts(path) if HARMLESS_DEVICES.contains(&path.as_str()) => Ok(Held::ForReading),
            Found::Hosts(path) if path.starts_with("/dev/") => Err(Reach::Unknown),
            Found::Hosts(_) => Ok(Held::ForReading),
        }
    }

    fn open_in_proc(&self, of: Actor, file: &str) -> Result<Held, Reach> {
        if let Some(map) = map_of(file) {
            return Ok(Held::Map(map, self.find(of).map_or(Whose::Hosts, |standing| standing.userns)));
        }
        Ok(match file {
            "" => Held::ProcDirectory(of),
            _ => match file.strip_prefix("ns/") {
                Some(kind) => Held::Namespace(of, kind_of_namespace(kind)),
                None => Held::Proc,
            },
        })
    }

    fn open_to_write(&self, actor: Actor, path: &str) -> Result<Held, Reach> {
        let callers = Standing::callers();
        let standing = self.find(actor).unwrap_or(&callers);
        let owner = match path {
            // A connection of fuse(4) does nothing until a file system is mounted with it.
            "/dev/null" | "/dev/fuse" => return Ok(Held::ForReading),
            "/dev/net/tun" if standing.net == Whose::Own => return Ok(Held::Device),
            "/dev/net/tun" => return Err(Reach::Network),
            _ if !path.starts_with("/proc/sys/") => return Err(Reach::Files),
            "/proc/sys/kernel/hostname" | "/proc/sys/kernel/domainname" => standing.uts,
            _ if path.starts_with("/proc/sys/user/") => standing.userns,
            _ if path.starts_with("/proc/sys/net/") => standing.net,
            _ if ["sem", "shm", "msg"]
                .iter()
                .any(|kind| path.starts_with(&format!("/proc/sys/kernel/{kind}"))) =>
            {
                standing.ipc
            }
            _ if path.starts_with("/proc/sys/fs/mqueue/") => standing.ipc,
            _ => Whose::Hosts,
        };
        if owner == Whose::Own && standing.root == Root::Callers {
            Ok(Held::Proc)
        } else {
            Err(Reach::Sysctl)
        }
    }

    /// Opens and closes a file.
    pub(super) fn open_file(&self, actor: Actor, path: &Path, access: Access) -> Result<(), Reach> {
        let flags = match access {
            Access::Read => libc::O_RDONLY,
            Access::Write => libc::O_WRONLY,
            Access::ReadWrite => libc::O_RDWR,
        };
        let text = String::from_utf8_lossy(path.as_os_str().as_bytes());
        self.open(actor, self.located(actor, None, &text), flags.into()).map(|_| ())
    }
}

/// The flag of clone(2) for a name in /proc/PID/ns; every flag for an unknown one.
fn kind_of_namespace(name: &str) -> i32 {
    match name {
        "user" => libc::CLONE_NEWUSER,
        "uts" => libc::CLONE_NEWUTS,
        "ipc" => libc::CLONE_NEWIPC,
        "net" => libc::CLONE_NEWNET,
        "mnt" => libc::CLONE_NEWNS,
        "pid" | "pid_for_children" | "time" | "time_for_children" | "cgroup" => 0,
        _ => -1,
    }
}

/// The map that a name in /proc/PID stands for.
fn map_of(name: &str) -> Option<IdFile> {
    const MAPS: [IdFile; 4] = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap, IdFile::Setgroups];
    MAPS.into_iter().find(|map| map.name() == name)
}
