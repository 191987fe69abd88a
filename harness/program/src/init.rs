//! What the first process of a kernel does before and after the tests.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot, set_cad_enabled};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use crate::channel::Channel;
use crate::plan::{PATH, follow};
use crate::protocol::{CHANNEL, PLAN, TUN};

/// What is mounted where, with which options. What a kernel lacks stays away; the tests' needs notice.
const MOUNTS: [(&str, &str, &str); 7] = [
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", ""),
    ("devpts", "/dev/pts", "mode=620,ptmxmode=666"),
    ("tmpfs", "/dev/shm", "mode=1777"),
    ("tmpfs", "/tmp", "mode=1777"),
    ("tmpfs", "/run", "mode=755"),
];

/// What runs if the kernel's command line names no arguments (after `--`) and there is no plan.
const UNASKED: [&str; 3] = ["run", "--format", "ktap"];

/// Whether this process is the init of a kernel, which it may prepare and switch off. The first process of a PID namespace has
/// the id 1, too. The kernel refuses it reboot(2), but for what ends the namespace: enabling Ctrl-Alt-Delete, as it is at
/// first, gives EINVAL there.
///
/// Source: reboot(2); kernel reboot_pid_ns().
pub fn is_for_us() -> bool {
    std::process::id() == 1 && std::os::unix::process::parent_id() == 0 && set_cad_enabled(true).is_ok()
}

/// Prepares the guest, plays its plan or runs what the kernel's command line names, and switches it off.
pub fn run(arguments: &[String]) -> ! {
    for (kind, at, options) in MOUNTS {
        if let Err(error) = mounted(kind, at, options) {
            eprintln!("userns-suite: cannot mount {kind} on {at}: {error}");
        }
    }
    let _ = nix::unistd::sethostname("guest");
    // Where there is no module, the kernel has it built in, or tests that need it are skipped.
    if Path::new(TUN).exists()
        && let Err(error) = tun()
    {
        eprintln!("userns-suite: no /dev/net/tun: {error}");
    }
    let done = match Path::new(PLAN).exists() {
        true => channel().and_then(|mut channel| follow(Path::new(PLAN), &mut channel)),
        false => alone(arguments),
    };
    if let Err(error) = done {
        eprintln!("userns-suite: {error}");
    }
    nix::unistd::sync();
    let off = reboot(RebootMode::RB_POWER_OFF);
    // An init that ends makes its kernel panic, which is always noticed.
    panic!("the guest cannot be switched off: {off:?}");
}

/// Runs this program once more, with these arguments: its result is on the console.
fn alone(arguments: &[String]) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("cannot run this program: {error}");
    let mut command = Command::new(std::env::current_exe().map_err(fail)?);
    command.env("PATH", PATH).env("HOME", "/root").env("TMPDIR", "/tmp");
    let asked = asked(arguments);
    match asked.is_empty() {
        true => command.args(UNASKED),
        false => command.args(asked),
    };
    let status = command.status().map_err(fail)?;
    println!("userns-suite: ended with {status}");
    Ok(())
}

/// The arguments without the words that User-Mode Linux appends for itself, also after "--", where they are not given.
///
/// Source: kernel arch/um/kernel/um_arch.c, linux_main().
fn asked(arguments: &[String]) -> Vec<&String> {
    arguments.iter().filter(|word| !["root=", "console="].iter().any(|own| word.starts_with(own))).collect()
}

fn mounted(kind: &str, at: &str, options: &str) -> std::io::Result<()> {
    fs::create_dir_all(at)?;
    mount(Some(kind), at, Some(kind), MsFlags::empty(), Some(options))?;
    Ok(())
}

fn tun() -> std::io::Result<()> {
    finit_module(File::open(TUN)?, c"", ModuleInitFlags::empty())?;
    let device = "/dev/net/tun";
    fs::create_dir_all("/dev/net")?;
    if !Path::new(device).exists() {
        mknod(device, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(10, 200))?;
    }
    fs::set_permissions(device, Permissions::from_mode(0o666))
}

/// The serial line that the kernel's command line names, so set that it passes bytes on as they are.
fn channel() -> Result<Channel, String> {
    let line = fs::read_to_string("/proc/cmdline").map_err(|error| format!("no /proc/cmdline: {error}"))?;
    let device = line.split_whitespace().find_map(|word| word.strip_prefix(CHANNEL));
    let device = device.ok_or(format!("no {CHANNEL} on the kernel's command line"))?;
    let opened = File::options().write(true).read(true).open(device);
    let file = opened.map_err(|error| format!("cannot open {device}: {error}"))?;
    if let Ok(mut settings) = tcgetattr(&file) {
        cfmakeraw(&mut settings);
        tcsetattr(&file, SetArg::TCSANOW, &settings)
            .map_err(|error| format!("cannot set {device}: {error}"))?;
    }
    let mut channel = Channel::to(file);
    // What the line said before us is not ours: an empty line parts it from the first event.
    channel.write("\n")?;
    Ok(channel)
}

#[cfg(test)]
mod tests {
    use super::asked;

    /// Both words were seen: the second where the kernel is given no console by its command line.
    #[test]
    fn words_that_user_mode_linux_appends_are_not_asked_for() {
        let words = ["run", "map_", "root=98:0", "console=tty0"].map(str::to_owned);

        assert_eq!(asked(&words), ["run", "map_"]);
        assert!(asked(&words[2..]).is_empty());
    }
}
