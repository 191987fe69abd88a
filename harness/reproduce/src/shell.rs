//! A scenario as a shell script: what unshare(1), setpriv(1) and redirections can do.
//!
//! Each process is a shell that runs every command in a child of its own. Processes in new namespaces are started
//! with `unshare --keep-caps`. Otherwise, execve(2) of a shell by a user without a mapping would drop all
//! capabilities.

use super::outcomes::map_file;
use super::{Header, NotPossible, Prediction};
use harness_scenario::action::{Action, Groups, Id, IdFile, SetId, Text, Via};
use harness_scenario::actors::{Actor, Namespace, ORDINARY, RunAs};
use harness_scenario::ids::Own;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use nix::errno::Errno;
use std::fmt::Write as _;

/// The part that all scripts have.
const ACTORS: &str = include_str!("sh/actors.sh");

/// The script.
pub fn script(scenario: &Scenario, prediction: &Prediction, header: &Header) -> Result<String, NotPossible> {
    let mut text = "#!/bin/sh\n".to_owned();
    for line in header.lines(scenario, prediction, "sh").iter().flat_map(|line| line.split('\n')) {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
    }
    text.push('\n');
    text.push_str(&who_runs(scenario, prediction.names.own));
    text.push_str(ACTORS);
    for (index, step) in scenario.steps.iter().enumerate() {
        let (actor, action) = (step.actor, &step.action);
        if *action == Action::Fork {
            let _ = writeln!(text, "\n{}", begin(scenario, actor)?);
            continue;
        }
        let outcome = prediction.outcome(index);
        let later = scenario.steps[index + 1..].iter().any(|step| step.actor == actor);
        let command = command(scenario, actor, action)?;
        if changes(action) && later && !matches!(outcome, Some(Outcome::Failed { .. })) {
            return impossible("a program that changes its ids is gone before the next step");
        }
        let expected = outcome
            .map_or(Ok("anything".to_owned()), |outcome| expected(outcome, action, prediction.names.own))?;
        let what = show::action(actor, action);
        let _ = writeln!(
            text,
            "step {actor} {} {} \\\n\t{command}",
            quote(&what),
            format_args!("\"{expected}\"")
        );
    }
    text.push_str(&states(scenario, prediction));
    text.push_str("\n[ $failed -eq 0 ] && echo \"as expected\" || echo \"NOT as expected\"\nexit $failed\n");
    Ok(text)
}

fn impossible<T>(why: &str) -> Result<T, NotPossible> {
    Err(NotPossible(format!("in a shell script: {why}")))
}

/// Whether the action, if it succeeds, changes the process itself and not only its namespace.
fn changes(action: &Action) -> bool {
    matches!(action, Action::Setgroups(..) | Action::SetId(..))
}

/// Finds out the credentials of the user that runs the script.
fn who_runs(scenario: &Scenario, own: Own) -> String {
    let needs_root = match scenario.run_as {
        RunAs::Root | RunAs::OrdinaryInGroups(_) => true,
        RunAs::Ordinary => scenario.mentions(Actor::Privileged) && own.uid == ORDINARY,
        RunAs::Caller => own.uid == 0,
    };
    let refuse = |test: &str, whom: &str| {
        format!("[ \"$(id -u)\" {test} 0 ] || {{ echo \"cannot run: this is for {whom}\"; exit 2; }}\n")
    };
    let mut text = match (needs_root, &scenario.run_as) {
        (true, _) => refuse("-eq", "root"),
        (_, RunAs::Caller) => refuse("-ne", "an ordinary user"),
        _ => String::new(),
    };
    text.push_str(&match scenario.run_as {
        RunAs::Root => "own_uid=0 own_gid=0\n".to_owned(),
        RunAs::Caller => "own_uid=$(id -u) own_gid=$(id -g)\n".to_owned(),
        _ => format!(
            "own_uid=$(id -u) own_gid=$(id -g) drop=\n\
             [ $own_uid -eq 0 ] && own_uid={ORDINARY} own_gid={ORDINARY} &&\n\
             \tdrop=\"setpriv --reuid={ORDINARY} --regid={ORDINARY} --groups={}\"\n",
            groups_of(&scenario.run_as)
        ),
    });
    text
}

/// The groups of an unprivileged process that root starts.
fn groups_of(cast: &RunAs) -> String {
    match cast {
        RunAs::OrdinaryInGroups(groups) => listed(groups),
        _ => ORDINARY.to_string(),
    }
}

fn listed(groups: &[u32]) -> String {
    groups.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn begin(scenario: &Scenario, actor: Actor) -> Result<String, NotPossible> {
    if !matches!(actor.parent(), None | Some(Actor::Outside)) {
        return impossible("only processes that the caller of the script can make");
    }
    let becomes = match &scenario.run_as {
        _ if actor == Actor::Privileged => "",
        RunAs::Caller => "",
        RunAs::Root => "setpriv --groups 0 ",
        RunAs::OrdinaryInGroups(groups) if groups.is_empty() => return impossible("no groups at all"),
        RunAs::Ordinary | RunAs::OrdinaryInGroups(_) => "$drop ",
    };
    let unshare = if actor.namespace() == Namespace::New { "unshare --user --keep-caps " } else { "" };
    Ok(format!("begin {actor} {becomes}{unshare}\n{actor}=$pid").replace(" \n", "\n"))
}

/// The command of a step, in double quotes. The script fills in ids and process ids.
fn command(scenario: &Scenario, actor: Actor, action: &Action) -> Result<String, NotPossible> {
    let command = match action {
        Action::Write { file, of, text } => {
            let path = path(scenario, actor, *of, *file);
            format!("env printf '{}' > {path}", printf(text, *file)?)
        }
        Action::Read { file, of } => format!("cat {}", path(scenario, actor, *of, *file)),
        Action::Setgroups(Groups::List(list), Via::Raw) if list.is_empty() => {
            "setpriv --clear-groups true".to_owned()
        }
        Action::Setgroups(Groups::List(list), Via::Raw) => format!("setpriv --groups={} true", listed(list)),
        Action::Setgroups(Groups::Own, Via::Raw) => "setpriv --groups=$own_gid true".to_owned(),
        Action::SetId(SetId::Setresuid, [one, two, three], Via::Raw) if one == two && two == three => {
            format!("setpriv --reuid={} true", id(*one, "$own_uid")?)
        }
        Action::SetId(SetId::Setresgid, [one, two, three], Via::Raw) if one == two && two == three => {
            format!("setpriv --regid={} --keep-groups true", id(*one, "$own_gid")?)
        }
        other => return impossible(&format!("no program does {}", show::action(actor, other))),
    };
    Ok(format!("\"{command}\""))
}

fn id(id: Id, own: &str) -> Result<String, NotPossible> {
    match id {
        Id::Own => Ok(own.to_owned()),
        Id::Of(u32::MAX) => impossible("setpriv takes no -1"),
        Id::Of(id) => Ok(id.to_string()),
    }
}

/// A file in /proc. An actor names another process by its process id.
fn path(scenario: &Scenario, actor: Actor, of: Option<Actor>, file: IdFile) -> String {
    let owner = actor.file_owner(of);
    let directory = if owner == actor || !scenario.mentions(owner) {
        "self".to_owned()
    } else {
        format!("${{{owner}:-self}}")
    };
    format!("/proc/{directory}/{}", file.name())
}

/// The arguments of printf(1) that write some text, within single quotes within double quotes.
fn printf(text: &Text, file: IdFile) -> Result<String, NotPossible> {
    let bytes = match text {
        Text::Words(words) => words.as_bytes(),
        Text::Bytes(bytes) => bytes,
        Text::BadPointer(_) => return impossible("no program has a bad pointer"),
    };
    if bytes.is_empty() || bytes.len() > 512 {
        return impossible("no program writes nothing, or so much at once");
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" -+.,:_".contains(byte);
    let escaped = bytes.iter().map(|byte| match byte {
        byte if plain(byte) => char::from(*byte).to_string(),
        byte => format!("\\\\{byte:03o}"),
    });
    let own = if file == IdFile::GidMap { "${own_gid}" } else { "${own_uid}" };
    let escaped: String = escaped.collect();
    Ok(if matches!(text, Text::Words(_)) { escaped.replace("own", own) } else { escaped })
}

/// The expected outcome of a step, within double quotes.
fn expected(outcome: &Outcome, action: &Action, own: Own) -> Result<String, NotPossible> {
    Ok(match outcome {
        Outcome::Done => "ok".to_owned(),
        // A shell has its own messages for a file that it cannot find.
        Outcome::Failed { call: "open", errno: Errno::ENOENT } => {
            return impossible("it says why it found no file");
        }
        Outcome::Failed { errno, .. } => in_words(*errno),
        Outcome::Text(bytes) => {
            let file = map_file(action).map_or("setgroups", IdFile::name);
            with_own(file, &String::from_utf8_lossy(bytes), own)
        }
        _ => return impossible(&format!("what {action:?} comes to")),
    })
}

/// An errno as programs print it.
fn in_words(errno: Errno) -> String {
    let shown = std::io::Error::from_raw_os_error(errno as i32).to_string();
    shown.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Text as the script has it: with single blanks, without ends of lines.
fn text(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "ok".to_owned() } else { words }
}

/// The expected final states of the namespaces.
fn states(scenario: &Scenario, prediction: &Prediction) -> String {
    let mut steps = String::new();
    for (actor, state) in &prediction.states {
        if !scenario.mentions(*actor) || state.still_outside().is_some() {
            continue;
        }
        let _ = writeln!(steps, "\n# what {actor} is afterwards");
        for (name, said) in
            [("uid_map", &state.uid_map), ("gid_map", &state.gid_map), ("setgroups", &state.setgroups)]
        {
            let said = with_own(name, said, prediction.names.own);
            let _ = writeln!(steps, "step {actor} {name} \"{said}\" \\\n\t\"cat /proc/self/{name}\"");
        }
    }
    steps
}

/// The expected contents of a file, with the variables of the script for the own ids.
fn with_own(name: &str, said: &str, own: Own) -> String {
    let (own, variable) = if name == "gid_map" { (own.gid, "$own_gid") } else { (own.uid, "$own_uid") };
    let maps = name.ends_with("_map") && name != "projid_map";
    let fields = said.split_whitespace().enumerate().map(|(place, field)| match field.parse::<u32>() {
        Ok(id) if id == own && own != 0 && maps && place % 3 < 2 => variable.to_owned(),
        _ => field.to_owned(),
    });
    text(&fields.collect::<Vec<_>>().join(" "))
}

/// A word in single quotes.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
