//! Whose the files are that a process makes, and on which file systems it may make them.

use crate::support::map_stack::{at_file, chown, in_a_tmpfs, stat_file};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 3000 10\n20 0 1"), gid_map("0 6000 10\n20 0 1")];
const NAMES: [&str; 4] = ["regular", "directory", "fifo", "link"];

/// Gives the working directory the set-group-ID bit.
fn set_group_id() -> Action {
    at_file("chmod 2777", libc::SYS_fchmodat, ".", &[0o2777])
}

/// A regular file, a directory, a FIFO and a symbolic link.
fn make_all() -> [Action; 4] {
    let [regular, directory, fifo, link] = NAMES;
    let target = RawArg::Bytes(b"target\0".as_slice().into());
    let name = RawArg::Bytes(format!("{link}\0").into_bytes().into());
    let args = vec![target, HERE, name];
    [
        at_file("mknod", libc::SYS_mknodat, regular, &[i64::from(libc::S_IFREG | 0o600), 0]),
        at_file("mkdir", libc::SYS_mkdirat, directory, &[0o700]),
        at_file("mknod", libc::SYS_mknodat, fifo, &[i64::from(libc::S_IFIFO | 0o600), 0]),
        syscall("symlink", libc::SYS_symlinkat, args),
    ]
}

fn look_at_all() -> [Action; 4] {
    NAMES.map(|name| match stat_file(name) {
        Action::Syscall(mut call) => {
            call.args[2] = RawArg::Number(libc::AT_SYMLINK_NOFOLLOW.into());
            Action::Syscall(call)
        }
        other => other,
    })
}

/// A new file belongs to the filesystem ids of the process that makes it. A process outside sees them as the map says. In
/// a directory with the set-group-ID bit the group is that of the directory, mapped or not.
/// Source: open(2), mkdir(2); user_namespaces(7); kernel inode_init_owner().
#[rstest]
#[case::filesystem_ids(&[set_id(SetId::Setfsgid, &[5]), set_id(SetId::Setfsuid, &[4])], &[])]
#[case::effective_ids(&[set_id(SetId::Setresgid, &[1, 5, 2]), set_id(SetId::Setresuid, &[1, 4, 2])], &[])]
#[case::in_a_directory_of_a_mapped_group(&[], &[chown(".", 0, 6003), set_group_id()])]
#[case::in_a_directory_of_an_unmapped_group(&[], &[chown(".", 0, 7), set_group_id()])]
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), pins("mean.made-files"))]
fn a_new_file_has_the_filesystem_ids_or_the_group_of_its_directory(
    #[case] ids: &[Action],
    #[case] directory: &[Action],
) {
    let ns = root().outside(&in_a_tmpfs()).outside(directory).inside(&[]).outside(&MAPS);

    let made = ns.inside(&[NO_FIXUP]).inside(ids).inside(&make_all());
    let trace = made.inside(&look_at_all()).outside(&look_at_all()).play();

    check!(trace);
}

/// On a file system that was mounted in a namespace a process makes no file if that namespace does not map its filesystem
/// uid and gid: EOVERFLOW. On one that was mounted outside, a process makes files if it may write to the directory.
/// Source: open(2), EOVERFLOW; kernel 036d523641c6, may_create(): fsuidgid_has_mapping(sb).
#[rstest]
#[case::both_mapped("0 0 1", "0 0 1", OK)]
#[case::uid_unmapped("0 1 1", "0 0 1", EOVERFLOW)]
#[case::gid_unmapped("0 0 1", "0 1 1", EOVERFLOW)]
#[case::none_mapped("0 1 1", "0 1 1", EOVERFLOW)]
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), pins("mean.made-files"))]
fn files_need_mapped_ids_on_a_file_system_of_the_namespace(
    #[case] uids: &'static str,
    #[case] gids: &'static str,
    #[case] expected: Answer,
) {
    let outside = root().outside(&in_a_tmpfs()).inside(&[]);
    let mapped = outside.outside(&[uid_map(uids), gid_map(gids)]);

    let there = mapped.inside(&make_all()[..2]).inside(&[stat_file("regular")]);
    let trace = there.inside(&in_a_tmpfs()).inside(&make_all()).play();

    check!(trace, last = [expected; 4]);
}
