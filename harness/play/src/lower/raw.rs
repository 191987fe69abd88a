//! System calls that have no action of their own, in the sizes of the kernel and of i386.

use super::held::give;
use super::{Call, Context, NOBODY, number, syscall};
use crate::wire::{Arg, HAND, Op, Request, SOCKET};
use harness_scenario::action::{Entry, RawArg, Syscall};

impl Context<'_> {
    pub(super) fn syscall(&self, call: &Syscall) -> Request {
        let mut request = self.raw(call.number, &call.args);
        match call.entry {
            Entry::Native => {}
            Entry::I386 => request.op = Op::Compat,
        }
        give(request, call.results)
    }

    fn raw(&self, syscall_number: i64, args: &[RawArg]) -> Request {
        let mut payload = Vec::new();
        let args: Vec<Arg> = args
            .iter()
            .map(|arg| match arg {
                RawArg::Number(value) => Arg::Value(value.cast_unsigned()),
                RawArg::Held => Arg::Slot(HAND),
                RawArg::Socket => Arg::Slot(SOCKET),
                RawArg::Pid => number((self.pid)(self.actor).unwrap_or(NOBODY)),
                RawArg::PidOf(actor) => number((self.pid)(*actor).unwrap_or(NOBODY)),
                RawArg::Results(offset) => Arg::Room(*offset),
                RawArg::ProcPath(actor, file) => {
                    let path = format!("/proc/{}/{file}\0", (self.pid)(*actor).unwrap_or(NOBODY));
                    append(&mut payload, path.as_bytes())
                }
                RawArg::Bytes(bytes) => append(&mut payload, bytes),
            })
            .collect();
        syscall(syscall_number, &args).payload(&payload)
    }
}

/// Adds bytes to a payload: a pointer to them.
fn append(payload: &mut Vec<u8>, bytes: &[u8]) -> Arg {
    let offset = payload.len();
    payload.extend_from_slice(bytes);
    payload.resize(payload.len().next_multiple_of(8), 0);
    Arg::Payload(offset as u64)
}

/// The name of the request that comes before a call that may not return.
pub const DIE_WITH_DIRECTOR: &str = "die with the director";

/// A call that may not return: any other ends by itself, or with the timer of its batch.
pub fn watching_director(call: Request) -> Vec<Call> {
    vec![(DIE_WITH_DIRECTOR, Request::new(Op::DieWithDirector, 0)), ("", call)]
}
