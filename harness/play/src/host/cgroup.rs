//! The limit of processes that control groups set.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Fact;
use super::fact::{errno_name, read_number};
use super::mounts::{Mount, mount};

/// The tightest limit among the control groups of this process. It binds every user, root included.
///
/// Source: Documentation/admin-guide/cgroup-v2.rst, "PID Interface Files"; kernel pids_can_fork().
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PidsMax {
    /// The directory of the control group.
    pub cgroup: PathBuf,
    /// How many processes and threads may be in the group and below it.
    pub most: u64,
    /// How many there are.
    pub used: u64,
}

impl PidsMax {
    /// How many more there may be.
    pub fn room(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }
}

impl fmt::Display for PidsMax {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "pids.max of {} is {}, of which {} are used", self.cgroup.display(), self.most, self.used)
    }
}

/// Reads the limit. It is absent if no control group that can be seen has one, and unreadable if the group of this process
/// cannot be seen.
pub(super) fn gather() -> Fact<PidsMax> {
    let read =
        |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {}", errno_name(&error)));
    match read("/proc/self/cgroup").and_then(|own| Ok((own, read("/proc/self/mountinfo")?))) {
        Ok((own, mounts)) => tightest(&own, &mounts),
        Err(why) => Fact::Unreadable(why),
    }
}

/// The tightest limit from the directory of the process's group up to the mount point.
fn tightest(own: &str, mounts: &str) -> Fact<PidsMax> {
    let Some((kind, path)) = group(own) else { return Fact::Absent };
    let all = mounts.lines().filter_map(mount);
    let Some((top, own)) = all.filter(|one| kind.fits(one)).find_map(|one| directories(&one, path)) else {
        return Fact::Unreadable(format!("no control group file system shows {path}"));
    };
    let groups = own.ancestors().take_while(|group| group.starts_with(&top));
    let limits = groups.filter_map(|group| limit(group).known().cloned());
    limits.min_by_key(PidsMax::room).map_or(Fact::Absent, Fact::Known)
}

/// The limit of one group; the first group of a hierarchy has none.
fn limit(group: &Path) -> Fact<PidsMax> {
    let number = |name: &str| read_number(&group.join(name).to_string_lossy());
    // Without a limit the file has the word "max".
    match (number("pids.max"), number("pids.current")) {
        (Fact::Known(most), Fact::Known(used)) => {
            Fact::Known(PidsMax { cgroup: group.to_owned(), most, used })
        }
        _ => Fact::Absent,
    }
}

/// The version of the hierarchy that has the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn fits(self, mount: &Mount<'_>) -> bool {
        match self {
            Self::One => {
                mount.fs_type == "cgroup" && mount.super_options.split(',').any(|option| option == "pids")
            }
            Self::Two => mount.fs_type == "cgroup2",
        }
    }
}

/// The hierarchy that counts processes, and the path of this process's group in it. A controller that a hierarchy of version
/// 1 has is not in version 2.
///
/// Source: cgroups(7), "/proc files".
fn group(own: &str) -> Option<(Version, &str)> {
    let fields = own.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let one = |(_, controllers, path)| {
        let counts = str::split(controllers, ',').any(|controller| controller == "pids");
        counts.then_some((Version::One, path))
    };
    let two = |(number, _, path)| (number == "0").then_some((Version::Two, path));
    fields.clone().find_map(one).or_else(|| fields.clone().find_map(two))
}

/// The mount point, and below it the directory of the group with this path, if the mount shows it.
fn directories(mount: &Mount<'_>, path: &str) -> Option<(PathBuf, PathBuf)> {
    let below = Path::new(path).strip_prefix(mount.root).ok()?;
    let top = PathBuf::from(mount.point);
    let own = if below.as_os_str().is_empty() { top.clone() } else { top.join(below) };
    own.is_dir().then_some((top, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hierarchy in a directory: `most` and `used` of a group, and of the one below it.
    fn hierarchy(groups: [(&str, &str); 2]) -> tempfile::TempDir {
        let top = tempfile::tempdir().expect("a directory");
        let below = top.path().join("pod/container");
        fs::create_dir_all(&below).expect("a directory");
        for (group, (most, used)) in [top.path().join("pod"), below].iter().zip(groups) {
            fs::write(group.join("pids.max"), format!("{most}\n")).expect("a file");
            fs::write(group.join("pids.current"), format!("{used}\n")).expect("a file");
        }
        top
    }

    fn mounted(top: &Path, root: &str, types: &str) -> String {
        format!("30 1 0:30 {root} {} rw,relatime - {types}\n", top.display())
    }

    #[test]
    fn the_group_with_the_least_room_binds() {
        for (groups, found) in [
            ([("100", "90"), ("50", "3")], Some(("pod", 100, 90))),
            ([("max", "90"), ("50", "3")], Some(("pod/container", 50, 3))),
            ([("max", "90"), ("max", "3")], None),
        ] {
            let top = hierarchy(groups);
            let expected = found.map_or(Fact::Absent, |(group, most, used)| {
                Fact::Known(PidsMax { cgroup: top.path().join(group), most, used })
            });

            let one = mounted(top.path(), "/", "cgroup cgroup rw,pids");
            assert_eq!(tightest("8:cpu,pids:/pod/container\n0::/x\n", &one), expected);
            let two = mounted(top.path(), "/", "cgroup2 cgroup2 rw");
            assert_eq!(tightest("0::/pod/container\n", &two), expected);
        }
    }

    /// A container sees its own group as the root of the mount, and what is above it not at all.
    #[test]
    fn a_mount_of_a_group_shows_what_is_below() {
        let top = hierarchy([("max", "9"), ("20", "3")]);
        let mount = mounted(&top.path().join("pod"), "/pod", "cgroup2 cgroup2 rw");

        let known = tightest("0::/pod/container\n", &mount).map(|found| (found.most, found.room()));
        assert_eq!(known, Fact::Known((20, 17)));
        let unknown = tightest("0::/other\n", &mount);
        assert_eq!(unknown.to_string(), "unreadable: no control group file system shows /other");
        assert_eq!(tightest("7:cpu:/pod\n", &mount), Fact::Absent);
    }

    #[test]
    fn a_limit_is_told_with_its_group() {
        let limit = PidsMax { cgroup: PathBuf::from("/sys/fs/cgroup/pod"), most: 20, used: 18 };

        assert_eq!(limit.to_string(), "pids.max of /sys/fs/cgroup/pod is 20, of which 18 are used");
        assert_eq!((limit.room(), PidsMax { used: 30, ..limit }.room()), (2, 0));
    }
}
