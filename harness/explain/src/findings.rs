//! Why something is refused, who is responsible, and what can be done.

mod creating;
mod programs;

use harness_play::host::{Fact, Seccomp, filter};
use harness_scenario::caps::Cap;
use harness_spec::rules::Rule;
use serde::Serialize;

use crate::answers::{Agreement, Answer, Tried};
use crate::makers::{self, Count, Maker};
use crate::named::RuleName;
use crate::process::Process;

/// Who or what is responsible for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// The process that wrote "deny" to /proc/PID/setgroups before gid_map was written.
    WriterOfDeny,
    /// The map, and so the process that wrote it.
    Map,
    /// The credentials of the process, and so the program that started it.
    Credentials,
    /// A policy of this host: a sysctl, a security module, a seccomp filter, a mount option, a limit.
    Policy,
    /// The image, whose files belong to other ids.
    Image,
    /// The kernel, or a policy that cannot be seen.
    KernelOrHiddenPolicy,
}

impl Responsible {
    /// The words of a report.
    pub fn words(self) -> &'static str {
        match self {
            Self::WriterOfDeny => "the process that wrote \"deny\" to /proc/PID/setgroups before gid_map",
            Self::Map => "the map, and so the process that wrote it",
            Self::Credentials => "the credentials of the process, and so the program that started it",
            Self::Policy => "a policy of this host",
            Self::Image => "the image, whose files belong to other ids",
            Self::KernelOrHiddenPolicy => "the kernel, or a policy that cannot be seen",
        }
    }
}

/// One reason for which something is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is refused, as a sentence.
    pub what: String,
    /// The rule of the kernel. `None` if no rule of user namespaces refuses this.
    pub rule: Option<RuleName>,
    /// Who or what is responsible.
    pub responsible: Responsible,
    /// The evidence, as a sentence.
    pub because: String,
    /// What was looked at and is not the reason.
    pub excluded: Vec<String>,
    /// The questions of the [answers](crate::answers) that this decides.
    pub decides: Vec<String>,
    /// Which programs make such a namespace, and how that is repaired.
    pub likely: Vec<&'static Maker>,
}

/// Everything that is refused to the process, by the answers and by what else is known of it.
pub fn all(process: &Process, answers: &[Answer]) -> Vec<Finding> {
    let mut rules: Vec<RuleName> = Vec::new();
    for rule in
        answers.iter().filter(|answer| answer.agreement() != Agreement::Differ).filter_map(Answer::rule)
    {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let mut findings: Vec<Finding> = rules.iter().map(|rule| by_rule(process, answers, *rule)).collect();
    findings.extend(unruled(process, answers));
    findings.extend(programs::image(process));
    findings.extend(creating::all(process));
    findings
}

fn by_rule(process: &Process, answers: &[Answer], rule: RuleName) -> Finding {
    let decided = answers.iter().filter(|answer| answer.rule() == Some(rule));
    let (responsible, because) = reason(process, rule.0);
    Finding {
        what: what(rule.0).to_owned(),
        rule: Some(rule),
        responsible,
        because,
        excluded: excluded(process, answers, rule.0),
        decides: decided.map(|answer| answer.question.clone()).collect(),
        likely: makers::likely(&process.namespace, rule.0.name),
    }
}

/// What a rule refuses.
fn what(rule: &'static Rule) -> &'static str {
    match rule.name {
        "enter.no-new-privs" | "owner.setuid-programs" => "A set-user-ID program does not begin as root.",
        _ => rule.sentence,
    }
}

/// The evidence for a rule of the model.
fn reason(process: &Process, rule: &Rule) -> (Responsible, String) {
    let namespace = &process.namespace;
    let gid_map = shown(&namespace.gid_map);
    match rule.name {
        "groups.denied" => (Responsible::WriterOfDeny, denied(process)),
        "groups.needs-gid-map" => (Responsible::Map, "gid_map is empty".to_owned()),
        "groups.needs-setgid" | "id.not-own" => (Responsible::Credentials, lacking(process)),
        "groups.unmapped" => {
            (Responsible::Map, format!("gid_map is \"{gid_map}\" and lacks a group that the program sets"))
        }
        "id.unmapped" => {
            let uid_map = shown(&namespace.uid_map);
            let lacks = "and an id that the program sets has no mapping";
            (Responsible::Map, format!("uid_map is \"{uid_map}\", gid_map is \"{gid_map}\", {lacks}"))
        }
        "enter.no-new-privs" => (
            Responsible::Credentials,
            "no_new_privs is set, so that execve(2) ignores set-user-ID bits. It is inherited and never unset; runtimes set \
             it by allowPrivilegeEscalation: false or --security-opt no-new-privileges"
                .to_owned(),
        ),
        "owner.setuid-programs" => {
            (Responsible::Map, format!("uid_map is \"{}\" and has no uid 0", shown(&namespace.uid_map)))
        }
        _ => (Responsible::Credentials, rule.source.to_owned()),
    }
}

fn denied(process: &Process) -> String {
    let count = process.namespace.gid_map.known().map(|map| Count::of(map));
    let need = match count {
        Some(Count::Range) => {
            "The map is a range, which only a privileged process can write. For such a map \"deny\" is not needed"
        }
        Some(Count::Few) => {
            "An unprivileged process has to write \"deny\" before it may map its own gid (allow.own-gid-needs-deny)"
        }
        _ => "gid_map is not written",
    };
    format!("/proc/PID/setgroups reads \"deny\", which cannot be undone in this namespace. {need}")
}

fn lacking(process: &Process) -> String {
    let bounding = process.capabilities.known().map(|sets| sets.bounding);
    let uid = process.uids.known().map_or("?".to_owned(), |uids| uids.effective.to_string());
    let complete = bounding.is_none_or(|set| set.contains(Cap::Setgid) && set.contains(Cap::Setuid));
    let lost = match (complete, uid.as_str()) {
        (false, _) => {
            "CAP_SETGID or CAP_SETUID is not even in the bounding set: the program that started the process took it away"
        }
        (true, "0") => "The process gave it up, or executed its program before uid 0 had a mapping",
        (true, _) => {
            "A process with an effective uid other than 0 has no capabilities, unless it was given some"
        }
    };
    format!("the effective uid is {uid}, and the effective set lacks CAP_SETGID or CAP_SETUID. {lost}")
}

fn shown(fact: &Fact<String>) -> String {
    fact.known().cloned().unwrap_or_else(|| "?".to_owned())
}

/// What else could refuse the same call, and does not.
fn excluded(process: &Process, answers: &[Answer], rule: &Rule) -> Vec<String> {
    if !rule.name.starts_with("groups.") {
        return Vec::new();
    }
    let mut not = Vec::new();
    let caps = process.capabilities.known();
    if rule.name != "groups.needs-setgid" && caps.is_some_and(|sets| sets.effective.contains(Cap::Setgid)) {
        not.push("a missing capability: CAP_SETGID is there".to_owned());
    }
    let map = process.namespace.gid_map.known();
    if rule.name != "groups.needs-gid-map" && map.is_some_and(|map| !map.is_empty()) {
        not.push("an unwritten map: gid_map is written".to_owned());
    }
    if rule.name != "groups.denied" && process.namespace.setgroups.known().is_some_and(|word| word == "allow")
    {
        not.push("the word in /proc/PID/setgroups: it is \"allow\"".to_owned());
    }
    if process.seccomp == Fact::Known(Seccomp::Off) {
        not.push("a seccomp filter: there is none".to_owned());
    }
    let agree = |answer: &&Answer| answer.rule().is_some_and(|it| it.0 == rule);
    if answers.iter().filter(agree).any(|answer| answer.agreement() == Agreement::Same) {
        not.push("a broken kernel: a child that tried it was answered as the rule says".to_owned());
    }
    not
}

/// The answers of the kernel that no rule of the model explains.
fn unruled(process: &Process, answers: &[Answer]) -> Option<Finding> {
    let differ: Vec<&Answer> =
        answers.iter().filter(|answer| answer.agreement() == Agreement::Differ).collect();
    let first = differ.first()?;
    let kernel = match &first.kernel {
        Tried::Refused { call, errno } => format!("{call} is {errno}"),
        Tried::Succeeds | Tried::No(_) => format!("{} succeeds", first.question),
    };
    let filter = process.pid.is_none().then(refused_by_filter).flatten();
    let (responsible, evidence) = match (filter, process.seccomp.known()) {
        (Some(reason), _) => (Responsible::Policy, reason),
        (None, Some(Seccomp::Filter)) => {
            (Responsible::Policy, "a seccomp filter is active, whose rules cannot be read".to_owned())
        }
        _ => (Responsible::KernelOrHiddenPolicy, "no seccomp filter is seen".to_owned()),
    };
    Some(Finding {
        what: "The kernel answers otherwise than by the rules of user namespaces.".to_owned(),
        rule: first.rule(),
        responsible,
        because: format!("{kernel}; {evidence}"),
        excluded: Vec::new(),
        decides: differ.iter().map(|answer| answer.question.clone()).collect(),
        likely: Vec::new(),
    })
}

/// The first of the calls of this topic that a seccomp filter refuses to this process.
fn refused_by_filter() -> Option<String> {
    let calls =
        [libc::SYS_setgroups, libc::SYS_setgid, libc::SYS_setuid, libc::SYS_setresgid, libc::SYS_setresuid];
    calls.into_iter().find_map(|call| filter::refused_call(call, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Opinion;
    use crate::process::Which;

    fn answer(model: Opinion, errno: &str) -> Answer {
        let kernel = Tried::Refused { call: "setgroups([])".to_owned(), errno: errno.to_owned() };
        Answer { question: "setgroups([])".to_owned(), calls: Vec::new(), model, kernel }
    }

    #[test]
    fn an_answer_that_no_rule_explains_blames_what_can_be_seen() {
        let mut process = Process::look(Which::Own).expect("this process");
        let blamed = |process: &Process, model| {
            let finding = unruled(process, &[answer(model, "ENOSYS")])?;
            Some((finding.responsible, finding.rule.map(|rule| rule.0.name)))
        };

        process.pid = Some(1);
        process.seccomp = Fact::Known(Seccomp::Off);
        let hidden = Some((Responsible::KernelOrHiddenPolicy, None));
        assert_eq!(blamed(&process, Opinion::Succeeds), hidden);
        process.seccomp = Fact::Known(Seccomp::Filter);
        assert_eq!(blamed(&process, Opinion::Succeeds), Some((Responsible::Policy, None)));
        assert_eq!(blamed(&process, Opinion::Open(String::new())), None);
    }

    #[test]
    fn deny_is_needed_for_one_id_and_not_for_a_range() {
        let mut process = Process::look(Which::Own).expect("this process");
        let because = |process: &mut Process, map: &str| {
            process.namespace.gid_map = Fact::Known(map.to_owned());
            denied(process)
        };

        assert!(because(&mut process, "0 100000 65536").ends_with("\"deny\" is not needed"));
        assert!(because(&mut process, "0 1000 1").contains("allow.own-gid-needs-deny"));
        assert!(because(&mut process, "").ends_with("gid_map is not written"));
    }
}
