//! The configuration of the kernel. It is read only when a need uses it, because the file has some 200 kB.

#[cfg(feature = "config-gz")]
use std::fs::File;
use std::io;
#[cfg(feature = "config-gz")]
use std::io::Read as _;
use std::sync::OnceLock;

#[cfg(feature = "config-gz")]
use flate2::read::GzDecoder;

use super::fact::{Fact, errno_name};

/// The value of an option of this kernel's configuration: "y", "m" or another value.
///
/// `option` is its full name, `CONFIG_USER_NS`. Absent if it is not set. Read from
/// `/proc/config.gz`, else from `/boot/config-RELEASE`, else from `/lib/modules/RELEASE/config`.
pub fn kernel_config(option: &str) -> Fact<String> {
    static CONFIG: OnceLock<Fact<String>> = OnceLock::new();
    match CONFIG.get_or_init(read) {
        Fact::Known(text) => value(text, option).map_or(Fact::Absent, Fact::Known),
        Fact::Absent => Fact::Absent,
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
    }
}

fn read() -> Fact<String> {
    let release = super::system().kernel_release.clone();
    let plain = [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")];
    let mut lacks = match read_compressed("/proc/config.gz") {
        Ok(text) => return Fact::Known(text),
        Err(error) => format!("/proc/config.gz: {}", errno_name(&error)),
    };
    for path in &plain {
        match std::fs::read_to_string(path) {
            Ok(text) => return Fact::Known(text),
            Err(error) => lacks += &format!(", {path}: {}", errno_name(&error)),
        }
    }
    Fact::Unreadable(lacks)
}

#[cfg(feature = "config-gz")]
fn read_compressed(path: &str) -> io::Result<String> {
    let mut text = String::new();
    GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

/// Without the feature `config-gz` there is nothing that could unpack it.
#[cfg(not(feature = "config-gz"))]
fn read_compressed(_: &str) -> io::Result<String> {
    Err(io::ErrorKind::Unsupported.into())
}

fn value(config: &str, option: &str) -> Option<String> {
    let set = |line: &str| line.strip_prefix(option)?.strip_prefix('=').map(str::to_owned);
    config.lines().find_map(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_of_an_option_counts() {
        let config = "CONFIG_USER_NS_EXTRA=m\nCONFIG_USER_NS=y\n# CONFIG_SMACK is not set\n";

        assert_eq!(value(config, "CONFIG_USER_NS").as_deref(), Some("y"));
        assert_eq!(value(config, "CONFIG_USER"), None);
        assert_eq!(value(config, "CONFIG_SMACK"), None);
    }
}
