//! Whether the program's file is as it was made. `cargo ci bundle` appends a trailer to it; a program that was built by hand
//! has none, and is not checked.

use std::fs;

use flate2::Crc;

/// Set while `cargo ci bundle` builds: the program expects a trailer then.
pub const BUNDLED: &str = "USERNS_SUITE_BUNDLED";

/// What a trailer begins with. The CRC-32 of all bytes before it follows, least significant byte first.
const MARK: &[u8; 12] = b"userns-suite";
/// The size of a trailer in bytes.
const TRAILER: usize = MARK.len() + 4;

/// The trailer of a program.
pub fn trailer(program: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(program);
    [MARK.as_slice(), &crc.sum().to_le_bytes()].concat()
}

/// Checks this program's own file, if it was bundled. A file that cannot be found or read is not checked: /proc may be missing.
///
/// # Errors
/// What is wrong with the file.
pub fn check_self() -> Result<(), String> {
    if option_env!("USERNS_SUITE_BUNDLED").is_none() {
        return Ok(());
    }
    let Some(bytes) = std::env::current_exe().ok().and_then(|path| fs::read(path).ok()) else {
        return Ok(());
    };
    check(&bytes)
}

/// Checks the bytes of a program with its trailer.
///
/// # Errors
/// Whether it is cut short or altered.
fn check(bytes: &[u8]) -> Result<(), String> {
    let again = "copy it again, and compare it with its checksum";
    let (program, end) = bytes.split_at(bytes.len().saturating_sub(TRAILER));
    if !end.starts_with(MARK) {
        return Err(format!("this program's file is cut short, or has something appended: {again}"));
    }
    match trailer(program) == end {
        true => Ok(()),
        false => Err(format!("this program's file was altered: {again}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_short_or_altered_is_told_apart() {
        let whole = [b"program".as_slice(), &trailer(b"program")].concat();
        assert_eq!(check(&whole), Ok(()));

        for cut in 0..whole.len() {
            assert!(check(&whole[..cut]).is_err_and(|why| why.contains("cut short")), "{cut}");
        }
        for at in 0..7 {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(check(&altered).is_err_and(|why| why.contains("was altered")), "{at}");
        }
    }
}
