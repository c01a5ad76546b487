//! Templates: variables from everywhere, one text for each language, and what is missing.

use super::{params, requests, sender, settings};

const TEMPLATES: &str = r#"
[templates.backup]
title = "Backup of {host}"
message = "<b>{state}</b> on {disk.name}: {text}"
format = "html"
priority = 1
sound = "bike"
to = "ops"
[templates.backup.languages.de]
message = "<b>{state}</b> auf {disk.name}: {text}"
[templates.plain]
to = "sean"
title = "{HOSTNAME_OF_TEST}"
"#;

#[tokio::test]
async fn variables_come_from_options_standard_input_and_the_environment() {
    let (mut user, sandbox) = sender().await;
    user.set("HOSTNAME_OF_TEST", "web02");
    user.settings(&(settings(&sandbox) + TEMPLATES));
    let arguments =
        ["send", "--template", "backup", "--to", "sean", "--set", "host=web01", "--set", "text=a", "-"];
    let json = r#"{"state": "<done> & 'dusted'", "disk": {"name": "sda"}, "host": "other"}"#;
    assert_eq!(user.handover_with_input(&arguments, json).await.succeeded(), "sent to sean\n");
    let params = params(&sandbox);
    assert_eq!(params["message"], "<b>&lt;done&gt; &amp; &#39;dusted&#39;</b> on sda: a");
    for (name, value) in [("title", "Backup of web01"), ("html", "1"), ("priority", "1"), ("sound", "bike")] {
        assert_eq!(params[name], value, "{name}");
    }
    assert_eq!(user.handover(&["send", "--template", "plain", "hello"]).await.succeeded(), "sent to sean\n");
    let [_, plain] = requests(&sandbox).try_into().unwrap();
    assert_eq!((plain.params["title"].as_str(), plain.params["message"].as_str()), ("web02", "hello"));
}

#[tokio::test]
async fn each_recipient_gets_their_language_in_a_request_of_their_own() {
    let (user, sandbox) = sender().await;
    user.settings(&(settings(&sandbox) + TEMPLATES));
    let sets = ["--set", "host=a", "--set", "state=ok", "all fine"];
    let arguments = [&["send", "--template", "backup"], sets.as_slice()].concat();
    // A name with a dot can only be in a JSON document.
    let error = user.handover(&arguments).await.failed(2);
    assert!(
        error.starts_with(
            "error: nothing was sent: the template cannot be filled: the variable `disk.name` has no value\n"
        ),
        "{error}"
    );
    let arguments = [arguments.as_slice(), &["--set", "disk.name=sda"]].concat();
    assert_eq!(user.handover(&arguments).await.succeeded(), "sent to night-shift\nsent to sean\n");
    let texts: Vec<_> =
        requests(&sandbox).into_iter().map(|request| request.params["message"].clone()).collect();
    assert_eq!(texts, ["<b>ok</b> auf sda: all fine", "<b>ok</b> on sda: all fine"]);
}

#[tokio::test]
async fn values_that_are_no_json_object_are_an_error() {
    let (user, sandbox) = sender().await;
    user.settings(&(settings(&sandbox) + TEMPLATES));
    for (input, why) in [
        ("{\"a\": s3cret", "it is not JSON, line 1, column 7"),
        ("[1]", "standard input is not a JSON object"),
    ] {
        let error = user.handover_with_input(&["send", "--template", "backup", "-"], input).await.failed(2);
        assert_eq!(error, format!("error: the values of the template cannot be read: {why}\n"));
    }
    assert_eq!(requests(&sandbox).len(), 0);
}
