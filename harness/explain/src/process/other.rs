//! A process by its id: what /proc shows of it, with ids as its own namespace maps them.

use std::fs;
use std::io;

use harness_play::host::{self, Fact, Seccomp, errno_name};
use harness_scenario::ids::{FsId, Ids};
use harness_scenario::map::{self, IdMap};

use super::status::{self, Status};
use super::{Namespace, Process, UNMAPPED, levels, not_seen};

/// The inode number of the initial user namespace, fixed since Linux 3.8.
/// Source: `PROC_USER_INIT_INO`, include/linux/proc_ns.h.
const INITIAL: &str = "user:[4026531837]";

/// What /proc shows of the process.
///
/// # Errors
/// If there is no such process, or if its status cannot be read.
pub fn look(pid: i32) -> Result<Process, String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| no_status(pid, &error))?;
    let status = Status::of(&status);
    let namespace = namespace(pid);
    let own = |map, seen| of_namespace(&seen, map, &namespace.is_callers, ids);
    let uids = own(&namespace.uid_map, status.ids("Uid"));
    let gids = own(&namespace.gid_map, status.ids("Gid"));
    let groups =
        of_namespace(&status.groups(), &namespace.gid_map, &namespace.is_callers, |all, map| list(all, map));
    let mut process = Process {
        pid: Some(pid),
        uids,
        gids,
        groups,
        capabilities: status.capabilities(),
        securebits: Fact::Unreadable("/proc does not show them".to_owned()),
        no_new_privs: status.no_new_privs(),
        seccomp: status.seccomp(),
        chroot: Fact::Unreadable("not looked for".to_owned()),
        max_processes: status::max_processes(&pid.to_string()),
        namespace,
        unseen: Vec::new(),
    };
    process.unseen = unseen(&process);
    Ok(process)
}

/// Whether the process is in the namespace of the caller: by the inodes, or else by the maps, of which only those of another
/// namespace read differently.
fn is_callers(link: &Fact<String>, own: &Fact<String>, maps: &[Fact<String>; 2]) -> Fact<bool> {
    let callers = host::process();
    let differ = |one: &Fact<String>, other: &Fact<String>| match (one.known(), other.known()) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    match (link, own) {
        (Fact::Known(link), Fact::Known(own)) => Fact::Known(link == own),
        _ if differ(&maps[0], &callers.uid_map) || differ(&maps[1], &callers.gid_map) => Fact::Known(false),
        (Fact::Known(_), _) => own.map(|_| false),
        _ => link.map(|_| false),
    }
}

/// Whether the process is in the initial namespace: by the inode, or because the caller is and the process is elsewhere.
fn is_initial(link: &Fact<String>, own: &Fact<String>, is_callers: &Fact<bool>) -> Fact<bool> {
    let caller_is = own.known().is_some_and(|own| own == INITIAL);
    match (link, is_callers) {
        (Fact::Known(link), _) => Fact::Known(link == INITIAL),
        (_, Fact::Known(false)) if caller_is => Fact::Known(false),
        _ => link.map(|_| false),
    }
}

fn namespace(pid: i32) -> Namespace {
    let path = |name: &str| format!("/proc/{pid}/{name}");
    let maps = ["uid_map", "gid_map"].map(|name| read(&path(name)).map(|text| map::lines(text).join("; ")));
    let (link, own) = (link(&path("ns/user")), self::link("/proc/self/ns/user"));
    let is_callers = is_callers(&link, &own, &maps);
    let (owner, levels) = levels::look(&pid.to_string());
    let [uid_map, gid_map] = maps;
    Namespace {
        is_initial: is_initial(&link, &own, &is_callers),
        is_callers,
        uid_map,
        gid_map,
        setgroups: read(&path("setgroups")).map(|word| word.trim_end().to_owned()),
        owner,
        levels,
        max_user_namespaces: Fact::Unreadable("only the caller's namespace shows its own".to_owned()),
        link,
    }
}

fn no_status(pid: i32, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if fs::metadata("/proc/self").is_ok() => {
            format!("there is no process {pid}, or /proc hides it (hidepid)")
        }
        _ => format!("/proc/{pid}/status cannot be read: {}", errno_name(error)),
    }
}

fn unseen(process: &Process) -> Vec<String> {
    let namespace = &process.namespace;
    let mut all = vec![
        "the securebits of another process: they are taken to be 0".to_owned(),
        "the security module that confines it, and its root directory".to_owned(),
    ];
    if process.seccomp != Fact::Known(Seccomp::Off) {
        all.push(
            "what the seccomp filter of the process refuses: a child outside of it was asked".to_owned(),
        );
    }
    let facts = [
        ("its uids", process.uids.map(|_| ())),
        ("its gids", process.gids.map(|_| ())),
        ("its supplementary groups", process.groups.map(|_| ())),
        ("its user namespace", namespace.link.map(|_| ())),
        ("its uid map", namespace.uid_map.map(|_| ())),
        ("its gid map", namespace.gid_map.map(|_| ())),
        ("its setgroups file", namespace.setgroups.map(|_| ())),
        ("the owner of its namespace", namespace.owner.map(|_| ())),
    ];
    all.extend(facts.iter().filter_map(|(what, fact)| not_seen(what, fact)));
    all.extend(namespace.levels.unseen());
    all
}

fn read(path: &str) -> Fact<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Fact::Absent,
        read => Fact::of(read),
    }
}

fn link(path: &str) -> Fact<String> {
    Fact::of(fs::read_link(path).map(|link| link.to_string_lossy().into_owned()))
}

/// Ids of the reader's namespace as ids of the process's own.
fn of_namespace<T: Clone>(
    seen: &Fact<T>,
    map: &Fact<String>,
    is_callers: &Fact<bool>,
    translate: impl Fn(&T, &IdMap) -> T,
) -> Fact<T> {
    match (is_callers, map) {
        (Fact::Known(true), _) => seen.clone(),
        (Fact::Known(false), Fact::Known(map)) => {
            let map = IdMap::parse(map);
            // The reader's namespace is neither above nor the same: it has no name for the lower ids.
            if map.0.iter().any(|extent| extent.lower == UNMAPPED) {
                return Fact::Unreadable("the reader's namespace does not map its ids".to_owned());
            }
            seen.map(|seen| translate(seen, &map))
        }
        (Fact::Known(false), _) => Fact::Unreadable("its map is not known".to_owned()),
        _ => Fact::Unreadable("its user namespace is not known".to_owned()),
    }
}

fn up(map: &IdMap, id: u32) -> u32 {
    map.up(id).unwrap_or(UNMAPPED)
}

fn ids(seen: &Ids, map: &IdMap) -> Ids {
    let fs = seen.fs.known().map_or(FsId::Unknown, |fs| FsId::Known(up(map, fs)));
    Ids { real: up(map, seen.real), effective: up(map, seen.effective), saved: up(map, seen.saved), fs }
}

fn list(seen: &[u32], map: &IdMap) -> Vec<u32> {
    seen.iter().map(|id| up(map, *id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_namespace_of_the_process() {
        let map = Fact::Known("0 100000 65536".to_owned());
        let seen = Fact::Known(vec![100_000, 100_027, 5]);

        let inside = of_namespace(&seen, &map, &Fact::Known(false), |all, map| list(all, map));
        assert_eq!(inside, Fact::Known(vec![0, 27, UNMAPPED]));
        assert_eq!(of_namespace(&seen, &map, &Fact::Known(true), |all, map| list(all, map)), seen);
    }

    #[test]
    fn a_namespace_beside_the_readers_is_not_translated() {
        let map = Fact::Known("0 4294967295 1".to_owned());
        let seen = Fact::Known(vec![65_534]);

        let inside = of_namespace(&seen, &map, &Fact::Known(false), |all, map| list(all, map));
        assert_eq!(inside.known(), None);
        let unknown = Fact::Unreadable("EACCES".to_owned());
        assert_eq!(of_namespace(&seen, &map, &unknown, |all, map| list(all, map)).known(), None);
    }

    #[test]
    fn maps_show_another_namespace_where_the_inode_is_hidden() {
        let hidden = Fact::Unreadable("EACCES".to_owned());
        let own = Fact::Known(INITIAL.to_owned());
        let callers = host::process();
        let same = [callers.uid_map.clone(), callers.gid_map.clone()];
        let other = [callers.uid_map.clone(), Fact::Known("0 7 3".to_owned())];

        assert_eq!(is_callers(&hidden, &own, &same), Fact::Unreadable("EACCES".to_owned()));
        assert_eq!(is_callers(&hidden, &own, &other), Fact::Known(false));
        assert_eq!(is_callers(&own, &own, &other), Fact::Known(true));
        assert_eq!(is_initial(&hidden, &own, &Fact::Known(false)), Fact::Known(false));
        assert_eq!(is_initial(&hidden, &own, &hidden.map(|_| false)).known(), None);
    }

    #[test]
    fn a_missing_process_is_an_error() {
        assert!(look(i32::MAX).is_err_and(|error| error.contains("there is no process 2147483647")));
    }
}
