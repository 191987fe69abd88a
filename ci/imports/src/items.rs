//! What the check asks of an item of the parser: its name, and two of its attributes.

use syn::{Attribute, Expr, ExprLit, Ident, Item, Lit, Meta};

/// The attributes of an item, and the name that it defines.
pub fn parts(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(it) => (&it.attrs, Some(&it.ident)),
        Item::Enum(it) => (&it.attrs, Some(&it.ident)),
        Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
        Item::Impl(it) => (&it.attrs, None),
        Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
        Item::Mod(it) => (&it.attrs, Some(&it.ident)),
        Item::Static(it) => (&it.attrs, Some(&it.ident)),
        Item::Struct(it) => (&it.attrs, Some(&it.ident)),
        Item::Trait(it) => (&it.attrs, Some(&it.ident)),
        Item::Type(it) => (&it.attrs, Some(&it.ident)),
        Item::Union(it) => (&it.attrs, Some(&it.ident)),
        Item::Use(it) => (&it.attrs, None),
        _ => (&[], None),
    }
}

/// Whether an item is compiled for tests alone.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|it| it.path().is_ident("cfg")).any(|it| {
        let Meta::List(list) = &it.meta else { return false };
        let words = list.tokens.to_string();
        let mut words = words.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.clone().any(|word| word == "test") && !words.any(|word| word == "not")
    })
}

/// The file that `#[path = ".."]` names.
pub fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|it| it.path().is_ident("path")).find_map(|it| {
        let Meta::NameValue(pair) = &it.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = &pair.value else { return None };
        Some(path.value())
    })
}
