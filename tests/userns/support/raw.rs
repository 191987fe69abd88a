//! Arguments of raw system calls, and memory that a structure can point to.

use harness::prelude::*;

/// The address at which [`memory`] puts bytes. No program is loaded so low.
pub const PLACE: u64 = 0x1000_0000;
/// The number of the descriptor that [`memory`] leaves.
const FILE_OF_MEMORY: i64 = 190;
const PAGE: i64 = 4096;

/// A number.
pub const fn number(number: i64) -> RawArg {
    RawArg::Number(number)
}

/// A pointer to text, which has to end with a zero where the call takes a string.
pub const fn text(text: &'static [u8]) -> RawArg {
    RawArg::Bytes(std::borrow::Cow::Borrowed(text))
}

/// A pointer to the native 64-bit words.
pub fn words(words: &[u64]) -> RawArg {
    RawArg::Bytes(words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>().into())
}

/// The held descriptor gets this number as well, so that a path or a structure can name it.
pub fn keep_as(known: i64) -> Action {
    syscall_for_fd("dup3", libc::SYS_dup3, vec![RawArg::Held, number(known), number(0)]).or_stop()
}

/// Puts bytes at [`PLACE`], for structures with pointers. The actor holds a file in memory afterwards.
pub fn memory(bytes: Vec<u8>) -> [Action; 4] {
    let shared = libc::PROT_READ | libc::PROT_WRITE;
    let map = [PLACE.cast_signed(), PAGE, shared.into(), (libc::MAP_SHARED | libc::MAP_FIXED).into()];
    let map = map.map(number).into_iter().chain([number(FILE_OF_MEMORY), number(0)]);
    let length = number(i64::try_from(bytes.len()).unwrap_or(0));
    let open = syscall_for_fd("memfd_create", libc::SYS_memfd_create, vec![text(b"place\0"), number(0)]);
    [
        open.or_stop(),
        keep_as(FILE_OF_MEMORY),
        syscall(
            "pwrite",
            libc::SYS_pwrite64,
            vec![number(FILE_OF_MEMORY), RawArg::Bytes(bytes.into()), length, number(0)],
        ),
        syscall_for("mmap", libc::SYS_mmap, map.collect(), Results::Fd).or_stop(),
    ]
}
