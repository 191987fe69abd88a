//! Faults of the past, each fixed by a rule whose return the suite must notice; and races.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EINVAL, ENOSPC, EPERM};

pub(super) const VULNERABILITIES: &[Rule] = &[
    rule(
        "cve.2013-1858",
        &[EINVAL],
        "A child in a new user namespace could chroot its parent, with which it shared a root directory.",
        "CVE-2013-1858; kernel e66eded8309e",
    )
    .since("3.9"),
    rule(
        "cve.2013-1956",
        &[EPERM],
        "A chrooted process could leave its root by way of a new namespace.",
        "CVE-2013-1956; kernel 3151527ee007",
    )
    .since("3.9"),
    rule(
        "cve.2013-1959",
        &[EPERM],
        "An unprivileged opener could have a privileged process write any map.",
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
        "A process could drop a group that denied it a file by way of a new namespace.",
        "CVE-2014-8989; kernel 273d2c67c3e1, 9cc46516ddf4, 66d2f338ee4c, 80dd00a23784",
    )
    .since("3.19"),
    rule(
        "cve.2015-8709",
        &[EACCES],
        "Root of a namespace could take over a process that entered it with ids of the parent.",
        "CVE-2015-8709; kernel bfedb589252c: mm->user_ns",
    )
    .since("4.10"),
    rule(
        "cve.2018-7169",
        &[EPERM],
        "newgidmap let a user drop groups by mapping its own gid and leaving setgroups at \"allow\".",
        "CVE-2018-7169; shadow 4.6, newgidmap",
    ),
    rule(
        "cve.2018-18955",
        &[EPERM],
        "In a nested map of more than five extents ids led to those of the initial namespace.",
        "CVE-2018-18955; kernel d2f007dbe7e4",
    )
    .since("4.20"),
];

pub(super) const RACES: &[Rule] = &[
    rule(
        "race.two-writers",
        &[EPERM],
        "Of two processes that write one map at a time exactly one succeeds, and the map is what that one wrote.",
        "kernel map_write(): userns_state_mutex",
    ),
    rule(
        "race.deny-and-gid-map",
        &[EPERM],
        "Of \"deny\" and an unprivileged gid_map at a time the map succeeds after \"deny\" alone; of \"deny\" and a privileged one \"deny\" before the map alone.",
        "kernel 9cc46516ddf4: userns_state_mutex",
    )
    .since("3.19"),
    rule(
        "race.setgroups-and-deny",
        &[EPERM],
        "setgroups(2) that succeeds does so before \"deny\" or after gid_map under \"allow\", never between.",
        "kernel userns_may_setgroups(): userns_state_mutex",
    )
    .since("3.19"),
    rule(
        "race.reader",
        &[],
        "A reader during a write sees the empty map or the whole one.",
        "kernel map_write(): smp_wmb() before nr_extents",
    ),
    rule(
        "race.creators",
        &[ENOSPC],
        "Of several processes that create a namespace at a time as many succeed as user.max_user_namespaces has room for.",
        "namespaces(7), \"The /proc/sys/user directory\"; kernel inc_ucount(): atomic_long_inc_below()",
    )
    .since("4.9"),
];
