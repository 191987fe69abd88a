#![allow(unsafe_code, missing_docs)]
use harness::action::*;
use harness::scenario::*;
use std::time::Instant;
fn time(n: &str, f: impl Fn()) {
    for _ in 0..100 {
        f()
    }
    let mut best = vec![];
    for _ in 0..7 {
        let a = Instant::now();
        for _ in 0..300 {
            f()
        }
        best.push(a.elapsed().as_micros() as f64 / 300.0);
    }
    best.sort_by(|a, b| a.partial_cmp(b).unwrap());
    println!("{n} {:.0}", best[3]);
}
fn main() {
    time("outside only", || {
        caller().outside(&[]).play();
    });
    time("inside only", || {
        caller().inside(&[]).play();
    });
    time("typical", || {
        caller().inside(&[DENY, uid_map("0 own 1"), gid_map("0 own 1"), SETGROUPS_EMPTY]).play();
    });
    time("fork", || {
        use nix::unistd::*;
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => unsafe { libc::_exit(0) },
            ForkResult::Parent { child } => {
                nix::sys::wait::waitpid(child, None).unwrap();
            }
        }
    });
    time("fork unshare", || {
        use nix::unistd::*;
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => unsafe {
                libc::unshare(libc::CLONE_NEWUSER);
                libc::_exit(0)
            },
            ForkResult::Parent { child } => {
                nix::sys::wait::waitpid(child, None).unwrap();
            }
        }
    });
}
