//! Making the root of a release the root of a process.
//!
//! A process whose root is not that of its mount namespace may not create user namespaces (EPERM), so chroot(2)
//! will not do: pivot_root(2) is called in a mount namespace. The files are in memory there; with the last
//! process they and all mounts are gone.

use std::path::Path;
use std::process::Command;

use crate::guests::bundle::{Asked, Bundle};

/// Arguments: an empty directory, the archive, the directory with the bundle, the program, the plan.
const SCRIPT: &str = r#"
root=$1 archive=$2 bundle=$3 program=$4 plan=$5
mount -t tmpfs -o mode=755 tmpfs "$root"
tar --extract --file "$archive" --directory "$root" --numeric-owner --xattrs --xattrs-include='*'
# At the path that it has outside: the plan names it so.
mkdir -p "$root$bundle"
cp -a "$bundle/." "$root$bundle"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mkdir "$root/outside"
cd "$root"
pivot_root . outside
cd /
umount -l /outside
rmdir /outside
exec "$program" play "$plan"
"#;

/// A command that plays the suite in a root. All that it needs is below `work`, an empty directory.
///
/// # Errors
/// When something cannot be written.
pub fn command(archive: &Path, bundle: &Bundle, asked: Asked<'_>, work: &Path) -> Result<Command, String> {
    let (root, below) = (work.join("root"), work.join("bundle"));
    for dir in [&root, &below] {
        std::fs::create_dir(dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
    }
    let unpacked = bundle.unpack(&below, asked)?;
    let mut command = Command::new("unshare");
    // A namespace of processes, too: with its first one all of them end.
    command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    command.args(["sh", "-euc", SCRIPT, "sh"]).arg(&root).arg(archive);
    command.args([&below, &unpacked.program, &unpacked.plan]);
    command.current_dir("/");
    Ok(command)
}
