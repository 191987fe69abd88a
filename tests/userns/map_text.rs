//! What a line of a map may look like.

use crate::support::map_tables::{
    as_they_are, each_alone, extent, outcomes, padded, page_size, text, write_any,
};
use harness::prelude::*;
use rstest::rstest;

/// Lines well-formed and not.
const FIELDS: &[&[u8]] = &[
    b"",
    b" ",
    b"\n",
    b"0",
    b"0 ",
    b"0\n",
    b"0 0",
    b"0 0 ",
    b"0 0\n",
    b"0 0 1",
    b"0 0 1\n",
    b"0 0 1 \n",
    b"  0 0 1",
    b"0  0\t1",
    b"0\x0b0\x0c1\r\n",
    b"0\xa00\xa01\xa0",
    b"\n0 0 1",
    b"0 0 1\n\n",
    b"0 0 1\n\n5 5 1",
    b"0 0 1\n ",
    b"0 0 1\n5 5 1",
    b"0 0 1\n5 5 1\n",
    b"0 0 1\n5 5",
    b"0 0 1 5 5 1",
    b"0 0 1,",
    b"0 0 1x",
    b"0 0x 1",
    b"0x 0 1",
    b"x 0 1",
    b"0 x 1",
    b"0 0 x",
    b"-1 0 1",
    b"0 -1 1",
    b"0 0 -1",
    b"+0 0 1",
    b"0 +0 1",
    b"0 0 +1",
    b"0x0 0 1",
    b"0 0x0 1",
    b"0 0 0x1",
    b"00 00 01",
    b"010 010 010",
    b"0,0,1",
    b"0 0 1\0",
    b"0 0 1\0junk",
    b"0 0 1\n\x005 5 1",
    b"0 0\0 1",
    b"\0",
    b"0 0 1\n\0",
];

/// A line is three numbers, parted and surrounded by white space. Lines are parted by single newlines, and the last one may
/// be missing. A NUL byte ends the text.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel map_write().
#[rstest]
#[harness::test(
    Root,
    Userns,
    pins(
        "text.first-field",
        "text.second-field",
        "text.third-field",
        "text.trailing-junk",
        "text.white-space",
        "text.nul",
        "map.refusal-leaves-empty"
    )
)]
fn a_line_is_three_numbers_amid_white_space(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let texts = as_they_are(FIELDS);

    let table = each_alone(file, &texts);

    check!(table);
}

/// The ids are from 0 to 4294967294. A range is not empty and does not reach beyond them. Numbers wrap at 32 bits.
/// Source: kernel map_write(): the sums of 32-bit numbers, and simple_strtoul().
#[rstest]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    pins(
        "text.last-id",
        "text.upper-range",
        "text.lower-range",
        "text.numbers-wrap",
        "map.refusal-leaves-empty"
    )
)]
fn ids_and_ranges_end_at_4294967294(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let texts = as_they_are(&[
        b"0 0 0",
        b"5 5 0",
        b"0 0 4294967295",
        b"0 0 4294967294",
        b"1 0 4294967294",
        b"1 0 4294967295",
        b"0 1 4294967294",
        b"0 1 4294967295",
        b"2 0 4294967294",
        b"0 2 4294967294",
        b"4294967294 0 1",
        b"4294967294 0 2",
        b"0 4294967294 1",
        b"0 4294967294 2",
        b"4294967293 0 2",
        b"0 4294967293 2",
        b"4294967295 0 1",
        b"0 4294967295 1",
        b"4294967296 0 1",
        b"0 4294967296 1",
        b"0 0 4294967296",
        b"0 0 4294967297",
        b"4294967290 0 5",
        b"4294967290 0 6",
        b"0 4294967290 5",
        b"0 4294967290 6",
        b"2147483647 2147483647 1",
        b"2147483648 2147483648 1",
    ]);

    let table = each_alone(file, &texts);

    check!(table);
}

/// A number of more than 64 bits is the greatest of 64 bits, and so 4294967295 in 32 bits. Before 7.2 it is what its last
/// 64 bits are.
/// Source: kernel "lib: fix _parse_integer_limit() to handle overflow" (7.2), simple_strtoul().
#[rstest]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    varies(SATURATING_NUMBERS),
    pins("text.numbers-wrap", "text.last-id", "map.refusal-leaves-empty")
)]
fn a_number_beyond_64_bits_is_the_greatest(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let texts = as_they_are(&[
        b"0 0 18446744073709551615",
        b"0 0 18446744073709551616",
        b"0 0 18446744073709551617",
        b"0 0 99999999999999999999",
        b"18446744073709551614 0 1",
        b"18446744073709551616 0 1",
        b"0 18446744073709551614 1",
        b"0 18446744073709551616 1",
    ]);

    let table = each_alone(file, &texts);

    check!(table);
}

/// A text is shorter than a page.
/// Source: user_namespaces(7): the bytes written must be fewer than the page size; kernel map_write().
#[rstest]
#[harness::test(Root, Userns, pins("map.page-size", "map.refusal-leaves-empty"))]
fn a_text_is_shorter_than_a_page(#[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile) {
    let page = page_size();
    let longest = text(&(0..340).map(|n| extent(10 * n, 10 * n + 1, 2)).collect::<Vec<_>>());
    let sizes = [("page - 2", page - 2), ("page - 1", page - 1), ("page", page), ("page + 1", page + 1)];

    let texts =
        [("one line", "0 0 1"), ("340 lines", longest.trim_end())].into_iter().flat_map(|(name, words)| {
            sizes.map(|(size, length)| (format!("{name}, {size}"), padded(words, length)))
        });
    let table = each_alone(file, &texts.collect::<Vec<_>>());

    check!(table);
}

/// Of all 256 bytes white space alone may stand between fields, and before and after them. A digit belongs to its field. A
/// NUL byte or a newline ends the line.
/// Source: kernel map_write(), isspace() and simple_strtoul(): 0xA0 counts as white space.
#[rstest]
#[case::before(b"", b"0 0 2", &[SPACE, DIGIT])]
#[case::between_first_and_second(b"0", b"0 2", &[SPACE])]
#[case::between_second_and_third(b"0 0", b"2", &[SPACE])]
#[case::after(b"0 0 2", b"", &[SPACE, DIGIT, NEWLINE, NUL])]
#[case::after_the_last_line(b"0 0 2\n", b"", &[NUL])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins(
        "text.first-field",
        "text.second-field",
        "text.third-field",
        "text.trailing-junk",
        "text.white-space",
        "text.nul"
    )
)]
fn of_all_bytes_white_space_alone_parts_fields(
    #[case] before: &[u8],
    #[case] after: &[u8],
    #[case] taken: &[Class],
) {
    let texts = (0..=255_u8).map(|byte| [before, &[byte], after].concat());
    let writes: Vec<Action> = texts.map(|text| write_any(IdFile::UidMap, text)).collect();

    let trace = ordinary().inside(&writes).play();

    // Two ids are more than an ordinary user may map: what is well-formed is refused with EPERM.
    let eperm = trace.outcomes_shown().skip(1).zip(0..=255_u8).filter(|(shown, _)| shown == "EPERM");
    let well_formed: Vec<u8> = eperm.map(|(_, byte)| byte).collect();
    let expected: Vec<u8> = (0..=255).filter(|byte| taken.iter().any(|class| class(*byte))).collect();
    assert_eq!(well_formed, expected);
    assert_eq!(trace.outcomes_shown().filter(|shown| shown == "EINVAL").count(), 256 - expected.len());
    assert_eq!(outcomes(&trace).len(), 256);
}

type Class = fn(u8) -> bool;
const SPACE: Class = |byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | b'\r' | 0xa0);
const DIGIT: Class = |byte| byte.is_ascii_digit();
const NEWLINE: Class = |byte| byte == b'\n';
const NUL: Class = |byte| byte == 0;
