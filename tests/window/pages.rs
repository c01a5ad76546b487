//! Every page: its names for a screen reader, and its picture light and dark, at 100 % and 200 %.
//!
//! Invariant: pictures are for people to look at; tests check only that something is drawn.

use handover::sandbox::Options;
use handover::system::clock;

use crate::harness::{Desk, Look, rows};
use crate::tree::Element;

/// The roles of elements that a user acts on, which need a name.
const CONTROLS: [&str; 12] = [
    "button",
    "toggle button",
    "checkbox",
    "radio button",
    "combo box",
    "entry",
    "text",
    "password text",
    "list item",
    "menu item",
    "switch",
    "link",
];

const SETTINGS: &str = r#"
emergency = "manual"

[hook]
command = ["true", "--quietly", "two words"]

[[rules]]
name = "quiet backups"
when = { app = "Backup", max_priority = 0 }
then = { show = false, read = true }

[[rules]]
name = "not at night"
when = { hours = "22:00-07:00" }
then = { hold_until = "08:00" }

[[rules]]
when = { app = "Backup", max_priority = -1 }
then = { sound = "none" }

[applications.servers]
token_command = ["pass", "pushover"]
default = true

[recipients.me]
devices = ["phone", "desk"]
"#;

fn check_names(elements: &[Element], page: &str) {
    let nameless: Vec<_> = elements
        .iter()
        .filter(|element| CONTROLS.contains(&element.role.as_str()) && element.is_focusable)
        .filter(|element| {
            element.name.trim().is_empty() && element.text.as_deref().unwrap_or_default().is_empty()
        })
        .collect();
    assert!(nameless.is_empty(), "without a name on {page}: {nameless:#?}");
    assert!(elements.iter().all(|element| element.role != "invalid" && element.role != "unknown"), "{page}");
}

async fn fill(desk: &Desk) {
    for (title, text, more) in [
        ("Nightly backup finished", "All 1,204 files were copied in 14 minutes.", &[][..]),
        ("", "Hello from curl", &[]),
        (
            "Disk almost full",
            "/var on web01 is 94 % full. See https://grafana.example.org/d/disk for the trend.",
            &[("priority", "1")],
        ),
        ("مرحبا", "النسخ الاحتياطي اكتمل بنجاح 🎉 在服务器上", &[]),
        ("Log excerpt", "total 12\ndrwxr-xr-x  2 root root 4096 .", &[("monospace", "1")]),
        ("Weather", "Light rain from 14:00", &[("priority", "-1")]),
        (
            "Build 4711 failed",
            "<b>main</b> is <font color=\"#c01c28\">red</font>.<br><i>3 tests</i> failed, see <a href=\"https://ci.example/4711\">the log</a>.<ul><li>parse<li>render<li>send</ul>",
            &[("html", "1"), ("url", "https://ci.example/4711"), ("url_title", "Open build")],
        ),
        (
            "Server room: 41 °C",
            "Cooling unit B has stopped.",
            &[("priority", "2"), ("retry", "60"), ("expire", "3600")],
        ),
    ] {
        let mut fields = vec![("message", text)];
        if !title.is_empty() {
            fields.push(("title", title));
        }
        fields.extend_from_slice(more);
        desk.send(&fields);
    }
    desk.user.handover(&["sync"]).await.succeeded();
}

async fn keep(desk: &Desk, name: &str) {
    let elements = desk.tree.elements().await;
    check_names(&elements, name);
    // The animations of a page take a quarter of a second.
    clock::pause(std::time::Duration::from_millis(600)).await;
    let picture = desk.picture();
    assert!(picture.colours() > 20, "{name} is empty");
    picture.keep_in("window", name);
}

#[tokio::test]
async fn every_page_has_names_and_is_drawn_light_and_dark_at_both_scales() {
    for (scale, is_dark) in [(1, false), (1, true), (2, false), (2, true)] {
        every_page(Look { scale, is_dark, ..Look::default() }).await;
    }
}

#[tokio::test]
async fn every_page_has_names_and_is_drawn_with_high_contrast_and_large_text() {
    for (is_dark, large_text) in [(false, false), (true, false), (false, true)] {
        every_page(Look { is_dark, large_text, high_contrast: !large_text, ..Look::default() }).await;
    }
}

#[tokio::test]
async fn a_long_status_is_shown_whole_where_the_text_is_large() {
    let look = Look { large_text: true, ..Look::default() };
    let mut desk = Desk::with_look(Options::new(clock::unix), look).await;
    desk.user.settings("emergency = \"manual\"\n");
    desk.user.sign_in(&desk.sandbox).await;
    let _daemon = desk.daemon().await;
    desk.send(&[("message", "help"), ("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    let elements = desk.until_shown("1 emergency to acknowledge").await;
    let label = |words: &str| {
        let is_it = |element: &&Element| element.role == "label" && element.words().contains(words);
        elements.iter().find(is_it).expect("it is shown").clone()
    };
    let title = desk.tree.height_of(&label("Handover")).await;
    let status = desk.tree.height_of(&label("1 emergency to acknowledge")).await;
    assert!(status > title, "{status} pixels are one line, as in the title: {title}");
    keep(&desk, "status-large").await;
}

async fn every_page(look: Look) {
    let suffix = look.name();
    let mut desk = Desk::with_look(Options::new(clock::unix), look).await;
    desk.open(&[]).await;
    desk.until_shown("Welcome to Handover").await;
    keep(&desk, &format!("welcome-{suffix}")).await;
    desk.focus("Sign in").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Your Pushover account").await;
    keep(&desk, &format!("account-{suffix}")).await;
    desk.window = None;

    desk.user.settings(SETTINGS);
    desk.user.sign_in(&desk.sandbox).await;
    desk.open(&[]).await;
    desk.until_shown("Handover is not running").await;
    keep(&desk, &format!("stopped-{suffix}")).await;
    let _daemon = desk.daemon().await;
    desk.until_shown("device=desk").await;
    keep(&desk, &format!("empty-{suffix}")).await;
    fill(&desk).await;
    desk.until("the messages", |elements| rows(elements).len() >= 7).await;
    keep(&desk, &format!("list-{suffix}")).await;
    desk.focus_row().await;
    desk.screen.press(&["Home"]);
    desk.until_shown("Emergency, not acknowledged").await;
    keep(&desk, &format!("emergency-{suffix}")).await;
    desk.screen.press(&["Down"]);
    desk.until_shown("Open build").await;
    keep(&desk, &format!("message-{suffix}")).await;
    desk.screen.press(&["Control_L", "comma"]);
    desk.until_shown("Notifications and sound").await;
    keep(&desk, &format!("preferences-{suffix}")).await;
    for page in ["Privacy", "Rules", "Sending", "Advanced"] {
        desk.focus(page).await;
        desk.screen.press(&["space"]);
        keep(&desk, &format!("preferences-{}-{suffix}", page.to_lowercase())).await;
    }
    desk.window = None;
    desk.open(&["doctor"]).await;
    desk.until_shown("Copy for a bug report").await;
    desk.until("the checks", |elements| {
        elements
            .iter()
            .any(|element| element.words().contains("websocket") || element.words().contains("Websocket"))
    })
    .await;
    keep(&desk, &format!("doctor-{suffix}")).await;
}
