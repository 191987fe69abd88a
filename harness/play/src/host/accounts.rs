//! The caller in the account files.

use nix::unistd::{Uid, User};
use serde::Serialize;

use super::fact::{self, Fact};
use super::filter::refused_call;

/// A line of subuid(5) or subgid(5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubidRange {
    /// The owner as the file has it: a name or a uid.
    pub owner: String,
    /// The first id.
    pub first: u32,
    /// The number of ids.
    pub count: u32,
}

/// The caller's account. The caller is the real uid, as for newuidmap(1).
#[derive(Clone, Debug, Serialize)]
pub struct Accounts {
    /// The name of the caller. Absent for a uid without an entry.
    pub name: Fact<String>,
    /// The lines of `/etc/subuid` for the caller's name or uid.
    pub subuid: Fact<Vec<SubidRange>>,
    /// The lines of `/etc/subgid` for the caller's name or uid.
    pub subgid: Fact<Vec<SubidRange>>,
}

impl Accounts {
    /// Reads the facts. Never fails.
    pub fn gather() -> Accounts {
        let uid = nix::unistd::getuid();
        let name = name(uid);
        let ranges = |path| fact::read(path).map(|text| ranges(text, name.known(), uid.as_raw()));
        Accounts { subuid: ranges("/etc/subuid"), subgid: ranges("/etc/subgid"), name }
    }
}

/// Whether sudoers(5) lets any user run a command: `/etc/sudoers` has a line that is no comment and no setting. Only root can
/// read it.
pub fn sudo_has_rules() -> Fact<bool> {
    fact::read("/etc/sudoers").map(|text| has_rules(text))
}

fn has_rules(sudoers: &str) -> bool {
    let is_rule = |line: &str| {
        let is_comment = line.starts_with('#') && !line.starts_with("#include");
        !line.is_empty() && !is_comment && !line.starts_with("Defaults")
    };
    sudoers.lines().map(str::trim).any(is_rule)
}

/// Reads `/etc/passwd` first: it has most callers, and a directory service may be slow.
fn name(uid: Uid) -> Fact<String> {
    let file = fact::read("/etc/passwd");
    if let Some(name) = file.known().and_then(|text| name_in(text, uid.as_raw())) {
        return Fact::Known(name);
    }
    if let Some(reason) = no_services() {
        return Fact::Unreadable(reason);
    }
    match User::from_uid(uid) {
        Ok(Some(user)) => Fact::Known(user.name),
        Ok(None) => Fact::Absent,
        Err(errno) => Fact::Unreadable(fact::errno_name(&errno.into())),
    }
}

/// The uid of the user with this name, from `/etc/passwd` or the host's other account databases.
pub fn account(name: &str) -> Fact<u32> {
    let file = fact::read("/etc/passwd");
    if let Some(uid) = file.known().and_then(|text| uid_in(text, name)) {
        return Fact::Known(uid);
    }
    if let Some(reason) = no_services() {
        return Fact::Unreadable(reason);
    }
    match User::from_name(name) {
        Ok(Some(user)) => Fact::Known(user.uid.as_raw()),
        Ok(None) => Fact::Absent,
        Err(errno) => Fact::Unreadable(fact::errno_name(&errno.into())),
    }
}

/// Why the directory services are not asked: the one of systemd ends the process that asks where a filter refuses to
/// block signals.
fn no_services() -> Option<String> {
    refused_call(libc::SYS_rt_sigprocmask, &[])
}

fn uid_in(passwd: &str, name: &str) -> Option<u32> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Lines that do not parse are skipped, as shadow does.
fn ranges(text: &str, name: Option<&String>, uid: u32) -> Vec<SubidRange> {
    let own = |range: &SubidRange| name == Some(&range.owner) || range.owner == uid.to_string();
    text.lines().filter_map(range).filter(own).collect()
}

fn range(line: &str) -> Option<SubidRange> {
    let mut fields = line.split(':');
    Some(SubidRange {
        owner: fields.next()?.to_owned(),
        first: fields.next()?.trim().parse().ok()?,
        count: fields.next()?.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_by_name_and_by_number() {
        let text = "alice:100000:65536\n1000:300000:10\nbob:200000:65536\nalice:broken\n";

        let found = ranges(text, Some(&"alice".to_owned()), 1000);

        let firsts: Vec<_> = found.iter().map(|range| (range.first, range.count)).collect();
        assert_eq!(firsts, [(100_000, 65536), (300_000, 10)]);
        assert_eq!(ranges(text, None, 1).len(), 0);
    }

    #[test]
    fn a_setting_lets_nobody_run_a_command() {
        assert!(has_rules("Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n"));
        assert!(has_rules("# a comment\n@includedir /etc/sudoers.d\n"));
        assert!(!has_rules("# root ALL=(ALL:ALL) ALL\nDefaults env_reset\n\n") && !has_rules(""));
    }

    #[test]
    fn a_name_is_found_by_uid_and_a_uid_by_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nbroken\n";

        assert_eq!(name_in(passwd, 1000).as_deref(), Some("alice"));
        assert_eq!(name_in(passwd, 100), None);
        assert_eq!(uid_in(passwd, "alice"), Some(1000));
        assert_eq!(uid_in(passwd, "alic"), None);
        assert_eq!(uid_in(passwd, "broken"), None);
    }
}
