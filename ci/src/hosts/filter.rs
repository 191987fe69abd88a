//! Filters of system calls: their text, and the program that the kernel takes.
//!
//! A filter is lines of words. `allow NAME...` and `refuse ERRNO NAME...` decide a call; the first line that fits wins. In place of
//! an errno `PRETEND` answers 0 without making the call, `TRAP` sends SIGSYS, and `KILL` ends the process.
//! `0=V`, `0!=V` and `0&MASK=V` after a name compare an argument. `default ERRNO` is for all other calls, and
//! `newer ERRNO` for those whose number is above each number of the filter. Without a default other calls are allowed.

use nix::errno::Errno;
use nix::libc::{self, sock_filter};

use crate::hosts::calls::{self, Arch, Numbers};

/// A filter that a runtime installs by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Docker's, for its default capabilities.
    Docker,
    /// Podman's, for its default capabilities.
    Podman,
    /// `SystemCallFilter=@system-service` of systemd.
    Systemd,
}

impl Profile {
    /// Its text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Docker => include_str!("../../hosts/docker.filter"),
            Self::Podman => include_str!("../../hosts/podman.filter"),
            Self::Systemd => include_str!("../../hosts/systemd.filter"),
        }
    }
}

/// What the kernel does with a call instead of making it, but for the first.
///
/// Source: seccomp(2), SECCOMP_RET_.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    /// The call returns this errno.
    Refuse(Errno),
    /// The call returns 0.
    Pretend,
    /// The thread gets SIGSYS.
    Trap,
    /// The process ends by SIGSYS, which it cannot handle.
    Kill,
}

/// A comparison of the low 32 bits of an argument; those that filters compare have no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Condition {
    argument: u32,
    mask: u32,
    value: u32,
    equal: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    action: Action,
    call: String,
    conditions: Vec<Condition>,
}

/// A filter that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    rules: Vec<Rule>,
    default: Action,
    newer: Option<Errno>,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// When a line is no rule, or names an errno or a call that is not known; the message holds the line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut filter = Self { rules: Vec::new(), default: Action::Allow, newer: None };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            filter.add(line).map_err(|why| format!("{why}, in the line {line:?} of a filter"))?;
        }
        Ok(filter)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["default", name] => self.default = Action::Refuse(errno(name)?),
            ["newer", name] => self.newer = Some(errno(name)?),
            ["allow", ref rest @ ..] => self.add_rules(Action::Allow, rest)?,
            ["refuse", name, ref rest @ ..] => self.add_rules(refusal(name)?, rest)?,
            _ => return Err("there is no such rule".to_owned()),
        }
        Ok(())
    }

    fn add_rules(&mut self, action: Action, words: &[&str]) -> Result<(), String> {
        for word in words {
            if word.contains('=') {
                let rule = self.rules.last_mut().ok_or("a comparison without a call")?;
                rule.conditions.push(condition(word)?);
            } else if calls::is_known(word) {
                self.rules.push(Rule { action, call: (*word).to_owned(), conditions: Vec::new() });
            } else {
                return Err(format!("no system call is called {word:?}"));
            }
        }
        Ok(())
    }

    /// The program: it finds the architecture, then goes through the rules. Calls of other architectures are allowed.
    pub fn program(&self) -> Vec<sock_filter> {
        let mut program = vec![load(ARCH)];
        for (arch, number) in [(Arch::X86_64, AUDIT_ARCH_X86_64), (Arch::I386, AUDIT_ARCH_I386)] {
            let section = self.section(&Numbers::of(arch));
            // A conditional jump reaches 255 instructions; this one reaches all.
            let length = u32::try_from(section.len()).unwrap_or(u32::MAX);
            program.extend([jump(libc::BPF_JEQ, number, 1, 0), jump(libc::BPF_JA, length, 0, 0)]);
            program.extend(section);
        }
        program.push(answer(Action::Allow));
        program
    }

    fn section(&self, numbers: &Numbers) -> Vec<sock_filter> {
        let mut program = vec![load(NUMBER)];
        for rule in &self.rules {
            if let Some(number) = numbers.get(&rule.call) {
                program.extend(instructions(rule, number));
            }
        }
        let newest = self.rules.iter().filter_map(|rule| numbers.get(&rule.call)).max();
        if let (Some(errno), Some(newest)) = (self.newer, newest) {
            program.extend([jump(libc::BPF_JGT, newest, 0, 1), answer(Action::Refuse(errno))]);
        }
        program.push(answer(self.default));
        program
    }
}

fn instructions(rule: &Rule, number: u32) -> Vec<sock_filter> {
    let mut tests = Vec::new();
    for condition in &rule.conditions {
        tests.push(load(ARGUMENTS + 8 * condition.argument));
        tests.push(statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, condition.mask));
        tests.push(jump(libc::BPF_JEQ, condition.value, 0, 0));
    }
    // Where a comparison fails, the next rule follows, for which the number has to be loaded again.
    let reload = if tests.is_empty() { vec![] } else { vec![load(NUMBER)] };
    let end = tests.len() + 1;
    for (place, condition) in (2..).step_by(3).zip(&rule.conditions) {
        let skip = u8::try_from(end - place - 1).unwrap_or(u8::MAX);
        let (then, otherwise) = if condition.equal { (0, skip) } else { (skip, 0) };
        tests[place] = jump(libc::BPF_JEQ, condition.value, then, otherwise);
    }
    let past = u8::try_from(end).unwrap_or(u8::MAX);
    let mut all = vec![jump(libc::BPF_JEQ, number, 0, past)];
    all.extend(tests);
    all.push(answer(rule.action));
    all.extend(reload);
    all
}

/// Where the kernel has what a filter may read: struct seccomp_data of linux/seccomp.h, on a little-endian machine.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;
/// linux/audit.h.
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
const AUDIT_ARCH_I386: u32 = 0x4000_0003;

fn load(offset: u32) -> sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn answer(action: Action) -> sock_filter {
    let value = match action {
        Action::Allow => libc::SECCOMP_RET_ALLOW,
        Action::Refuse(errno) => libc::SECCOMP_RET_ERRNO | (errno as i32).unsigned_abs(),
        Action::Pretend => libc::SECCOMP_RET_ERRNO,
        Action::Trap => libc::SECCOMP_RET_TRAP,
        Action::Kill => libc::SECCOMP_RET_KILL_PROCESS,
    };
    statement(libc::BPF_RET | libc::BPF_K, value)
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt: 0, jf: 0, k }
}

fn jump(how: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { jt, jf, ..statement(libc::BPF_JMP | how | libc::BPF_K, k) }
}

/// `0=V`, `0!=V` or `0&MASK=V`.
fn condition(word: &str) -> Result<Condition, String> {
    let wrong = || format!("{word:?} is no comparison");
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).map_err(|_| wrong()),
        None => text.parse().map_err(|_| wrong()),
    };
    let (left, value) = word.split_once('=').ok_or_else(wrong)?;
    let (left, equal) = left.strip_suffix('!').map_or((left, true), |left| (left, false));
    let (argument, mask) = left.split_once('&').unwrap_or((left, "0xffffffff"));
    Ok(Condition { argument: number(argument)?, mask: number(mask)?, value: number(value)?, equal })
}

/// What a filter does with a call that it does not allow, by the name of an errno or one of three other words.
fn refusal(name: &str) -> Result<Action, String> {
    match name {
        "PRETEND" => Ok(Action::Pretend),
        "TRAP" => Ok(Action::Trap),
        "KILL" => Ok(Action::Kill),
        name => errno(name).map(Action::Refuse),
    }
}

/// An errno that filters use.
///
/// # Errors
/// When the name is none of these.
pub fn errno(name: &str) -> Result<Errno, String> {
    use Errno::{EACCES, EAFNOSUPPORT, EAGAIN, EINVAL, ENOMEM, ENOSYS, ENOTTY, EOPNOTSUPP, EPERM};
    let all = [EPERM, EACCES, EINVAL, ENOSYS, ENOMEM, EAGAIN, EAFNOSUPPORT, ENOTTY, EOPNOTSUPP];
    let found = all.into_iter().find(|errno| format!("{errno:?}") == name);
    found.ok_or_else(|| format!("no errno of filters is called {name:?}"))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
