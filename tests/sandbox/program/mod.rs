//! `handover sandbox` itself, as a program.

mod browser;
mod devtools;
mod tls;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{http, read};

/// A running `handover sandbox`; killed when dropped.
struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it with JSON output; returns it with its first line.
    fn start(folder: &Path, flags: &[&str]) -> (Self, Value) {
        let mut program = Self::spawn(folder, &[&["--json"], flags].concat());
        let ready = program.next_json();
        assert_eq!(ready["event"], "ready", "{ready}");
        (program, ready)
    }

    fn spawn(folder: &Path, flags: &[&str]) -> Self {
        let mut child = command(folder, flags).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next_line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next_line()).unwrap()
    }

    /// Skips lines until one has this beginning; returns the rest of it.
    fn line_after(&mut self, beginning: &str) -> String {
        loop {
            if let Some(rest) = self.next_line().trim_start().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command, on any port unless a flag says which.
fn command(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
    command.arg("sandbox");
    if !flags.contains(&"--port") {
        command.args(["--port", "0"]);
    }
    command.args(flags).env("XDG_DATA_HOME", folder).env("TZ", "UTC").env_remove("SSL_CERT_FILE");
    command
}

fn failed(folder: &Path, flags: &[&str], code: i32) -> String {
    let Output { status, stderr, .. } = command(folder, flags).output().unwrap();
    let error = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{flags:?}: {error}");
    assert!(error.starts_with("error: "), "{error}");
    error
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn the_first_line_has_every_credential_and_each_request_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let (mut program, ready) =
        Program::start(folder.path(), &["--device", "desk", "--app", "Backup=aBackup1"]);
    let api = text(&ready, "api_url");
    assert_eq!(text(&ready["applications"][1], "token"), "aBackup1");
    assert_eq!(text(&ready["devices"][0], "name"), "desk");
    let user = text(&ready["accounts"][0], "user_key");
    let form = [("token", "aBackup1"), ("user", user), ("message", "hello\u{1b}[2J")];
    read(http().post(format!("{api}/1/messages.json")).form(&form)).await.unwrap();
    let line = program.next_line();
    assert!(line.contains(r"\u001b[2J"), "{line}");
    let request: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&request["event"], &request["status"], &request["endpoint"]),
        (&json!("request"), &json!(200), &json!("send"))
    );
    assert!(text(&request, "curl").ends_with(&format!("{api}/1/messages.json")));
    read(http().get(format!("{api}/1/nowhere.json"))).await.unwrap();
    assert_eq!(program.next_json()["matched"], false);
    // Neither the page nor the steering API is a request to the service.
    read(http().get(text(&ready, "page_url"))).await.unwrap();
    read(http().get(format!("{api}/1/sounds.json?token=aBackup1"))).await.unwrap();
    assert_eq!(program.next_json()["path"], "/1/sounds.json");
}

#[tokio::test]
async fn a_person_sees_where_the_page_is_how_to_send_and_what_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::spawn(folder.path(), &[]);
    let page = program.line_after("See what arrives: ");
    assert!(page.starts_with("http://127.0.0.1:") && page.ends_with('/'), "{page}");
    let curl = program.line_after("curl ");
    program.line_after("Each request is a line:");
    program.next_line();
    let sent = Command::new("sh").args(["-c", &format!("curl -sS --noproxy '*' {curl}")]).output().unwrap();
    assert!(sent.status.success(), "{sent:?}");
    let line = program.next_line();
    assert!(line.ends_with(" 200 POST /1/messages.json  Hello"), "{line}");
    let form = [("token", "wrong"), ("message", "\u{1b}[2J")];
    read(http().post(format!("{page}1/messages.json")).form(&form)).await.unwrap();
    let line = program.next_line();
    assert!(
        line.ends_with(
            " 400 POST /1/messages.json  application token is invalid, see https://pushover.net/api"
        ),
        "{line}"
    );
    let shown = read(http().get(&page)).await.unwrap();
    assert!(String::from_utf8(shown.body).unwrap().contains(">Hello<"));
}

#[tokio::test]
async fn flags_and_a_seed_file_decide_what_it_contains() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.toml");
    fs::write(&file, "devices = ['from-file']\nswitches = { monthly_limit = 50 }\nremaining = 9\n").unwrap();
    let flags = [
        "--seed",
        file.to_str().unwrap(),
        "--device",
        "from-flag",
        "--switch",
        "welcome=false",
        "--remaining",
        "3",
        "--fault",
        "fault=status code=502 endpoint=send times=1",
        "--two-factor",
        "123",
        "--clock-ahead",
        "3600",
        "--fixed",
    ];
    let (program, ready) = Program::start(folder.path(), &flags);
    let api = text(&ready, "api_url").to_owned();
    assert_eq!(ready["devices"].as_array().unwrap().len(), 2);
    assert_eq!(text(&ready["accounts"][0], "two_factor"), "123");
    let query = [("token", text(&ready["applications"][0], "token"))];
    let limits = read(http().get(format!("{api}/1/apps/limits.json")).query(&query)).await.unwrap();
    assert_eq!((&limits.json["limit"], &limits.json["remaining"]), (&json!(50), &json!(3)));
    assert_eq!(read(http().post(format!("{api}/1/messages.json"))).await.unwrap().status, 502);
    drop(program);
    let (_again, same) = Program::start(folder.path(), &flags);
    assert_eq!(same["devices"], ready["devices"], "--fixed");
}

#[test]
fn a_mistake_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.toml");
    fs::write(&file, "devices = ['a']\ndevice = 1\n").unwrap();
    let seed = file.to_str().unwrap();
    let error = failed(folder.path(), &["--seed", seed], 1);
    assert!(error.contains("seed.toml cannot be used") && error.contains("line 2"), "{error}");
    for (flags, code, named) in [
        (["--seed", "/nowhere"], 1, "/nowhere"),
        (["--switch", "welcom=false"], 1, "welcom"),
        (["--switch", "welcome"], 2, "no `=`"),
        (["--fault", "fault=explosion"], 2, "explosion"),
    ] {
        let error = failed(folder.path(), &flags, code);
        assert!(error.contains(named), "{error}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = failed(folder.path(), &["--port", &port], 1);
    assert!(
        error.contains(&format!("127.0.0.1:{port} cannot be used")) && error.contains("--port 0"),
        "{error}"
    );
    let error = failed(folder.path(), &["--tls", "--tls-port", &port], 1);
    assert!(error.contains(&port), "{error}");
}

#[test]
fn listening_for_other_computers_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), &["--listen", "0.0.0.0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    child.kill().unwrap();
    let mut warning = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut warning).unwrap();
    child.wait().unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let token = text(&ready, "token");
    assert!(warning.starts_with("warning: every computer") && warning.contains(token), "{warning}");
    assert!(text(&ready, "page_url").ends_with(&format!("/?key={token}")));
}
