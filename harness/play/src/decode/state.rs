//! From an actor's answers to its state, or its credentials.

use super::words;
use crate::host;
use crate::lower::state::Part;
use crate::wire::Answer;
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{CapSets, FsId, Ids};
use harness_scenario::missing::MissingFeatures;
use harness_scenario::outcome::Credentials;
use harness_scenario::state::{GroupsOrigin, State};
use nix::errno::Errno;

/// A call and its errno.
type Failure = (&'static str, Errno);

/// The answers to the calls of each part.
struct Report<'a>(Vec<(Part, &'a [Answer])>);

impl<'a> Report<'a> {
    /// Gives each part its answers; the name of the first call that failed if one did.
    fn read(
        parts: &[Part],
        answers: &'a [Answer],
        lacks: impl Fn() -> MissingFeatures,
    ) -> Result<Self, Failure> {
        let mut rest = answers;
        let mut report = Vec::new();
        for part in parts {
            let (these, others) = rest.split_at(part.count().min(rest.len()));
            if let Some(at) = these.iter().position(|answer| failed(*part, answer, &lacks)) {
                return Err((part.calls()[at].0, Errno::from_raw(these[at].errno)));
            }
            report.push((*part, these));
            rest = others;
        }
        Ok(Self(report))
    }

    /// The answer to the call that a part is named after: the only one, or the one that reads a file.
    fn answer(&self, part: Part) -> Option<&'a Answer> {
        let (_, answers) = self.0.iter().find(|(other, _)| *other == part)?;
        answers.get(answers.len() / 2)
    }

    fn words(&self, part: Part) -> Vec<u32> {
        self.answer(part).map_or_else(Vec::new, |answer| words(&answer.data))
    }

    fn text(&self, part: Part) -> String {
        self.answer(part)
            .map_or_else(String::new, |answer| String::from_utf8_lossy(&answer.data).into_owned())
    }

    /// What the call returned, if the kernel has it.
    fn value(&self, part: Part) -> Option<i64> {
        self.answer(part).filter(|answer| answer.errno == 0).map(|answer| answer.value)
    }

    /// Real, effective and saved id of one part, the filesystem id of another; unknown if there is no such call.
    fn ids(&self, three: Part, fs: Part) -> Ids {
        let fs = self.value(fs).map(|id| FsId::Known(u32::try_from(id).unwrap_or(u32::MAX)));
        match self.words(three)[..] {
            [real, effective, saved] => Ids { real, effective, saved, fs: fs.unwrap_or(FsId::Unknown) },
            _ => Ids::default(),
        }
    }
}

/// Whether an answer reports that a process cannot tell what it is. Not one that only reports that this kernel has
/// no such file, as one without user namespaces, or no such call, as one other than Linux.
fn failed(part: Part, answer: &Answer, lacks: impl Fn() -> MissingFeatures) -> bool {
    match (answer.errno, part) {
        (0, _) => false,
        (libc::ENOENT, Part::Userns | Part::UidMap | Part::GidMap | Part::Setgroups) => false,
        (libc::ENOSYS, Part::FsUid | Part::FsGid) => !lacks().fs_ids,
        (libc::EINVAL, Part::Securebits) => !lacks().securebits,
        _ => true,
    }
}

fn lacks() -> MissingFeatures {
    host::missing()
}

/// The credentials that the answers report; the name of the first call that failed if one did.
pub fn credentials(answers: &[Answer]) -> Result<Credentials, Failure> {
    let report = Report::read(&Part::CREDENTIALS, answers, lacks)?;
    Ok(Credentials {
        uid: report.ids(Part::Uids, Part::FsUid),
        gid: report.ids(Part::Gids, Part::FsGid),
        caps: caps(&report.words(Part::Caps), ""),
    })
}

/// The state that the answers report; the name of the first call that failed if one did.
pub fn state(answers: &[Answer]) -> Result<State, Failure> {
    state_where(answers, lacks)
}

/// The same on a kernel with these missing features.
fn state_where(answers: &[Answer], lacks: impl Fn() -> MissingFeatures) -> Result<State, Failure> {
    let report = Report::read(&Part::STATE, answers, lacks)?;
    Ok(State {
        uid: report.ids(Part::Uids, Part::FsUid),
        gid: report.ids(Part::Gids, Part::FsGid),
        groups: report.words(Part::Groups),
        groups_origin: GroupsOrigin::Scenario,
        caps: caps(&report.words(Part::Caps), &report.text(Part::Status)),
        before: None,
        dumpable: report.value(Part::Dumpable).unwrap_or_default(),
        securebits: report.value(Part::Securebits),
        userns: report.text(Part::Userns),
        uid_map: report.text(Part::UidMap),
        gid_map: report.text(Part::GidMap),
        setgroups: report.text(Part::Setgroups).trim_end().to_owned(),
    })
}

fn caps(capget: &[u32], status: &str) -> CapSets {
    let set = |index: usize| {
        let half = |at: usize| u64::from(capget.get(at).copied().unwrap_or(0));
        CapSet(half(index) | half(index + 3) << 32)
    };
    let line = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        CapSet(u64::from_str_radix(value.trim(), 16).unwrap_or(0))
    };
    CapSets {
        effective: set(0),
        permitted: set(1),
        inheritable: set(2),
        bounding: line("CapBnd:"),
        ambient: line("CapAmb:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::state::STEP;

    /// What a process answers that has all ids 0, with these errnos to these parts.
    fn answers(errnos: &[(Part, i32)]) -> Vec<Answer> {
        let answer = |part: Part| {
            let errno = errnos.iter().find(|(failing, _)| *failing == part).map_or(0, |(_, errno)| *errno);
            let ids = matches!(part, Part::Uids | Part::Gids) && errno == 0;
            let data = if ids { vec![0; 12] } else { Vec::new() };
            let value = if errno == 0 { 0 } else { -1 };
            vec![Answer { step: STEP, done: true, value, errno, data }; part.count()]
        };
        Part::STATE.into_iter().flat_map(answer).collect()
    }

    const ALL: MissingFeatures = MissingFeatures { fs_ids: true, securebits: true, setgroups: true };
    const NOTHING: MissingFeatures = MissingFeatures { fs_ids: false, securebits: false, setgroups: false };

    #[test]
    fn what_the_kernel_has_no_call_to_tell_is_unknown_and_not_guessed() {
        let (no_call, no_option) = (libc::ENOSYS, libc::EINVAL);
        let lacking =
            answers(&[(Part::FsUid, no_call), (Part::FsGid, no_call), (Part::Securebits, no_option)]);

        let read = state_where(&lacking, || ALL).map(|state| (state.uid.fs, state.gid.fs, state.securebits));
        assert_eq!(read, Ok((FsId::Unknown, FsId::Unknown, None)));
        let read = state_where(&answers(&[]), || ALL).map(|state| (state.uid.fs, state.securebits));
        assert_eq!(read, Ok((FsId::Known(0), Some(0))));
    }

    #[test]
    fn what_a_kernel_has_a_call_for_must_be_told() {
        for (part, call, errno, lacks) in [
            (Part::FsUid, "setfsuid", libc::ENOSYS, NOTHING),
            (Part::FsGid, "setfsgid", libc::ENOSYS, NOTHING),
            (Part::FsUid, "setfsuid", libc::EPERM, ALL),
            (Part::Uids, "getresuid", libc::ENOSYS, ALL),
            (Part::Groups, "getgroups", libc::ENOSYS, ALL),
            (Part::Securebits, "prctl(PR_GET_SECUREBITS)", libc::EINVAL, NOTHING),
            (Part::Securebits, "prctl(PR_GET_SECUREBITS)", libc::EPERM, ALL),
            (Part::Dumpable, "prctl(PR_GET_DUMPABLE)", libc::EINVAL, ALL),
            (Part::Status, "open", libc::ENOENT, ALL),
        ] {
            let state = state_where(&answers(&[(part, errno)]), || lacks);
            assert_eq!(state, Err((call, Errno::from_raw(errno))), "{lacks:?}");
        }
    }
}
