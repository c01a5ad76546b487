//! The page in a real browser: live, by keyboard, light and dark, in a large and a small window. The pictures are kept in
//! `target/sandbox-page`.

use handover::sandbox::{Options, Sandbox};
use handover::system::clock;

use super::devtools::Browser;
use crate::harness::{Device, get, http, post, read};

const ARTICLES: &str = "document.querySelectorAll('#message-list > article').length";

/// A sandbox with this computer's time, as `handover sandbox` has it.
async fn started() -> Sandbox {
    let sandbox = Sandbox::start(Options::new(clock::unix)).await.unwrap();
    sandbox.switch(|switches| switches.welcome = false);
    sandbox
}

async fn send(sandbox: &Sandbox, fields: &[(&str, &str)]) -> String {
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str())];
    let sent = post(sandbox, "/1/messages.json", &[&form[..], fields].concat()).await;
    sent.json["receipt"].as_str().unwrap_or_default().to_owned()
}

/// Something of everything.
async fn fill(sandbox: &Sandbox) -> String {
    let desk = Device::add(sandbox, "desk");
    send(sandbox, &[("message", "The backup of tank finished in 12 minutes."), ("title", "Backup")]).await;
    desk.delete(sandbox, &u64::MAX.to_string()).await;
    Device::add(sandbox, "phone");
    let html = [
        (
            "message",
            "<b>42 °C</b> in the <i>server room</i>, <font color=\"#c00000\">rising</font>\nhttps://example.org/room",
        ),
        ("title", "Sensors"),
        ("html", "1"),
        ("priority", "1"),
        ("sound", "siren"),
        ("url", "https://example.org/sensors"),
        ("url_title", "All sensors"),
    ];
    send(sandbox, &html).await;
    let picture = get(sandbox, "/icons/picture.png", &[]).await.body;
    let picture = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, picture);
    let fields = [
        ("message", "Somebody is at the door."),
        ("attachment_base64", &picture),
        ("attachment_type", "image/png"),
    ];
    send(sandbox, &fields).await;
    let log = [("message", "disk  used\n/     91 %\n/home 12 %"), ("monospace", "1"), ("priority", "-1")];
    send(sandbox, &log).await;
    send(sandbox, &[("message", "x"), ("priority", "7")]).await;
    read(http().post(format!("{}/1/mesages.json", sandbox.api_url()))).await.unwrap();
    let urgent = [
        ("message", "Water in the cellar!"),
        ("title", "Alarm"),
        ("priority", "2"),
        ("retry", "30"),
        ("expire", "3600"),
    ];
    send(sandbox, &urgent).await
}

#[tokio::test]
async fn what_arrives_appears_on_an_open_page_and_hostile_text_does_nothing() {
    let Some(mut browser) = Browser::start().await else { return };
    let sandbox = started().await;
    browser.set_window(1280, 900, false).await;
    browser.open(&sandbox.api_url()).await;
    assert_eq!(browser.value(ARTICLES).await, 0);
    browser.screenshot("empty").await;
    fill(&sandbox).await;
    browser.until(&format!("{ARTICLES} === 5")).await;
    browser.until("document.getElementById('failed-count').textContent === '2'").await;
    let evil = "</pre></code><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"><svg onload=1>";
    send(
        &sandbox,
        &[
            ("message", evil),
            ("title", evil),
            ("html", "1"),
            ("url", "javascript:document.title='taken'"),
            (evil, evil),
        ],
    )
    .await;
    browser.until(&format!("{ARTICLES} === 6")).await;
    assert_eq!(browser.value("document.title").await, "Handover sandbox");
    assert_eq!(browser.value("document.querySelectorAll('script').length").await, 1);
    assert_eq!(browser.value("document.querySelectorAll('#message-list img, svg').length").await, 1);
    // The newest comes first, and it came without loading the page again.
    assert_eq!(browser.value("document.querySelector('#message-list article').id").await, "m6");
    assert_eq!(browser.value("performance.getEntriesByType('navigation').length").await, 1);
}

#[tokio::test]
async fn it_is_used_by_keyboard_and_news_disturb_nobody() {
    let Some(mut browser) = Browser::start().await else { return };
    let sandbox = started().await;
    let receipt = fill(&sandbox).await;
    browser.set_window(1280, 900, false).await;
    browser.open(&sandbox.api_url()).await;
    browser.press("Tab").await;
    assert_eq!(browser.value("document.activeElement.className").await, "skip");
    browser.press("Enter").await;
    browser.until("location.hash === '#messages'").await;
    // The parameters of a message are opened with the space bar, and stay open when there is news.
    browser.tab_to("#p2 summary").await;
    browser.press(" ").await;
    browser.until("document.getElementById('p2').open").await;
    send(&sandbox, &[("message", "news")]).await;
    browser.until(&format!("{ARTICLES} === 6")).await;
    assert_eq!(browser.value("document.getElementById('p2').open").await, true);
    assert_eq!(browser.value("document.activeElement.parentElement.id").await, "p2");
    // So does an article that itself changes, with the focus in it.
    sandbox.devices().iter().for_each(|device| assert!(sandbox.disable_device(device)));
    browser.tab_to("#only-failed").await;
    browser.press(" ").await;
    browser
        .until("[...document.querySelectorAll('.request')].filter((it) => it.offsetParent).length === 2")
        .await;
    browser.screenshot("only-failed").await;

    browser.open(&format!("{}/?again", sandbox.api_url())).await;
    browser.tab_to(&format!("#a{receipt}")).await;
    browser.press("Enter").await;
    browser
        .until("document.querySelector('#m5 .receipt')?.textContent.includes('acknowledged by phone')")
        .await;
    assert!(sandbox.is_acknowledged(&receipt));
}

#[tokio::test]
async fn it_fits_a_large_and_a_small_window_light_and_dark() {
    let Some(mut browser) = Browser::start().await else { return };
    let sandbox = started().await;
    fill(&sandbox).await;
    let word = "Donaudampfschifffahrtsgesellschaft".repeat(5);
    send(&sandbox, &[("message", &word), ("title", &word), ("url", &format!("https://example.org/{word}"))])
        .await;
    browser.open(&sandbox.api_url()).await;
    let mut papers = Vec::new();
    for (name, width, height) in [("large", 1280, 1000), ("small", 360, 740)] {
        for (scheme, is_dark) in [("light", false), ("dark", true)] {
            browser.set_window(width, height, is_dark).await;
            browser.value("document.querySelectorAll('details').forEach((it) => { it.open = false; })").await;
            browser.screenshot(&format!("{name}-{scheme}")).await;
            browser.value("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
            let overflow = "document.documentElement.scrollWidth - innerWidth";
            assert!(browser.value(overflow).await.as_i64() <= Some(0), "{name} {scheme}");
            browser.screenshot(&format!("{name}-{scheme}-open")).await;
            papers.push(browser.value("getComputedStyle(document.body).backgroundColor").await);
        }
    }
    assert_eq!((&papers[0], &papers[1]), (&papers[2], &papers[3]));
    assert_ne!(papers[0], papers[1]);
    let columns = "getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length";
    assert_eq!(browser.value(columns).await, 1);
    browser.set_window(1280, 1000, false).await;
    assert_eq!(browser.value(columns).await, 2);
}
