//! The text of uid_map, gid_map and projid_map as the kernel gives it.
//!
//! The maps of the model and those of the tests' helpers are others on purpose: they are second
//! opinions.

/// A line of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first id in the namespace.
    pub first: u32,
    /// The id in the reader's namespace that it stands for.
    pub lower: u32,
    /// How many ids follow one another.
    pub count: u32,
}

/// A map, its extents in the order in which the kernel lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdMap(pub Vec<Extent>);

impl IdMap {
    /// Reads the text of a map, whose lines may also be separated by "; ". A line that is no extent is left out.
    pub fn parse(text: &str) -> Self {
        Self(text.split(['\n', ';']).filter_map(Extent::parse).collect())
    }

    /// The id of the namespace that stands for one of the reader's namespace.
    pub fn up(&self, lower: u32) -> Option<u32> {
        let extent = self
            .0
            .iter()
            .find(|extent| lower.checked_sub(extent.lower).is_some_and(|at| at < extent.count))?;
        Some(extent.first + (lower - extent.lower))
    }

    /// Whether each of the ids `first` to `first + count - 1` of the namespace has a mapping.
    pub fn covers(&self, first: u32, count: u32) -> bool {
        let ends =
            |extent: &Extent| (u64::from(extent.first), u64::from(extent.first) + u64::from(extent.count));
        let mut extents: Vec<(u64, u64)> = self.0.iter().map(ends).collect();
        extents.sort_unstable();
        let mut reached = u64::from(first);
        for (start, end) in extents {
            if start <= reached && reached < end {
                reached = end;
            }
        }
        reached >= u64::from(first) + u64::from(count)
    }
}

impl Extent {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace().map(|field| field.parse().ok());
        match (fields.next()?, fields.next()?, fields.next()?, fields.next()) {
            (Some(first), Some(lower), Some(count), None) => Some(Self { first, lower, count }),
            _ => None,
        }
    }
}

/// The lines of a map as it is read back, each with single blanks between its fields, whatever these are.
pub fn lines(map: &str) -> Vec<String> {
    map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_joined_where_they_touch() {
        let covers = |map, first, count| IdMap::parse(map).covers(first, count);

        assert!(covers("0 0 4294967295", 0, 65536));
        assert!(covers("1 100000 65536; 0 1000 1", 0, 65536));
        assert!(!covers("0 1000 1; 2 100000 65536", 0, 65536));
        assert!(!covers("0 1000 1", 0, 65536));
        assert!(covers("1000 0 1", 1000, 1));
        assert!(!covers("", 0, 1));
        assert!(covers("", 7, 0));
    }

    #[test]
    fn an_id_is_named_by_the_extent_that_has_it() {
        let map = IdMap::parse("         0       1000          1\n         1     100000      65536\n");

        assert_eq!([1000, 100_000, 165_535].map(|id| map.up(id)), [Some(0), Some(1), Some(65_536)]);
        assert_eq!([999, 1001, 165_536].map(|id| map.up(id)), [None; 3]);
    }

    #[test]
    fn what_is_no_extent_is_none() {
        assert_eq!(IdMap::parse("0 1\n0 1 2 3\n0 1 x\n-1 0 1\n"), IdMap::default());
    }

    #[test]
    fn a_line_is_shown_with_single_blanks() {
        assert_eq!(lines("         0       1000          1\n1 x\n"), ["0 1000 1", "1 x"]);
    }
}
