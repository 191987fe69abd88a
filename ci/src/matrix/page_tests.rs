use harness_program::protocol::End;

use super::*;
use crate::matrix::merge::{merge, parse};
use crate::report::record::Evidence;

const EVIL: &str = "</script><img src=x onerror=alert(1)>";

/// The page without its data, which the browser only ever reads as JSON.
fn without_data(page: &str) -> String {
    let (before, rest) = page.split_once("id=\"data\">").expect("there is data");
    let (_, after) = rest.split_once("</script>").expect("the data end");
    format!("{before}{after}")
}

fn page(change: impl FnOnce(&mut Merged)) -> Result<String, String> {
    let old = parse(include_str!("../../tests/data/kernels-old.json"))?;
    let new = parse(include_str!("../../tests/data/kernels-new.json"))?;
    let mut merged = merge(vec![("old".to_owned(), old), ("new".to_owned(), new)])?;
    change(&mut merged);
    render(&merged, &Grid::new(&merged))
}

#[test]
fn no_text_breaks_out_of_the_page() -> Result<(), String> {
    let plain = page(|_| {})?;
    let evil = page(|merged| {
        let rule = &mut merged.suite.families[0].rules[0];
        for text in [&mut rule.sentence, &mut rule.source, &mut rule.outcome] {
            text.push_str(EVIL);
        }
        merged.suite.families[0].title.push_str(EVIL);
        let kernel = &mut merged.columns[0].kernel;
        kernel.name.push_str("\" autofocus onfocus=alert(1) x=\"");
        kernel.origin.push_str(EVIL);
        kernel.release = Some(EVIL.to_owned());
        kernel.console.push(EVIL.to_owned());
        let test = &mut kernel.users[0].tests[2];
        (test.output, test.end) = (Some(EVIL.to_owned()), End::Failed(EVIL.to_owned()));
        let reproducers = [(EVIL.to_owned(), EVIL.to_owned())].into();
        test.evidence = Some(Evidence { trace: Some(EVIL.to_owned()), reproducers, ..Evidence::default() });
    })?;

    let tags = |page: &str| (page.matches("</script").count(), page.matches("<img").count());
    assert_eq!(tags(&plain), (2, 0));
    assert_eq!(tags(&evil), (2, 0));
    assert!(!without_data(&evil).contains("\" autofocus"), "an attribute was closed");
    Ok(())
}

#[test]
fn the_page_loads_nothing() -> Result<(), String> {
    let page = without_data(&page(|_| {})?);

    assert!(page.contains("default-src 'none'"));
    for way in [" src=", " href=", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML"] {
        assert!(!page.contains(way), "the page contains {way:?}");
    }
    Ok(())
}

#[test]
fn a_cell_tells_its_state_in_words() -> Result<(), String> {
    let page = page(|_| {})?;

    for words in [
        "<span class=\"word\">differs</span> <span class=\"why\">EINVAL, expected EPERM</span>",
        "<span class=\"word\">no answer</span> <span class=\"why\">panicked</span>",
        "news: differs no more",
        "<strong class=\"trouble\">no answer: panicked: Kernel panic",
        "No test: it takes two machines.",
    ] {
        assert!(page.contains(words), "no {words:?} in the page");
    }
    // A row is a kernel, then its counts: it held nothing.
    let broken = page.split("value=\"broken\"").nth(1).and_then(|rest| rest.split("</tr>").next());
    assert!(broken.is_some_and(|row| row.contains("<td class=\"number\">0</td><td class=\"number\">0</td>")));
    Ok(())
}

#[test]
fn a_kernel_on_which_little_could_run_is_told_of() -> Result<(), String> {
    let words = "passed, but on new 9 of 10 tests could not run here";
    let told = page(|merged| {
        let verdict = &mut merged.columns[2].kernel.verdict;
        (verdict.word, verdict.text) = ("partial".to_owned(), words.to_owned());
    })?;

    assert!(told.contains(&format!("<strong class=\"trouble\">{words}</strong>")));
    assert!(!page(|_| {})?.contains("could not run here"));
    Ok(())
}
