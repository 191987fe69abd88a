//! A process, what the kernel answers it, and why.

use serde::Serialize;

use crate::answers::{self, Answer};
use crate::findings::{self, Finding};
use crate::named::RuleName;
use crate::process::{Process, Which};
use crate::sequences::Target;

/// Everything that can be said of a process.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// What was seen of it.
    pub process: Process,
    /// What setgroups(2) and others would answer, and the programs that use them.
    pub answers: Vec<Answer>,
    /// Why something is refused.
    pub findings: Vec<Finding>,
}

/// What an explanation comes to, for the exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing is refused.
    Free,
    /// Something is refused, and a finding has the reason.
    Refused,
    /// Nothing is known to be refused, and too little could be seen.
    Unknown,
}

impl Explanation {
    /// Looks at a process, asks the model and the kernel, and looks for reasons.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn of(which: Which, to: Target) -> Result<Self, String> {
        let process = Process::look(which)?;
        let answers = answers::all(&process, to);
        let findings = findings::all(&process, &answers);
        Ok(Self { process, answers, findings })
    }

    /// The rules that refuse something. `None` if too little could be seen to know that there is none.
    pub fn rules(&self) -> Option<Vec<RuleName>> {
        let rules = self.findings.iter().filter_map(|finding| finding.rule).collect();
        (self.conclusion() != Conclusion::Unknown).then_some(rules)
    }

    /// Whether something is refused.
    pub fn conclusion(&self) -> Conclusion {
        let refused: Vec<Option<bool>> = self.answers.iter().map(Answer::is_refused).collect();
        match (self.findings.is_empty() && !refused.contains(&Some(true)), refused.contains(&None)) {
            (false, _) => Conclusion::Refused,
            (true, true) => Conclusion::Unknown,
            (true, false) => Conclusion::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{Opinion, Tried};
    use crate::sequences::DAEMON;

    #[test]
    fn what_is_not_known_is_neither_free_nor_refused() {
        let mut explanation = Explanation::of(Which::Own, DAEMON).expect("this process");
        explanation.findings.clear();
        let answer = |model, kernel| Answer { question: String::new(), calls: Vec::new(), model, kernel };
        let open = answer(Opinion::Open(String::new()), Tried::No(String::new()));
        let free = answer(Opinion::Succeeds, Tried::Succeeds);
        let refused = answer(
            Opinion::Open(String::new()),
            Tried::Refused { call: String::new(), errno: "EPERM".to_owned() },
        );

        for (answers, conclusion) in [
            (vec![free.clone()], Conclusion::Free),
            (vec![free.clone(), open.clone()], Conclusion::Unknown),
            (vec![free, open, refused], Conclusion::Refused),
        ] {
            explanation.answers = answers;
            assert_eq!(explanation.conclusion(), conclusion);
            assert_eq!(explanation.rules().is_none(), conclusion == Conclusion::Unknown);
        }
    }
}
