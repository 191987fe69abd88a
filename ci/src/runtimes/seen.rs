//! What was seen of a runtime.

use serde::{Deserialize, Serialize};

use crate::field::reviewed::{self, Versioned, entry, list};

/// What the process in the container read and could do, and what was written to its files, as it is kept in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// How the runtime ended.
    pub end: String,
    /// The lines of uid_map as the process reads them, with a semicolon between two.
    pub uid_map: String,
    /// Those of gid_map.
    pub gid_map: String,
    /// "allow" or "deny"; empty if no process ran.
    pub setgroups: String,
    /// Uid and gid of the process: `0:0`.
    pub ids: String,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
    /// "ok" if it can clear its groups by setgroups(2), or else the message of setpriv.
    pub clear: String,
    /// "ok" if sudo works, or else the first line of its message.
    pub sudo: String,
    /// What the runtime printed besides; the first few lines.
    pub says: Vec<String>,
    /// The writes to uid_map, gid_map and setgroups, in their order: `newuidmap: uid_map <- "0 1000 1\n"`.
    pub writes: Vec<String>,
}

impl Seen {
    /// The gid of the process.
    pub fn gid(&self) -> Option<u32> {
        self.ids.split_once(':')?.1.parse().ok()
    }

    /// Reads what the probe printed. Without a complete answer of it nothing is known of the container.
    pub fn of_probe(output: &str) -> Self {
        let lines: Vec<&str> =
            output.lines().filter_map(|line| line.trim().strip_prefix("probe: ")).collect();
        if !lines.contains(&"end") {
            return Self::default();
        }
        let field = |name: &str| {
            let value = lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            value.trim().trim_matches(';').to_owned()
        };
        let id = |name: &str| field(name).split(' ').next().unwrap_or_default().to_owned();
        Self {
            uid_map: map(&field("uid_map")),
            gid_map: map(&field("gid_map")),
            setgroups: field("setgroups"),
            ids: format!("{}:{}", id("Uid:"), id("Gid:")),
            groups: field("Groups:").split(' ').filter_map(|gid| gid.parse().ok()).collect(),
            clear: field("clear"),
            sudo: field("sudo"),
            ..Self::default()
        }
    }
}

/// The lines of a map without the blanks by which the kernel aligns them.
fn map(text: &str) -> String {
    text.split(';').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(";")
}

/// What a person reviewed of a row and a version of its package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The release.
    pub release: String,
    /// What was seen.
    pub seen: Seen,
}

impl Versioned for Snapshot {
    fn version(&self) -> &str {
        &self.version
    }

    fn release(&self) -> &str {
        &self.release
    }
}

/// All snapshots.
pub type Reviewed = reviewed::Reviewed<Snapshot>;

/// The text of a snapshot.
pub fn text(package: &str, version: &str, release: &str, seen: &Seen) -> String {
    let head = entry("package", package) + &entry("version", version) + &entry("release", release);
    format!("{head}\n[seen]\n{}", table(seen))
}

/// What was seen, as a table of TOML.
pub fn table(seen: &Seen) -> String {
    let groups = seen.groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    [
        entry("end", &seen.end),
        entry("uid_map", &seen.uid_map),
        entry("gid_map", &seen.gid_map),
        entry("setgroups", &seen.setgroups),
        entry("ids", &seen.ids),
        format!("groups = [{groups}]\n"),
        entry("clear", &seen.clear),
        entry("sudo", &seen.sudo),
        list("says", &seen.says),
        list("writes", &seen.writes),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE: &str = "noise\nprobe: begin\nprobe: uid_map  0 1000 1 ; 1 100000 65535 ;\nprobe: gid_map 0 1000 1 ;\n\
                         probe: setgroups allow\r\nprobe: Uid: 0 0 0 0\nprobe: Gid: 0 0 0 0\nprobe: Groups: 0 65534 \n\
                         probe: clear ok\nprobe: sudo is not there\nprobe: end\n";

    #[test]
    fn the_answer_of_the_probe_is_read() {
        let seen = Seen::of_probe(PROBE);

        assert_eq!((seen.uid_map.as_str(), seen.gid_map.as_str()), ("0 1000 1;1 100000 65535", "0 1000 1"));
        assert_eq!((seen.setgroups.as_str(), seen.ids.as_str(), seen.gid()), ("allow", "0:0", Some(0)));
        assert_eq!((seen.groups, seen.sudo.as_str()), (vec![0, 65_534], "is not there"));
    }

    #[test]
    fn half_an_answer_is_none() {
        assert_eq!(Seen::of_probe(&PROBE.replace("probe: end\n", "")), Seen::default());
    }

    #[test]
    fn a_snapshot_is_read_as_it_was_written() -> Result<(), toml::de::Error> {
        let writes = vec!["self: uid_map <- \"0 1 1\\n\"".to_owned()];
        let seen = Seen { end: "exit 0".to_owned(), writes, ..Seen::of_probe(PROBE) };

        let read: Snapshot = toml::from_str(&text("runc", "1", "sid", &seen))?;
        assert_eq!(read.seen, seen);
        Ok(())
    }
}
