//! A mirror that tells the truth, and mirrors that do not: a small archive, signed with a key of its own, which
//! this host's apt fetches over HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const DEB: &[u8] = include_bytes!("../../tests/data/archive/kernel_1.0-1_amd64.deb");
const IN_RELEASE: &str = include_str!("../../tests/data/archive/InRelease");
const PACKAGES: &str = include_str!("../../tests/data/archive/Packages");
const KEYRING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/archive/keyring.gpg");
const ANOTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/archive/another.gpg");
const AT: &str = "/pool/kernel_1.0-1_amd64.deb";
const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

/// What a mirror has, and what was asked of it.
#[derive(Default)]
struct Site {
    files: BTreeMap<&'static str, Vec<u8>>,
    /// So many answers to requests for the package end in the middle.
    cut: usize,
    /// The first lines of requests, with the range if one was asked for.
    asked: Vec<String>,
}

struct Lab {
    dir: tempfile::TempDir,
    site: Arc<Mutex<Site>>,
    archive: Archive,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// An archive with these files in the place of true ones.
fn lab(lies: &[(&'static str, Vec<u8>)], keyring: &str) -> Result<Lab, Box<dyn std::error::Error>> {
    let truth = [
        ("/dists/trixie/InRelease", IN_RELEASE.as_bytes().to_vec()),
        ("/dists/trixie/main/binary-amd64/Packages", PACKAGES.as_bytes().to_vec()),
        (AT, DEB.to_vec()),
    ];
    let files = truth.into_iter().chain(lies.iter().cloned()).collect();
    let site = Arc::new(Mutex::new(Site { files, ..Site::default() }));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let serving = Arc::clone(&site);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let site = Arc::clone(&serving);
            thread::spawn(move || serve(stream, &site));
        }
    });
    let dir = tempfile::tempdir()?;
    let mirror = Mirror { address, keyring: keyring.into() };
    let archive = Archive::open(dir.path(), "trixie", Architecture::X86_64, &mirror)?;
    Ok(Lab { dir, site, archive })
}

/// Answers one request and closes the connection.
fn serve(mut stream: TcpStream, site: &Mutex<Site>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let range = headers.iter().find_map(|line| line.strip_prefix("Range: bytes="));
    let path = first.split(' ').nth(1)?.to_owned();
    let mut site = site.lock().ok()?;
    site.asked.push(format!("{path} {}", range.unwrap_or_default()).trim().to_owned());
    let close = format!("Last-Modified: {DATE}\r\nConnection: close\r\n");
    let Some(content) = site.files.get(path.as_str()).cloned() else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{close}\r\n").ok();
    };
    let from = range.and_then(|range| range.trim_end_matches('-').parse().ok()).unwrap_or(0);
    let (rest, size) = (content.get(from..)?, content.len());
    let status = match from {
        0 => "HTTP/1.1 200 OK".to_owned(),
        _ => format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{size}", size - 1),
    };
    let output = if path == AT && site.cut > 0 {
        site.cut -= 1;
        &rest[..rest.len() / 2]
    } else {
        rest
    };
    write!(stream, "{status}\r\nContent-Length: {}\r\n{close}\r\n", rest.len()).ok()?;
    stream.write_all(output).ok()
}

impl Lab {
    fn fetch(&self) -> Result<PathBuf, String> {
        self.archive.update()?;
        let packages = self.archive.resolve("kernel", |_| false)?;
        self.archive.fetch(&packages[0])
    }

    fn output(&self) -> String {
        self.fetch().err().unwrap_or_else(|| "nothing is wrong".to_owned())
    }

    /// The ranges in which the package was asked for.
    fn ranges(&self) -> Vec<String> {
        let site = self.site.lock().expect("no test panics while it holds the lock");
        site.asked
            .iter()
            .filter_map(|line| line.strip_prefix(AT))
            .map(|rest| rest.trim().to_owned())
            .collect()
    }
}

/// The content of a file with one letter changed, of the same length.
fn altered(content: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(content.contains(from) && from.len() == to.len());
    content.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_true_mirror_is_believed_and_asked_once() -> Outcome {
    let lab = lab(&[], KEYRING)?;

    let package = lab.fetch()?;
    assert_eq!(fs::read(&package)?, DEB);
    unpack(&package, lab.dir.path())?;
    assert!(lab.dir.path().join("usr/bin/linux").is_file());
    assert_eq!(lab.fetch()?, package);
    assert_eq!(lab.ranges(), [""]);
    Ok(())
}

#[test]
fn a_bad_signature_is_an_error() -> Outcome {
    let changed = altered(IN_RELEASE, "Origin: Test", "Origin: Best");
    let release = lab(&[("/dists/trixie/InRelease", changed)], KEYRING)?.output();
    assert!(
        release.starts_with("the lists of Debian trixie: ") && release.contains("signature"),
        "{release}"
    );

    let stranger = lab(&[], ANOTHER)?.output();
    assert!(stranger.contains("signature") || stranger.contains("NO_PUBKEY"), "{stranger}");
    let unsigned =
        IN_RELEASE.lines().skip(3).take_while(|line| !line.starts_with("-----")).collect::<Vec<_>>();
    let unsigned = lab(&[("/dists/trixie/InRelease", unsigned.join("\n").into_bytes())], KEYRING)?.output();
    assert!(unsigned.starts_with("the lists of Debian trixie: "), "{unsigned}");
    Ok(())
}

#[test]
fn a_signature_that_turned_bad_is_not_made_up_for_by_earlier_lists() -> Outcome {
    let lab = lab(&[], KEYRING)?;
    lab.archive.update()?;

    let changed = altered(IN_RELEASE, "Origin: Test", "Origin: Best");
    lab.site.lock().expect("nobody panics").files.insert("/dists/trixie/InRelease", changed);
    let output = lab.output();
    assert!(output.contains("signature"), "{output}");
    Ok(())
}

#[test]
fn a_list_that_is_not_the_signed_one_is_refused() -> Outcome {
    let changed = altered(PACKAGES, "1.0-1", "1.0-2");
    let output = lab(&[("/dists/trixie/main/binary-amd64/Packages", changed)], KEYRING)?.output();

    assert!(output.contains("Hash Sum mismatch"), "{output}");
    Ok(())
}

#[test]
fn a_package_that_is_not_the_listed_one_is_refused() -> Outcome {
    let mut changed = DEB.to_vec();
    changed[DEB.len() / 2] ^= 1;
    let output = lab(&[(AT, changed)], KEYRING)?.output();
    assert!(
        output.starts_with("the package kernel=1.0-1: ") && output.contains("Hash Sum mismatch"),
        "{output}"
    );

    let truncated = lab(&[(AT, DEB[..DEB.len() / 2].to_vec())], KEYRING)?;
    let output = truncated.output();
    assert!(output.starts_with("the package kernel=1.0-1: "), "{output}");
    assert!(output.contains("mismatch") || output.contains("unexpected size"), "{output}");
    assert!(!truncated.dir.path().join("apt/trixie/debs/kernel_1.0-1_amd64.deb").exists());
    Ok(())
}

#[test]
fn a_download_that_was_cut_goes_on_where_it_stopped() -> Outcome {
    let lab = lab(&[], KEYRING)?;
    lab.site.lock().expect("nobody panics").cut = 1;

    assert_eq!(fs::read(lab.fetch()?)?, DEB);
    let ranges = lab.ranges();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert_eq!(ranges[1], format!("{}-", DEB.len() / 2));
    Ok(())
}

#[test]
fn a_package_that_is_missing_is_named() -> Outcome {
    let lab = lab(&[], KEYRING)?;
    lab.archive.update()?;

    let output = lab.archive.resolve("linux-nothing", |_| true).err().unwrap_or_default();
    assert!(output.starts_with("Debian trixie has no package linux-nothing"), "{output}");
    Ok(())
}
