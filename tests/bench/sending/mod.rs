//! The time from the start of a program to the service's answer to the message that it sends, over TLS on this computer.
//!
//! Invariant: every program sends the same message to the same service, in turns, so that a busy machine slows all of them down.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::figure::Figure;
use crate::session::Session;

const MESSAGES: usize = 30;

/// What people write without a library.
const PYTHON: &str = "import os, urllib.parse, urllib.request\n\
    form = urllib.parse.urlencode({'token': os.environ['TOKEN'], 'user': os.environ['KEY'], 'message': 'done'}).encode()\n\
    urllib.request.urlopen(os.environ['HANDOVER_API_URL'] + '/1/messages.json', form).read()\n";

pub(crate) async fn measure() -> Vec<Figure> {
    let Some(session) = Session::over_tls().await else { return Vec::new() };
    let account = session.sandbox.account();
    let settings = session.settings();
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let text = format!(
        "applications.bench.token = '{}'\nrecipients.me.key = '{}'\n",
        account.app_token, account.user_key
    );
    fs::write(&settings, text).unwrap();
    let mut environment = session.environment();
    environment.extend([("TOKEN", account.app_token.clone()), ("KEY", account.user_key.clone())]);
    let variable = |name: &str| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let url = format!("{}/1/messages.json", variable("HANDOVER_API_URL"));
    let certificates = variable("SSL_CERT_FILE");
    let (token, key) = (format!("token={}", account.app_token), format!("user={}", account.user_key));
    let curl = ["-sf", "--cacert", &certificates, "-d", &token, "-d", &key, "-d", "message=done", &url];
    let programs: [(&str, &str, Vec<&str>); 3] = [
        (
            "`handover send` to the service's answer, over TLS",
            env!("CARGO_BIN_EXE_handover"),
            vec!["send", "done"],
        ),
        ("the same message by `curl`", "curl", curl.to_vec()),
        ("the same message by Python's `urllib`", "python3", vec!["-c", PYTHON]),
    ];
    let mut spans: [Vec<f64>; 3] = Default::default();
    for _ in 0..MESSAGES {
        for ((_, program, arguments), spans) in programs.iter().zip(&mut spans) {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .envs(environment.iter().cloned())
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            let sent = session.sandbox.counters().sent;
            let start = Instant::now();
            let Ok(mut child) = command.spawn() else { continue };
            let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
            let span = start.elapsed();
            if ended.success() && session.sandbox.counters().sent == sent + 1 {
                spans.push(span.as_secs_f64() * 1e3);
            }
        }
    }
    let figures = programs.into_iter().zip(spans).filter(|(_, spans)| !spans.is_empty());
    figures.map(|((what, ..), spans)| Figure::new(what, "ms", spans)).collect()
}
