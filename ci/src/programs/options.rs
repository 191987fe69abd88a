//! What can be said to `cargo ci programs`.

use clap::Args;

use crate::field::options::FieldOptions;

/// Below the options in its help.
pub const AFTER: &str = "\
Examples:
  cargo ci programs --list                     the rows of ci/programs.toml, each with its command line
  cargo ci programs --only 'su*'               sudo, su and their kin, in bookworm, trixie and sid
  cargo ci programs --release trixie           all programs of one release
  cargo ci programs --only nginx --keep seen   keep the trace and the output of each run below seen/
  cargo ci programs --accept                   keep what was seen as the reviewed snapshots; then read `git diff`
  cargo ci programs --write                    write docs/programs.md from the rows and the snapshots

Each program is run for real, as root of a user namespace with the groups 0, 27 and 1000, in five states:

  allow         a range of ids, setgroups \"allow\"
  deny          a range of ids, setgroups \"deny\"
  one-id-deny   one id, setgroups \"deny\"
  one-id-allow  one id, setgroups \"allow\"
  no-gid-map    a range of uids, and no gid map

The root of the program is a release of Debian, unpacked from signed packages into the cache and copied in memory for
each run. strace, outside the namespace, records the calls that set ids and groups. The columns of the result come from
this trace, from /proc/PID/status of what was run, and from the exit status. The verdict on a state is one of

  works           the command ran as under \"allow\"
  never asks      it ran with the old groups: the program makes no call of setgroups(2)
  refuses         it did not run
  warns           it ran although a call was refused, and the program printed a message
  keeps silently  it ran although a call was refused, and the program printed nothing
  stays root      of a daemon: its processes go on without becoming the user

Two things are compared: what was seen, with the reviewed snapshot of this version (ci/programs/); and the first refused
call, with the one that the model of the rules predicts from the order of the calls under \"allow\". A program whose version
is not reviewed has to behave as the reviewed version before it.

Needs root. Installs nothing on the host, unless --setup is given: then mmdebstrap.

Exit status: 0 all as reviewed and predicted, 1 something differs, 2 a row could not run, or nothing ran.";

/// Options of `cargo ci programs`.
#[derive(Args, Clone, Debug, Default)]
pub struct ProgramsOptions {
    /// What the command for runtimes takes, too.
    #[command(flatten)]
    pub field: FieldOptions,
}
