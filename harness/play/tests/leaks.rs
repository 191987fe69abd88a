//! What playing scenarios costs and leaves behind: nothing is allocated in an actor, and no descriptor,
//! process or memory is left in the test process.
#![expect(unsafe_code, reason = "an allocator that counts has to be one")]

mod support;

use harness_play::error::Error;
use harness_play::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::{number, pause, raw};

/// An allocator that ends every process but the one that called [`home`].
struct AtHome;

static HOME: AtomicU32 = AtomicU32::new(0);

fn home() {
    HOME.store(std::process::id(), Ordering::Relaxed);
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for AtHome {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let home = HOME.load(Ordering::Relaxed);
        if home != 0 && std::process::id() != home {
            std::process::abort();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let home = HOME.load(Ordering::Relaxed);
        if home != 0 && std::process::id() != home {
            std::process::abort();
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: AtHome = AtHome;

/// What these tests count belongs to the process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn everything() -> Scenario {
    let two = [uid_map("0 own 1"), open(IdFile::Setgroups), Action::PassFd(Actor::Second)];
    caller()
        .outside(&[setgroups(&[0]), read_of(Actor::Outside, IdFile::UidMap)])
        .inside(&[Action::Unshare(0), Action::Clone(libc::CLONE_NEWUSER)])
        .second(&[])
        .inside(&two)
        .second(&[write_held(IdFile::Setgroups, "deny")])
        .inside(&[gid_map("0 own 1"), SETGROUPS_EMPTY.via_libc(), drop_caps(&[Cap::Setuid])])
        .nested(&[read(IdFile::Setgroups)])
}

/// Some rounds of a race of one that stays and one that does not.
fn race() {
    let write = |actor| racer(actor, &[open(IdFile::UidMap)], write_held(IdFile::UidMap, "0 own 1"));
    let racers = [write(Actor::Outside), write(Actor::Inside)];
    // Whether they were fast enough for a race is not the point here.
    match caller().inside(&[]).race(&racers).try_play_within(20, Duration::from_secs(10)) {
        Ok(_) | Err(Error::NoRace { .. } | Error::TooSlow { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// A scenario whose process is forked. The third one makes the process that forks the others of this thread.
fn forked() -> Scenario {
    caller().outside(&[raw("getpid", libc::SYS_getpid, &[])])
}

/// Makes the process that forks others. It stays until the thread ends. Returns the children that there are then.
fn with_a_forker() -> Vec<String> {
    (0..4).for_each(|_| drop(forked().play()));
    let children = children();
    assert_eq!(children.len(), 1, "the process that forks: {children:?}");
    children
}

/// The children of this process, dead ones included.
fn children() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks
        .flatten()
        .flat_map(|task| of(task).split_whitespace().map(String::from).collect::<Vec<_>>())
        .collect()
}

/// Memory of its own that this process has in use, in kilobytes.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("the state of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line RssAnon");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A forked actor may find the allocator's lock taken for ever: it must not allocate.
#[test]
fn actors_allocate_nothing() {
    let _alone = ALONE.lock();
    home();

    let trace = everything().play();
    let program = caller().outside(&[run(&["true"])]).play();
    race();

    assert!(trace.steps().all(|(step, _)| step.actor != Actor::Deepest), "{trace}");
    assert!(program.to_string().contains("exit 0"), "{program}");
}

/// The nearby failure: in a process that is not at home, an allocation shows as its end.
#[test]
fn an_allocation_would_show() {
    let _alone = ALONE.lock();
    home();

    // SAFETY: the child allocates, which is the point, and ends.
    let child = match unsafe { nix::unistd::fork() }.expect("fork") {
        nix::unistd::ForkResult::Parent { child } => child,
        nix::unistd::ForkResult::Child => {
            std::hint::black_box(Box::new(1));
            std::process::exit(0)
        }
    };

    let ended = nix::sys::wait::waitpid(child, None).expect("a child");
    assert!(matches!(ended, nix::sys::wait::WaitStatus::Signaled(..)), "{ended:?}");
}

/// Played 200 times, whether to the end or not, a scenario leaves no descriptor and no process.
#[test]
fn nothing_is_left_open() {
    let _alone = ALONE.lock();
    let dies = caller().outside(&[raw("exit", libc::SYS_exit_group, &[number(1)])]);
    let forker = with_a_forker();
    everything().play();
    race();
    let before = descriptors();

    for _ in 0..200 {
        everything().play();
        dies.try_play().expect_err("the actor ends early");
    }
    race();

    assert_eq!(descriptors(), before);
    assert_eq!(children(), forker);
}

/// A scenario given up half-way ends every actor, those that hang with changed ids included.
#[test]
fn nobody_is_left_half_way() {
    let _alone = ALONE.lock();
    let cast = caller().outside(&[]).inside(&[uid_map("0 own 1")]).second(&[]).nested(&[]).sibling(&[]);
    let hangs = cast.inside(&[setresuid(0), pause()]);

    hangs.try_play_within(Duration::from_millis(50)).expect_err("an actor hangs");

    assert_eq!(children(), Vec::<String>::new());
}

/// A companion ends with its actor, also if that has become a user who may not signal it.
#[test]
fn no_companion_outlives_its_actor() {
    let _alone = ALONE.lock();
    let adopts = |yes: libc::c_ulong| {
        // SAFETY: sets an attribute of this process: whether orphans below it become its children.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, yes) };
    };
    adopts(1);

    caller().outside(&[Action::CloneAndKeep(libc::CLONE_FS), setresuid(1000)]).play();

    let ended = Instant::now();
    while !children().is_empty() && ended.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_millis(5));
        let _ = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
    }
    adopts(0);
    assert_eq!(children(), Vec::<String>::new());
}

/// Memory does not grow with the number of scenarios: 2,000 cost no more than 256 kB.
#[test]
fn memory_stays_flat() {
    let _alone = ALONE.lock();
    let scenario = caller().inside(&[DENY, uid_map("0 own 1"), gid_map("0 own 1")]);
    (0..200).for_each(|_| drop(scenario.play()));
    let before = memory();

    (0..2000).for_each(|_| drop(scenario.play()));

    let after = memory();
    assert!(after <= before + 256, "{before} kB before, {after} kB after");
    assert_eq!(children(), Vec::<String>::new());
}
