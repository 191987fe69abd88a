//! A server that refuses to run as root. Its tests run it in user namespaces, where root may be any user.

use std::process::ExitCode;

/// The exit status of a refusal, EX_NOPERM of sysexits.h.
const REFUSED: u8 = 77;

fn main() -> ExitCode {
    let status = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status,
        Err(error) => {
            eprintln!("cannot read /proc/self/status: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Real, effective, saved and filesystem uid.
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    if uids.split_whitespace().any(|uid| uid == "0") {
        eprintln!("this server does not run as root");
        return ExitCode::from(REFUSED);
    }
    println!("running as{}", uids.replace('\t', " "));
    ExitCode::SUCCESS
}
