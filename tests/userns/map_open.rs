//! Opening the maps and setgroups in /proc: whose they are, and what is left of them when a process ends.

use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const UNDUMPABLE: Action = Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0);
const FILES: [IdFile; 4] = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap, IdFile::Setgroups];
/// The number that a descriptor is given which a path names.
const KNOWN: i64 = 200;

/// The files of a process that is not dumpable belong to root. The uid of the process can read them and cannot open them
/// for writing, from the parent or from inside.
/// Source: proc(5), /proc/pid; kernel task_dump_owner().
#[rstest]
#[case::from_the_parent(Actor::Outside)]
#[case::from_inside(Actor::Inside)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("open.not-owner"))]
fn maps_of_an_undumpable_process_are_read_and_not_written(
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let ns = ordinary().outside(&[]).inside(&[DENY, UNDUMPABLE]);

    let refused = ns.by(writer, &[read(file), write(file, "0 own 1")]);
    let trace = refused.inside(&[DUMPABLE]).by(writer, &[write(file, "0 own 1")]).play();

    check!(trace, last = [OK, EACCES.at("open"), OK, OK]);
}

/// The files belong to the effective uid of the process. Any process may read them. Another uid opens them for writing with
/// CAP_DAC_OVERRIDE alone. setgroups takes CAP_SYS_ADMIN as well.
/// Source: proc(5), /proc/pid; kernel task_dump_owner(), generic_permission(), proc_setgroups_open().
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("open.not-owner", "open.setgroups-needs-sys-admin")
)]
fn files_are_written_by_their_uid_or_with_dac_override() {
    const EFFECTIVE: Action = set_id(SetId::Setresuid, &[71, 61_234, 71]);
    const ANOTHER: Action = set_id(SetId::Setresuid, &[61_234, 71, 61_234]);
    let openers: [(&str, Vec<Action>); 7] = [
        ("the same effective uid", vec![EFFECTIVE]),
        ("the same real and saved uid", vec![ANOTHER]),
        ("root without capabilities", vec![only_caps(&[])]),
        ("root, CAP_DAC_OVERRIDE alone", vec![only_caps(&[Cap::DacOverride])]),
        ("root, CAP_SYS_ADMIN alone", vec![only_caps(&[Cap::SysAdmin])]),
        ("root, both alone", vec![only_caps(&[Cap::DacOverride, Cap::SysAdmin])]),
        ("root, all but CAP_SYS_ADMIN", vec![drop_caps(&[Cap::SysAdmin])]),
    ];

    let mut table = format!("{:28}  {:6}  {}\n", "", "read", FILES.map(IdFile::name).join("  "));
    for (name, steps) in openers {
        let ns = ordinary().privileged(&steps).outside(&[]).inside(&[]);
        let opens = FILES.map(open);
        let trace = ns.privileged(&[read(IdFile::UidMap)]).privileged(&opens).play();
        let _ = writeln!(table, "{name:28}  {}", last(&trace, 5).join("  "));
    }

    check!(table);
}

/// setgroups is opened for writing with CAP_SYS_ADMIN over the namespace and no other capability, and for reading without
/// any. A map is opened without it and then refuses the write.
/// Source: kernel 9cc46516ddf4, proc_setgroups_open(): ns_capable() of the process that opens.
#[rstest]
#[case::inside(Actor::Inside)]
#[case::second(Actor::Second)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("open.setgroups-needs-sys-admin"))]
fn setgroups_is_opened_for_writing_with_sys_admin(#[case] opener: Actor) {
    let of_inside = |access| Action::Open { file: IdFile::Setgroups, of: Some(Actor::Inside), access };
    let opens = [of_inside(Access::Read), of_inside(Access::Write), of_inside(Access::ReadWrite)];
    let ns = ordinary().inside(&[]).by(opener, &[]);

    let exactly = ns.by(opener, &[only_caps(&[Cap::SysAdmin])]).by(opener, &opens);
    let without = exactly.by(opener, &[only_caps(&[])]).by(opener, &opens);
    let trace = without.by(opener, &[write_of(Actor::Inside, IdFile::UidMap, "0 own 1")]).play();

    check!(trace, last = [OK, OK, OK, OK, OK, EACCES, EACCES, EPERM]);
}

/// The files of a zombie are found and opened as before. They belong to root of the initial namespace. Once the zombie is
/// reaped, its path is gone. A directory that was held gives ESRCH for every file, since the search permission for the
/// directory asks for the process first. A file that was found before, with O_PATH, gets as far as its open: EINVAL for
/// the maps, ESRCH for setgroups.
/// Source: kernel proc_pid_permission(), proc_id_map_open(), proc_setgroups_open(): get_proc_task();
/// task_dump_owner().
#[rstest]
#[case::for_writing(libc::O_WRONLY)]
#[case::for_reading(libc::O_RDONLY)]
#[harness::test(Root, Userns, InitialUserns, pins("open.dead-process"))]
fn files_of_a_zombie_are_found_and_of_a_reaped_process_are_not(#[case] access: i32) {
    let lives: [(&str, &[Action]); 3] = [
        ("alive", &[]),
        ("a zombie", &[Action::Exit(Leaves::Zombie)]),
        ("reaped", &[Action::Exit(Leaves::Nothing)]),
    ];

    let mut table = format!("{:30}{}\n", "", FILES.map(|file| format!("{:12}", file.name())).concat());
    for (way, before, after) in ways() {
        for (name, end) in lives {
            let open = |file: IdFile| {
                let ns = root().outside(&[]).inside(&[]);
                let trace = ns.outside(&before(file)).inside(end).outside(&[after(file, access)]).play();
                format!("{:12}", last(&trace, 1).concat())
            };
            let cells = FILES.map(open).concat();
            let _ = writeln!(table, "{:30}{}", format!("{way}, {name}"), cells.trim_end());
        }
    }

    check!(table);
}

type Before = fn(IdFile) -> Vec<Action>;
type After = fn(IdFile, i32) -> Action;

/// How the file of a process is reached: by its path, through the directory of the process that was
/// opened before, and through the file itself that was found before (O_PATH).
fn ways() -> [(&'static str, Before, After); 3] {
    [
        (
            "by path",
            |_| vec![],
            |file, access| {
                let path = RawArg::ProcPath(Actor::Inside, file.name());
                syscall_for_fd("open", libc::SYS_openat, vec![HERE, path, RawArg::Number(access.into())])
            },
        ),
        (
            "in a held directory",
            |_| {
                let path = RawArg::ProcPath(Actor::Inside, "");
                let flags = RawArg::Number(libc::O_DIRECTORY.into());
                vec![syscall_for_fd("open the directory", libc::SYS_openat, vec![HERE, path, flags])]
            },
            |file, access| {
                let name = RawArg::Bytes(format!("{}\0", file.name()).into_bytes().into());
                let args = vec![RawArg::Held, name, RawArg::Number(access.into())];
                syscall_for_fd("open", libc::SYS_openat, args)
            },
        ),
        (
            "through a held path",
            |file| {
                let path = RawArg::ProcPath(Actor::Inside, file.name());
                let find = vec![HERE, path, RawArg::Number(libc::O_PATH.into())];
                let number = vec![RawArg::Held, RawArg::Number(KNOWN), RawArg::Number(0)];
                vec![
                    syscall_for_fd("find the file", libc::SYS_openat, find),
                    syscall_for_fd("dup3", libc::SYS_dup3, number),
                ]
            },
            |_, access| {
                let path = RawArg::Bytes(format!("/proc/self/fd/{KNOWN}\0").into_bytes().into());
                syscall_for_fd("open", libc::SYS_openat, vec![HERE, path, RawArg::Number(access.into())])
            },
        ),
    ]
}

/// An open map belongs to the namespace, not to the process. It is written, once, after the process has ended, which was
/// the last one in the namespace.
/// Source: kernel proc_id_map_open(): the file holds the namespace.
#[rstest]
#[harness::test(Root, Userns, pins("open.dead-process", "map.shared", "map.written-once"))]
fn an_open_map_is_written_after_its_process_has_ended(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ns = root().outside(&[]).inside(&[]);

    let opened = ns.outside(&[open(file)]).inside(&[Action::Exit(Leaves::Nothing)]);
    let again = Action::WriteHeld { text: Text::Words("0 0 1".into()), file, at: At::Seek(0) };
    let trace = opened.outside(&[write_held(file, ""), write_held(file, "0 0 1"), again]).play();

    check!(trace, last = [EINVAL, OK, EPERM]);
}

/// What the last steps of a trace came to.
fn last(trace: &Trace, count: usize) -> Vec<String> {
    trace.last_shown(count).iter().map(|outcome| format!("{outcome:6}")).collect()
}
