//! Reads a Rust source with `syn` and lists every path it names.
//!
//! Invariant: text in a comment or a literal is not a path; text inside a macro call is.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, Meta, Path, UseTree, VisRestricted, Visibility};

/// A parsed source.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Every path in it, in order.
    pub(crate) paths: Vec<Named>,
    /// The modules it declares, in this file or another.
    pub(crate) modules: Vec<Declared>,
    /// Whether it prints to the terminal.
    pub(crate) prints: bool,
    /// Whether an attribute moves a module to another file.
    pub(crate) moves_module: bool,
}

/// A module that a source declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Its path from the file's own module.
    pub(crate) path: Vec<String>,
    /// Whether it is compiled for tests only.
    pub(crate) test: bool,
}

/// A path as it is written, with groups unfolded: `use a::{b, c::d}` is `a::b` and `a::c::d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its segments; a glob ends with `*`.
    pub(crate) segments: Vec<String>,
    /// The kind of the path.
    pub(crate) kind: Kind,
    /// The modules written around it in this file, outermost first.
    pub(crate) inside: Vec<String>,
    /// Whether it is compiled for tests only.
    pub(crate) test: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Imported by a `use` or an `extern crate` under this name. `exported` if other modules see that name.
    Import { name: String, exported: bool },
    /// Used in an expression, a type or a pattern.
    Use,
}

/// Parses a source.
pub(crate) fn read(text: &str) -> syn::Result<Source> {
    let mut reader = Reader::default();
    reader.visit_file(&syn::parse_file(text)?);
    Ok(reader.source)
}

#[derive(Default)]
struct Reader {
    source: Source,
    inside: Vec<String>,
    test: bool,
}

impl Reader {
    fn name(&mut self, segments: Vec<String>, kind: Kind) {
        let (inside, test) = (self.inside.clone(), self.test);
        self.source.paths.push(Named { segments, kind, inside, test });
    }

    /// Lists the paths of a `use`. `before` is the path up to here.
    fn tree(&mut self, tree: &UseTree, before: &[String], exported: bool) {
        let with = |name: &str| [before, &[name.to_owned()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&word(&path.ident)), exported),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, before, exported);
                }
            }
            UseTree::Name(name) => self.import(with(&word(&name.ident)), None, exported),
            UseTree::Rename(rename) => {
                self.import(with(&word(&rename.ident)), Some(word(&rename.rename)), exported);
            }
            UseTree::Glob(_) => self.import(with("*"), None, exported),
        }
    }

    fn import(&mut self, mut segments: Vec<String>, renamed: Option<String>, exported: bool) {
        // In a group, `self` is the path before it.
        if segments.len() > 1 {
            segments.pop_if(|last| last == "self");
        }
        let name = renamed.or_else(|| segments.last().cloned()).unwrap_or_default();
        self.name(segments, Kind::Import { name, exported });
    }

    /// Lists the paths in tokens that no parser has read.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        // How many colons follow the last segment.
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(sign) if sign.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 && !segments.is_empty() {
                        self.name(std::mem::take(&mut segments), Kind::Use);
                    }
                    segments.push(word(&ident));
                }
                TokenTree::Group(group) => {
                    self.end(&mut segments);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(sign) => {
                    self.source.prints |=
                        sign.as_char() == '!' && segments.last().is_some_and(|name| is_printing(name));
                    self.end(&mut segments);
                }
                TokenTree::Literal(_) => self.end(&mut segments),
            }
            colons = 0;
        }
        self.end(&mut segments);
    }

    fn end(&mut self, segments: &mut Vec<String>) {
        if !segments.is_empty() {
            self.name(std::mem::take(segments), Kind::Use);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for attribute in &item.attrs {
            self.visit_attribute(attribute);
        }
        let exported = !matches!(item.vis, Visibility::Inherited);
        let test = self.test;
        self.test |= is_for_tests(&item.attrs);
        self.tree(&item.tree, &[], exported);
        self.test = test;
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let (krate, renamed) = (word(&item.ident), item.rename.as_ref().map(|(_, name)| word(name)));
        self.import(vec![krate], renamed, false);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.inside.push(word(&item.ident));
        let test = self.test;
        self.test |= is_for_tests(&item.attrs);
        self.source.modules.push(Declared { path: self.inside.clone(), test: self.test });
        visit::visit_item_mod(self, item);
        self.test = test;
        self.inside.pop();
    }

    fn visit_path(&mut self, path: &'ast Path) {
        self.name(path.segments.iter().map(|segment| word(&segment.ident)).collect(), Kind::Use);
        // Generic arguments are paths, too.
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.source.prints |= call.path.segments.last().is_some_and(|last| is_printing(&word(&last.ident)));
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.source.moves_module |= attribute.path().is_ident("path");
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {
        // `pub(in crate::x)` is about visibility, and imports nothing.
    }
}

/// A name without the prefix of a raw identifier.
fn word(ident: &proc_macro2::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

fn is_printing(name: &str) -> bool {
    ["print", "println", "eprint", "eprintln"].contains(&name)
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(_) | Meta::NameValue(_) => false,
    })
}
