//! System calls that have no action of their own, as C expressions.

use super::numbers::call as named;
use super::statements::Statements;
use super::text::quote;
use super::{NotPossible, files};
use harness_scenario::action::{Entry, OnRefusal, RawArg, Results, Syscall};
use harness_scenario::actors::Actor;

/// The offset of results in the memory below 4 GiB.
const LOW_RESULTS: u64 = 4096;

/// The expression of a call with arguments of any kind.
pub fn call(statements: &Statements<'_>, actor: Actor, call: &Syscall) -> Result<String, NotPossible> {
    let args = call.args.iter().map(|arg| argument(statements, actor, arg, call.entry));
    let mut args = args.collect::<Result<Vec<_>, _>>()?;
    let outcome = match call.entry {
        Entry::Native => {
            // An argument that a scenario leaves out is 0, not the previous value of a register.
            let (name, count) = named(call.number);
            args.resize(count.max(args.len()), "0L".to_owned());
            args.insert(0, name);
            left(call.results, &format!("syscall({})", args.join(", ")), "room")
        }
        Entry::I386 => {
            args.resize(5, "0".to_owned());
            let made = format!("int80({}, {})", call.number, args.join(", "));
            left(call.results, &made, &format!("low + {LOW_RESULTS}"))
        }
    };
    Ok(match call.on_refusal {
        OnRefusal::GoOn => outcome,
        OnRefusal::Stop => format!("or_stop({}, {outcome})", quote(call.name.as_bytes())),
    })
}

/// The outcome of a call that writes results to memory.
fn left(results: Results, call: &str, place: &str) -> String {
    match results {
        Results::Nothing => format!("result({call})"),
        Results::Fd => format!("hold({call})"),
        Results::Halves(count) => format!("left_halves({call}, (void *)({place}), {count})"),
        Results::Words(count) => format!("left_words({call}, {place}, {count})"),
        Results::Text(most) => format!("left_text({call}, {place}, {most})"),
        Results::Ids(offsets) => {
            let all: Vec<String> = offsets.iter().map(u32::to_string).collect();
            format!("left_ids({call}, {place}, {}, (int []){{ {} }})", all.len(), all.join(", "))
        }
    }
    .replace("(void *)(room)", "(void *)room")
}

fn argument(
    statements: &Statements<'_>,
    actor: Actor,
    arg: &RawArg,
    width: Entry,
) -> Result<String, NotPossible> {
    let pid = |of: Actor| match statements.has_pid(of) {
        true => format!("shared->pid[{}]", Statements::c_name(of)),
        false => "INT_MAX".to_owned(),
    };
    Ok(match arg {
        RawArg::Number(value) if width == Entry::I386 => {
            format!("{:#x}", value.cast_unsigned() & 0xffff_ffff)
        }
        RawArg::Number(i64::MIN) => "LONG_MIN".to_owned(),
        RawArg::Number(value) if i32::try_from(*value).is_ok() => format!("{value}L"),
        RawArg::Number(value) => format!("{value:#x}L"),
        RawArg::Held => "held".to_owned(),
        RawArg::Socket => return Err(NotPossible("a program has no socket to a director".to_owned())),
        RawArg::Pid => pid(actor),
        RawArg::PidOf(other) => pid(*other),
        RawArg::Results(offset) if width == Entry::I386 => format!("low_address({})", LOW_RESULTS + offset),
        RawArg::Results(0) => "room".to_owned(),
        RawArg::Results(offset) => format!("room + {offset}"),
        RawArg::ProcPath(of, file) => match width {
            Entry::Native => format!("proc_path({}, {})", pid(*of), quote(file.as_bytes())),
            Entry::I386 => return Err(NotPossible("a 32-bit call with a path in /proc".to_owned())),
        },
        RawArg::Bytes(bytes) => {
            files::known(statements.host, bytes)?;
            match width {
                Entry::Native => bytes_argument(bytes),
                Entry::I386 => format!("put_low({}, {})", array(bytes), bytes.len()),
            }
        }
    })
}

/// A pointer to bytes: a literal if they are text, or else an array that is aligned and writable.
fn bytes_argument(bytes: &[u8]) -> String {
    match bytes.split_last() {
        Some((0, text)) if text.iter().all(|byte| (b' '..=b'~').contains(byte)) && !text.is_empty() => {
            quote(text)
        }
        _ => array(bytes),
    }
}

fn array(bytes: &[u8]) -> String {
    let text = bytes.iter().all(|byte| (b' '..=b'~').contains(byte) || [b'\n', b'\t', 0].contains(byte));
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    if text && zeros <= 1 || bytes.is_empty() {
        return quote(bytes);
    }
    let numbers = |kind: &str, all: Vec<String>| format!("({kind} []){{ {} }}", all.join(", "));
    if bytes.len().is_multiple_of(8) {
        let words = bytes.chunks_exact(8).filter_map(|word| Some(u64::from_ne_bytes(word.try_into().ok()?)));
        return numbers("unsigned long long", words.map(hexadecimal).collect());
    }
    if bytes.len().is_multiple_of(4) {
        let words = bytes.chunks_exact(4).filter_map(|word| Some(u32::from_ne_bytes(word.try_into().ok()?)));
        return numbers("unsigned int", words.map(|word| hexadecimal(word.into())).collect());
    }
    numbers("unsigned char", bytes.iter().map(|byte| hexadecimal((*byte).into())).collect())
}

fn hexadecimal(value: u64) -> String {
    if value < 10 { value.to_string() } else { format!("{value:#x}") }
}
