//! The attribute that registers a test of the suite with its needs and its rules.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, Ident, ItemFn, Lit, LitStr, Path, Result, ReturnType, Stmt, Token,
};

/// Registers a function as a test of the suite.
///
/// The arguments are the needs of the test, each a variant of `harness::needs::Need`:
/// `#[harness::test(Root, Program("sudo"), Capability(Cap::Setfcap))]`; `Cap` is in scope there.
/// A test that runs everywhere has no arguments. Below `#[rstest]`, the attribute registers every
/// case that rstest generates.
///
/// The arguments also include the rules that the test pins, by their names in `harness::rules`:
/// `pins("map.written-once", "map.refusal-leaves-empty")`.
///
/// If releases of the kernel or versions of a program give different outcomes, the test names the change:
/// `varies(SATURATING_NUMBERS)`. A kernel or a program without the change is compared with a separate snapshot.
///
/// The function takes no arguments and returns nothing. It fails by panicking.
#[proc_macro_attribute]
pub fn test(needs: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    let kept = item.clone();
    expand(needs.into(), item)
        // The function is kept beside the error, so that the compiler does not also report it as missing.
        .unwrap_or_else(|error| [error.into_compile_error(), kept].into_iter().collect())
        .into()
}

fn expand(needs: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    refuse_other_attributes(&function.attrs)?;
    refuse_signature(&function)?;
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    let (pins, needs): (Vec<Expr>, Vec<Expr>) = syn::parse::Parser::parse2(parser, needs)?
        .into_iter()
        .partition(|written| is_call_of(written, "pins"));
    let (varies, needs): (Vec<Expr>, Vec<Expr>) =
        needs.into_iter().partition(|written| is_call_of(written, "varies"));
    let varies: Vec<Ident> = varies.into_iter().map(changes).collect::<Result<Vec<_>>>()?.concat();
    let needs: Vec<Expr> = needs.into_iter().map(need).collect::<Result<_>>()?;
    let rules: Vec<LitStr> = pins.into_iter().map(rules).collect::<Result<Vec<_>>>()?.concat();
    let name = &function.sig.ident;
    let hand_written = called_last(&function).unwrap_or(name);

    Ok(quote! {
        #function

        const _: () = {
            #[allow(unused_imports, reason = "only some needs name a capability")]
            use ::harness::caps::Cap;

            #[::harness::linkme::distributed_slice(::harness::suite::TESTS)]
            #[linkme(crate = ::harness::linkme)]
            static TEST: ::harness::suite::Test = ::harness::suite::Test {
                name: concat!(module_path!(), "::", stringify!(#name)),
                function: stringify!(#hand_written),
                file: file!(),
                line: line!(),
                needs: &[#(#needs),*],
                rules: &[#(const { ::harness::rules::named(#rules) }),*],
                varies: &[#(&::harness::rules::changes::#varies),*],
                run: #name,
            };
        };
    })
}

fn is_call_of(written: &Expr, name: &str) -> bool {
    matches!(written, Expr::Call(call) if matches!(call.func.as_ref(), Expr::Path(path) if path.path.is_ident(name)))
}

/// The names in `pins("map.written-once")`. The compiler checks that such rules exist.
fn rules(pins: Expr) -> Result<Vec<LitStr>> {
    let Expr::Call(call) = pins else { return Ok(Vec::new()) };
    if call.args.is_empty() {
        return Err(Error::new(call.span(), "pins() names no rule"));
    }
    let name = |written: &Expr| match written {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(name.clone()),
        other => Err(Error::new(other.span(), "a rule is named by a string: pins(\"map.written-once\")")),
    };
    call.args.iter().map(name).collect()
}

/// The constants in `varies(SATURATING_NUMBERS)`. The compiler checks that such changes exist.
fn changes(varies: Expr) -> Result<Vec<Ident>> {
    let Expr::Call(call) = varies else { return Ok(Vec::new()) };
    if call.args.is_empty() {
        return Err(Error::new(call.span(), "varies() names no change"));
    }
    let name = |written: &Expr| match written {
        Expr::Path(path) if path.path.get_ident().is_some() => Ok(path.path.require_ident()?.clone()),
        other => Err(Error::new(
            other.span(),
            "a change is a constant of harness::rules::changes without its path: varies(SATURATING_NUMBERS)",
        )),
    };
    call.args.iter().map(name).collect()
}

/// Puts the path of the enum before a need: `Program("sudo")` is `Need::Program("sudo")`.
fn need(mut written: Expr) -> Result<Expr> {
    let path = match &mut written {
        Expr::Path(need) => Some(&mut need.path),
        Expr::Struct(need) => Some(&mut need.path),
        Expr::Call(need) => match need.func.as_mut() {
            Expr::Path(variant) => Some(&mut variant.path),
            _ => None,
        },
        _ => None,
    };
    match path {
        Some(path) if path.get_ident().is_some() => {
            let mut whole: Path = syn::parse_quote!(::harness::needs::Need);
            whole.segments.extend(std::mem::take(&mut path.segments));
            *path = whole;
            Ok(written)
        }
        _ => Err(Error::new(
            written.span(),
            "a need is a variant of harness::needs::Need without its path: Root, Program(\"sudo\")",
        )),
    }
}

fn refuse_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let refused: Option<(&dyn ToTokens, &str)> = if let Some(word) = &signature.asyncness {
        Some((word, "a test cannot be async: it acts through processes, which it waits for"))
    } else if let Some(argument) = signature.inputs.first() {
        Some((argument, "a test takes no arguments; for #[case] put #[rstest] above this attribute"))
    } else if let ReturnType::Type(_, returned) = &signature.output {
        Some((returned, "a test returns nothing: it fails by panicking, which shows the line"))
    } else if let Some(parameter) = signature.generics.params.first() {
        Some((parameter, "a test cannot be generic: no caller would choose the parameters"))
    } else {
        signature.unsafety.as_ref().map(|word| (word as &dyn ToTokens, "a test cannot be unsafe"))
    };
    match refused {
        Some((tokens, message)) => Err(Error::new_spanned(tokens, message)),
        None => Ok(()),
    }
}

/// Refuses attributes that have a meaning only for the standard test runner, or that would come too late.
fn refuse_other_attributes(attributes: &[Attribute]) -> Result<()> {
    for attribute in attributes {
        let last = attribute.path().segments.last();
        let message = match last.map(|segment| segment.ident.to_string()).as_deref() {
            Some("rstest") => "put #[rstest] above #[harness::test]: it passes the attribute to each case",
            Some("ignore") => "a test is skipped for an unmet need: name one in #[harness::test(...)]",
            Some("should_panic") => "a refusal is an outcome to check, not a panic to expect",
            Some("test") => "one test attribute is enough: #[harness::test]",
            _ => continue,
        };
        return Err(Error::new_spanned(attribute, message));
    }
    Ok(())
}

/// The function that the body calls last, if the body returns the result unchanged. In a case that
/// rstest generated, this is the function that the author wrote. rstest numbers all path segments after
/// its name.
fn called_last(function: &ItemFn) -> Option<&Ident> {
    let call = match function.block.stmts.last()? {
        Stmt::Expr(Expr::Call(call), _) => call,
        _ => return None,
    };
    match call.func.as_ref() {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    // Not `super::*`, because `test` is this crate's own attribute.
    use super::{Ident, ItemFn, called_last, expand};

    /// The code that the attribute with these needs generates for the item, or the message of its error.
    fn attribute(needs: &str, item: &str) -> Result<String, String> {
        let tokens = |text: &str| text.parse().map_err(|error| format!("{text}: {error}"));
        let expanded = expand(tokens(needs)?, tokens(item)?);
        expanded.map(|tokens| tokens.to_string()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(needs: &str, item: &str, start: &str) {
        let message = attribute(needs, item).expect_err(item);
        assert!(message.starts_with(start), "{needs} {item}: {message}");
    }

    #[test]
    fn needs_get_the_path_of_their_enum() {
        let needs = r#"Root, Program("sudo"), Kernel { major: 5, minor: 8, why: "x" },"#;

        let expanded = attribute(needs, "fn claim() {}").expect("these are needs");

        for variant in ["Root", "Program", "Kernel"] {
            let whole = format!(":: harness :: needs :: Need :: {variant}");
            assert!(expanded.contains(&whole), "{expanded}");
        }
    }

    #[test]
    fn rules_are_looked_up_when_the_test_is_compiled() {
        let expanded = attribute(r#"Root, pins("a.b", "c.d")"#, "fn claim() {}").expect("these are rules");

        for name in ["a.b", "c.d"] {
            assert!(
                expanded.contains(&format!(r#"const {{ :: harness :: rules :: named ("{name}") }}"#)),
                "{expanded}"
            );
        }
        refused("pins()", "fn claim() {}", "pins() names no rule");
        refused("varies()", "fn claim() {}", "varies() names no change");
        refused("varies(\"x\")", "fn claim() {}", "a change is a constant");
        refused("pins(WRITTEN_ONCE)", "fn claim() {}", "a rule is named by a string");
    }

    #[test]
    fn what_cannot_be_a_need_is_refused() {
        for needs in [r#""sudo""#, "Need::Root", "1 + 1"] {
            refused(needs, "fn claim() {}", "a need is a variant");
        }
    }

    #[test]
    fn what_cannot_be_a_test_is_refused() {
        refused("", "async fn claim() {}", "a test cannot be async");
        refused("", "fn claim(word: &str) {}", "a test takes no arguments");
        refused("", "fn claim() -> u32 { 1 }", "a test returns nothing");
        refused("", "fn claim<T>() {}", "a test cannot be generic");
        refused("", "unsafe fn claim() {}", "a test cannot be unsafe");
        refused("", "#[rstest] fn claim() {}", "put #[rstest] above");
        refused("", "#[ignore] fn claim() {}", "a test is skipped for an unmet need");
        refused("", "#[should_panic] fn claim() {}", "a refusal is an outcome");
        refused("", "#[test] fn claim() {}", "one test attribute is enough");
    }

    #[test]
    fn a_case_is_known_by_the_function_that_it_calls() {
        let called = |item: &str| -> Option<String> {
            let function: ItemFn = syn::parse_str(item).ok()?;
            called_last(&function).map(Ident::to_string)
        };

        let case = called(r#"fn case_1_a() { let word = "x"; own_gid(word) }"#);
        assert_eq!(case.as_deref(), Some("own_gid"));
        assert_eq!(called("fn claim() { assert_eq!(1, 1); }"), None);
    }
}
