//! What a script of the shell can change: the commands in it are judged one by one. The script may use variables, loops,
//! functions and pipes. What this module cannot read is refused.

use super::{Reach, Stage};
use crate::actors::Actor;

/// Words before a command.
const KEYWORDS: [&str; 12] =
    ["!", "do", "done", "elif", "else", "fi", "if", "then", "until", "while", "{", "}"];

/// A part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word without its quotes.
    Word(String),
    /// The end of a command.
    End,
    /// A redirection: whether it writes, and its target.
    Redirect(bool, String),
}

impl Stage<'_> {
    /// A script that a shell runs.
    pub(super) fn script(&mut self, actor: Actor, text: &str) -> Result<(), Reach> {
        let mut reader = Reader { rest: text.chars().collect(), at: 0, nested: Vec::new() };
        let tokens = reader.tokens().ok_or(Reach::Unknown)?;
        for nested in reader.nested {
            self.script(actor, &nested)?;
        }
        let functions = functions(text);
        for command in tokens.split(|token| *token == Token::End) {
            self.command(actor, command, &functions)?;
        }
        Ok(())
    }

    fn command(&mut self, actor: Actor, command: &[Token], functions: &[&str]) -> Result<(), Reach> {
        let mut words: Vec<&str> = Vec::new();
        for token in command {
            match token {
                Token::Word(word) => words.push(word),
                Token::Redirect(_, target) if target == "/dev/null" => {}
                Token::Redirect(true, target) => self.shell_path(actor, target)?,
                Token::Redirect(false, target) if target.starts_with("/dev/") => return Err(Reach::Unknown),
                Token::Redirect(false, _) | Token::End => {}
            }
        }
        let assigns = |word: &str| {
            let name = word.split_once('=').map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(|sign| sign == '_' || sign.is_ascii_alphanumeric())
        };
        let mut words = words.as_slice();
        while let Some((word, rest)) = words.split_first() {
            match *word {
                "for" => return Ok(()),
                // The arguments of a function are the command that its body is given.
                _ if KEYWORDS.contains(word) || functions.contains(word) || assigns(word) => words = rest,
                _ => break,
            }
        }
        match words {
            // A wrapper in the body of a function.
            [] => Ok(()),
            ["exec"] => Ok(()),
            [wrapper, .., "$@"] => self.program(actor, &[*wrapper, "true"]),
            _ => self.program(actor, words),
        }
    }
}

/// The names of the functions that a script defines.
fn functions(text: &str) -> Vec<&str> {
    let before = text.match_indices("()").map(|(at, _)| &text[..at]);
    before
        .filter_map(|text| text.rsplit(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').next())
        .collect()
}

/// Reads a script.
struct Reader {
    rest: Vec<char>,
    at: usize,
    /// The scripts in $( ).
    nested: Vec<String>,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.get(self.at - 1).copied()
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    /// The tokens; `None` if the script cannot be read.
    fn tokens(&mut self) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        while let Some(sign) = self.peek() {
            match sign {
                ' ' | '\t' => self.at += 1,
                '\n' | ';' | '|' | '&' | '(' | ')' => {
                    self.at += 1;
                    tokens.push(Token::End);
                }
                '#' => {
                    while self.peek().is_some_and(|sign| sign != '\n') {
                        self.at += 1
                    }
                }
                '`' => return None,
                '<' | '>' => tokens.extend(self.redirect()?),
                _ => {
                    let word = self.word()?;
                    let descriptor = !word.is_empty() && word.chars().all(|sign| sign.is_ascii_digit());
                    // Digits directly before a redirection are its descriptor.
                    if !(descriptor && matches!(self.peek(), Some('<' | '>'))) {
                        tokens.push(Token::Word(word));
                    }
                }
            }
        }
        Some(tokens)
    }

    /// A redirection to or from a file; those of descriptors have no target.
    fn redirect(&mut self) -> Option<Option<Token>> {
        let writes = self.next()? == '>';
        match self.peek() {
            Some('&') => {
                self.at += 1;
                self.word()?;
                return Some(None);
            }
            // A here-document, or a file that is opened for both.
            Some('<') => return None,
            Some('>') => self.at += 1,
            _ => {}
        }
        while self.peek() == Some(' ') {
            self.at += 1;
        }
        let target = self.word()?;
        (!target.is_empty()).then_some(Some(Token::Redirect(writes, target)))
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some(sign) = self.peek() {
            match sign {
                ' ' | '\t' | '\n' | ';' | '|' | '&' | '(' | ')' | '<' | '>' | '`' => break,
                '\'' => {
                    self.at += 1;
                    self.until('\'', &mut word)?;
                }
                '"' => {
                    self.at += 1;
                    self.quoted(&mut word)?;
                }
                '\\' => {
                    self.at += 1;
                    word.push(self.next()?);
                }
                '$' => self.dollar(&mut word)?,
                _ => {
                    self.at += 1;
                    word.push(sign);
                }
            }
        }
        Some(word)
    }

    fn until(&mut self, end: char, word: &mut String) -> Option<()> {
        loop {
            match self.next()? {
                sign if sign == end => return Some(()),
                sign => word.push(sign),
            }
        }
    }

    fn quoted(&mut self, word: &mut String) -> Option<()> {
        loop {
            match self.peek()? {
                '"' => {
                    self.at += 1;
                    return Some(());
                }
                '$' => self.dollar(word)?,
                '`' => return None,
                sign => {
                    self.at += 1;
                    word.push(sign);
                }
            }
        }
    }

    /// A variable, or the output of another script.
    fn dollar(&mut self, word: &mut String) -> Option<()> {
        self.at += 1;
        word.push('$');
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let (start, mut depth) = (self.at, 1);
                while depth > 0 {
                    match self.next()? {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
                self.nested.push(self.rest[start..self.at - 1].iter().collect());
            }
            Some('{') => self.until('}', word)?,
            Some(sign @ ('$' | '!' | '?' | '@' | '#' | '*')) => {
                self.at += 1;
                word.push(sign);
            }
            _ => {}
        }
        Some(())
    }
}
