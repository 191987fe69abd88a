//! The steps by which a namespace is made as it was described.

use super::{Userns, Writer};
use crate::director::pid_word;
use crate::here;
use harness_scenario::action::{
    Action, Groups, Id, IdFile, RawArg, SetId, Text, Via, syscall, syscall_for_fd,
};
use harness_scenario::actors::Actor;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::scenario::{Scenario, caller};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The process in the namespace of each level, with the process above it.
const LEVELS: [(Actor, Actor); 3] =
    [(Actor::Inside, Actor::Outside), (Actor::Nested, Actor::Inside), (Actor::Deepest, Actor::Nested)];
/// The version of capset(2) with 64 bits for each set, _LINUX_CAPABILITY_VERSION_3.
const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// PR_CAP_AMBIENT_RAISE of prctl(2).
const AMBIENT_RAISE: i64 = 2;

/// A scenario, and words for those of its steps whose text in a trace does not name what was asked for.
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    /// By the index of the step.
    pub(super) labels: BTreeMap<usize, String>,
}

impl Plan {
    /// The steps for a namespace and those below it, and then the program.
    ///
    /// # Errors
    /// What is wrong with the description: too many levels, a sysctl of another namespace, an unknown limit.
    pub(super) fn of(outermost: &Userns, words: &[&str]) -> Result<Self, String> {
        let mut plan = Self { scenario: caller().outside(&[]), labels: BTreeMap::new() };
        let mut level = Some(outermost);
        let mut actors = LEVELS.into_iter();
        let mut last = Actor::Inside;
        while let Some(userns) = level {
            let (actor, parent) = actors.next().ok_or("there are more than three levels of namespaces")?;
            plan.scenario = plan.scenario.by(actor, &[]);
            plan.add_level(userns, actor, parent)?;
            (level, last) = (userns.inner.as_deref(), actor);
        }
        plan.scenario = plan.scenario.by(last, &[run(words.iter().map(|word| (*word).to_owned()))]);
        Ok(plan)
    }

    fn add_level(&mut self, userns: &Userns, actor: Actor, parent: Actor) -> Result<(), String> {
        for (file, words) in &userns.writes {
            self.add_write(userns.writer, *file, words, [actor, parent]);
        }
        for (name, value) in &userns.sysctls {
            self.add_sysctl(actor, name, value)?;
        }
        if let Some(capabilities) = &userns.capabilities {
            self.add_bounds(actor, capabilities);
        }
        self.scenario = self.scenario.clone().by(actor, &id_actions(userns));
        if let Some(capabilities) = &userns.capabilities {
            self.add_capabilities(actor, capabilities);
        }
        userns.rlimits.iter().try_for_each(|(name, limits)| self.add_rlimit(actor, name, *limits))
    }

    fn add(&mut self, actor: Actor, action: Action, label: Option<String>) {
        self.scenario = self.scenario.clone().by(actor, &[action]);
        if let Some(label) = label {
            self.labels.insert(self.scenario.steps.len() - 1, label);
        }
    }

    fn add_write(&mut self, writer: Writer, file: IdFile, words: &str, [actor, parent]: [Actor; 2]) {
        // Outside of all namespaces, the file of `Inside` is the one that is meant.
        let of = (parent != Actor::Outside).then_some(actor);
        let text = Text::Words(Cow::Owned(words.to_owned()));
        match (writer, file) {
            (Writer::Newidmap, IdFile::UidMap | IdFile::GidMap) => {
                let program = if file == IdFile::GidMap { "newgidmap" } else { "newuidmap" };
                let ids = map_words(file, words);
                let label = format!("{program} {}", ids.join(" "));
                let all = [vec![program.to_owned(), pid_word(actor)], ids].concat();
                self.add(parent, run(all.into_iter()), Some(label));
            }
            (Writer::Parent | Writer::Newidmap, _) => {
                self.add(parent, Action::Write { file, of, text }, None)
            }
            (Writer::Inside, _) => self.add(actor, Action::Write { file, of: None, text }, None),
        }
    }

    fn add_sysctl(&mut self, actor: Actor, name: &str, value: &str) -> Result<(), String> {
        let file = name
            .strip_prefix("user.")
            .filter(|file| !file.contains(['/', '.']))
            .ok_or_else(|| format!("{name} is no sysctl of a user namespace, which are those below user."))?;
        let path = bytes(format!("/proc/sys/user/{file}\0").into_bytes());
        let open = [RawArg::Number(libc::AT_FDCWD.into()), path, RawArg::Number(libc::O_WRONLY.into())];
        let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
        let write = vec![RawArg::Held, bytes(value.as_bytes().to_vec()), RawArg::Number(length)];
        let label = format!("sysctl {name}={value}");
        self.add(
            actor,
            syscall_for_fd("open the sysctl", libc::SYS_openat, open.into()),
            Some(format!("{label}: open")),
        );
        self.add(actor, syscall("write the sysctl", libc::SYS_write, write), Some(format!("{label}: write")));
        let close = syscall("close the sysctl", libc::SYS_close, vec![RawArg::Held]);
        self.add(actor, close, Some(format!("{label}: close")));
        Ok(())
    }

    /// Before the ids change, since another uid may not do so: what the program can never gain, and that the permitted set
    /// is kept.
    fn add_bounds(&mut self, actor: Actor, capabilities: &[Cap]) {
        let wanted = set_of(capabilities);
        for number in (0..=here::start().last_cap).filter(|number| wanted.0 >> number & 1 == 0) {
            let name = Cap::all().find(|cap| cap.number() == number);
            let name = name.map_or_else(|| number.to_string(), |cap| cap.to_string());
            let drop = prctl(&[libc::PR_CAPBSET_DROP.into(), number.into()]);
            self.add(actor, drop, Some(format!("prctl(PR_CAPBSET_DROP, {name})")));
        }
        let keep = prctl(&[libc::PR_SET_KEEPCAPS.into(), 1]);
        self.add(actor, keep, Some("prctl(PR_SET_KEEPCAPS, 1)".to_owned()));
    }

    /// After the ids have changed: the sets of this process, of which execve(2) keeps the ambient one.
    fn add_capabilities(&mut self, actor: Actor, capabilities: &[Cap]) {
        let wanted = set_of(capabilities);
        let halves = [wanted.0 & 0xffff_ffff, wanted.0 >> 32].map(|half| u32::try_from(half).unwrap_or(0));
        let header = [CAPABILITY_VERSION, 0].map(u32::to_ne_bytes).concat();
        let data = halves.into_iter().flat_map(|half| [half; 3]).flat_map(u32::to_ne_bytes).collect();
        let capset = syscall("capset", libc::SYS_capset, vec![bytes(header), bytes(data)]);
        self.add(actor, capset, Some(format!("capset({wanted})")));
        for cap in capabilities {
            let raise = prctl(&[libc::PR_CAP_AMBIENT.into(), AMBIENT_RAISE, cap.number().into()]);
            self.add(actor, raise, Some(format!("prctl(PR_CAP_AMBIENT_RAISE, {cap})")));
        }
    }

    fn add_rlimit(&mut self, actor: Actor, name: &str, limits: [u64; 2]) -> Result<(), String> {
        let resource = resource(name).ok_or_else(|| format!("RLIMIT_{name} is no resource limit"))?;
        let values = limits.into_iter().flat_map(u64::to_ne_bytes).collect();
        let args = vec![RawArg::Number(0), RawArg::Number(resource), bytes(values), RawArg::Number(0)];
        let [soft, hard] = limits;
        let label = format!("setrlimit(RLIMIT_{name}, {soft}, {hard})");
        self.add(actor, syscall("setrlimit", libc::SYS_prlimit64, args), Some(label));
        Ok(())
    }
}

/// The groups first and the uid last, because a uid other than 0 may not set the others.
fn id_actions(userns: &Userns) -> Vec<Action> {
    let groups = userns.groups.clone().map(|list| Action::Setgroups(Groups::List(list.into()), Via::Raw));
    let gid = userns.gid.map(|id| Action::SetId(SetId::Setresgid, [Id::Of(id); 3], Via::Raw));
    let uid = userns.uid.map(|id| Action::SetId(SetId::Setresuid, [Id::Of(id); 3], Via::Raw));
    groups.into_iter().chain(gid).chain(uid).collect()
}

/// The fields of a map's lines, as newuidmap(1) takes them.
fn map_words(file: IdFile, lines: &str) -> Vec<String> {
    let caller = &here::start().caller;
    let own = if file == IdFile::GidMap { caller.gid.effective } else { caller.uid.effective };
    let word = |word: &str| if word == "own" { own.to_string() } else { word.to_owned() };
    lines.split_whitespace().map(word).collect()
}

fn set_of(capabilities: &[Cap]) -> CapSet {
    capabilities.iter().fold(CapSet::EMPTY, |set, cap| set.with(*cap))
}

fn run(words: impl Iterator<Item = String>) -> Action {
    Action::Run(words.map(Cow::Owned).collect())
}

fn prctl(args: &[i64]) -> Action {
    syscall("prctl", libc::SYS_prctl, args.iter().map(|arg| RawArg::Number(*arg)).collect())
}

fn bytes(bytes: Vec<u8>) -> RawArg {
    RawArg::Bytes(Cow::Owned(bytes))
}

/// The number of a resource. Its type differs between C libraries.
fn resource(name: &str) -> Option<i64> {
    Some(i64::from(match name {
        "AS" => libc::RLIMIT_AS,
        "CORE" => libc::RLIMIT_CORE,
        "CPU" => libc::RLIMIT_CPU,
        "DATA" => libc::RLIMIT_DATA,
        "FSIZE" => libc::RLIMIT_FSIZE,
        "LOCKS" => libc::RLIMIT_LOCKS,
        "MEMLOCK" => libc::RLIMIT_MEMLOCK,
        "MSGQUEUE" => libc::RLIMIT_MSGQUEUE,
        "NICE" => libc::RLIMIT_NICE,
        "NOFILE" => libc::RLIMIT_NOFILE,
        "NPROC" => libc::RLIMIT_NPROC,
        "RSS" => libc::RLIMIT_RSS,
        "RTPRIO" => libc::RLIMIT_RTPRIO,
        "RTTIME" => libc::RLIMIT_RTTIME,
        "SIGPENDING" => libc::RLIMIT_SIGPENDING,
        "STACK" => libc::RLIMIT_STACK,
        _ => return None,
    }))
}
