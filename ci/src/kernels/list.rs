//! The kernels that can be asked for: rows of `ci/kernels.toml`, and files of the caller's.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::guests::json;
use crate::guests::start::Start;
use crate::sys::architecture::Architecture;

/// The rows, as they were when this program was built: cargo builds it anew when they change.
const ROWS: &str = include_str!("../../kernels.toml");

/// A package of a release of Debian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// The release, by its code name.
    pub suite: String,
    /// The package's name.
    pub name: String,
}

/// Where a kernel is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From Debian's archive.
    Package(Package),
    /// A root that is made of the packages of this release of Debian.
    Release(String),
    /// From a file of the caller's.
    File(PathBuf),
    /// It is there.
    Here,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is called and selected by.
    pub name: String,
    /// How it is started.
    pub start: Start,
    /// Where it comes from.
    pub source: Source,
    /// What its release has to begin with; empty if that is open.
    pub release: String,
    /// The architecture of its machine.
    pub architecture: Architecture,
    /// Whether it runs only where it is asked for by its name.
    pub by_name: bool,
}

#[derive(Deserialize)]
struct Table {
    kernel: Vec<Written>,
    #[serde(default)]
    distribution: Vec<Written>,
}

/// A row as it is written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    start: Start,
    suite: Option<String>,
    package: Option<String>,
    #[serde(default)]
    release: String,
    #[serde(default)]
    architecture: Architecture,
    #[serde(default)]
    by_name: bool,
}

/// All rows of `ci/kernels.toml`.
///
/// # Errors
/// When the file is written wrongly; the message names the row.
pub fn all() -> Result<Vec<Row>, String> {
    parse(ROWS)
}

fn parse(text: &str) -> Result<Vec<Row>, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("ci/kernels.toml: {error}"))?;
    let rows: Vec<Row> =
        table.kernel.into_iter().chain(table.distribution).map(row).collect::<Result<_, _>>()?;
    let mut names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(format!("ci/kernels.toml: two rows are called {}", two[0])),
        None => Ok(rows),
    }
}

fn row(written: Written) -> Result<Row, String> {
    let Written { name, start, suite, package, release, architecture, by_name } = written;
    if architecture != Architecture::X86_64 && start != Start::Qemu {
        return Err(format!("ci/kernels.toml: {name} is for another architecture and needs qemu"));
    }
    // A distribution is no kernel.
    let by_name = by_name || start == Start::Rootfs;
    let source = match (start, suite, package) {
        (Start::Host, None, None) => Source::Here,
        (Start::Host, ..) => return Err(format!("ci/kernels.toml: {name} is this host and has no package")),
        (Start::Rootfs, Some(suite), None) => Source::Release(suite),
        (Start::Rootfs, ..) => return Err(format!("ci/kernels.toml: {name} needs a suite and no package")),
        (_, Some(suite), Some(package)) => Source::Package(Package { suite, name: package }),
        _ => return Err(format!("ci/kernels.toml: {name} needs a suite and a package")),
    };
    Ok(Row { name, start, source, release, architecture, by_name })
}

/// The rows that can be asked for.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let from = match &row.source {
            Source::Package(package) => format!("{} of Debian {}", package.name, package.suite),
            Source::Release(release) => format!("the programs of Debian {release}"),
            Source::File(file) => file.display().to_string(),
            Source::Here => "the kernel that is running".to_owned(),
        };
        let asked = if row.by_name { "; only by its name" } else { "" };
        let _ = writeln!(text, "{:<12} {:<7} {from}{asked}", row.name, row.start.word());
    }
    text
}

/// The rows as JSON: one object a kernel, in a list.
///
/// # Errors
/// When they cannot be written.
pub fn json(rows: &[Row]) -> Result<String, String> {
    let row = |row: &Row| {
        let (suite, package, file) = match &row.source {
            Source::Package(package) => (Some(&package.suite), Some(&package.name), None),
            Source::Release(release) => (Some(release), None, None),
            Source::File(file) => (None, None, Some(file)),
            Source::Here => (None, None, None),
        };
        json!({"name": row.name, "start": row.start, "suite": suite, "package": package, "file": file,
               "release": row.release, "architecture": row.architecture.word(), "by_name": row.by_name})
    };
    json::text(&Value::Array(rows.iter().map(row).collect()))
}

/// The rows that are asked for: the one of that name, or else those whose names begin so, in the order of the file, and the caller's
/// files. A file alone stands for itself, nothing at all for every kernel.
///
/// # Errors
/// When no name begins so, or a file is no kernel that can be started here.
pub fn select(rows: &[Row], only: &[String], files: &[PathBuf]) -> Result<Vec<Row>, String> {
    if let Some(unknown) =
        only.iter().find(|name| !rows.iter().any(|row| row.name.starts_with(name.as_str())))
    {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        return Err(format!("no kernel's name begins with {unknown:?}; there are {}", names.join(", ")));
    }
    let everything = only.is_empty() && files.is_empty();
    // A whole name stands for one kernel, also where another's begins so: uml-6.1 and uml-6.12.
    let whole = |name: &str| rows.iter().any(|row| row.name == name);
    let means =
        |name: &str, row: &Row| if whole(name) { row.name == name } else { row.name.starts_with(name) };
    let asked = |row: &&Row| (everything && !row.by_name) || only.iter().any(|name| means(name, row));
    let mut selected: Vec<Row> = rows.iter().filter(asked).cloned().collect();
    for file in files {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let same = selected.iter().filter(|row| row.name.trim_end_matches(char::is_numeric) == name).count();
        let name = if same == 0 { name } else { format!("{name}{}", same + 1) };
        let start = recognise(file)?;
        // A guest's process works in a directory of its own.
        let file = file.canonicalize().map_err(|error| format!("no kernel {}: {error}", file.display()))?;
        let (source, release, architecture) = (Source::File(file), String::new(), Architecture::X86_64);
        selected.push(Row { name, start, source, release, architecture, by_name: false });
    }
    Ok(selected)
}

/// Tells a bzImage from User-Mode Linux by what the file begins with.
fn recognise(file: &Path) -> Result<Start, String> {
    let shown = file.display();
    let mut head = Vec::new();
    File::open(file)
        .and_then(|file| file.take(4096).read_to_end(&mut head))
        .map_err(|error| format!("cannot read the kernel {shown}: {error}"))?;
    // Source: Documentation/arch/x86/boot.rst, the field `header`.
    if head.get(0x202..0x206) == Some(b"HdrS") {
        return Ok(Start::Qemu);
    }
    if !head.starts_with(b"\x7fELF") {
        return Err(format!("{shown} is neither a bzImage for x86-64 nor a User-Mode Linux program"));
    }
    // The entry of a vmlinux is a physical address below 32 MiB; a program's is where it is linked.
    let entry = head.get(0x18..0x20).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    let machine = head.get(0x12..0x14);
    match (machine, entry) {
        (Some([62, 0]), 0x0200_0000..) => Ok(Start::Uml),
        (Some([62, 0]), _) => {
            Err(format!("{shown} is a vmlinux, which cannot be booted; give arch/x86/boot/bzImage"))
        }
        _ => Err(format!("{shown} is for another processor; only x86-64 can be started here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn the_file_is_right_and_rows_are_selected_by_how_they_begin() -> Result<(), String> {
        let rows = all()?;

        // Nothing stands for all kernels but those that are asked for by their names, as distributions are.
        let kernels: Vec<Row> = rows.iter().filter(|row| !row.by_name).cloned().collect();
        assert_eq!(select(&rows, &[], &[])?, kernels);
        assert_eq!(names(&select(&rows, &["trixie".into()], &[])?), ["trixie"]);
        assert_eq!(names(&select(&rows, &["uml".into(), "host".into()], &[])?).len(), 5);
        assert_eq!(names(&select(&rows, &["debian-5.10".into()], &[])?), ["debian-5.10"]);
        assert_eq!(names(&select(&rows, &["uml-6.1".into()], &[])?), ["uml-6.1"]);
        let message = select(&rows, &["bsd".into()], &[]).err().unwrap_or_default();
        assert!(message.contains("\"bsd\"") && message.contains("uml-7.2"), "{message}");
        Ok(())
    }

    #[test]
    fn rows_that_are_written_wrongly_are_named() {
        let lies = [
            ("[[kernel]]\nname = 'a'\nstart = 'uml'\nsuite = 'sid'\n", "a needs a suite and a package"),
            ("[[kernel]]\nname = 'a'\nstart = 'host'\nsuite = 'sid'\n", "a is this host"),
            ("[[kernel]]\nname='a'\nstart='uml'\narchitecture='aarch64'\n", "another architecture"),
            ("[[kernel]]\nname = 'a'\nstart = 'cloud'\n", "unknown variant `cloud`"),
            ("[[kernel]]\nname = 'a'\nstart = 'host'\nspeed = 1\n", "unknown field `speed`"),
            ("[[kernel]]\nname='a'\nstart='host'\n[[kernel]]\nname='a'\nstart='host'\n", "two rows"),
        ];
        for (text, expected) in lies {
            let message = parse(text).err().unwrap_or_default();
            assert!(message.contains(expected), "no {expected:?} in {message:?}");
        }
    }

    fn image(bytes: &[(usize, &[u8])]) -> std::io::Result<tempfile::NamedTempFile> {
        let mut image = vec![0; 0x300];
        for (at, what) in bytes {
            image[*at..at + what.len()].copy_from_slice(what);
        }
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), image)?;
        Ok(file)
    }

    #[test]
    fn a_file_is_recognised_by_what_it_holds() -> std::io::Result<()> {
        let elf = |entry: u64, machine: u8| {
            image(&[(0, b"\x7fELF\x02"), (0x12, &[machine]), (0x18, &entry.to_le_bytes())])
        };

        assert_eq!(recognise(image(&[(0x202, b"HdrS")])?.path()), Ok(Start::Qemu));
        assert_eq!(recognise(elf(0x6000_0000, 62)?.path()), Ok(Start::Uml));
        let why = |file: tempfile::NamedTempFile| recognise(file.path()).err().unwrap_or_default();
        assert!(why(elf(0x100_0000, 62)?).contains("give arch/x86/boot/bzImage"));
        assert!(why(elf(0x6000_0000, 183)?).contains("another processor"));
        assert!(why(image(&[])?).contains("neither a bzImage"));
        Ok(())
    }
}
