//! The forms in which distributions name their kernels.

use super::{Stable, version};

/// What these names show of the stable series; see [`Release::told`](super::Release::told).
pub(super) fn stable(release: &str, told: &str, signature: Option<&str>) -> Stable {
    if let Some(number) = of_ubuntu(release, signature).or_else(|| of_debian(release, told)) {
        return Stable::Number(number);
    }
    let (number, local) = third(release);
    match number {
        _ if is_suse(local) => Stable::OfVendor,
        Some(0) | None if is_enterprise(local) => Stable::OfVendor,
        Some(0) | None if !is_plain(local) => Stable::Hidden,
        number => Stable::Number(number.unwrap_or(0)),
    }
}

/// Ubuntu's signature ends in the release that the kernel is made from: "Ubuntu 5.15.0-126.136-generic 5.15.167".
fn of_ubuntu(release: &str, signature: Option<&str>) -> Option<u32> {
    made_from(release, signature?.split_whitespace().last()?)
}

/// Debian's `uname -v` names the version of the package: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1 (2024-09-30)", or with an
/// epoch, as on Raspberry Pi OS, "Debian 1:6.1.63-1+rpt1".
fn of_debian(release: &str, told: &str) -> Option<u32> {
    let (_, package) = told.split_once("Debian ")?;
    let package = package.split_whitespace().next()?;
    made_from(release, package.split_once(':').map_or(package, |(_, rest)| rest))
}

/// The third number of a version, if it is one of the same series.
fn made_from(release: &str, from: &str) -> Option<u32> {
    (version(from)? == version(release)?).then(|| third(from).0.unwrap_or(0))
}

/// The third number, and what follows the numbers: "6.11.4-301.fc41.x86_64" is 4 and "-301.fc41.x86_64".
fn third(release: &str) -> (Option<u32>, &str) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = release;
    let mut number = None;
    for at in 0..3 {
        let part = if at == 0 { Some(rest) } else { rest.strip_prefix('.') };
        let Some(part) = part.filter(|part| digits(part) > 0) else { break };
        number = (at == 2).then(|| part[..digits(part)].parse().ok()).flatten();
        rest = &part[digits(part)..];
    }
    (number, rest)
}

/// SUSE Linux Enterprise and Leap: "-150600.23.17-default". Tumbleweed has one number: "-1-default".
fn is_suse(local: &str) -> bool {
    const FLAVOURS: [&str; 6] = ["default", "azure", "rt", "64kb", "kvmsmall", "preempt"];
    let Some((numbers, flavour)) = local.strip_prefix('-').and_then(|local| local.rsplit_once('-')) else {
        return false;
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    FLAVOURS.contains(&flavour) && numbers.contains('.') && numbers.split('.').all(is_number)
}

/// Red Hat Enterprise Linux and what is made from it (".el9_4", ".el9uek"), and openEuler (".oe2203").
fn is_enterprise(local: &str) -> bool {
    let digit_after = |mark: &str| {
        local
            .match_indices(mark)
            .any(|(at, _)| local[at + mark.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    digit_after(".el") || digit_after(".oe")
}

/// Whether a release that reads .0 is the .0 of its series: a release candidate, a build of the source itself, or one of a
/// distribution that numbers its kernels as upstream does (Fedora, Arch, Alpine).
fn is_plain(local: &str) -> bool {
    const MARKS: [&str; 9] = ["-rc", "+", "-dirty", "-next", "-arch", "-zen", "-lts", ".fc", "gvisor"];
    local.is_empty() || has_commit(local) || MARKS.iter().any(|mark| local.contains(mark))
}

/// A build of a commit ends in "-g" and its hash.
fn has_commit(local: &str) -> bool {
    let hash = |part: &str| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    local.split('-').filter_map(|part| part.strip_prefix('g')).any(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stable::{Hidden, Number, OfVendor};

    /// What the kernels of these distributions report of themselves: `uname -r`, `uname -v`, the signature.
    const KERNELS: &[(&str, &str, Option<&str>, Stable)] = &[
        // Upstream.
        ("6.1.192", "#1 Tue Nov 3", None, Number(192)),
        ("6.18.44-fc", "#1 SMP", None, Number(44)),
        ("6.12.0", "#1 SMP", None, Number(0)),
        ("6.12.0-rc3", "#1 SMP", None, Number(0)),
        ("7.3-rc2", "#1 SMP", None, Number(0)),
        ("6.12.0+", "#1 SMP", None, Number(0)),
        ("6.12.0-dirty", "#1 SMP", None, Number(0)),
        ("6.12.0-rc1-00042-g1a2b3c4d5e6f-dirty", "#1 SMP", None, Number(0)),
        ("6.12.0-next-20241122", "#1 SMP", None, Number(0)),
        ("5.10", "#1 SMP", None, Number(0)),
        ("5.10.7+", "#1 SMP", None, Number(7)),
        ("6.12.0-custom", "#1 SMP", None, Hidden),
        // Debian, Raspberry Pi OS, Kali, Proxmox.
        ("6.1.0-26-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1 (2024-09-30)", None, Number(112)),
        ("6.1.0-0.deb11.13-amd64", "#1 SMP Debian 6.1.55-1~bpo11+1 (2023-10-08)", None, Number(55)),
        ("6.12.48+deb13-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)", None, Number(48)),
        ("6.12-amd64", "#1 SMP Debian 6.12~rc6-1~exp1 (2024-11-10)", None, Number(0)),
        ("6.1.0-26-amd64", "#1 SMP", None, Hidden),
        ("6.1.0-rpi7-rpi-v8", "#1 SMP PREEMPT Debian 1:6.1.63-1+rpt1 (2023-11-24)", None, Number(63)),
        ("6.6.51+rpt-rpi-v8", "#1 SMP PREEMPT Debian 1:6.6.51-1+rpt3 (2024-10-08)", None, Number(51)),
        ("6.1.21-v8+", "#1642 SMP PREEMPT Mon Apr 3", None, Number(21)),
        ("6.1.0-kali5-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.12-1kali2 (2023-02-23)", None, Number(12)),
        ("6.8.12-4-pve", "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)", None, Number(12)),
        // Ubuntu and its flavours, with the signature and without.
        (
            "5.15.0-126-generic",
            "#136-Ubuntu SMP",
            Some("Ubuntu 5.15.0-126.136-generic 5.15.167"),
            Number(167),
        ),
        ("6.8.0-1017-aws", "#18-Ubuntu SMP", Some("Ubuntu 6.8.0-1017.18-aws 6.8.12"), Number(12)),
        ("6.8.0-1018-azure", "#21-Ubuntu SMP", Some("Ubuntu 6.8.0-1018.21-azure 6.8.12\n"), Number(12)),
        ("6.11.0-1007-oem", "#7-Ubuntu SMP", Some("Ubuntu 6.11.0-1007.7-oem 6.11.0"), Number(0)),
        ("5.15.0-126-generic", "#136-Ubuntu SMP Wed Nov 6 10:38:22 UTC 2024", None, Hidden),
        ("5.15.0-1071-gcp", "#79~20.04.1-Ubuntu SMP", None, Hidden),
        ("5.15.0-1067-gke", "#73-Ubuntu SMP", None, Hidden),
        ("6.1.55-060155-generic", "#202309230632 SMP", None, Number(55)),
        ("6.9.3-76060903-generic", "#202405300957 SMP PREEMPT_DYNAMIC", None, Number(3)),
        // The signature of another series is none of this kernel.
        ("6.8.0-48-generic", "#48-Ubuntu SMP", Some("Ubuntu 5.15.0-126.136-generic 5.15.167"), Hidden),
        // Red Hat and what is made from it; ELRepo's kernels are upstream's.
        ("5.14.0-427.el9.x86_64", "#1 SMP PREEMPT_DYNAMIC", None, OfVendor),
        ("5.14.0-427.13.1.el9_4.x86_64", "#1 SMP PREEMPT_DYNAMIC", None, OfVendor),
        ("4.18.0-553.rt7.342.el8_10.x86_64", "#1 SMP", None, OfVendor),
        ("3.10.0-1160.el7.x86_64", "#1 SMP", None, OfVendor),
        ("6.12.0-55.9.1.el10_0.x86_64", "#1 SMP", None, OfVendor),
        ("5.15.0-209.161.7.2.el9uek.x86_64", "#2 SMP", None, OfVendor),
        ("6.1.119-1.el9.elrepo.x86_64", "#1 SMP", None, Number(119)),
        ("5.10.0-136.12.0.86.oe2203sp1.x86_64", "#1 SMP", None, OfVendor),
        // SUSE Linux Enterprise, Leap, Tumbleweed.
        ("6.4.0-150600.23.17-default", "#1 SMP PREEMPT_DYNAMIC", None, OfVendor),
        ("5.14.21-150500.55.52-default", "#1 SMP", None, OfVendor),
        ("4.12.14-122.222-default", "#1 SMP", None, OfVendor),
        ("6.11.6-1-default", "#1 SMP PREEMPT_DYNAMIC", None, Number(6)),
        // Those that number as upstream.
        ("6.1.119-129.201.amzn2023.x86_64", "#1 SMP", None, Number(119)),
        ("5.10.228-219.884.amzn2.x86_64", "#1 SMP", None, Number(228)),
        ("5.10.198-android13-4-00051-gb32e1e1a5a5e", "#1 SMP PREEMPT", None, Number(198)),
        ("6.1.57-android14-11-gabcdef012345-ab1234", "#1 SMP PREEMPT", None, Number(57)),
        ("6.12.1-arch1-1", "#1 SMP PREEMPT_DYNAMIC", None, Number(1)),
        ("6.12.0-arch1-1", "#1 SMP PREEMPT_DYNAMIC", None, Number(0)),
        ("6.12.1-zen1-1-zen", "#1 ZEN SMP", None, Number(1)),
        ("6.11.4-301.fc41.x86_64", "#1 SMP PREEMPT_DYNAMIC", None, Number(4)),
        ("6.12.0-0.rc7.59.fc42.x86_64", "#1 SMP PREEMPT_DYNAMIC", None, Number(0)),
        ("6.6.58-0-lts", "#1-Alpine SMP PREEMPT_DYNAMIC", None, Number(58)),
        ("5.15.167.4-microsoft-standard-WSL2", "#1 SMP", None, Number(167)),
        ("6.6.57.1-1.azl3", "#1 SMP", None, Number(57)),
        ("5.15.123-20000-gdeadbeef0123", "#1 SMP PREEMPT", None, Number(123)),
        ("6.1.112+", "#1 SMP PREEMPT_DYNAMIC", None, Number(112)),
        ("6.6.63", "#1-NixOS SMP PREEMPT_DYNAMIC", None, Number(63)),
        ("4.19.0-gvisor", "#1 SMP Sun Jan 10 15:06:54 PST 2016", None, Number(0)),
    ];

    #[test]
    fn the_forms_of_distributions_are_read() {
        for (release, told, signature, expected) in KERNELS {
            assert_eq!(stable(release, told, *signature), *expected, "{release} {told} {signature:?}");
        }
    }
}
