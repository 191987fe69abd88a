//! Holes that were closed in the kernel and in newgidmap, each by its number. Those of maps, files and
//! ptrace that need more of a story stand with their topics.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use rstest::rstest;

/// A child with capabilities of its own namespace and the root directory of its parent could change the
/// root of a privileged program.
/// Source: CVE-2013-1858; kernel e66eded8309e.
#[rstest]
#[case::with_the_root_directory(Action::Clone(NEWUSER | libc::CLONE_FS), EINVAL)]
#[case::without(CLONE, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("cve.2013-1858", "create.shared-fs"))]
fn cve_2013_1858_a_child_cannot_share_the_root(#[case] clone: Action, #[case] expected: Answer) {
    let ns = ordinary();

    let trace = ns.outside(&[clone]).play();

    check!(trace, last = expected);
}

/// A chrooted process could leave its root by way of a new namespace.
/// Source: CVE-2013-1956; kernel 3151527ee007.
#[rstest]
#[case::chrooted("/proc", EPERM)]
#[case::not_really("/", OK)]
#[harness::test(Root, Userns, Capability(Cap::SysChroot), pins("cve.2013-1956", "create.chrooted"))]
fn cve_2013_1956_a_chrooted_process_cannot_create(#[case] to: &'static str, #[case] expected: Answer) {
    let ns = root();

    let trace = ns.outside(&[Action::Chroot(to, to.into()), UNSHARE]).play();

    check!(trace, last = expected);
}

/// An unprivileged process could have a privileged one write the map that it had opened.
/// Source: CVE-2013-1959; kernel 6708075f104c, e3211c120a85, 41c21e351e79.
#[rstest]
#[case::opened_by_the_unprivileged(Actor::Inside, EPERM)]
#[case::opened_by_the_privileged(Actor::Privileged, OK)]
#[harness::test(Root, Userns, pins("cve.2013-1959"))]
fn cve_2013_1959_the_opener_needs_the_privilege(#[case] opener: Actor, #[case] expected: Answer) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]);
    let open_it = Action::Open { file: IdFile::UidMap, of: Some(Actor::Inside), access: Access::Write };

    let opened = ns.by(opener, &[open_it, Action::PassFd(Actor::Privileged)]);
    let trace = opened.privileged(&[write_held(IdFile::UidMap, "0 0 1")]).play();

    check!(trace, last = expected);
}

/// Root of a namespace could set the set-group-ID bit of its own file for a group that has no mapping there. A
/// process that executed the file became a member of a group that the namespace has no power over. chmod(2) succeeds
/// and leaves the bit out, which stat(1) shows.
/// Source: CVE-2014-4014; kernel 23adbe12ef7d, capable_wrt_inode_uidgid() in setattr_prepare().
#[rstest]
#[case::group_without_a_mapping("0 5 1")]
#[case::group_with_a_mapping("0 5 1\n50 50 1")]
#[harness::test(Root, Userns, Program("stat"), File("/tmp"), pins("cve.2014-4014"))]
fn cve_2014_4014_an_unmapped_group_gets_no_set_group_id(#[case] gids: &'static str) {
    let text = |text: &'static [u8]| RawArg::Bytes(text.into());
    let file = |name, number, args: &[i64]| {
        let place = [HERE, text(b"/tmp/file\0")];
        syscall(name, number, place.into_iter().chain(args.iter().copied().map(RawArg::Number)).collect())
    };
    let made = [
        file("mknod", libc::SYS_mknodat, &[libc::S_IFREG.into(), 0]).or_stop(),
        file("chown", libc::SYS_fchownat, &[5, 50, 0]).or_stop(),
    ];
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]).second(&[]);
    let nested = ns
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

    check!(trace, last = [OK, exits(0)]);
}

const FIVE: &str = "0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 9";
const SIX: &str = "0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 5 9";

/// With more than five extents a nested map led to the ids of the initial namespace, root's among them.
/// Source: CVE-2018-18955; kernel d2f007dbe7e4.
#[rstest]
#[case::five_extents_of_roots_file(FIVE, 0, EPERM)]
#[case::five_extents_of_its_own_file(FIVE, 100_000, OK)]
#[case::six_extents_of_roots_file(SIX, 0, EPERM)]
#[case::six_extents_of_its_own_file(SIX, 100_000, OK)]
#[harness::test(Root, Userns, Capability(Cap::Chown), InitialUserns, pins("cve.2018-18955"))]
fn cve_2018_18955_many_extents_give_no_other_ids(
    #[case] map: &'static str,
    #[case] owner: i64,
    #[case] expected: Answer,
) {
    let maps = [uid_map("0 100000 1000"), gid_map("0 100000 1000")];
    let nested = maps_of(Actor::Nested, map);
    let chown = |id: i64| {
        let ids = vec![RawArg::Held, RawArg::Number(id), RawArg::Number(id)];
        syscall("fchown", libc::SYS_fchown, ids)
    };
    let name = RawArg::Bytes(b"file\0".as_slice().into());
    let file = syscall_for_fd("memfd_create", libc::SYS_memfd_create, vec![name, RawArg::Number(0)]);
    let ns = root().outside(&[]).inside(&[]).outside(&maps).inside(&[setresgid(0), setresuid(0), DUMPABLE]);

    let mapped = ns.nested(&[]).inside(&nested);
    let made = mapped.outside(&[file, chown(owner), Action::PassFd(Actor::Nested)]);
    let trace = made.nested(&[chown(3)]).play();

    check!(trace, last = expected);
}
