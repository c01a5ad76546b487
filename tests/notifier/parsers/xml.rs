//! Strict markup, as `GMarkup` of `GLib` and the XML reader of Qt take it.
//!
//! Invariant: what is not well-formed is an error, as it is for them.

/// A piece of markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
}

/// The pieces of markup; an error where it is not well-formed.
pub(crate) fn read(markup: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = markup;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            pieces.push(Piece::Text(unescape(text)?));
            rest = after;
            continue;
        };
        let (tag, after) = tag.split_once('>').ok_or("a tag without an end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> closes what is not open"));
            }
            pieces.push(Piece::Close(name.to_owned()));
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("<{name}> is no tag"));
        }
        pieces.push(Piece::Open(name.to_owned(), read_attributes(attributes)?));
        if is_empty {
            pieces.push(Piece::Close(name.to_owned()));
        } else {
            open.push(name.to_owned());
        }
    }
    if open.is_empty() { Ok(pieces) } else { Err(format!("{open:?} stay open")) }
}

fn read_attributes(mut rest: &str) -> Result<Vec<(String, String)>, String> {
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        let (name, after) = rest.trim_start().split_once("=\"").ok_or("an attribute without a value")?;
        let (value, after) = after.split_once('"').ok_or("a value without an end")?;
        attributes.push((name.to_owned(), unescape(value)?));
        rest = after;
    }
    Ok(attributes)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, after) = part.split_once(';').ok_or("an entity without an end")?;
        plain.push(meaning(entity).ok_or(format!("&{entity}; is unknown"))?);
        plain.push_str(after);
    }
    Ok(plain)
}

fn meaning(entity: &str) -> Option<char> {
    let named = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    let number = entity.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    });
    let named = named.into_iter().find(|(name, _)| *name == entity).map(|(_, letter)| letter);
    named.or_else(|| number.and_then(char::from_u32))
}
