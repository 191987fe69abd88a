//! A kernel from a file: what it is called, and how it was built.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::guests::start::Start;
use crate::kernels::launch::Image;
use crate::sys::process;

/// Asking a program for its version or configuration.
const QUICK: Duration = Duration::from_secs(20);

/// What a kernel cannot be asked without. `ci/guest.config` has all that the suite needs.
const NEEDED: [&str; 4] = ["CONFIG_BLK_DEV_INITRD", "CONFIG_DEVTMPFS", "CONFIG_TMPFS", "CONFIG_PROC_FS"];

/// A kernel that the caller built.
///
/// # Errors
/// When it cannot be read, is a program that does not start, or is known to be built without what the suite needs.
pub fn of_file(file: &Path, start: Start) -> Result<Image, String> {
    let image = image_of(file, start)?;
    match image.config.as_deref().map(lacks).unwrap_or_default().as_slice() {
        [] => Ok(image),
        lacks => Err(format!(
            "{} cannot be asked: it is built without {}; ci/guest.config is a fragment with all that the suite needs, see \
             docs/kernel-developers.md",
            file.display(),
            lacks.join(", ")
        )),
    }
}

/// The options that a kernel of this configuration lacks, of those that it cannot be asked without.
fn lacks(config: &str) -> Vec<&'static str> {
    let set: BTreeSet<&str> = config.lines().filter_map(|line| line.trim().strip_suffix("=y")).collect();
    NEEDED.into_iter().filter(|option| !set.contains(option)).collect()
}

fn image_of(file: &Path, start: Start) -> Result<Image, String> {
    let origin = file.display().to_string();
    if start == Start::Uml {
        return of_uml(file, origin);
    }
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    // Where a build leaves it: arch/x86/boot/bzImage, with .config at the top.
    let config = file.ancestors().nth(4).and_then(|top| fs::read_to_string(top.join(".config")).ok());
    Ok(Image {
        kernel: file.to_owned(),
        release: release_of_bzimage(&bytes),
        config,
        origin,
        ..Image::default()
    })
}

/// A kernel that is a program.
///
/// # Errors
/// When it does not start: what it said.
pub fn of_uml(kernel: &Path, origin: String) -> Result<Image, String> {
    let release = asked(kernel, "--version")?.trim().to_owned();
    let config = asked(kernel, "--showconfig").ok().filter(|text| text.contains("CONFIG_"));
    Ok(Image { kernel: kernel.to_owned(), release: Some(release), config, origin, ..Image::default() })
}

fn asked(kernel: &Path, what: &str) -> Result<String, String> {
    let mut command = Command::new(kernel);
    let output = process::capture(command.arg(what), QUICK)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("`{}` failed ({}): {}", process::show(&command), output.status, output.stderr.trim()))
}

/// The version that a bzImage carries in its header.
///
/// Source: Documentation/arch/x86/boot.rst, the field `kernel_version`.
fn release_of_bzimage(bytes: &[u8]) -> Option<String> {
    let offset = u16::from_le_bytes(bytes.get(0x20e..0x210)?.try_into().ok()?);
    let text = bytes.get(usize::from(offset) + 0x200..)?;
    let text = text.get(..text.iter().take(256).position(|byte| *byte == 0)?)?;
    let release = std::str::from_utf8(text).ok()?.split_whitespace().next()?;
    (offset != 0).then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bzimage_tells_its_release() {
        let mut image = vec![0; 0x400];
        image[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
        image[0x300..0x313].copy_from_slice(b"7.3.4+deb13 (build)");

        assert_eq!(release_of_bzimage(&image).as_deref(), Some("7.3.4+deb13"));
        assert_eq!(release_of_bzimage(&[0; 0x400]), None);
        assert_eq!(release_of_bzimage(&[]), None);
    }

    #[test]
    fn a_kernel_that_cannot_take_the_suite_is_known_before_it_boots() {
        let whole = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_DEVTMPFS=y\nCONFIG_TMPFS=y\nCONFIG_PROC_FS=y\n";

        assert!(lacks(whole).is_empty());
        let without = whole.replace("CONFIG_BLK_DEV_INITRD=y", "# CONFIG_BLK_DEV_INITRD is not set");
        assert_eq!(lacks(&without), ["CONFIG_BLK_DEV_INITRD"]);
        let fragment = include_str!("../../guest.config");
        assert!(lacks(fragment).is_empty());
    }

    #[test]
    fn a_program_that_is_no_kernel_is_named_with_what_it_said() {
        let words = of_uml(Path::new("/bin/false"), String::new()).err().unwrap_or_default();

        assert!(words.starts_with("`false --version` failed"), "{words}");
    }
}
