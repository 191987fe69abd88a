//! Tables of map texts, a line each, and what the steps of a trace came to.

use harness::prelude::*;
use std::borrow::Cow;
use std::fmt::Write as _;

/// One line of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first id in the namespace.
    pub upper: u32,
    /// The first id in the parent namespace.
    pub lower: u32,
    /// How many ids.
    pub count: u32,
}

/// An extent, in the order in which a line names its fields.
pub const fn extent(upper: u32, lower: u32, count: u32) -> Extent {
    Extent { upper, lower, count }
}

/// The text of a map.
pub fn text(extents: &[Extent]) -> String {
    let line = |e: &Extent| format!("{} {} {}\n", e.upper, e.lower, e.count);
    extents.iter().map(line).collect()
}

/// A write of any bytes.
pub fn write_any(file: IdFile, bytes: impl Into<Vec<u8>>) -> Action {
    Action::Write { file, of: None, text: Text::Bytes(Cow::Owned(bytes.into())) }
}

/// Has root write each text, from the parent, in a namespace of its own, and then a second one that
/// is valid: it is taken just where the first was refused, for a map is written once and a refused
/// write leaves it empty.
pub fn each_alone(file: IdFile, texts: &[(String, Vec<u8>)]) -> String {
    let mut lines = String::new();
    for (label, bytes) in texts {
        let cast = root().outside(&[]).inside(&[]);
        let writes = [write_any(file, bytes.clone()), write(file, "7 7 1")];
        let trace = cast.outside(&writes).inside(&[read(file)]).play();
        let shown: Vec<String> = trace.outcomes_shown().skip(2).collect();
        let _ = writeln!(lines, "{label:44}  {:6} {:6} {}", shown[0], shown[1], shown[2]);
    }
    lines
}

/// Texts that are shown as they are.
pub fn as_they_are(texts: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    texts.iter().map(|text| (format!("\"{}\"", text.escape_ascii()), text.to_vec())).collect()
}

/// What the steps of a trace came to, without the coming into being of its actors.
pub fn outcomes(trace: &Trace) -> Vec<&Outcome> {
    let acts = trace.steps().filter(|(step, _)| step.action != Action::Begin);
    acts.map(|(_, outcome)| outcome).collect()
}
