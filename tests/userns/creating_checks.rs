//! Creating a user namespace: whose ids and whose root directory the kernel looks at, and in which order.

use crate::limits::limit;
use crate::support::mounts::{mount, own_mounts, tmpfs};
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

/// The calls that create a namespace, the one that leaves the caller in it last.
const CALLS: [Action; 3] = [CLONE, CLONE3, UNSHARE];
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

/// The outcomes of the last steps of a trace, so many of them.
fn last(trace: &Trace, count: usize) -> String {
    let cells: Vec<String> = trace.last_shown(count).iter().map(|shown| format!("{shown:7}")).collect();
    cells.join(" ").trim_end().to_owned()
}

/// The id that has to have a mapping is the effective one, of uids and of gids, in every call: not the real,
/// the saved or the filesystem id.
/// Source: unshare(2), clone(2): EPERM; kernel create_user_ns(): new->euid, new->egid.
#[harness::test(Root, Userns, Capability(Cap::Setpcap), pins("create.unmapped-uid", "create.unmapped-gid"))]
fn whose_id() {
    let kinds = [("uid", SetId::Setresuid, SetId::Setfsuid), ("gid", SetId::Setresgid, SetId::Setfsgid)];
    let places = ["real", "effective", "saved", "filesystem"];
    let mut table = format!("{:24} clone   clone3  unshare\n", "");
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
                let cast = root().privileged(&[]).outside(&become_it).inside(&[]).privileged(&maps);
                let trace = cast.inside(&CALLS).play();
                let _ = writeln!(table, "{kind} {place:10} {has:9} {}", last(&trace, 3));
            }
        }
    }

    check!(table);
}

/// The limit is looked at first, then the root directory and the ids; flags that do not go together are
/// refused before all of these.
/// Source: kernel create_user_ns(): inc_user_namespaces() before current_chrooted(); copy_process().
#[harness::test(
    Root,
    Userns,
    pins("limit.count", "create.chrooted", "create.unmapped-uid", "create.shared-fs", "create.unknown-flag")
)]
fn what_is_refused_first() {
    let with_fs = Action::Clone(NEWUSER | libc::CLONE_FS);
    let with_parent = Action::Unshare(NEWUSER | libc::CLONE_PARENT);
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

    let mut table = format!("{:24} fs too  parent too  clone   clone3  unshare\n", "what speaks against it");
    for (name, [limit, maps, chroot]) in rows {
        let cast = root().outside(&[]).inside(limit).outside(maps).inside(chroot);
        let trace = cast.inside(&[with_fs.clone(), with_parent.clone()]).inside(&CALLS).play();
        let _ = writeln!(table, "{name:24} {}", last(&trace, 5));
    }

    check!(table);
}

/// A creation that was refused for the root directory or the ids no longer counts against the limit.
/// Source: kernel create_user_ns(): dec_user_namespaces() on the way out.
#[rstest]
#[case::for_its_ids(&[], &[CLONE, CLONE, UNSHARE], &MAPS)]
#[case::for_its_root(&MAPS, &[Action::Chroot("/proc", "/proc".into()), CLONE, CLONE, UNSHARE], &[])]
#[case::for_nothing(&MAPS, &[], &[])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysChroot),
    pins("limit.count", "create.chrooted", "create.unmapped-uid")
)]
fn a_refusal_does_not_count(#[case] before: &[Action], #[case] refused: &[Action], #[case] after: &[Action]) {
    let cast = root().outside(&[]).inside(&limit(1)).inside(&[chdir("chdir /", b"/\0")]);
    let cast = cast.outside(before).inside(refused).outside(after);

    let trace = cast.inside(&[chroot_here(), UNSHARE]).play();

    check!(trace);
}

/// A process is chrooted if its root is not the topmost one of its mount namespace, whether it changed its
/// root or something was mounted over it; in a mount namespace of its own as well.
/// Source: unshare(2), EPERM; kernel current_chrooted(): follow_down().
#[rstest]
#[case::in_a_mount_namespace_of_its_own(&[])]
#[case::at_a_mount(&[tmpfs("mount at /tmp", b"/tmp\0").or_stop(), Action::Chroot("/tmp", "/tmp".into())])]
#[case::here_at_the_root(&[chdir("chdir /", b"/\0"), chroot_here()])]
#[case::here_elsewhere(&[chdir("chdir /proc", b"/proc\0"), chroot_here()])]
#[case::beneath_a_mount(&[tmpfs("mount over /", b"/\0").or_stop()])]
#[case::on_top_of_a_mount(&[
    tmpfs("mount at /tmp", b"/tmp\0").or_stop(),
    chdir("chdir /tmp", b"/tmp\0"),
    mount("move it over /", [b".\0", b"/\0", b"\0"], libc::MS_MOVE).or_stop(),
    chroot_here(),
])]
#[case::beneath_a_moved_mount(&[
    tmpfs("mount at /tmp", b"/tmp\0").or_stop(),
    chdir("chdir /tmp", b"/tmp\0"),
    mount("move it over /", [b".\0", b"/\0", b"\0"], libc::MS_MOVE).or_stop(),
])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysChroot),
    File("/tmp"),
    pins("create.chrooted")
)]
fn whose_root(#[case] steps: &[Action]) {
    let cast = root().outside(&own_mounts());

    let trace = cast.outside(steps).outside(&CALLS).play();

    check!(trace);
}

/// What else a process with a single thread ceases to share may be named with a user namespace.
/// Source: unshare(2); kernel ksys_unshare(): CLONE_NEWUSER implies CLONE_THREAD and CLONE_FS.
#[rstest]
#[case::fs(libc::CLONE_FS)]
#[case::files(libc::CLONE_FILES)]
#[case::thread(libc::CLONE_THREAD)]
#[case::vm(libc::CLONE_VM)]
#[case::sighand(libc::CLONE_SIGHAND)]
#[case::sysvsem(libc::CLONE_SYSVSEM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unprivileged", "create.unknown-flag"))]
fn unshared_with_it(#[case] flag: i32) {
    let trace = ordinary().outside(&[Action::Unshare(NEWUSER | flag)]).play();

    check!(trace);
}

/// unshare(2) of the user namespace takes a root and working directory of its own along, without which no
/// further namespace could be joined.
/// Source: unshare(2), CLONE_NEWUSER: "automatically implies CLONE_FS"; kernel ksys_unshare(), userns_install().
#[rstest]
#[case::of_the_user_namespace(&[
    UNSHARE,
    write_of(Actor::Outside, IdFile::UidMap, "0 own 1"),
    write_of(Actor::Outside, IdFile::Setgroups, "deny"),
    write_of(Actor::Outside, IdFile::GidMap, "0 own 1"),
])]
#[case::of_the_directories_alone(&[Action::Unshare(libc::CLONE_FS)])]
#[case::of_nothing(&[])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.shared-fs", "join.shared-fs"))]
fn directories_of_its_own(#[case] unshare: &[Action]) {
    let cast = ordinary().outside(&[Action::CloneAndKeep(libc::CLONE_FS)]).outside(unshare).inside(&[]);

    let trace = cast.outside(&[Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 }]).play();

    check!(trace);
}
