//! The modules of a crate and the names in each, as the parser sees them. What is compiled for tests alone is left
//! out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Item, ItemMod};

use crate::items::{is_test, parts, path_of};
use crate::paths::{self, Leaf};

/// What a name of a module stands for.
#[derive(Debug)]
pub enum Name {
    /// The module of this number.
    Module(usize),
    /// Something that is defined in the module.
    Item,
    /// What a `use` brings, by the path as it is written.
    Import(Vec<String>),
}

/// A module: the root of a crate, a file, or `mod name { .. }` within a file.
pub struct Module {
    /// The number of its file.
    pub file: usize,
    /// The module around it; `None` for the root.
    pub parent: Option<usize>,
    /// Its names. A module and a function may share one.
    pub names: BTreeMap<String, Vec<Name>>,
    /// The paths of `use path::*`.
    pub globs: Vec<Vec<String>>,
    /// What it consists of.
    pub items: Vec<Item>,
}

/// A crate: its files by their paths below the workspace, and its modules, the root first.
#[derive(Default)]
pub struct Crate {
    /// The files, with forward slashes.
    pub files: Vec<String>,
    /// The modules.
    pub modules: Vec<Module>,
}

impl Crate {
    /// Reads the file at the root of a crate and all modules below it.
    ///
    /// # Errors
    /// When a file cannot be read or is no Rust; the message names it.
    pub fn read(root: &Path, workspace: &Path) -> Result<Self, String> {
        let mut this = Self::default();
        let below = root.parent().unwrap_or(workspace).to_owned();
        this.read_file(root, workspace, below, None)?;
        Ok(this)
    }

    /// `below` is the directory that holds the files of its child modules.
    fn read_file(
        &mut self,
        path: &Path,
        workspace: &Path,
        below: PathBuf,
        parent: Option<usize>,
    ) -> Result<usize, String> {
        let shown = path.strip_prefix(workspace).unwrap_or(path).display().to_string();
        let text = fs::read_to_string(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let parsed = syn::parse_file(&text).map_err(|error| format!("{shown} is no Rust: {error}"))?;
        self.files.push(shown);
        let place = Place { workspace, file: path, below };
        self.add(self.files.len() - 1, parent, parsed.items, &place)
    }

    fn add(
        &mut self,
        file: usize,
        parent: Option<usize>,
        items: Vec<Item>,
        place: &Place,
    ) -> Result<usize, String> {
        let number = self.modules.len();
        let names = BTreeMap::new();
        self.modules.push(Module { file, parent, names, globs: Vec::new(), items: Vec::new() });
        let (modules, items): (Vec<Item>, Vec<Item>) = items
            .into_iter()
            .filter(|item| !is_test(parts(item).0))
            .partition(|it| matches!(it, Item::Mod(_)));
        for item in modules {
            let Item::Mod(item) = item else { continue };
            let name = item.ident.to_string();
            let child = self.child(number, item, place)?;
            self.modules[number].names.entry(name).or_default().push(Name::Module(child));
        }
        for item in &items {
            if let (_, Some(name)) = parts(item) {
                self.modules[number].names.entry(name.to_string()).or_default().push(Name::Item);
            }
        }
        for leaf in paths::imports(&items) {
            self.import(number, leaf);
        }
        self.modules[number].items = items;
        Ok(number)
    }

    fn child(&mut self, parent: usize, item: ItemMod, place: &Place) -> Result<usize, String> {
        let name = item.ident.to_string();
        if let Some((_, items)) = item.content {
            let place = Place { below: place.below.join(name), ..*place };
            return self.add(self.modules[parent].file, Some(parent), items, &place);
        }
        let (file, below) = match path_of(&item.attrs) {
            Some(path) => {
                let dir = place.file.parent().unwrap_or(place.workspace);
                (dir.join(path), dir.to_owned())
            }
            None => {
                let beside = place.below.join(format!("{name}.rs"));
                let below = place.below.join(&name);
                (if beside.is_file() { beside } else { below.join("mod.rs") }, below)
            }
        };
        self.read_file(&file, place.workspace, below, Some(parent))
    }

    fn import(&mut self, module: usize, leaf: Leaf) {
        match leaf.name {
            Some(name) => {
                self.modules[module].names.entry(name).or_default().push(Name::Import(leaf.path));
            }
            None => self.modules[module].globs.push(leaf.path),
        }
    }
}

/// Where a module stands.
struct Place<'a> {
    workspace: &'a Path,
    file: &'a Path,
    below: PathBuf,
}
