//! What leaving and regaining uid 0 does to the capabilities. Uid 0 is that of the namespace, whichever uid it is outside.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The capabilities up to CAP_AUDIT_READ, which newer kernels add to.
const PERMITTED: u64 = (1 << 38) - 1;
const NOROOT: u64 = 1 << 0;
const NO_SETUID_FIXUP: u64 = 1 << 2;
/// The lock of NO_SETUID_FIXUP.
const FIXUP_LOCKED: u64 = 1 << 3;
const KEEP_CAPS: u64 = 1 << 4;
/// The lock of KEEP_CAPS.
const KEEP_LOCKED: u64 = 1 << 5;
/// Uid 0 is an unprivileged uid outside, uid 1 is root there.
const SWAPPED: &str = "0 5000 1\n1 0 1";
const IDS: [u32; 2] = [0, 1];

const fn secure(bits: u64) -> Action {
    Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, bits)
}

/// capset(2) to these three sets.
fn capset(effective: u64, permitted: u64, inheritable: u64) -> Action {
    let half = |set: u64| u32::try_from(set & 0xffff_ffff).unwrap_or(0);
    let sets = [effective, permitted, inheritable];
    let words = sets.map(half).into_iter().chain(sets.map(|set| half(set >> 32)));
    let bytes =
        |words: &[u32]| RawArg::Bytes(Cow::Owned(words.iter().flat_map(|word| word.to_ne_bytes()).collect()));
    let data = bytes(&words.collect::<Vec<_>>());
    syscall("capset", libc::SYS_capset, vec![bytes(&[0x2008_0522, 0]), data])
}

const fn bit(cap: Cap) -> u64 {
    1 << cap.number()
}

/// Uids 0 and 1 of a namespace, with CAP_SETUID effective, all permitted, CAP_KILL inheritable and ambient.
fn before(map: &'static str, start: [u32; 3], bits: u64) -> Scenario {
    let raise = i64::from(libc::PR_CAP_AMBIENT_RAISE);
    let (kill, prctl) = (i64::from(Cap::Kill.number()), i64::from(libc::PR_CAP_AMBIENT));
    let ambient = [prctl, raise, kill].map(RawArg::Number).to_vec();
    root().outside(&[]).inside(&[]).outside(&[uid_map(map)]).inside(&[
        secure(NO_SETUID_FIXUP),
        set_id(SetId::Setresuid, &start),
        secure(bits),
        capset(bit(Cap::Setuid), PERMITTED, bit(Cap::Kill)),
        syscall("prctl", libc::SYS_prctl, ambient),
    ])
}

/// A set in one letter: A for all that was permitted, s for CAP_SETUID, k for CAP_KILL, - for none.
fn letter(set: u64) -> char {
    match set {
        0 => '-',
        PERMITTED => 'A',
        set if set == bit(Cap::Setuid) => 's',
        set if set == bit(Cap::Kill) => 'k',
        _ => '?',
    }
}

fn cell(map: &'static str, start: [u32; 3], bits: u64, call: &Action) -> String {
    let trace = before(map, start, bits).inside(std::slice::from_ref(call)).play();
    let refused = trace.outcomes.iter().any(|outcome| *outcome != Outcome::Done);
    let caps = trace.state_of(Actor::Inside).map(|state| state.caps).unwrap_or_default();
    let sets = [caps.effective, caps.permitted, caps.inheritable, caps.ambient];
    let letters: String = sets.iter().map(|set| letter(set.0)).collect();
    if refused { format!("refused {letters}") } else { letters }
}

fn triples() -> Vec<[u32; 3]> {
    IDS.iter().flat_map(|a| IDS.iter().flat_map(move |b| IDS.map(|c| [*a, *b, c]))).collect()
}

/// A process that leaves uid 0 with the last of its real, effective and saved ids loses the permitted, effective and
/// ambient set. One that leaves it with the effective id alone loses the effective set, and has it again from the permitted
/// set when it regains uid 0 there. KEEP_CAPS saves the permitted set alone, NO_SETUID_FIXUP all sets, and NOROOT none.
/// Uid 0 is that of the namespace: uid 1 may well be root outside.
/// Columns are the ids set by setresuid, then setreuid, then setuid; rows the ids before. A cell shows the
/// effective, permitted, inheritable and ambient set.
/// Source: capabilities(7), "Effect of user ID changes on capabilities"; kernel cap_emulate_setxuid().
#[rstest]
#[case::no_bits(0, SWAPPED)]
#[case::root_outside_is_uid_0(0, "0 0 2")]
#[case::noroot(NOROOT, SWAPPED)]
#[case::no_setuid_fixup(NO_SETUID_FIXUP, SWAPPED)]
#[case::keep_caps(KEEP_CAPS, SWAPPED)]
#[harness::test(Root, Userns, pins("change.capabilities"))]
fn capabilities_go_and_come_with_uid_0(#[case] bits: u64, #[case] map: &'static str) {
    let all = triples().into_iter().map(|ids| set_id(SetId::Setresuid, &ids));
    let both = triples().into_iter().step_by(2).map(|ids| set_id(SetId::Setreuid, &ids[..2]));
    let calls: Vec<Action> = all.chain(both).chain(IDS.map(|id| set_id(SetId::Setuid, &[id]))).collect();

    let mut table = "      000  001  010  011  100  101  110  111  00   01   10   11   0    1\n".to_owned();
    for start in triples() {
        let cells: Vec<String> = calls.iter().map(|call| cell(map, start, bits, call)).collect();
        let _ = writeln!(table, "{}   {}", start.map(|id| id.to_string()).concat(), cells.join(" "));
    }

    check!(table);
}

/// Where uid 0 has no mapping no process can leave it: every capability stays.
/// Source: kernel cap_emulate_setxuid(): make_kuid(old->user_ns, 0).
#[rstest]
#[case::unmapped("1 0 2", OK)]
#[case::mapped("0 0 2", EINVAL)]
#[harness::test(Root, Userns, pins("change.without-uid-0"))]
fn uid_0_cannot_be_left_where_it_has_no_mapping(#[case] map: &'static str, #[case] uid_2: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map(map)]);

    let trace = ns.inside(&[setresuid(1), Action::GetCredentials, setresuid(2)]).play();

    check!(trace, last = [OK, OK, uid_2]);
}

/// A process that leaves uid 0 with its filesystem id loses the capabilities over files from its effective set. When it
/// comes back it has those that are permitted. NO_SETUID_FIXUP leaves them, and other ids do not matter.
/// Source: capabilities(7), "Effect of user ID changes on capabilities"; setfsuid(2); kernel cap_task_fix_setuid(),
/// LSM_SETID_FS.
#[rstest]
#[case::no_bits(0, "0 0 3")]
#[case::no_setuid_fixup(NO_SETUID_FIXUP, "0 0 3")]
#[case::root_outside_is_uid_1(0, "0 5000 1\n1 0 2")]
#[case::no_uid_0(0, "1 0 3")]
#[harness::test(Root, Userns, pins("change.fs-capabilities"))]
fn file_capabilities_go_and_come_with_filesystem_uid_0(#[case] bits: u64, #[case] map: &'static str) {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map(map)]);
    let fsuid = |id: u32| [set_id(SetId::Setfsuid, &[id]), Action::GetCredentials].to_vec();
    let begin = [secure(NO_SETUID_FIXUP), setresuid(0), secure(bits), capset(PERMITTED, PERMITTED, 0)];
    let less = vec![capset(0, PERMITTED & !bit(Cap::Fowner), 0)];

    let there_and_back = [fsuid(1), fsuid(2), fsuid(0), fsuid(1), less, fsuid(0)].concat();
    let trace = ns.inside(&begin).inside(&there_and_back).play();

    check!(trace);
}

/// A locked securebit stays as it is, and PR_SET_KEEPCAPS does not change a locked KEEP_CAPS. Other bits than that take
/// CAP_SETPCAP.
/// Source: capabilities(7), "The securebits flags"; kernel cap_task_prctl().
#[rstest]
#[case::no_setuid_fixup(&[secure(FIXUP_LOCKED), secure(FIXUP_LOCKED | NO_SETUID_FIXUP), secure(0)], [OK, EPERM, EPERM, OK])]
#[case::keep_caps(&[secure(KEEP_LOCKED), KEEPCAPS, secure(KEEP_LOCKED | KEEP_CAPS)], [OK, EPERM, EPERM, OK])]
#[case::unlocked(&[secure(NO_SETUID_FIXUP), secure(0), KEEPCAPS], [OK, OK, OK, OK])]
#[case::without_setpcap(&[drop_caps(&[Cap::Setpcap]), secure(NO_SETUID_FIXUP), KEEPCAPS], [OK, EPERM, OK, OK])]
#[harness::test(Root, Userns, pins("change.locked-bits"))]
fn a_locked_securebit_stays_as_it_is(#[case] bits: &[Action], #[case] expected: [Answer; 4]) {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 2")]);

    let trace = ns.inside(bits).inside(&[setresuid(1)]).play();

    check!(trace, last = expected);
}

/// A change of group ids leaves the capabilities, to and from gid 0 as to and from any other.
/// Source: capabilities(7), "Effect of user ID changes on capabilities": user ids alone.
#[harness::test(Root, Userns, pins("change.capabilities", "change.fs-capabilities"))]
fn group_ids_do_not_change_capabilities() {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 5"), gid_map("0 0 5")]);
    let away = [
        set_id(SetId::Setfsgid, &[1]),
        set_id(SetId::Setresgid, &[2, 2, u32::MAX]),
        set_id(SetId::Setregid, &[3, 3]),
        set_id(SetId::Setgid, &[4]),
        Action::GetCredentials,
    ];
    let suspended = Action::Capset(CapChange::Suspend(Cow::Borrowed(&[Cap::Kill])));
    let back = [only_caps(&[Cap::Kill, Cap::Setgid]), suspended, setresgid(0), Action::GetCredentials];

    let trace = ns.inside(&away).inside(&back).play();

    check!(trace);
}
