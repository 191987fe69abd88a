//! Which ids a map covers.

/// Whether the ids `first` to `first + count - 1` of the inside all have a mapping. `map` is in
/// the one-line form of [`crate::host::Process::uid_map`].
pub(super) fn covers(map: &str, first: u32, count: u32) -> bool {
    let mut extents: Vec<(u64, u64)> = map.split("; ").filter_map(extent).collect();
    extents.sort_unstable();
    let end = u64::from(first) + u64::from(count);
    let mut reached = u64::from(first);
    for (start, stop) in extents {
        if start <= reached && reached < stop {
            reached = stop;
        }
    }
    reached >= end
}

/// The inside of one extent, its end excluded.
fn extent(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split(' ').map(str::parse::<u64>);
    let (first, _outside, count) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    Some((first, first + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_joined_where_they_touch() {
        assert!(covers("0 0 4294967295", 0, 65536));
        assert!(covers("1 100000 65536; 0 1000 1", 0, 65536));
        assert!(!covers("0 1000 1; 2 100000 65536", 0, 65536));
        assert!(!covers("0 1000 1", 0, 65536));
        assert!(covers("1000 0 1", 1000, 1));
        assert!(!covers("", 0, 1));
        assert!(covers("", 7, 0));
    }
}
