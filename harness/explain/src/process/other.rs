//! A process by its id: what /proc shows of it, with ids as its own namespace maps them.

use std::fs;
use std::io;

use harness_play::here;
use harness_play::host::{self, Fact, Seccomp, errno_name};
use harness_scenario::action::IdFile;
use harness_scenario::ids::{FsId, Ids};
use harness_scenario::map::{self, IdMap};

use super::status::{self, Status};
use super::{Levels, Namespace, Process, UNMAPPED, levels, not_seen};

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
    let relation = Relation::of(&namespace);
    let uids = ids(&status.ids("Uid"), relation, &namespace.uid_map, IdFile::UidMap);
    let gids = ids(&status.ids("Gid"), relation, &namespace.gid_map, IdFile::GidMap);
    let groups = flat(
        status
            .groups()
            .map(|all| translated(all, relation, &namespace.gid_map, here::overflow(IdFile::GidMap))),
    );
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

/// Where the namespace of the reader is, as seen from that of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It is the same.
    Same,
    /// It is the initial namespace.
    Initial,
    /// It is another one above.
    Above,
    /// It is beside or below, so that it has no numbers for the ids of the process.
    Elsewhere,
    /// It is not known.
    Unknown,
}

impl Relation {
    /// Only namespaces below the caller's are reached by NS_GET_PARENT.
    fn of(namespace: &Namespace) -> Self {
        let caller_is_initial = host::process().in_initial_userns == Fact::Known(true);
        match (&namespace.is_callers, &namespace.levels) {
            (Fact::Known(true), _) => Self::Same,
            (Fact::Known(false), _) if caller_is_initial => Self::Initial,
            (Fact::Known(false), Levels::UpToCallers(1..)) => Self::Above,
            (Fact::Known(false), _) => Self::Elsewhere,
            _ => Self::Unknown,
        }
    }
}

/// Ids of the reader's namespace as ids of the process's own.
///
/// # Errors
/// Why they are not known.
fn translated(
    seen: &[u32],
    relation: Relation,
    map: &Fact<String>,
    overflow: u32,
) -> Result<Vec<u32>, String> {
    match relation {
        Relation::Same => return Ok(seen.to_vec()),
        Relation::Elsewhere => {
            return Err("the caller's namespace is not known to be above that of the process".to_owned());
        }
        Relation::Unknown => return Err("its user namespace is not known".to_owned()),
        Relation::Initial | Relation::Above => {}
    }
    let map = IdMap::parse(map.known().ok_or("its map is not known")?);
    if relation == Relation::Above && seen.contains(&overflow) && map.up(overflow).is_some() {
        return Err(format!(
            "{overflow} may be an id of the caller's namespace, or one without a mapping there"
        ));
    }
    Ok(seen.iter().map(|id| map.up(*id).unwrap_or(UNMAPPED)).collect())
}

fn ids(seen: &Fact<Ids>, relation: Relation, map: &Fact<String>, file: IdFile) -> Fact<Ids> {
    let four = |ids: &Ids| [ids.real, ids.effective, ids.saved, ids.fs.known().unwrap_or(ids.effective)];
    let all = seen.map(|seen| translated(&four(seen), relation, map, here::overflow(file)));
    flat(all).map(|all| Ids { real: all[0], effective: all[1], saved: all[2], fs: FsId::Known(all[3]) })
}

fn flat<T>(fact: Fact<Result<T, String>>) -> Fact<T> {
    match fact {
        Fact::Known(Ok(value)) => Fact::Known(value),
        Fact::Known(Err(why)) | Fact::Unreadable(why) => Fact::Unreadable(why),
        Fact::Absent => Fact::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERFLOW: u32 = 65_534;

    #[test]
    fn ids_are_those_of_the_namespace_of_the_process() {
        let map = Fact::Known("0 100000 65536".to_owned());
        let seen = [100_000, 100_027, 5, OVERFLOW];

        let inside = Ok(vec![0, 27, UNMAPPED, UNMAPPED]);
        assert_eq!(translated(&seen, Relation::Initial, &map, OVERFLOW), inside);
        assert_eq!(translated(&seen, Relation::Above, &map, OVERFLOW), inside);
        assert_eq!(translated(&seen, Relation::Same, &map, OVERFLOW), Ok(seen.to_vec()));
    }

    /// From a namespace beside, a map reads with lower ids that mean nothing to the reader.
    #[test]
    fn what_the_readers_namespace_cannot_name_is_not_known() {
        let map = Fact::Known("0 0 65536".to_owned());
        let missing = Fact::Unreadable("EACCES".to_owned());

        let beside = "the caller's namespace is not known to be above that of the process";
        let why =
            |id, relation, map| translated(&[id], relation, map, OVERFLOW).expect_err("it is not known");
        assert_eq!(why(0, Relation::Elsewhere, &map), beside);
        assert_eq!(why(0, Relation::Unknown, &map), "its user namespace is not known");
        assert_eq!(why(0, Relation::Initial, &missing), "its map is not known");
        // In the initial namespace the overflow id is an id like others.
        assert_eq!(translated(&[OVERFLOW], Relation::Initial, &map, OVERFLOW), Ok(vec![OVERFLOW]));
        let either =
            format!("{OVERFLOW} may be an id of the caller's namespace, or one without a mapping there");
        assert_eq!(why(OVERFLOW, Relation::Above, &map), either);
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
