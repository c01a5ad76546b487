//! Checks that the client keeps the rules of the service.
//!
//! Invariant: the connections of a daemon that has ended do not count together with those of the next one.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::World;

impl World {
    /// Fails if the client broke a rule of the service.
    pub(crate) fn assert_good_citizen(&self) {
        self.assert_modest();
        let repeated = handover::sandbox::repeated_rejections(&self.sandbox.journal());
        assert!(repeated.is_empty(), "repeated after a 4xx: {repeated:?}");
    }

    /// Fails if there were too many connections at once, or a request without a `User-Agent`.
    pub(crate) fn assert_modest(&self) {
        self.assert_few_connections();
        let agent = concat!("handover/", env!("CARGO_PKG_VERSION"));
        for request in self.sandbox.journal() {
            assert_eq!(request.user_agent.as_deref(), Some(agent), "{request:?}");
        }
    }

    fn assert_few_connections(&self) {
        let most = self.sandbox.counters().max_connections;
        assert!(most <= 2, "{most} connections at once");
    }

    /// Waits until no connection of a daemon that has ended is left.
    pub(super) async fn disconnected(&self) {
        self.sandbox.until(|now| now.connections_now == 0).await;
        self.assert_few_connections();
        // A connection that was opened last may not be accepted yet, and would be counted together with those of the
        // next daemon. Connections are accepted in order, so it is accepted before this one is.
        let api = self.sandbox.api_url();
        let mut last = TcpStream::connect(api.trim_start_matches("http://")).await.unwrap();
        last.shutdown().await.unwrap();
        last.read_to_end(&mut Vec::new()).await.unwrap();
        self.sandbox.until(|now| now.connections_now == 0).await;
        self.sandbox.reset_peaks();
    }
}
