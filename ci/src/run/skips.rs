//! Why tests are skipped on this host: the suite's own answer, since nextest knows no reasons.

use std::collections::BTreeMap;

/// Reads what the suite prints for `--skipped`: one `name<TAB>reason` a line.
///
/// # Errors
/// Names the first line that is not of that form; half an answer would pass for a whole one.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(format!(
            "the list of skipped tests is cut short: {:?}",
            text.lines().last().unwrap_or("")
        ));
    }
    let mut reasons = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (name, reason) = line
            .split_once('\t')
            .filter(|(name, reason)| !name.trim().is_empty() && !reason.trim().is_empty())
            .ok_or_else(|| {
                format!("line {number} of the list of skipped tests is no `name<TAB>reason`: {line:?}")
            })?;
        reasons.insert(name.to_owned(), reason.trim().to_owned());
    }
    Ok(reasons)
}

/// The names of the skipped tests under each reason, the most frequent reason first.
pub fn by_reason(skipped: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, reason) in skipped {
        groups.entry(reason).or_default().push(name);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    // Stable: reasons with equal counts stay in alphabetical order.
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_found_by_name() -> Result<(), String> {
        let reasons = parse("a::b\tneeds root\nc\tneeds sudo: not installed\n")?;

        assert_eq!(reasons.get("a::b").map(String::as_str), Some("needs root"));
        assert_eq!(reasons.get("c").map(String::as_str), Some("needs sudo: not installed"));
        Ok(())
    }

    #[test]
    fn malformed_lists_are_refused() {
        let no_pair = |number: u32, line: &str| {
            format!("line {number} of the list of skipped tests is no `name<TAB>reason`: {line:?}")
        };
        for (lie, why) in [
            ("no tab\n", no_pair(1, "no tab")),
            ("\tno name\n", no_pair(1, "\tno name")),
            ("no_reason\t\n", no_pair(1, "no_reason\t")),
            ("fine\tneeds root\n\n", no_pair(2, "")),
            (
                "fine\tneeds root\ncut\tnee",
                "the list of skipped tests is cut short: \"cut\\tnee\"".to_owned(),
            ),
        ] {
            assert_eq!(parse(lie), Err(why));
        }
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let skipped =
            [("a", "sudo"), ("b", "root"), ("c", "root")].map(|(name, why)| (name.into(), why.into()));

        assert_eq!(by_reason(&skipped), [("root", vec!["b", "c"]), ("sudo", vec!["a"])]);
    }
}
