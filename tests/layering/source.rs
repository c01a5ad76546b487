//! Reads Rust source as words, and finds every path in it.
//!
//! Invariant: nothing inside a comment or a literal is ever taken for a word.

/// A path as it is written, groups unfolded: `use a::{b, c::d}` is `a::b` and `a::c::d`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its words; a glob is `*`.
    pub(crate) words: Vec<String>,
    /// Whether it stands in a `use` or an `extern crate`.
    pub(crate) imported: bool,
    /// The modules written around it in this file, outermost first.
    pub(crate) inside: Vec<String>,
}

/// Every path of a source that was taken apart by [`words`].
pub(crate) fn paths(words: &[String]) -> Vec<Named> {
    let mut reader =
        Reader { words, at: 0, imported: false, depth: 0, inside: Vec::new(), found: Vec::new() };
    while reader.at < words.len() {
        reader.step();
    }
    reader.found
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    /// Between `use` and `;`.
    imported: bool,
    /// How many braces are open.
    depth: usize,
    /// The modules around this place, each with the depth it began at.
    inside: Vec<(String, usize)>,
    found: Vec<Named>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) {
        match self.word(0) {
            "use" => self.imported = self.word(1) != "<",
            "extern" => self.imported = self.word(1) == "crate",
            ";" => self.imported = false,
            "mod" if self.word(2) == "{" => {
                self.inside.push((self.word(1).to_owned(), self.depth));
                self.at += 1;
            }
            "{" if self.imported => return self.tree(&[]),
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.inside.pop_if(|(_, depth)| *depth == self.depth);
            }
            // `pub(crate)` and `extern crate` name nothing by themselves.
            "crate" if self.word(1) != "::" && self.word(1) != "as" => {}
            word if is_name(word) => return self.tree(&[]),
            _ => {}
        }
        self.at += 1;
    }

    /// Reads a path, or a group of paths, that follows `before`.
    fn tree(&mut self, before: &[String]) {
        let mut path = before.to_vec();
        loop {
            match self.word(0) {
                "{" => return self.group(&path),
                // In a group, `self` is the path before it.
                "self" if !before.is_empty() => {}
                word => path.push(word.to_owned()),
            }
            self.at += 1;
            let next = self.word(1);
            let goes_on = is_name(next) || (self.imported && matches!(next, "{" | "*"));
            if self.word(0) != "::" || !goes_on {
                break;
            }
            self.at += 1;
        }
        if self.imported && self.word(0) == "as" {
            self.at += 2;
        }
        let inside = self.inside.iter().map(|(name, _)| name.clone()).collect();
        self.found.push(Named { words: path, imported: self.imported, inside });
    }

    fn group(&mut self, before: &[String]) {
        self.at += 1;
        while !matches!(self.word(0), "}" | "") {
            match self.word(0) {
                "," | "::" => self.at += 1,
                _ => self.tree(before),
            }
        }
        self.at += 1;
    }

    /// The word so many places ahead; empty after the last.
    fn word(&self, ahead: usize) -> &'a str {
        self.words.get(self.at + ahead).map_or("", String::as_str)
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The words of a source: names, numbers, `::`, and every other sign by itself. Comments and literals are left
/// out, but for a `"` in the place of each literal text.
pub(crate) fn words(source: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if let Some(length) = comment(rest) {
            length
        } else if let Some(length) = text(rest) {
            words.push("\"".to_owned());
            length
        } else if let Some(length) = letter_or_lifetime(rest) {
            length
        } else if let Some(name) = rest.strip_prefix("r#") {
            // A raw name: the name follows.
            rest.len() - name.len()
        } else if is_part_of_name(first) {
            let length = rest.find(|sign| !is_part_of_name(sign)).unwrap_or(rest.len());
            words.push(rest.chars().take_while(|sign| is_part_of_name(*sign)).collect());
            length
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            words.extend((!first.is_whitespace()).then(|| first.to_string()));
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    words
}

fn is_part_of_name(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// The length of the comment at the start, if there is one; those in `/* */` nest.
fn comment(source: &str) -> Option<usize> {
    if source.starts_with("//") {
        return Some(source.find('\n').unwrap_or(source.len()));
    }
    let mut at = source.starts_with("/*").then_some(2)?;
    let mut depth = 1;
    while depth > 0 {
        let rest = source.get(at..).unwrap_or_default();
        let next = [rest.find("/*"), rest.find("*/")].into_iter().flatten().min()?;
        depth =
            if rest.get(next..).is_some_and(|rest| rest.starts_with("/*")) { depth + 1 } else { depth - 1 };
        at += next + 2;
    }
    Some(at)
}

/// The length of the literal text at the start, if there is one: `"…"`, `r#"…"#`, also after `b` or `c`.
fn text(source: &str) -> Option<usize> {
    let after_kind = source.trim_start_matches(['b', 'c']);
    if source.len() - after_kind.len() > 1 {
        return None;
    }
    let (after_mark, is_raw) = after_kind.strip_prefix('r').map_or((after_kind, false), |rest| (rest, true));
    let body = after_mark.trim_start_matches('#');
    let hashes = after_mark.len() - body.len();
    let body = body.strip_prefix('"').filter(|_| is_raw || hashes == 0)?;
    let begins = source.len() - body.len();
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(body.find(&end).map_or(source.len(), |found| begins + found + end.len()));
    }
    let mut escaped = false;
    for (at, sign) in body.char_indices() {
        match sign {
            '"' if !escaped => return Some(begins + at + 1),
            _ => escaped = sign == '\\' && !escaped,
        }
    }
    Some(source.len())
}

/// The length of the `'a'`, `b'\n'` or `'lifetime` at the start, if there is one.
fn letter_or_lifetime(source: &str) -> Option<usize> {
    let body = source.strip_prefix("b'").or_else(|| source.strip_prefix('\''))?;
    let begins = source.len() - body.len();
    let mut signs = body.char_indices();
    let (_, first) = signs.next()?;
    if first == '\\' {
        // What is escaped is stepped over: it may be a quote.
        signs.next();
        return signs.find(|(_, sign)| *sign == '\'').map(|(at, _)| begins + at + 1);
    }
    match signs.next() {
        Some((at, '\'')) => Some(begins + at + 1),
        _ => Some(begins + body.find(|sign| !is_part_of_name(sign)).unwrap_or(body.len())),
    }
}
