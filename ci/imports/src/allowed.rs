//! Imports that may close a circle, each with its reason.

use crate::graph::Graph;

/// One name that a file may import although the import closes a circle.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// The file that imports, by its path below the workspace.
    pub from: &'static str,
    /// The file that defines the name.
    pub to: &'static str,
    /// The name.
    pub name: &'static str,
    /// Why the circle stays.
    pub reason: &'static str,
}

/// The list. An entry that closes no circle any more is an error: remove it.
pub const ALLOWED: &[Allowed] = &[];

/// Returns the imports without the allowed ones, and adds a message for each stale entry.
pub fn without(graph: &Graph, allowed: &[Allowed], wrong: &mut Vec<String>) -> Graph {
    let mut left = graph.clone();
    let number = |file: &str| graph.files.iter().position(|it| it == file);
    for it in allowed {
        let edge = number(it.from).zip(number(it.to));
        let edge =
            edge.filter(|edge| graph.imports.get(edge).is_some_and(|names| names.contains_key(it.name)));
        let closes = edge.filter(|(from, to)| graph.circle((*from, *to)).is_some());
        let Some(edge) = closes else {
            let Allowed { from, to, name, reason } = it;
            let why = if edge.is_some() { "closes no circle any more" } else { "is not imported any more" };
            wrong.push(format!(
                "stale exception: {from} -> {to}: `{name}` {why}; remove it from ci/imports/src/allowed.rs \
                 (its reason was: {reason})\n"
            ));
            continue;
        };
        if let Some(names) = left.imports.get_mut(&edge) {
            names.remove(it.name);
            if names.is_empty() {
                left.imports.remove(&edge);
            }
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::planted::graph;

    const CIRCLE: &[(&str, &str)] = &[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
        ("c.rs", "use crate::a::A;"),
    ];
    const REASON: &str = "they are two halves of one table";

    fn allowed(from: &'static str, name: &'static str) -> Allowed {
        Allowed { from, to: "a.rs", name, reason: REASON }
    }

    #[test]
    fn an_exception_allows_one_name_of_one_circle() -> Result<(), Box<dyn Error>> {
        let graph = graph(CIRCLE)?;
        let mut wrong = Vec::new();

        assert_eq!(without(&graph, &[], &mut wrong).circles().len(), 1);
        assert_eq!(without(&graph, &[allowed("b.rs", "A")], &mut wrong).circles().len(), 0);
        assert_eq!(wrong, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn a_stale_exception_is_named() -> Result<(), Box<dyn Error>> {
        let graph = graph(CIRCLE)?;
        for (it, why) in [
            (allowed("b.rs", "X"), "stale exception: b.rs -> a.rs: `X` is not imported any more"),
            (allowed("d.rs", "A"), "stale exception: d.rs -> a.rs: `A` is not imported any more"),
            (allowed("c.rs", "A"), "stale exception: c.rs -> a.rs: `A` closes no circle any more"),
        ] {
            let mut wrong = Vec::new();
            without(&graph, &[it], &mut wrong);
            assert!(wrong.concat().starts_with(why) && wrong.concat().contains(REASON), "{wrong:?}");
        }
        Ok(())
    }
}
