//! Packages of any release of Debian, fetched by this host's apt into a directory of our own.
//!
//! Each release has lists, configuration and status of its own there, so that nothing of the host's apt is
//! read but what says how to reach a mirror, and nothing of it is changed. apt checks the signature of the
//! release, and through it the sum of each package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::sys::architecture::Architecture;
use crate::sys::packages;
use crate::sys::process::{self, Captured};

/// Where Debian's keys are, whatever the host's distribution.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];
/// The names by which a host's configuration may call a release of Debian.
const RELEASES: [&str; 12] = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "experimental",
];
/// The program that fetches a file and goes on where an earlier attempt stopped, which `apt-get` does not.
pub const HELPER: &str = "/usr/lib/apt/apt-helper";
/// The lists of a release over a slow line.
const LISTS: Duration = Duration::from_secs(600);
/// A package over a slow line.
const PACKAGE: Duration = Duration::from_secs(1800);
/// What only reads files.
const QUICK: Duration = Duration::from_secs(60);

/// Where packages come from, and who vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The address, as in a list of sources.
    pub address: String,
    /// The keys.
    pub keyring: PathBuf,
}

impl Mirror {
    /// The mirror and keyring that are given, or else the host's.
    ///
    /// # Errors
    /// When there is none; the message says what to do.
    pub fn find(address: Option<&str>, keyring: Option<&Path>) -> Result<Self, String> {
        let address = address.map_or_else(address_of_host, |address| Ok(address.to_owned()))?;
        let keyring = match keyring {
            Some(given) if given.is_file() => given.to_owned(),
            Some(given) => return Err(format!("the keyring {} is missing", given.display())),
            None => self::keyring().ok_or_else(no_keyring)?,
        };
        // apt's own files hold both as they are: a blank or a bracket would mean something else there.
        let plain = |text: &str| !text.contains(['"', ' ', '[', ']', '\n', '\t']);
        if !plain(&address) || !plain(&keyring.to_string_lossy()) {
            return Err(format!("apt cannot be told of the mirror {address:?} or of {}", keyring.display()));
        }
        Ok(Self { address, keyring })
    }
}

/// The keyring of Debian's archive, if it is installed.
pub fn keyring() -> Option<PathBuf> {
    KEYRINGS.iter().map(PathBuf::from).find(|keyring| keyring.is_file())
}

fn no_keyring() -> String {
    format!("the keyring of Debian's archive is missing; {}", packages::advice("debian-archive-keyring"))
}

fn address_of_host() -> Result<String, String> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]);
    let output = process::capture(&mut command, QUICK)?;
    debian_of(&output.stdout).ok_or_else(|| {
        "apt on this host has no mirror of Debian configured; name one with --mirror URL".to_owned()
    })
}

/// The first address that has a release of Debian; security fixes have an archive of their own.
fn debian_of(targets: &str) -> Option<String> {
    targets.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [address, release, "main"] if RELEASES.contains(&release) => {
            Some(address.trim_end_matches('/').to_owned())
        }
        _ => None,
    })
}

/// One package of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    depends: Vec<String>,
}

/// A release of Debian as apt knows it.
#[derive(Debug)]
pub struct Archive {
    dir: PathBuf,
    suite: String,
}

impl Archive {
    /// Prepares a directory below `cache` for a release; nothing is fetched.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(
        cache: &Path,
        suite: &str,
        architecture: Architecture,
        mirror: &Mirror,
    ) -> Result<Self, String> {
        let name = match architecture {
            Architecture::X86_64 => suite.to_owned(),
            other => format!("{suite}-{}", other.in_debian()),
        };
        let archive = Self { dir: cache.join("apt").join(name), suite: suite.to_owned() };
        let at = archive.dir.display();
        if at.to_string().contains('"') {
            return Err(format!("apt cannot be told of the directory {at}"));
        }
        let source = format!(
            "deb [arch={} target=Packages signed-by={}] {} {suite} main\n",
            architecture.in_debian(),
            mirror.keyring.display(),
            mirror.address
        );
        let fail = |error: std::io::Error| format!("cannot write below {at}: {error}");
        for dir in ["lists/partial", "archives/partial", "debs/partial"] {
            fs::create_dir_all(archive.dir.join(dir)).map_err(fail)?;
        }
        for (name, text) in [
            ("conf", configuration(&archive.dir, architecture.in_debian())),
            ("sources.list", source),
            ("status", String::new()),
        ] {
            fs::write(archive.dir.join(name), text).map_err(fail)?;
        }
        Ok(archive)
    }

    fn ask(&self, program: &str, arguments: &[&str], limit: Duration) -> Result<Captured, String> {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.dir.join("conf")).args(arguments).env("LC_ALL", "C");
        // The directory is given by -c; a file that the caller's environment names would come first.
        process::capture(command.env_remove("APT_CONFIG"), limit)
    }

    /// Fetches the lists of the release and checks its signature.
    ///
    /// # Errors
    /// When they cannot be fetched or the signature is not one of the keyring's.
    pub fn update(&self) -> Result<(), String> {
        let output = self.ask("apt-get", &["update"], LISTS)?;
        let failure = complaints(&output);
        // apt makes do with earlier lists where a signature is bad, and only warns.
        match output.status.success() && failure.is_empty() {
            true => Ok(()),
            false => Err(format!("the lists of Debian {}: {}", self.suite, or_status(failure, &output))),
        }
    }

    /// A package, and of those that it depends on the ones that are wanted, and so on.
    ///
    /// # Errors
    /// When the release does not have one of them.
    pub fn resolve(&self, name: &str, wanted: fn(&str) -> bool) -> Result<Vec<Package>, String> {
        let mut found: Vec<Package> = Vec::new();
        let mut asked = vec![name.to_owned()];
        while let Some(name) = asked.pop() {
            if found.iter().any(|package| package.name == name) {
                continue;
            }
            let output = self.ask("apt-cache", &["show", "--no-all-versions", &name], QUICK)?;
            let package = record(&output.stdout).ok_or_else(|| {
                format!("Debian {} has no package {name}: {}", self.suite, output.stderr.trim())
            })?;
            asked.extend(package.depends.iter().filter(|name| wanted(name)).cloned());
            found.push(package);
        }
        Ok(found)
    }

    /// Fetches a package, going on where an earlier attempt stopped.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not what the release's lists say.
    pub fn fetch(&self, package: &Package) -> Result<PathBuf, String> {
        let Package { name, version, .. } = package;
        let what = format!("{name}={version}");
        let output = self.ask("apt-get", &["download", "--print-uris", &what], QUICK)?;
        let (address, file, sum) = place(&output.stdout)
            .ok_or_else(|| format!("apt does not tell where {what} is: {}", output.stderr.trim()))?;
        let whole = self.dir.join("debs").join(&file);
        if whole.is_file() {
            return Ok(whole);
        }
        let part = self.dir.join("debs/partial").join(&file);
        let output =
            self.ask(HELPER, &["download-file", &address, &part.to_string_lossy(), &sum], PACKAGE)?;
        if !output.status.success() {
            return Err(format!("the package {what}: {}", or_status(complaints(&output), &output)));
        }
        // Only what was checked gets here.
        fs::rename(&part, &whole).map_err(|error| format!("cannot keep {}: {error}", whole.display()))?;
        Ok(whole)
    }
}

/// How apt works in a directory of its own. `#clear` takes back what the host's configuration runs after an
/// update, which is about the host.
fn configuration(dir: &Path, architecture: &str) -> String {
    let at = dir.display();
    format!(
        r##"Dir::State "{at}";
Dir::State::lists "{at}/lists";
Dir::State::status "{at}/status";
Dir::Cache "{at}";
Dir::Cache::archives "{at}/archives";
Dir::Etc::sourcelist "{at}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Proxy::127.0.0.1 "DIRECT";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"##
    )
}

/// Unpacks a package below a directory; none of its scripts is run.
///
/// # Errors
/// When it cannot be unpacked.
pub fn unpack(package: &Path, below: &Path) -> Result<(), String> {
    let mut command = Command::new("dpkg-deb");
    let output = process::capture(command.arg("-x").arg(package).arg(below), LISTS)?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`{}` failed ({}): {}", process::show(&command), output.status, output.stderr.trim()))
}

/// What apt complains about, in one line.
fn complaints(output: &Captured) -> String {
    let complains = |line: &&str| line.starts_with("E:") || line.starts_with("W:");
    output.stderr.lines().filter(complains).map(|line| line[2..].trim()).collect::<Vec<_>>().join("; ")
}

fn or_status(complaints: String, output: &Captured) -> String {
    if complaints.is_empty() { format!("apt failed ({})", output.status) } else { complaints }
}

/// The first record of what `apt-cache show` prints.
fn record(text: &str) -> Option<Package> {
    let first = text.split("\n\n").next()?;
    let field = |name: &str| first.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let depends = [field("Pre-Depends"), field("Depends")].into_iter().flatten();
    let names = depends.flat_map(|list| list.split(',')).filter_map(|one| one.split_whitespace().next());
    Some(Package {
        name: field("Package")?.to_owned(),
        version: field("Version")?.to_owned(),
        depends: names.map(str::to_owned).collect(),
    })
}

/// Address, file name and sum in what `--print-uris` prints: `'http://...' NAME SIZE SHA256:...`.
fn place(text: &str) -> Option<(String, String, String)> {
    let line = text.lines().find(|line| line.starts_with('\''))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let sum = words.get(3).filter(|sum| sum.starts_with("SHA256:") || sum.starts_with("SHA512:"))?;
    let file = Some(*words.get(1)?).filter(|file| !file.contains('/'))?;
    Some((words.first()?.trim_matches('\'').to_owned(), file.to_owned(), (*sum).to_owned()))
}

#[cfg(test)]
#[path = "apt_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "mirror_tests.rs"]
mod mirror_tests;
