//! The ids of this process.

use nix::errno::Errno;
use nix::unistd::{getresgid, getresuid};

use super::fact::Fact;
use crate::actor::{fs_gid, fs_uid};
use harness_scenario::ids::{FsId, Ids};

pub(super) fn uids() -> Fact<Ids> {
    let fs = fs_id(fs_uid());
    Fact::of(getresuid().map_err(Into::into)).map(|ids| Ids {
        real: ids.real.as_raw(),
        effective: ids.effective.as_raw(),
        saved: ids.saved.as_raw(),
        fs,
    })
}

pub(super) fn gids() -> Fact<Ids> {
    let fs = fs_id(fs_gid());
    Fact::of(getresgid().map_err(Into::into)).map(|ids| Ids {
        real: ids.real.as_raw(),
        effective: ids.effective.as_raw(),
        saved: ids.saved.as_raw(),
        fs,
    })
}

fn fs_id(told: Result<u32, Errno>) -> FsId {
    told.map_or(FsId::Unknown, FsId::Known)
}
