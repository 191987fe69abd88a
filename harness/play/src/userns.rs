//! Runs a real program in a user namespace with chosen maps, setgroups state, ids and groups: for tests of container
//! runtimes and of other programs that start processes in user namespaces.

mod container;
mod plan;

use crate::director::{LIMIT, play_program};
use crate::error::Error;
use harness_scenario::action::IdFile;
use harness_scenario::caps::Cap;
use harness_scenario::outcome::{Ended, Outcome, Status};
use harness_scenario::show;
use harness_scenario::trace::Trace;
use nix::errno::Errno;
use plan::Plan;
use std::fmt;
use std::time::Duration;

pub use container::Container;

/// The process that writes the maps and the setgroups file of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writer {
    /// A process in the parent namespace, as in container runtimes. With privilege there, it may map any ids.
    #[default]
    Parent,
    /// The process in the namespace itself, as in `unshare --map-root-user`.
    Inside,
    /// newuidmap(1) and newgidmap(1), as in rootless container runtimes. The caller may map its own id and the ranges that
    /// `/etc/subuid` and `/etc/subgid` give it. A word for setgroups is written by a process in the parent namespace.
    Newidmap,
}

/// A user namespace to create, and a program to run in it.
///
/// What you do not set stays unchanged. Without maps, the namespace has none and all ids read as overflow ids.
/// Without `setgroups`, the file has the word of the parent namespace. Without ids, the process keeps its ids.
///
/// ```
/// use harness_play::userns::{Userns, Writer};
///
/// // An ordinary user becomes root in a namespace of one id, for which setgroups(2) is given up.
/// let ended = Userns::new()
///     .setgroups("deny")
///     .uid_map("0 own 1")
///     .gid_map("0 own 1")
///     .written_by(Writer::Inside)
///     .run(&["sh", "-c", "id -u; cat /proc/self/setgroups"])?;
///
/// assert_eq!(ended.stdout, "0\ndeny\n");
/// # Ok::<(), harness_play::userns::Refused>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Userns {
    writes: Vec<(IdFile, String)>,
    writer: Writer,
    uid: Option<u32>,
    gid: Option<u32>,
    groups: Option<Vec<u32>>,
    capabilities: Option<Vec<Cap>>,
    rlimits: Vec<(String, [u64; 2])>,
    sysctls: Vec<(String, String)>,
    inner: Option<Box<Userns>>,
    limit: Option<Duration>,
}

/// The reason why a program was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The kernel refused a step before the program.
    Step {
        /// The description of the step.
        step: String,
        /// The call within the step, if it is not the one that gives the step its name.
        call: &'static str,
        /// With which errno.
        errno: Errno,
    },
    /// newuidmap(1) or newgidmap(1) failed.
    Program {
        /// Its command line, without the process id.
        program: String,
        /// How it ended, and what it printed.
        ended: Ended,
    },
    /// The harness failed: no such program, no namespace, no answer in time, a wrong description of the namespace.
    Harness(Error),
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { step, call: "", errno } => write!(f, "{step}: {errno}"),
            Self::Step { step, call, errno } => write!(f, "{step}: {call}: {errno}"),
            Self::Program { program, ended } => {
                write!(f, "{program}: {}: {}", ended.status, ended.stderr.trim_end())
            }
            Self::Harness(error) => error.fmt(f),
        }
    }
}

impl Userns {
    /// A namespace without maps. A program in it keeps the caller's credentials.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes "allow" or "deny" (or any other text) to /proc/PID/setgroups. The writes happen in the order of these
    /// calls.
    #[must_use]
    pub fn setgroups(self, word: &str) -> Self {
        self.write(IdFile::Setgroups, word)
    }

    /// Writes to /proc/PID/uid_map: lines of inside id, outside id and count. The word `own` stands
    /// for the caller's effective uid.
    #[must_use]
    pub fn uid_map(self, lines: &str) -> Self {
        self.write(IdFile::UidMap, lines)
    }

    /// Writes to /proc/PID/gid_map; `own` stands for the caller's effective gid.
    #[must_use]
    pub fn gid_map(self, lines: &str) -> Self {
        self.write(IdFile::GidMap, lines)
    }

    fn write(mut self, file: IdFile, words: &str) -> Self {
        self.writes.push((file, words.to_owned()));
        self
    }

    /// The process that makes these writes. The default is the parent.
    #[must_use]
    pub fn written_by(self, writer: Writer) -> Self {
        Self { writer, ..self }
    }

    /// The real, effective and saved uid of the program, as seen in the namespace.
    #[must_use]
    pub fn uid(self, uid: u32) -> Self {
        Self { uid: Some(uid), ..self }
    }

    /// The real, effective and saved gid of the program, as seen in the namespace.
    #[must_use]
    pub fn gid(self, gid: u32) -> Self {
        Self { gid: Some(gid), ..self }
    }

    /// The supplementary groups of the program, as seen in the namespace.
    #[must_use]
    pub fn groups(self, groups: &[u32]) -> Self {
        Self { groups: Some(groups.to_vec()), ..self }
    }

    /// The capabilities of the program, in the namespace. The program has these in its effective, permitted, inheritable
    /// and bounding sets, whatever its uid is, and no others. By default the rules of execve(2) decide: uid 0 of the
    /// namespace has all of them, and any other uid none.
    ///
    /// Source: capabilities(7), "Transformation of capabilities during execve()".
    #[must_use]
    pub fn capabilities(self, capabilities: &[Cap]) -> Self {
        Self { capabilities: Some(capabilities.to_vec()), ..self }
    }

    /// A resource limit of the program, by its name without `RLIMIT_`, such as "NOFILE", in the units of setrlimit(2).
    /// [`u64::MAX`] is no limit. A hard limit can only be lowered.
    #[must_use]
    pub fn rlimit(mut self, name: &str, soft: u64, hard: u64) -> Self {
        self.rlimits.push((name.to_owned(), [soft, hard]));
        self
    }

    /// Writes a sysctl of the new namespace, such as "user.max_net_namespaces". Only those below `user.` belong to a user
    /// namespace.
    ///
    /// Source: namespaces(7), "The /proc/sys/user directory".
    #[must_use]
    pub fn sysctl(mut self, name: &str, value: &str) -> Self {
        self.sysctls.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the program in `inner`, a namespace below this one. The process with this namespace's ids and capabilities
    /// creates it, and writes its maps where `inner` is [written by](Writer) the parent. There are at most three levels.
    #[must_use]
    pub fn nested(self, inner: Userns) -> Self {
        Self { inner: Some(Box::new(inner)), ..self }
    }

    /// The time limit of the program. Then it is killed. The default is ten seconds.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Creates the namespace and runs the program in it to its end. The program is searched in /usr/local/sbin and
    /// the other standard directories, unless its name has a slash. Its standard input is empty.
    ///
    /// # Errors
    /// If the kernel refuses any step before the program, or the harness fails. A program that fails is not an error:
    /// see [`Ended::status`].
    pub fn run(&self, words: &[&str]) -> Result<Ended, Refused> {
        let plan = Plan::of(self, words).map_err(|what| Refused::Harness(Error::InvalidScenario(what)))?;
        let trace = play_program(&plan.scenario, self.limit.unwrap_or(LIMIT)).map_err(Refused::Harness)?;
        ended(&plan, &trace)
    }
}

/// The end of the last step's program, unless a step before it failed.
fn ended(plan: &Plan, trace: &Trace) -> Result<Ended, Refused> {
    for (index, (step, outcome)) in trace.steps().enumerate() {
        let label = plan.labels.get(&index).cloned();
        match outcome {
            Outcome::Failed { call, errno } => {
                let step = label.unwrap_or_else(|| show::action(step.actor, &step.action));
                return Err(Refused::Step { step, call, errno: *errno });
            }
            Outcome::Program(ended) if index + 1 == plan.scenario.steps.len() => return Ok(ended.clone()),
            Outcome::Program(ended) if ended.status != Status::Exited(0) => {
                let program = label.unwrap_or_else(|| show::action(step.actor, &step.action));
                return Err(Refused::Program { program, ended: ended.clone() });
            }
            _ => {}
        }
    }
    Err(Refused::Harness(Error::InvalidScenario("no program was run".to_owned())))
}
