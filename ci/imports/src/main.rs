//! Reads every crate of the workspace and fails if files of a crate import each other in a circle, or if a lower
//! folder of `ci` imports a higher one. `cargo ci test` runs it as the step `imports`.
//!
//! It is a crate of its own because only this check needs a parser for Rust: `cargo ci suite` does not build it.
//!
//! Exit status: 0 good, 1 a circle, an upward import or a stale exception, 2 a crate cannot be read.

mod allowed;
mod files;
mod graph;
mod items;
mod layers;
mod modules;
mod paths;
#[cfg(test)]
mod planted;
mod resolve;

use std::process::ExitCode;

use graph::Graph;
use modules::Crate;

fn main() -> ExitCode {
    match check() {
        Ok((figures, wrong)) if wrong.is_empty() => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Ok((figures, wrong)) => {
            println!("{}\n\n{figures}", wrong.join("\n"));
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("cannot check imports: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns one line of figures, and a message for each thing that is wrong.
fn check() -> Result<(String, Vec<String>), String> {
    let (root, crates) = files::crates()?;
    let mut wrong = Vec::new();
    let mut whole = Graph::default();
    for file in crates {
        whole.add(&Crate::read(&file, &root)?);
    }
    let kept = allowed::without(&whole, allowed::ALLOWED, &mut wrong);
    wrong.extend(kept.circles().iter().map(|circle| kept.describe(circle)));
    wrong.extend(layers::upward(&whole, layers::FOLDER, layers::ORDER));
    let figures = format!(
        "{} files, {} in circles, {} allowed imports that close one",
        whole.files.len(),
        kept.in_circles().len(),
        allowed::ALLOWED.len()
    );
    Ok((figures, wrong))
}
