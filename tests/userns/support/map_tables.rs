//! Gives the texts of maps, tables with a line for each text, and the outcomes of a trace. It does not use
//! `harness::model`, on purpose: its extents are those that the oracles of `map_stack` look through.

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
        let _ = writeln!(lines, "{label:44}  {:6} {:6} {}", shown[0], shown[1], in_short(&shown[2]));
    }
    lines
}

/// A map of project ids as traces show it, in the form in which they show the others.
pub fn in_short(shown: &str) -> String {
    let inner = shown.trim_matches('"').replace("\\n", ",");
    let extents = inner.split(',').map(|extent| extent.split_whitespace().collect::<Vec<_>>().join(" "));
    let extents: Vec<String> = extents.collect();
    match extents.len() {
        13.. => format!("\"{}, ... {} extents\"", extents[0], extents.len()),
        _ => format!("\"{}\"", extents.join(", ")),
    }
}

/// Texts that are shown as they are.
pub fn as_they_are(texts: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    texts.iter().map(|text| (format!("\"{}\"", text.escape_ascii()), text.to_vec())).collect()
}

/// What the steps of a trace came to, without the coming into being of its actors.
pub fn outcomes(trace: &Trace) -> Vec<&Outcome> {
    let acts = trace.steps().filter(|(step, _)| !matches!(step.action, Action::Fork | Action::ForkCloned));
    acts.map(|(_, outcome)| outcome).collect()
}

/// The size of a page, as the kernel tells every program when it starts.
pub fn page_size() -> usize {
    const AT_PAGESZ: usize = 6;
    let vector = std::fs::read("/proc/self/auxv").expect("/proc is mounted");
    let words: Vec<usize> = vector
        .chunks_exact(size_of::<usize>())
        .filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?)))
        .collect();
    let entry = words.chunks_exact(2).find(|entry| entry[0] == AT_PAGESZ);
    entry.expect("the kernel tells the size of a page")[1]
}

/// A text with blanks after it, so many bytes long in all.
pub fn padded(words: &str, length: usize) -> Vec<u8> {
    let mut bytes = words.as_bytes().to_vec();
    bytes.resize(length, b' ');
    bytes
}
