//! Releases of kernels.

/// A kernel by its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Major and minor version.
    pub version: (u32, u32),
    /// Which release of its stable series, such as 26 of 6.1.26; 0 where that is not known.
    pub stable: u32,
}

impl Release {
    /// One that is newer than any change.
    pub const NEWEST: Self = Self { version: (u32::MAX, 0), stable: 0 };

    /// That of a kernel with this `uname -r` and `uname -v`; one that is newer than any change if `uname -r` does
    /// not begin with a version.
    pub fn told(release: &str, version: &str) -> Self {
        Self {
            version: self::version(release).unwrap_or(Self::NEWEST.version),
            stable: stable_release(release, version),
        }
    }

    /// Whether it is this release or a later one, or a later one of a stable series.
    pub fn reaches(self, first: (u32, u32), stable: &[(u32, u32, u32)]) -> bool {
        let in_series = |(major, minor, least): &(u32, u32, u32)| {
            (*major, *minor) == self.version && self.stable >= *least
        };
        self.version >= first || stable.iter().any(in_series)
    }
}

/// Which release of a stable series a kernel with this `uname -r` and `uname -v` is, such as 26 of 6.1.26; 0 where
/// neither has it. A Debian kernel calls itself 6.1.0-26 and names in `uname -v` what it is made from.
pub fn stable_release(release: &str, told: &str) -> u32 {
    let debian = told.split_once("Debian ").map(|(_, rest)| rest);
    let text = debian.filter(|rest| version(rest) == version(release)).unwrap_or(release);
    let third = text.split('.').nth(2).unwrap_or_default();
    let digits = third.bytes().take_while(u8::is_ascii_digit).count();
    third[..digits].parse().unwrap_or(0)
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

    #[test]
    fn releases_of_distributions_are_read() {
        assert_eq!(version("6.18.44-fc-v445"), Some((6, 18)));
        assert_eq!(version("7.3-rc2"), Some((7, 3)));
        assert_eq!(version("5.10"), Some((5, 10)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn stable_releases_are_read() {
        assert_eq!(stable_release("6.1.192", "#1 Tue Nov 3"), 192);
        assert_eq!(stable_release("6.18.44-fc", "#1 SMP"), 44);
        let debian = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1 (2024-09-30)";
        assert_eq!(stable_release("6.1.0-26-amd64", debian), 112);
        assert_eq!(stable_release("7.3-rc2", "#1 SMP"), 0);
        assert_eq!(stable_release("5.14.0-427.el9.x86_64", "#1 SMP"), 0);
    }

    #[test]
    fn a_release_is_read_from_what_uname_says() {
        let debian = Release::told("6.1.0-26-amd64", "#1 SMP Debian 6.1.112-1 (2024-09-30)");

        assert_eq!(debian, Release { version: (6, 1), stable: 112 });
    }
}
