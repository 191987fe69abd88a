//! The protocol between the director and an actor.
//!
//! A message from the director has several requests. An actor carries them out in order and sends all answers as one
//! message, or as several if they are long. Waking the director for each answer would take longer than the system
//! calls. Everything consists of native 64-bit words, so an actor reads it without allocating and without a check
//! that could panic.

/// The number of slots in which an actor keeps file descriptors between requests.
pub const SLOTS: usize = 8;
/// The slot of the file that a scenario opens, passes on and writes to.
pub const HAND: u64 = 0;
/// The slot of a file that is opened and closed within one step.
pub const SCRATCH: u64 = 1;
/// The slots that become a program's standard input, output and error.
pub const STDIO: [u64; 3] = [2, 3, 4];
/// The slot of an actor's own end of its socket.
pub const SOCKET: u64 = 6;
/// The slot of the directory /proc, opened before any change of root.
pub const PROC: u64 = 7;
/// "No slot".
pub const NONE: u64 = u64::MAX;

/// Words of a request before its payload.
pub const REQUEST_WORDS: usize = 13;
/// Words of an answer before its data.
pub const ANSWER_WORDS: usize = 5;
/// The longest message, in bytes, in either direction.
pub const MESSAGE: usize = 96 * 1024;
/// The room for the results of system calls within one step, in bytes.
pub const ROOM: usize = 64 * 1024;

/// seteuid(3) is not a system call. Requests use a number that no system call has.
pub const SETEUID: i64 = -1;

/// setegid(3), likewise.
pub const SETEGID: i64 = -2;

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Op {
    /// Make the system call `number`.
    Syscall,
    /// Call the C library's wrapper of the system call `number`.
    Libc,
    /// Fork another actor, which takes the socket in the slot of the first argument and has the number of
    /// the second, by a clone(2) with the flags of the third besides. The fourth is the address of its block, or 0 if it
    /// gets memory of its own, and the fifth its time limit in milliseconds.
    Spawn,
    /// Move the descriptor that came with this message into the slot `keep`.
    Take,
    /// Send the descriptor in the slot of the first argument along with the answer.
    Send,
    /// Become a program: the payload holds its arguments and environment.
    Exec,
    /// clone(2) or clone3(2), as `number` says, with these arguments, a child that exits at once, and
    /// wait for it.
    Clone,
    /// Send the collected answers, and exit with status 0.
    Exit,
    /// clone(2) with the flags of the first argument, a child that does nothing for as long as the actor
    /// lives.
    Companion,
    /// read(2) from the descriptor of the first argument until the file ends: the kernel gives a file of
    /// /proc by the page.
    ReadAll,
    /// From now on and until the answers are sent, end when the director ends, even in the middle of a call.
    DieWithDirector,
    /// clone(2) or clone3(2), by `number`, with these arguments. The child continues as the actor, and the parent
    /// waits for its end.
    GoOn,
    /// Make a child that exits at once, and a descriptor of it; leave it a zombie or wait for it, as the
    /// first argument says.
    Dead,
    /// Wait at the barrier of the first argument for as many actors as the second says, then for the
    /// nanoseconds of the third; gives those since the start.
    Barrier,
    /// How many nanoseconds ago the barrier of the first argument started.
    Clock,
    /// setgroups(2) with a list too long for a message: first entry, step, entries, size argument.
    ManyGroups,
    /// getgroups(2) for such a list: size argument, expected first entry and step. The room then holds
    /// the first and the last entry and how many are not as expected.
    CountGroups,
    /// clone(2) with these arguments, a child that exits at once and is left to be waited for.
    Zombie,
    /// socketpair(2) of UNIX sockets: one end into the slot `keep`, the other along with the answer.
    Socketpair,
    /// sendmsg(2) of a byte: socket, uid and gid of SCM_CREDENTIALS.
    SendCredentials,
    /// recvmsg(2) of a byte from the socket of the first argument; the room then holds uid and gid.
    ReceiveCredentials,
    /// Make the 32-bit system call `number` through int 0x80, its pointers below 4 GiB.
    Compat,
}

/// An argument of a system call as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// The value itself; a negative number in two's complement.
    Value(u64),
    /// A pointer to this offset of the request's payload.
    Payload(u64),
    /// The descriptor in this slot.
    Slot(u64),
    /// A pointer to this offset of the room for results.
    Room(u64),
}

impl Arg {
    fn words(self) -> (u64, u64) {
        match self {
            Arg::Value(value) => (0, value),
            Arg::Payload(offset) => (1, offset),
            Arg::Slot(slot) => (2, slot),
            Arg::Room(offset) => (3, offset),
        }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The kind.
    pub op: Op,
    /// The system call's number.
    pub number: i64,
    /// Its arguments.
    pub args: [Arg; 6],
    /// Where to keep the descriptor that it returns, or [`NONE`].
    pub keep: u64,
    /// Do this only if the slot holds a descriptor, or [`NONE`].
    pub only_with: u64,
    /// How many bytes of the room to send back.
    pub give: u64,
    /// If not 0, send back so many bytes for each unit that the call returned, at most `give`.
    pub unit: u64,
    /// Bytes that arguments may point to.
    pub payload: Vec<u8>,
    /// What happens to the later requests if this one fails.
    pub failing: Failing,
}

/// What happens to the requests after one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Failing {
    /// They run.
    GoesOn,
    /// All of them are skipped, until the actor's end.
    Stops,
}

impl Request {
    /// A request of the kind `op` without arguments.
    pub fn new(op: Op, number: i64) -> Self {
        Self {
            op,
            number,
            args: [Arg::Value(0); 6],
            keep: NONE,
            only_with: NONE,
            give: 0,
            unit: 0,
            payload: Vec::new(),
            failing: Failing::GoesOn,
        }
    }

    /// The system call `number` with `args`, the rest of them 0.
    pub fn syscall(number: i64, args: &[Arg]) -> Self {
        Self::new(Op::Syscall, number).args(args)
    }

    /// The same request with these arguments.
    pub fn args(mut self, args: &[Arg]) -> Self {
        self.args[..args.len()].copy_from_slice(args);
        self
    }

    /// The same request with bytes to point to.
    pub fn payload(mut self, bytes: &[u8]) -> Self {
        self.payload = bytes.to_vec();
        self
    }

    /// The same request, its result kept as a descriptor in `slot`.
    pub fn keep(mut self, slot: u64) -> Self {
        self.keep = slot;
        self
    }

    /// The same request, carried out only if `slot` holds a descriptor.
    pub fn only_with(mut self, slot: u64) -> Self {
        self.only_with = slot;
        self
    }

    /// The same request, giving back `bytes` of the room.
    pub fn give(mut self, bytes: u64) -> Self {
        self.give = bytes;
        self
    }

    /// The same request, giving back `unit` bytes for each that the call returned, at most `most`.
    pub fn give_units(mut self, unit: u64, most: u64) -> Self {
        (self.unit, self.give) = (unit, most);
        self
    }

    /// The same request, without which none after it is carried out.
    pub fn or_stop(mut self) -> Self {
        self.failing = Failing::Stops;
        self
    }

    /// Appends the request to a message; `step` is the number that its answer carries.
    pub fn write(&self, message: &mut Vec<u8>, step: u32) {
        let kinds = self.args.iter().rev().fold(0, |all, arg| all << 8 | arg.words().0);
        let head = [
            self.op as u64 | (self.failing as u64) << 8 | u64::from(step) << 32,
            self.number.cast_unsigned(),
            kinds,
            self.keep,
            self.only_with,
            self.give | self.unit << 32,
            self.payload.len() as u64,
        ];
        for word in head.into_iter().chain(self.args.map(|arg| arg.words().1)) {
            message.extend(word.to_ne_bytes());
        }
        message.extend(&self.payload);
        message.resize(message.len().next_multiple_of(8), 0);
    }
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number of the step that it belongs to.
    pub step: u32,
    /// False if `only_with` named an empty slot, or if a required earlier request failed.
    pub done: bool,
    /// What the call returned, -1 on failure.
    pub value: i64,
    /// The errno, 0 on success.
    pub errno: i32,
    /// The bytes that the call left in the room.
    pub data: Vec<u8>,
}

/// Adds the answers of a message to others. `None` if the message is incomplete or invalid.
pub fn read_answers(message: &[u8], answers: &mut Vec<Answer>) -> Option<()> {
    let mut at = 0;
    while at < message.len() {
        let length = usize::try_from(word(message, at + 32)?).ok()?;
        let start = at + ANSWER_WORDS * 8;
        answers.push(Answer {
            step: u32::try_from(word(message, at)?).ok()?,
            done: word(message, at + 8)? == 1,
            value: word(message, at + 16)?.cast_signed(),
            errno: i32::try_from(word(message, at + 24)?).ok()?,
            data: message.get(start..start.checked_add(length)?)?.to_vec(),
        });
        at = start + length.next_multiple_of(8);
    }
    Some(())
}

/// The word at a byte offset of a message, if the message has it.
pub fn word(message: &[u8], at: usize) -> Option<u64> {
    let bytes = message.get(at..at.checked_add(8)?)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_message() -> Vec<u8> {
        let mut message = Vec::new();
        for word in [7, 1, 3, 0, 3] {
            message.extend(u64::to_ne_bytes(word));
        }
        message.extend(*b"abc\0\0\0\0\0");
        message
    }

    #[test]
    fn an_answer_is_read_back() {
        let expected = Answer { step: 7, done: true, value: 3, errno: 0, data: b"abc".to_vec() };

        let mut answers = Vec::new();
        assert_eq!(read_answers(&answer_message(), &mut answers), Some(()));
        assert_eq!(answers, [expected]);
    }

    #[test]
    fn an_answer_cut_anywhere_is_refused() {
        let message = answer_message();

        for length in 1..message.len() - 5 {
            assert_eq!(read_answers(&message[..length], &mut Vec::new()), None, "cut to {length} bytes");
        }
    }
}
