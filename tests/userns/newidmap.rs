//! newuidmap and newgidmap themselves, with subordinate ids that a private mount namespace brings along.
//! Their messages differ between releases; their exit status and what the namespace is like are compared.

use crate::support::mounts::{own_mounts, tmpfs};
use harness::prelude::*;
use rstest::rstest;

/// A user `somebody` with the ids 61250 and the ranges of `$sub`, in files that only these processes see.
/// Its shell in a new user namespace tells its pid, and waits while the namespace is mapped.
const SET_UP: &str = r#"
echo 'root:x:0:0::/:/bin/sh' > /mnt/passwd
echo 'somebody:x:61250:61250::/:/bin/sh' >> /mnt/passwd
printf 'root:x:0:\nsomebody:x:61250:\n' > /mnt/group
printf "$sub" > /mnt/sub
for file in passwd group; do mount --bind /mnt/$file /etc/$file; done
for file in subuid subgid; do mount --bind /mnt/sub /etc/$file; done
as() { setpriv --reuid=61250 --regid=61250 --clear-groups "$@"; }
as unshare --user sh -c 'echo $$; exec sleep 20' | {
    read pid
    EACH
    cat /proc/$pid/setgroups
    kill $pid
}
"#;
/// The map of uids or of gids.
const EACH: &str = r#"
    as newIDmap $pid $map 2>/dev/null
    echo "newIDmap exit $?: $(tr -s ' ' < /proc/$pid/ID_map | tr '\n' ,)"
"#;

/// newuidmap and newgidmap map a user's own id and its subordinate ids and no others. newgidmap leaves setgroups at "allow"
/// if a subordinate group is among them, and writes "deny" for the user's own group alone.
/// Source: newuidmap(1), newgidmap(1); CVE-2018-7169.
#[rstest]
#[case::own("", "0 61250 1")]
#[case::foreign("", "0 61251 1")]
#[case::foreign_root("", "0 0 1")]
#[case::own_and_the_next("", "0 61250 2")]
#[case::subordinate("somebody:70000:10\n", "0 70000 10")]
#[case::one_more_than_subordinate("somebody:70000:10\n", "0 70000 11")]
#[case::one_before_subordinate("somebody:70000:10\n", "0 69999 10")]
#[case::of_another_user("root:70000:10\n", "0 70000 10")]
#[case::own_and_subordinate("somebody:70000:10\n", "0 61250 1 1 70000 10")]
#[case::own_is_subordinate("somebody:61250:1\n", "0 61250 1")]
#[harness::test(
    Root,
    InitialUserns,
    UnprivilegedUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    SetuidProgram("newuidmap"),
    SetuidProgram("newgidmap"),
    Program("setpriv"),
    Program("unshare"),
    Program("mount"),
    File("/mnt"),
    File("/etc/subuid"),
    File("/etc/subgid"),
    pins("program.newidmap", "cve.2018-7169")
)]
fn cve_2018_7169_newidmap_maps_only_own_and_subordinate_ids(#[case] sub: &str, #[case] map: &str) {
    let ns = root().outside(&own_mounts()).outside(&[tmpfs("mount at /mnt", b"/mnt\0").or_stop()]);

    let each = ["uid", "gid"].map(|id| EACH.replace("ID", id)).concat();
    let script = format!("sub='{sub}'; map='{map}'; {}", SET_UP.replace("EACH", &each));
    let trace = ns.outside(&[run(&["sh", "-c", &script])]).play();

    check!(said(&trace));
}

/// What the script of the last step said; of the sleeper's end the shell may or may not complain.
fn said(trace: &Trace) -> String {
    match trace.outcomes.last() {
        Some(Outcome::Program(ended)) => ended.stdout.clone(),
        _ => panic!("no program was run last:\n{trace}"),
    }
}
