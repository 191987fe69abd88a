//! The order of the folders of `ci`: a lower one imports no higher one. Between crates cargo sees to that.

use crate::graph::Graph;

/// The folder whose order is given.
pub const FOLDER: &str = "ci/src/";

/// The folders and files in it, the highest first; those of one line may import each other.
pub const ORDER: &[&[&str]] = &[
    &["main", "cli"],
    &["bundle", "rules", "kernels", "distros", "hosts", "programs", "runtimes", "matrix", "check", "suite"],
    &["guests"],
    &["report", "field"],
    &["run", "catalogue", "debian"],
    &["sys"],
];

/// A message for each import that runs upward, and for each file that the order does not know.
pub fn upward(graph: &Graph, folder: &str, order: &[&[&str]]) -> Vec<String> {
    let part = |file: usize| -> Option<&str> {
        let rest = graph.files[file].strip_prefix(folder)?;
        Some(rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs"))
    };
    let layer = |file: usize| {
        let part = part(file)?;
        order.iter().position(|layer| layer.contains(&part))
    };
    let unknown = (0..graph.files.len()).filter(|file| part(*file).is_some() && layer(*file).is_none());
    let unknown = unknown.map(|file| {
        format!(
            "no layer: {} is in no layer of ci/imports/src/layers.rs; add its folder\n",
            graph.files[file]
        )
    });
    let upward = graph
        .imports
        .keys()
        .filter(|(from, to)| layer(*from).zip(layer(*to)).is_some_and(|(from, to)| to < from));
    let upward = upward.map(|edge| {
        let (from, to) = (part(edge.0).unwrap_or_default(), part(edge.1).unwrap_or_default());
        format!("upward import: {}; `{from}` is below `{to}`\n", graph.import(*edge))
    });
    unknown.chain(upward).collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::planted::graph;

    const ORDER: &[&[&str]] = &[&["main"], &["high", "beside"], &["low"]];

    #[test]
    fn an_upward_import_is_named() -> Result<(), Box<dyn Error>> {
        let graph = graph(&[
            ("ci/src/main.rs", "mod high; mod beside; mod low; fn f() { low::f() }"),
            ("ci/src/high.rs", "use crate::beside::f; pub fn high() { crate::low::f() }"),
            ("ci/src/beside.rs", "pub fn f() {}"),
            ("ci/src/low.rs", "mod deep; pub fn f() {}"),
            ("ci/src/low/deep.rs", "\nuse crate::high::high;"),
        ])?;

        assert_eq!(
            upward(&graph, FOLDER, ORDER),
            ["upward import: ci/src/low/deep.rs:2 imports `high` of ci/src/high.rs; `low` is below `high`\n"]
        );
        Ok(())
    }

    #[test]
    fn a_file_without_a_layer_is_named() -> Result<(), Box<dyn Error>> {
        let graph = graph(&[("ci/src/main.rs", "mod new;"), ("ci/src/new.rs", "")])?;

        assert_eq!(
            upward(&graph, FOLDER, ORDER),
            ["no layer: ci/src/new.rs is in no layer of ci/imports/src/layers.rs; add its folder\n"]
        );
        Ok(())
    }
}
