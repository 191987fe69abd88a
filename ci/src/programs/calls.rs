//! From the trace of a run to the calls of each process that set ids and groups.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::field::model::{CALLS, SetCall};
use crate::field::trace::{Answer, Call, PROCESSES, Trace};
use crate::programs::names::Names;

/// The file by which the row's commands are executed.
const BEGIN: &str = "/usr/local/bin/begin";
/// Calls after which the model does not know what a process may do.
const UNKNOWN: [&str; 2] = ["capset", "prctl"];
/// The operations of prctl(2) that decide what a change of the uid does to capabilities.
const OPERATIONS: [&str; 2] = ["PR_SET_KEEPCAPS, 1", "PR_SET_SECUREBITS"];

/// What strace is asked for.
pub fn traced() -> String {
    format!("{},{},{PROCESSES}", CALLS.join(","), UNKNOWN.join(","))
}

/// The calls of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// The name of the program that made the first of them.
    pub program: String,
    /// Its calls, from where it began.
    pub own: Vec<SetCall>,
    /// The calls of its parents before it began, and then its own, with those that are unknown to the model.
    pub whole: Vec<SetCall>,
}

/// The processes that set ids or groups, in the order of their first such call; those with the same calls once.
///
/// # Errors
/// When the trace does not show the row's commands.
pub fn sequences(trace: &Trace) -> Result<Vec<Sequence>, String> {
    let from = trace.executes(BEGIN).ok_or("the trace does not show the command: it was not started")?;
    let mut all: BTreeMap<i32, Running> = BTreeMap::new();
    let mut order = Vec::new();
    for (number, call) in trace.calls.iter().enumerate().skip(from) {
        let id = trace.process(call.thread);
        if !all.contains_key(&id) {
            let running = Running::of(trace, id, &all);
            all.insert(id, running);
        }
        let Some(running) = all.get_mut(&id) else { continue };
        let is_first = running.own.is_empty();
        running.take(number, call);
        if is_first && !running.own.is_empty() {
            order.push(id);
        }
    }
    let mut sequences: Vec<Sequence> = Vec::new();
    for id in order {
        let Some(running) = all.remove(&id) else { continue };
        let whole = running.whole.into_iter().map(|(_, call)| call).collect();
        let sequence = Sequence { program: running.program, own: running.own, whole };
        if !sequences.contains(&sequence) {
            sequences.push(sequence);
        }
    }
    Ok(sequences)
}

/// A process while its calls are read.
#[derive(Debug, Default)]
struct Running {
    /// The program that it is now, until the first call; then the one that made it.
    program: String,
    own: Vec<SetCall>,
    /// Each with its number in the trace.
    whole: Vec<(usize, SetCall)>,
}

impl Running {
    /// A process at its beginning: it has what its parent had then.
    fn of(trace: &Trace, id: i32, all: &BTreeMap<i32, Self>) -> Self {
        let Some(beginning) = trace.beginnings.get(&id) else { return Self::default() };
        let Some(parent) = all.get(&trace.process(beginning.parent)) else { return Self::default() };
        let before = parent.whole.iter().filter(|(number, _)| *number < beginning.by);
        Self { program: parent.program.clone(), own: Vec::new(), whole: before.cloned().collect() }
    }

    fn take(&mut self, number: usize, call: &Call) {
        if call.name == "execve" && matches!(call.answer, Answer::Value(0)) {
            if self.own.is_empty() {
                self.program = program(&call.arguments);
            }
            // By this a user that is not root loses its capabilities, unless the file has some.
            if self.whole.iter().any(|(_, call)| call.errno.is_none()) {
                self.whole.push((number, unknown("execve")));
            }
            return;
        }
        if UNKNOWN.contains(&call.name.as_str()) {
            let decides = call.name == "capset" || OPERATIONS.iter().any(|it| call.arguments.starts_with(it));
            if decides {
                self.whole.push((number, unknown(&call.name)));
            }
            return;
        }
        let Some(set) = set_call(call) else { return };
        // The threads of a process make the same call, one after the other: credentials belong to threads.
        if self.own.last() != Some(&set) {
            self.own.push(set.clone());
            self.whole.push((number, set));
        }
    }
}

fn unknown(name: &str) -> SetCall {
    SetCall { name: name.to_owned(), ids: Vec::new(), errno: None }
}

/// The name of the executed file in the arguments of execve(2).
fn program(arguments: &str) -> String {
    let path = arguments.trim_start_matches('"').split('"').next().unwrap_or_default();
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path == BEGIN { "sh".to_owned() } else { name }
}

/// The call, if it is one that sets ids or groups and its arguments are all shown.
fn set_call(call: &Call) -> Option<SetCall> {
    CALLS.contains(&call.name.as_str()).then_some(())?;
    let errno = match &call.answer {
        Answer::Failed(errno) => Some(errno.clone()),
        Answer::Value(_) => None,
        Answer::Never => return None,
    };
    let ids = match call.name.as_str() {
        "setgroups" => list(call.arguments.split_once(", ")?.1)?,
        _ => call.arguments.split(", ").map(id).collect::<Option<_>>()?,
    };
    Some(SetCall { name: call.name.clone(), ids, errno })
}

fn id(text: &str) -> Option<u32> {
    if text == "-1" { Some(u32::MAX) } else { text.parse().ok() }
}

fn list(text: &str) -> Option<Vec<u32>> {
    if text == "NULL" {
        return Some(Vec::new());
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(", ").filter(|text| !text.is_empty()).map(id).collect()
}

/// A call as snapshots and pages show it: `setgroups([1]) EPERM`.
pub fn shown(call: &SetCall, names: &Names) -> String {
    let of_user = call.name.ends_with("uid");
    let id = |id: &u32| match *id {
        u32::MAX => "-1".to_owned(),
        id if of_user => names.user(id),
        id => names.group(id),
    };
    let ids = call.ids.iter().map(id).collect::<Vec<_>>().join(", ");
    let ids = if call.name == "setgroups" { format!("[{ids}]") } else { ids };
    let errno = call.errno.as_ref().map_or_else(String::new, |errno| format!(" {errno}"));
    format!("{}({ids}){errno}", call.name)
}

/// The threads of a trace that belong to the row's commands.
pub fn threads(trace: &Trace) -> BTreeSet<i32> {
    trace.calls.iter().map(|call| call.thread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
20001 setgroups(3, [0, 27, 1000])       = 0
20001 execve(\"/usr/local/bin/begin\", [\"begin\", \"/run/field/run\"], 0x7ffe /* 5 vars */) = 0
20001 vfork( <unfinished ...>
20002 execve(\"/usr/bin/sudo\", [\"sudo\"], 0x7ffe /* 5 vars */ <unfinished ...>
20001 <... vfork resumed>) = 20002
20002 <... execve resumed>) = 0
20002 setresuid(-1, 1, -1)              = 0
20002 clone(child_stack=NULL, flags=SIGCHLD) = 20003
20003 setgroups(1, [1])                 = -1 EPERM (Operation not permitted)
20002 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 20004
20002 prctl(PR_SET_NAME, \"x\") = 0
20002 setgid(1) = 0
20004 setgid(1) = 0
20002 prctl(PR_SET_KEEPCAPS, 1) = 0
20002 setuid(0) = 0
";

    fn words(calls: &[SetCall]) -> Vec<String> {
        calls.iter().map(|call| shown(call, &Names::default())).collect()
    }

    #[test]
    fn each_process_has_its_own_calls_and_those_before_it_began() -> Result<(), String> {
        let all = sequences(&Trace::read(TRACE)?)?;

        assert_eq!(all.len(), 2);
        assert_eq!(all[0].program, "sudo");
        assert_eq!(words(&all[0].own), ["setresuid(-1, 1, -1)", "setgid(1)", "setuid(0)"]);
        // What was called before the row's command belongs to the place. The model does not know KEEPCAPS here.
        assert_eq!(words(&all[0].whole), ["setresuid(-1, 1, -1)", "setgid(1)", "prctl()", "setuid(0)"]);
        assert_eq!(words(&all[1].own), ["setgroups([1]) EPERM"]);
        assert_eq!(words(&all[1].whole), ["setresuid(-1, 1, -1)", "setgroups([1]) EPERM"]);
        Ok(())
    }

    #[test]
    fn a_trace_without_the_command_is_an_error() {
        let refused = Trace::read("1 setgid(1) = 0").and_then(|trace| sequences(&trace)).err();

        assert!(refused.unwrap_or_default().contains("it was not started"));
    }
}
