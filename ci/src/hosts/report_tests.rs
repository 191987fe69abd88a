use super::*;
use crate::hosts::answers::Ran;
use harness_program::protocol::End;

fn judged(name: &str, findings: Vec<Finding>) -> Result<Judged, String> {
    let row = toml::from_str(&format!("name = {name:?}\nabout = \"stands for it\"\nmake = \"exec env\""));
    let ran = vec![Ran { test: "a".to_owned(), end: End::Passed, output: String::new() }];
    let answers = Answers { ran, ..Answers::default() };
    Ok(Judged {
        row: row.map_err(|error| error.to_string())?,
        answers,
        findings,
        took: Duration::from_secs(2),
    })
}

fn failed() -> Finding {
    let output = "running 1 test\n\nstep 1 inside gid_map\n  kernel ok\n".to_owned();
    Finding::Failed { test: "a".to_owned(), end: "exit code 101".to_owned(), output }
}

#[test]
fn the_table_has_a_row_for_each_host_and_names_what_was_found() -> Result<(), String> {
    let hosts = [judged("good", vec![])?, judged("bad", vec![failed()])?];
    let text = anstream::adapter::strip_str(&text(&hosts, false)).to_string();

    assert!(text.contains("good    1        0       0     0      0      2.0\n"), "{text}");
    assert!(
        text.contains("bad: stands for it\n  failed: a (exit code 101)\n      step 1 inside gid_map\n"),
        "{text}"
    );
    assert!(text.ends_with("failed: 1 of 2 hosts: bad\n"), "{text}");
    Ok(())
}

#[test]
fn what_was_found_outweighs_what_could_not_be_made() -> Result<(), String> {
    let not_made = || Finding::NotMade { why: "no mount".to_owned() };
    let (good, bad) = (judged("good", vec![])?, judged("bad", vec![failed()])?);
    let stuck = judged("stuck", vec![not_made()])?;

    assert_eq!(verdict(std::slice::from_ref(&good)), Verdict::Good);
    assert_eq!(verdict(&[good, stuck.clone()]), Verdict::CouldNotRun("not made: stuck".to_owned()));
    assert_eq!(verdict(&[bad, stuck]), Verdict::Failed("1 of 2 hosts: bad".to_owned()));
    assert_eq!(verdict(&[]), Verdict::CouldNotRun("no test ran on any host".to_owned()));
    Ok(())
}

#[test]
fn markdown_and_json_have_the_same_findings() -> Result<(), String> {
    let hosts = [judged("bad", vec![failed(), Finding::Residue { what: "new: tmp/x".to_owned() }])?];

    let markdown = markdown(&hosts);
    assert!(markdown.contains("| bad | 1 | 0 | 1 | 1 | 0 | 2.0 |"), "{markdown}");
    assert!(markdown.contains("- left behind: new: tmp/x\n"), "{markdown}");
    let json: serde_json::Value = serde_json::from_str(&json(&hosts)?).map_err(|error| error.to_string())?;
    assert_eq!(json["verdict"], "failed");
    assert_eq!(json["hosts"][0]["findings"][1]["what"], "new: tmp/x");
    Ok(())
}
