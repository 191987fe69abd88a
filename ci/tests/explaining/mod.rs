//! `cargo ci explain` where every user may execute it, what it prints, and processes for it to look at.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

/// The program where every user may execute it.
pub struct Program(TempDir);

impl Program {
    pub fn new() -> std::io::Result<Self> {
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
        // A descriptor of this process that is open for writing would pass to the children of other tests, and the program
        // could not be executed meanwhile (ETXTBSY).
        let copied =
            Command::new("install").args(["-m", "755", env!("CARGO_BIN_EXE_ci")]).arg(dir.path()).status()?;
        assert!(copied.success(), "install(1) did not copy the program");
        Ok(Self(dir))
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("ci")
    }

    /// Explains, started by these words, and returns the JSON with the exit status.
    pub fn explains(&self, before: &[&str], after: &[&str]) -> Result<Said, Box<dyn std::error::Error>> {
        let path = self.path().display().to_string();
        let words = [before, &[&path, "explain", "--json"], after].concat();
        let output = Command::new(words[0]).args(&words[1..]).current_dir("/").output()?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Ok(Said { json, status: output.status.code(), error })
    }
}

/// What the command printed.
#[derive(Debug)]
pub struct Said {
    /// The JSON, or null.
    pub json: Value,
    /// The exit status.
    pub status: Option<i32>,
    /// Standard error.
    pub error: String,
}

impl Said {
    /// What a program printed that ended elsewhere.
    pub fn of(stdout: &str, stderr: &str) -> Self {
        let json = serde_json::from_str(stdout).unwrap_or(Value::Null);
        Self { json, status: None, error: stderr.to_owned() }
    }

    /// The rules of the findings.
    pub fn rules(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().map(|finding| finding["rule"]["name"].as_str().unwrap_or("none")).collect()
    }

    /// Who is responsible, finding by finding.
    pub fn responsible(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().filter_map(|finding| finding["responsible"].as_str()).collect()
    }

    /// The answer to a question: the rule or the word of the model, and the errno or the word of the kernel.
    pub fn answer(&self, question: &str) -> (String, String) {
        let answers = self.json["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found =
            answers.iter().find(|it| it["question"].as_str().is_some_and(|it| it.starts_with(question)));
        let Some(answer) = found else { panic!("no answer to {question}: {self:?}") };
        let (model, kernel) = (&answer["model"], &answer["kernel"]);
        let first = |values: &[&Value]| values.iter().find_map(|value| value.as_str().map(str::to_owned));
        let rule = first(&[&model["refused"]["rule"]["name"], &model["not_root"]["rule"]["name"], model]);
        let tried = first(&[&kernel["refused"]["errno"], kernel]);
        (rule.unwrap_or("open".to_owned()), tried.unwrap_or("not tried".to_owned()))
    }

    /// The answers of the kernel that are others than those of the rules, and those that are missing.
    pub fn unconfirmed(&self) -> Vec<String> {
        let answers = self.json["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of = |value: &Value| [value["refused"]["call"].clone(), value["refused"]["errno"].clone()];
        let differs = |answer: &&Value| match (&answer["model"], &answer["kernel"]) {
            (Value::String(one), Value::String(other)) => one != other,
            (model, kernel) => of(model) != of(kernel) || of(kernel).contains(&Value::Null),
        };
        answers.iter().filter(differs).map(Value::to_string).collect()
    }

    pub fn unseen(&self) -> String {
        self.json["process"]["unseen"].to_string()
    }
}

/// The answer of the model and that of the kernel.
pub fn both(rule: &str, errno: &str) -> (String, String) {
    (rule.to_owned(), errno.to_owned())
}

/// uid 61000 without groups, for root; otherwise nothing, since the caller is an ordinary user.
pub fn as_user() -> Vec<&'static str> {
    match geteuid().is_root() {
        true => vec!["setpriv", "--reuid", "61000", "--regid", "61000", "--clear-groups"],
        false => vec!["env"],
    }
}

/// A process that is root of a namespace with these maps. It ends with the value.
pub struct Inside(Child);

impl Inside {
    /// With all capabilities. Only root can write the map of a range.
    pub fn new(word: &str, map: &str) -> Result<Self, Box<dyn std::error::Error>> {
        Self::of(word, map, "--keep-groups")
    }

    /// With what these options of setpriv(1) leave.
    pub fn of(word: &str, map: &str, options: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let become_it = format!("read line; exec setpriv {options} sleep 60");
        let mut command = Command::new("unshare");
        command.args(["--user", "sh", "-c", &become_it]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut inside = Self(command.spawn()?);
        let own = fs::read_link("/proc/self/ns/user")?;
        inside.wait(|pid| fs::read_link(format!("/proc/{pid}/ns/user")).is_ok_and(|link| link != own))?;
        for (file, text) in [("setgroups", word), ("uid_map", map), ("gid_map", map)] {
            fs::write(format!("/proc/{}/{file}", inside.0.id()), text)?;
        }
        inside.0.stdin.take().ok_or("no standard input")?.write_all(b"\n")?;
        inside.wait(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
        })?;
        Ok(inside)
    }

    fn wait(&self, is_so: impl Fn(u32) -> bool) -> Result<(), String> {
        let start = Instant::now();
        while !is_so(self.0.id()) {
            if start.elapsed() > Duration::from_secs(20) {
                return Err("the process in the namespace is not as it has to be after 20 s".to_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
