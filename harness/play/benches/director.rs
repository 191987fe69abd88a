//! One typical scenario through the director and as a bare loop of the same system calls: fork,
//! unshare, deny, uid_map, gid_map, setgroups, exit, reap. The director's processes share its memory, which makes a
//! scenario cheaper than the loop, although the director reads the states, too: at most 0.6 of its time. The same
//! scenario with a program's needs, a call of the C library, has to fork.
#![expect(unsafe_code, reason = "the bare loop has to fork by itself")]

use criterion::{Criterion, criterion_group, criterion_main};
use harness_play::Play;
use harness_scenario::action::{DENY, SETGROUPS_EMPTY, gid_map, uid_map};
use harness_scenario::scenario::caller;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getegid, geteuid, setgroups, write};

fn put(file: &str, text: &str) {
    if let Ok(fd) = open(file, OFlag::O_WRONLY, Mode::empty()) {
        let _ = write(&fd, text.as_bytes());
    }
}

fn bare(uids: &str, gids: &str) {
    // SAFETY: the benchmark has one thread, and the child only makes system calls.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            let _ = unshare(CloneFlags::CLONE_NEWUSER);
            put("/proc/self/setgroups", "deny");
            put("/proc/self/uid_map", uids);
            put("/proc/self/gid_map", gids);
            let _ = setgroups(&[]);
            // SAFETY: ends the child without running the benchmark's teardown.
            unsafe { libc::_exit(0) }
        }
        Ok(ForkResult::Parent { child }) => drop(waitpid(child, None)),
        Err(errno) => panic!("fork: {errno}"),
    }
}

fn typical(criterion: &mut Criterion) {
    let (uids, gids) = (format!("0 {} 1", geteuid()), format!("0 {} 1", getegid()));
    let scenario = caller().inside(&[DENY, uid_map("0 own 1"), gid_map("0 own 1"), SETGROUPS_EMPTY]);
    let forked = caller().inside(&[
        DENY,
        uid_map("0 own 1"),
        gid_map("0 own 1"),
        SETGROUPS_EMPTY.via_libc(),
    ]);
    let mut group = criterion.benchmark_group("typical scenario");
    group.bench_function("bare loop", |bench| bench.iter(|| bare(&uids, &gids)));
    group.bench_function("director", |bench| bench.iter(|| scenario.play()));
    group.bench_function("director, forked", |bench| bench.iter(|| forked.play()));
    group.finish();
}

criterion_group!(benches, typical);
criterion_main!(benches);
