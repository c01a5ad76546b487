//! The way to the service as it is outside the tests: over TLS, with certificates to trust or not.
//!
//! Invariant: whoever is not trusted learns nothing, and costs nobody the login.

use handover::sandbox::Options;
use handover::system::clock;
use rustix::process::Signal;

use crate::support::home::{Home, sandbox};
use crate::support::stage::Stage;
use crate::support::tls::Front;

const UNTRUSTED: &str = "its certificate is not trusted by this computer";

/// TLS in front of the service of a user, who trusts its certificate.
async fn front(home: &mut Home, api_url: &str) -> Front {
    let front = Front::start(api_url, &home.path("tmp")).await.expect("openssl makes a certificate");
    home.set("HANDOVER_API_URL", &front.api_url());
    home.set("HANDOVER_WEBSOCKET_URL", &front.websocket_url());
    home.set("SSL_CERT_FILE", &front.certificates());
    front
}

/// The user trusts one certificate, and that is not the service's.
async fn distrust(home: &mut Home, api_url: &str) {
    let folder = home.path("tmp/other");
    std::fs::create_dir_all(&folder).expect("make a folder");
    let other = Front::start(api_url, &folder).await.expect("openssl makes a certificate");
    home.set("SSL_CERT_FILE", &other.certificates());
}

#[tokio::test]
async fn signing_in_receiving_and_deleting_work_over_tls() {
    let mut stage = Stage::new().await;
    let _front = front(&mut stage.home, &stage.sandbox.api_url()).await;
    stage.home.sign_in(&stage.sandbox).await;
    let daemon = stage.connected().await;
    stage.send("the cellar is dry");
    assert_eq!(stage.server.next_shown().await.body, "the cellar is dry");
    stage.send_emergency("the cellar is wet");
    assert_eq!(stage.server.next_shown().await.body, "the cellar is wet");
    stage
        .until("both deleted and the emergency acknowledged", |now| now.acknowledges == 1 && now.deletes > 1)
        .await;
    assert_eq!(stage.messages_acknowledged().await.len(), 2);
    assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
}

#[tokio::test]
async fn nobody_signs_in_at_a_server_that_is_not_trusted() {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    let mut home = Home::new(&sandbox);
    let _front = front(&mut home, &sandbox.api_url()).await;
    distrust(&mut home, &sandbox.api_url()).await;
    let account = sandbox.account();
    let arguments = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "desk"];
    let said = home.handover_told(&arguments, &account.password).await.badly(1);
    assert!(said.contains(UNTRUSTED), "{said}");
    assert!(sandbox.journal().is_empty(), "nothing was asked");
    assert!(!home.credentials().exists());
}

#[tokio::test]
async fn a_certificate_that_is_no_longer_trusted_costs_nobody_the_login() {
    let mut stage = Stage::signed_in().await;
    let login = std::fs::read(stage.home.credentials()).expect("the login");
    let front = front(&mut stage.home, &stage.sandbox.api_url()).await;
    let trusted = front.certificates();
    distrust(&mut stage.home, &stage.sandbox.api_url()).await;
    let asked = stage.sandbox.journal().len();

    let daemon = stage.home.daemon();
    daemon.until_logged(UNTRUSTED).await;
    stage.until_status("it is offline and tries again", |status| status["link"] == "waiting").await;
    let said = stage.home.handover(&["status"]).await.well();
    assert!(said.contains(UNTRUSTED), "{said}");
    let doctor = stage.home.handover(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    let found = doctor.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.contains(UNTRUSTED), "{}", doctor.out);
    assert_eq!(stage.sandbox.journal().len(), asked, "nothing was asked of it");
    assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
    assert_eq!(std::fs::read(stage.home.credentials()).expect("the login"), login);

    stage.home.set("SSL_CERT_FILE", &trusted);
    let _daemon = stage.connected().await;
    stage.send("trusted again");
    assert_eq!(stage.server.next_shown().await.body, "trusted again");
}
