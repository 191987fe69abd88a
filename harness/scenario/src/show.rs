//! The text of steps, outcomes and states in a trace. It shows nothing of the machine: the caller's ids are `own`,
//! its groups are `the caller's`, and the overflow id is `overflow`.

mod call;
mod same_words;
mod state;

pub use call::{clone_flags, clone3_flags};
pub use same_words::SameWords;
pub use state::{NO_FILE, credentials, maps};

use call::{capset, groups, pointer, raw_args, set_id, setns};
use state::{caps_without_bounding, ids};

use crate::action::{Access, Action, At, IdFile, Leaves, SetId, Text};
use crate::actors::{Actor, Namespace};
use crate::ids::Names;
use crate::map;
use crate::outcome::{Ended, Outcome};
use std::fmt::Write as _;

/// The longest text of a write that is shown whole, in bytes.
const WHOLE: usize = 60;

/// An action, as a step of this actor's.
pub fn action(actor: Actor, action: &Action) -> String {
    match action {
        Action::Fork => begin(actor).to_owned(),
        Action::ForkCloned => "begins by clone(2) with CLONE_NEWUSER".to_owned(),
        Action::Write { file, of, text } => format!("{}{} <- {}", whose(*of), file.name(), self::text(text)),
        Action::Open { file, of, access } => format!("open {}{} {}", whose(*of), file.name(), mode(*access)),
        Action::PassFd(to) => format!("give the open file to {to}"),
        Action::WriteHeld { text, file, at } => {
            format!("open {}{} <- {}", file.name(), self::at(*at, "pwrite"), self::text(text))
        }
        Action::Read { file, of } => format!("read {}{}", whose(*of), file.name()),
        Action::ReadToEnd(file) => format!("read open {}", file.name()),
        Action::Setgroups(list, _) => format!("setgroups({})", groups(list)),
        Action::Getgroups { size, room } => format!("getgroups({size}{})", pointer(*room)),
        Action::CountGroups { size, .. } => format!("getgroups({size})"),
        Action::GetCredentials => "look".to_owned(),
        Action::SetId(call, ids, _) => set_id(*call, ids),
        Action::Unshare(flags) | Action::UnshareOrStop(flags) => format!("unshare({})", clone_flags(*flags)),
        Action::Clone(flags) => format!("clone({})", clone_flags(*flags)),
        Action::Setns { of, file, nstype } => setns(*of, *file, *nstype),
        Action::Capset(change) => capset(change),
        Action::Prctl(name, ..) => format!("prctl({name})"),
        Action::Chroot(name, _) => format!("chroot({name})"),
        Action::OpenFile(name, _, access) => format!("open {name} {}", mode(*access)),
        Action::Run(words) => format!("run {}", words.join(" ")),
        Action::ReadHeld { size, at } => format!("read {size} bytes{}", self::at(*at, "pread")),
        Action::Socketpair(with) => format!("socketpair with {with}"),
        Action::SendCredentials([uid, gid]) => format!("send SCM_CREDENTIALS {uid} {gid}"),
        Action::ReceiveCredentials => "receive SCM_CREDENTIALS".to_owned(),
        Action::Clone3(flags) => format!("clone3({})", clone3_flags(*flags)),
        Action::CloneAndKeep(flags) => format!("clone({}) of one that stays", clone_flags(*flags)),
        Action::Exit(Leaves::Zombie) => "exit, leaving a zombie".to_owned(),
        Action::Exit(Leaves::Nothing) => "exit, and be reaped".to_owned(),
        Action::OwnerUid => "ioctl(the open file, NS_GET_OWNER_UID)".to_owned(),
        Action::ProcOwner(of) => format!("owner of {of}'s uid_map"),
        Action::Child(child) => call::child(*child),
        Action::Syscall(call) => format!("{}({})", call.name, list(raw_args(call))),
    }
}

fn begin(actor: Actor) -> &'static str {
    match actor.namespace() {
        Namespace::Callers => "begins",
        Namespace::Parents => "begins in the namespace of its parent",
        Namespace::New => "begins in a new user namespace",
    }
}

fn whose(of: Option<Actor>) -> String {
    of.map_or_else(String::new, |actor| format!("{actor}'s "))
}

fn mode(access: Access) -> &'static str {
    match access {
        Access::Read => "for reading",
        Access::Write => "for writing",
        Access::ReadWrite => "for both",
    }
}

fn at(at: At, with_offset: &str) -> String {
    match at {
        At::Position => String::new(),
        At::Seek(offset) => format!(" (lseek {offset})"),
        At::Offset(offset) => format!(" ({with_offset} at {offset})"),
    }
}

fn text(text: &Text) -> String {
    let bytes = match text {
        Text::BadPointer(length) => return format!("{length} bytes from a bad pointer"),
        Text::Words(words) => words.as_bytes(),
        Text::Bytes(bytes) => bytes,
    };
    if bytes.len() <= WHOLE {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    format!("\"{}...\" ({} bytes)", bytes[..WHOLE / 2].escape_ascii(), bytes.len())
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// The outcome of an action.
pub fn outcome(outcome: &Outcome, action: &Action, names: &Names) -> String {
    match outcome {
        Outcome::Done => "ok".to_owned(),
        Outcome::Failed { call: "", errno } => format!("{errno:?}"),
        Outcome::Failed { call, errno } => format!("{call}: {errno:?}"),
        Outcome::Value(value) => match action {
            Action::SetId(call @ (SetId::Setfsuid | SetId::Setfsgid), ..) => {
                let show = if *call == SetId::Setfsgid { group } else { id };
                u32::try_from(*value).map_or_else(|_| value.to_string(), |id| show(id, names))
            }
            _ => value.to_string(),
        },
        Outcome::Short { wrote, given } => format!("took {wrote} of {given} bytes"),
        Outcome::Groups(ids) => format!("[{}]", list(ids.iter().map(|id| group(*id, names)))),
        Outcome::Ids(ids) => {
            let (uids, gids) = (ids.iter().take(1), ids.iter().skip(1));
            let named = uids.map(|uid| id(*uid, names)).chain(gids.map(|gid| group(*gid, names)));
            named.collect::<Vec<_>>().join(" ")
        }
        Outcome::Program(ended) => program(ended),
        Outcome::Credentials(looked) => format!(
            "uid {}  gid {}  {}",
            ids(looked.uid, |uid| id(uid, names)),
            ids(looked.gid, |gid| group(gid, names)),
            caps_without_bounding(looked.caps, names.last_cap)
        ),
        Outcome::Counted { count, first, last, wrong: 0 } => {
            format!("{count}, from {first} to {last}, in order")
        }
        Outcome::Counted { count, first, last, wrong } => {
            format!("{count}, from {first} to {last}, {wrong} of them wrong")
        }
        Outcome::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match action {
                Action::Read { file: IdFile::UidMap, .. } | Action::ReadToEnd(IdFile::UidMap) => {
                    map_text(&text, names.own.uid)
                }
                Action::Read { file: IdFile::GidMap, .. } | Action::ReadToEnd(IdFile::GidMap) => {
                    map_text(&text, names.own.gid)
                }
                _ => format!("\"{}\"", text.trim_end().escape_debug()),
            }
        }
    }
}

fn program(ended: &Ended) -> String {
    let mut shown = ended.status.to_string();
    for (name, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        for line in text.lines() {
            let _ = write!(shown, "\n{name}: {line}");
        }
    }
    shown
}

/// A map as read back, its extents in one line, the caller's id as `own`.
fn map_text(text: &str, own: u32) -> String {
    let shown: Vec<String> = map::lines(text)
        .iter()
        .map(|extent| {
            let fields = extent.split(' ').enumerate();
            let named = fields.map(|(at, field)| match field.parse::<u32>() {
                Ok(number) if at < 2 && number == own && own != 0 => "own".to_owned(),
                _ => field.to_owned(),
            });
            named.collect::<Vec<_>>().join(" ")
        })
        .collect();
    let (count, all) = (shown.len(), shown.join(", "));
    if count > 12 { format!("\"{}, ... {count} extents\"", shown[0]) } else { format!("\"{all}\"") }
}

/// The four ids as numbers, or one number if all are equal.
pub fn four(four: crate::ids::Ids) -> String {
    ids(four, |id| id.to_string())
}

fn id(id: u32, names: &Names) -> String {
    named(id, names.own.uid, names.overflow(IdFile::UidMap))
}

fn group(id: u32, names: &Names) -> String {
    named(id, names.own.gid, names.overflow(IdFile::GidMap))
}

fn named(id: u32, own: u32, overflow: u32) -> String {
    match id {
        0 => "0".to_owned(),
        id if id == overflow => "overflow".to_owned(),
        id if id == own => "own".to_owned(),
        id => id.to_string(),
    }
}
