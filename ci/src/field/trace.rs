//! What `strace -f -o FILE` writes: the system calls of some processes, in the order in which they were begun.

use std::collections::BTreeMap;

/// The calls by which processes come to be and become others.
pub const PROCESSES: &str = "clone,clone3,fork,vfork,execve";
/// The flag by which clone(2) makes a thread.
const THREAD: &str = "CLONE_THREAD";

/// What a system call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This value.
    Value(i64),
    /// This errno, by its name.
    Failed(String),
    /// Nothing: the process ended in it, or became another by it.
    Never,
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread that made it.
    pub thread: i32,
    /// The name of the call.
    pub name: String,
    /// The arguments, as strace prints them.
    pub arguments: String,
    /// What it returned.
    pub answer: Answer,
}

/// A process, or one of its further threads, from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The parent; for a thread the process that it belongs to.
    pub parent: i32,
    /// The number of the call by which it began.
    pub by: usize,
    /// Whether it is a thread of its parent.
    pub is_thread: bool,
}

/// The calls of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The calls, in the order in which they were begun.
    pub calls: Vec<Call>,
    /// The beginning of each thread, by its id, except for the first one.
    pub beginnings: BTreeMap<i32, Beginning>,
}

impl Trace {
    /// Reads the text of a trace. Lines that are no calls (signals, exits) are passed over.
    ///
    /// # Errors
    /// When a line cannot be read; the message holds it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut trace = Self::default();
        let mut unfinished: BTreeMap<i32, usize> = BTreeMap::new();
        for line in text.lines() {
            let fail = || format!("a line of the trace cannot be read: {line}");
            let (thread, rest) = line.split_once(' ').ok_or_else(fail)?;
            let (thread, rest) = (thread.parse().map_err(|_| fail())?, rest.trim_start());
            // A signal, an exit, or a call that was begun before strace knew the thread.
            if rest.starts_with(['+', '-', '?']) {
                continue;
            }
            if let Some(resumed) = rest.strip_prefix("<... ") {
                let Some(number) = unfinished.remove(&thread) else { continue };
                let (_, rest) = resumed.split_once(" resumed>").ok_or_else(fail)?;
                let (more, answer) = ended(rest).ok_or_else(fail)?;
                let call = &mut trace.calls[number];
                call.arguments.push_str(more);
                call.answer = answer;
                continue;
            }
            let (name, rest) = rest.split_once('(').ok_or_else(fail)?;
            // A thread that executes a program becomes the first thread of its process.
            let (rest, resumes) = match rest.rsplit_once(" <pid changed to ") {
                Some((before, id)) => (before, id.trim_end_matches(" ...>").parse().ok()),
                None => (rest, None),
            };
            if let Some(first) = resumes {
                unfinished.insert(first, trace.calls.len());
                let (name, arguments) = (name.to_owned(), rest.to_owned());
                trace.calls.push(Call { thread, name, arguments, answer: Answer::Never });
                continue;
            }
            let (arguments, answer) =
                match rest.strip_suffix(" <unfinished ...>").or(rest.strip_suffix(" <detached ...>")) {
                    Some(arguments) => {
                        unfinished.insert(thread, trace.calls.len());
                        (arguments, Answer::Never)
                    }
                    None => ended(rest).ok_or_else(fail)?,
                };
            let (name, arguments) = (name.to_owned(), arguments.to_owned());
            trace.calls.push(Call { thread, name, arguments, answer });
        }
        trace.find_beginnings();
        Ok(trace)
    }

    fn find_beginnings(&mut self) {
        for (by, call) in self.calls.iter().enumerate() {
            let makes = ["clone", "clone3", "fork", "vfork"].contains(&call.name.as_str());
            let Answer::Value(child) = call.answer else { continue };
            if let Some(child) = i32::try_from(child).ok().filter(|child| makes && *child > 0) {
                let is_thread = call.arguments.contains(THREAD);
                self.beginnings.insert(child, Beginning { parent: call.thread, by, is_thread });
            }
        }
    }

    /// The process that a thread belongs to.
    pub fn process(&self, thread: i32) -> i32 {
        match self.beginnings.get(&thread) {
            Some(beginning) if beginning.is_thread => self.process(beginning.parent),
            _ => thread,
        }
    }

    /// The number of the first call that executes this file.
    pub fn executes(&self, file: &str) -> Option<usize> {
        let quoted = format!("\"{file}\"");
        self.calls.iter().position(|call| call.name == "execve" && call.arguments.starts_with(&quoted))
    }
}

/// Arguments and answer in `ARGUMENTS) = ANSWER`.
fn ended(text: &str) -> Option<(&str, Answer)> {
    let at = text.rfind(" = ")?;
    let (arguments, answer) = (text[..at].trim_end().strip_suffix(')')?, text[at + 3..].trim());
    let mut words = answer.split_whitespace();
    let answer = match words.next()? {
        "-1" => Answer::Failed(words.next()?.to_owned()),
        "?" => Answer::Never,
        value => Answer::Value(number(value)?),
    };
    Some((arguments, answer))
}

fn number(text: &str) -> Option<i64> {
    // strace shows the path of a descriptor after it.
    let text = text.split('<').next()?;
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A text in double quotes as strace prints it, as bytes: `"deny\0"`. `None` if it is no such text or was cut short.
pub fn quoted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.strip_prefix('"')?.bytes().peekable();
    loop {
        match rest.next()? {
            b'"' => break,
            b'\\' => match rest.next()? {
                b'n' => bytes.push(b'\n'),
                b't' => bytes.push(b'\t'),
                b'r' => bytes.push(b'\r'),
                b'v' => bytes.push(0x0b),
                b'f' => bytes.push(0x0c),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(next) = rest.next_if(|next| (b'0'..=b'7').contains(next)) else { break };
                        value = value * 8 + u32::from(next - b'0');
                    }
                    bytes.push(u8::try_from(value).ok()?);
                }
                other => bytes.push(other),
            },
            byte => bytes.push(byte),
        }
    }
    (!rest.collect::<Vec<_>>().starts_with(b"...")).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
5 execve(\"/usr/local/bin/begin\", [\"begin\"], 0x7ffe /* 5 vars */) = 0
5 setgroups(1, [1])                 = -1 EPERM (Operation not permitted)
5 vfork( <unfinished ...>
6 setresuid(-1, 1, -1)              = 0
6 execve(\"/bin/x\", [\"x\", \" = 3\"], 0x7ffe /* 5 vars */ <unfinished ...>
5 <... vfork resumed>)              = 6
6 <... execve resumed>)             = 0
5 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} => {parent_tid=[7]}, 88) = 7
7 setuid(1 <unfinished ...>
5 --- SIGCHLD {si_signo=SIGCHLD} ---
7 <... setuid resumed>)             = ?
7 +++ exited with 0 +++
5 ???( <detached ...>
";

    #[test]
    fn calls_come_in_the_order_of_their_beginnings() -> Result<(), String> {
        let trace = Trace::read(TEXT)?;

        let calls: Vec<(i32, &str)> = trace.calls.iter().map(|it| (it.thread, it.name.as_str())).collect();
        let expected = [
            (5, "execve"),
            (5, "setgroups"),
            (5, "vfork"),
            (6, "setresuid"),
            (6, "execve"),
            (5, "clone3"),
            (7, "setuid"),
        ];
        assert_eq!(calls, expected);
        assert_eq!(trace.calls[1].answer, Answer::Failed("EPERM".to_owned()));
        assert_eq!((trace.calls[1].arguments.as_str(), &trace.calls[6].answer), ("1, [1]", &Answer::Never));
        assert_eq!((trace.executes("/usr/local/bin/begin"), trace.executes("/bin/begin")), (Some(0), None));
        Ok(())
    }

    #[test]
    fn a_thread_belongs_to_its_process_and_a_child_does_not() -> Result<(), String> {
        let trace = Trace::read(TEXT)?;

        assert_eq!([5, 6, 7].map(|thread| trace.process(thread)), [5, 6, 5]);
        assert_eq!(trace.beginnings[&6], Beginning { parent: 5, by: 2, is_thread: false });
        Ok(())
    }

    #[test]
    fn a_thread_that_executes_a_program_goes_on_as_the_first_one() -> Result<(), String> {
        let text = "8 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 9\n\
                    9 execve(\"/bin/x\", [\"x\"], 0x1 /* 3 vars */ <pid changed to 8 ...>\n\
                    8 +++ superseded by execve in pid 9 +++\n\
                    8 <... execve resumed>) = 0\n";

        let trace = Trace::read(text)?;
        assert_eq!((trace.calls[1].thread, &trace.calls[1].answer), (9, &Answer::Value(0)));
        assert_eq!((trace.process(9), trace.executes("/bin/x")), (8, Some(1)));
        Ok(())
    }

    #[test]
    fn a_line_that_is_no_call_is_named() {
        let refused = Trace::read("strace: cannot trace").err().unwrap_or_default();

        assert_eq!(refused, "a line of the trace cannot be read: strace: cannot trace");
    }

    #[test]
    fn a_quoted_text_is_bytes_and_one_that_was_cut_is_none() {
        assert_eq!(quoted(r#""0 1 2\n\0", 8"#).as_deref(), Some(&b"0 1 2\n\0"[..]));
        assert_eq!(quoted(r#""a\"b\1012""#).as_deref(), Some(&b"a\"bA2"[..]));
        assert_eq!(quoted(r#""long"..., 99"#), None);
        assert_eq!(quoted("NULL"), None);
    }
}
