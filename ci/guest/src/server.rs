//! The suite as a process that plays one test after the other, each in a child of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use harness_scenario::listing::Served;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::End;
use crate::limit::ProcessEnd;

/// A suite that waits for the name of a test.
pub struct Server {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    output: File,
    groups: Groups,
}

/// Whether the process groups that the suite names are those that this process sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// They are: the group of a test is killed after it.
    Seen,
    /// The suite has a PID namespace of its own. Its numbers are other processes here, and none of them is killed.
    Hidden,
}

impl Server {
    /// Starts the suite by this command. What tests print goes to the file, which is empty and is appended to.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(mut command: Command, output: File) -> Result<Self, String> {
        let fail = |error: std::io::Error| format!("cannot start the suite: {error}");
        let copy = output.try_clone().map_err(fail)?;
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(copy);
        let mut child = command.spawn().map_err(fail)?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the suite has no pipes".to_owned());
        };
        Ok(Self { child, asks, answers: BufReader::new(answers), output, groups: Groups::Seen })
    }

    /// The same, for a suite whose process groups are seen or hidden.
    #[must_use]
    pub fn with_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// Plays a test; how it ended and what it printed. What it left behind in its process group is killed.
    ///
    /// # Errors
    /// When the suite itself ends or says something else than it should; then it is of no more use.
    pub fn play(&mut self, test: &str, limit: Duration) -> Result<(ProcessEnd, String), String> {
        let fail = |error: std::io::Error| format!("cannot talk to the suite: {error}");
        self.output.set_len(0).map_err(fail)?;
        writeln!(self.asks, "{test}").map_err(fail)?;
        let group = self.started()?;
        let late = !self.speaks(limit)?;
        match self.groups {
            Groups::Hidden if late => return Err(format!("it took longer than {} s", limit.as_secs())),
            Groups::Seen if late => drop(killpg(group, Signal::SIGKILL)),
            _ => {}
        }
        let ended = self.end()?;
        // The test stays a zombie until the next request, so no other process has its number.
        if self.groups == Groups::Seen {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let said = self.said().map_err(fail)?;
        Ok((if late { ProcessEnd::TooLate } else { ProcessEnd::ByItself(ended) }, said))
    }

    /// Ends a suite that has played its tests, and waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn finish(mut self) -> Result<ExitStatus, String> {
        drop(self.asks);
        self.child.wait().map_err(|error| format!("cannot wait for the suite: {error}"))
    }

    /// What the tests printed since the last one began, and how the suite itself ended.
    pub fn last_words(mut self) -> String {
        drop(self.asks);
        // A supervisor has to end what is below it, so that it is not killed.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        self.output.rewind().and_then(|()| read(&mut self.output)).unwrap_or_default() + &status
    }

    fn said(&mut self) -> std::io::Result<String> {
        self.output.rewind()?;
        read(&mut self.output)
    }

    /// Whether it says something before the limit is over.
    fn speaks(&self, limit: Duration) -> Result<bool, String> {
        // What came together with the last line is no longer in the pipe.
        if !self.answers.buffer().is_empty() {
            return Ok(true);
        }
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        let mut answers = [PollFd::new(self.answers.get_ref().as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut answers, limit).map_err(|errno| format!("cannot wait for a test: {errno}"))?;
        Ok(ready > 0)
    }

    fn end(&mut self) -> Result<ExitStatus, String> {
        match self.answer()? {
            // As wait(2) packs them.
            Served::Exited(status) => Ok(ExitStatus::from_raw(status << 8)),
            Served::Killed(signal) => Ok(ExitStatus::from_raw(signal)),
            other @ Served::Started(_) => Err(unexpected(other)),
        }
    }

    fn started(&mut self) -> Result<Pid, String> {
        match self.answer()? {
            // Any other number would mean this process's own group, every process, or init.
            Served::Started(group) if group > 1 => Ok(Pid::from_raw(group)),
            other => Err(unexpected(other)),
        }
    }

    fn answer(&mut self) -> Result<Served, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("cannot read from the suite: {error}"))?;
        match line.ends_with('\n') {
            true => Served::read(&line),
            false => Err(format!("the suite ended in the middle of {line:?}")),
        }
    }
}

/// A name that the binary does not know, or a test that it skips after all, ends with 0 as well: only what
/// says that one test passed has passed.
pub fn end(ended: &ProcessEnd, said: &str) -> End {
    let status: &ExitStatus = match ended {
        ProcessEnd::TooLate => return End::TimedOut,
        ProcessEnd::ByItself(status) => status,
    };
    match (status.code(), status.signal()) {
        (Some(0), _) if said.contains("test result: ok. 1 passed; 0 failed;") => End::Passed,
        (Some(0), _) => End::Failed("exit code 0, and the suite does not say that the test passed".into()),
        (Some(code), _) => End::Failed(format!("exit code {code}")),
        (None, signal) => End::Crashed(format!("signal {}", signal.unwrap_or(0))),
    }
}

fn unexpected(answer: Served) -> String {
    format!("the suite answers {answer:?} out of turn")
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::time::Instant;

    use super::*;

    fn exit(raw: i32) -> ProcessEnd {
        ProcessEnd::ByItself(ExitStatus::from_raw(raw))
    }

    #[test]
    fn only_what_says_so_has_passed() {
        let passed = "\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let nothing = passed.replace("1 passed", "0 passed");

        assert_eq!(end(&exit(0), passed), End::Passed);
        assert!(matches!(end(&exit(0), &nothing), End::Failed(_)));
        assert!(matches!(end(&exit(0), ""), End::Failed(_)));
        assert_eq!(end(&exit(101 << 8), passed), End::Failed("exit code 101".into()));
        assert_eq!(end(&exit(9), passed), End::Crashed("signal 9".into()));
        assert_eq!(end(&ProcessEnd::TooLate, passed), End::TimedOut);
    }

    /// Prints the answers of a suite.
    const ANSWERS: &str = r#"
        started() { echo "{\"started\":$1}"; }; exited() { echo "{\"exited\":$1}"; }; killed() { echo "{\"killed\":$1}"; }
        "#;

    /// A suite that is a shell script: it hears each name as `$test`, and setsid(1) gives a test a process group of its own.
    fn says(script: &str) -> Result<Server, String> {
        let script = format!("{ANSWERS}while read -r test; do {script}; done");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).process_group(0);
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let output = File::options().read(true).append(true).open(file.path());
        Server::start(command, output.map_err(|error| error.to_string())?)
    }

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn a_test_ends_as_the_suite_says_and_only_its_own_words_are_told() -> Result<(), String> {
        let mut server = says(
            "setsid sh -c \"echo $test >&2; exit 3\" & child=$!; started $child; wait $child; exited $?",
        )?;

        for test in ["one", "two"] {
            let (ended, said) = server.play(test, LIMIT)?;
            assert_eq!(
                (ended, said),
                (ProcessEnd::ByItself(ExitStatus::from_raw(3 << 8)), format!("{test}\n"))
            );
        }
        Ok(())
    }

    #[test]
    fn two_lines_that_come_together_are_two_answers() -> Result<(), String> {
        let begun = Instant::now();
        let mut server =
            says("setsid true & child=$!; wait $child; both=$(started $child; killed 11); echo \"$both\"")?;

        assert_eq!(server.play("a", LIMIT)?.0, ProcessEnd::ByItself(ExitStatus::from_raw(11)));
        assert!(begun.elapsed() < LIMIT, "it waited for what had come");
        Ok(())
    }

    #[test]
    fn a_test_that_hangs_is_killed_and_the_next_one_is_played() -> Result<(), String> {
        let mut server = says(
            "setsid sleep $test & child=$!; started $child; wait $child; [ $? = 0 ] && exited 0 || killed 9",
        )?;

        assert_eq!(server.play("600", Duration::from_millis(50))?.0, ProcessEnd::TooLate);
        assert_eq!(server.play("0", LIMIT)?.0, ProcessEnd::ByItself(ExitStatus::from_raw(0)));
        Ok(())
    }

    #[test]
    fn a_process_of_a_hidden_group_is_never_killed() -> Result<(), String> {
        let mut other =
            Command::new("sleep").arg("600").process_group(0).spawn().map_err(|it| it.to_string())?;
        let script = format!("started {}; exited 0", other.id());

        let ended = says(&script)?.with_groups(Groups::Hidden).play("a", LIMIT);
        let lives = other.try_wait().map(|ended| ended.is_none());
        let hangs = format!("started {}; sleep 600", other.id());
        let late = says(&hangs)?.with_groups(Groups::Hidden).play("a", Duration::from_millis(50));
        let lives_on = other.try_wait().map(|ended| ended.is_none());
        let _ = other.kill();

        assert_eq!(ended.map(|(ended, _)| ended), Ok(ProcessEnd::ByItself(ExitStatus::from_raw(0))));
        assert_eq!(late.err().as_deref(), Some("it took longer than 0 s"));
        assert!(lives.is_ok_and(|it| it) && lives_on.is_ok_and(|it| it));
        Ok(())
    }

    #[test]
    fn a_suite_that_ends_or_says_something_else_is_named_with_its_last_words() -> Result<(), String> {
        for (script, message, words) in [
            ("printf 'starte'; echo oh >&2; exit 7", "the suite ended in the middle of \"starte\"", "oh\n"),
            ("echo hello", "the suite prints no answer: expected value at line 1 column 1", ""),
            ("started 1", "the suite answers Started(1) out of turn", ""),
            ("started -5", "the suite answers Started(-5) out of turn", ""),
            (
                "setsid true & child=$!; wait; started $child; started 2",
                "the suite answers Started(2) out of turn",
                "",
            ),
            (
                "setsid true & child=$!; wait; started $child; exit 0",
                "the suite ended in the middle of \"\"",
                "",
            ),
        ] {
            let mut server = says(script)?;
            assert_eq!(server.play("a", LIMIT), Err(message.to_owned()), "{script}");
            let last = server.last_words();
            assert!(
                last.starts_with(words) && last.contains("exit status: ") | last.contains("signal: "),
                "{last}"
            );
        }
        Ok(())
    }
}
