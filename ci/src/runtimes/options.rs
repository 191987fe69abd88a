//! What can be said to `cargo ci runtimes`.

use clap::Args;

use crate::field::options::FieldOptions;

/// Below the options in its help.
pub const AFTER: &str = "\
Examples:
  cargo ci runtimes --list                     the rows of ci/runtimes.toml, each with its command line
  cargo ci runtimes --only 'runc*'             one runtime, in each way that a row uses it
  cargo ci runtimes --release sid --keep seen  keep the trace and the output of each run below seen/
  cargo ci runtimes --accept                   keep what was seen as the reviewed snapshots; then read `git diff`
  cargo ci runtimes --write                    write docs/runtimes.md from the rows and the snapshots

Each runtime is run for real, by root, by a user with lines in /etc/subuid and /etc/subgid, or by a user without. It
starts a probe, which reads uid_map, gid_map, setgroups and its groups, calls setgroups(2) and runs sudo. strace records
which process writes which bytes to the three files, and what the kernel answers.

Checks:
  runtime.setgroups-allowed  /proc/self/setgroups reads \"allow\"
  runtime.groups-asked-for   the process has each supplementary group that was asked for
  runtime.groups-kept        it has no group of the caller that was not asked for
  runtime.sudo-works         root of the container becomes another user with sudo
  runtime.whole-range        a range of ids that was asked for is there

A row names the checks that it does not pass, with the reason; a check that passes unexpectedly is a finding. What was
seen is compared with the reviewed snapshot of this version (ci/runtimes/), and the answer to each write with the model.

Needs root. Installs nothing on the host, unless --setup is given: then mmdebstrap.

Exit status: 0 all as reviewed and known, 1 something differs, 2 a row could not run, or nothing ran.";

/// Options of `cargo ci runtimes`.
#[derive(Args, Clone, Debug, Default)]
pub struct RuntimesOptions {
    /// What the command for programs takes, too.
    #[command(flatten)]
    pub field: FieldOptions,
}
