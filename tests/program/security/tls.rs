//! Tests the connection to the service over TLS, with trusted and untrusted certificates.
//!
//! Invariant: an untrusted server learns nothing, and cannot sign the user out.

use handover::sandbox::Options;
use handover::system::clock;
use rustix::process::Signal;

use crate::process::run;
use crate::support::harness::Harness;
use crate::support::tls::Front;
use crate::support::user::{PROGRAM, User, sandbox};

const UNTRUSTED: &str = "its certificate is not trusted by this computer";

/// TLS in front of the service, for a user who trusts its certificate.
async fn front(user: &mut User, api_url: &str) -> Front {
    let front = Front::start(api_url, &user.path("tmp")).await.expect("openssl makes a certificate");
    user.set("HANDOVER_API_URL", &front.api_url());
    user.set("HANDOVER_WEBSOCKET_URL", &front.websocket_url());
    user.set("SSL_CERT_FILE", &front.certificates());
    front
}

/// Makes the user trust a certificate, but not the service's.
async fn distrust(user: &mut User, api_url: &str) {
    let folder = user.path("tmp/other");
    std::fs::create_dir_all(&folder).expect("make a folder");
    let other = Front::start(api_url, &folder).await.expect("openssl makes a certificate");
    user.set("SSL_CERT_FILE", &other.certificates());
}

#[tokio::test]
async fn signing_in_receiving_and_deleting_work_over_tls() {
    let mut harness = Harness::new().await;
    let _front = front(&mut harness.user, &harness.sandbox.api_url()).await;
    harness.user.sign_in(&harness.sandbox).await;
    let daemon = harness.connected().await;
    harness.send("the cellar is dry");
    assert_eq!(harness.server.next_shown().await.body, "the cellar is dry");
    harness.send_emergency("the cellar is wet");
    assert_eq!(harness.server.next_shown().await.body, "the cellar is wet");
    harness
        .until("both deleted and the emergency acknowledged", |now| now.acknowledges == 1 && now.deletes > 1)
        .await;
    assert_eq!(harness.messages_acknowledged().await.len(), 2);
    assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
}

#[tokio::test]
async fn signing_in_at_an_untrusted_server_is_refused() {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    let mut user = User::new(&sandbox);
    let _front = front(&mut user, &sandbox.api_url()).await;
    distrust(&mut user, &sandbox.api_url()).await;
    let account = sandbox.account();
    let arguments = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "desk"];
    let said = user.handover_with_input(&arguments, &account.password).await.failed(1);
    assert!(said.contains(UNTRUSTED), "{said}");
    assert!(sandbox.journal().is_empty(), "it got no requests");
    assert!(!user.credentials().exists());
}

#[tokio::test]
async fn an_untrusted_certificate_does_not_sign_the_user_out() {
    let mut harness = Harness::signed_in().await;
    let login = std::fs::read(harness.user.credentials()).expect("the login");
    let front = front(&mut harness.user, &harness.sandbox.api_url()).await;
    let trusted = front.certificates();
    distrust(&mut harness.user, &harness.sandbox.api_url()).await;
    let requests = harness.sandbox.journal().len();

    let daemon = harness.user.daemon();
    daemon.until_logged(UNTRUSTED).await;
    harness.until_status("it is offline and tries again", |status| status["link"] == "waiting").await;
    let said = harness.user.handover(&["status"]).await.succeeded();
    assert!(said.contains(UNTRUSTED), "{said}");
    let doctor = harness.user.handover(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    let found = doctor.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.contains(UNTRUSTED), "{}", doctor.out);
    assert_eq!(harness.sandbox.journal().len(), requests, "it got no requests");
    assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
    assert_eq!(std::fs::read(harness.user.credentials()).expect("the login"), login);

    harness.user.set("SSL_CERT_FILE", &trusted);
    let _daemon = harness.connected().await;
    harness.send("trusted again");
    assert_eq!(harness.server.next_shown().await.body, "trusted again");
}

/// Uses a different hosts file in a separate namespace. Skipped if the system does not let users create namespaces.
#[tokio::test]
async fn localhost_is_this_computer_whatever_the_system_says() {
    let mut harness = Harness::new().await;
    let port = harness.sandbox.api_url().rsplit(':').next().expect("a port").to_owned();
    harness.user.set("HANDOVER_API_URL", &format!("http://localhost:{port}"));
    harness.user.set("HANDOVER_WEBSOCKET_URL", &format!("ws://localhost:{port}/push"));
    let hosts = harness.user.path("hosts");
    std::fs::write(&hosts, "192.0.2.1 localhost\n").expect("write a list of hosts");
    let account = harness.sandbox.account();
    let in_namespace = async |last: &str| {
        let script = format!("mount --bind \"$1\" /etc/hosts && {last}");
        let hosts = hosts.to_str().expect("a path in UTF-8");
        let options = ["-m", "--map-current-user", "--keep-caps", "sh", "-c", &script, "sh", hosts, PROGRAM];
        run(harness.user.command_of("unshare", &options), &account.password).await
    };
    if in_namespace("true").await.code != Some(0) {
        return;
    }
    let setup = "exec \"$2\" setup --email sandbox@example.org --password-stdin --device-name desk";
    in_namespace(setup).await.succeeded();
}
