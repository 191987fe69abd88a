//! The paths that code mentions: what `use` imports, and what expressions, types, patterns and macros name.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility};

use crate::items::{is_test, parts};

/// One name that a `use` brings.
#[derive(Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The path as it is written.
    pub path: Vec<String>,
    /// What it is called here; `None` for `*`.
    pub name: Option<String>,
    /// The line in its file.
    pub line: usize,
    /// Whether it is handed on: `pub use`, with any visibility.
    pub public: bool,
}

/// A path that is mentioned, and the line in its file.
pub type Mention = (Vec<String>, usize);

/// Everything that is imported in these items, inside functions as well.
pub fn imports(items: &[Item]) -> Vec<Leaf> {
    let mut seen = Seen::default();
    items.iter().for_each(|item| seen.visit_item(item));
    seen.imports
}

/// Every path in the code of these items. A `pub use` alone mentions nothing: it hands a name on.
pub fn mentions(items: &[Item]) -> Vec<Mention> {
    let mut seen = Seen::default();
    items.iter().for_each(|item| seen.visit_item(item));
    let imports = seen.imports.into_iter().filter(|leaf| !leaf.public && leaf.name.is_some());
    imports.map(|leaf| (leaf.path, leaf.line)).chain(seen.paths).collect()
}

#[derive(Default)]
struct Seen {
    imports: Vec<Leaf>,
    paths: Vec<Mention>,
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(parts(item).0) {
            visit::visit_item(self, item);
        }
    }

    // A module has items of its own.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // `use ::name` is about another crate.
        if item.leading_colon.is_none() {
            let public = !matches!(item.vis, Visibility::Inherited);
            leaves(&item.tree, &[], public, &mut self.imports);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.paths.push((segments, line(path.segments[0].ident.span())));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        in_tokens(call.tokens.clone(), &mut self.paths);
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

fn leaves(tree: &UseTree, before: &[String], public: bool, into: &mut Vec<Leaf>) {
    let mut leaf = |path: Vec<String>, name: Option<String>, span: Span| {
        into.push(Leaf { path, name, line: line(span), public });
    };
    let longer = |name: &dyn ToString| [before, &[name.to_string()]].concat();
    // `use path::{self}` is `use path`.
    let whole =
        |name: &str| if name == "self" && !before.is_empty() { before.to_vec() } else { longer(&name) };
    match tree {
        UseTree::Path(it) => leaves(&it.tree, &longer(&it.ident), public, into),
        UseTree::Name(it) => {
            let path = whole(&it.ident.to_string());
            leaf(path.clone(), path.last().cloned(), it.ident.span());
        }
        UseTree::Rename(it) => {
            leaf(whole(&it.ident.to_string()), Some(it.rename.to_string()), it.ident.span());
        }
        UseTree::Glob(it) => leaf(before.to_vec(), None, it.star_token.spans[0]),
        UseTree::Group(it) => it.items.iter().for_each(|tree| leaves(tree, before, public, into)),
    }
}

/// The paths among the words of a macro, which the parser does not know.
fn in_tokens(tokens: TokenStream, into: &mut Vec<Mention>) {
    let mut path: Mention = (Vec::new(), 0);
    // How many colons stand behind the last word.
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                if colons != 2 {
                    end(&mut path, into);
                    path.1 = line(word.span());
                }
                path.0.push(word.to_string());
                colons = 0;
            }
            TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                end(&mut path, into);
                in_tokens(group.stream(), into);
            }
            _ => end(&mut path, into),
        }
    }
    end(&mut path, into);
}

fn end(path: &mut Mention, into: &mut Vec<Mention>) {
    if !path.0.is_empty() {
        into.push(std::mem::take(path));
    }
}
