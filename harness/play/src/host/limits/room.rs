//! The room that resource limits leave: for the suite itself, and for the processes of a scenario.

use super::super::{Fact, Facts, PidsMax};
use super::{ENOUGH, Rlimit};
use harness_scenario::caps::Cap;

/// What every test needs at least, in the units of setrlimit(2). Of processes: a test and one actor. Of memory: as much
/// besides what the suite has at its start, since the rehearsals of all tests take half of it.
const LEAST: [(&str, u64); 6] = [
    ("NPROC", LEAST_PROCESSES),
    ("NOFILE", 14),
    ("AS", 112 << 20),
    ("DATA", 48 << 20),
    ("STACK", 256 << 10),
    ("CPU", 20),
];
const LEAST_PROCESSES: u64 = 4;

/// The processes of the tests with the most of them.
pub(super) const ENOUGH_PROCESSES: u64 = 64;

/// The memory that threads reserve: their stacks, and an arena of the allocator each.
///
/// Source: glibc, malloc/arena.c, HEAP_MAX_SIZE.
const THREADS: u64 = 256 << 20;

/// Whose processes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Those of the caller.
    Callers,
    /// Those of a user that root becomes, which has no other process.
    AnotherUser,
    /// Those of users in a namespace of the caller's, which count as the caller's in the namespace above.
    InNamespaces,
    /// Those of users in a namespace whose creator is another user by its real uid, and the caller by its effective one: the
    /// limit binds the namespace, and they count as the caller's in the one above.
    InNamespacesOfEffectiveRoot,
}

/// The most supplementary groups of the caller that an actor can report.
pub const MOST_GROUPS: usize = crate::wire::ROOM / 4;

impl Facts {
    /// Whether the caller is in more groups than an actor can report.
    pub fn has_too_many_groups(&self) -> bool {
        self.process.groups.known().is_some_and(|groups| groups.len() > MOST_GROUPS)
    }

    /// A limit by its name without RLIMIT_, such as "NPROC". `None` if there is no such limit.
    pub fn rlimit(&self, name: &str) -> Option<Rlimit> {
        self.limits.get(name).copied()
    }

    /// Why no test can run: the first resource limit that is smaller than what every test needs. `None` if all are
    /// large enough. Hard limits count, because the suite raises the soft ones; see [`super::raise_soft_limits`].
    pub fn too_small_limits(&self) -> Option<String> {
        let group = self.pids_max.known().filter(|limit| limit.room() < LEAST_PROCESSES);
        group
            .map(|limit| format!("{limit}; the test needs {LEAST_PROCESSES} processes besides"))
            .or_else(|| self.too_small_rlimit())
    }

    fn too_small_rlimit(&self) -> Option<String> {
        LEAST.iter().find_map(|(name, least)| {
            let limit = self.rlimit(name)?;
            let room = match *name {
                "NPROC" => self.processes(Counted::Callers)?,
                "AS" | "DATA" => limit.room()?,
                _ => limit.hard?,
            };
            (room < *least).then(|| limit.in_words(name, *least))
        })
    }

    /// Whether a limit is so low that some test may not run.
    pub fn has_low_limits(&self) -> bool {
        let is_low =
            |name: &str, enough: u64| self.rlimit(name).and_then(Rlimit::room).is_some_and(|it| it < enough);
        let processes = ENOUGH_PROCESSES * self.tests_at_a_time();
        ENOUGH.iter().any(|(name, enough)| is_low(name, *enough))
            || is_low("NPROC", processes)
            || self.pids_max.known().is_some_and(|limit| limit.room() < processes)
    }

    /// How many tests may run at a time: as many as there are processors. A test that has just ended may still have processes.
    pub fn tests_at_a_time(&self) -> u64 {
        self.process.processors.known().copied().unwrap_or(2).max(2)
    }

    /// Whether memory or processes are so limited that the suite has to run its tests in one thread.
    pub fn has_no_room_for_threads(&self) -> bool {
        let processes = ENOUGH_PROCESSES * self.tests_at_a_time();
        let few = |room: Option<u64>| room.is_some_and(|room| room < processes);
        if few(self.processes(Counted::Callers)) || few(self.pids_max.known().map(PidsMax::room)) {
            return true;
        }
        let small = |name| self.rlimit(name).and_then(Rlimit::room).is_some_and(|room| room < THREADS);
        small("AS") || small("DATA")
    }

    /// How many more processes there may be. `None` if there is no limit, or if it does not bind them. Hard limits count,
    /// because the suite raises the soft ones.
    ///
    /// Source: getrlimit(2); kernel copy_process() for whom RLIMIT_NPROC does not bind; is_rlimit_overlimit(), which
    /// counts a process of a namespace for the creator of that namespace as well; enforced_nproc_rlimit(), which leaves root
    /// of the initial namespace out. Before 5.14 a user's processes were counted together, in whatever namespace.
    pub fn processes(&self, counted: Counted) -> Option<u64> {
        let limit = self.rlimit("NPROC")?;
        match counted {
            Counted::Callers if self.is_exempt_from_nproc() => None,
            Counted::AnotherUser => limit.hard,
            // A namespace that root of the initial one creates has no limit, and each of its users has the whole one.
            Counted::InNamespaces if self.is_initial_root() => limit.hard,
            Counted::Callers | Counted::InNamespaces | Counted::InNamespacesOfEffectiveRoot => limit.room(),
        }
    }

    /// Root of the initial namespace by its real uid, and processes with one of two capabilities there, have as many
    /// processes as they want.
    fn is_exempt_from_nproc(&self) -> bool {
        let process = &self.process;
        let is_capable = process.has(Cap::SysResource) || process.has(Cap::SysAdmin);
        self.is_initial_root() || process.in_initial_userns == Fact::Known(true) && is_capable
    }

    /// Root of the initial namespace, by its real uid.
    fn is_initial_root(&self) -> bool {
        let process = &self.process;
        let is_root = process.uids.known().is_some_and(|uids| uids.real == 0);
        is_root && process.in_initial_userns == Fact::Known(true)
    }
}

impl Rlimit {
    /// Why this limit, by its name without RLIMIT_, leaves too little room for so much more.
    pub fn in_words(self, name: &str, needed: u64) -> String {
        let hard = self.hard.unwrap_or(u64::MAX);
        match self.used.filter(|_| name != "NOFILE") {
            Some(used) if name == "NPROC" => {
                format!(
                    "RLIMIT_NPROC is {hard}, of which the user has {used}; the test needs {needed} processes besides"
                )
            }
            Some(used) => {
                format!("RLIMIT_{name} is {hard}, of which {used} are used; the test needs {needed} besides")
            }
            None => format!("RLIMIT_{name} is {hard}; the test needs {needed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// An ordinary user with this limit, of which nothing else is small.
    fn host(name: &'static str, limit: Rlimit) -> Facts {
        let mut facts = Facts::gather(crate::lookups());
        facts.limits = BTreeMap::from([(name, limit)]);
        facts.pids_max = Fact::Absent;
        facts.process.processors = Fact::Known(2);
        facts.process.uids = Fact::Known(harness_scenario::ids::Ids {
            real: 1000,
            effective: 1000,
            saved: 1000,
            fs: harness_scenario::ids::FsId::Known(1000),
        });
        facts.process.capabilities = Fact::Known(harness_scenario::ids::CapSets::default());
        facts
    }

    #[test]
    fn a_limit_that_no_test_can_do_with_is_named() {
        let small = |hard, used| Rlimit { soft: Some(hard), hard: Some(hard), used };

        for (name, limit, reason) in [
            (
                "NPROC",
                small(12, Some(9)),
                Some("RLIMIT_NPROC is 12, of which the user has 9; the test needs 4 processes besides"),
            ),
            ("NPROC", small(13, Some(9)), None),
            ("NOFILE", small(13, None), Some("RLIMIT_NOFILE is 13; the test needs 14")),
            ("AS", small(1 << 20, None), Some("RLIMIT_AS is 1048576; the test needs 117440512")),
            ("CORE", small(0, None), None),
            ("CPU", Rlimit { soft: Some(1), hard: None, used: None }, None),
        ] {
            assert_eq!(host(name, limit).too_small_limits().as_deref(), reason, "{name} {limit:?}");
        }
    }

    #[test]
    fn a_control_group_that_no_test_can_do_with_is_named() {
        let mut facts = host("CORE", Rlimit { soft: None, hard: None, used: None });
        facts.pids_max = Fact::Known(PidsMax { cgroup: "/pod".into(), most: 9, used: 6 });

        let reason = "pids.max of /pod is 9, of which 6 are used; the test needs 4 processes besides";
        assert_eq!(facts.too_small_limits().as_deref(), Some(reason));
        assert!(facts.has_low_limits() && facts.has_no_room_for_threads());
        facts.pids_max = Fact::Known(PidsMax { cgroup: "/pod".into(), most: 1000, used: 6 });
        assert_eq!((facts.too_small_limits(), facts.has_low_limits()), (None, false));
    }

    /// Root of the initial namespace is not bound, but its users are, in its namespaces and outside.
    #[test]
    fn the_limit_of_processes_does_not_bind_root() {
        let limit = Rlimit { soft: Some(200), hard: Some(200), used: Some(190) };
        let mut facts = host("NPROC", limit);
        assert_eq!(facts.processes(Counted::Callers), Some(10));

        facts.process.in_initial_userns = Fact::Known(true);
        facts.process.uids = facts.process.uids.map(|ids| harness_scenario::ids::Ids { real: 0, ..*ids });
        assert_eq!(facts.processes(Counted::Callers), None);
        assert_eq!(facts.processes(Counted::AnotherUser), Some(200));
        assert_eq!(facts.processes(Counted::InNamespaces), Some(200));
        assert_eq!(facts.processes(Counted::InNamespacesOfEffectiveRoot), Some(10));
        facts.process.in_initial_userns = Fact::Known(false);
        assert_eq!(facts.processes(Counted::Callers), Some(10));
    }

    #[test]
    fn little_memory_has_no_room_for_threads() {
        let limit = |hard| Rlimit { soft: None, hard, used: Some(50 << 20) };

        assert!(host("AS", limit(Some(200 << 20))).has_no_room_for_threads());
        assert!(!host("AS", limit(Some(400 << 20))).has_no_room_for_threads());
        assert!(!host("AS", limit(None)).has_no_room_for_threads());
    }
}
