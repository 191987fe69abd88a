//! A second model of maps, for namespaces one below the other, each with maps of its own: what an id is called on each
//! level. It looks through the extents one by one and shares nothing with `harness::model`. A mistake in the model's maps
//! must not pass for a rule of the kernel.

use crate::support::map_tables::{Extent, extent, text};
use harness::prelude::*;
use harness::scenario::Step;

/// The map of uids.
pub const UIDS: IdFile = IdFile::UidMap;
/// The map of gids.
pub const GIDS: IdFile = IdFile::GidMap;
/// Who is in which namespace, from the caller's downwards.
pub const ACTORS: [Actor; 4] = [Actor::Outside, Actor::Inside, Actor::Nested, Actor::Deepest];

/// The first ids of the levels: uids and gids have different maps, so that none passes for the other.
const UPPER_UIDS: [u32; 3] = [10, 40, 7];
const UPPER_GIDS: [u32; 3] = [12, 43, 5];
const LOWER_UIDS: u32 = 3000;
/// Four digits for them all: the text of 340 lines has to be shorter than a page.
const LOWER_GIDS: u32 = 6000;
/// From the begin of one extent to that of the next: one of eight ids has no gap behind it.
const STRIDE: u32 = 8;
const WIDTHS: [u32; 4] = [1, 4, 8, 2];

/// The order of the lines of a map, by their upper ids.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    Ascending,
    Descending,
    Mixed,
}

/// The maps of one namespace.
#[derive(Debug, Clone)]
pub struct Level {
    pub uids: Vec<Extent>,
    pub gids: Vec<Extent>,
}

/// The maps of namespaces, each below the one before.
#[derive(Debug, Clone)]
pub struct Stack(pub Vec<Level>);

impl Level {
    pub fn map(&self, file: IdFile) -> &[Extent] {
        if file == IdFile::GidMap { &self.gids } else { &self.uids }
    }

    /// The writes of both maps.
    pub fn writes(&self, of: Actor) -> [Action; 2] {
        [IdFile::UidMap, IdFile::GidMap].map(|file| {
            let bytes = text(self.map(file)).into_bytes();
            Action::Write { file, of: Some(of), text: Text::Bytes(bytes.into()) }
        })
    }
}

impl Stack {
    /// Levels with so many extents each.
    pub fn new(sizes: &[u32], order: Order) -> Self {
        let slots = |lower: u32| (0..sizes[0]).map(move |k| (lower + k * STRIDE, WIDTHS[k as usize % 4]));
        let mut levels: Vec<Level> = Vec::new();
        for (depth, size) in sizes.iter().enumerate() {
            let (uids, gids) = match levels.last() {
                None => (slots(LOWER_UIDS).collect(), slots(LOWER_GIDS).collect()),
                Some(above) => (pieces(&above.uids), pieces(&above.gids)),
            };
            let map = |upper, lower: &[(u32, u32)]| lines(*size, upper, lower, order);
            let (uids, gids) = (map(UPPER_UIDS[depth], &uids), map(UPPER_GIDS[depth], &gids));
            levels.push(Level { uids, gids });
        }
        Self(levels)
    }

    /// The ids of the processes below, as the caller's namespace has them: such as have a name everywhere.
    pub fn owner(&self) -> [u32; 2] {
        [IdFile::UidMap, IdFile::GidMap].map(|file| {
            let named = |id: &u32| self.called(file, *id, self.0.len()).is_some();
            self.outer_ids(file).into_iter().find(named).expect("the lowest map names ids")
        })
    }

    /// Has each namespace made, its maps written by the one above, and its process take mapped ids: only
    /// such a process can create the next.
    pub fn cast(&self, outside: Scenario) -> Scenario {
        self.0.iter().enumerate().fold(outside, |cast, (depth, level)| {
            let (parent, actor, [uid, gid]) = (ACTORS[depth], ACTORS[depth + 1], self.owner());
            let cast = cast.by(actor, &[]).by(parent, &level.writes(actor));
            let (uid, gid) =
                (self.told(IdFile::UidMap, uid, depth + 1), self.told(IdFile::GidMap, gid, depth + 1));
            cast.by(actor, &[NO_FIXUP, setresgid(gid), setresuid(uid), DUMPABLE])
        })
    }

    /// Who is in the lowest.
    pub fn lowest(&self) -> Actor {
        ACTORS[self.0.len()]
    }

    /// What an id of the caller's namespace is called so many levels below.
    pub fn called(&self, file: IdFile, id: u32, depth: usize) -> Option<u32> {
        self.0[..depth].iter().try_fold(id, |id, level| above(level.map(file), id))
    }

    /// What an id that is named so many levels below is in the caller's namespace.
    pub fn meant(&self, file: IdFile, id: u32, depth: usize) -> Option<u32> {
        self.0[..depth].iter().rev().try_fold(id, |id, level| below(level.map(file), id))
    }

    /// As [`Self::called`], as a call tells it.
    pub fn told(&self, file: IdFile, id: u32, depth: usize) -> u32 {
        self.called(file, id, depth).unwrap_or(overflow(file))
    }

    /// Every id that the highest map may give, those beside it, and some that are far away.
    pub fn outer_ids(&self, file: IdFile) -> Vec<u32> {
        let first = if file == IdFile::GidMap { LOWER_GIDS } else { LOWER_UIDS };
        let last = first + STRIDE * u32::try_from(self.0[0].uids.len()).unwrap_or(0);
        (first - 2..last + 2).chain([0, 7, 40, 65_533, 65_534]).collect()
    }

    /// Every id that the lowest map may name, those beside it, and some that are far away.
    pub fn inner_ids(&self) -> Vec<u32> {
        let lowest = self.0.last().map_or(0, |level| level.uids.len());
        (0..50 + STRIDE * u32::try_from(lowest).unwrap_or(0)).chain([3000, 6000, 65_534]).collect()
    }
}

/// Parts of the extents of a map, for the one below it: such as do not begin with an extent, then others.
fn pieces(map: &[Extent]) -> Vec<(u32, u32)> {
    let long = map.iter().map(|e| if e.count > 2 { (e.upper + 2, e.count - 2) } else { (e.upper, 1) });
    let short = map.iter().filter(|e| e.count > 2).map(|e| (e.upper, 1));
    long.chain(short).collect()
}

/// Lines whose upper ids are in another order than the lower ones. 13 and 131 have no divisor in common
/// with any of the sizes.
fn lines(size: u32, upper: u32, lower: &[(u32, u32)], order: Order) -> Vec<Extent> {
    let by_upper = |slot: u32| {
        let (first, count) = lower[((slot * 13 + 3) % size) as usize];
        extent(upper + slot * STRIDE, first, count)
    };
    let slot = |line: u32| match order {
        Order::Ascending => line,
        Order::Descending => size - 1 - line,
        Order::Mixed => (line * 131 + 2) % size,
    };
    (0..size).map(slot).map(by_upper).collect()
}

/// The id above, by the first extent that has it.
pub fn above(map: &[Extent], id: u32) -> Option<u32> {
    let extent = map.iter().find(|e| e.lower <= id && id < e.lower + e.count)?;
    Some(extent.upper + (id - extent.lower))
}

/// The id below, by the first extent that has it.
pub fn below(map: &[Extent], id: u32) -> Option<u32> {
    let extent = map.iter().find(|e| e.upper <= id && id < e.upper + e.count)?;
    Some(extent.lower + (id - extent.upper))
}

/// The command of fsconfig(2) that makes the file system.
const FSCONFIG_CMD_CREATE: i64 = 6;

/// A new tmpfs, mounted nowhere, that belongs to the user namespace of the process that makes it, and is held.
pub fn make_tmpfs() -> [Action; 3] {
    let (name, create, none) =
        (RawArg::Bytes(b"tmpfs\0".as_slice().into()), RawArg::Number(FSCONFIG_CMD_CREATE), RawArg::Number(0));
    let fsconfig = vec![RawArg::Held, create, none.clone(), none.clone(), none.clone()];
    [
        syscall_for_fd("fsopen tmpfs", libc::SYS_fsopen, vec![name, none.clone()]),
        syscall("fsconfig FSCONFIG_CMD_CREATE", libc::SYS_fsconfig, fsconfig),
        syscall_for_fd("fsmount", libc::SYS_fsmount, vec![RawArg::Held, none.clone(), none]),
    ]
    .map(Action::or_stop)
}

/// Makes such a tmpfs, in a mount namespace of the process's own, the working directory. Processes that are forked later
/// inherit it, and its files go with the last of them. Where the kernel refuses one of these steps, the scenario ends
/// there.
pub fn in_a_tmpfs() -> [Action; 5] {
    // The mount namespace of the caller need not belong to its user namespace.
    let apart = Action::UnshareOrStop(libc::CLONE_NEWNS);
    let [open, create, mount] = make_tmpfs();
    [apart, open, create, mount, syscall("fchdir", libc::SYS_fchdir, vec![RawArg::Held]).or_stop()]
}

/// A call about a file in the working directory.
pub fn at_file(name: &'static str, number: i64, file: &str, args: &[i64]) -> Action {
    let path = [HERE, RawArg::Bytes(format!("{file}\0").into_bytes().into())];
    let args = args.iter().map(|arg| RawArg::Number(*arg));
    syscall(name, number, path.into_iter().chain(args).collect())
}

pub fn mknod(file: &str) -> Action {
    at_file("mknod", libc::SYS_mknodat, file, &[i64::from(libc::S_IFREG | 0o600), 0])
}

pub fn chown(file: &str, owner: u32, group: u32) -> Action {
    at_file("chown", libc::SYS_fchownat, file, &[owner.into(), group.into(), 0])
}

/// Owner and group of a file, by statx(2).
pub fn stat(path: RawArg) -> Action {
    let mask = RawArg::Number((libc::STATX_UID | libc::STATX_GID).into());
    let args = vec![HERE, path, RawArg::Number(0), mask, RawArg::Results(0)];
    syscall_for("statx", libc::SYS_statx, args, Results::Ids(&[20, 24]))
}

/// As [`stat`], of a file in the working directory.
pub fn stat_file(file: &str) -> Action {
    stat(RawArg::Bytes(format!("{file}\0").into_bytes().into()))
}

/// What the last steps of a trace came to.
pub fn last(trace: &Trace, count: usize) -> &[Outcome] {
    &trace.outcomes[trace.outcomes.len() - count..]
}

/// What was refused before the last steps of a trace.
pub fn refused_before(trace: &Trace, count: usize) -> Vec<(&Step, &Outcome)> {
    let before = trace.steps().take(trace.outcomes.len() - count);
    before.filter(|(_, outcome)| matches!(outcome, Outcome::Failed { .. })).collect()
}

/// Maps its own uid and gid to 0 in the namespace that the outside process has entered, so that it may create another.
pub fn own_maps() -> [Action; 3] {
    let of = Actor::Outside;
    [
        write_of(of, IdFile::UidMap, "0 own 1"),
        write_of(of, IdFile::Setgroups, "deny"),
        write_of(of, IdFile::GidMap, "0 own 1"),
    ]
}
