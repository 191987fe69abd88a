//! The 32-bit system calls, and among them those with 16-bit ids, through int 0x80: a way into the same
//! rules that has code of its own.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;

/// 16-bit ids that are mapped, one that is -1 in 16 bits, and some beyond 16 bits.
const UIDS: Action = uid_map("0 0 100\n65535 2000 1\n70000 3000 10");
const GIDS: Action = gid_map("0 0 100\n65535 2000 1\n70000 3000 10");
/// The address of nothing.
const NOWHERE: RawArg = RawArg::Number(8);

fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[UIDS, GIDS])
}

/// A 32-bit call with ids alone.
fn ids(name: &'static str, number: i64, ids: &[i64]) -> Action {
    let args = ids.iter().map(|id| RawArg::Number(*id)).collect();
    syscall_i386(name, number, args, Results::Nothing)
}

/// setgroups of 16-bit groups.
fn setgroups16(groups: &[u16]) -> Action {
    let bytes = groups.iter().flat_map(|group| group.to_ne_bytes()).collect();
    sized("setgroups16", 81, count(groups.len()), RawArg::Bytes(Cow::Owned(bytes)))
}

/// setgroups of 32-bit groups through the 32-bit entry.
fn setgroups32(groups: &[u32]) -> Action {
    let bytes = groups.iter().flat_map(|group| group.to_ne_bytes()).collect();
    sized("setgroups32", 206, count(groups.len()), RawArg::Bytes(Cow::Owned(bytes)))
}

fn sized(name: &'static str, number: i64, size: i64, list: RawArg) -> Action {
    syscall_i386(name, number, vec![RawArg::Number(size), list], Results::Nothing)
}

fn count(entries: usize) -> i64 {
    i64::try_from(entries).unwrap_or(i64::MAX)
}

fn getgroups16(size: i64, list: RawArg) -> Action {
    let results = u32::try_from(size).ok().filter(|size| *size > 0).map_or(Results::Nothing, Results::Halves);
    syscall_i386("getgroups16", 80, vec![RawArg::Number(size), list], results)
}

fn getgroups32(size: i64, list: RawArg) -> Action {
    let results = u32::try_from(size).ok().filter(|size| *size > 0).map_or(Results::Nothing, Results::Words);
    syscall_i386("getgroups32", 205, vec![RawArg::Number(size), list], results)
}

/// The three ids through the 16-bit calls, then through the 32-bit ones.
fn three(kind: [(&'static str, i64); 2]) -> [Action; 2] {
    let [(name16, number16), (name32, number32)] = kind;
    let room = |size: u64| [0, 1, 2].map(|at| RawArg::Results(at * size)).to_vec();
    [
        syscall_i386(name16, number16, room(2), Results::Halves(3)),
        syscall_i386(name32, number32, room(4), Results::Words(3)),
    ]
}

const UID: [(&str, i64); 2] = [("getresuid16", 165), ("getresuid32", 209)];
const GID: [(&str, i64); 2] = [("getresgid16", 171), ("getresgid32", 211)];

/// What goes wrong with a list of 16-bit groups goes wrong as with one of 32 bits, in the same order.
/// Source: setgroups(2); kernel/uid16.c, setgroups16().
#[rstest]
#[case::with_setgid(&[only_caps(&[Cap::Setgid])])]
#[case::without_setgid(&[drop_caps(&[Cap::Setgid])])]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("groups.compat"))]
fn setgroups_errors(#[case] privilege: &[Action]) {
    let room = || RawArg::Results(0);
    let calls = [
        sized("setgroups16", 81, 65_537, NOWHERE),
        sized("setgroups16", 81, -1, NOWHERE),
        sized("setgroups16", 81, 65_536, NOWHERE),
        sized("setgroups16", 81, 1, NOWHERE),
        setgroups16(&[100, 1]),
        setgroups16(&[1, 100]),
        getgroups16(2, room()),
        sized("setgroups16", 81, 0, NOWHERE),
        setgroups16(&[3, 1, 99, 2]),
        getgroups16(4, room()),
        setgroups16(&[1, 65_535]),
        sized("setgroups32", 206, 65_537, NOWHERE),
        sized("setgroups32", 206, 1, NOWHERE),
        setgroups32(&[1, 100]),
        setgroups32(&[1, 70_009]),
        getgroups32(2, room()),
    ];

    let trace = namespace().inside(&[setgroups(&[7, 5])]).inside(privilege).inside(&calls).play();

    check!(trace);
}

/// In 16 bits a group beyond 65535 reads as the overflow gid, 65535 as itself; sizes and pointers are
/// judged as for 32 bits.
/// Source: getgroups(2); kernel/uid16.c, getgroups16(), high2lowgid().
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("groups.compat"))]
fn getgroups_errors() {
    let room = || RawArg::Results(0);
    let lists = [getgroups16(4, room()), getgroups16(5, room()), getgroups32(4, room())];
    let wrong = [(0, NOWHERE), (3, room()), (-1, room()), (3, NOWHERE), (4, NOWHERE)];
    let wrong =
        wrong.into_iter().flat_map(|(size, list)| [getgroups16(size, list.clone()), getgroups32(size, list)]);
    let cast = namespace().inside(&[setgroups(&[1, 65_535, 70_000, 70_009])]);

    let trace = cast.inside(&lists).inside(&wrong.collect::<Vec<_>>()).play();

    check!(trace);
}

/// 65535 is -1 to the 16-bit calls, where it means "keep", or EINVAL where nothing is to be kept, though
/// the namespace has that id; beyond 16 bits the ids that are read back are the overflow id.
/// Source: setresuid(2), getresuid(2), "C library/kernel differences"; kernel/uid16.c, low2highuid().
#[rstest]
#[case::uids([("setuid16", 23), ("setreuid16", 70), ("setresuid16", 164), ("setfsuid16", 138)], SetId::Setresuid, UID, [("getuid16", 24), ("geteuid16", 49)])]
#[case::gids([("setgid16", 46), ("setregid16", 71), ("setresgid16", 170), ("setfsgid16", 139)], SetId::Setresgid, GID, [("getgid16", 47), ("getegid16", 50)])]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn ids_of_16_bits(
    #[case] calls: [(&'static str, i64); 4],
    #[case] wide: SetId,
    #[case] kind: [(&'static str, i64); 2],
    #[case] single: [(&'static str, i64); 2],
) {
    let [one, two, all, fs] = calls;
    let kept = [
        set_id(wide, &[1, 2, 3]),
        ids(all.0, all.1, &[7, 8, 9]),
        Action::GetCredentials,
        ids(two.0, two.1, &[5, 65_535]),
        ids(two.0, two.1, &[65_535, 3]),
        ids(all.0, all.1, &[4, 65_535, 65_535]),
    ];
    let refused = [ids(one.0, one.1, &[65_535]), ids(one.0, one.1, &[100]), ids(all.0, all.1, &[1, 100, 1])];
    let fs_id = [5, 65_535, 100, 6].map(|id| ids(fs.0, fs.1, &[id]));
    let single = single.map(|(name, number)| ids(name, number, &[]));
    let beyond = [set_id(wide, &[70_001, 70_002, 7])];
    let back = [ids(all.0, all.1, &[65_535, 8, 65_535]), ids(one.0, one.1, &[9])];

    let cast = namespace().inside(&[NO_FIXUP]);
    let low = cast
        .inside(&kept)
        .inside(&three(kind))
        .inside(&single)
        .inside(&refused)
        .inside(&fs_id)
        .inside(&[Action::GetCredentials]);
    let high = low.inside(&beyond).inside(&three(kind)).inside(&single).inside(&fs_id[..1]);
    let trace = high.inside(&back).inside(&[Action::GetCredentials]).play();

    check!(trace);
}

/// The 32-bit calls take ids beyond 16 bits, and 65535 for what it is; without the capability they refuse.
/// Source: setresuid(2), "C library/kernel differences"; kernel/sys.c.
#[rstest]
#[case::uids([("setuid32", 213), ("setreuid32", 203), ("setresuid32", 208), ("setfsuid32", 215)], UID, drop_caps(&[Cap::Setuid]))]
#[case::gids([("setgid32", 214), ("setregid32", 204), ("setresgid32", 210), ("setfsgid32", 216)], GID, drop_caps(&[Cap::Setgid]))]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn ids_of_32_bits(
    #[case] calls: [(&'static str, i64); 4],
    #[case] kind: [(&'static str, i64); 2],
    #[case] without: Action,
) {
    let [one, two, all, fs] = calls;
    let privileged = [
        ids(all.0, all.1, &[1, 65_535, 70_009]),
        ids(two.0, two.1, &[-1, 70_001]),
        ids(fs.0, fs.1, &[70_002]),
        Action::GetCredentials,
        ids(one.0, one.1, &[-1]),
        ids(one.0, one.1, &[70_010]),
        ids(one.0, one.1, &[70_003]),
    ];
    let unprivileged = [
        ids(one.0, one.1, &[1]),
        ids(two.0, two.1, &[1, -1]),
        ids(all.0, all.1, &[-1, 1, -1]),
        ids(fs.0, fs.1, &[1]),
    ];

    let cast = namespace().inside(&[NO_FIXUP]);
    let trace = cast.inside(&privileged).inside(&[without]).inside(&unprivileged).inside(&three(kind)).play();

    check!(trace);
}

/// Each of the three pointers of getresuid and getresgid must be good, in 16 bits, 32 bits and natively.
/// Source: getresuid(2): EFAULT.
#[rstest]
#[case::of_16_bits([("getresuid16", 165), ("getresgid16", 171)])]
#[case::of_32_bits([("getresuid32", 209), ("getresgid32", 211)])]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat", "id.bad-pointer"))]
fn bad_pointers(#[case] calls: [(&'static str, i64); 2]) {
    let bad_at = |place: usize| [0, 1, 2].map(|at| if at == place { NOWHERE } else { RawArg::Results(0) });
    let all = calls.iter().flat_map(|(name, number)| {
        [0, 1, 2, 3].map(|place| syscall_i386(name, *number, bad_at(place).to_vec(), Results::Nothing))
    });

    let trace = namespace().inside(&all.collect::<Vec<_>>()).play();

    check!(trace);
}

const FILE: &str = "/tmp/file";
const LINK: &str = "/tmp/link";

/// Steps that end with a file and a link to it in a tmpfs of one's own, the file held open.
fn file() -> [Action; 5] {
    let text = |bytes: &'static [u8]| RawArg::Bytes(Cow::Borrowed(bytes));
    let [apart, tmpfs] = own_tmp();
    let file = |flags: u32| vec![HERE, text(b"/tmp/file\0"), RawArg::Number(flags.into())];
    [
        apart,
        tmpfs,
        syscall("mknod", libc::SYS_mknodat, file(libc::S_IFREG)).or_stop(),
        syscall("symlink", libc::SYS_symlinkat, vec![text(b"file\0"), HERE, text(b"/tmp/link\0")]).or_stop(),
        syscall_for_fd("open", libc::SYS_openat, file(0)).or_stop(),
    ]
}

/// One of the calls, and the owners of the file and of the link that it leaves.
fn chown16(name: &'static str, number: i64, of: RawArg, [user, group]: [i64; 2]) -> [Action; 2] {
    let args = vec![of, RawArg::Number(user), RawArg::Number(group)];
    [syscall_i386(name, number, args, Results::Nothing), run(&["stat", "-c", "%u %g", FILE, LINK])]
}

/// To the 16-bit chown and its kin 65535 is -1, too, which keeps the owner or the group, and another id
/// without a mapping is EINVAL. lchown is about the link, the others about the file.
/// Source: chown(2), "C library/kernel differences"; kernel/uid16.c, chown16(), lchown16(), fchown16().
#[harness::test(Root, Userns, Program("stat"), Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn chown() {
    let path = |path: &'static [u8]| RawArg::Bytes(Cow::Borrowed(path));
    let kinds = [
        ("chown16", 182, path(b"/tmp/link\0"), 10),
        ("lchown16", 16, path(b"/tmp/link\0"), 20),
        ("fchown16", 95, RawArg::Held, 30),
    ];
    let calls = kinds.into_iter().flat_map(|(name, number, of, first)| {
        let ids = [[first, first + 1], [first + 2, 65_535], [65_535, first + 3], [100, 1], [1, 100]];
        ids.into_iter().flat_map(move |ids| chown16(name, number, of.clone(), ids))
    });

    let trace = namespace().inside(&file()).inside(&calls.collect::<Vec<_>>()).play();

    check!(trace);
}
