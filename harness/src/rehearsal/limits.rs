//! The resource limits that a scenario needs: how many processes, descriptors, signals and bytes its steps take.

use crate::host::{Counted, Fact, Facts};
use crate::show;
use harness_scenario::action::{Action, Child, RawArg, SetId, Syscall};
use harness_scenario::actors::{Actor, Namespace, RunAs};
use harness_scenario::caps::Cap;
use harness_scenario::scenario::{Scenario, Step};
use std::sync::atomic::{AtomicBool, Ordering};

/// The descriptors of the suite that are not of one actor: those of a program's pipes, and of a file that is read.
const DESCRIPTORS: u64 = 8;

/// The processes of a program: itself, its guard, and those that it starts.
const PROGRAM: u64 = 7;

/// The size of the files that programs make, such as the copy of a program.
const FILE_OF_A_PROGRAM: u64 = 256 << 10;
/// The size of the files that other steps make.
const FILE: u64 = 64 << 10;

/// What a message queue counts for, of messages of the default number and size.
///
/// Source: mq_overview(7), getrlimit(2), RLIMIT_MSGQUEUE.
const QUEUE: u64 = 10 * (8192 + 128);

/// Processes that have to remain beyond those of the tests that a list is made of: it is made before they run, and by then there
/// may be a few more.
const SPARE: u64 = 4;

/// The processes of each test beside its actors: the test, and the one that forks most actors.
const OF_A_TEST: u64 = 2;

/// Whether what is judged is one test, which this process runs next. Otherwise it is judged for a list, and others like it may run
/// at the same time.
static ALONE: AtomicBool = AtomicBool::new(false);

/// From now on this process judges the one test that it runs. What else runs counts already.
pub(crate) fn alone() {
    ALONE.store(true, Ordering::Relaxed);
}

/// The processes that have to remain for a test that has so many beside [`OF_A_TEST`].
fn processes_for(count: u64, facts: &Facts) -> u64 {
    match ALONE.load(Ordering::Relaxed) {
        true => count + OF_A_TEST - 1,
        false => facts.tests_at_a_time() * (count + OF_A_TEST) + SPARE,
    }
}

/// The first real-time signal. An earlier one that kill(2) sends is queued whatever the limit.
///
/// Source: kernel __send_signal_locked(), override_rlimit.
const REAL_TIME: i64 = 32;

/// The first limit that leaves too little room for the scenario, with the reason; `None` if there is none.
pub(super) fn unmet(scenario: &Scenario, facts: &Facts) -> Option<String> {
    processes(scenario, facts)
        .or_else(|| descriptors(scenario, facts))
        .or_else(|| scenario.steps.iter().find_map(|step| of_step(scenario, step, facts)))
}

fn of_step(scenario: &Scenario, step: &Step, facts: &Facts) -> Option<String> {
    let action = &step.action;
    let reason = raised(scenario, step, facts).or_else(|| {
        let (name, needed) = taken(scenario, action)?;
        let reason = small(name, needed, facts)?;
        // A scenario that sets the limit itself is about it.
        let sets =
            scenario.steps.iter().any(|step| set(&step.action).is_some_and(|(other, _)| other == name));
        (!sets).then_some(reason)
    })?;
    Some(format!("{reason} ({}: {})", step.actor, show::action(step.actor, action)))
}

/// A limit that leaves room for less than this.
fn small(name: &str, needed: u64, facts: &Facts) -> Option<String> {
    let limit = facts.rlimit(name)?;
    (limit.room()? < needed).then(|| format!("needs larger limits: {}", limit.in_words(name, needed)))
}

/// The processes of the scenario that are there at a time, for each of the tests that run beside each other. A control group
/// binds everybody. RLIMIT_NPROC does not bind root of the initial namespace, but another user whom it becomes.
fn processes(scenario: &Scenario, facts: &Facts) -> Option<String> {
    let of = |step: &Step| match &step.action {
        Action::Fork | Action::ForkCloned | Action::Child(_) | Action::CloneAndKeep(_) => 1,
        _ => 0,
    };
    let runs = scenario.steps.iter().any(|step| matches!(step.action, Action::Run(_)));
    let forks = |action: &Action| matches!(action, Action::Clone(_) | Action::Clone3(_));
    let clones = scenario.steps.iter().any(|step| forks(&step.action));
    let count =
        scenario.steps.iter().map(of).sum::<u64>() + u64::from(clones) + if runs { PROGRAM } else { 0 };
    let becomes = scenario.steps.iter().any(|step| matches!(step.action, Action::SetId(..)));
    let new = scenario.steps.iter().any(|step| step.actor.namespace() == Namespace::New);
    let ordinary = matches!(scenario.run_as, RunAs::Ordinary | RunAs::OrdinaryInGroups(_));
    let is_root = facts.process.uids.known().is_some_and(|ids| ids.effective == 0);
    let counted = match scenario.steps.iter().any(parts_from_root) {
        true => Counted::InNamespacesOfEffectiveRoot,
        false => Counted::InNamespaces,
    };
    let needed = processes_for(count, facts);
    if let Some(limit) = facts.pids_max.known().filter(|limit| limit.room() < needed) {
        return Some(format!("needs larger limits: {limit}; the test needs {needed} processes besides"));
    }
    let room = [
        facts.processes(Counted::Callers),
        facts.processes(Counted::AnotherUser).filter(|_| ordinary && is_root),
        facts.processes(counted).filter(|_| !ordinary && new && (becomes || runs)),
    ];
    let least = room.into_iter().flatten().min().filter(|room| *room < needed)?;
    let limit = facts.rlimit("NPROC")?.hard?;
    Some(format!(
        "needs larger limits: RLIMIT_NPROC is {limit} and leaves room for {least}; the test needs {needed} processes"
    ))
}

/// Whether a process in the caller's namespace takes a real uid and keeps another effective one.
fn parts_from_root(step: &Step) -> bool {
    let Action::SetId(SetId::Setreuid | SetId::Setresuid, [real, effective, _], _) = &step.action else {
        return false;
    };
    step.actor.namespace() == Namespace::Callers && real != effective
}

/// The descriptors that the director and each actor have at a time, and the greatest number that is named.
fn descriptors(scenario: &Scenario, facts: &Facts) -> Option<String> {
    let limit = facts.rlimit("NOFILE")?;
    let hard = limit.hard?;
    let actors = Actor::ALL.into_iter().filter(|actor| scenario.mentions(*actor)).count() as u64;
    let opens = scenario.steps.iter().filter(|step| opens(&step.action)).count() as u64;
    let named = scenario.steps.iter().filter_map(|step| copied_to(&step.action)).max().unwrap_or(0);
    let needed = (limit.used.unwrap_or(4) + DESCRIPTORS + 2 * actors + opens.min(8)).max(named + 1);
    (hard < needed).then(|| format!("needs larger limits: {}", limit.in_words("NOFILE", needed)))
}

fn opens(action: &Action) -> bool {
    match action {
        Action::Open { .. } | Action::OpenFile(..) | Action::PassFd(_) | Action::Socketpair(_) => true,
        Action::Syscall(call) => call.results == harness_scenario::action::Results::Fd,
        _ => false,
    }
}

/// The number of the descriptor that dup3(2) makes.
fn copied_to(action: &Action) -> Option<u64> {
    match action {
        Action::Syscall(Syscall { number: libc::SYS_dup3, args, .. }) => match args.get(1)? {
            RawArg::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// What a step takes of a limit, by the limit's name without RLIMIT_.
fn taken(scenario: &Scenario, action: &Action) -> Option<(&'static str, u64)> {
    let call = match action {
        Action::Run(words) if makes_files(words) => return Some(("FSIZE", FILE_OF_A_PROGRAM)),
        Action::WriteHeld { .. } | Action::Write { .. } => return None,
        Action::Syscall(call) => call,
        _ => return None,
    };
    let same = |step: &&Step| matches!(&step.action, Action::Syscall(other) if other.number == call.number);
    // Asked for only by these calls: a scenario may have thousands of others.
    let count = || scenario.steps.iter().filter(same).count() as u64;
    let signal =
        |at: usize| matches!(call.args.get(at), Some(RawArg::Number(signal)) if *signal >= REAL_TIME);
    match call.number {
        libc::SYS_rt_sigqueueinfo | libc::SYS_rt_tgsigqueueinfo => Some(("SIGPENDING", count())),
        libc::SYS_kill | libc::SYS_tkill if signal(1) => Some(("SIGPENDING", count())),
        libc::SYS_tgkill if signal(2) => Some(("SIGPENDING", count())),
        libc::SYS_timer_create => Some(("SIGPENDING", count())),
        libc::SYS_mq_open => Some(("MSGQUEUE", count() * QUEUE)),
        libc::SYS_pwrite64 | libc::SYS_write | libc::SYS_ftruncate | libc::SYS_copy_file_range => {
            Some(("FSIZE", FILE))
        }
        _ => None,
    }
}

/// Programs that only read, or write to files of /proc and pipes, which no limit binds.
const READERS: [&str; 14] = [
    "cat",
    "id",
    "stat",
    "sleep",
    "echo",
    "grep",
    "true",
    "false",
    "newuidmap",
    "newgidmap",
    "setpriv",
    "chroot",
    "unshare",
    "chmod",
];

/// Whether a command may make a file. A script makes one if it copies something or redirects what it prints.
fn makes_files(words: &[std::borrow::Cow<'static, str>]) -> bool {
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let writes =
        |word: &str| word.contains('>') || word.split(char::is_whitespace).any(|part| name(part) == "cp");
    match words.first().map(|word| name(word)) {
        Some(first) if READERS.contains(&first.as_str()) => words.iter().any(|word| writes(word)),
        Some(first) if first == "sh" => words.iter().any(|word| writes(word)),
        _ => true,
    }
}

/// A hard limit that is raised by a process without the capability for it over the initial namespace: one in another
/// namespace, or one that has become a user.
///
/// Source: setrlimit(2), EPERM; kernel do_prlimit(): capable(CAP_SYS_RESOURCE).
fn raised(scenario: &Scenario, step: &Step, facts: &Facts) -> Option<String> {
    let (name, most) = set(&step.action)?;
    let hard = facts.rlimit(name)?.hard?;
    let sets_ids = |other: &Step| other.actor == step.actor && matches!(other.action, Action::SetId(..));
    let is_capable = facts.process.has(Cap::SysResource)
        && facts.process.in_initial_userns == Fact::Known(true)
        && step.actor.namespace() == Namespace::Callers
        && !scenario.steps.iter().any(sets_ids);
    let raises = most > hard && !is_capable;
    raises.then(|| {
        format!(
            "needs a greater limit or CAP_SYS_RESOURCE over the initial namespace: RLIMIT_{name} is {hard}"
        )
    })
}

/// The limit that a step sets, by its name, and the hard limit.
fn set(action: &Action) -> Option<(&'static str, u64)> {
    let Action::Syscall(Syscall { number: libc::SYS_prlimit64, args, .. }) = action else { return None };
    let (RawArg::Number(resource), RawArg::Bytes(limits)) = (args.get(1)?, args.get(2)?) else { return None };
    let most = u64::from_ne_bytes(limits.get(8..16)?.try_into().ok()?);
    Some((LIMITS.iter().find(|(number, _)| number == resource)?.1, most))
}

/// The limits that tests set, by their numbers, whose type differs between C libraries.
/// Source: getrlimit(2); asm-generic/resource.h.
const LIMITS: [(i64, &str); 4] = [(6, "NPROC"), (8, "MEMLOCK"), (11, "SIGPENDING"), (12, "MSGQUEUE")];

/// The CLONE_ flags of a step that creates a process or namespaces.
pub(super) fn clone_flags(action: &Action) -> Option<u64> {
    let flags = |flags: i32| Some(flags.cast_unsigned().into());
    match action {
        Action::Unshare(some)
        | Action::UnshareOrStop(some)
        | Action::Clone(some)
        | Action::CloneAndKeep(some) => flags(*some),
        Action::Child(Child::GoesOn(some) | Child::NotWaitedFor(some)) => flags(*some),
        Action::Clone3(some) | Action::Child(Child::GoesOnByClone3(some)) => Some(*some),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
