//! Old vulnerabilities, each fixed by a rule, which the suite must find if they return; and races.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EINVAL, ENOSPC, EPERM};

pub(super) const VULNERABILITIES: &[Rule] = &[
    rule(
        "cve.2013-1858",
        &[EINVAL],
        "A child in a new user namespace could change the root directory of its parent, because the two shared it.",
        "CVE-2013-1858; kernel e66eded8309e",
    )
    .since("3.9"),
    rule(
        "cve.2013-1956",
        &[EPERM],
        "A chrooted process could leave its root directory through a new user namespace.",
        "CVE-2013-1956; kernel 3151527ee007",
    )
    .since("3.9"),
    rule(
        "cve.2013-1959",
        &[EPERM],
        "An unprivileged opener could make a privileged process write any map.",
        "CVE-2013-1959; kernel 6708075f104c, e3211c120a85, 41c21e351e79",
    )
    .since("3.9"),
    rule(
        "cve.2014-4014",
        &[],
        "chmod(2) could set the set-group-ID bit of a file whose group has no mapping.",
        "CVE-2014-4014; kernel 23adbe12ef7d",
    )
    .since("3.16"),
    rule(
        "cve.2014-8989",
        &[EACCES],
        "A process could use a new user namespace to drop a group that denied it access to a file.",
        "CVE-2014-8989; kernel 273d2c67c3e1, 9cc46516ddf4, 66d2f338ee4c, 80dd00a23784",
    )
    .since("3.19"),
    rule(
        "cve.2015-8709",
        &[EACCES],
        "Root of a namespace could take over a process that entered the namespace with ids of the parent.",
        "CVE-2015-8709; kernel bfedb589252c: mm->user_ns",
    )
    .since("4.10"),
    rule(
        "cve.2018-7169",
        &[EPERM],
        "newgidmap mapped a user's own gid and left setgroups at \"allow\", so that the user could drop groups.",
        "CVE-2018-7169; shadow 4.6, newgidmap",
    ),
    rule(
        "cve.2018-18955",
        &[EPERM],
        "In a nested map of more than five extents, ids were translated to the wrong ids of the initial namespace.",
        "CVE-2018-18955; kernel d2f007dbe7e4",
    )
    .since("4.20"),
];

pub(super) const RACES: &[Rule] = &[
    rule(
        "race.two-writers",
        &[EPERM],
        "If two processes write one map at the same time, exactly one succeeds, and the map holds its text.",
        "kernel map_write(): userns_state_mutex",
    ),
    rule(
        "race.deny-and-gid-map",
        &[EPERM],
        "If \"deny\" and an unprivileged gid_map are written at the same time, the map succeeds only after \"deny\". With a privileged gid_map, \"deny\" succeeds only before the map.",
        "kernel 9cc46516ddf4: userns_state_mutex",
    )
    .since("3.19"),
    rule(
        "race.setgroups-and-deny",
        &[EPERM],
        "setgroups(2) succeeds only before \"deny\", or after gid_map under \"allow\", and never in between.",
        "kernel userns_may_setgroups(): userns_state_mutex",
    )
    .since("3.19"),
    rule(
        "race.reader",
        &[],
        "A process that reads a map during a write sees the empty map or the whole map.",
        "kernel map_write(): smp_wmb() before nr_extents",
    ),
    rule(
        "race.creators",
        &[ENOSPC],
        "If several processes create a namespace at the same time, exactly as many succeed as user.max_user_namespaces allows.",
        "namespaces(7), \"The /proc/sys/user directory\"; kernel inc_ucount(): atomic_long_inc_below()",
    )
    .since("4.9"),
];
