//! The five states of a user namespace in which programs are run.

use crate::field::model::Namespace;

/// A state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A range of ids, and "allow".
    Allow,
    /// A range of ids, and "deny".
    Deny,
    /// One id, and "deny".
    OneIdDeny,
    /// One id, and "allow".
    OneIdAllow,
    /// A range of uids, and no gid map.
    NoGidMap,
}

/// All of them, in the order of the columns.
pub const STATES: [State; 5] =
    [State::Allow, State::Deny, State::OneIdDeny, State::OneIdAllow, State::NoGidMap];

/// The supplementary groups with which each program starts, as the initial namespace sees them.
pub const GROUPS: [u32; 3] = [0, 27, 1000];

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::OneIdDeny => "one-id-deny",
            Self::OneIdAllow => "one-id-allow",
            Self::NoGidMap => "no-gid-map",
        }
    }

    /// The state of this name.
    pub fn of(name: &str) -> Option<Self> {
        STATES.into_iter().find(|state| state.name() == name)
    }

    /// What the model has to know of it.
    pub fn namespace(self) -> Namespace {
        let range = "         0          0      65536\n";
        let one = "         0          0          1\n";
        let (uid_map, gid_map, setgroups) = match self {
            Self::Allow => (range, range, "allow\n"),
            Self::Deny => (range, range, "deny\n"),
            Self::OneIdDeny => (one, one, "deny\n"),
            Self::OneIdAllow => (one, one, "allow\n"),
            Self::NoGidMap => (range, "", "allow\n"),
        };
        Namespace {
            uid_map: uid_map.to_owned(),
            gid_map: gid_map.to_owned(),
            setgroups: setgroups.to_owned(),
            groups: self.seen_inside(&GROUPS),
        }
    }

    /// Groups of the initial namespace as they are seen inside: one without a mapping reads as the overflow gid.
    fn seen_inside(self, groups: &[u32]) -> Vec<u32> {
        const OVERFLOW: u32 = 65_534;
        let mapped = |gid: u32| match self {
            Self::Allow | Self::Deny => true,
            Self::OneIdDeny | Self::OneIdAllow => gid == 0,
            Self::NoGidMap => false,
        };
        groups.iter().map(|gid| if mapped(*gid) { *gid } else { OVERFLOW }).collect()
    }

    /// The text of the three files as they are read when the program starts, one after the other.
    pub fn files(self) -> String {
        let Namespace { uid_map, gid_map, setgroups, .. } = self.namespace();
        uid_map + &gid_map + &setgroups
    }
}
