//! Finds the files of the workspace and reads Rust as tokens, so that comments and texts are never taken for code.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folders of `crates/` that are crates already.
pub(crate) fn crates() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("Cargo.toml").exists())
        .collect();
    folders.sort();
    folders
}

/// Every file under `folder` whose name ends in one of `endings`, in order.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            if !["target", "node_modules", ".git", ".venv"].contains(&&*name) {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A path as the workspace says it: `crates/credit/src/store.rs`.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// One Rust file.
pub(crate) struct Source {
    /// From the root of the workspace: `crates/credit/src/store.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
    tokens: TokenStream,
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Self {
        let tokens = text.parse().unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        Self { path, text, tokens }
    }

    /// The crate's name, which is its folder's.
    pub(crate) fn room(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// Whether the whole file is made of tests.
    pub(crate) fn is_test(&self) -> bool {
        ["/tests/", "/tests.rs", "/benches/"].iter().any(|part| self.path.contains(part))
    }

    /// Shows `see` every token outside test modules and documentation, each with all that follows and what precedes it
    /// beside it.
    pub(crate) fn each_token(&self, mut see: impl FnMut(&[TokenTree], usize)) {
        visit(self.tokens.clone(), false, &mut see);
    }

    /// The same, with test modules.
    pub(crate) fn each_token_with_tests(&self, mut see: impl FnMut(&[TokenTree], usize)) {
        visit(self.tokens.clone(), true, &mut see);
    }
}

/// The Rust files of all crates.
pub(crate) fn sources() -> Vec<Source> {
    files(&root().join("crates"), &[".rs"])
        .into_iter()
        .map(|path| Source::new(shown(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn visit(tokens: TokenStream, with_tests: bool, see: &mut dyn FnMut(&[TokenTree], usize)) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(length) = documentation(&tokens[at..]) {
            at += length;
            continue;
        }
        if !with_tests && let Some(length) = test_module(&tokens[at..]) {
            at += length;
            continue;
        }
        see(&tokens, at);
        if let TokenTree::Group(group) = token {
            visit(group.stream(), with_tests, see);
        }
        at += 1;
    }
}

/// How many tokens a `#[doc = "…"]` takes, which is what `///` reads as, where one begins.
fn documentation(tokens: &[TokenTree]) -> Option<usize> {
    let inner = tokens.get(1).is_some_and(|token| is_punct(token, '!'));
    let length = if inner { 3 } else { 2 };
    let TokenTree::Group(attribute) = tokens.get(length - 1)? else {
        return None;
    };
    (is_punct(tokens.first()?, '#') && starts_with(attribute.stream(), "doc")).then_some(length)
}

/// How many tokens a `#[cfg(test)] mod name { … }` takes, where one begins.
fn test_module(tokens: &[TokenTree]) -> Option<usize> {
    let [hash, TokenTree::Group(attribute), ..] = tokens else {
        return None;
    };
    let text = attribute.stream().to_string().replace(' ', "");
    if !is_punct(hash, '#') || text != "cfg(test)" {
        return None;
    }
    // Other attributes and a visibility may stand between.
    let body = tokens.iter().position(is_brace)?;
    let is_module = tokens[..body].iter().any(|token| is_ident(token, "mod"));
    let is_one_item = !tokens[..body].iter().any(|token| is_punct(token, ';'));
    (is_module && is_one_item).then_some(body + 1)
}

pub(crate) fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

pub(crate) fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

pub(crate) fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

pub(crate) fn starts_with(stream: TokenStream, name: &str) -> bool {
    stream.into_iter().next().is_some_and(|token| is_ident(&token, name))
}

pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Fails with all that was found, the law it breaks and the way out.
pub(crate) fn keep(law: &str, instead: &str, found: &[String]) {
    if found.is_empty() {
        return;
    }
    let mut message = format!("law: {law}\n");
    for one in found {
        writeln!(message, "  {one}").unwrap();
    }
    panic!("{message}instead: {instead}");
}
