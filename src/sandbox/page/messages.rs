//! The messages that were sent, each as a phone would show it and as it came.
//!
//! Invariant: an encrypted text is not shown as if it were one.

use super::html::{definitions, escaped, link, styled, time};
use crate::domain::text::Text;
use crate::sandbox::account::{Message, Sent, State};
use crate::sandbox::protocol::image_type;

/// How many messages are shown.
const SHOWN: usize = 200;

/// All messages, the newest first.
pub(super) fn list(state: &State) -> String {
    state.sent.list().rev().take(SHOWN).map(|sent| article(state, sent)).collect()
}

fn article(state: &State, sent: &Sent) -> String {
    let message = &sent.message;
    let title = message.title.as_deref().unwrap_or(&message.app);
    let text = if message.encrypted {
        "<p class=\"text note\">The text is encrypted end to end.</p>".to_owned()
    } else {
        format!("<p class=\"text\">{}</p>", styled(&shown_text(message)))
    };
    let url = message.url.as_ref().map(|url| {
        format!("<p class=\"url\">{}</p>", link(url, message.url_title.as_deref().unwrap_or(url)))
    });
    format!(
        "<article id=\"m{number}\" class=\"message priority{priority}\" aria-labelledby=\"t{number}\">\
         <header><h3 id=\"t{number}\">{title}</h3><span class=\"meta\">{app} {time}</span></header>\
         {text}{url}{image}<p class=\"tags\">{tags}</p>{receipt}\
         <details id=\"p{number}\"><summary>Parameters</summary>{params}</details></article>",
        number = sent.number,
        priority = message.priority,
        title = escaped(title),
        app = if message.title.is_some() { escaped(&message.app) } else { String::new() },
        time = time(message.queued),
        url = url.unwrap_or_default(),
        image = image(sent),
        tags = tags(state, sent),
        receipt = receipt(state, message).unwrap_or_default(),
        params = definitions(&sent.params),
    )
}

fn shown_text(message: &Message) -> Text {
    let text = if message.html { Text::from_html(&message.text) } else { Text::from_plain(&message.text) };
    let text = if message.monospace { text.monospaced() } else { text };
    text.linked()
}

fn image(sent: &Sent) -> String {
    match &sent.attachment {
        None => String::new(),
        Some(bytes) if image_type(bytes).is_some() => format!(
            "<img src=\"/_sandbox/page/attachment/{}\" alt=\"attached image, {} bytes\">",
            sent.number,
            bytes.len()
        ),
        Some(bytes) => format!("<p class=\"note\">An attachment of {} bytes, not an image.</p>", bytes.len()),
    }
}

/// Priority, sound, and who received it.
fn tags(state: &State, sent: &Sent) -> String {
    let message = &sent.message;
    let mut tags = Vec::new();
    let priority = match message.priority {
        -2 => Some("lowest priority: no notification"),
        -1 => Some("low priority: no sound"),
        1 => Some("high priority"),
        2 => Some("emergency"),
        _ => None,
    };
    tags.extend(priority.map(|name| ("priority", name.to_owned())));
    tags.extend(message.sound.iter().map(|sound| ("sound", format!("sound {sound}"))));
    if message.html {
        tags.push(("", "HTML".to_owned()));
    }
    let deliveries = state.deliveries(sent);
    if deliveries.is_empty() {
        tags.push(("warning", "no device to send to".to_owned()));
    }
    for (device, is_deleted) in deliveries {
        let (class, what) = if is_deleted { ("done", "received") } else { ("waiting", "waiting") };
        tags.push((class, format!("{device}: {what}")));
    }
    let html =
        tags.iter().map(|(class, text)| format!("<span class=\"tag {class}\">{}</span> ", escaped(text)));
    html.collect::<Vec<_>>().concat()
}

/// The state of an emergency, and a button while it is open.
fn receipt(state: &State, message: &Message) -> Option<String> {
    let name = message.receipt.as_deref()?;
    let receipt = state.receipts.get(name)?;
    let repeats = match receipt.repeats {
        0 => String::new(),
        1 => ", repeated once".to_owned(),
        times => format!(", repeated {times} times"),
    };
    let (words, is_open) = if let Some(by) = &receipt.acknowledged {
        let device = if by.device.is_empty() { "an unknown device" } else { &by.device };
        (format!("acknowledged by {} at {}", escaped(device), time(by.at)), false)
    } else if receipt.cancelled {
        ("cancelled".to_owned(), false)
    } else if receipt.has_expired(state.now()) {
        ("expired".to_owned(), false)
    } else {
        (format!("open until {}", time(receipt.expires_at)), true)
    };
    let button = if is_open {
        format!(
            "<form method=\"post\" action=\"/_sandbox/page/acknowledge\">\
             <input type=\"hidden\" name=\"receipt\" value=\"{0}\">\
             <button id=\"a{0}\">Acknowledge as phone</button></form>",
            escaped(name)
        )
    } else {
        String::new()
    };
    Some(format!("<div class=\"receipt\"><span>Emergency {words}{repeats}</span>{button}</div>"))
}
