//! TLS in front of the sandbox, for `localhost` and the names of the real service.
//!
//! Invariant: every byte is passed on at once and unchanged.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The certificates of Debian and similar systems, which a real daemon loads.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A listener that ends when it is dropped.
pub(crate) struct Front {
    port: u16,
    certificates: String,
    tracker: JoinHandle<()>,
}

impl Front {
    /// Accepts TLS connections for `api_url`; `None` if there is no `openssl` to make a certificate with.
    pub(crate) async fn start(api_url: &str, folder: &Path) -> Option<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let (certificate, key) = (folder.join("front.crt"), folder.join("front.key"));
        make_certificate(&certificate, &key)?;
        let chain = vec![CertificateDer::from_pem_file(&certificate).unwrap()];
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(&key).unwrap()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = api_url.trim_start_matches("http://").to_owned();
        let tracker = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), target));

        let bundle = folder.join("certificates.pem");
        let of_system = fs::read_to_string(SYSTEM).unwrap_or_default();
        fs::write(&bundle, of_system + &fs::read_to_string(&certificate).unwrap()).unwrap();
        Some(Self { port, certificates: bundle.display().to_string(), tracker })
    }

    pub(crate) fn api_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn websocket_url(&self) -> String {
        format!("wss://localhost:{}/push", self.port)
    }

    /// A file with the trusted certificates: the system's, and the one of this listener.
    pub(crate) fn certificates(&self) -> String {
        self.certificates.clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.tracker.abort();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, target: String) {
    loop {
        let (outside, _) = listener.accept().await.unwrap();
        let (acceptor, target) = (acceptor.clone(), target.clone());
        tokio::spawn(async move {
            outside.set_nodelay(true).unwrap();
            // The client may hang up at any time.
            let Ok(mut outside) = acceptor.accept(outside).await else { return };
            let Ok(mut inside) = TcpStream::connect(&target).await else { return };
            inside.set_nodelay(true).unwrap();
            drop(copy_bidirectional(&mut outside, &mut inside).await);
        });
    }
}

/// A certificate that is not a CA, as rustls requires of a server.
fn make_certificate(certificate: &Path, key: &Path) -> Option<()> {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "7",
    ]);
    openssl.args([
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,DNS:api.pushover.net,DNS:client.pushover.net",
    ]);
    openssl
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(certificate)
        .arg("-keyout")
        .arg(key);
    let done = openssl.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    done.success().then_some(())
}
