//! The server in user namespaces: `cargo test`, with or without root.

use harness_play::{Refused, Status, Userns, Writer};

const SERVER: &str = env!("CARGO_BIN_EXE_example");

/// A namespace in which the caller is root.
fn rootless() -> Userns {
    Userns::new().setgroups("deny").uid_map("0 own 1").gid_map("0 own 1").written_by(Writer::Inside)
}

/// The uid 0 of a namespace is refused like that of the host.
#[test]
fn root_of_a_namespace_is_refused() -> Result<(), Refused> {
    let ended = rootless().run(&[SERVER])?;

    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (Status::Exited(77), "this server does not run as root\n")
    );
    Ok(())
}

/// Without a map the process has the overflow uid, which is not root.
#[test]
fn a_uid_without_a_map_is_accepted() -> Result<(), Refused> {
    let ended = Userns::new().run(&[SERVER])?;

    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (Status::Exited(0), "running as 65534 65534 65534 65534\n")
    );
    Ok(())
}

/// A namespace below another one: uid 0 of the inner one is uid 0 of the outer one and the caller outside.
#[test]
fn root_of_a_nested_namespace_is_refused() -> Result<(), Refused> {
    let ended = rootless().nested(Userns::new().uid_map("0 0 1")).run(&[SERVER])?;

    assert_eq!(ended.status, Status::Exited(77));
    Ok(())
}

/// What the kernel refuses on the way is an error that names the step.
#[test]
fn a_map_of_ids_that_overlap_is_refused() {
    let refused = Userns::new().uid_map("0 own 1\n0 own 1").run(&[SERVER]).expect_err("EINVAL");

    assert_eq!(refused.to_string(), "uid_map <- \"0 own 1\\n0 own 1\": EINVAL: Invalid argument");
}
