//! The lines of the kernel's log in which a security module or a filter refuses something.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// How many of the last lines are kept.
const MOST: usize = 20;
/// The longest record of the log.
///
/// Source: kernel include/linux/printk.h, CONSOLE_EXT_LOG_MAX.
const RECORD: usize = 8192;
/// What lines have in them that tell of a refusal.
const REFUSALS: [&str; 5] = ["DENIED", "avc:  denied", "type=1326", "apparmor=", "landlock"];

/// The last such lines, or why the log cannot be read.
///
/// # Errors
/// That of open(2) or read(2): the log is for those with CAP_SYSLOG where `kernel.dmesg_restrict` is set.
pub fn told() -> Result<Vec<String>, String> {
    let fail = |error: std::io::Error| format!("/dev/kmsg: {error}");
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let mut log = OpenOptions::new().read(true).custom_flags(flags).open("/dev/kmsg").map_err(fail)?;
    let (mut lines, mut record) = (Vec::new(), vec![0; RECORD]);
    loop {
        match log.read(&mut record) {
            Ok(0) => break,
            Ok(length) => lines.push(String::from_utf8_lossy(&record[..length]).into_owned()),
            // EPIPE: records were overwritten in the meantime. The next read goes on with the oldest that there is.
            Err(error) if error.raw_os_error() == Some(nix::libc::EPIPE) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(fail(error)),
        }
    }
    Ok(refusals(lines.iter().map(String::as_str)))
}

/// The last lines that tell of a refusal, without what stands before the message.
fn refusals<'a>(records: impl Iterator<Item = &'a str>) -> Vec<String> {
    let message = |record: &'a str| record.split_once(';').map_or(record, |(_, message)| message);
    let lines = records.map(|record| message(record).lines().next().unwrap_or_default());
    let found: Vec<String> =
        lines.filter(|line| REFUSALS.iter().any(|word| line.contains(word))).map(str::to_owned).collect();
    found[found.len().saturating_sub(MOST)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_messages_of_refusals_are_kept() {
        let records = [
            "6,1,2,-;audit: type=1400 apparmor=\"DENIED\" operation=\"userns_create\"\n SUBSYSTEM=x\n",
            "6,2,3,-;usb 1-1: new device\n",
        ];

        let found = refusals(records.into_iter());

        assert_eq!(found, ["audit: type=1400 apparmor=\"DENIED\" operation=\"userns_create\""]);
        assert_eq!(refusals(std::iter::repeat_n(records[0], 50)).len(), MOST);
    }
}
