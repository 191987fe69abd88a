//! The states of processes, as they report them.

use super::World;
use super::credentials::{Caps, Credentials};
use super::world::{Dumpable, Life, Process};
use harness_scenario::action::IdFile;
use harness_scenario::actors::Actor;
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{FsId, Ids};
use harness_scenario::outcome;
use harness_scenario::state::{GroupsOrigin, State};

impl World {
    fn ids(&self, cred: &Credentials, file: IdFile) -> Ids {
        let ids = if file == IdFile::GidMap { cred.gid } else { cred.uid };
        let shown = |id| self.shown(cred.ns, file, id);
        Ids {
            real: shown(ids.real),
            effective: shown(ids.effective),
            saved: shown(ids.saved),
            fs: FsId::Known(shown(ids.fs)),
        }
    }

    /// The results of capget(2) and of the calls that return ids. They do not include the bounding and the ambient
    /// set.
    pub(super) fn look(&self, cred: &Credentials) -> outcome::Credentials {
        let none = CapSet::EMPTY;
        let caps = Caps { bounding: none, ambient: none, ..cred.caps };
        outcome::Credentials {
            uid: self.ids(cred, IdFile::UidMap),
            gid: self.ids(cred, IdFile::GidMap),
            caps: caps.into(),
        }
    }

    /// The state of each process, as it reports it.
    pub fn states(&self) -> Vec<(Actor, State)> {
        if self.unmodelled {
            return Vec::new();
        }
        let state = |actor: Actor| {
            let process = &self.processes[self.find(actor)?].1;
            (process.life == Life::Running).then(|| (actor, self.state(process)))
        };
        Actor::ALL.into_iter().filter_map(state).collect()
    }

    fn state(&self, process: &Process) -> State {
        let cred = &process.cred;
        let file = |file| self.namespaces.contents(cred.ns, file, cred.ns);
        let setgroups = file(IdFile::Setgroups).trim_end().to_owned();
        State {
            uid: self.ids(cred, IdFile::UidMap),
            gid: self.ids(cred, IdFile::GidMap),
            groups: self.groups_shown(cred),
            groups_origin: GroupsOrigin::Scenario,
            caps: cred.caps.into(),
            before: None,
            userns: String::new(),
            dumpable: i64::from(process.dumpable == Dumpable::Yes),
            securebits: Some(cred.securebits.into()),
            uid_map: file(IdFile::UidMap),
            gid_map: file(IdFile::GidMap),
            setgroups: if self.missing.setgroups { String::new() } else { setgroups },
        }
    }
}
