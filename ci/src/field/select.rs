//! Rows by patterns of their names.

use glob::Pattern;

/// The rows whose name a pattern fits, in their order; without a pattern all of them.
///
/// # Errors
/// When a pattern is none, or fits no row; `command` lists the names.
pub fn select<T>(
    rows: Vec<T>,
    name: impl Fn(&T) -> &str,
    only: &[String],
    command: &str,
) -> Result<Vec<T>, String> {
    let mut patterns = Vec::new();
    for text in only {
        let pattern = Pattern::new(text).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
        if !rows.iter().any(|row| pattern.matches(name(row))) {
            return Err(format!("no row fits {text:?}; `{command} --list` prints their names"));
        }
        patterns.push(pattern);
    }
    let asked = |row: &T| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name(row)));
    Ok(rows.into_iter().filter(asked).collect())
}

/// The releases that are asked for, of those that there are, in their order; all of them if none is.
///
/// # Errors
/// When a release is asked for that no row has.
pub fn releases<'a>(there: &[&'a str], asked: &[String]) -> Result<Vec<&'a str>, String> {
    match asked.iter().find(|name| !there.contains(&name.as_str())) {
        Some(unknown) => Err(format!("no row is of the release {unknown:?}; there are {}", there.join(", "))),
        None => Ok(there
            .iter()
            .copied()
            .filter(|name| asked.is_empty() || asked.iter().any(|it| it == name))
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn rows_are_selected_by_patterns_and_an_unknown_name_is_an_error() -> Result<(), String> {
        let of = |only: &[&str]| select(texts(&["sudo", "sudo-rs", "su"]), |it| it, &texts(only), "x");

        assert_eq!(of(&["sudo*"])?, ["sudo", "sudo-rs"]);
        assert_eq!(of(&[])?.len(), 3);
        let refused = of(&["doas"]).err().unwrap_or_default();
        assert_eq!(refused, "no row fits \"doas\"; `x --list` prints their names");
        Ok(())
    }

    #[test]
    fn a_release_that_no_row_has_is_an_error() {
        assert_eq!(releases(&["trixie", "sid"], &texts(&["sid"])), Ok(vec!["sid"]));
        let refused = releases(&["trixie", "sid"], &texts(&["buster"])).err().unwrap_or_default();
        assert!(refused.contains("\"buster\"") && refused.contains("trixie, sid"), "{refused}");
    }
}
