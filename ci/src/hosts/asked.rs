//! Which tests are asked for.

use glob::Pattern;

/// Which cases of a test of many are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cases {
    /// All that can run.
    All,
    /// The first that can run.
    First,
}

/// Patterns of the tests that are asked for, and of those that are not.
#[derive(Debug)]
pub struct Asked {
    with: Vec<Pattern>,
    without: Vec<Pattern>,
}

impl Asked {
    /// Reads patterns; `!` before one leaves its tests out.
    ///
    /// # Errors
    /// When one is no pattern; the message names it.
    pub fn read(patterns: &[String]) -> Result<Self, String> {
        let mut asked = Self { with: Vec::new(), without: Vec::new() };
        for text in patterns {
            let (list, pattern) = match text.strip_prefix('!') {
                Some(pattern) => (&mut asked.without, pattern),
                None => (&mut asked.with, text.as_str()),
            };
            list.push(Pattern::new(pattern).map_err(|error| format!("{text:?} is no pattern: {error}"))?);
        }
        Ok(asked)
    }

    /// Whether this test is asked for.
    pub fn contains(&self, test: &str) -> bool {
        let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(test));
        (self.with.is_empty() || fits(&self.with)) && !fits(&self.without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_ask_for_tests_and_leave_out_others() -> Result<(), String> {
        let asked = |patterns: &[&str], test: &str| {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            Ok::<_, String>(Asked::read(&patterns)?.contains(test))
        };

        assert!(asked(&[], "sweeps::all")? && asked(&["sweeps::*"], "sweeps::all")?);
        assert!(!asked(&["map::*"], "sweeps::all")? && !asked(&["!sweeps::*"], "sweeps::all")?);
        assert!(asked(&["!sweeps::*"], "map::a")? && !asked(&["map::*", "!*::a"], "map::a")?);
        assert!(asked(&["[a"], "a").is_err_and(|error| error.starts_with("\"[a\" is no pattern: ")));
        Ok(())
    }
}
