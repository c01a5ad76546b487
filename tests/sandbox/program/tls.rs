//! The service's own host names: certificates, the TLS port and the proxy, used by curl; and callbacks over HTTPS.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::{Program, command, text};
use crate::harness::{http, read};

/// Runs curl; returns its exit code and what it printed.
fn curl(arguments: &[&str]) -> (Option<i32>, String) {
    let mut curl = Command::new("curl");
    for name in ["HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
        curl.env_remove(name);
    }
    let output = curl.args(["-sS", "--max-time", "20"]).args(arguments).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn curl_reaches_the_service_by_its_own_name_through_the_proxy_or_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let (_program, ready) = Program::start(folder.path(), &["--tls", "--tls-port", "0", "--proxy"]);
    let (proxy, ca) = (text(&ready, "proxy_url"), text(&ready, "ca"));
    let token = text(&ready["applications"][0], "token");
    let url = format!("https://api.pushover.net/1/sounds.json?token={token}");
    let (code, printed) = curl(&["--proxy", proxy, "--cacert", ca, &url]);
    assert!(code == Some(0) && printed.contains("\"pushover\""), "{printed}");
    // The bundle has the certificates of the system too, and works in the same place.
    let (code, printed) = curl(&["--proxy", proxy, "--cacert", text(&ready, "ca_bundle"), &url]);
    assert_eq!(code, Some(0), "{printed}");
    let port = text(&ready, "tls_url").rsplit(':').next().unwrap();
    let target = format!("::localhost:{port}");
    let (code, printed) = curl(&["--connect-to", &target, "--cacert", ca, &url]);
    assert!(code == Some(0) && printed.contains("\"pushover\""), "{printed}");
    let (code, printed) = curl(&["--cacert", ca, &format!("{}/1/sounds.json", text(&ready, "tls_url"))]);
    assert!(code == Some(0) && printed.contains("application token is invalid"), "{printed}");

    // Without the authority it is not trusted, and the authority is not trusted for any other host.
    let (code, _) = curl(&["--proxy", proxy, &url]);
    assert_eq!(code, Some(60));
    let (code, printed) = curl(&["--proxy", proxy, "--cacert", ca, "https://example.org/"]);
    assert!(code != Some(0) && printed.contains("403"), "{printed}");
    let (code, printed) = curl(&["--proxy", proxy, "http://example.org/"]);
    assert!(code == Some(0) && printed.contains("not reached by this name"), "{printed}");
}

#[test]
fn the_key_stays_in_its_folder_and_the_authority_is_constrained_and_short_lived() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ready) = Program::start(folder.path(), &["--proxy"]);
    let certificates = folder.path().join("handover/sandbox");
    assert_eq!(Path::new(text(&ready, "ca")), certificates.join("ca.pem"));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&certificates), mode(&certificates.join("ca.key"))), (0o700, 0o600));
    let keys = fs::read_dir(&certificates)
        .unwrap()
        .filter(|file| fs::read_to_string(file.as_ref().unwrap().path()).unwrap().contains("PRIVATE KEY"));
    assert_eq!(keys.count(), 1, "the key of the server is not saved");
    let before = fs::read(certificates.join("ca.pem")).unwrap();
    let mut show = Command::new("openssl");
    show.args(["x509", "-noout", "-text", "-in"]).arg(certificates.join("ca.pem"));
    let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
    for part in [
        "X509v3 Name Constraints: critical",
        "DNS:api.pushover.net",
        "DNS:client.pushover.net",
        "IP:127.0.0.1/255.255.255.255",
        "CA:TRUE, pathlen:0",
        "TLS Web Server Authentication",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let month = Command::new("openssl")
        .args(["x509", "-noout", "-checkend", &(31 * 86_400).to_string(), "-in"])
        .arg(certificates.join("ca.pem"))
        .output()
        .unwrap();
    assert_eq!(month.status.code(), Some(1), "it expires within a month");
    drop(program);
    let _again = Program::start(folder.path(), &["--proxy"]);
    assert_eq!(fs::read(certificates.join("ca.pem")).unwrap(), before, "it is used again");
}

#[test]
fn the_proxy_of_a_public_sandbox_needs_the_token_and_is_off_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--listen", "0.0.0.0", "--proxy"];
    let (_program, ready) = Program::start(folder.path(), &flags);
    let (proxy, ca) = (text(&ready, "proxy_url"), text(&ready, "ca"));
    let url = "https://api.pushover.net/1/sounds.json";
    let (code, printed) = curl(&["--proxy", proxy, "--cacert", ca, url]);
    assert_eq!(code, Some(0), "{printed}");
    let without = proxy.replace(&format!("sandbox:{}@", text(&ready, "token")), "");
    assert_ne!(without, proxy);
    let (code, printed) = curl(&["--proxy", &without, "--cacert", ca, url]);
    assert!(code != Some(0) && printed.contains("407"), "{printed}");
    let (_plain, ready) = Program::start(folder.path(), &[]);
    let (code, printed) = curl(&["--proxy", text(&ready, "api_url"), url]);
    assert!(code != Some(0) && printed.contains("403"), "{printed}");
    assert!(ready["ca"].is_null() && ready["proxy_url"].is_null());
}

#[test]
fn the_lines_that_are_printed_for_a_shell_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::spawn(folder.path(), &["--proxy"]);
    let proxy = program.line_after("export HTTPS_PROXY=");
    let certificates = program.line_after("export ");
    let script = format!(
        "export HTTPS_PROXY={proxy}\nexport {certificates}\nunset no_proxy NO_PROXY\n\
         curl -sS --max-time 20 https://api.pushover.net/1/sounds.json"
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("application token is invalid"), "{script}: {output:?}");
}

#[tokio::test]
async fn a_callback_may_be_https_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
    let made = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 -subj /CN=localhost"
                .split(' '),
        )
        .args("-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE".split(' '))
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("https://localhost:{}/done", listener.local_addr().unwrap().port());
    for is_trusted in [false, true] {
        let mut command = command(folder.path(), &["--json"]);
        if is_trusted {
            command.env("SSL_CERT_FILE", &certificate);
        }
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let mut program = Program { child, lines };
        let ready = program.next_json();
        let api = text(&ready, "api_url");
        let form = [
            ("token", text(&ready["applications"][0], "token")),
            ("user", text(&ready["accounts"][0], "user_key")),
            ("message", "m"),
            ("priority", "2"),
            ("retry", "30"),
            ("expire", "60"),
            ("callback", &callback),
        ];
        let sent = read(http().post(format!("{api}/1/messages.json")).form(&form)).await.unwrap();
        let receipt = text(&sent.json, "receipt");
        let steer = http().post(format!("{api}/_sandbox/acknowledge")).form(&[("receipt", receipt)]);
        assert_eq!(read(steer).await.unwrap().json["acknowledged"], json!(true));
        let (stream, _) = listener.accept().await.unwrap();
        let accepted = acceptor.accept(stream).await;
        assert_eq!(accepted.is_ok(), is_trusted, "{:?}", accepted.err());
        if let Ok(mut stream) = accepted {
            let mut start = [0; 24];
            stream.read_exact(&mut start).await.unwrap();
            assert_eq!(&start, b"POST /done HTTP/1.0\r\nHos");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        }
    }
}

/// A port that nothing listens on.
#[test]
fn a_port_for_tls_needs_tls() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let output = command(folder.path(), &["--tls-port", &free]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && error.contains("--tls"), "{error}");
}
