//! How each notification server reads a body, written after its source.
//!
//! Invariant: each reader takes any body, since what a server does with malformed markup is part of it.

use super::xml::{self, Piece};

/// What a person sees of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) words: String,
    /// The words in bold.
    pub(crate) bold: String,
    /// The words in a monospaced font.
    pub(crate) monospace: String,
    /// The addresses that can be clicked.
    pub(crate) links: Vec<String>,
}

impl Seen {
    fn literally(body: &str) -> Self {
        Self { words: body.to_owned(), ..Self::default() }
    }

    fn of(pieces: &[Piece]) -> Self {
        let mut seen = Self::default();
        let mut open: Vec<&str> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Open(name, attributes) => {
                    open.push(name);
                    let address = attributes.iter().find(|(attribute, _)| name == "a" && attribute == "href");
                    seen.links.extend(address.map(|(_, address)| address.clone()));
                    if name == "br" {
                        seen.words.push('\n');
                    }
                }
                Piece::Close(_) => drop(open.pop()),
                Piece::Text(text) => {
                    seen.words.push_str(text);
                    for (name, styled) in [("b", &mut seen.bold), ("tt", &mut seen.monospace)] {
                        if open.contains(&name) {
                            styled.push_str(text);
                        }
                    }
                }
            }
        }
        seen
    }
}

/// `pango_parse_markup`: these tags and no others, and any error refuses the whole.
/// <https://docs.gtk.org/Pango/pango_markup.html>
fn pango(markup: &str) -> Option<Seen> {
    let known = ["b", "big", "i", "s", "small", "span", "sub", "sup", "tt", "u", "markup"];
    let pieces = xml::read(markup).ok()?;
    let is_known = |piece: &Piece| match piece {
        Piece::Open(name, attributes) => {
            known.contains(&name.as_str()) && (name == "span" || attributes.is_empty())
        }
        Piece::Close(_) | Piece::Text(_) => true,
    };
    pieces.iter().all(is_known).then(|| Seen::of(&pieces))
}

/// Replaces each `letter` that does not begin one of these by its entity.
fn escape_unless(text: &str, letter: char, entity: &str, begins: &[&str]) -> String {
    let mut parts = text.split(letter);
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if begins.iter().any(|known| part.starts_with(known)) {
            escaped.push(letter);
        } else {
            escaped.push_str(entity);
        }
        escaped.push_str(part);
    }
    escaped
}

const ENTITIES: [&str; 5] = ["amp;", "quot;", "apos;", "lt;", "gt;"];
const STYLES: [&str; 6] = ["b>", "i>", "u>", "/b>", "/i>", "/u>"];

/// GNOME Shell 3.10 to 47, `_fixMarkup` in `js/ui/messageTray.js` and later `js/ui/messageList.js`; phosh does the same in
/// `phosh_util_escape_markup` of `src/util.c`: five named entities and no number, three tags, all else literally.
pub(crate) fn gnome_shell(body: &str) -> Seen {
    let fixed = escape_unless(body, '&', "&amp;", &ENTITIES);
    let fixed = escape_unless(&fixed, '<', "&lt;", &STYLES);
    pango(&fixed).unwrap_or_else(|| Seen::literally(body))
}

/// Plasma 5.18 to 6, `Notification::Private::sanitize` in `libnotificationmanager/notification.cpp`: line breaks become
/// `<br/>`, white space and empty lines collapse, an XML reader copies what it knows and stops at the first error.
pub(crate) fn plasma(body: &str) -> Seen {
    let body = body.replace('\n', "<br/>");
    let mut body = body.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some((before, after)) = body.split_once("<br/> <br/>").or_else(|| body.split_once("<br/><br/>"))
    {
        body = format!("{before}<br/>{after}");
    }
    let body = escape_unless(&body, '&', "&amp;", &[&ENTITIES[..], &["#"]].concat());
    let copied = ["b", "i", "u", "img", "a", "html", "br", "table", "tr", "td"];
    match xml::read(&body) {
        Ok(pieces) => {
            let is_copied = |piece: &Piece| match piece {
                Piece::Open(name, _) | Piece::Close(name) => copied.contains(&name.as_str()),
                Piece::Text(_) => true,
            };
            Seen::of(&pieces.into_iter().filter(is_copied).collect::<Vec<_>>())
        }
        // Everything from the error on is lost; for these tests that is as bad as all of it.
        Err(_) => Seen::default(),
    }
}

/// dunst 1.9 to 1.13 with `markup = full`, `markup_transform` in `src/markup.c`: links lose their tags, then Pango; when
/// that fails, all tags are cut out. Its menu opens addresses as they
/// stand in the markup.
pub(crate) fn dunst(body: &str) -> Seen {
    let escaped = escape_unless(body, '&', "&amp;", &[&ENTITIES[..], &["#"]].concat());
    let mut links = Vec::new();
    let mut text = escaped.clone();
    while let Some((before, tag)) = text.split_once("<a") {
        let Some((tag, after)) = tag.split_once('>') else { break };
        let address = tag.split_once("href=\"").and_then(|(_, address)| address.split_once('"'));
        links.extend(address.map(|(address, _)| address.to_owned()));
        text = format!("{before}{}", after.replacen("</a>", "", 1));
    }
    let seen = pango(&text).unwrap_or_else(|| {
        let mut words = String::new();
        for part in text.split('<') {
            words.push_str(part.split_once('>').map_or(part, |(_, after)| after));
        }
        Seen::literally(&words)
    });
    Seen { links, ..seen }
}

/// mako 1.0 to 1.9, `format_text` in `notification.c`: Pango or, when that fails, literally.
pub(crate) fn mako(body: &str) -> Seen {
    pango(body).unwrap_or_else(|| Seen::literally(body))
}

/// swaync 0.10 and later, `set_body` in `src/notification/notification.vala`: Pango, and what that refuses as before.
pub(crate) fn swaync(body: &str) -> Seen {
    pango(body).unwrap_or_else(|| swaync_before_0_10(body))
}

/// swaync up to 0.9, the same place: everything is escaped, then three tags and the escaped entities are restored.
pub(crate) fn swaync_before_0_10(body: &str) -> Seen {
    let mut escaped = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped = escaped.replace('\'', "&#39;").replace('"', "&quot;");
    for tag in ["b", "i", "u", "/b", "/i", "/u"] {
        escaped = escaped.replace(&format!("&lt;{tag}&gt;"), &format!("<{tag}>"));
    }
    let unescaped = [
        "lt;", "gt;", "apos;", "quot;", "amp;", "#39;", "#34;", "#60;", "#62;", "#x3C;", "#x3c;", "#x3E;",
        "#x3e;",
    ];
    let mut restored = String::new();
    let mut rest = escaped.as_str();
    while let Some((before, after)) = rest.split_once("&amp;") {
        let is_entity = unescaped.iter().any(|entity| after.starts_with(entity));
        restored = restored + before + if is_entity { "&" } else { "&amp;" };
        rest = after;
    }
    pango(&(restored + rest)).unwrap_or_else(|| Seen::literally(body))
}

/// xfce4-notifyd up to 0.9.2, `src/xfce-notify-window.c`: a GTK label, which knows Pango's tags and links, if Pango takes
/// the body; else literally.
pub(crate) fn xfce4_notifyd_before_0_9_3(body: &str) -> Seen {
    gtk_label(body).unwrap_or_else(|| Seen::literally(body))
}

/// xfce4-notifyd 0.9.3 and later, `xfce_notify_sanitize_markup` in `common/xfce-notify-common.c`: three tags and links are
/// copied, the content of other tags too. Addresses are copied without escaping them, and a label shows nothing at all of
/// what it cannot read.
pub(crate) fn xfce4_notifyd(body: &str) -> Seen {
    let Ok(pieces) = xml::read(body) else { return Seen::literally(body) };
    let copied = pieces.into_iter().map(|piece| match piece {
        Piece::Open(name, _) if ["b", "i", "u"].contains(&name.as_str()) => format!("<{name}>"),
        Piece::Open(name, attributes) if name == "a" => {
            let address = attributes.into_iter().find(|(attribute, _)| attribute == "href");
            address.map(|(_, address)| format!("<a href=\"{address}\">")).unwrap_or_default()
        }
        Piece::Close(name) if ["b", "i", "u", "a"].contains(&name.as_str()) => format!("</{name}>"),
        Piece::Open(..) | Piece::Close(_) => String::new(),
        Piece::Text(text) => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
    });
    gtk_label(&copied.collect::<String>()).unwrap_or_default()
}

/// `gtk_label_set_markup` of GTK 3: Pango's markup and `<a href>`.
fn gtk_label(markup: &str) -> Option<Seen> {
    let pieces = xml::read(markup).ok()?;
    let is_link = |piece: &Piece| match piece {
        Piece::Open(name, _) | Piece::Close(name) => name == "a",
        Piece::Text(_) => false,
    };
    let without_links: Vec<_> = pieces.iter().filter(|piece| !is_link(piece)).collect();
    let known = ["b", "big", "i", "s", "small", "span", "sub", "sup", "tt", "u", "markup"];
    let is_known = |piece: &&Piece| match piece {
        Piece::Open(name, _) => known.contains(&name.as_str()),
        Piece::Close(_) | Piece::Text(_) => true,
    };
    without_links.iter().all(is_known).then(|| Seen::of(&pieces))
}

/// lxqt-notificationd 0.12 to 2.x, `Notification::setValues` in `src/notification.cpp` with the format of the label in
/// `notification.ui`: line breaks become `<br/>`, then Qt's rich text, in which white space collapses as in a browser.
pub(crate) fn lxqt_notificationd(body: &str) -> Seen {
    let pieces =
        xml::read(&body.replace('\n', "<br/>")).expect("strict markup, which any reader of HTML takes");
    let collapsed = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => {
            let mut collapsed = String::new();
            for letter in text.chars() {
                let is_blank = letter == ' ' || letter == '\t';
                if !(is_blank && collapsed.ends_with(' ')) {
                    collapsed.push(if is_blank { ' ' } else { letter });
                }
            }
            Piece::Text(collapsed)
        }
        Piece::Open(..) | Piece::Close(_) => piece,
    });
    Seen::of(&collapsed.collect::<Vec<_>>())
}
