//! What a path means: the file that defines the name, through every `use` and `pub use` on the way.

use crate::modules::{Crate, Name};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A module of this crate.
    Module(usize),
    /// A name that the module of this number defines.
    Item(usize, String),
}

/// A chain of imports that is longer leads in a circle.
const MOST: usize = 32;

impl Crate {
    /// Follows a path that stands in a module. `None` if it leads out of the crate, or to a local name.
    pub fn resolve(&self, from: usize, path: &[String]) -> Option<Target> {
        self.follow(from, path, 0)
    }

    fn follow(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        if depth > MOST {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (0, rest),
            "self" => (from, rest),
            "super" => (self.modules[from].parent?, rest),
            _ => return self.lookup(from, path, depth),
        };
        while let Some(("super", after)) = rest.split_first().map(|(name, after)| (name.as_str(), after)) {
            (at, rest) = (self.modules[at].parent?, after);
        }
        self.within(at, rest, depth)
    }

    /// A path in a module that is known: if the module does not show the name, a macro there defines it.
    fn within(&self, at: usize, path: &[String], depth: usize) -> Option<Target> {
        let Some(name) = path.first() else { return Some(Target::Module(at)) };
        self.lookup(at, path, depth).or_else(|| Some(Target::Item(at, name.clone())))
    }

    fn lookup(&self, at: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let module = &self.modules[at];
        let mut named: Vec<&Name> = module.names.get(first).into_iter().flatten().collect();
        // A module and a function of one name: what follows decides.
        named.sort_by_key(|name| matches!(name, Name::Module(_)) == rest.is_empty());
        let own = named.into_iter().find_map(|name| match name {
            Name::Item => Some(Target::Item(at, first.clone())),
            Name::Module(child) => self.within(*child, rest, depth),
            Name::Import(path) => match self.follow(at, path, depth + 1)? {
                Target::Module(other) => self.within(other, rest, depth),
                item @ Target::Item(..) => Some(item),
            },
        });
        own.or_else(|| {
            module.globs.iter().find_map(|glob| match self.follow(at, glob, depth + 1)? {
                Target::Module(other) if other != at => self.lookup(other, path, depth + 1),
                _ => None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use crate::planted::imports;

    /// The imports of `user.rs`, in a crate whose names are handed on.
    fn of(text: &str) -> Result<Vec<String>, Box<dyn Error>> {
        imports(&[
            ("lib.rs", "mod face; mod user; pub use face::Deep as Renamed;"),
            (
                "face.rs",
                "mod deep; mod kinds; pub use self::deep::{*, kinds}; pub use kinds::Kind; pub fn own() {}",
            ),
            ("face/deep.rs", "pub struct Deep; pub fn kinds() {}"),
            ("face/kinds.rs", "pub enum Kind { One } macro_rules! made { () => {} } pub(crate) use made;"),
            ("user.rs", text),
        ])
    }

    #[test]
    fn a_name_is_followed_to_the_file_that_defines_it() -> Result<(), Box<dyn Error>> {
        for (text, found) in [
            ("use crate::Renamed;", "user.rs:1 imports `Deep` of face/deep.rs"),
            ("use super::face::{self, Deep as D};", "user.rs:1 imports `Deep` of face/deep.rs"),
            ("use crate::face; fn f() { face::own() }", "user.rs:1 imports `own` of face.rs"),
            ("use crate::face::*; fn f(_: Deep) {}", "user.rs:1 imports `Deep` of face/deep.rs"),
            ("use crate::face::kinds;", "user.rs:1 imports `kinds` of face/deep.rs"),
            ("use crate::face::Kind::*;", ""),
            ("fn f() { crate::face::Kind::One; }", "user.rs:1 imports `Kind` of face/kinds.rs"),
            ("use crate::face::kinds::made;", "user.rs:1 imports `made` of face/kinds.rs"),
            ("fn f() { x!(\n[crate::face::own()]) }", "user.rs:2 imports `own` of face.rs"),
            ("fn f() { fn g() { use crate::face::own; } }", "user.rs:1 imports `own` of face.rs"),
            ("mod inner { fn f() { super::super::face::own() } }", "user.rs:1 imports `own` of face.rs"),
            ("use std::face::own; use ::face::own as other; fn f() { T::own(); }", ""),
        ] {
            let all: Vec<String> = of(text)?.into_iter().filter(|line| line.starts_with("user.rs")).collect();
            assert_eq!(all.join("; "), found, "{text}");
        }
        Ok(())
    }

    #[test]
    fn tests_and_names_that_are_only_handed_on_are_no_imports() -> Result<(), Box<dyn Error>> {
        for text in [
            "#[cfg(test)] mod tests { use crate::face::own; }",
            "#[cfg(all(test, unix))] use crate::face::own;",
            "#[cfg(test)] mod absent;",
            "pub use crate::face::own;",
        ] {
            let all = of(text)?;
            assert!(all.iter().all(|line| !line.starts_with("user.rs")), "{text}: {all:?}");
        }
        assert_eq!(of("#[cfg(not(test))] use crate::face::own;")?.len(), 1);
        assert_eq!(of("pub use crate::face::own; fn f() { own() }")?.len(), 1);
        Ok(())
    }

    #[test]
    fn a_file_that_is_no_rust_is_named() {
        let message = of("fn fn").err().map(|error| error.to_string()).unwrap_or_default();

        assert!(message.starts_with("user.rs is no Rust: "), "{message}");
    }
}
