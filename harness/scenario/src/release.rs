//! Releases of kernels, and what their names show of the changes that they have.

mod vendor;

/// A kernel by its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Major and minor version.
    pub version: (u32, u32),
    /// What is known of its stable series.
    pub stable: Stable,
}

/// Which release of its stable series a kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stable {
    /// This one, such as 26 of 6.1.26. It has no change of a later one.
    Number(u32),
    /// One that its name does not show. It may have any change that its series received.
    Hidden,
    /// None: the distribution keeps the version for years and takes changes from any later release, as Red Hat and SUSE
    /// do. What is in a later release may be in this kernel too.
    OfVendor,
}

impl Release {
    /// One that is newer than any change.
    pub const NEWEST: Self = Self { version: (u32::MAX, 0), stable: Stable::Number(0) };

    /// The release of this version and this number of its stable series.
    pub const fn of(major: u32, minor: u32, stable: u32) -> Self {
        Self { version: (major, minor), stable: Stable::Number(stable) }
    }

    /// That of a kernel with this `uname -r` and `uname -v`, and this `/proc/version_signature`, which Ubuntu's kernels
    /// have. Newer than any change if `uname -r` does not begin with a version.
    pub fn told(release: &str, version: &str, signature: Option<&str>) -> Self {
        match self::version(release) {
            Some(found) => Self { version: found, stable: vendor::stable(release, version, signature) },
            None => Self::NEWEST,
        }
    }

    /// Whether it is this release or a later one, or a later one of a stable series. `None` if its name does not show it:
    /// neither the older nor the newer behaviour of such a kernel is a fault.
    pub fn reaches(self, first: (u32, u32), stable: &[(u32, u32, u32)]) -> Option<bool> {
        if self.version >= first {
            return Some(true);
        }
        let series = stable.iter().find(|(major, minor, _)| (*major, *minor) == self.version);
        match (self.stable, series) {
            (Stable::OfVendor, _) | (Stable::Hidden, Some(_)) => None,
            (Stable::Number(number), Some((_, _, least))) => Some(number >= *least),
            (Stable::Number(_) | Stable::Hidden, None) => Some(false),
        }
    }
}

/// Reads "6.18.44-fc" as (6, 18); `None` if the release does not begin with a version.
pub fn version(release: &str) -> Option<(u32, u32)> {
    let (major, rest) = release.split_once('.')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    Some((major.parse().ok()?, rest[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: (u32, u32) = (6, 3);
    const SERIES: &[(u32, u32, u32)] = &[(5, 15, 110), (6, 1, 26)];

    fn reaches(version: (u32, u32), stable: Stable) -> Option<bool> {
        Release { version, stable }.reaches(FIRST, SERIES)
    }

    #[test]
    fn releases_of_distributions_are_read() {
        assert_eq!(version("6.18.44-fc-v445"), Some((6, 18)));
        assert_eq!(version("7.3-rc2"), Some((7, 3)));
        assert_eq!(version("5.10"), Some((5, 10)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn a_number_decides_within_its_series() {
        assert_eq!(reaches((6, 1), Stable::Number(26)), Some(true));
        assert_eq!(reaches((6, 1), Stable::Number(25)), Some(false));
        assert_eq!(reaches((6, 2), Stable::Number(99)), Some(false));
        assert_eq!(reaches((6, 3), Stable::Number(0)), Some(true));
    }

    /// Release 0 of a series and an unknown release of it are different things.
    #[test]
    fn a_hidden_number_is_open_where_the_series_received_the_change() {
        assert_eq!(reaches((5, 15), Stable::Number(0)), Some(false));
        assert_eq!(reaches((5, 15), Stable::Hidden), None);
        assert_eq!(reaches((5, 10), Stable::Hidden), Some(false));
        assert_eq!(reaches((6, 3), Stable::Hidden), Some(true));
    }

    #[test]
    fn a_vendor_may_have_taken_any_later_change() {
        assert_eq!(reaches((4, 18), Stable::OfVendor), None);
        assert_eq!(reaches((6, 4), Stable::OfVendor), Some(true));
    }

    #[test]
    fn what_is_no_release_is_newer_than_any_change() {
        assert_eq!(Release::told("odd", "", None).reaches((99, 0), &[]), Some(true));
    }
}
