//! The commands that start a kernel, each in its own way.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use harness_program::protocol::{CHANNEL, INIT, TUN};

use crate::guests::bundle::{Asked, Bundle, plan_tree};
use crate::guests::guest::Over;
use crate::guests::initramfs::Tree;
use crate::guests::outcome::Programs;
use crate::kernels::options::Accelerator;
use crate::sys::architecture::Architecture;
use crate::sys::{packages, tools};

/// A kernel that can be started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The bzImage, the program that is the kernel, or the archive with the root of a distribution.
    pub kernel: PathBuf,
    /// What `uname -r` will say, where that is known beforehand.
    pub release: Option<String>,
    /// How it was built, where that is known: tests ask.
    pub config: Option<String>,
    /// The module for `/dev/net/tun`, uncompressed.
    pub tun: Option<Vec<u8>>,
    /// The package and its version, or where the file is.
    pub origin: String,
    /// The versions of the programs in a root.
    pub programs: Programs,
    /// For which machine it was built.
    pub architecture: Architecture,
}

/// What a guest's machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// MiB of memory.
    pub memory: u32,
    /// Processors, for a kernel that can have more than one.
    pub processors: u32,
}

impl Image {
    /// Whether the kernel is known to unpack a root that is compressed with gzip.
    fn unpacks_gzip(&self) -> bool {
        self.has("CONFIG_RD_GZIP=y")
    }

    /// Whether the kernel is known to be built so.
    fn has(&self, option: &str) -> bool {
        self.config.as_deref().is_some_and(|config| config.lines().any(|line| line == option))
    }
}

/// A kernel as a process. Its console is its standard output, its events come out of descriptor 0.
pub fn uml(image: &Image, root: &Path, work: &Path, machine: Machine) -> (Command, Over) {
    let mut command = Command::new(&image.kernel);
    command.args([
        format!("mem={}M", machine.memory),
        format!("initrd={}", root.display()),
        // Where it keeps its own notes, which would be left in the home directory.
        format!("uml_dir={}", work.display()),
        "con=null".to_owned(),
        "con0=null,fd:1".to_owned(),
        "ssl=null".to_owned(),
        "ssl0=null,fd:0".to_owned(),
        format!("{CHANNEL}/dev/ttyS0"),
        format!("rdinit={INIT}"),
        "panic=1".to_owned(),
        // Since 6.16 it can do without ptrace(2), which halves the price of a system call; before, no word to it.
        "seccomp=auto".to_owned(),
    ]);
    // Since 6.19 it can have more than one processor, where it is built so; before, no word to it.
    if machine.processors > 1 && image.has("CONFIG_SMP=y") {
        command.arg(format!("ncpus={}", machine.processors));
    }
    // The file that is its memory goes where temporary files go.
    command.current_dir(work).env_remove("LD_LIBRARY_PATH");
    (command, Over::Stdin)
}

/// A kernel under qemu. Its first serial line is the console, its second one is our standard output.
///
/// # Errors
/// When qemu is not installed.
pub fn qemu(
    image: &Image,
    root: &Path,
    console: &Path,
    accelerator: Accelerator,
    machine: Machine,
) -> Result<(Command, Over), String> {
    let (emulator, package) = image.architecture.qemu();
    let program = tools::find(emulator)
        .ok_or_else(|| format!("{emulator} is missing; {}", packages::advice(package)))?;
    let mut command = Command::new(program);
    let Board { machine: board, cpu, serial, words } = Board::of(image.architecture, accelerator);
    command.args(board);
    let (processors, memory) = (machine.processors.to_string(), machine.memory.to_string());
    // The translator has a thread for each processor by itself where host and guest order memory alike.
    command.args(["-accel", accelerator.word(), "-cpu", cpu, "-smp", &processors, "-m", &memory]);
    // No disk, no network, no monitor: nothing of the host can be reached.
    command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    // Appended, since qemu's own complaints go to the same file. A comma would end the path.
    let path = console.display().to_string().replace(',', ",,");
    command.arg("-chardev").arg(format!("file,id=console,path={path},append=on"));
    command.args(["-serial", "chardev:console"]).args(serial);
    command.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(root);
    // Debian's kernels clear all memory that they give out, which under TCG takes a fifth of the time.
    command.arg("-append").arg(format!("{words} panic=-1 mitigations=off init_on_alloc=0 rdinit={INIT}"));
    Ok((command, Over::Stdout))
}

/// What differs between the machines that qemu emulates.
struct Board {
    /// The options that choose the machine.
    machine: &'static [&'static str],
    cpu: &'static str,
    /// The options for a second serial line, which is standard output.
    serial: &'static [&'static str],
    /// The words to the kernel: the console, and the second line.
    words: String,
}

impl Board {
    fn of(architecture: Architecture, accelerator: Accelerator) -> Self {
        let kvm = accelerator == Accelerator::Kvm;
        match architecture {
            Architecture::X86_64 => Self {
                machine: &[],
                // Without a fifth level of page tables, which software would walk, too.
                cpu: if kvm { "host" } else { "max,la57=off" },
                serial: &["-serial", "stdio"],
                words: format!("console=ttyS0 tsc=reliable {CHANNEL}/dev/ttyS1"),
            },
            Architecture::Aarch64 => Self {
                machine: &["-machine", "virt"],
                // Pointers are not signed: software would compute each signature.
                cpu: if kvm { "host" } else { "max,pauth=off" },
                // The machine has one serial line of its own.
                serial: &["-chardev", "stdio,id=events,signal=off", "-device", "pci-serial,chardev=events"],
                words: format!("console=ttyAMA0 {CHANNEL}/dev/ttyS0"),
            },
        }
    }
}

/// gVisor, with the directory as its root. What is written to that stays in its memory.
pub fn gvisor(image: &Image, root: &Path, work: &Path) -> (Command, Over) {
    let mut command = Command::new(&image.kernel);
    command.arg(format!("--root={}", work.join("runsc").display()));
    command.args(["--network=none", "--ignore-cgroups"]);
    // It has a directory of its own, and leaves it where it is killed.
    command.env("TMPDIR", work);
    if !nix::unistd::geteuid().is_root() {
        command.arg("--rootless");
    }
    command.arg("do").arg("--root").arg(root).args([
        "--cwd",
        "/",
        "--",
        INIT,
        "play",
        harness_program::protocol::PLAN,
    ]);
    (command, Over::Stdout)
}

/// This host itself.
///
/// # Errors
/// When what it needs cannot be written.
pub fn host(bundle: &Bundle, asked: Asked<'_>, work: &Path) -> Result<(Command, Over), String> {
    let unpacked = bundle.unpack(work, asked)?;
    let mut command = Command::new(unpacked.program);
    command.arg("play").arg(unpacked.plan).current_dir(work);
    Ok((command, Over::Stdout))
}

/// Writes the root of a guest: what all of them have, and on top what this kernel brings.
///
/// # Errors
/// When it cannot be written, or something of the kernel cannot be read.
pub fn root(bundle: &Bundle, asked: Asked<'_>, image: &Image, to: &Path) -> Result<(), String> {
    root_with(bundle, &extras(bundle, asked, image)?, image, to)
}

/// As [`root`], with this tree on top.
///
/// # Errors
/// When it cannot be written.
pub fn root_with(bundle: &Bundle, on_top: &Tree, image: &Image, to: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("cannot write {}: {error}", to.display());
    let mut out = BufWriter::new(File::create(to).map_err(fail)?);
    match image.unpacks_gzip() {
        true => out.write_all(bundle.packed(image.architecture)?).map_err(fail)?,
        false => bundle.tree(image.architecture)?.archive(&mut out).map_err(fail)?,
    }
    on_top.archive(&mut out).map_err(fail)?;
    out.flush().map_err(fail)
}

/// The plan, and what belongs to one kernel alone.
///
/// # Errors
/// When the plan cannot be written.
pub fn extras(bundle: &Bundle, asked: Asked<'_>, image: &Image) -> Result<Tree, String> {
    let mut tree = plan_tree(&bundle.plan(asked))?;
    if let (Some(release), Some(config)) = (&image.release, &image.config) {
        tree.file(&format!("/boot/config-{release}"), 0o644, config.as_str());
    }
    if let Some(tun) = &image.tun {
        tree.file(TUN, 0o644, tun.as_slice());
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        command.get_args().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn user_mode_linux_gets_several_processors_only_if_it_can_have_them() {
        let image = |config: &str| Image { config: Some(config.to_owned()), ..Image::default() };
        let word = |config: &str, processors| {
            let machine = Machine { memory: 64, processors };
            let (command, _) = uml(&image(config), Path::new("/r"), Path::new("/w"), machine);
            words(&command).into_iter().find(|word| word.starts_with("ncpus="))
        };

        assert_eq!(word("CONFIG_SMP=y\n", 2).as_deref(), Some("ncpus=2"));
        assert_eq!(word("CONFIG_SMP=y\n", 1), None);
        assert_eq!(word("# CONFIG_SMP is not set\n", 2), None);
    }

    #[test]
    fn only_a_kernel_that_is_known_to_unpack_it_gets_a_packed_root() {
        let with = |config: Option<&str>| Image { config: config.map(str::to_owned), ..Image::default() };

        assert!(with(Some("CONFIG_A=y\nCONFIG_RD_GZIP=y\n")).unpacks_gzip());
        assert!(!with(Some("# CONFIG_RD_GZIP is not set\n")).unpacks_gzip());
        assert!(!with(None).unpacks_gzip());
    }
}
