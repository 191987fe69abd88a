//! The ways to write a map beside write(2): several buffers, flags, pipes and copies, memory.

use crate::support::raw::{PLACE, keep_as, memory, number, words};
use harness::prelude::*;
use rstest::rstest;

/// The number of the open map, where a call takes two descriptors.
const MAP: i64 = 201;
/// A position of -1: that of the descriptor.
const AT_POSITION: i64 = -1;
const RWF_HIPRI: i64 = 1;
const RWF_SYNC: i64 = 4;
const RWF_NOWAIT: i64 = 8;
const RWF_APPEND: i64 = 16;

const OPEN: Action = Action::Open { file: IdFile::UidMap, of: None, access: Access::ReadWrite };

/// A process that has these buffers in memory and the uid_map of a namespace below open.
fn with_buffers(buffers: &[&str]) -> Scenario {
    root().outside(&memory(buffers.concat().into_bytes())).inside(&[]).outside(&[OPEN])
}

/// The array of structures iovec for these buffers, which lie one behind the other.
fn vector(buffers: &[&str]) -> [RawArg; 2] {
    let mut at = PLACE;
    let mut entries = Vec::new();
    for buffer in buffers {
        let length = buffer.len() as u64;
        entries.extend([at, length]);
        at += length;
    }
    [words(&entries), number(i64::try_from(buffers.len()).unwrap_or(0))]
}

/// writev(2), or pwritev2(2) with a position and flags.
fn write_vector(buffers: &[&str], at: Option<(i64, i64)>) -> Action {
    let args: Vec<RawArg> = std::iter::once(RawArg::Held).chain(vector(buffers)).collect();
    match at {
        None => syscall("writev", libc::SYS_writev, args),
        Some((position, flags)) => {
            // The upper half of the position has an argument of its own, which 64-bit kernels do not look at.
            let rest = [number(position), number(0), number(flags)];
            syscall("pwritev2", libc::SYS_pwritev2, args.into_iter().chain(rest).collect())
        }
    }
}

/// Each buffer of writev(2) is a text of its own. The first is written. The second is refused, because the position is no
/// longer 0, and the call returns how much the first has: no error reports that the rest is lost.
/// Source: writev(2); kernel do_loop_readv_writev(), map_write().
#[rstest]
#[case::two_lines(&["0 0 1\n", "1 1 1\n"])]
#[case::a_number_in_two(&["0 0 1", "0\n"])]
#[case::one(&["0 0 1\n1 1 1\n"])]
#[harness::test(Root, Userns, pins("map.vector"))]
fn only_the_first_buffer_of_writev_is_a_map(#[case] buffers: &[&str]) {
    let ns = with_buffers(buffers);

    let trace = ns.outside(&[write_vector(buffers, None), read(IdFile::UidMap)]).play();

    check!(trace, last = [OK, OK]);
}

/// A first buffer that is no map refuses the whole, and the map stays empty.
/// Source: writev(2); kernel do_loop_readv_writev(), map_write(): EINVAL of the first buffer.
#[rstest]
#[case::half_a_line(&["0 0", " 1\n"], EINVAL)]
#[case::an_empty_one(&["\n", "0 0 1\n"], EINVAL)]
#[case::a_whole_line(&["0 0 1\n", ""], OK)]
#[harness::test(Root, Userns, pins("map.vector"))]
fn a_first_buffer_that_is_no_map_refuses_the_whole(#[case] buffers: &[&str], #[case] expected: Answer) {
    let ns = with_buffers(buffers);

    let trace = ns.outside(&[write_vector(buffers, None)]).play();

    check!(trace, last = expected);
}

/// The word for setgroups may be one buffer, and a newline another, as each write to the file may move its position: "deny"
/// counts, and what follows is refused.
/// Source: writev(2); kernel do_loop_readv_writev(), proc_setgroups_write().
#[rstest]
#[case::a_word_and_a_newline(&["deny", "\n"])]
#[case::two_words(&["allow", "deny"])]
#[harness::test(Root, Userns, pins("map.vector"))]
fn only_the_first_buffer_of_writev_is_a_word(#[case] buffers: &[&str]) {
    let ns = root().outside(&memory(buffers.concat().into_bytes())).inside(&[]);

    let open = Action::Open { file: IdFile::Setgroups, of: None, access: Access::ReadWrite };
    let trace = ns.outside(&[open, write_vector(buffers, None)]).play();

    check!(trace, last = [OK, OK]);
}

/// The files take no flag that changes a write, but RWF_HIPRI, which means nothing to them. The position has to be that of
/// the descriptor: the files cannot be written at an offset.
/// Source: pwritev2(2); kernel kiocb_set_rw_flags(), do_loop_readv_writev(): EOPNOTSUPP; seq_open(): no FMODE_PWRITE.
#[rstest]
#[case::no_flag(AT_POSITION, 0, OK)]
#[case::high_priority(AT_POSITION, RWF_HIPRI, OK)]
#[case::append(AT_POSITION, RWF_APPEND, EOPNOTSUPP)]
#[case::synchronous(AT_POSITION, RWF_SYNC, EOPNOTSUPP)]
#[case::without_waiting(AT_POSITION, RWF_NOWAIT, EOPNOTSUPP)]
#[case::an_offset(0, 0, ESPIPE)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 4, minor: 16, why: "RWF_APPEND" },
    pins("map.write-flags", "map.position")
)]
fn a_map_takes_no_flag_of_a_write(#[case] at: i64, #[case] flags: i64, #[case] expected: Answer) {
    let ns = with_buffers(&["0 0 1\n"]);

    let trace = ns.outside(&[write_vector(&["0 0 1\n"], Some((at, flags)))]).play();

    check!(trace, last = expected);
}

/// No call that moves data between files writes a map: the files have no such function. write(2) writes the same text.
/// Source: sendfile(2), splice(2): EINVAL; copy_file_range(2): EXDEV; kernel do_splice_direct(), generic_copy_file_checks().
#[rstest]
#[case::sendfile(libc::SYS_sendfile, &[MAP, 190, 0, 6], EINVAL)]
#[case::copy_file_range(libc::SYS_copy_file_range, &[190, 0, MAP, 0, 6, 0], EXDEV)]
#[case::write(libc::SYS_write, &[MAP, PLACE.cast_signed(), 6], OK)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 6, minor: 1, why: "copy_file_range(2) between file systems of one type alone" },
    pins("map.no-copies")
)]
fn no_copy_between_files_writes_a_map(#[case] call: i64, #[case] args: &[i64], #[case] expected: Answer) {
    let ns = with_buffers(&["0 0 1\n"]).outside(&[keep_as(MAP)]);

    let trace = ns.outside(&[syscall("copy", call, args.iter().copied().map(number).collect())]).play();

    check!(trace, last = expected);
}

/// The files cannot be mapped into memory, watched by epoll(7) or given space. Their length can be set, to no effect.
/// Source: mmap(2): ENODEV; epoll_ctl(2): EPERM; fallocate(2): EOPNOTSUPP; kernel proc_uid_map_operations, proc_setattr().
#[rstest]
#[case::mmap(libc::SYS_mmap, &[0, 4096, 1, 2, MAP, 0], ENODEV)]
#[case::fallocate(libc::SYS_fallocate, &[MAP, 0, 0, 4096], EOPNOTSUPP)]
#[case::fsync(libc::SYS_fsync, &[MAP], EINVAL)]
#[case::ftruncate(libc::SYS_ftruncate, &[MAP, 0], OK)]
#[case::ftruncate_to_more(libc::SYS_ftruncate, &[MAP, 100], OK)]
#[harness::test(Root, Userns, pins("map.no-memory", "map.no-length"))]
fn a_map_has_neither_memory_nor_length(#[case] call: i64, #[case] args: &[i64], #[case] expected: Answer) {
    let ns = with_buffers(&["0 0 1\n"]).outside(&[keep_as(MAP)]);

    let change = syscall("call", call, args.iter().copied().map(number).collect());
    let write = syscall("write", libc::SYS_write, [MAP, PLACE.cast_signed(), 6].map(number).into());
    let trace = ns.outside(&[change, write, read(IdFile::UidMap)]).play();

    check!(trace, last = [expected, OK, OK]);
}
