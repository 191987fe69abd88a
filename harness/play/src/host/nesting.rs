//! How many user namespaces can be created below one another.

use std::ffi::CString;
use std::sync::OnceLock;

use nix::errno::Errno;
use serde::Serialize;

use crate::actor::{Nested, nest};

/// The most levels that the initial namespace has below it.
///
/// Source: create_user_ns(), which refuses a parent whose level is above 32.
pub const MOST: u32 = 33;

/// What one bounded probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// How many user namespaces could be created below one another, at most 33.
    pub count: u32,
    /// Why there are no more, as a sentence that names the probe.
    pub reason: String,
}

/// The levels that a new user namespace may have below this one: a forked child creates namespaces below one another
/// until one is refused, at most 33. The limits of the namespaces above, and the own depth among them, cannot be read.
pub fn nested_levels() -> Levels {
    static FOUND: OnceLock<Nested> = OnceLock::new();
    judged(*FOUND.get_or_init(|| {
        let map = |id: u32| CString::new(format!("1000 {id} 1")).unwrap_or_default();
        let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
        nest(MOST, [&map(uid), &map(gid)])
    }))
}

fn judged(Nested { levels, refused }: Nested) -> Levels {
    let cause = match refused {
        Some(errno @ (Errno::ENOSPC | Errno::EUSERS)) => format!(
            ", and the next is refused with {errno:?}: this namespace is nested itself, or a namespace above has a \
             smaller user.max_user_namespaces"
        ),
        Some(errno) => format!(", and the next is refused with {errno:?}"),
        None => String::new(),
    };
    let reason = format!(
        "{levels} user namespaces can be created below one another{cause} (probe: unshare(CLONE_NEWUSER) again and \
         again in a forked child, at most {MOST} times)"
    );
    Levels { count: levels, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_named_with_the_probe() {
        assert_eq!(judged(Nested { levels: 33, refused: None }).count, 33);

        let Levels { count, reason } = judged(Nested { levels: 30, refused: Some(Errno::ENOSPC) });
        assert_eq!(count, 30);
        assert!(reason.starts_with("30 user namespaces can be created below one another"), "{reason}");
        assert!(reason.contains("refused with ENOSPC: this namespace is nested itself"), "{reason}");
        assert!(reason.ends_with("in a forked child, at most 33 times)"), "{reason}");
    }

    #[test]
    fn the_caller_stays_where_it_is() {
        let namespace = || std::fs::read_link("/proc/self/ns/user").ok();
        let before = namespace();

        let found = nested_levels();

        assert_eq!(namespace(), before, "after {found:?}");
    }
}
