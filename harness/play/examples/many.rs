//! Plays the typical scenario of the benchmark many times and tells whether memory and descriptors grow:
//! `cargo run --release -p harness-play --example many -- 100000`.

use harness_play::prelude::*;
use std::error::Error;
use std::time::Instant;

/// The resident memory of this process in KiB, and its open descriptors.
fn in_use() -> Result<(u64, usize), Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib = line.split_whitespace().next().unwrap_or("0").parse()?;
    Ok((kib, std::fs::read_dir("/proc/self/fd")?.count()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let times: u32 = std::env::args().nth(1).map_or(Ok(10_000), |times| times.parse())?;
    let steps = [DENY, uid_map("0 own 1"), gid_map("0 own 1"), SETGROUPS_EMPTY];
    let scenario = caller().inside(&steps);
    scenario.try_play()?;
    let (begin, before) = (Instant::now(), in_use()?);

    for _ in 0..times {
        scenario.try_play()?;
    }

    let (after, seconds) = (in_use()?, begin.elapsed().as_secs_f64());
    println!("{times} scenarios in {seconds:.1} s, {:.0} a second", f64::from(times) / seconds);
    println!("memory {} KiB, then {} KiB; descriptors {}, then {}", before.0, after.0, before.1, after.1);
    Ok(())
}
