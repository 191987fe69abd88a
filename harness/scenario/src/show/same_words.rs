//! Whether two texts mean the same where ids of the caller are also something else.
//!
//! A trace calls the caller's id `own`, and the id that stands for an unmapped one `overflow`. For a caller whose uid
//! is 65534, as in many pods, both are one number. A snapshot that was reviewed elsewhere then has `own` where a
//! trace has `overflow`. The two mean the same, and a caller with the gid 0, or with a number that a test uses, is
//! alike.

use crate::action::IdFile;
use crate::ids::Names;

/// What the words of a trace mean for this caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameWords {
    /// Each word that stands for a number, with the word that it is compared as.
    words: Vec<(String, String)>,
}

impl SameWords {
    /// The words of a caller with these ids.
    pub fn new(names: &Names) -> Self {
        let overflow = [IdFile::UidMap, IdFile::GidMap].map(|file| names.overflow(file));
        let pairs = [
            ("own", names.own.uid),
            ("own", names.own.gid),
            ("overflow", overflow[0]),
            ("overflow", overflow[1]),
        ];
        let mut words: Vec<(String, String)> = Vec::new();
        for (word, number) in pairs {
            unite(&mut words, word, &number.to_string());
        }
        Self { words }
    }

    /// Whether two texts differ in nothing but words for the same number and in the width of columns.
    pub fn same(&self, one: &str, other: &str) -> bool {
        one == other || self.plain(one) == self.plain(other)
    }

    /// A text with one word for each number, and with one blank between words.
    fn plain(&self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        for (number, word) in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).enumerate() {
            let (word, end) = match word.char_indices().next_back() {
                Some((at, last)) if !last.is_ascii_alphanumeric() => word.split_at(at),
                _ => (word, ""),
            };
            let known = self.words.iter().find(|(known, _)| known == word);
            plain.push_str(known.map_or(word, |(_, alike)| alike));
            let column = end == " " && plain.ends_with(' ') && number > 0;
            if !column {
                plain.push_str(end);
            }
        }
        plain.split(' ').map(once).collect::<Vec<_>>().join(" ")
    }
}

/// One id instead of four that are equal, as traces show them.
fn once(word: &str) -> &str {
    let mut ids = word.split('/');
    match (word.matches('/').count(), ids.next()) {
        (3, Some(first)) if !first.is_empty() && ids.all(|id| id == first) => first,
        _ => word,
    }
}

/// Makes two words and everything that is already like them one.
fn unite(words: &mut Vec<(String, String)>, one: &str, other: &str) {
    let mut alike = |word: &str| match words.iter().find(|(known, _)| known == word) {
        Some((_, alike)) => alike.clone(),
        None => {
            words.push((word.to_owned(), word.to_owned()));
            word.to_owned()
        }
    };
    let (first, second) = (alike(one), alike(other));
    for (_, alike) in words.iter_mut().filter(|(_, alike)| *alike == second) {
        alike.clone_from(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Own;

    fn words(uid: u32, gid: u32) -> SameWords {
        SameWords::new(&Names { own: Own { uid, gid }, overflow: [65_534; 2], last_cap: 40 })
    }

    #[test]
    fn words_of_one_number_are_the_same() {
        assert!(words(1000, 65_534).same("gid overflow  caps none", "gid own  caps none"));
        assert!(words(1000, 0).same("gid 0/own/0/5", "gid 0/0/0/5"));
        assert!(words(1000, 0).same("gid 0/own/0/0  caps", "gid 0  caps"));
        assert!(words(71, 72).same("inside  chown 71  EPERM", "inside  chown own   EPERM"));
    }

    #[test]
    fn words_of_two_numbers_are_not() {
        let usual = words(1000, 1000);

        assert!(!usual.same("uid overflow", "uid own"));
        assert!(!usual.same("uid 0", "uid own"));
        assert!(!usual.same("EPERM", "EACCES"));
        assert!(!words(65_534, 65_534).same("uid 0", "uid own"));
        assert!(!words(1000, 65_534).same("uid 10000", "uid own0"));
        assert!(!usual.same("one\ntwo", "one two"));
    }
}
