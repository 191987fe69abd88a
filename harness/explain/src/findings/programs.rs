//! The files of sudo and su: whether they are what they have to be in this namespace.

use harness_play::host::{Fact, Program};
use harness_scenario::map::IdMap;
use harness_spec::rules::named;

use super::{Finding, Responsible};
use crate::named::RuleName;
use crate::process::Process;

/// The programs that have to belong to root and to have the set-user-ID bit.
const SET_USER_ID: [&str; 2] = ["sudo", "su"];

/// A finding for each such program of this process's root directory that is not as it has to be.
pub(super) fn image(process: &Process) -> Vec<Finding> {
    let namespace = &process.namespace;
    let has_root = namespace.is_initial == Fact::Known(true)
        || namespace.uid_map.known().is_some_and(|map| IdMap::parse(map).covers(0, 1));
    // Another process may have another root directory. Without a uid 0, no file belongs to it, whatever the image.
    if process.pid.is_some() || !has_root {
        return Vec::new();
    }
    SET_USER_ID.into_iter().filter_map(Program::find).filter_map(|program| judge(&program)).collect()
}

fn judge(program: &Program) -> Option<Finding> {
    let path = program.path.display();
    let (rule, responsible, because) = if program.owner != 0 {
        let because = format!(
            "{path} belongs to uid {}. The image was unpacked for another map, or the owner of the file has no mapping",
            program.owner
        );
        (const { named("mean.files") }, Responsible::Image, because)
    } else if program.nosuid && program.setuid {
        let because = format!("{path} is on a mount with nosuid");
        (const { named("owner.setuid-programs") }, Responsible::Policy, because)
    } else {
        return None;
    };
    let name = program.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Some(Finding {
        what: format!("{name} does not begin as root, or refuses to work."),
        rule: Some(RuleName(rule)),
        responsible,
        because,
        excluded: Vec::new(),
        decides: vec![name],
        likely: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(owner: u32, nosuid: bool) -> Program {
        Program {
            path: "/usr/bin/sudo".into(),
            mode: "4755".to_owned(),
            setuid: true,
            setgid: false,
            owner,
            capabilities: Fact::Absent,
            nosuid,
        }
    }

    #[test]
    fn a_file_of_another_owner_and_a_nosuid_mount_are_told_apart() {
        let found = |owner, nosuid| {
            judge(&program(owner, nosuid)).map(|it| (it.rule.map_or("", |rule| rule.0.name), it.responsible))
        };

        assert_eq!(found(0, false), None);
        assert_eq!(found(100_000, false), Some(("mean.files", Responsible::Image)));
        assert_eq!(found(0, true), Some(("owner.setuid-programs", Responsible::Policy)));
    }
}
