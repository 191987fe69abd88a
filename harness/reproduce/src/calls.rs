//! A step as a C expression whose value is the text of the outcome.

use super::numbers::{flags, option};
use super::outcomes::{bits, is_map, map_file};
use super::statements::Statements;
use super::text::{Words, quote};
use super::{NotPossible, files, raw};
use harness_scenario::action::{Access, Action, At, CapChange, Child, IdFile, NsFile, Text};
use harness_scenario::actors::Actor;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::outcome::Outcome;

impl Statements<'_> {
    /// The expression for an action that is one expression. The outcome decides how a file is read.
    pub fn call(
        &self,
        actor: Actor,
        action: &Action,
        outcome: Option<&Outcome>,
    ) -> Result<String, NotPossible> {
        let map = map_file(action).is_some() && outcome.is_none_or(is_map);
        let result = |call: String| format!("result({call})");
        Ok(match action {
            Action::Write { file, of, text } => self.write(actor, *file, *of, text),
            Action::Open { file, of, access } => {
                let whose = self.whose(actor, *of);
                format!("hold(open_proc({whose}, \"{}\", {}))", file.name(), mode(*access))
            }
            Action::WriteHeld { text, file, at } => self.write_held(text, *file, *at),
            Action::Read { file, of } => {
                let read = if map { "map" } else { "proc" };
                format!("read_{read}({}, \"{}\")", self.whose(actor, *of), file.name())
            }
            Action::ReadToEnd(_) if map => "read_held_map()".to_owned(),
            Action::ReadToEnd(_) => "read_held()".to_owned(),
            Action::ReadHeld { size, at } => read_held(*size, *at),
            Action::OpenFile(_, path, access) => {
                let path = files::path(self.host, path)?;
                format!("open_any({path}, {})", mode(*access))
            }
            Action::Setns { of, file, nstype } => self.setns(actor, *of, *file, *nstype),
            Action::GetCredentials => "look()".to_owned(),
            Action::ProcOwner(of) => format!("owner({})", self.whose(actor, Some(*of))),
            Action::Run(words) => files::run(self.host, words)?,
            Action::Syscall(call) => raw::call(self, actor, call)?,
            Action::Setgroups(..)
            | Action::Getgroups { .. }
            | Action::CountGroups { .. }
            | Action::SetId(..) => self.ids(action),
            Action::Unshare(flags) => result(format!("unshare({})", self::flags(*flags))),
            Action::Clone(flags) => {
                result(format!("clone_and_wait(SYS_clone, {} | SIGCHLD, 0)", self::flags(*flags)))
            }
            Action::Clone3(flags) => clone3("clone_and_wait", *flags),
            Action::CloneAndKeep(flags) => result(format!("companion({})", self::flags(*flags))),
            Action::Child(child) => self::child(*child),
            Action::Prctl(_, number, value) => {
                result(format!("prctl({}, {value}L, 0L, 0L, 0L)", option(*number)))
            }
            Action::Chroot(_, path) => result(format!("chroot({})", files::path(self.host, path)?)),
            Action::Capset(change) => result(capset(change)),
            Action::OwnerUid => {
                "left_ids(ioctl(held, _IO(0xb7, 4) /* NS_GET_OWNER_UID */, room), room, 1, (int []){ 0 })"
                    .to_owned()
            }
            Action::SendCredentials([uid, gid]) => format!("send_credentials({uid}, {gid})"),
            Action::ReceiveCredentials => "receive_credentials()".to_owned(),
            // Statements of several processes, or of one that may not go on.
            Action::Fork
            | Action::ForkCloned
            | Action::UnshareOrStop(_)
            | Action::PassFd(_)
            | Action::Socketpair(_)
            | Action::Exit(_) => return Err(NotPossible(format!("{action:?} is no expression of C"))),
        })
    }

    fn write(&self, actor: Actor, file: IdFile, of: Option<Actor>, text: &Text) -> String {
        let (whose, name) = (self.whose(actor, of), file.name());
        match text {
            Text::Words(words) => format!("write_proc({whose}, \"{name}\", {})", self.own_words(words, file)),
            Text::Bytes(bytes) => {
                format!("write_bytes({whose}, \"{name}\", {}, {})", quote(bytes), bytes.len())
            }
            Text::BadPointer(length) => format!("write_bytes({whose}, \"{name}\", nowhere, {length})"),
        }
    }

    /// The text with the id that the scenario runs as in place of every `own`.
    fn own_words(&self, words: &str, file: IdFile) -> String {
        let mut parts = words.split("own");
        let first = Words::new().text(parts.next().unwrap_or_default());
        let add = |words: Words, part: &str| {
            let own = if file == IdFile::GidMap {
                words.gid(self.own.gid, self.own)
            } else {
                words.uid(self.own.uid, self.own)
            };
            own.text(part)
        };
        parts.fold(first, add).c()
    }

    fn write_held(&self, text: &Text, file: IdFile, at: At) -> String {
        let (bytes, length) = match text {
            Text::Words(words) => {
                match at {
                    At::Position => return format!("put(held, {})", self.own_words(words, file)),
                    At::Seek(offset) => {
                        return format!("seek_and_put({offset}, {})", self.own_words(words, file));
                    }
                    At::Offset(_) => {}
                }
                let bytes = words.replace("own", &self.own.of(file).to_string());
                (quote(bytes.as_bytes()), bytes.len() as u64)
            }
            Text::Bytes(bytes) => (quote(bytes), bytes.len() as u64),
            Text::BadPointer(length) => ("nowhere".to_owned(), *length),
        };
        match at {
            At::Offset(offset) => format!("wrote(pwrite(held, {bytes}, {length}, {offset}), {length})"),
            _ => after_seek(at, format!("wrote(write(held, {bytes}, {length}), {length})")),
        }
    }

    fn setns(&self, actor: Actor, of: Actor, file: NsFile, nstype: i32) -> String {
        let name = match file {
            NsFile::User => "user",
            NsFile::Uts => "uts",
        };
        let nstype = if nstype == 0 { "0".to_owned() } else { flags(nstype) };
        format!("join({}, \"ns/{name}\", {nstype})", self.whose(actor, Some(of)))
    }
}

fn clone3(function: &str, flags: u64) -> String {
    let flags = i32::try_from(flags).map_or_else(|_| format!("{flags:#x}ULL"), self::flags);
    format!("result({function}(SYS_clone3, clone_args({flags}), 64))")
}

fn child(child: Child) -> String {
    match child {
        Child::GoesOn(flags) => format!("result(go_on(SYS_clone, {} | SIGCHLD, 0))", self::flags(flags)),
        Child::GoesOnByClone3(flags) => clone3("go_on", flags),
        Child::NotWaitedFor(flags) => format!("result(clone_and_leave({} | SIGCHLD))", self::flags(flags)),
        Child::Zombie => "hold(pidfd_of_dead(WNOWAIT))".to_owned(),
        Child::Gone => "hold(pidfd_of_dead(0))".to_owned(),
    }
}

fn capset(change: &CapChange) -> String {
    let mask = |caps: &[Cap]| bits(caps.iter().fold(CapSet::EMPTY, |set, cap| set.with(*cap)));
    match change {
        CapChange::Drop(caps) => {
            let kept = format!("~({})", mask(caps));
            format!("change_caps({kept}, {kept}, {kept}, 0)")
        }
        CapChange::Only(caps) if caps.is_empty() => "change_caps(0, 0, 0, 0)".to_owned(),
        CapChange::Only(caps) => format!("change_caps({0}, {0}, 0, 0)", mask(caps)),
        CapChange::Suspend(caps) => format!("change_caps(~({}), ~0ULL, ~0ULL, 0)", mask(caps)),
        CapChange::Raise(caps) => format!("change_caps(~0ULL, ~0ULL, ~0ULL, {})", mask(caps)),
    }
}

fn after_seek(at: At, call: String) -> String {
    match at {
        At::Seek(offset) => format!("lseek(held, {offset}, SEEK_SET) < 0 ? failed(\"lseek: \") : {call}"),
        _ => call,
    }
}

fn read_held(size: u64, at: At) -> String {
    match at {
        At::Offset(offset) => format!("left_text(pread(held, room, {size}, {offset}), room, {size})"),
        _ => after_seek(at, format!("left_text(read(held, room, {size}), room, {size})")),
    }
}

/// The flags with which a file is opened.
fn mode(access: Access) -> &'static str {
    match access {
        Access::Read => "O_RDONLY",
        Access::Write => "O_WRONLY",
        Access::ReadWrite => "O_RDWR",
    }
}
