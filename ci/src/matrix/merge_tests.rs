use super::*;

const OLD: &str = include_str!("../../tests/data/kernels-old.json");
const NEW: &str = include_str!("../../tests/data/kernels-new.json");

fn both() -> Result<Vec<(String, Document)>, String> {
    Ok(vec![("old.json".to_owned(), parse(OLD)?), ("new.json".to_owned(), parse(NEW)?)])
}

fn refused(runs: Vec<(String, Document)>) -> String {
    merge(runs).err().unwrap_or_default()
}

#[test]
fn runs_of_one_suite_are_put_side_by_side() -> Result<(), String> {
    let merged = merge(both()?)?;

    let names: Vec<&str> = merged.columns.iter().map(|column| column.kernel.name.as_str()).collect();
    assert_eq!(names, ["old", "broken", "new"]);
    assert_eq!(merged.traces.len(), 4);
    Ok(())
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    for cut in (0..NEW.trim_end().len()).step_by(97) {
        let why = parse(&NEW[..cut]).err().unwrap_or_default();
        assert!(why == "is empty" || why.starts_with("is cut short: "), "the first {cut} bytes: {why:?}");
    }
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &NEW[..NEW.len() / 2])?;
    let error = read(file.path()).err().unwrap_or_default();
    assert!(error.starts_with(&format!("{} is cut short: ", file.path().display())), "{error}");
    assert!(error.contains("make it anew with `cargo ci kernels --save "), "{error}");
    Ok(())
}

#[test]
fn other_files_are_told_apart() {
    let old_form = NEW.replace("\"format\": 1,", "");
    let other_form = NEW.replace("\"format\": 1,", "\"format\": 9,");
    let no_test = NEW.replacen("\"end\": \"passed\"", "\"end\": \"fine\"", 1);
    for (text, said) in [
        ("", "is empty"),
        ("{}}", "is no JSON"),
        (old_form.as_str(), "is not from `cargo ci kernels --json`"),
        (other_form.as_str(), "is of form 9"),
        (no_test.as_str(), "is of another form"),
    ] {
        let error = parse(text).err().unwrap_or_default();
        assert!(error.contains(said), "no {said:?} in {error:?}");
    }
}

#[test]
fn a_kernel_that_does_not_tell_of_a_test_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let with = |change: fn(&mut Value)| -> Result<String, serde_json::Error> {
        let mut value: Value = serde_json::from_str(NEW)?;
        change(&mut value);
        Ok(parse(&value.to_string()).err().unwrap_or_default())
    };

    let fewer = with(|it| {
        it["kernels"][0]["legs"][0]["tests"].as_array_mut().map(Vec::pop);
    })?;
    assert_eq!(fewer, "does not report how map_text::page ended on new, as uid 0");
    let none = with(|it| it["kernels"][0]["legs"] = Value::Array(Vec::new()))?;
    assert_eq!(none, "has neither answers of new nor a reason why there are none");
    let twice =
        with(|it| it["kernels"][0]["legs"][0]["tests"][0] = it["kernels"][0]["legs"][0]["tests"][1].clone())?;
    assert_eq!(twice, "reports map_order::once on new twice, as uid 0");
    let other = with(|it| it["kernels"][0]["legs"][0]["tests"][0]["name"] = "x".into())?;
    assert_eq!(other, "reports x on new, which was not asked for");
    Ok(())
}

#[test]
fn a_kernel_that_is_named_twice_is_refused() -> Result<(), String> {
    let again = || Ok::<_, String>(("again.json".to_owned(), parse(NEW)?));

    let mut runs = both()?;
    runs.push(again()?);
    assert_eq!(refused(runs), "the kernel new is in new.json and again.json: leave one of them out");
    assert!(refused(vec![again()?, again()?]).contains("again.json twice"));
    assert_eq!(refused(Vec::new()), "there is no kernel in these files");
    Ok(())
}

#[test]
fn other_versions_of_the_suite_are_refused() -> Result<(), String> {
    let mut runs = both()?;
    runs[1].1.suite.tests.pop();
    let error = refused(runs);
    assert!(error.starts_with("old.json and new.json are from different versions of the suite"), "{error}");
    assert!(error.contains("only one has the test map_text::page"), "{error}");

    let mut runs = both()?;
    runs[1].1.suite.families[0].rules[0].sentence.push('!');
    assert!(refused(runs).contains("their rules or tests read otherwise"));

    let mut runs = both()?;
    let trace = runs[1].1.traces.get_mut("map_order::once").ok_or("no trace")?;
    trace.insert(String::new(), "another\n".to_owned());
    assert!(refused(runs).contains("the reviewed snapshot of map_order::once differs"));
    Ok(())
}

#[test]
fn a_directory_stands_for_what_is_called_so_below_it() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let below = |name: &str| dir.path().join(name);
    for job in ["b/target", "a/target"] {
        std::fs::create_dir_all(below(job))?;
        std::fs::write(below(job).join("kernels.json"), "")?;
        std::fs::write(below(job).join("other.json"), "")?;
    }

    let found = files(&[below("b/target/other.json"), dir.path().to_owned()])?;

    let expected = ["b/target/other.json", "a/target/kernels.json", "b/target/kernels.json"].map(below);
    assert_eq!(found, expected);
    let empty = tempfile::tempdir()?;
    let words =
        format!("no kernels.json is below {}; `cargo ci kernels --save` writes one", empty.path().display());
    assert_eq!(files(&[empty.path().to_owned()]), Err(words));
    Ok(())
}
