//! C text: literals, and text of which parts are known only when the program runs.

use harness_scenario::ids::Own;

/// The longest line of a literal before it is broken at the end of a line of its contents.
const LINE: usize = 64;

/// Bytes as a C literal. A long one has a line for each line of its contents, or is broken at a blank.
pub fn quote(bytes: &[u8]) -> String {
    if bytes.len() <= LINE {
        return format!("\"{}\"", escaped(bytes));
    }
    let mut lines = Vec::new();
    for mut rest in bytes.split_inclusive(|byte| *byte == b'\n') {
        while rest.len() > LINE {
            let blank = rest[..LINE].iter().rposition(|byte| *byte == b' ').map_or(LINE, |blank| blank + 1);
            lines.push(&rest[..blank]);
            rest = &rest[blank..];
        }
        lines.push(rest);
    }
    lines.into_iter().map(|line| format!("\"{}\"", escaped(line))).collect::<Vec<_>>().join("\n")
}

fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'"' => "\\\"".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\t' => "\\t".to_owned(),
            b' '..=b'~' => char::from(*byte).to_string(),
            // Always three digits, because the next character may be a digit.
            other => format!("\\{other:03o}"),
        })
        .collect()
}

/// Text that may contain ids and capabilities of the program's user.
#[derive(Debug, Default)]
pub struct Words(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Argument { format: &'static str, expression: String },
}

impl Words {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends this text.
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Appends these bytes unchanged.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(Piece::Bytes(bytes.to_vec()));
        self
    }

    /// Appends a user id.
    pub fn uid(self, uid: u32, own: Own) -> Self {
        if uid == own.uid && uid != 0 { self.argument("%u", "own_uid") } else { self.text(&uid.to_string()) }
    }

    /// Appends a group id.
    pub fn gid(self, gid: u32, own: Own) -> Self {
        if gid == own.gid && gid != 0 { self.argument("%u", "own_gid") } else { self.text(&gid.to_string()) }
    }

    /// Appends the value of an expression, in this format.
    pub fn argument(mut self, format: &'static str, expression: &str) -> Self {
        self.0.push(Piece::Argument { format, expression: expression.to_owned() });
        self
    }

    /// The C expression.
    pub fn c(&self) -> String {
        let (mut plain, mut format, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        for piece in &self.0 {
            match piece {
                Piece::Bytes(bytes) => {
                    plain.extend(bytes);
                    bytes
                        .iter()
                        .for_each(|byte| format.extend([*byte].repeat(1 + usize::from(*byte == b'%'))));
                }
                Piece::Argument { format: how, expression } => {
                    format.extend(how.bytes());
                    arguments.push(expression.as_str());
                }
            }
        }
        if arguments.is_empty() {
            return quote(&plain);
        }
        format!("fmt({}, {})", quote(&format), arguments.join(", "))
    }
}

/// The identifiers of some C text, outside of its comments and literals.
pub fn identifiers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            literal(rest)
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|other: char| !other.is_ascii_alphanumeric() && other != '_');
            found.push(&rest[..end.unwrap_or(rest.len())]);
            end.unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The length of the literal at the start of a text.
fn literal(text: &str) -> usize {
    let mut escape = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escape => return at + 1,
            b'\\' => escape = !escape,
            _ => escape = false,
        }
    }
    text.len()
}

/// A comment of these lines. A sequence that would end the comment or begin another is split.
pub fn comment(lines: &[String]) -> String {
    let mut text = "/*\n".to_owned();
    for line in lines.iter().flat_map(|lines| lines.split('\n')) {
        text.push_str(format!(" * {}", line.replace("*/", "* /").replace("/*", "/ *")).trim_end());
        text.push('\n');
    }
    text + " */\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_so_that_no_digit_joins_an_escape() {
        assert_eq!(quote(b"a\"\\\n\0\x301"), r#""a\"\\\n\00001""#);
    }

    #[test]
    fn own_ids_become_arguments() {
        let own = Own { uid: 1000, gid: 0 };

        assert_eq!(Words::new().uid(1000, own).text("% ").gid(0, own).c(), r#"fmt("%u%% 0", own_uid)"#);
        assert_eq!(Words::new().gid(1000, own).text("%").c(), r#""1000%""#);
    }

    #[test]
    fn identifiers_are_those_of_the_code() {
        let text = "/* look */ expect(\"look \\\" up\", result(x1));";

        assert_eq!(identifiers(text), ["expect", "result", "x1"]);
    }

    #[test]
    fn a_comment_is_not_ended_by_its_text() {
        assert_eq!(comment(&["ls /*/x".to_owned()]), "/*\n * ls / * /x\n */\n");
    }
}
