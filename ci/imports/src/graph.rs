//! Which file imports which names of which file, and the circles in that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::Crate;
use crate::paths;
use crate::resolve::Target;

/// An import: the number of the file that imports, and that of the file that defines the name.
pub type Edge = (usize, usize);

/// The imports between the files of some crates.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The files.
    pub files: Vec<String>,
    /// For each file the files of the modules around it, the root of the crate first.
    above: Vec<Vec<usize>>,
    /// The names that are imported, each with the line that mentions it first.
    pub imports: BTreeMap<Edge, BTreeMap<String, usize>>,
}

impl Graph {
    /// Adds the files of a crate and what they import of each other.
    pub fn add(&mut self, this: &Crate) {
        let first = self.files.len();
        self.files.extend(this.files.iter().cloned());
        self.above.resize(self.files.len(), Vec::new());
        for (number, module) in this.modules.iter().enumerate() {
            let file = first + module.file;
            // A module comes after the one around it.
            let parent = module.parent.map(|parent| first + this.modules[parent].file);
            if let Some(parent) = parent.filter(|parent| *parent != file) {
                self.above[file] = [self.above[parent].as_slice(), &[parent]].concat();
            }
            for (path, line) in paths::mentions(&module.items) {
                let Some(Target::Item(other, name)) = this.resolve(number, &path) else { continue };
                let other = first + this.modules[other].file;
                if other != file {
                    let names = self.imports.entry((file, other)).or_default();
                    let known = names.entry(name).or_insert(line);
                    *known = line.min(*known);
                }
            }
        }
    }

    /// The shortest way along imports from a file to a file, both included, through files that may be used.
    fn way(&self, from: usize, to: usize, may: impl Fn(usize) -> bool) -> Option<Vec<usize>> {
        let mut came: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                let mut way = vec![to];
                while let Some(before) = way.last().filter(|last| **last != from).map(|last| came[last]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            for (_, next) in self.imports.range((at, 0)..=(at, usize::MAX)).map(|(edge, _)| *edge) {
                if may(next) && next != from && !came.contains_key(&next) {
                    came.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The shortest circle that an import closes; the file that imports is its first and last.
    ///
    /// A file and its submodules are one thing to a reader, and use each other: what passes through a file and
    /// does not leave the modules below it is no circle. So an import between a module and one around it closes
    /// none, and any other a circle below the module that is around both.
    pub fn circle(&self, (from, to): Edge) -> Option<Vec<usize>> {
        if self.above[from].contains(&to) || self.above[to].contains(&from) {
            return None;
        }
        let both = self.above[from].iter().zip(&self.above[to]).take_while(|(one, other)| one == other);
        let around = both.last()?.0;
        let way = self.way(to, from, |file| self.above[file].contains(around))?;
        Some([&[from], way.as_slice()].concat())
    }

    /// The files that are part of a circle.
    pub fn in_circles(&self) -> BTreeSet<usize> {
        self.imports.keys().filter_map(|edge| self.circle(*edge)).flatten().collect()
    }

    /// Circles, the shortest first. When all of them are mended there is none; each is taken to be mended where the
    /// fewest names are imported.
    pub fn circles(&self) -> Vec<Vec<usize>> {
        let mut left = self.clone();
        let mut circles = Vec::new();
        loop {
            let all = left.imports.keys().filter_map(|edge| left.circle(*edge));
            let Some(circle) = all.min_by_key(Vec::len) else { return circles };
            let edges = circle.windows(2).map(|two| (two[0], two[1]));
            if let Some(weakest) = edges.min_by_key(|edge| left.imports[edge].len()) {
                left.imports.remove(&weakest);
            }
            circles.push(circle);
        }
    }

    /// A circle file by file, with names and lines.
    pub fn describe(&self, circle: &[usize]) -> String {
        let files: Vec<&str> = circle.iter().map(|file| self.files[*file].as_str()).collect();
        let imports: String =
            circle.windows(2).map(|two| format!("  {}\n", self.import((two[0], two[1])))).collect();
        format!("import circle: {}\n{imports}", files.join(" -> "))
    }

    /// One import, in a sentence.
    pub fn import(&self, edge: Edge) -> String {
        let names = &self.imports[&edge];
        let line = names.values().min().copied().unwrap_or(0);
        let names: Vec<String> = names.keys().map(|name| format!("`{name}`")).collect();
        format!("{}:{line} imports {} of {}", self.files[edge.0], names.join(", "), self.files[edge.1])
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use crate::planted::graph;

    #[test]
    fn a_circle_is_described_file_by_file() -> Result<(), Box<dyn Error>> {
        let graph = graph(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "\nuse crate::b::B;\npub fn a(_: B) {}"),
            ("b.rs", "pub struct B;\nfn b() -> crate::c::C { todo!() }"),
            ("c.rs", "pub struct C;\nfn c() {\n    assert!(super::a::a(B).is_ok());\n}"),
            ("d.rs", "use crate::a::a;"),
        ])?;

        let circles: Vec<String> = graph.circles().iter().map(|circle| graph.describe(circle)).collect();

        assert_eq!(
            circles,
            ["import circle: a.rs -> b.rs -> c.rs -> a.rs\n  \
              a.rs:2 imports `B` of b.rs\n  \
              b.rs:2 imports `C` of c.rs\n  \
              c.rs:3 imports `a` of a.rs\n"]
        );
        assert_eq!(graph.in_circles().len(), 3);
        Ok(())
    }

    #[test]
    fn a_module_and_its_submodules_may_use_each_other() -> Result<(), Box<dyn Error>> {
        let graph = graph(&[
            ("lib.rs", "mod a; pub const LIMIT: u8 = 1; fn f() { a::run() }"),
            ("a.rs", "mod x; mod y; pub struct A; pub fn run() { x::run() }"),
            ("a/x.rs", "use super::{A, y::y}; pub fn run() { y(A) }"),
            ("a/y.rs", "pub fn y(_: super::A) { crate::LIMIT; }"),
        ])?;

        assert_eq!(graph.circles(), Vec::<Vec<usize>>::new());
        Ok(())
    }

    #[test]
    fn what_leads_out_of_a_module_and_back_is_a_circle() -> Result<(), Box<dyn Error>> {
        let graph = graph(&[
            ("lib.rs", "mod a; mod out;"),
            ("a.rs", "mod x; pub fn run() { x::run() }"),
            ("a/x.rs", "pub fn run() { crate::out::out() }"),
            ("out.rs", "pub fn out() { crate::a::run() }"),
        ])?;

        let circles: Vec<String> = graph.circles().iter().map(|circle| graph.describe(circle)).collect();
        assert!(circles[0].starts_with("import circle: a/x.rs -> out.rs -> a.rs -> a/x.rs\n"), "{circles:?}");
        assert_eq!(circles.len(), 1);
        Ok(())
    }
}
