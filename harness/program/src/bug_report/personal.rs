//! What a report hides: the names of the user, of the home directory and of the host.

use harness::facts;

/// Names that say nothing about a person, or that may be any other word.
const COMMON: [&str; 7] = ["root", "localhost", "guest", "user", "none", "(none)", "/"];
/// The shortest name that is hidden: a shorter one is part of other words.
const SHORTEST: usize = 3;

/// Words, each with what a report has in its place.
#[derive(Debug, Default)]
pub struct Personal(Vec<(String, &'static str)>);

impl Personal {
    /// Nothing is hidden.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is personal of this caller on this host.
    pub fn of_caller() -> Self {
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let user = facts().accounts.name.known().cloned().map(|name| name.to_string());
        let home = std::env::var("HOME").ok();
        Self::of([(home, "<home>"), (user, "<user>"), (host, "<host>")])
    }

    fn of(words: impl IntoIterator<Item = (Option<String>, &'static str)>) -> Self {
        let plain = |(word, shown): (Option<String>, &'static str)| {
            let word = word?.trim_end_matches('/').to_owned();
            let hides = word.len() >= SHORTEST && !COMMON.contains(&word.as_str()) && word != "/root";
            hides.then_some((word, shown))
        };
        Self(words.into_iter().filter_map(plain).collect())
    }

    /// The text with these words replaced, where they are whole words.
    pub fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, shown)| replaced(&text, word, shown))
    }
}

/// Replaces a word where no letter, digit or underscore is beside it.
fn replaced(text: &str, word: &str, shown: &str) -> String {
    let joins = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let alone = !joins(before.chars().next_back()) && !joins(after.chars().next());
        done.push_str(before);
        done.push_str(if alone { shown } else { word });
        rest = after;
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hidden_where_they_are_whole_words() {
        let some = |word: &str| Some(word.to_owned());
        let personal = Personal::of([
            (some("/home/anna/"), "<home>"),
            (some("anna"), "<user>"),
            (some("sun"), "<host>"),
        ]);

        let text = personal.hidden("anna@sun: /home/anna/x, annabel, sunday, sun");

        assert_eq!(text, "<user>@<host>: <home>/x, annabel, sunday, <host>");
    }

    #[test]
    fn common_and_short_names_stay() {
        let personal =
            Personal::of([(Some("root".into()), "<user>"), (Some("a".into()), "<host>"), (None, "x")]);

        assert_eq!(personal.hidden("root on a"), "root on a");
    }
}
