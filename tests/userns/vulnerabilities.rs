//! Holes that were closed in the kernel and in newgidmap, each by its number. Those of maps, files and
//! ptrace that need more of a story stand with their topics.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use rstest::rstest;

/// A child with capabilities of its own namespace and the root directory of its parent could change the
/// root of a privileged program.
/// Source: CVE-2013-1858; kernel e66eded8309e.
#[rstest]
#[case::with_the_root_directory(Action::Clone(NEWUSER | libc::CLONE_FS))]
#[case::without(CLONE)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("cve.2013-1858", "create.shared-fs"))]
fn cve_2013_1858(#[case] clone: Action) {
    let cast = ordinary();

    let trace = cast.outside(&[clone]).play();

    check!(trace);
}

/// A chrooted process could leave its root by way of a new namespace.
/// Source: CVE-2013-1956; kernel 3151527ee007.
#[rstest]
#[case::chrooted("/proc")]
#[case::not_really("/")]
#[harness::test(Root, Userns, Capability(Cap::SysChroot), pins("cve.2013-1956", "create.chrooted"))]
fn cve_2013_1956(#[case] to: &'static str) {
    let cast = root();

    let trace = cast.outside(&[Action::Chroot(to, to.into()), UNSHARE]).play();

    check!(trace);
}

/// An unprivileged process could have a privileged one write the map that it had opened.
/// Source: CVE-2013-1959; kernel 6708075f104c, e3211c120a85, 41c21e351e79.
#[rstest]
#[case::opened_by_the_unprivileged(Actor::Inside)]
#[case::opened_by_the_privileged(Actor::Privileged)]
#[harness::test(Root, Userns, pins("cve.2013-1959"))]
fn cve_2013_1959(#[case] opener: Actor) {
    let cast = ordinary().privileged(&[]).outside(&[]).inside(&[]);
    let open_it = Action::Open { file: IdFile::UidMap, of: Some(Actor::Inside), access: Access::Write };

    let opened = cast.by(opener, &[open_it, Action::Give(Actor::Privileged)]);
    let trace = opened.privileged(&[write_held(IdFile::UidMap, "0 0 1")]).play();

    check!(trace);
}

/// Root of a namespace could set the set-group-ID bit of its own file for a group that has no mapping there:
/// whoever then executed the file became a member of a group that the namespace has no power over.
/// Source: CVE-2014-4014; kernel 23adbe12ef7d, capable_wrt_inode_uidgid() in setattr_prepare().
#[rstest]
#[case::group_without_a_mapping("0 5 1")]
#[case::group_with_a_mapping("0 5 1\n50 50 1")]
#[harness::test(Root, Userns, Program("stat"), File("/tmp"), pins("cve.2014-4014"))]
fn cve_2014_4014(#[case] gids: &'static str) {
    let text = |text: &'static [u8]| RawArg::Bytes(text.into());
    let file = |name, number, args: &[i64]| {
        let place = [HERE, text(b"/tmp/file\0")];
        Action::Raw(name, number, place.into_iter().chain(args.iter().copied().map(RawArg::Number)).collect())
    };
    let made = [
        file("mknod", libc::SYS_mknodat, &[libc::S_IFREG.into(), 0]),
        file("chown", libc::SYS_fchownat, &[5, 50, 0]),
    ];
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]).second(&[]);
    let nested = cast
        .inside(&own_tmp())
        .inside(&made)
        .inside(&[SETGROUPS_EMPTY, setresgid(5), setresuid(5), DUMPABLE])
        .nested(&[]);
    let mapped = nested.second(&[
        write_of(Actor::Nested, IdFile::UidMap, "0 5 1"),
        write_of(Actor::Nested, IdFile::GidMap, gids),
    ]);

    let chmod = file("chmod 2755", libc::SYS_fchmodat, &[0o2755]);
    let trace = mapped.nested(&[chmod, run(&["stat", "-c", "%a", "/tmp/file"])]).play();

    check!(trace);
}

/// With more than five extents a nested map led to the ids of the initial namespace, root's among them.
/// Source: CVE-2018-18955; kernel d2f007dbe7e4.
#[rstest]
#[case::five_extents("0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 9")]
#[case::six_extents("0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 5 9")]
#[harness::test(Root, Userns, Capability(Cap::Chown), InitialUserns, pins("cve.2018-18955"))]
fn cve_2018_18955(#[case] map: &'static str, #[values(0, 100_000)] owner: i64) {
    let maps = [uid_map("0 100000 1000"), gid_map("0 100000 1000")];
    let nested = maps_of(Actor::Nested, map);
    let chown = |id: i64| {
        let ids = vec![RawArg::Held, RawArg::Number(id), RawArg::Number(id)];
        Action::Raw("fchown", libc::SYS_fchown, ids)
    };
    let name = RawArg::Bytes(b"file\0".as_slice().into());
    let file = Action::Hold("memfd_create", libc::SYS_memfd_create, vec![name, RawArg::Number(0)]);
    let cast = root().outside(&[]).inside(&[]).outside(&maps).inside(&[setresgid(0), setresuid(0), DUMPABLE]);

    let mapped = cast.nested(&[]).inside(&nested);
    let made = mapped.outside(&[file, chown(owner), Action::Give(Actor::Nested)]);
    let trace = made.nested(&[chown(3)]).play();

    check!(trace);
}
