//! What apt prints, read.

use super::*;

#[test]
fn the_mirror_is_the_hosts_own_and_not_that_of_security_fixes() {
    let targets = "https://packages.example/apt/ cloud-bookworm main\n\
                   https://docker.example/linux/debian/ bookworm stable\n\
                   http://mirror.example/debian-security/ bookworm-security main\n\
                   http://mirror.example/debian/ bookworm main\n";

    assert_eq!(debian_of(targets).as_deref(), Some("http://mirror.example/debian"));
    assert_eq!(debian_of("http://mirror.example/ubuntu/ noble main\n"), None);
}

#[test]
fn what_apt_cannot_be_told_is_refused() {
    let keyring = Path::new("/nowhere/keyring.gpg");
    let missing = Mirror::find(Some("http://mirror.example"), Some(keyring));
    assert!(missing.err().unwrap_or_default().starts_with("the keyring /nowhere/keyring.gpg is missing"));

    let odd = Mirror::find(Some("http://mirror.example] x"), Some(Path::new("/etc/passwd")));
    assert!(odd.err().unwrap_or_default().contains("cannot be told of the mirror"));
}

#[test]
fn a_record_tells_what_a_package_depends_on() {
    let text = "Package: linux-image-cloud-amd64\nVersion: 7.3.4-1~bpo13+1\n\
                Depends: linux-base-cloud-amd64 (= 7), a | b (>= 2)\n\nPackage: linux-image-cloud-amd64\nVersion: 1\n";

    let depends = vec!["linux-base-cloud-amd64".to_owned(), "a".to_owned()];
    let expected =
        Package { name: "linux-image-cloud-amd64".into(), version: "7.3.4-1~bpo13+1".into(), depends };
    assert_eq!(record(text), Some(expected));
    assert_eq!(record(""), None);
}

#[test]
fn a_place_without_a_strong_sum_is_none() {
    let line = |sum: &str| format!("'http://m.example/a%2bb.deb' a+b.deb 12 {sum}\n");

    let found = place(&line("SHA256:00")).map(|(address, file, _)| (address, file));
    assert_eq!(found, Some(("http://m.example/a%2bb.deb".into(), "a+b.deb".into())));
    assert_eq!(place(&line("MD5Sum:00")), None);
    assert_eq!(place(&line("").replace("a+b.deb 12", "../a.deb 12 SHA256:00")), None);
    assert_eq!(place(""), None);
}
