//! Tests that endless data from the service and huge messages do not fill the memory.
//!
//! Invariant: each test runs in a process that does nothing else, so that its memory can be measured.

use std::alloc::System;
use std::process::Command;
use std::time::Duration;

use handover::desktop::notifier::markup::{self, Links, Markup};
use handover::domain::account::{DeviceId, SoundPreferences};
use handover::domain::message::{Arrival, Message, MessageId, Received};
use handover::domain::name::Name;
use handover::domain::settings::{Backlog, Emergency, SoundSetting};
use handover::engine::announce::{Announcer, Step};
use handover::engine::policy::Circumstances;
use handover::sandbox::{Endpoint, Fault};
use handover::store::Store;
use handover::system::clock::instant;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::clock::{breathe, within};
use crate::world::{HOUR, World};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Set in the process that is measured.
const MEASURED: &str = "HANDOVER_TEST_MEASURED";

/// Runs a test of this module in a separate process, unless this is that process.
fn is_measured(test: &str) -> bool {
    if std::env::var_os(MEASURED).is_some() {
        return true;
    }
    let path = format!("{}::{test}", module_path!());
    let name = path.split_once("::").unwrap().1;
    let program = std::env::current_exe().unwrap();
    let output =
        Command::new(program).args(["--exact", name, "--nocapture"]).env(MEASURED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
    false
}

#[tokio::test(start_paused = true)]
async fn an_endless_body_needs_less_than_100_mb() {
    if !is_measured("an_endless_body_needs_less_than_100_mb") {
        return;
    }
    for endpoint in [Endpoint::Download, Endpoint::Delete, Endpoint::Acknowledge] {
        let mut world = World::connected().await;
        let before = world.requests(endpoint).len();
        world.sandbox.faults().next(endpoint, Fault::Endless, 1);
        world.sandbox.faults().next(endpoint, Fault::Huge(9 << 20), 2);
        let receipt = world.send_emergency("fire");
        world.until("it is asked for", |world| world.requests(endpoint).len() > before).await;
        // The clock stands still, so only the limit on the length can end it.
        let given_up = async {
            while world.sandbox.counters().in_flight > 0 {
                assert_modest();
                breathe(Duration::from_millis(1)).await;
            }
        };
        within("it is given up", given_up).await;
        let over = |world: &World| world.queue().is_empty() && world.sandbox.is_acknowledged(&receipt);
        world.advance_until(HOUR, "all is done", over).await;
        assert_modest();
    }
}

/// The work is measured in allocated bytes, which include every copy of a text.
#[test]
fn any_message_of_a_megabyte_is_recorded_and_shown_with_less_than_30_mb() {
    if !is_measured("any_message_of_a_megabyte_is_recorded_and_shown_with_less_than_30_mb") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let messages = hostile_messages();
    let before = peak();
    for (number, (kind, message)) in (1..).zip(messages) {
        let log = Store::open(&folder.path().join(format!("{number}.db"))).unwrap();
        let received = [Received { message, raw: String::new() }];
        let region = Region::new(MEMORY);
        record_and_show(&log, &received);
        let work = region.change().bytes_allocated;
        assert!(work < 60_000_000, "{kind}: {work} bytes");
        let needed = peak() - before;
        assert!(needed < 30_000, "{kind}: {needed} kB");
    }
}

/// A busy computer could make it fail, so it runs only when it is asked for:
/// `cargo test --release --test promise -- --ignored a_fifth_of_a_second --nocapture`.
#[test]
#[ignore = "measures time, which means little in a debug build or on a busy computer"]
fn any_message_of_a_megabyte_is_recorded_and_shown_within_a_fifth_of_a_second() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (kind, message)) in (1..).zip(hostile_messages()) {
        let log = Store::open(&folder.path().join(format!("{number}.db"))).unwrap();
        let begin = instant();
        record_and_show(&log, &[Received { message, raw: String::new() }]);
        let needed = instant().duration_since(begin);
        eprintln!("{kind}: {} ms", needed.as_millis());
        assert!(needed < Duration::from_millis(200), "{kind}: {needed:?}");
    }
}

fn record_and_show(log: &Store, received: &[Received]) {
    let device = DeviceId::new("desk").unwrap();
    log.record(&device, Arrival::Live, received, &[], 1_000).unwrap();
    let waiting = log.unannounced_page(None, 10).unwrap();
    let sound_preferences = SoundPreferences::default();
    let circumstances = Circumstances {
        unix: 1_000,
        service_unix: 1_000,
        initial_sync: false,
        quiet_hours: false,
        paused: None,
        backlog: Backlog::Summary,
        emergency: Emergency::Always,
        sound: SoundSetting::On,
        sound_preferences: &sound_preferences,
        open_links: &["https", "http", "mailto"],
        rules: &[],
        utc_offset: 0,
    };
    let steps = Announcer::new().plan(&waiting, &circumstances);
    let [Step::Show { notification, .. }] = &steps[..] else { panic!("{} steps", steps.len()) };
    let body = notification.body_with_link();
    markup::render(&body, Markup::Styles { links: Links::All, pango: true });
    Name::of(&waiting[0].message).line();
}

fn hostile_messages() -> Vec<(&'static str, Message)> {
    const MEGABYTE: usize = 1_000_000;
    let long = |length| "x".repeat(length);
    let filled = |beginning: String, piece: &str| {
        let times = (MEGABYTE - beginning.len()) / piece.len();
        beginning + &piece.repeat(times)
    };
    let numbered = |piece: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for number in 0..MEGABYTE {
            if text.len() >= MEGABYTE {
                break;
            }
            text += &piece(number);
        }
        text
    };
    let link = |length| format!("<a href=\"http://e.net/{}\">", long(length));
    let message = |edit: &dyn Fn(&mut Message, String), text: String| {
        let mut message = Message::unread(MessageId::from_stored(1));
        edit(&mut message, text);
        message
    };
    let html = |message: &mut Message, text| (message.html, message.body) = (true, text);
    let plain = |message: &mut Message, text| message.body = text;
    vec![
        ("an overlong link", message(&html, filled(link(32_000), "<b>a</b>c"))),
        ("a long link with many runs", message(&html, filled(link(2_000), "<b>a</b>c"))),
        ("a long link with many blocks", message(&html, filled(link(2_000), "<p>b"))),
        (
            "many long links",
            message(&html, numbered(&|n| format!("<a href=http://e.net/{n}{}>a</a>", long(1_900)))),
        ),
        ("many short links", message(&html, numbered(&|n| format!("<a href=http://e.net/{n}>a</a>")))),
        ("many attributes", message(&html, "<a".to_owned() + &numbered(&|n| format!(" a{n}=b")) + ">c")),
        ("unclosed tags", message(&html, filled(String::new(), "<b><font color=#123><a href=x><p>y"))),
        ("entities", message(&html, filled(String::new(), "&amp;"))),
        ("short words", message(&plain, filled(String::new(), "a "))),
        ("words with numbers", message(&plain, filled(String::new(), "a01 "))),
        ("unspaced letters", message(&plain, filled(String::new(), "停"))),
        ("addresses", message(&plain, filled(String::new(), "http://a.b/ "))),
        ("beginnings of addresses", message(&plain, filled(String::new(), "a://"))),
        ("brackets", message(&plain, filled("http://a.b/".to_owned(), "("))),
        ("accents", message(&plain, filled("a".to_owned(), "\u{301}"))),
        ("unsafe letters", message(&plain, filled(String::new(), "\u{202e}"))),
        ("a title", message(&|message, text| message.title = Some(text), filled(String::new(), "a.b "))),
        ("an application", message(&|message, text| message.app = text, filled(String::new(), "a.b "))),
        (
            "a link of its own",
            message(&|message, text| message.url = Some(text), filled("https://a.b/".to_owned(), "c")),
        ),
        (
            "the title of a link",
            message(
                &|message, text| {
                    (message.url, message.url_title) = (Some("https://a.b/".to_owned()), Some(text));
                },
                filled(String::new(), "a.b "),
            ),
        ),
    ]
}

fn assert_modest() {
    let peak = peak();
    assert!(peak < 100_000, "{peak} kB");
}

/// The peak memory of this process, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
