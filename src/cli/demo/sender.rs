//! Sends one message to the stand-in over HTTP, as any sender would.
//!
//! Invariant: it speaks to the loopback interface only; the program itself cannot send to the real service.

use std::io;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::Problem;
use crate::sandbox::Sandbox;

/// Sends a message; `Ok` means that the sending API accepted it.
pub(super) async fn send(sandbox: &Sandbox, parameters: &[(&str, &str)]) -> Result<(), Problem> {
    let account = sandbox.account();
    let sender = [("token", account.app_token.as_str()), ("user", account.user_key.as_str())];
    let form: Vec<String> = sender
        .iter()
        .chain(parameters)
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    let answer = post(&sandbox.api_url(), &form.join("&"))
        .await
        .map_err(|error| Problem::new("the message could not be sent", error))?;
    match answer.lines().next() {
        Some(status) if status.contains(" 200 ") => Ok(()),
        status => Err(Problem::new("the message could not be sent", status.unwrap_or("no answer"))),
    }
}

async fn post(api: &str, form: &str) -> io::Result<String> {
    let host = api.strip_prefix("http://").unwrap_or(api);
    let mut stream = TcpStream::connect(host).await?;
    let request = format!(
        "POST /1/messages.json HTTP/1.1\r\nHost: {host}\r\nUser-Agent: handover-demo\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
