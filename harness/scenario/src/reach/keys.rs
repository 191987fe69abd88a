//! What calls about keys can change.

use super::calls::number;
use super::standing::{Certain, Whose};
use super::{Reach, Stage};
use crate::action::RawArg;
use crate::actors::Actor;

impl Stage<'_> {
    /// keyctl(2) and add_key(2). The keyrings of the thread and of the process end with them, a session keyring that is
    /// new ends with the session, and those of the user belong to the user namespace.
    ///
    /// Source: keyrings(7); kernel look_up_user_keyrings().
    pub(super) fn keys(
        &mut self,
        actor: Actor,
        call: i64,
        args: &[RawArg],
        certain: Certain,
    ) -> Result<(), Reach> {
        const JOIN_SESSION: i64 = 1;
        const SEARCH: i64 = 10;
        let [operation, first] = [0, 1].map(|at| number(args, at));
        let keyring = match (call, operation) {
            (libc::SYS_add_key, _) => number(args, 4),
            (_, Some(JOIN_SESSION)) if first == Some(0) => {
                if certain == Certain::Yes {
                    self.of(actor).session = Whose::Own;
                }
                return Ok(());
            }
            (_, Some(SEARCH)) if number(args, 4) != Some(0) => None,
            // KEYCTL_GET_KEYRING_ID, KEYCTL_DESCRIBE, KEYCTL_SEARCH, KEYCTL_READ
            (_, Some(0 | 6 | SEARCH | 11)) => first,
            // KEYCTL_CHOWN of a keyring that ends with the session.
            (_, Some(4)) if first == Some(-3) && self.of(actor).session == Whose::Own => first,
            _ => None,
        };
        let standing = self.of(actor);
        let covered = match keyring {
            Some(-1 | -2) => true,
            Some(-3) => {
                standing.session == Whose::Own || standing.userns == Whose::Own && call != libc::SYS_add_key
            }
            Some(-4 | -5) => standing.userns == Whose::Own,
            _ => false,
        };
        if covered { Ok(()) } else { Err(Reach::Keys) }
    }
}
