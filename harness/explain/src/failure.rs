//! Why a child could not be asked.

use harness_play::Error;

/// The error of the harness, without what only the reader of a test's report has to know.
pub fn failure(error: &Error) -> String {
    let words = error.to_string();
    let words = words.strip_prefix("the harness failed, not the kernel: ").unwrap_or(&words);
    match words.contains("cannot tell its state") {
        true => format!("a child cannot report its state without /proc ({words})"),
        false => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn an_error_keeps_its_errno() {
        let words = failure(&Error::NoProc(Errno::ENOENT));

        assert!(words.contains("ENOENT") && !words.contains("harness"), "{words}");
    }
}
