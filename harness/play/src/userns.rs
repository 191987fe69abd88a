//! Runs a real program in a user namespace with chosen maps, setgroups state, ids and groups: for tests of container
//! runtimes and of other programs that start processes in user namespaces.

use crate::director::{LIMIT, play_program};
use crate::error::Error;
use harness_scenario::action::{Action, Groups, Id, IdFile, SetId, Text, Via};
use harness_scenario::actors::Actor;
use harness_scenario::outcome::{Ended, Outcome};
use harness_scenario::scenario::caller;
use harness_scenario::show;
use harness_scenario::trace::Trace;
use nix::errno::Errno;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The process that writes the maps and the setgroups file of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writer {
    /// A process in the parent namespace, as in container runtimes. With privilege there, it may map any ids.
    #[default]
    Parent,
    /// The process in the namespace itself, as in `unshare --map-root-user`.
    Inside,
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
    /// The harness failed: no such program, no namespace, no answer in time.
    Harness(Error),
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { step, call: "", errno } => write!(f, "{step}: {errno}"),
            Self::Step { step, call, errno } => write!(f, "{step}: {call}: {errno}"),
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
        let writer = match self.writer {
            Writer::Parent => Actor::Outside,
            Writer::Inside => Actor::Inside,
        };
        let program = Action::Run(words.iter().map(|word| Cow::Owned((*word).to_owned())).collect());
        let scenario = caller().outside(&[]).inside(&[]).by(writer, &self.write_actions());
        let scenario = scenario.inside(&self.id_actions()).inside(&[program]);
        let trace = play_program(&scenario, self.limit.unwrap_or(LIMIT)).map_err(Refused::Harness)?;
        ended(&trace)
    }

    fn write_actions(&self) -> Vec<Action> {
        let write = |(file, words): &(IdFile, String)| Action::Write {
            file: *file,
            of: None,
            text: Text::Words(Cow::Owned(words.clone())),
        };
        self.writes.iter().map(write).collect()
    }

    /// The groups first and the uid last, because a uid other than 0 may not set the others.
    fn id_actions(&self) -> Vec<Action> {
        let groups = self.groups.clone().map(|list| Action::Setgroups(Groups::List(list.into()), Via::Raw));
        let gid = self.gid.map(|id| Action::SetId(SetId::Setresgid, [Id::Of(id); 3], Via::Raw));
        let uid = self.uid.map(|id| Action::SetId(SetId::Setresuid, [Id::Of(id); 3], Via::Raw));
        groups.into_iter().chain(gid).chain(uid).collect()
    }
}

/// The end of the last step's program, unless a step failed.
fn ended(trace: &Trace) -> Result<Ended, Refused> {
    for (step, outcome) in trace.steps() {
        match outcome {
            Outcome::Failed { call, errno } => {
                let step = show::action(step.actor, &step.action);
                return Err(Refused::Step { step, call, errno: *errno });
            }
            Outcome::Program(ended) => return Ok(ended.clone()),
            _ => {}
        }
    }
    Err(Refused::Harness(Error::InvalidScenario("no program was run".to_owned())))
}
