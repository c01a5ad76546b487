//! The names of sounds: the command and the HTTP API check them against the same list, and refuse with the same words.

use std::fs;

use serde_json::json;

use super::http::{call, foreground};
use super::requests;

#[tokio::test]
async fn sounds_of_the_account_are_accepted_everywhere_and_unknown_ones_nowhere() {
    let (user, sandbox, _serving, port) = foreground().await;
    let send = |sound: &str| json!({ "user": "sean", "message": "x", "sound": sound });
    let error = user.handover(&["send", "--to", "sean", "--sound", "trumpet", "x"]).await.failed(2);
    let (status, answer) = call(port, "POST", "/send", "main-token", &send("trumpet")).await;
    let why = answer["errors"][0].as_str().unwrap();
    assert_eq!((status, why), (400, "nothing was sent: there is no sound `trumpet`"));
    assert!(error.starts_with(&format!("error: {why}\n")), "{error}");
    // The list is kept for a day, and has what the user uploaded.
    let list = user.path("cache/handover/sounds-of-servers.txt");
    let names = fs::read_to_string(&list).expect("the service was asked");
    fs::write(&list, format!("{names}\ntrumpet-of-mine")).unwrap();
    for sound in ["trumpet-of-mine", "trum"] {
        user.handover(&["send", "--to", "sean", "--sound", sound, "x"]).await.succeeded();
        assert_eq!(call(port, "POST", "/send", "main-token", &send(sound)).await.0, 200);
    }
    let received = requests(&sandbox);
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|request| request.params["sound"] == "trumpet-of-mine"));
    let asked = sandbox.journal().iter().filter(|request| request.path.ends_with("/sounds.json")).count();
    assert_eq!(asked, 1, "the service was asked more than once");
}

#[tokio::test]
async fn a_channel_checks_its_sound_before_anything_is_queued() {
    let (user, _sandbox, _serving, port) = foreground().await;
    let ring = json!({ "body": "rings", "sound": "trumpet" });
    let (status, answer) = call(port, "POST", "/queue/door", "door-token", &ring).await;
    assert_eq!(
        (status, &answer["errors"][0]),
        (400, &json!("nothing was sent: there is no sound `trumpet`"))
    );
    assert_eq!(user.handover(&["send", "outbox", "--json"]).await.succeeded(), "");
}
