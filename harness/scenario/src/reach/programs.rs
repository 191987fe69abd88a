//! What programs can change, by their names and arguments. A program that is not listed is not run.

use super::paths::Found;
use super::{Reach, Stage};
use crate::actors::Actor;
use std::borrow::Cow;
use std::path::Path;

/// Programs, and words of the shell, that read files and print. Their output goes to the director.
const READERS: [&str; 34] = [
    ":", "[", "cat", "cut", "echo", "exit", "false", "getent", "getpcaps", "grep", "head", "id", "ls",
    "printf", "read", "readlink", "return", "set", "sleep", "sort", "stat", "tail", "test", "tr", "trap",
    "true", "type", "ulimit", "umask", "uname", "uniq", "wait", "wc", "whoami",
];

/// Programs that change the files that they name.
const WRITERS: [&str; 7] = ["chmod", "cp", "mkdir", "mkfifo", "rm", "tee", "touch"];

/// Names that stand for a program that does not exist or cannot be executed.
const NO_PROGRAMS: [&str; 3] = ["no-such-program", "/no/such/program", "/proc/version"];

/// A program that runs another one.
struct Wrapper {
    name: &'static str,
    /// The options whose argument is a word of its own.
    with_argument: &'static [&'static str],
    /// The words before the other program that are no options.
    positions: usize,
}

const fn wrapper(name: &'static str, with_argument: &'static [&'static str], positions: usize) -> Wrapper {
    Wrapper { name, with_argument, positions }
}

/// Programs that run another program with other credentials or namespaces. They keep logs of their own.
const WRAPPERS: [Wrapper; 8] = [
    wrapper("chroot", &[], 1),
    wrapper("command", &[], 0),
    wrapper("exec", &[], 0),
    wrapper("runuser", &["-u", "-g"], 0),
    wrapper("setpriv", &[], 0),
    wrapper("setsid", &[], 0),
    wrapper("sudo", &["-u", "-g"], 0),
    wrapper("unshare", &[], 0),
];

impl Stage<'_> {
    /// A program that a step runs.
    pub(super) fn run(&mut self, actor: Actor, words: &[Cow<'static, str>]) -> Result<(), Reach> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        self.program(actor, &words)
    }

    /// A program and its arguments.
    pub(super) fn program(&mut self, actor: Actor, words: &[&str]) -> Result<(), Reach> {
        let Some((path, args)) = words.split_first() else { return Ok(()) };
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
        match name {
            _ if NO_PROGRAMS.contains(path) => Ok(()),
            "cat" | "read" | "tail" if args.iter().any(|arg| self.is_a_device(arg)) => Err(Reach::Unknown),
            "sort" if args.iter().any(|arg| arg.starts_with("-o") || arg.starts_with("--o")) => {
                Err(Reach::Files)
            }
            _ if READERS.contains(&name) => Ok(()),
            "sed" if args.iter().all(|arg| !arg.starts_with("-i") && !arg.starts_with("--in")) => Ok(()),
            _ if WRITERS.contains(&name) => self.writer(actor, name, args),
            "mount" => self.private_mounts(actor),
            "kill" => {
                args.iter().all(|arg| arg.starts_with(['-', '$'])).then_some(()).ok_or(Reach::Processes)
            }
            "newuidmap" | "newgidmap" => {
                args.first().is_some_and(|pid| pid.starts_with('$')).then_some(()).ok_or(Reach::Processes)
            }
            "apt-helper" => self.apt_helper(actor, args),
            "sh" | "bash" | "dash" => self.shell(actor, args),
            "su" | "sg" | "newgrp" => self.shell(actor, args),
            "strace" => self.strace(actor, args),
            "start-stop-daemon" => self.start_stop_daemon(actor, args),
            "command" if args.first() == Some(&"-v") => Ok(()),
            _ => match WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
                Some(wrapper) => self.program(actor, wrapper.rest(args)),
                None => Err(Reach::Unknown),
            },
        }
    }

    fn is_a_device(&self, path: &str) -> bool {
        path.starts_with("/dev/") && !["/dev/null", "/dev/zero", "/dev/urandom"].contains(&path)
    }

    /// cp(1) changes the last file, chmod(1) all but the first argument, the others all.
    fn writer(&mut self, actor: Actor, name: &str, args: &[&str]) -> Result<(), Reach> {
        let files: Vec<&str> = args.iter().copied().filter(|arg| !arg.starts_with('-')).collect();
        let first = match name {
            "cp" => files.len().saturating_sub(1),
            "chmod" => 1,
            _ => 0,
        };
        files.iter().skip(first).try_for_each(|path| self.shell_path(actor, path))
    }

    /// A path of a file that a program or a redirection writes to.
    pub(super) fn shell_path(&self, actor: Actor, path: &str) -> Result<(), Reach> {
        // A variable may stand for the last name of a path, and for nothing else.
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let unknown = directory.contains(['$', '*', '?']) || directory.is_empty() && name.contains('$');
        match self.located(actor, None, path) {
            Found::Private if !unknown => Ok(()),
            _ => Err(Reach::Files),
        }
    }

    /// The last argument of `apt-helper download-file` is the file that it makes.
    fn apt_helper(&self, actor: Actor, args: &[&str]) -> Result<(), Reach> {
        match args {
            ["download-file", from, to] if from.starts_with("file:") => self.shell_path(actor, to),
            _ => Err(Reach::Unknown),
        }
    }

    /// A shell runs the script after -c; without one it reads its input, which is empty or printed by the script around it.
    fn shell(&mut self, actor: Actor, args: &[&str]) -> Result<(), Reach> {
        match args.iter().position(|arg| *arg == "-c") {
            Some(at) => self.script(actor, args.get(at + 1).copied().unwrap_or_default()),
            None if args.iter().all(|arg| !arg.contains('/')) => Ok(()),
            None => Err(Reach::Unknown),
        }
    }

    /// strace(1) without an output file.
    fn strace(&mut self, actor: Actor, args: &[&str]) -> Result<(), Reach> {
        let mut rest = args;
        loop {
            match rest {
                ["-e", _, others @ ..] => rest = others,
                ["-f" | "-q" | "-qq" | "-qqq", others @ ..] => rest = others,
                [option, ..] if option.starts_with('-') => return Err(Reach::Unknown),
                _ => return self.program(actor, rest),
            }
        }
    }

    /// start-stop-daemon(8) starts the program of --startas.
    fn start_stop_daemon(&mut self, actor: Actor, args: &[&str]) -> Result<(), Reach> {
        let starts = args.iter().position(|arg| *arg == "--startas").and_then(|at| args.get(at + 1));
        let makes =
            args.iter().any(|arg| ["--make-pidfile", "-m", "--stop", "-K", "--remove-pidfile"].contains(arg));
        match starts {
            Some(program) if !makes => {
                let after = args.iter().position(|arg| *arg == "--").map_or(&args[..0], |at| &args[at + 1..]);
                self.program(actor, &[&[*program][..], after].concat())
            }
            _ => Err(Reach::Unknown),
        }
    }
}

impl Wrapper {
    /// The other program and its arguments.
    fn rest<'b>(&self, args: &'b [&'b str]) -> &'b [&'b str] {
        let (mut rest, mut positions) = (args, self.positions);
        while let Some((word, others)) = rest.split_first() {
            match *word {
                "--" => return others,
                option if self.with_argument.contains(&option) => rest = others.get(1..).unwrap_or_default(),
                option if option.starts_with('-') => rest = others,
                _ if positions > 0 => (rest, positions) = (others, positions - 1),
                _ => return rest,
            }
        }
        rest
    }
}
