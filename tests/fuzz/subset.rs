//! The markup that a notification server may be sent, and nothing else.
//!
//! Invariant: it shares no code with the program, so it does not repeat the program's mistakes.

/// The words of a body in the allowed markup, or what is wrong with it.
pub(crate) fn words(body: &str, links_are_allowed: bool, pango_is_allowed: bool) -> Result<String, String> {
    let mut rest = body;
    let mut open: Vec<&str> = Vec::new();
    let mut words = String::new();
    'body: while let Some(letter) = rest.chars().next() {
        if !['<', '>', '&'].contains(&letter) {
            check_letter(letter)?;
            words.push(letter);
            rest = rest.strip_prefix(letter).unwrap_or_default();
            continue;
        }
        for (entity, meaning) in ENTITIES {
            if let Some(after) = rest.strip_prefix(entity) {
                words.push(meaning);
                rest = after;
                continue 'body;
            }
        }
        for (start, end, name) in TAGS {
            if let Some(after) = rest.strip_prefix(start) {
                if name == "tt" && !pango_is_allowed {
                    return Err("a font where none may be".to_owned());
                }
                if open.contains(&name) {
                    return Err(format!("<{name}> within itself"));
                }
                open.push(name);
                rest = after;
                continue 'body;
            }
            if let Some(after) = rest.strip_prefix(end) {
                if open.pop() != Some(name) {
                    return Err(format!("{end} closes what is not open"));
                }
                rest = after;
                continue 'body;
            }
        }
        if let Some(after) = rest.strip_prefix("<a href=\"") {
            let (link, after) = after.split_once("\">").ok_or("a link without an end")?;
            if !links_are_allowed || open.contains(&"a") {
                return Err("a link where none may be".to_owned());
            }
            check_link(link)?;
            open.push("a");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("<span foreground=\"#") {
            let (color, after) = after.split_once("\">").ok_or("a colour without an end")?;
            if !pango_is_allowed || open.contains(&"span") {
                return Err("a colour where none may be".to_owned());
            }
            if color.len() != 6
                || color.contains(|digit: char| !digit.is_ascii_digit() && !('a'..='f').contains(&digit))
            {
                return Err(format!("no colour: {color:?}"));
            }
            open.push("span");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("</span>") {
            if open.pop() != Some("span") {
                return Err("</span> closes what is not open".to_owned());
            }
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("</a>") {
            if open.pop() != Some("a") {
                return Err("</a> closes what is not open".to_owned());
            }
            rest = after;
            continue;
        }
        return Err(format!("{letter:?} is not escaped before {:?}", rest.get(..20).unwrap_or(rest)));
    }
    if open.is_empty() { Ok(words) } else { Err(format!("{open:?} stay open")) }
}

const ENTITIES: [(&str, char); 5] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];

const TAGS: [(&str, &str, &str); 4] =
    [("<b>", "</b>", "b"), ("<i>", "</i>", "i"), ("<u>", "</u>", "u"), ("<tt>", "</tt>", "tt")];

fn check_link(link: &str) -> Result<(), String> {
    let mut bare = link.to_owned();
    if bare.contains(['<', '>', '"']) {
        return Err(format!("a quote or a bracket in the link {link:?}"));
    }
    for (entity, _) in ENTITIES {
        bare = bare.replace(entity, "");
    }
    if bare.contains('&') {
        return Err(format!("something else than text in the link {link:?}"));
    }
    link.chars().try_for_each(check_letter)?;
    let scheme = link.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if link.contains('\n') || !["http", "https", "mailto"].contains(&scheme.as_str()) {
        return Err(format!("the link {link:?} is not to be opened"));
    }
    Ok(())
}

/// Whether a character may reach a screen: no control character except the line break, and nothing that overrides the direction.
pub(crate) fn check_letter(letter: char) -> Result<(), String> {
    let code = u32::from(letter);
    let is_bad = (code < 0x20 && letter != '\n')
        || (0x7f..=0x9f).contains(&code)
        || [0x2028, 0x2029, 0xfeff].contains(&code)
        || (0x202a..=0x202e).contains(&code)
        || (0x2066..=0x2069).contains(&code)
        || (0xfdd0..=0xfdef).contains(&code)
        || code % 0x1_0000 >= 0xfffe;
    if is_bad { Err(format!("{letter:?} got through")) } else { Ok(()) }
}
