//! How the kernel parses the text of a map, including oddities.
//! Source: kernel map_write(), simple_strtoul(), lib/ctype.c.

use super::Refusal;
use super::map::Extent;
use crate::rules::{Rule, named};
use nix::errno::Errno::EINVAL;

/// How the kernel reads a number of more than 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// It uses the last 64 bits.
    Wraps,
    /// It uses the greatest number of 64 bits.
    Saturates,
}

/// The greatest number of extents of a map.
/// Source: kernel 6397fac4915a, UID_GID_MAP_MAX_EXTENTS.
const MOST: usize = 340;

/// The extents of a text.
pub fn parse(text: &[u8], long: Long) -> Result<Vec<Extent>, Refusal> {
    // The kernel works on a C string and ignores everything after a NUL byte.
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut extents: Vec<Extent> = Vec::new();
    let mut lines = Some(text);
    while let Some(rest) = lines {
        let (line, next) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&rest[..end], Some(&rest[end + 1..]).filter(|next| !next.is_empty())),
            None => (rest, None),
        };
        let extent = parse_line(line, long)?;
        check_against(&extents, extent)?;
        extents.push(extent);
        if extents.len() == MOST && next.is_some() {
            return refused(const { named("text.extents") });
        }
        lines = next;
    }
    Ok(extents)
}

fn refused<T>(rule: &'static Rule) -> Result<T, Refusal> {
    Err(Refusal::by(EINVAL, rule))
}

fn parse_line(line: &[u8], long: Long) -> Result<Extent, Refusal> {
    let (first, rest) = number(skip_spaces(line), long);
    if !rest.first().is_some_and(is_space) {
        return refused(const { named("text.first-field") });
    }
    let (lower, rest) = number(skip_spaces(rest), long);
    if !rest.first().is_some_and(is_space) {
        return refused(const { named("text.second-field") });
    }
    let (count, rest) = number(skip_spaces(rest), long);
    if rest.first().is_some_and(|byte| !is_space(byte)) {
        return refused(const { named("text.third-field") });
    }
    if !skip_spaces(rest).is_empty() {
        return refused(const { named("text.trailing-junk") });
    }
    Ok(Extent { first, lower, count })
}

/// Checks an extent by itself, and against the extents before it.
fn check_against(others: &[Extent], extent: Extent) -> Result<(), Refusal> {
    let Extent { first, lower, count } = extent;
    if first == u32::MAX || lower == u32::MAX {
        return refused(const { named("text.last-id") });
    }
    // A range with a count of 0 also ends where it begins.
    if first.wrapping_add(count) <= first {
        return refused(const { named("text.upper-range") });
    }
    if lower.wrapping_add(count) <= lower {
        return refused(const { named("text.lower-range") });
    }
    let overlap =
        |one: u32, length: u32, other: u32| one <= other + (count - 1) && other <= one + (length - 1);
    for other in others {
        if overlap(other.first, other.count, first) {
            return refused(const { named("text.upper-overlap") });
        }
        if overlap(other.lower, other.count, lower) {
            return refused(const { named("text.lower-overlap") });
        }
    }
    Ok(())
}

/// The digits at the start as a number, or 0 if there are none, and the text after them. Of a number of up to 64
/// bits, only the last 32 bits count.
fn number(text: &[u8], long: Long) -> (u32, &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0_u64, |value, digit| {
        let digit = u64::from(digit - b'0');
        match long {
            Long::Wraps => value.wrapping_mul(10).wrapping_add(digit),
            Long::Saturates => value.saturating_mul(10).saturating_add(digit),
        }
    });
    (u32::try_from(value & 0xffff_ffff).unwrap_or(0), &text[digits..])
}

/// White space, including the no-break space of Latin-1.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0)
}

/// The text after the white space at the start.
pub fn skip_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| is_space(byte)).count()..]
}
