//! `cargo ci matrix` as its reader sees it: its errors, and the page in Chromium.
//!
//! What needs Chromium is ignored by default, and run by `cargo ci test --only browser`, which installs it.

mod chromium;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use chromium::Chromium;

type Tested = Result<(), Box<dyn Error>>;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn matrix(arguments: &[&Path]) -> Result<(String, Option<i32>), Box<dyn Error>> {
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_ci")).arg("matrix").args(arguments).output()?;
    Ok((String::from_utf8_lossy(&stderr).into_owned(), status.code()))
}

/// The page of two files, in a directory that goes with it.
fn page() -> Result<(TempDir, PathBuf), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let page = dir.path().join("matrix.html");
    let (old, new) = (data("kernels-old.json"), data("kernels-new.json"));
    let (errors, status) = matrix(&[Path::new("--html"), &page, &old, &new])?;
    assert_eq!(status, Some(0), "{errors}");
    Ok((dir, page))
}

#[test]
fn what_cannot_be_put_on_a_page_is_named() -> Tested {
    let dir = tempfile::tempdir()?;
    let (cut, page) = (dir.path().join("cut.json"), dir.path().join("matrix.html"));
    let (html, new) = (Path::new("--html"), data("kernels-new.json"));
    std::fs::write(&cut, &std::fs::read(&new)?[..3000])?;
    let nowhere = Path::new("/nowhere/kernels.json");
    for (arguments, said) in [
        (vec![html, &page, &cut], format!("{} is cut short: ", cut.display())),
        (vec![html, &page, &new, &new], "kernels-new.json twice: leave one of them out".to_owned()),
        (vec![html, &page, nowhere], "cannot read /nowhere/kernels.json".to_owned()),
        (vec![html, Path::new("/nowhere/a.html"), &new], "cannot write /nowhere/a.html".to_owned()),
        (vec![new.as_path()], "no page is asked for: name one with --html FILE".to_owned()),
    ] {
        let (errors, status) = matrix(&arguments)?;
        assert_eq!(status, Some(2), "{errors}");
        assert!(errors.contains(&said), "no {said:?} in:\n{errors}");
    }
    assert!(!page.exists(), "a page was written in spite of all");
    Ok(())
}

/// The rules that are shown, and what the page says of them.
const SHOWN: &str = "JSON.stringify([
    [...document.querySelectorAll('tr.rule')].filter(row => row.offsetParent !== null)
        .map(row => row.querySelector('code').textContent),
    [...document.querySelectorAll('.rules thead th')].filter(head => head.offsetParent !== null).length - 1,
    document.getElementById('shown').textContent, decodeURIComponent(location.hash)])";

fn shown(chromium: &mut Chromium) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(chromium.evaluate(SHOWN)?.as_str().unwrap_or_default())?)
}

/// Sets the value of a control of the form, as if a user typed it.
fn set(chromium: &mut Chromium, control: &str, value: &str) -> Result<(), String> {
    chromium.evaluate(&format!(
        "(() => {{ const it = document.querySelector(`{control}`); {value};
            it.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
    ))?;
    Ok(())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn filters_show_what_they_say_and_the_address_keeps_them() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    let all = json!(["map.written-once", "map.page-size", "text.numbers-wrap", "groups.denied"]);
    let before = json!([all, 3, "4 of 4 rules on 3 of 3 kernels, 4 with a difference.", ""]);
    assert_eq!(shown(&mut chromium)?, before);

    set(&mut chromium, "input[value=old]", "it.checked = false")?;
    set(&mut chromium, "input[name=differences]", "it.checked = true")?;
    let one = json!([
        ["groups.denied"],
        2,
        "1 of 4 rules on 2 of 3 kernels, 1 with a difference.",
        "#differences=1&kernel=broken&kernel=new"
    ]);
    assert_eq!(shown(&mut chromium)?, one);

    chromium.evaluate("document.getElementById('all').click()")?;
    assert_eq!(shown(&mut chromium)?[0], all);
    set(&mut chromium, "select", "it.value = 'writing-a-map-the-text'")?;
    assert_eq!(shown(&mut chromium)?[0], json!(["text.numbers-wrap"]));

    chromium.evaluate("document.getElementById('all').click()")?;
    // Words are looked for one by one, in rules, cells, sources and names of tests.
    for (words, rules) in [
        ("einval EXPECTED", json!(["map.written-once", "map.page-size"])),
        ("once_more", json!(["map.written-once"])),
        ("page.size nothing", json!([])),
    ] {
        set(&mut chromium, "input[name=q]", &format!("it.value = '{words}'"))?;
        assert_eq!(shown(&mut chromium)?[0], rules, "{words}");
    }
    let nothing = shown(&mut chromium)?[2].to_string();
    assert!(nothing.contains("Nothing fits these filters."), "{nothing}");
    Ok(())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn a_view_can_be_linked() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;

    chromium.evaluate("location.hash = '#differences=1&kernel=new&cell=groups.denied@new'; 0")?;
    chromium.until("details.open")?;

    let view = shown(&mut chromium)?;
    assert_eq!((&view[0], &view[1]), (&json!(["groups.denied"]), &json!(1)));
    let details = chromium.evaluate("document.getElementById('details').innerText")?.to_string();
    assert!(details.contains("groups.denied on new") && details.contains("differs no more"), "{details}");
    // An unknown part of the address shows everything.
    chromium.evaluate("location.hash = '#family=nowhere&cell=x@y'; 0")?;
    chromium.until("!details.open")?;
    assert_eq!(shown(&mut chromium)?[0].as_array().map(Vec::len), Some(4));
    Ok(())
}

/// Opens the cell of a rule on a kernel, and tells what is in the details.
fn details(chromium: &mut Chromium, row: usize, kernel: usize) -> Result<String, String> {
    let cell = format!("document.querySelectorAll('tr.rule')[{row}].cells[{kernel}].firstElementChild");
    chromium
        .evaluate(&format!("if (document.getElementById('details').open) details.close(); {cell}.click()"))?;
    // What is in a part is made when it is opened, and has parts of its own.
    let open =
        "[...details.querySelectorAll('details:not([open])')].map(it => { it.open = true; }).length === 0";
    chromium.until(open)?;
    let unmade = "[...details.querySelectorAll('details')].every(it => it.children.length > 1)";
    chromium.until(unmade)?;
    chromium.until(open)?;
    let text = chromium.evaluate("details.innerText")?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn a_cell_shows_trace_source_and_reproducer() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    for (row, kernel, parts) in [
        (
            0,
            1,
            vec![
                "map.written-once on old",
                "differs: EINVAL, expected EPERM",
                "A map is written once.",
                "Source: user_namespaces(7)",
                "tests/userns/map_order.rs:21",
                "root: exit code 101",
                "uid 61234: skipped: needs root",
                "EPERM\n+inside",
                "reproducer map_order-once_more.c",
                "int main(void) { return 1; }",
                "map_order-once_more.sh",
                "The reviewed trace:",
                "cargo nextest run -E 'test(=map_order::once)'",
                "cargo ci kernels --only old",
            ],
        ),
        (
            1,
            1,
            vec![
                "differs, known",
                "Known: takes a page and more (since 20240729)",
                "The results of the run contain its reproducer",
            ],
        ),
        (
            2,
            1,
            vec![
                "older answer",
                "saturating-numbers",
                "in Linux 7.2",
                "for kernels without-saturating-numbers:",
            ],
        ),
        (
            3,
            1,
            vec!["skipped: needs CONFIG_KEYS: not set", "What is expected is written in the test's source."],
        ),
        (0, 2, vec!["map.written-once on broken", "no answer: panicked", "Kernel panic - not syncing"]),
        (0, 3, vec!["map.written-once on new", "holds"]),
    ] {
        let text = details(&mut chromium, row, kernel)?;
        for part in parts {
            assert!(text.contains(part), "row {row}, kernel {kernel}: no {part:?} in:\n{text}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn what_a_test_printed_is_never_run_and_nothing_is_loaded() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    let title = chromium.evaluate("document.title")?;

    let text = details(&mut chromium, 0, 1)?;

    assert!(text.contains("</script><script>document.title=\"broken\"</script><img src=x"), "{text}");
    assert_eq!(chromium.evaluate("document.title")?, title);
    assert_eq!(chromium.evaluate("document.images.length + document.scripts.length")?, 2);
    let strangers: Vec<&String> =
        chromium.requested.iter().filter(|it| !it.ends_with("/matrix.html")).collect();
    assert!(strangers.is_empty() && !chromium.requested.is_empty(), "{:?}", chromium.requested);
    Ok(())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn the_keyboard_opens_and_closes_a_cell() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    let focused = "document.activeElement.closest('td')?.className ?? document.activeElement.tagName";
    chromium.evaluate("document.querySelector('td.differs button').focus()")?;

    chromium.press("Enter", 13, "\r")?;
    assert_eq!(chromium.evaluate("details.open")?, true);
    assert_eq!(chromium.evaluate("document.activeElement.closest('dialog') !== null")?, true);
    assert_eq!(chromium.evaluate("location.hash")?, "#cell=map.written-once%40old");

    chromium.press("Escape", 27, "")?;
    chromium.until("!details.open && location.hash === ''")?;
    assert_eq!(chromium.evaluate(focused)?, "differs");
    Ok(())
}

/// The least contrast of any text of the page with what is behind it, and the name of its class.
const CONTRAST: &str = r"(() => {
    const luminance = (color) => {
        const [r, g, b] = color.match(/[\d.]+/g).map(Number).map((it) => it / 255)
            .map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (it) => {
        const color = getComputedStyle(it).backgroundColor;
        return color.endsWith(', 0)') && it.parentElement ? behind(it.parentElement) : color;
    };
    const ratios = [...document.querySelectorAll('th, .word, .why, .sentence, .outcome, .release, .sign, p, strong')]
        .filter((it) => it.offsetParent !== null).map((it) => {
            const [a, b] = [luminance(getComputedStyle(it).color), luminance(behind(it))];
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), it.className];
        });
    return ratios.sort(([a], [b]) => a - b)[0];
})()";

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn it_can_be_read_in_light_and_in_the_dark_and_on_paper() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    let mut papers = Vec::new();
    for (media, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "light")] {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        chromium.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}))?;
        let least = chromium.evaluate(CONTRAST)?;
        assert!(least[0].as_f64() > Some(4.5), "{media}, {scheme}: {least}");
        papers.push(chromium.evaluate("getComputedStyle(document.body).backgroundColor")?);
    }
    assert_eq!(papers, ["rgb(255, 255, 255)", "rgb(23, 24, 27)", "rgb(255, 255, 255)"]);
    // On paper there is nothing to press, and the words are there.
    let hidden = "['form', '#shown', 'input'].every(it => document.querySelector(it).offsetParent === null)";
    assert_eq!(chromium.evaluate(hidden)?, true);
    let word = chromium.evaluate("document.querySelector('td.differs').innerText")?.to_string();
    assert!(word.contains("differs") && word.contains("EINVAL, expected EPERM"), "{word}");
    Ok(())
}

#[test]
#[ignore = "needs Chromium: cargo ci test --only browser"]
fn it_fits_a_phone() -> Tested {
    let (_dir, page) = page()?;
    let mut chromium = Chromium::open(&page)?;
    let phone = json!({"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": true});
    chromium.call("Emulation.setDeviceMetricsOverride", phone)?;

    // A rule and two kernels are in sight, whatever is wider scrolls, and the rule stays.
    let right = "document.querySelector('tr.rule').cells[2].getBoundingClientRect().right";
    assert!(chromium.evaluate(right)?.as_f64() <= Some(360.0), "{}", chromium.evaluate(right)?);
    let header = "document.querySelector('header').getBoundingClientRect().width";
    assert!(chromium.evaluate(header)?.as_f64() <= Some(360.0), "{}", chromium.evaluate(header)?);
    chromium.evaluate("scrollTo(200, 0)")?;
    assert_eq!(chromium.evaluate("document.querySelector('tr.rule th').getBoundingClientRect().left")?, 0);

    let text = details(&mut chromium, 0, 1)?;
    assert!(text.contains("map.written-once on old"), "{text}");
    let dialog = "[details.getBoundingClientRect().left, details.getBoundingClientRect().right]";
    let edges = chromium.evaluate(dialog)?;
    assert!(edges[0].as_f64() >= Some(0.0) && edges[1].as_f64() <= Some(360.0), "{edges}");
    Ok(())
}
