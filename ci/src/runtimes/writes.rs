//! The writes to uid_map, gid_map and setgroups in a trace, and what the model says of each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use harness::action::{Action, IdFile, Text};
use harness::actors::{Actor, RunAs};
use harness::here;
use harness::model::World;
use harness::outcome::Outcome;
use harness::scenario::Scenario;

use crate::field::trace::{Answer, Call, PROCESSES, Trace, quoted};
use crate::runtimes::rows::{Row, User};

/// Programs that write with more than the privilege of their caller.
const PRIVILEGED: [&str; 2] = ["newuidmap", "newgidmap"];
/// The group that the user has besides its own.
const EXTRA: &[u32] = &[61_235];

/// What strace is asked for.
pub fn traced() -> String {
    format!("write,pwrite64,{PROCESSES}")
}

/// A write to one of the three files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The process whose file it is, by its id in /proc.
    pub of: i32,
    /// The actor that the writer is in a scenario.
    pub by: Actor,
    /// The writer's program; "self" if the process writes its own file.
    pub program: String,
    /// The file.
    pub file: IdFile,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The errno by its name, if it failed.
    pub errno: Option<String>,
}

impl Write {
    /// The write as snapshots show it.
    pub fn shown(&self, number: usize) -> String {
        let errno = self.errno.as_ref().map_or_else(String::new, |errno| format!(" {errno}"));
        let text = self.bytes.escape_ascii();
        format!("{number} {}: {} <- \"{text}\"{errno}", self.program, self.file.name())
    }
}

/// The writes of a trace, in their order.
pub fn writes(trace: &Trace, row: &Row) -> Vec<Write> {
    let mut programs: BTreeMap<i32, String> = BTreeMap::new();
    let mut writes = Vec::new();
    for (number, call) in trace.calls.iter().enumerate() {
        let process = trace.process(call.thread);
        if !programs.contains_key(&process) {
            let parent = trace.beginnings.get(&process).filter(|it| it.by < number).map(|it| it.parent);
            let inherited = parent.and_then(|parent| programs.get(&trace.process(parent)).cloned());
            programs.insert(process, inherited.unwrap_or_default());
        }
        if call.name == "execve" && call.answer == Answer::Value(0) {
            programs.insert(process, program(&call.arguments));
        }
        let name = programs.get(&process).cloned().unwrap_or_default();
        writes.extend(write(call, process, &name, row));
    }
    writes
}

/// The name of the executed file; of one that has no name, such as a copy in memory, what it calls itself.
fn program(arguments: &str) -> String {
    let mut texts = arguments.split('"').skip(1).step_by(2);
    let (path, itself) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    let named = if path.starts_with("/proc/") { itself } else { path };
    Path::new(named).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The write, if the call is one to such a file: `write(5</proc/123/uid_map>, "0 0 1", 5)`.
fn write(call: &Call, writer: i32, program: &str, row: &Row) -> Option<Write> {
    if !["write", "pwrite64"].contains(&call.name.as_str()) {
        return None;
    }
    let (path, rest) = call.arguments.split_once('<')?.1.split_once(">, ")?;
    // A /proc that is not mounted anywhere has no name before the process.
    let (of, file) = path.rsplit_once('/')?;
    let of = of.rsplit('/').next()?;
    let file = match file {
        "uid_map" => IdFile::UidMap,
        "gid_map" => IdFile::GidMap,
        "setgroups" => IdFile::Setgroups,
        _ => return None,
    };
    let of = of.parse().ok()?;
    let privileged = PRIVILEGED.contains(&program) || row.privileged.iter().any(|name| name == program);
    let by = match (of == writer, privileged) {
        (true, _) => Actor::Inside,
        (false, true) => Actor::Privileged,
        (false, false) => Actor::Outside,
    };
    let errno = match &call.answer {
        Answer::Failed(errno) => Some(errno.clone()),
        Answer::Value(_) => None,
        Answer::Never => return None,
    };
    let program = if by == Actor::Inside { "self" } else { program }.to_owned();
    Some(Write { of, by, program, file, bytes: quoted(rest)?, errno })
}

/// The number of the process that each write is about, from 1, in the order of the first writes.
pub fn numbered(writes: &[Write]) -> Vec<usize> {
    let mut seen: Vec<i32> = Vec::new();
    let number = |write: &Write| match seen.iter().position(|of| *of == write.of) {
        Some(at) => at + 1,
        None => {
            seen.push(write.of);
            seen.len()
        }
    };
    writes.iter().map(number).collect()
}

/// Each write that the kernel answered differently from the model, with the answer of the model.
///
/// `Privileged` is root outside, `Outside` who runs the runtime, `Inside` the process whose files they are.
pub fn against_model(writes: &[Write], user: User) -> Vec<(Write, String)> {
    let mut differences = Vec::new();
    let mut processes: Vec<i32> = writes.iter().map(|write| write.of).collect();
    processes.dedup();
    for of in processes {
        let of_process: Vec<&Write> = writes.iter().filter(|write| write.of == of).collect();
        for (write, model) in of_process.iter().zip(answers(&of_process, user)) {
            if let Some(model) = model.filter(|model| *model != write.errno) {
                differences.push(((*write).clone(), model.unwrap_or_else(|| "success".to_owned())));
            }
        }
    }
    differences
}

/// The model's answer to each of these writes: the errno, if it fails; `None` if it is not known.
fn answers(writes: &[&Write], user: User) -> Vec<Option<Option<String>>> {
    let run_as = match user {
        User::Root => RunAs::Root,
        User::Subordinate | User::Ordinary => RunAs::OrdinaryInGroups(Cow::Borrowed(EXTRA)),
    };
    let mut scenario = Scenario::new(run_as.clone()).by(Actor::Inside, &[]);
    for write in writes {
        let of = (write.by != Actor::Inside).then_some(Actor::Inside);
        let text = Text::Bytes(Cow::Owned(write.bytes.clone()));
        scenario = scenario.by(write.by, &[Action::Write { file: write.file, of, text }]);
    }
    let mut model = World::new(&run_as, here::start());
    let mut answers = Vec::new();
    for step in &scenario.steps {
        let expected = model.expect(step);
        if matches!(step.action, Action::Write { .. }) {
            answers.push(expected.outcome.map(|outcome| match outcome {
                Outcome::Failed { errno, .. } => Some(format!("{errno:?}")),
                _ => None,
            }));
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
10 execve(\"/usr/bin/podman\", [\"podman\"], 0x1 /* 3 vars */) = 0
10 clone(child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD) = 11
10 write(3</proc/11/uid_map>, \"0 100000 65536\\n\", 15) = -1 EPERM (Operation not permitted)
10 vfork() = 12
12 execve(\"/usr/bin/newuidmap\", [\"newuidmap\"], 0x1 /* 3 vars */) = 0
12 write(4</proc/11/uid_map>, \"0 100000 65536\\n\", 15) = 15
10 write(1</dev/null>, \"x\", 1) = 1
11 write(5</proc/11/setgroups>, \"deny\", 4) = 4
";

    fn row() -> Row {
        let text = "name = \"x\"\npackage = \"x\"\nuser = \"subordinate\"\nrun = \"probe\"\n";
        toml::from_str(text).expect("it is a row")
    }

    #[test]
    fn the_writer_is_the_program_that_writes() -> Result<(), String> {
        let writes = writes(&Trace::read(TRACE)?, &row());

        let shown: Vec<String> =
            writes.iter().zip(numbered(&writes)).map(|(write, number)| write.shown(number)).collect();
        let expected = [
            "1 podman: uid_map <- \"0 100000 65536\\n\" EPERM",
            "1 newuidmap: uid_map <- \"0 100000 65536\\n\"",
            "1 self: setgroups <- \"deny\"",
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            writes.iter().map(|it| it.by).collect::<Vec<_>>(),
            [Actor::Outside, Actor::Privileged, Actor::Inside]
        );
        Ok(())
    }

    /// The model answers for the caller, and the commands that ask it are for root.
    #[test]
    fn a_kernel_that_answers_differently_from_the_model_is_found() -> Result<(), String> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(());
        }
        let mut writes = writes(&Trace::read(TRACE)?, &row());
        assert_eq!(against_model(&writes, User::Subordinate), []);

        writes[0].errno = None;
        let found = against_model(&writes[..1], User::Subordinate);
        assert_eq!(found, [(writes[0].clone(), "EPERM".to_owned())]);
        // Root may write this map.
        writes[0].errno = Some("EPERM".to_owned());
        let found = against_model(&writes[..1], User::Root);
        assert_eq!(found, [(writes[0].clone(), "success".to_owned())]);
        Ok(())
    }
}
