//! Crates that are written for a test.

use std::error::Error;
use std::fs;

use crate::graph::Graph;
use crate::modules::Crate;

/// The imports of a crate with these files. Each is a path below the workspace and a text; the first is the root.
pub fn graph(files: &[(&str, &str)]) -> Result<Graph, Box<dyn Error>> {
    let workspace = tempfile::tempdir()?;
    for (path, text) in files {
        let path = workspace.path().join(path);
        fs::create_dir_all(path.parent().ok_or("a file without a directory")?)?;
        fs::write(path, text)?;
    }
    let mut graph = Graph::default();
    graph.add(&Crate::read(&workspace.path().join(files[0].0), workspace.path())?);
    Ok(graph)
}

/// Every import in a sentence, sorted.
pub fn imports(files: &[(&str, &str)]) -> Result<Vec<String>, Box<dyn Error>> {
    let graph = graph(files)?;
    let mut all: Vec<String> = graph.imports.keys().map(|edge| graph.import(*edge)).collect();
    all.sort();
    Ok(all)
}
