//! What the first process of a kernel does before and after the tests.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use guest::{CHANNEL, TUN};
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use crate::{Channel, follow, plan_of_guest};

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

/// Prepares the guest, plays its plan, and switches it off.
pub fn run() -> ! {
    for (kind, at, options) in MOUNTS {
        if let Err(error) = mounted(kind, at, options) {
            eprintln!("guest: cannot mount {kind} on {at}: {error}");
        }
    }
    let _ = nix::unistd::sethostname("guest");
    // Where there is no module, the kernel has it built in, or tests that need it are skipped.
    if Path::new(TUN).exists()
        && let Err(error) = tun()
    {
        eprintln!("guest: no /dev/net/tun: {error}");
    }
    match channel() {
        Ok(mut channel) => {
            if let Err(error) = follow(plan_of_guest(), &mut channel) {
                eprintln!("guest: {error}");
            }
        }
        Err(error) => eprintln!("guest: {error}"),
    }
    nix::unistd::sync();
    let off = reboot(RebootMode::RB_POWER_OFF);
    // An init that ends makes its kernel panic, which is always noticed.
    panic!("the guest cannot be switched off: {off:?}");
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
    let mut channel = Channel(file);
    // What the line said before us is not ours: an empty line parts it from the first event.
    std::io::Write::write_all(&mut channel.0, b"\n").map_err(|error| format!("nobody listens: {error}"))?;
    Ok(channel)
}
