//! `cargo ci kernels` as a script sees it: what it prints, how it ends, and that a guest cannot fool it.
//!
//! The kernel is this host; the guest's program is a shell script, so that it can lie.
mod support;

use std::fs;
use std::io;
use std::process::{Command, Output};

use support::{READY, StandIn, ci};

/// A guest's words: as root it is asked for two users, otherwise for one.
const USER: &str = r#"user() {
    echo '{"user_started":{"uid":'$1',"facts":{"system":{"kernel_release":"7.3.4"}}}}'
    echo '{"started":{"test":"a"}}'
    echo '{"ended":{"test":"a","end":'$2',"milliseconds":5,"output":"the diff"}}'
    echo '{"snapshot":{"path":"tests/snapshots/a.snap.new","text":"new"}}'
    echo '{"reproducer":{"name":"a.c","text":"int main;"}}'
    echo '{"skipped":{"test":"b","reason":"needs sudo: not installed","everywhere":'${OTHERS:-true}'}}'
    echo '{"user_ended":{"ran":1,"skipped":1}}'
}"#;
const BOTH: &str = r#"[ "$(id -u)" != 0 ] || user 0 "$END"; user 61234 "$END"; echo '"done"'"#;

/// Standard output and standard error as text, and the exit status.
fn ends(mut command: Command) -> io::Result<(String, String, Option<i32>)> {
    let Output { status, stdout, stderr } = command.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&stdout), text(&stderr), status.code()))
}

/// How `cargo ci kernels` ends for a stand-in.
fn kernels(stand_in: &StandIn, arguments: &[&str]) -> io::Result<(String, String, Option<i32>)> {
    ends(stand_in.command(arguments))
}

/// What a guest says whose tests all end so.
fn guest(end: &str) -> String {
    format!("END='{end}'\n{USER}\n{READY}\n{BOTH}")
}

#[test]
fn kernels_can_be_listed_for_people_and_for_scripts() -> Result<(), Box<dyn std::error::Error>> {
    let (text, _, status) = ends(ci(&["kernels", "--list"]))?;
    assert_eq!(status, Some(0));
    let row = "debian-7.3   qemu    linux-image-cloud-amd64 of Debian trixie-backports";
    assert!(text.lines().any(|line| line == row), "{text}");

    let (json, _, status) = ends(ci(&["kernels", "--list", "--json", "--only", "uml"]))?;
    assert_eq!(status, Some(0));
    let rows: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!(rows.as_array().map(Vec::len), Some(4));
    assert_eq!((&rows[3]["name"], &rows[3]["start"]), (&"uml-7.2".into(), &"uml".into()));
    Ok(())
}

#[test]
fn what_is_no_kernel_is_refused() -> io::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_string_lossy().into_owned();
    for (arguments, said) in [
        (["--only", "bsd"], "no kernel's name begins with \"bsd\""),
        (["--kernel", &path], "is neither a bzImage for x86-64 nor a User-Mode Linux program"),
        (["--kernel", "/nowhere/bzImage"], "cannot read the kernel /nowhere/bzImage"),
    ] {
        let (_, errors, status) = ends(ci(&[&["kernels", "--list"], &arguments[..]].concat()))?;
        assert_eq!(status, Some(2), "{errors}");
        assert!(errors.contains(said), "no {said:?} in:\n{errors}");
    }
    Ok(())
}

#[test]
fn a_kernel_that_passes_is_good() -> io::Result<()> {
    let (text, errors, status) = kernels(&StandIn::new(&guest("\"passed\""))?, &[])?;

    assert_eq!(status, Some(0), "{text}{errors}");
    let line = text.lines().find(|line| line.starts_with("host ")).unwrap_or_default();
    assert!(line.contains(" 7.3.4 ") && line.ends_with("the newest"), "{text}");
    assert!(errors.contains("Linux 7.3.4 is up after "), "{errors}");
    Ok(())
}

#[test]
fn a_kernel_on_which_little_could_run_is_partial() -> Result<(), Box<dyn std::error::Error>> {
    let stand_in = StandIn::new(&format!("OTHERS=false\n{}", guest("\"passed\"")))?;

    let (text, _, status) = kernels(&stand_in, &[])?;
    let words = "passed, but on host 1 of 2 tests could not run here: needs sudo: not installed (1); nothing ran of: \
                 Writing a map: the text";
    assert_eq!((text.lines().last(), status), (Some(words), Some(3)), "{text}");
    assert_eq!(kernels(&stand_in, &["--partial", "ok"])?.2, Some(0));
    assert_eq!(kernels(&stand_in, &["--partial", "fail"])?.2, Some(1));

    let junit = stand_in.dir.path().join("junit.xml");
    let (json, ..) = kernels(&stand_in, &["--json", "--junit", &junit.to_string_lossy()])?;
    let value: serde_json::Value = serde_json::from_str(&json)?;
    let verdict = &value["kernels"][0]["verdict"];
    let reason = &verdict["reasons"][0]["why"];
    assert_eq!((&verdict["word"], reason), (&"partial".into(), &"needs sudo: not installed".into()));
    let junit = fs::read_to_string(junit)?;
    for property in [
        r#"<property name="verdict" value="partial"/>"#,
        r#"<property name="could_not_run" value="1"/>"#,
        r#"<property name="host.system.kernel_release" value="7.3.4"/>"#,
    ] {
        assert!(junit.contains(property), "no {property} in:\n{junit}");
    }
    Ok(())
}

/// The step that differs comes from the guest as data, and is the same in the table, the JUnit file and the page.
#[test]
fn the_step_that_differs_is_named_everywhere() -> Result<(), Box<dyn std::error::Error>> {
    let differs = r#"{"scenario":1,"on":{"step":{"number":3,"actor":"inside","action":"gid_map <- x"}},"got":"ok","expected":"EPERM","by":["snapshot","model"],"rule":"map.written-once"}"#;
    let failed = guest(r#"{"failed":"exit code 101"}"#);
    let script = failed
        .replace(r#""output":"the diff""#, &format!(r#""output":"the diff","differences":[{differs}]"#));
    let stand_in = StandIn::new(&script)?;
    let file = |name: &str| stand_in.dir.path().join(name).to_string_lossy().into_owned();
    let (markdown, junit) = (file("matrix.md"), file("junit.xml"));

    let (text, _, status) = kernels(&stand_in, &["--markdown", &markdown, "--junit", &junit])?;

    assert_eq!(status, Some(1), "{text}");
    let words = "inside gid_map <- x: ok, expected EPERM";
    assert!(text.contains(&format!("  uid 61234  a  map.written-once: {words}\n")), "{text}");
    let markdown = fs::read_to_string(markdown)?;
    assert!(markdown.contains(&format!("differs: `{words}`")), "{markdown}");
    assert!(
        fs::read_to_string(junit)?.contains("map.written-once: inside gid_map &lt;- x: ok, expected EPERM")
    );
    Ok(())
}

#[test]
fn a_kernel_that_is_too_slow_for_a_race_breaks_no_rule() -> io::Result<()> {
    let (text, _, status) = kernels(&StandIn::new(&guest(r#"{"too_slow":"too slow here: x"}"#))?, &[])?;

    assert_eq!(status, Some(2), "nothing ran:\n{text}");
    assert!(text.contains("  uid 61234  a  too slow here: x\n"), "{text}");
    Ok(())
}

#[test]
fn a_test_that_fails_is_named_and_what_it_left_is_kept() -> Result<(), Box<dyn std::error::Error>> {
    let stand_in = StandIn::new(&guest(r#"{"failed":"exit code 101"}"#))?;
    let junit = stand_in.dir.path().join("junit.xml");

    let (text, _, status) = kernels(&stand_in, &["--junit", &junit.to_string_lossy()])?;
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("  uid 61234  a  exit code 101\n"), "{text}");
    assert!(text.contains("are below target/userns-suite/kernels/host\n"), "{text}");
    let left = stand_in.dir.path().join("target/userns-suite/kernels/host/uid-61234");
    assert_eq!(fs::read_to_string(left.join("output/a.txt"))?, "the diff");
    assert_eq!(fs::read_to_string(left.join("snapshots/tests/snapshots/a.snap.new"))?, "new");
    assert_eq!(fs::read_to_string(left.join("reproducers/a.c"))?, "int main;");
    assert!(fs::read_to_string(junit)?.contains(r#"<testsuite name="host uid 61234" tests="2""#));

    let (json, _, status) = kernels(&stand_in, &["--json"])?;
    assert_eq!(status, Some(1));
    let value: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!((&value["format"], &value["kernels"][0]["verdict"]["word"]), (&3.into(), &"failed".into()));
    let users = value["kernels"][0]["legs"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(users[0]["facts"]["system"]["kernel_release"], "7.3.4");
    let seen = &users.last().ok_or("no user")?["tests"][0];
    assert_eq!((&seen["trace"], &seen["reproducers"]["a.c"]), (&"new".into(), &"int main;".into()));
    Ok(())
}

#[test]
fn pages_tell_what_json_tells() -> Result<(), Box<dyn std::error::Error>> {
    let stand_in = StandIn::new(&guest(r#"{"failed":"exit code 101"}"#))?;
    let file = |name: &str| stand_in.dir.path().join(name).to_string_lossy().into_owned();
    let (html, markdown, saved) = (file("matrix.html"), file("matrix.md"), file("target/kernels.json"));

    let (text, _, status) =
        kernels(&stand_in, &["--html", &html, "--markdown", &markdown, "--save", &saved])?;

    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("  uid 61234  a  exit code 101\n"), "{text}");
    for page in [&html, &markdown] {
        let page = fs::read_to_string(page)?;
        assert!(page.contains("map.written-once") && page.contains("exit code 101"), "{page}");
    }
    // What was saved gives the same pages, found by the name that jobs give it.
    let again = file("again.html");
    let (_, errors, status) = ends(ci(&["matrix", &file("target"), "--html", &again]))?;
    assert_eq!((status, fs::read_to_string(again)?), (Some(0), fs::read_to_string(html)?), "{errors}");
    Ok(())
}

#[test]
fn what_cannot_be_written_is_found_before_a_kernel_starts() -> io::Result<()> {
    let stand_in = StandIn::new("touch started")?;

    for option in ["--html", "--markdown", "--save", "--junit"] {
        let (_, errors, status) = kernels(&stand_in, &[option, "/nowhere/matrix"])?;
        assert_eq!(status, Some(2), "{option}");
        assert!(errors.contains("cannot write /nowhere/matrix: No such file"), "{option}: {errors}");
        assert!(!errors.contains(" is up after "), "{option}: {errors}");
    }
    Ok(())
}

#[test]
fn a_guest_that_lies_could_not_be_judged() -> io::Result<()> {
    let truth = guest("\"passed\"");
    for (lie, script, said) in [
        ("nothing at all", "exit 0".to_owned(), "answered short: it ended before it was done"),
        ("half of it", format!("{READY}; exit 0"), "the last was: Linux 7.3.4 is up"),
        ("a crash", format!("{READY}; kill -SEGV $$"), "(signal: 11"),
        ("a line cut short", format!("{READY}; echo '{{\"user_started\":'"), "answered short: no event"),
        (
            "fewer tests",
            truth.replace("\"ran\":1", "\"ran\":0"),
            "of 2 tests it says that 0 ran and 1 were skipped",
        ),
        (
            "no second test",
            truth.replace("\"skipped\":{\"test\":\"b\"", "\"started\":{\"test\":\"b\""),
            "answered short",
        ),
        ("other tests", truth.replace("\"a\"", "\"c\""), "c, which was not asked for"),
        ("a way out", truth.replace("tests/snapshots/a.snap", "../a.snap"), "leads elsewhere"),
    ] {
        let (text, _, status) = kernels(&StandIn::new(&script)?, &[])?;

        assert_eq!(status, Some(2), "{lie}:\n{text}");
        assert!(text.contains(said), "{lie}: no {said:?} in:\n{text}");
    }
    Ok(())
}

#[test]
fn a_guest_that_hangs_is_ended() -> io::Result<()> {
    let hangs = format!("{READY}\necho 'the end of a console' >&2\nsleep 600");
    let (text, _, status) = kernels(&StandIn::new(&hangs)?, &["--limit", "1"])?;

    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("host did not end within 1 s; the last was: Linux 7.3.4 is up"), "{text}");
    assert!(text.contains("  | the end of a console\n"), "{text}");
    Ok(())
}

/// A file by which the host is known to fail the tests of this pattern, or by which something else is wrong.
fn known(stand_in: &StandIn, tests: &str, rule: &str) -> io::Result<String> {
    let file = stand_in.dir.path().join("known.toml");
    let text = format!(
        "[[difference]]\nkernel = 'host'\nrule = '{rule}'\nwhat = 'It does otherwise.'\n\
         source = 'seen, cause not known'\nsince = '1'\ntests = ['{tests}']\n"
    );
    fs::write(&file, text)?;
    Ok(file.to_string_lossy().into_owned())
}

#[test]
fn a_failure_that_is_known_is_counted_apart() -> Result<(), Box<dyn std::error::Error>> {
    let stand_in = StandIn::new(&guest(r#"{"failed":"exit code 101"}"#))?;
    let (file, junit) = (known(&stand_in, "a", "id.unmapped")?, stand_in.dir.path().join("junit.xml"));

    let (text, errors, status) =
        kernels(&stand_in, &["--known", &file, "--junit", &junit.to_string_lossy()])?;
    assert_eq!(status, Some(0), "{text}{errors}");
    assert!(text.contains("     1  id.unmapped: It does otherwise.\n"), "{text}");
    assert!(text.ends_with("passed\n") && !text.contains("exit code 101"), "{text}");
    let junit = fs::read_to_string(junit)?;
    assert!(junit.contains("known difference: id.unmapped: It does otherwise."), "{junit}");
    assert!(junit.contains(r#"failures="0""#), "{junit}");

    let (json, ..) = kernels(&stand_in, &["--known", &file, "--json"])?;
    let value: serde_json::Value = serde_json::from_str(&json)?;
    let kernel = &value["kernels"][0];
    assert_eq!((&kernel["failed"], &kernel["verdict"]["word"]), (&0.into(), &"good".into()));
    let first = &kernel["known"][0];
    assert_eq!((&first["rule"], &first["since"]), (&"id.unmapped".into(), &"1".into()));
    assert_eq!((&first["tests"], &first["gone"]), (&vec!["a"].into(), &Vec::<String>::new().into()));
    Ok(())
}

#[test]
fn a_failure_of_another_test_is_one_as_always() -> io::Result<()> {
    let stand_in = StandIn::new(&guest(r#"{"failed":"exit code 101"}"#))?;
    // It is skipped, and what is skipped is not gone.
    let file = known(&stand_in, "b", "id.unmapped")?;

    let (text, _, status) = kernels(&stand_in, &["--known", &file])?;
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("  uid 61234  a  exit code 101\n") && !text.contains("known to fail"), "{text}");
    Ok(())
}

#[test]
fn a_test_that_passes_against_what_is_known_is_news() -> Result<(), Box<dyn std::error::Error>> {
    let stand_in = StandIn::new(&guest("\"passed\""))?;
    let (file, junit) = (known(&stand_in, "*", "id.unmapped")?, stand_in.dir.path().join("junit.xml"));

    let (text, _, status) = kernels(&stand_in, &["--known", &file, "--junit", &junit.to_string_lossy()])?;
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("host: passed, and known to fail\n"), "{text}");
    let said = "  a  id.unmapped; remove it from ci/differences.toml, or narrow what covers it\n";
    assert!(text.contains(said) && !text.contains("  b  id.unmapped"), "{text}");
    assert!(text.contains("host: 1 passed that ci/differences.toml knows to fail"), "{text}");
    assert!(fs::read_to_string(junit)?.contains("it passed; remove it from ci/differences.toml"));
    Ok(())
}

#[test]
fn what_is_known_of_nothing_is_refused() -> io::Result<()> {
    let stand_in = StandIn::new(&guest("\"passed\""))?;
    for (tests, rule, said) in [
        ("no_such_test", "id.unmapped", "id.unmapped of host names no_such_test, and no test is called so"),
        ("no::such::*", "id.unmapped", "names no::such::*"),
        ("a", "id.no-such-rule", "id.no-such-rule of host: no rule has this name"),
    ] {
        let file = known(&stand_in, tests, rule)?;
        let (text, errors, status) = kernels(&stand_in, &["--known", &file])?;
        assert_eq!(status, Some(2), "{text}{errors}");
        assert!(errors.contains(said), "no {said:?} in:\n{errors}");
    }
    Ok(())
}
