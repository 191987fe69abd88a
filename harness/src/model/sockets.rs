//! Credentials that travel over UNIX sockets.

use super::map::Kid;
use super::world::{Hand, Process};
use super::{Refusal, Reply, World, done};
use crate::action::IdFile;
use crate::caps::Cap;
use crate::rules::named;
use crate::scenario::Actor;
use crate::trace::Outcome;
use nix::errno::Errno::{EINVAL, EPERM};

/// What waits at one end of a socket pair: the uid and gid of each message.
pub type Waiting = Vec<(Kid, Kid)>;

impl World {
    /// One end for the caller and one for another process.
    pub(super) fn socketpair(&mut self, process: &mut Process, with: Actor) -> Reply {
        let Some(with) = self.find(with) else { return Reply::Lost };
        self.sockets.push([Vec::new(), Vec::new()]);
        let pair = self.sockets.len() - 1;
        process.hand = Hand::Socket(pair, 0);
        self.processes[with].1.hand = Hand::Socket(pair, 1);
        done()
    }

    /// Source: unix(7), SCM_CREDENTIALS: a process may claim any of its three uids and of its three gids, and with
    /// CAP_SETUID or CAP_SETGID any other that has a mapping; kernel scm_check_creds().
    pub(super) fn send(&mut self, process: &Process, [uid, gid]: [u32; 2]) -> Reply {
        let Hand::Socket(pair, end) = process.hand else { return Reply::Lost };
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
        self.sockets[pair][1 - end].push((uid, gid));
        done()
    }

    /// Source: unix(7); user_namespaces(7): the receiver's namespace names the ids; kernel scm_recv().
    pub(super) fn receive(&mut self, process: &Process) -> Reply {
        let Hand::Socket(pair, end) = process.hand else { return Reply::Lost };
        if self.sockets[pair][end].is_empty() {
            return Reply::Lost;
        }
        let (uid, gid) = self.sockets[pair][end].remove(0);
        let ns = process.cred.ns;
        let ids = vec![self.shown(ns, IdFile::UidMap, uid), self.shown(ns, IdFile::GidMap, gid)];
        Reply::Is(Outcome::Ids(ids), None)
    }
}
