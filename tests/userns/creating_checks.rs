//! Creating a user namespace: which ids and which root directory the kernel checks, and in which order.

use crate::support::limits::limit;
use crate::support::mounts::{mount, own_mounts, tmpfs};
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const MAPS: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];

fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    syscall(name, number, args.to_vec())
}

fn text(text: &'static [u8]) -> RawArg {
    RawArg::Bytes(text.into())
}

fn chdir(name: &'static str, to: &'static [u8]) -> Action {
    raw(name, libc::SYS_chdir, &[text(to)])
}

fn chroot_here() -> Action {
    raw("chroot .", libc::SYS_chroot, &[text(b".\0")])
}

/// In every call the effective uid and the effective gid have to be mapped. The real, the saved and the filesystem id do
/// not. In a row one of the ids is the only mapped one ("alone"), or the only one without a mapping ("missing").
/// Source: unshare(2), clone(2): EPERM; kernel create_user_ns(): new->euid, new->egid.
#[rstest]
#[case::clone(CLONE)]
#[case::clone3(CLONE3)]
#[case::unshare(UNSHARE)]
#[harness::test(Root, Userns, Capability(Cap::Setpcap), pins("create.unmapped-uid", "create.unmapped-gid"))]
fn the_creator_needs_its_effective_id_mapped_in_every_call(#[case] create: Action) {
    let kinds = [("uid", SetId::Setresuid, SetId::Setfsuid), ("gid", SetId::Setresgid, SetId::Setfsgid)];
    let places = ["real", "effective", "saved", "filesystem"];
    let mut table = String::new();
    for (kind, all, fs) in kinds {
        for (has, (usual, odd)) in [("alone", (8, 7)), ("missing", (7, 8))] {
            for (at, place) in places.into_iter().enumerate() {
                let mut ids = [usual; 4];
                ids[at] = odd;
                let become_it = [NO_FIXUP, set_id(all, &ids[..3]), set_id(fs, &ids[3..])];
                let maps = match kind {
                    "uid" => [uid_map("7 7 1"), gid_map("0 0 1")],
                    _ => [uid_map("0 0 1"), gid_map("7 7 1")],
                };
                let ns = root().privileged(&[]).outside(&become_it).inside(&[]).privileged(&maps);
                let trace = ns.inside(std::slice::from_ref(&create)).play();
                let _ = writeln!(table, "{kind} {place:10} {has:7} {}", trace.last_shown(1).concat());
            }
        }
    }

    check!(table, @r"
    uid real       alone   EPERM
    uid effective  alone   ok
    uid saved      alone   EPERM
    uid filesystem alone   EPERM
    uid real       missing ok
    uid effective  missing EPERM
    uid saved      missing ok
    uid filesystem missing ok
    gid real       alone   EPERM
    gid effective  alone   ok
    gid saved      alone   EPERM
    gid filesystem alone   EPERM
    gid real       missing ok
    gid effective  missing EPERM
    gid saved      missing ok
    gid filesystem missing ok
    ");
}

/// A line for each set of reasons why a creation is refused, with the outcome of this call.
fn refused_for(create: &Action) -> String {
    let (limit, chroot) = (limit(0), [Action::Chroot("/proc", "/proc".into())]);
    let rows: [(&str, [&[Action]; 3]); 8] = [
        ("nothing", [&[], &MAPS, &[]]),
        ("unmapped", [&[], &[], &[]]),
        ("chrooted", [&[], &MAPS, &chroot]),
        ("chrooted, unmapped", [&[], &[], &chroot]),
        ("at the limit", [&limit, &MAPS, &[]]),
        ("at the limit, unmapped", [&limit, &[], &[]]),
        ("at the limit, chrooted", [&limit, &MAPS, &chroot]),
        ("all three", [&limit, &[], &chroot]),
    ];

    let mut table = String::new();
    for (name, [limit, maps, chroot]) in rows {
        let ns = root().outside(&[]).inside(limit).outside(maps).inside(chroot);
        let trace = ns.inside(std::slice::from_ref(create)).play();
        let _ = writeln!(table, "{name:24} {}", trace.last_shown(1).concat());
    }
    table
}

/// The kernel checks the limit first, then the root directory and the ids.
/// Source: kernel create_user_ns(): inc_user_namespaces() before current_chrooted().
#[rstest]
#[case::clone(CLONE)]
#[case::clone3(CLONE3)]
#[case::unshare(UNSHARE)]
#[harness::test(Root, Userns, pins("limit.count", "create.chrooted", "create.unmapped-uid"))]
fn the_limit_is_checked_before_the_root_and_the_ids(#[case] create: Action) {
    check!(refused_for(&create), @r"
    nothing                  ok
    unmapped                 EPERM
    chrooted                 EPERM
    chrooted, unmapped       EPERM
    at the limit             ENOSPC
    at the limit, unmapped   ENOSPC
    at the limit, chrooted   ENOSPC
    all three                ENOSPC
    ");
}

/// Flags that do not go together are refused before the kernel checks the limit, the root directory and the ids.
/// Source: clone(2), unshare(2): EINVAL; kernel copy_process(), check_unshare_flags().
#[rstest]
#[case::fs(Action::Clone(NEWUSER | libc::CLONE_FS))]
#[case::parent(Action::Unshare(NEWUSER | libc::CLONE_PARENT))]
#[harness::test(
    Root,
    Userns,
    pins("limit.count", "create.chrooted", "create.shared-fs", "create.unknown-flag")
)]
fn flags_are_refused_before_all_else(#[case] create: Action) {
    check!(refused_for(&create), @r"
    nothing                  EINVAL
    unmapped                 EINVAL
    chrooted                 EINVAL
    chrooted, unmapped       EINVAL
    at the limit             EINVAL
    at the limit, unmapped   EINVAL
    at the limit, chrooted   EINVAL
    all three                EINVAL
    ");
}

/// A creation that is refused for the root directory or the ids does not count against the limit, which is one namespace.
/// Source: kernel create_user_ns(): dec_user_namespaces() on the way out.
#[rstest]
#[case::for_its_ids(&[], &[CLONE, CLONE, UNSHARE], &MAPS, &[EPERM, EPERM, EPERM, OK, OK, OK, OK])]
#[case::for_its_root(
    &MAPS,
    &[Action::Chroot("/proc", "/proc".into()), CLONE, CLONE, UNSHARE],
    &[],
    &[EPERM, EPERM, EPERM, OK, OK],
)]
#[case::for_nothing(&MAPS, &[], &[], &[OK, OK])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysChroot),
    pins("limit.count", "create.chrooted", "create.unmapped-uid")
)]
fn a_refused_creation_does_not_count_against_the_limit(
    #[case] before: &[Action],
    #[case] refused: &[Action],
    #[case] after: &[Action],
    #[case] expected: &[Answer],
) {
    let ns = root().outside(&[]).inside(&limit(1)).inside(&[chdir("chdir /", b"/\0")]);
    let ns = ns.outside(before).inside(refused).outside(after);

    let trace = ns.inside(&[chroot_here(), UNSHARE]).play();

    check!(trace, last = expected);
}

/// A process cannot create a user namespace if its root is not the topmost one of its mount namespace. This is so whether
/// it changed its root or a file system was mounted over it, and also in a mount namespace of its own.
/// Source: unshare(2), EPERM; kernel current_chrooted(): follow_down().
#[rstest]
#[case::in_a_mount_namespace_of_its_own(&[], OK)]
#[case::at_a_mount(&[tmpfs("mount at /tmp", b"/tmp\0").or_stop(), Action::Chroot("/tmp", "/tmp".into())], EPERM)]
#[case::here_at_the_root(&[chdir("chdir /", b"/\0"), chroot_here()], OK)]
#[case::here_elsewhere(&[chdir("chdir /proc", b"/proc\0"), chroot_here()], EPERM)]
#[case::beneath_a_mount(&[tmpfs("mount over /", b"/\0").or_stop()], EPERM)]
#[case::on_top_of_a_mount(&[
    tmpfs("mount at /tmp", b"/tmp\0").or_stop(),
    chdir("chdir /tmp", b"/tmp\0"),
    mount("move it over /", [b".\0", b"/\0", b"\0"], libc::MS_MOVE).or_stop(),
    chroot_here(),
], OK)]
#[case::beneath_a_moved_mount(&[
    tmpfs("mount at /tmp", b"/tmp\0").or_stop(),
    chdir("chdir /tmp", b"/tmp\0"),
    mount("move it over /", [b".\0", b"/\0", b"\0"], libc::MS_MOVE).or_stop(),
], EPERM)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysChroot),
    File("/tmp"),
    pins("create.chrooted")
)]
fn a_process_creates_only_with_the_topmost_root(
    #[case] steps: &[Action],
    #[case] expected: Answer,
    #[values(CLONE, CLONE3, UNSHARE)] create: Action,
) {
    let ns = root().outside(&own_mounts());

    let trace = ns.outside(steps).outside(&[create]).play();

    check!(trace, last = expected);
}

/// A process with a single thread may name other things to unshare together with the user namespace.
/// Source: unshare(2); kernel ksys_unshare(): CLONE_NEWUSER implies CLONE_THREAD and CLONE_FS.
#[rstest]
#[case::fs(libc::CLONE_FS)]
#[case::files(libc::CLONE_FILES)]
#[case::thread(libc::CLONE_THREAD)]
#[case::vm(libc::CLONE_VM)]
#[case::sighand(libc::CLONE_SIGHAND)]
#[case::sysvsem(libc::CLONE_SYSVSEM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unprivileged", "create.unknown-flag"))]
fn unshare_takes_other_flags_with_newuser(#[case] flag: i32) {
    let trace = ordinary().outside(&[Action::Unshare(NEWUSER | flag)]).play();

    check!(trace, last = OK);
}

/// unshare(2) of the user namespace also gives the process a root and working directory of its own. A process that shares
/// them with another cannot join a user namespace.
/// Source: unshare(2), CLONE_NEWUSER: "automatically implies CLONE_FS"; kernel ksys_unshare(), userns_install().
#[rstest]
#[case::of_the_user_namespace(&[
    UNSHARE,
    write_of(Actor::Outside, IdFile::UidMap, "0 own 1"),
    write_of(Actor::Outside, IdFile::Setgroups, "deny"),
    write_of(Actor::Outside, IdFile::GidMap, "0 own 1"),
], OK)]
#[case::of_the_directories_alone(&[Action::Unshare(libc::CLONE_FS)], OK)]
#[case::of_nothing(&[], EINVAL)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.shared-fs", "join.shared-fs"))]
fn unshare_of_newuser_unshares_the_directories(#[case] unshare: &[Action], #[case] expected: Answer) {
    let ns = ordinary().outside(&[Action::CloneAndKeep(libc::CLONE_FS)]).outside(unshare).inside(&[]);

    let trace = ns.outside(&[Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 }]).play();

    check!(trace, last = expected);
}
