//! `cargo ci explain` on real hosts: in namespaces with "deny", in a chroot, below a filter, from outside, as root and as
//! an ordinary user. Namespaces of a range, and what changes mounts, take root.

mod stand_in;

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

type Done = Result<(), Box<dyn std::error::Error>>;

/// The program where every user may execute it.
struct Program(TempDir);

impl Program {
    fn new() -> std::io::Result<Self> {
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
        fs::copy(env!("CARGO_BIN_EXE_ci"), dir.path().join("ci"))?;
        fs::set_permissions(dir.path().join("ci"), Permissions::from_mode(0o755))?;
        Ok(Self(dir))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ci")
    }

    /// Explains, started by these words, and returns the JSON with the exit status.
    fn explains(&self, before: &[&str], after: &[&str]) -> Result<Said, Box<dyn std::error::Error>> {
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
struct Said {
    json: Value,
    status: Option<i32>,
    error: String,
}

impl Said {
    /// The rules of the findings.
    fn rules(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().map(|finding| finding["rule"]["name"].as_str().unwrap_or("none")).collect()
    }

    /// Who is responsible, finding by finding.
    fn responsible(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().filter_map(|finding| finding["responsible"].as_str()).collect()
    }

    /// The answer to a question: the rule or the word of the model, and the errno or the word of the kernel.
    fn answer(&self, question: &str) -> (String, String) {
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

    fn unseen(&self) -> String {
        self.json["process"]["unseen"].to_string()
    }
}

/// What the kernel and the model both say.
fn both(rule: &str, errno: &str) -> (String, String) {
    (rule.to_owned(), errno.to_owned())
}

/// uid 61000 without groups, for root; otherwise nothing, since the caller is an ordinary user.
fn as_user() -> Vec<&'static str> {
    match geteuid().is_root() {
        true => vec!["setpriv", "--reuid", "61000", "--regid", "61000", "--clear-groups"],
        false => vec!["env"],
    }
}

/// A process that is root of a namespace with these maps. It ends with the value.
struct Inside(Child);

impl Inside {
    /// Only root can write the map of a range.
    fn new(word: &str, map: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let become_root = "read line; exec setpriv --reuid 0 --regid 0 --keep-groups sleep 60";
        let mut command = Command::new("unshare");
        command.args(["--user", "sh", "-c", become_root]).stdin(Stdio::piped()).stdout(Stdio::null());
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

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn in_a_namespace_of_one_id_groups_are_denied_and_ids_are_unmapped() -> Done {
    let unshare = [&as_user()[..], &["unshare", "--map-root-user"]].concat();
    let said = Program::new()?.explains(&unshare, &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("groups.denied", "EPERM"));
    assert_eq!(said.answer("setgid(1)"), both("id.unmapped", "EINVAL"));
    assert_eq!(said.answer("sudo"), both("id.unmapped", "EINVAL"));
    assert_eq!(said.answer("su ("), both("groups.denied", "EPERM"));
    assert_eq!(said.rules()[..2], ["groups.denied", "id.unmapped"], "{said:?}");
    assert_eq!(said.responsible()[..2], ["writer_of_deny", "map"], "{said:?}");
    let likely = said.json["findings"][0]["likely"].to_string();
    assert!(likely.contains("/etc/subuid") && likely.contains("unshare -r"), "{likely}");
    Ok(())
}

#[test]
fn a_range_under_deny_is_seen_from_outside_and_the_kernel_confirms_it() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("deny", "0 0 65536")?;
    let said = Program::new()?.explains(&["env"], &["--pid", &inside.pid()])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.rules(), ["groups.denied"], "{said:?}");
    assert_eq!(said.responsible(), ["writer_of_deny"]);
    for program in ["setgroups([])", "sudo", "su (", "apt-get", "setpriv"] {
        assert_eq!(said.answer(program), both("groups.denied", "EPERM"), "{program}");
    }
    assert_eq!(said.answer("setgid(1)"), both("succeeds", "succeeds"));
    assert_eq!(said.json["process"]["namespace"]["levels"]["UpToCallers"], 1, "{said:?}");
    let likely = said.json["findings"][0]["likely"].to_string();
    assert!(
        likely.contains("GidMappingsEnableSetgroups") && likely.contains("PrivateUsers=identity"),
        "{likely}"
    );
    Ok(())
}

#[test]
fn the_same_range_under_allow_is_free() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("allow", "0 0 65536")?;
    let said = Program::new()?.explains(&["env"], &["--pid", &inside.pid()])?;

    assert_eq!((said.status, said.rules()), (Some(0), vec![]), "{said:?}");
    assert_eq!(said.answer("sudo"), both("succeeds", "succeeds"));
    assert_eq!(said.answer("apt-get"), both("succeeds", "succeeds"));
    Ok(())
}

/// The maps of another user's process can be read, its link ns/user cannot: the model answers, and nothing is tried.
#[test]
fn an_ordinary_user_is_answered_by_the_rules_and_told_what_was_not_seen() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let inside = Inside::new("deny", "0 0 65536")?;
    let said = Program::new()?.explains(&as_user(), &["--pid", &inside.pid()])?;

    assert_eq!(said.rules(), ["groups.denied"], "{said:?}");
    assert_eq!(said.answer("sudo"), both("groups.denied", "not tried"));
    assert!(said.unseen().contains("its user namespace: EACCES"), "{}", said.unseen());
    Ok(())
}

#[test]
fn an_ordinary_user_lacks_the_capability_and_sudo_does_not() -> Done {
    let said = Program::new()?.explains(&as_user(), &[])?;

    assert_eq!(said.answer("setgroups([])"), both("groups.needs-setgid", "EPERM"));
    assert_eq!(said.answer("setuid(1)"), both("id.not-own", "EPERM"));
    assert_eq!(said.answer("apt-get"), both("groups.needs-setgid", "EPERM"));
    assert_eq!(said.responsible()[..2], ["credentials", "credentials"], "{said:?}");
    if geteuid().is_root() {
        assert_eq!(said.answer("sudo"), both("succeeds", "not tried"), "{said:?}");
    }
    Ok(())
}

#[test]
fn no_new_privs_keeps_sudo_from_root() -> Done {
    let setpriv = [&as_user()[..], &["setpriv", "--no-new-privs"]].concat();
    let said = Program::new()?.explains(&setpriv, &[])?;

    assert_eq!(said.answer("sudo"), both("enter.no-new-privs", "not tried"), "{said:?}");
    assert_eq!(said.answer("su ("), both("enter.no-new-privs", "not tried"));
    assert!(said.rules().contains(&"enter.no-new-privs"), "{said:?}");
    Ok(())
}

#[test]
fn a_filter_is_blamed_and_no_rule() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let path = program.path().display().to_string();
    let said = program.explains(&[&path, "filter", "--refuse", "setgroups=EPERM", "--"], &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("succeeds", "EPERM"));
    assert_eq!((said.rules()[0], said.responsible()[0]), ("none", "policy"), "{said:?}");
    let because = said.json["findings"][0]["because"].to_string();
    assert!(because.contains("a seccomp filter answers setgroups(2) with EPERM"), "{because}");
    Ok(())
}

#[test]
fn in_a_chroot_no_namespace_can_be_made_and_sudo_works() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let program = Program::new()?;
    let root = tempfile::tempdir()?;
    let script = format!(
        "mount --bind / {0} && mount --rbind /proc {0}/proc && mount --rbind /tmp {0}/tmp && exec chroot {0} \"$@\"",
        root.path().display()
    );
    let said = program.explains(&["unshare", "--mount", "sh", "-c", &script, "sh"], &[])?;

    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.rules(), ["create.chrooted"], "{said:?}");
    assert_eq!(said.answer("sudo"), both("succeeds", "succeeds"));
    Ok(())
}

#[test]
fn without_proc_nothing_is_claimed() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let hidden = ["unshare", "--mount", "sh", "-c", "umount -l /proc && exec \"$@\"", "sh"];
    let said = Program::new()?.explains(&hidden, &[])?;

    assert_eq!((said.status, said.rules()), (Some(3), vec![]), "{said:?}");
    assert_eq!(said.answer("setgroups([])"), both("open", "not tried"));
    assert!(said.unseen().contains("the gid map: ENOENT"), "{}", said.unseen());
    Ok(())
}

#[test]
fn a_message_is_explained_and_an_unknown_one_is_no_success() -> Done {
    let program = Program::new()?;
    let said =
        program.explains(&["env"], &["sudo: unable to set runas group vector: Operation not permitted"])?;
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!(said.json[0]["call"], "setgroups");
    assert_eq!(said.json[0]["causes"][0]["rules"][0]["name"], "groups.denied");

    let said = program.explains(&["env"], &["it does not work"])?;
    assert_eq!((said.status, said.json), (Some(2), Value::Null));
    assert!(said.error.contains("no message of the "), "{}", said.error);
    Ok(())
}

#[test]
fn a_write_of_a_map_is_judged_with_what_would_help() -> Done {
    let program = Program::new()?;
    let range = ["--map", "0 100000 65536", "--as", "1000", "--file", "gid_map"];
    let said = program.explains(&["env"], &range)?;
    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(said.json[0]["answer"]["refused"]["rule"]["name"], "allow.writer-needs-setid");
    assert!(said.json[0]["accepted_if"].to_string().contains("newgidmap"), "{said:?}");

    let said = program.explains(&["env"], &["--map", "0 own 1", "--as", "1000", "--deny"])?;
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!((&said.json[0]["answer"], &said.json[1]["answer"]), (&"accepted".into(), &"accepted".into()));

    assert_eq!(program.explains(&["env"], &["--map", "0 0 1", "--as", "root"])?.status, Some(2));
    Ok(())
}

#[test]
fn a_process_that_is_not_there_is_no_result() -> Done {
    let said = Program::new()?.explains(&["env"], &["--pid", "2147483647"])?;

    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.error.contains("there is no process 2147483647"), "{}", said.error);
    Ok(())
}

#[test]
fn rules_are_listed_by_call_and_errno_without_a_run() -> Done {
    let (text, status) = stand_in::ends(stand_in::ci(&["rules", "--call", "setgroups", "--errno", "EPERM"]))?;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("groups.denied") && !text.contains("groups.unmapped"), "{text}");

    assert_eq!(stand_in::ends(stand_in::ci(&["rules", "--call", "frobnicate"]))?.1, Some(2));
    Ok(())
}
