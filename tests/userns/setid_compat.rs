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
    sized16(count(groups.len()), RawArg::Bytes(Cow::Owned(bytes)))
}

/// setgroups of 32-bit groups through the 32-bit entry.
fn setgroups32(groups: &[u32]) -> Action {
    let bytes = groups.iter().flat_map(|group| group.to_ne_bytes()).collect();
    sized32(count(groups.len()), RawArg::Bytes(Cow::Owned(bytes)))
}

/// setgroups16 of so many groups at this address.
fn sized16(size: i64, list: RawArg) -> Action {
    sized("setgroups16", 81, size, list)
}

/// setgroups32 of so many groups at this address.
fn sized32(size: i64, list: RawArg) -> Action {
    sized("setgroups32", 206, size, list)
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

/// What the capability allows is answered as it is.
const fn allowed(answer: Answer) -> Answer {
    answer
}

/// Without the capability every call is EPERM, before its arguments are looked at.
const fn denied(_: Answer) -> Answer {
    EPERM
}

/// A list of 16-bit groups is refused for the same reasons as one of 32 bits, in the same order.
/// Source: setgroups(2); kernel/uid16.c, setgroups16().
#[rstest]
#[case::with_setgid(&[only_caps(&[Cap::Setgid])], allowed)]
#[case::without_setgid(&[drop_caps(&[Cap::Setgid])], denied)]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("groups.compat"))]
fn setgroups_of_16_bits_is_refused_as_of_32_bits(
    #[case] privilege: &[Action],
    #[case] by: fn(Answer) -> Answer,
) {
    let room = || RawArg::Results(0);
    let steps = [
        (sized16(65_537, NOWHERE), by(EINVAL)),
        (sized16(-1, NOWHERE), by(EINVAL)),
        (sized16(65_536, NOWHERE), by(EFAULT)),
        (sized16(1, NOWHERE), by(EFAULT)),
        (setgroups16(&[100, 1]), by(EINVAL)),
        (setgroups16(&[1, 100]), by(EINVAL)),
        (getgroups16(2, room()), OK),
        (sized16(0, NOWHERE), by(OK)),
        (setgroups16(&[3, 1, 99, 2]), by(OK)),
        (getgroups16(4, room()), OK),
        (setgroups16(&[1, 65_535]), by(EINVAL)),
        (sized32(65_537, NOWHERE), by(EINVAL)),
        (sized32(1, NOWHERE), by(EFAULT)),
        (setgroups32(&[1, 100]), by(EINVAL)),
        (setgroups32(&[1, 70_009]), by(OK)),
        (getgroups32(2, room()), OK),
    ];
    let (calls, expected): (Vec<Action>, Vec<Answer>) = steps.into_iter().unzip();

    let trace = namespace().inside(&[setgroups(&[7, 5])]).inside(privilege).inside(&calls).play();

    check!(trace, last = expected);
}

/// In 16 bits a group beyond 65535 reads as the overflow gid, and 65535 as itself. Sizes and pointers are judged as for 32
/// bits.
/// Source: getgroups(2); kernel/uid16.c, getgroups16(), high2lowgid().
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("groups.compat"))]
fn getgroups_of_16_bits_shows_the_overflow_gid_beyond_65535() {
    let room = || RawArg::Results(0);
    let lists = [getgroups16(4, room()), getgroups16(5, room()), getgroups32(4, room())];
    let sizes = [
        (0, NOWHERE, OK),
        (3, room(), EINVAL),
        (-1, room(), EINVAL),
        (3, NOWHERE, EINVAL),
        (4, NOWHERE, EFAULT),
    ];
    let expected: Vec<Answer> = sizes.iter().flat_map(|(_, _, answer)| [*answer; 2]).collect();
    let wrong = sizes
        .into_iter()
        .flat_map(|(size, list, _)| [getgroups16(size, list.clone()), getgroups32(size, list)]);
    let ns = namespace().inside(&[setgroups(&[1, 65_535, 70_000, 70_009])]);

    let trace = ns.inside(&lists).inside(&wrong.collect::<Vec<_>>()).play();

    check!(trace, last = expected);
}

/// The 16-bit calls take 65535 for -1, though the namespace has that id. It keeps an id, or it is EINVAL where nothing is to
/// be kept. An id beyond 16 bits is read back as the overflow id.
/// Source: setresuid(2), getresuid(2), "C library/kernel differences"; kernel/uid16.c, low2highuid().
#[rstest]
#[case::uids([("setuid16", 23), ("setreuid16", 70), ("setresuid16", 164), ("setfsuid16", 138)], SetId::Setresuid, UID, [("getuid16", 24), ("geteuid16", 49)])]
#[case::gids([("setgid16", 46), ("setregid16", 71), ("setresgid16", 170), ("setfsgid16", 139)], SetId::Setresgid, GID, [("getgid16", 47), ("getegid16", 50)])]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn calls_of_16_bits_take_65535_for_no_id(
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

    let ns = namespace().inside(&[NO_FIXUP]);
    let low = ns
        .inside(&kept)
        .inside(&three(kind))
        .inside(&single)
        .inside(&refused)
        .inside(&fs_id)
        .inside(&[Action::GetCredentials]);
    let high = low.inside(&beyond).inside(&three(kind)).inside(&single).inside(&fs_id[..1]);
    let trace = high.inside(&back).inside(&[Action::GetCredentials]).play();

    let (kept_and_read, refusals, set_and_read) = ([OK; 10], [EINVAL; 3], [OK; 14]);
    check!(trace, last = [&kept_and_read[..], &refusals, &set_and_read].concat());
}

/// The 32-bit calls take ids beyond 65535, and 65535 for itself. Without the capability they are EPERM.
/// Source: setresuid(2), "C library/kernel differences"; kernel/sys.c.
#[rstest]
#[case::uids([("setuid32", 213), ("setreuid32", 203), ("setresuid32", 208), ("setfsuid32", 215)], UID, drop_caps(&[Cap::Setuid]))]
#[case::gids([("setgid32", 214), ("setregid32", 204), ("setresgid32", 210), ("setfsgid32", 216)], GID, drop_caps(&[Cap::Setgid]))]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn calls_of_32_bits_take_ids_beyond_65535(
    #[case] calls: [(&'static str, i64); 4],
    #[case] kind: [(&'static str, i64); 2],
    #[case] without: Action,
) {
    let [one, two, all, fs] = calls;
    let [ids_in_16_bits, ids_in_32_bits] = three(kind);
    let steps = [
        (ids(all.0, all.1, &[1, 65_535, 70_009]), OK),
        (ids(two.0, two.1, &[-1, 70_001]), OK),
        (ids(fs.0, fs.1, &[70_002]), OK),
        (Action::GetCredentials, OK),
        (ids(one.0, one.1, &[-1]), EINVAL),
        (ids(one.0, one.1, &[70_010]), EINVAL),
        (ids(one.0, one.1, &[70_003]), OK),
        (without, OK),
        (ids(one.0, one.1, &[1]), EPERM),
        (ids(two.0, two.1, &[1, -1]), EPERM),
        (ids(all.0, all.1, &[-1, 1, -1]), EPERM),
        // setfsuid(2) and setfsgid(2) never fail.
        (ids(fs.0, fs.1, &[1]), OK),
        (ids_in_16_bits, OK),
        (ids_in_32_bits, OK),
    ];
    let (steps, expected): (Vec<Action>, Vec<Answer>) = steps.into_iter().unzip();

    let trace = namespace().inside(&[NO_FIXUP]).inside(&steps).play();

    check!(trace, last = expected);
}

/// Each of the three pointers of getresuid and getresgid must be good, in 16 bits and in 32 bits.
/// Source: getresuid(2): EFAULT.
#[rstest]
#[case::of_16_bits([("getresuid16", 165), ("getresgid16", 171)])]
#[case::of_32_bits([("getresuid32", 209), ("getresgid32", 211)])]
#[harness::test(Root, Userns, Config("CONFIG_IA32_EMULATION"), pins("id.compat", "id.bad-pointer"))]
fn each_pointer_of_getresuid_must_be_good(#[case] calls: [(&'static str, i64); 2]) {
    let bad_at = |place: usize| [0, 1, 2].map(|at| if at == place { NOWHERE } else { RawArg::Results(0) });
    let all = calls.iter().flat_map(|(name, number)| {
        [0, 1, 2, 3].map(|place| syscall_i386(name, *number, bad_at(place).to_vec(), Results::Nothing))
    });

    let trace = namespace().inside(&all.collect::<Vec<_>>()).play();

    check!(trace, last = [[EFAULT, EFAULT, EFAULT, OK]; 2].concat());
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

/// The 16-bit chown, lchown and fchown take 65535 for -1, which keeps the owner or the group. Another id without a mapping
/// is EINVAL. lchown changes the link, the others the file. stat(1) shows both after each call.
/// Source: chown(2), "C library/kernel differences"; kernel/uid16.c, chown16(), lchown16(), fchown16().
#[harness::test(Root, Userns, Program("stat"), Config("CONFIG_IA32_EMULATION"), pins("id.compat"))]
fn chown_of_16_bits_keeps_by_65535_and_refuses_unmapped_ids() {
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

    check!(trace, last = [OK, OK, OK, OK, OK, OK, EINVAL, OK, EINVAL, OK].repeat(3));
}
