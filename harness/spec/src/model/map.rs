//! Maps of ids and what they mean.

use harness_scenario::action::IdFile;
use std::fmt::Write as _;

/// An id as the kernel keeps it, by the name that the initial namespace has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(pub u32);

/// The kernel's id 0: root's in the initial namespace.
pub const GLOBAL_ROOT: Kid = Kid(0);

/// A line of a map. As it is written, `lower` is an id of the parent; once installed, one of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The first id in the namespace.
    pub first: u32,
    /// What that is outside.
    pub lower: u32,
    /// How many ids follow one another.
    pub count: u32,
}

/// One of the maps of a namespace, empty until it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Map(pub Vec<Extent>);

/// Up to so many extents a map is kept in the order in which it was written, beyond that it is sorted.
/// Source: kernel 6397fac4915a, UID_GID_MAP_MAX_BASE_EXTENTS.
const KEPT_IN_ORDER: usize = 5;

impl Map {
    /// That of the initial namespace: every id but 4294967295 is itself.
    pub fn identity() -> Self {
        Self(vec![Extent { first: 0, lower: 0, count: u32::MAX }])
    }

    /// A map of these extents, as the kernel keeps them.
    pub fn of(mut extents: Vec<Extent>) -> Self {
        if extents.len() > KEPT_IN_ORDER {
            extents.sort_by_key(|extent| extent.first);
        }
        Self(extents)
    }

    /// Whether it was written.
    pub fn is_written(&self) -> bool {
        !self.0.is_empty()
    }

    /// What an id of the namespace is to the kernel, if it has a mapping.
    /// Source: kernel make_kuid(), map_id_down().
    pub fn down(&self, id: u32) -> Option<Kid> {
        self.down_range(id, 1)
    }

    /// The same for the first of so many ids, which must lie within one extent.
    /// Source: kernel map_id_range_down().
    pub fn down_range(&self, first: u32, count: u32) -> Option<Kid> {
        let last = first.checked_add(count - 1)?;
        let holds = |extent: &&Extent| first >= extent.first && last - extent.first < extent.count;
        self.0.iter().find(holds).map(|extent| Kid(extent.lower + (first - extent.first)))
    }

    /// What an id of the kernel's is called in the namespace, if it has a mapping.
    /// Source: kernel from_kuid(), map_id_up().
    pub fn up(&self, Kid(id): Kid) -> Option<u32> {
        let holds = |extent: &&Extent| id >= extent.lower && id - extent.lower < extent.count;
        self.0.iter().find(holds).map(|extent| extent.first + (id - extent.lower))
    }

    /// Its file in /proc, the lower ids as `reader`, the map of another namespace, names them.
    /// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel uid_m_show().
    pub fn text(&self, reader: &Map) -> String {
        self.0.iter().fold(String::new(), |mut text, extent| {
            let lower = reader.up(Kid(extent.lower)).unwrap_or(u32::MAX);
            let _ = writeln!(text, "{:10} {lower:10} {:10}", extent.first, extent.count);
            text
        })
    }
}

/// Which of a namespace's three maps a file is; setgroups is none.
pub fn index(file: IdFile) -> Option<usize> {
    match file {
        IdFile::UidMap => Some(0),
        IdFile::GidMap => Some(1),
        IdFile::ProjidMap => Some(2),
        IdFile::Setgroups => None,
    }
}
