use super::*;

/// What the program answers to a call: an interpreter of the instructions that filters use.
fn answers(filter: &str, arch: u32, number: u32, arguments: [u32; 3]) -> Result<String, String> {
    let program = Filter::read(filter)?.program();
    let (mut place, mut accumulator) = (0, 0_u32);
    loop {
        let step: sock_filter = program[place];
        let (load, and) = (load(0).code, statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0).code);
        let taken = match step.code {
            code if code == jump(libc::BPF_JEQ, 0, 0, 0).code => Some(accumulator == step.k),
            code if code == jump(libc::BPF_JGT, 0, 0, 0).code => Some(accumulator > step.k),
            _ => None,
        };
        match (step.code, taken) {
            (_, Some(taken)) => place += usize::from(if taken { step.jt } else { step.jf }),
            (code, _) if code == load => {
                accumulator = match step.k {
                    NUMBER => number,
                    ARCH => arch,
                    offset => arguments[(offset as usize - 16) / 8],
                }
            }
            (code, _) if code == and => accumulator &= step.k,
            (code, _) if code == jump(libc::BPF_JA, 0, 0, 0).code => place += step.k as usize,
            (_, _) if step.k == libc::SECCOMP_RET_ALLOW => return Ok("allow".to_owned()),
            (_, _) if step.k == libc::SECCOMP_RET_ERRNO => return Ok("pretends".to_owned()),
            (_, _) if step.k == libc::SECCOMP_RET_TRAP => return Ok("traps".to_owned()),
            (_, _) if step.k == libc::SECCOMP_RET_KILL_PROCESS => return Ok("kills".to_owned()),
            (_, _) => return Ok(Errno::from_raw((step.k & 0xffff).cast_signed()).to_string()),
        }
        place += 1;
    }
}

fn wide(filter: &str, name: &str, arguments: [u32; 3]) -> Result<String, String> {
    let number = Numbers::of(Arch::X86_64).get(name).ok_or("no such call")?;
    let answer = answers(filter, AUDIT_ARCH_X86_64, number, arguments)?;
    Ok(answer.split(':').next().unwrap_or_default().to_owned())
}

#[test]
fn one_call_is_refused_on_both_architectures_and_no_other() -> Result<(), String> {
    let filter = "refuse ENOSYS clone3 setgroups";

    assert_eq!(wide(filter, "clone3", [0; 3])?, "ENOSYS");
    assert_eq!(wide(filter, "clone", [0; 3])?, "allow");
    // 81 is setgroups on i386, and another call on x86_64.
    assert!(answers(filter, AUDIT_ARCH_I386, 81, [0; 3])?.starts_with("ENOSYS"));
    assert_eq!(answers(filter, AUDIT_ARCH_X86_64, 81, [0; 3])?, "allow");
    assert_eq!(answers(filter, 0xc000_00b7, 81, [0; 3])?, "allow");
    Ok(())
}

#[test]
fn a_filter_can_end_a_process_and_pretend_success() -> Result<(), String> {
    let filter = "refuse KILL mount\nrefuse TRAP keyctl\nrefuse PRETEND setgroups\nrefuse EOPNOTSUPP clone3";

    for (name, expected) in [
        ("mount", "kills"),
        ("keyctl", "traps"),
        ("setgroups", "pretends"),
        ("clone3", "EOPNOTSUPP"),
        ("read", "allow"),
    ] {
        assert_eq!(wide(filter, name, [0; 3])?, expected, "{name}");
    }
    Ok(())
}

#[test]
fn arguments_are_compared_and_the_next_rule_sees_the_number_again() -> Result<(), String> {
    let filter = "default EPERM\nrefuse EINVAL socket 0=16 2=9\nallow clone 0&0x7e020000=0\nallow socket 2!=9\nallow read";

    for (name, arguments, expected) in [
        ("clone", [0x11, 0, 0], "allow"),
        ("clone", [0x1000_0011, 0, 0], "EPERM"),
        ("socket", [16, 0, 9], "EINVAL"),
        ("socket", [1, 0, 9], "EPERM"),
        ("socket", [16, 0, 0], "allow"),
        ("read", [9, 9, 9], "allow"),
        ("write", [9, 9, 9], "EPERM"),
    ] {
        assert_eq!(wide(filter, name, arguments)?, expected, "{name} {arguments:?}");
    }
    Ok(())
}

#[test]
fn docker_refuses_namespaces_and_does_not_know_newer_calls() -> Result<(), String> {
    let docker = Profile::Docker.text();

    for (name, expected) in [
        ("unshare", "EPERM"),
        ("setns", "EPERM"),
        ("clone3", "ENOSYS"),
        ("mseal", "ENOSYS"),
        ("setgroups", "allow"),
    ] {
        assert_eq!(wide(docker, name, [0; 3])?, expected, "{name}");
    }
    Ok(())
}

#[test]
fn each_profile_fits_into_a_filter() -> Result<(), String> {
    for profile in [Profile::Docker, Profile::Podman, Profile::Systemd] {
        let length = Filter::read(profile.text())?.program().len();
        // seccomp(2): BPF_MAXINSNS.
        assert!((100..4096).contains(&length), "{profile:?}: {length}");
    }
    Ok(())
}

#[test]
fn a_mistake_is_named_with_its_line() {
    for (text, message) in [
        ("refuse EPERM clone4", "no system call is called \"clone4\", in the line"),
        ("refuse ENOENT clone3", "no errno of filters is called \"ENOENT\""),
        ("allow clone 0=x", "\"0=x\" is no comparison"),
        ("forbid clone", "there is no such rule"),
    ] {
        let error = Filter::read(text).err().unwrap_or_default();
        assert!(error.contains(message), "{error}");
    }
}
