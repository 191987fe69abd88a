//! The helper functions that a program may use, and the choice of those that it uses.

use super::text::identifiers;
use std::collections::BTreeSet;

/// Each file is a sequence of chunks, each with a comment before it. No chunk uses a later one.
const FILES: [&str; 7] = [
    include_str!("c/turns.c"),
    include_str!("c/outcomes.c"),
    include_str!("c/files.c"),
    include_str!("c/states.c"),
    include_str!("c/calls.c"),
    include_str!("c/programs.c"),
    include_str!("c/compat.c"),
];

/// The headers that an identifier needs, apart from those that every program includes.
const HEADERS: [(&str, &[&str]); 9] = [
    ("ctype.h", &["isspace"]),
    ("grp.h", &["setgroups"]),
    ("stdarg.h", &["va_list"]),
    ("stdint.h", &["uintptr_t"]),
    ("stdlib.h", &["strtoull", "atoi"]),
    ("sys/fsuid.h", &["setfsuid", "setfsgid"]),
    ("sys/ioctl.h", &["ioctl", "_IO"]),
    ("sys/socket.h", &["msghdr", "socketpair"]),
    ("sys/stat.h", &["fstatat"]),
];

/// Headers that every program includes.
const ALWAYS: [&str; 13] = [
    "errno.h",
    "fcntl.h",
    "limits.h",
    "sched.h",
    "signal.h",
    "stdatomic.h",
    "stdio.h",
    "string.h",
    "sys/mman.h",
    "sys/prctl.h",
    "sys/syscall.h",
    "sys/wait.h",
    "unistd.h",
];

/// Numbers that are the same on every architecture, and that old headers may lack.
const NUMBERS: [(&str, i64); 9] = [
    ("SYS_move_mount", 429),
    ("SYS_fsopen", 430),
    ("SYS_fsconfig", 431),
    ("SYS_fsmount", 432),
    ("SYS_pidfd_open", 434),
    ("SYS_clone3", 435),
    ("SYS_close_range", 436),
    ("CLONE_NEWCGROUP", 0x0200_0000),
    ("CLONE_NEWTIME", 0x80),
];

/// The helpers that a text uses and those that these use, with their comments.
pub fn helpers(text: &str) -> Vec<&'static str> {
    let chunks: Vec<&'static str> = FILES.iter().flat_map(|file| chunks(file)).collect();
    let mut used: BTreeSet<&str> = identifiers(text).into_iter().collect();
    loop {
        let before = used.len();
        for chunk in &chunks {
            if used.contains(name(chunk)) {
                used.extend(identifiers(chunk));
            }
        }
        if used.len() == before {
            break;
        }
    }
    // A chunk of shared memory has its name only in its last line.
    chunks.into_iter().filter(|chunk| used.contains(name(chunk)) || chunk.contains("} *shared;")).collect()
}

/// The lines that include the headers of a text, in the order of their names.
pub fn includes(text: &str) -> String {
    let used: BTreeSet<&str> = identifiers(text).into_iter().collect();
    let needed = HEADERS.iter().filter(|(_, names)| names.iter().any(|name| used.contains(name)));
    let all: BTreeSet<&str> = ALWAYS.into_iter().chain(needed.map(|(header, _)| *header)).collect();
    all.into_iter().map(|header| format!("#include <{header}>\n")).collect()
}

/// Definitions of numbers that headers may lack.
pub fn numbers(text: &str) -> String {
    let used: BTreeSet<&str> = identifiers(text).into_iter().collect();
    let needed = NUMBERS.iter().filter(|(name, _)| used.contains(name));
    needed.map(|(name, number)| format!("#ifndef {name}\n#define {name} {number}\n#endif\n")).collect()
}

/// The parts of a file: each begins with a comment at the beginning of a line.
fn chunks(file: &'static str) -> impl Iterator<Item = &'static str> {
    let starts: Vec<usize> = file.match_indices("/* ").map(|(at, _)| at).collect();
    let at_margin = move |at: &usize| *at == 0 || file.as_bytes()[*at - 1] == b'\n';
    let starts: Vec<usize> = starts.into_iter().filter(at_margin).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([file.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| file[start..end].trim_end())
}

/// What a chunk defines: the last identifier before the first sign of its definition.
fn name(chunk: &str) -> &str {
    let code = chunk.split_once("*/\n").map_or(chunk, |(_, code)| code);
    let head = code.split(['(', '[', '=', ';', '{']).next().unwrap_or(code);
    identifiers(head).last().copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_brings_what_it_uses() {
        let found: Vec<&str> = helpers("hold(1);").into_iter().map(name).collect();

        assert_eq!(found, ["struct", "held", "failed", "hold"]);
    }

    #[test]
    fn every_helper_has_a_name_of_its_own_and_a_comment() {
        let all: Vec<&str> = FILES.iter().flat_map(|file| chunks(file)).map(name).collect();
        let distinct: BTreeSet<&str> = all.iter().copied().collect();

        assert_eq!(all.len(), distinct.len(), "{all:?}");
        assert!(FILES.iter().all(|file| file.starts_with("/* ")));
        for file in FILES {
            let parts: Vec<&str> = file.split("\n\n").filter(|part| !part.starts_with(['\t', '/'])).collect();
            assert!(parts.is_empty(), "without a comment: {parts:?}");
        }
    }

    #[test]
    fn headers_and_numbers_follow_from_what_is_used() {
        assert!(includes("setgroups(0, NULL);").contains("#include <grp.h>\n"));
        assert!(!includes("\"setgroups\"").contains("grp.h"));
        assert_eq!(numbers("SYS_clone3"), "#ifndef SYS_clone3\n#define SYS_clone3 435\n#endif\n");
    }
}
