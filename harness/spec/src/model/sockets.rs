//! Credentials that travel over UNIX sockets.

use super::map::Kid;
use super::world::{HeldFd, Process};
use super::{Refusal, Reply, World, done};
use crate::rules::named;
use harness_scenario::action::{IdFile, RawArg};
use harness_scenario::actors::Actor;
use harness_scenario::caps::Cap;
use harness_scenario::outcome::Outcome;
use nix::errno::Errno::{EINVAL, ENOMSG, EPERM};

/// One end of a socket pair.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct End {
    /// The uid and gid of each queued message.
    pub waiting: Vec<(Kid, Kid)>,
    /// Whether a receiver there gets credentials: SO_PASSCRED.
    pub tells: bool,
}

impl World {
    /// Creates a socket pair: one end for the caller and one for another process.
    pub(super) fn socketpair(&mut self, process: &mut Process, with: Actor) -> Reply {
        let Some(with) = self.find(with) else { return Reply::Unmodelled };
        self.sockets.push(Default::default());
        let pair = self.sockets.len() - 1;
        process.held = HeldFd::Socket(pair, 0);
        self.processes[with].1.held = HeldFd::Socket(pair, 1);
        done()
    }

    /// setsockopt(2) with SO_PASSCRED, on the held socket.
    /// Source: socket(7), unix(7); kernel sk_setsockopt().
    pub(super) fn pass_credentials(&mut self, process: &Process, args: &[RawArg]) {
        let asks = [RawArg::Number(libc::SOL_SOCKET.into()), RawArg::Number(libc::SO_PASSCRED.into())];
        if let (HeldFd::Socket(pair, end), Some(RawArg::Held)) = (process.held, args.first())
            && args.get(1..3) == Some(&asks)
            && let Some(RawArg::Bytes(value)) = args.get(3)
        {
            self.sockets[pair][end].tells = value.iter().any(|byte| *byte != 0);
        }
    }

    /// Source: unix(7), SCM_CREDENTIALS: a process may claim any of its three uids and of its three gids, and with
    /// CAP_SETUID or CAP_SETGID any other that has a mapping; kernel scm_check_creds().
    pub(super) fn send(&mut self, process: &Process, [uid, gid]: [u32; 2]) -> Reply {
        let HeldFd::Socket(pair, end) = process.held else { return Reply::Unmodelled };
        let (all, cred) = (&self.namespaces, &process.cred);
        let (Some(uid), Some(gid)) = (all.kuid(cred.ns, uid), all.kgid(cred.ns, gid)) else {
            return Refusal::by(EINVAL, const { named("mean.peers") }).into();
        };
        let three = |ids: super::credentials::KernelIds| [ids.real, ids.effective, ids.saved];
        let allowed = (three(cred.uid).contains(&uid) || all.capable(cred, cred.ns, Cap::Setuid))
            && (three(cred.gid).contains(&gid) || all.capable(cred, cred.ns, Cap::Setgid));
        if !allowed {
            return Refusal::by(EPERM, const { named("mean.peers") }).into();
        }
        self.sockets[pair][1 - end].waiting.push((uid, gid));
        done()
    }

    /// Source: unix(7); user_namespaces(7): the receiver's namespace names the ids; kernel scm_recv().
    pub(super) fn receive(&mut self, process: &Process) -> Reply {
        let HeldFd::Socket(pair, end) = process.held else { return Reply::Unmodelled };
        let End { waiting, tells } = &mut self.sockets[pair][end];
        if waiting.is_empty() {
            return Reply::Unmodelled;
        }
        let (uid, gid) = waiting.remove(0);
        // The answer of an actor for a message without credentials.
        if !*tells {
            return Refusal::without_rule(ENOMSG).into();
        }
        let ns = process.cred.ns;
        let ids = vec![self.shown(ns, IdFile::UidMap, uid), self.shown(ns, IdFile::GidMap, gid)];
        Reply::Is(Outcome::Ids(ids), None)
    }
}
