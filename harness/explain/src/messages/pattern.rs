//! Text with gaps: `fork/exec *: invalid argument`.

/// What a message has to contain, in this order; anything may be between the parts. Letters of either case match.
pub(super) struct Pattern(Vec<String>);

impl Pattern {
    /// The pattern that a row of the table has; `*` is a gap.
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_lowercase().split('*').map(str::to_owned).collect())
    }

    /// Whether the message contains it.
    pub(super) fn is_in(&self, message: &str) -> bool {
        let message = message.to_lowercase();
        let mut rest = message.as_str();
        self.0.iter().all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }

    /// How many letters of a message it decides on.
    pub(super) fn length(&self) -> usize {
        self.0.iter().map(String::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_pattern_are_found_in_their_order() {
        let pattern = Pattern::of("fork/exec *: Invalid argument");

        assert!(pattern.is_in("exec: fork/exec /usr/bin/x: invalid argument"));
        assert!(!pattern.is_in(": invalid argument fork/exec /usr/bin/x"));
        assert!(!pattern.is_in("fork/exec /usr/bin/x"));
        assert_eq!(pattern.length(), "fork/exec : invalid argument".len());
    }
}
