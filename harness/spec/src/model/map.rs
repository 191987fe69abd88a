//! Id maps and their meaning.

use harness_scenario::action::IdFile;
use harness_scenario::map::IdMap;

/// An id as the kernel stores it: its value in the initial namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(pub u32);

/// The kernel's id 0: root's in the initial namespace.
pub const GLOBAL_ROOT: Kid = Kid(0);

/// A line of a map. When it is written, `lower` is an id of the parent. After it is installed, `lower` is an id of
/// the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The first id in the namespace.
    pub first: u32,
    /// The first id below.
    pub lower: u32,
    /// The number of ids.
    pub count: u32,
}

/// One of the maps of a namespace, empty until it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Map(pub Vec<Extent>);

/// A map of up to so many extents keeps the order in which it was written. A longer one is sorted.
/// Source: kernel 6397fac4915a, UID_GID_MAP_MAX_BASE_EXTENTS.
const KEPT_IN_ORDER: usize = 5;

impl Map {
    /// The map of the initial namespace: every id but 4294967295 maps to itself.
    pub fn identity() -> Self {
        Self(vec![Extent { first: 0, lower: 0, count: u32::MAX }])
    }

    /// The map of a caller's namespace by its text in /proc. Its ids stand for themselves: what they are above is
    /// invisible from inside and decides nothing there.
    pub fn of_caller(text: &str) -> Self {
        let extents = IdMap::parse(text).0.into_iter();
        Self(
            extents
                .map(|extent| Extent { first: extent.first, lower: extent.first, count: extent.count })
                .collect(),
        )
    }

    /// A map of these extents, as the kernel stores them.
    pub fn of(mut extents: Vec<Extent>) -> Self {
        if extents.len() > KEPT_IN_ORDER {
            extents.sort_by_key(|extent| extent.first);
        }
        Self(extents)
    }

    /// Whether the map was written.
    pub fn is_written(&self) -> bool {
        !self.0.is_empty()
    }

    /// The kernel's id for an id of the namespace, if it has a mapping.
    /// Source: kernel make_kuid(), map_id_down().
    pub fn down(&self, id: u32) -> Option<Kid> {
        self.down_range(id, 1)
    }

    /// The same for the first of so many ids, which must all lie within one extent.
    /// Source: kernel map_id_range_down().
    pub fn down_range(&self, first: u32, count: u32) -> Option<Kid> {
        let last = first.checked_add(count - 1)?;
        let holds = |extent: &&Extent| first >= extent.first && last - extent.first < extent.count;
        self.0.iter().find(holds).map(|extent| Kid(extent.lower + (first - extent.first)))
    }

    /// The namespace's id for an id of the kernel, if it has a mapping.
    /// Source: kernel from_kuid(), map_id_up().
    pub fn up(&self, Kid(id): Kid) -> Option<u32> {
        let holds = |extent: &&Extent| id >= extent.lower && id - extent.lower < extent.count;
        self.0.iter().find(holds).map(|extent| extent.first + (id - extent.lower))
    }

    /// The contents of its file in /proc. `reader`, the map of another namespace, translates the lower ids.
    /// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel uid_m_show().
    pub fn text(&self, reader: &Map) -> String {
        let line = |extent: &Extent| {
            let lower = reader.up(Kid(extent.lower)).unwrap_or(u32::MAX);
            line([extent.first, lower, extent.count])
        };
        let bytes: Vec<u8> = self.0.iter().flat_map(line).collect();
        String::from_utf8(bytes).expect("digits and blanks are UTF-8")
    }
}

/// `%10u %10u %10u` and the end of the line. The formatting of the standard library, without optimisation, took a third of
/// the suite's time: models read maps of 340 lines by the thousand.
fn line(numbers: [u32; 3]) -> [u8; 33] {
    let mut line = [b' '; 33];
    for (end, mut number) in [10, 21, 32].into_iter().zip(numbers) {
        let mut place = end;
        while place == end || number > 0 {
            place -= 1;
            line[place] = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    }
    line[32] = b'\n';
    line
}

/// Which of a namespace's three maps a file is. setgroups is not a map.
pub fn index(file: IdFile) -> Option<usize> {
    match file {
        IdFile::UidMap => Some(0),
        IdFile::GidMap => Some(1),
        IdFile::ProjidMap => Some(2),
        IdFile::Setgroups => None,
    }
}

#[cfg(test)]
mod line_tests {
    use super::line;

    #[test]
    fn a_line_is_as_the_standard_library_formats_it() {
        for numbers in [[0, 0, 1], [9, 10, 99], [4_294_967_295, 1_000_000_000, 999_999_999]] {
            let [first, lower, count] = numbers;
            assert_eq!(line(numbers).as_slice(), format!("{first:10} {lower:10} {count:10}\n").as_bytes());
        }
    }
}
