//! Why something is refused, who is responsible, and what can be done.

mod creating;
mod programs;
mod reasons;

use harness_play::host::{Fact, Seccomp, filter};
use harness_scenario::caps::Cap;
use harness_spec::rules::Rule;
use serde::Serialize;

use crate::answers::{Agreement, Answer, Tried};
use crate::makers::{self, Maker};
use crate::named::RuleName;
use crate::process::Process;

/// Who or what is responsible for a refusal. What concerns every process of the namespace comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// The process that wrote "deny" to /proc/PID/setgroups before gid_map was written.
    WriterOfDeny,
    /// The map, and so the process that wrote it.
    Map,
    /// A policy of this host: a sysctl, a security module, a seccomp filter, a mount option, a limit.
    Policy,
    /// The image, whose files belong to other ids.
    Image,
    /// The kernel, or a policy that cannot be seen.
    KernelOrHiddenPolicy,
    /// The credentials of the process, and so the program that started it. An ordinary user has no capabilities.
    Credentials,
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

/// Everything that is refused to the process, by the answers and by what else is known of it. What concerns every process of
/// the namespace comes first.
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
    findings.sort_by_key(|finding| finding.responsible);
    findings
}

fn by_rule(process: &Process, answers: &[Answer], rule: RuleName) -> Finding {
    let decided = answers.iter().filter(|answer| answer.rule() == Some(rule));
    let (responsible, because) = reasons::reason(process, rule.0);
    Finding {
        what: reasons::what(rule.0).to_owned(),
        rule: Some(rule),
        responsible,
        because,
        excluded: excluded(process, answers, rule.0),
        decides: decided.map(|answer| answer.question.clone()).collect(),
        likely: makers::likely(&process.namespace, rule.0.name),
    }
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
        not.push("a broken kernel: a child that tried it got the answer of the rule".to_owned());
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
}
