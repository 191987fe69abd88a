//! The names of accounts whose ids a root's packages were given in the order of their installation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The ids that are given in order. Source: Debian Policy, 9.2.2, "UID and GID classes".
const GIVEN: std::ops::RangeInclusive<u32> = 100..=999;

/// Names by ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    /// Those of a root. A file that cannot be read has none.
    pub fn of(root: &Path) -> Self {
        let read = |file| names(&fs::read_to_string(root.join(file)).unwrap_or_default());
        Self { users: read("etc/passwd"), groups: read("etc/group") }
    }

    /// A uid: the name, if the number means something only in this root.
    pub fn user(&self, id: u32) -> String {
        self.users.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// A gid, likewise.
    pub fn group(&self, id: u32) -> String {
        self.groups.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// All of these ids.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.users.keys().chain(self.groups.keys()).copied()
    }
}

fn names(text: &str) -> BTreeMap<u32, String> {
    let line = |line: &str| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?.parse().ok()?);
        GIVEN.contains(&id).then(|| (id, name.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_are_given_in_order_have_names() {
        let text = "root:x:0:0::/:\nbind:x:104:107::/:\nusers:x:100:\nnobody:x:65534:65534::/:\nbroken";

        let names = Names { users: names(text), groups: BTreeMap::new() };
        assert_eq!([0, 104, 65_534].map(|id| names.user(id)), ["0", "bind", "65534"]);
        assert_eq!((names.group(104), names.ids().count()), ("104".to_owned(), 2));
    }
}
