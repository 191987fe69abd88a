//! A scenario as a C program.

use super::helpers::{helpers, includes, numbers};
use super::statements::Statements;
use super::text::{comment, identifiers};
use super::{Header, NotPossible, Prediction};
use harness_scenario::action::{Action, Entry, RawArg, Syscall};
use harness_scenario::actors::{Actor, ORDINARY, RunAs};
use harness_scenario::caps::Cap;
use harness_scenario::ids::Own;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The time limit of a program, in seconds.
const LIMIT: u32 = 20;

/// The errnos that every program prints by name, besides the expected ones.
const USUAL: [&str; 20] = [
    "EPERM",
    "ENOENT",
    "ESRCH",
    "EINTR",
    "EIO",
    "EBADF",
    "EAGAIN",
    "ENOMEM",
    "EACCES",
    "EFAULT",
    "EBUSY",
    "EEXIST",
    "ENODEV",
    "EINVAL",
    "ENOTTY",
    "ENOSPC",
    "ERANGE",
    "ENOSYS",
    "EOVERFLOW",
    "EUSERS",
];

/// The head of the function that runs the steps.
const PLAY: &str = "/* The story, which every process goes through: each acts when it is its turn. */\nstatic void play(void)\n";

/// The program.
pub fn program(scenario: &Scenario, prediction: &Prediction, header: &Header) -> Result<String, NotPossible> {
    let statements = Statements::of(scenario, prediction, &header.host)?;
    let story = format!("{PLAY}{{\n{}}}\n", statements.trim_start_matches('\n'));
    let setting = setting(scenario, prediction.names.own, &story);
    let helpers = helpers(&format!("{story}{setting}"));
    let body = [
        &definitions(scenario, prediction, header.host.path, &helpers.join("\n"), &story),
        &helpers.join("\n\n"),
        &story,
        &setting,
    ]
    .map(String::as_str)
    .join("\n\n");
    let mut body = without_unused(&body.replace("\n\n\n", "\n\n"));
    if scenario.steps.iter().any(|step| asks_for_signal(&step.action)) {
        // Between two of its own steps, a process must receive the signal that the first step caused.
        body = body.replace("if (me != MAIN)\n\t\tprctl", "if (me != MAIN && now < turn)\n\t\tprctl");
    }
    let used = format!("{body}\n{}", numbers(&body));
    Ok(format!(
        "{}#define _GNU_SOURCE\n{}\n{}{}",
        comment(&header.lines(scenario, prediction, "c")),
        includes(&used),
        numbers(&body),
        body
    ))
}

/// The text before the helpers.
fn definitions(
    scenario: &Scenario,
    prediction: &Prediction,
    path: &str,
    helpers: &str,
    story: &str,
) -> String {
    let all = format!("{helpers}\n{story}");
    let used: BTreeSet<&str> = identifiers(&all).into_iter().collect();
    let mut text =
        format!("#define LIMIT {LIMIT}\t/* seconds */\n#define FUTEX_WAIT 0\n#define FUTEX_WAKE 1\n");
    if used.contains("PROGRAMS") {
        let _ = writeln!(text, "#define PROGRAMS \"{path}\"");
    }
    let caps: Vec<String> = Cap::all()
        .filter(|cap| used.contains(cap.name()))
        .map(|cap| format!("{cap} = {}", cap.number()))
        .collect();
    if !caps.is_empty() {
        let _ = writeln!(text, "#define BIT(number) (1ULL << (number))\n\nenum {{ {} }};", caps.join(", "));
    }
    let parts: Vec<Actor> = Actor::ALL.into_iter().filter(|actor| scenario.mentions(*actor)).collect();
    let names: Vec<String> = parts.iter().map(|actor| Statements::c_name(*actor)).collect();
    let strings: Vec<String> = parts.iter().map(|actor| format!("\"{actor}\"")).collect();
    let _ = write!(
        text,
        "\n/* The processes. */\nenum actor {{ MAIN, {}, COUNT }};\nstatic const char *const names[] = {{ \"main\", {} }};\n",
        names.join(", "),
        strings.join(", ")
    );
    if used.contains("errors") {
        let _ =
            write!(text, "\n/* The errnos by name; any other is told in words. */\n{}", errors(prediction));
    }
    for variable in variables(&used) {
        let _ = write!(text, "\n{variable}\n");
    }
    text
}

/// Variables that a program may use. They hold what the program finds when it starts.
fn variables(used: &BTreeSet<&str>) -> Vec<String> {
    let mut all = Vec::new();
    let mut declare = |comment: &str, kind: &str, names: &[&str]| {
        let names: Vec<&str> = names.iter().filter(|name| used.contains(*name)).copied().collect();
        if !names.is_empty() {
            all.push(format!("/* {comment} */\nstatic {kind} {};", names.join(", ")));
        }
    };
    declare("The uid of the processes outside.", "uid_t", &["own_uid"]);
    declare("The gid of the processes outside.", "gid_t", &["own_gid"]);
    let callers = ["caller_inh", "caller_prm", "caller_eff", "caller_amb"];
    declare("The capabilities of the caller of this program.", "unsigned long long", &callers);
    all
}

fn errors(prediction: &Prediction) -> String {
    let expected = prediction.steps.iter().filter_map(|step| match &step.outcome {
        Some(Outcome::Failed { errno, .. }) => Some(format!("{errno:?}")),
        _ => None,
    });
    let mut names: Vec<String> = USUAL.iter().map(|name| (*name).to_owned()).collect();
    expected.for_each(|name| {
        if !names.contains(&name) {
            names.push(name)
        }
    });
    let rows: Vec<String> = names
        .chunks(4)
        .map(|row| row.iter().map(|name| format!(" [{name}] = \"{name}\",")).collect::<String>())
        .map(|row| format!("\t{}\n", row.trim_start()))
        .collect();
    format!("static const char *const errors[] = {{\n{}}};\n", rows.concat())
}

/// The function main().
fn setting(scenario: &Scenario, own: Own, story: &str) -> String {
    let used: BTreeSet<&str> = identifiers(story).into_iter().collect();
    let mut text = "int main(void)\n{\n".to_owned();
    text.push_str(who_runs(scenario, own));
    for (name, id, call) in [("own_uid", own.uid, "geteuid"), ("own_gid", own.gid, "getegid")] {
        if used.contains(name) {
            let id = if scenario.run_as == RunAs::Caller || id != ORDINARY {
                format!("{call}()")
            } else {
                format!("geteuid() ? {call}() : {ORDINARY}")
            };
            let _ = writeln!(text, "\t{name} = {id};");
        }
    }
    text.push_str(
        "\tshared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n\
         \tif (shared == MAP_FAILED) {\n\t\tperror(\"mmap\");\n\t\treturn 2;\n\t}\n\
         \tshared->turn = 1;\n",
    );
    text.push_str(&facts(&used, &helpers(story).join("\n")));
    text.push_str(
        "\tsignal(SIGALRM, on_alarm);\n\talarm(LIMIT);\n\n\tplay();\n\n\
         \t/* Nobody leaves before all is told. */\n\tawait(++turns);\n\
         \tif (me != MAIN)\n\t\t_exit(0);\n\twhile (wait(NULL) > 0)\n\t\t;\n\
         \tputs(shared->status ? \"NOT as expected\" : \"as expected\");\n\treturn shared->status;\n}\n",
    );
    text
}

/// The statements that fill these variables, as far as the program uses them.
fn facts(story: &BTreeSet<&str>, helpers: &str) -> String {
    let mut used: BTreeSet<&str> = identifiers(helpers).into_iter().collect();
    used.extend(story);
    let mut text = String::new();
    let callers = ["caller_inh", "caller_prm", "caller_eff", "caller_amb"];
    if used.contains("proc") || callers.iter().any(|set| used.contains(set)) || used.contains("all_caps") {
        text.push_str(
            "\tproc = open(\"/proc\", O_PATH | O_DIRECTORY | O_CLOEXEC);\n\tif (proc < 0)\n\t\tgive_up(\"open /proc\");\n",
        );
    }
    if used.contains("all_caps") {
        text.push_str("\tall_caps = ~0ULL >> (63 - last_cap());\n");
    }
    for (variable, line) in callers.into_iter().zip(["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
        if used.contains(variable) {
            let _ = writeln!(text, "\t{variable} = caps_of(\"{line}\");");
        }
    }
    if used.contains("passing") {
        text.push_str("\tif (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, passing))\n\t\tgive_up(\"socketpair\");\n");
    }
    if used.contains("low") {
        text.push_str(
            "\tlow = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);\n\
             \tif (low == MAP_FAILED)\n\t\tgive_up(\"mmap\");\n",
        );
    }
    text
}

/// The user that has to run the program, so that its result has a meaning.
fn who_runs(scenario: &Scenario, own: Own) -> &'static str {
    let made_by_root = own.uid == 0 || own.uid == ORDINARY;
    let needs_root = match scenario.run_as {
        RunAs::Root | RunAs::OrdinaryInGroups(_) => true,
        RunAs::Ordinary => scenario.mentions(Actor::Privileged) && made_by_root,
        RunAs::Caller => own.uid == 0,
    };
    match (needs_root, scenario.run_as == RunAs::Caller) {
        (true, _) => {
            "\tif (geteuid()) {\n\t\tfputs(\"cannot run: this is for root\\n\", stderr);\n\t\treturn 2;\n\t}\n"
        }
        (_, true) => {
            "\tif (!geteuid()) {\n\t\tfputs(\"cannot run: this is for an ordinary user\\n\", stderr);\n\t\treturn 2;\n\t}\n"
        }
        _ => "",
    }
}

/// Whether a step uses the parent-death signal.
fn asks_for_signal(action: &Action) -> bool {
    let about =
        |option: i64| [libc::PR_SET_PDEATHSIG, libc::PR_GET_PDEATHSIG].map(i64::from).contains(&option);
    match action {
        Action::Prctl(_, option, _) => about((*option).into()),
        Action::Syscall(Syscall { number: libc::SYS_prctl, args, entry: Entry::Native, .. }) => {
            matches!(args[..], [RawArg::Number(option), ..] if about(option))
        }
        _ => false,
    }
}

/// Removes the lines of shared memory that no helper of this program uses.
fn without_unused(body: &str) -> String {
    if body.contains("shared->error") {
        return body.to_owned();
    }
    body.lines().filter(|line| !line.starts_with("\tint error;")).map(|line| format!("{line}\n")).collect()
}
