//! Sleep and networks make the daemon reconnect at once, and once.

use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;
use tokio::time::timeout;

use crate::computer::{Computer, LISTENS, NETWORK_MANAGER, System, prepare_for_sleep};
use crate::eavesdropper::Eavesdropper;
use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::process::TIMEOUT;

#[tokio::test]
async fn a_wake_reconnects_immediately_and_only_once() {
    let computer = Computer::new().await;
    let daemon = computer.connected().await;
    computer.system.prepare_for_sleep(true).await;
    computer.system.prepare_for_sleep(false).await;
    computer.until("it connects again", |now| now.socket_logins == 2).await;
    computer.settle().await;
    // A repeated signal changes nothing; the network signal sent after it is also read after it.
    computer.system.prepare_for_sleep(false).await;
    computer.system.state(70).await;
    daemon.until_logged("a network came up").await;
    computer.settle().await;
    assert_eq!((computer.connections(), computer.sandbox.counters().sockets_now), (2, 1));
    // The next sleep is a new event.
    computer.system.sleep().await;
    computer.until("it connects once more", |now| now.socket_logins == 3).await;
}

#[tokio::test]
async fn a_burst_of_events_reconnects_once() {
    let computer = Computer::new().await;
    let daemon = computer.connected().await;
    computer.system.sleep().await;
    computer.system.network_comes_up().await;
    daemon.until_logged("a network came up").await;
    computer.until("it connects again", |now| now.socket_logins == 2).await;
    // The next sleep is read after all of these signals.
    computer.system.sleep().await;
    computer.until("it connects once more", |now| now.socket_logins == 3).await;
    computer.settle().await;
    assert_eq!((computer.connections(), computer.sandbox.counters().sockets_now), (3, 1));
}

#[tokio::test]
async fn a_network_that_comes_up_ends_a_back_off_immediately() {
    let computer = Computer::new().await;
    computer.sandbox.faults().always(Endpoint::Socket, Fault::Drop);
    let daemon = computer.user.daemon();
    daemon.until_logged(LISTENS).await;
    daemon.until_logged(" waiting\n").await;
    computer.sandbox.faults().clear();
    let told = clock::instant();
    computer.system.network_comes_up().await;
    computer.until("it connects", |now| now.socket_logins == 1).await;
    let took = clock::instant().duration_since(told);
    // A wait is never shorter than 5 s, and this one had just begun.
    assert!(took.as_secs() < 4, "{took:?}");
}

#[tokio::test]
async fn only_signals_of_the_name_owners_are_read() {
    let computer = Computer::new().await;
    let mut eavesdropper = Eavesdropper::on(&computer.bus).await;
    let daemon = computer.connected().await;
    let calls = eavesdropper
        .until_called("it asks for NetworkManager", |call| {
            call.member == "GetNameOwner" && call.about == NETWORK_MANAGER
        })
        .await;
    let name = calls.last().map(|call| call.caller.clone()).unwrap_or_default();
    let stranger = connect(computer.bus.address()).await;
    for to in [None, Some(name.as_str())] {
        for about_to_sleep in [true, false] {
            prepare_for_sleep(&stranger, to, about_to_sleep).await;
            // Neither program is believed about the other's signals.
            prepare_for_sleep(&computer.system.network_manager, to, about_to_sleep).await;
        }
    }
    // Everything that the bus delivered is read before this.
    computer.system.state(70).await;
    let log = daemon.until_logged("a network came up").await;
    computer.settle().await;
    assert!(!log.contains("woke"), "{log}");
    assert_eq!(computer.connections(), 1);
}

#[tokio::test]
async fn only_the_current_name_owner_is_believed() {
    let Computer { user, sandbox, system, mut bus } = Computer::new().await;
    drop(system);
    bus.restart();
    let daemon = user.daemon();
    daemon.until_logged("without logind and NetworkManager").await;
    daemon.until_logged(" connected\n").await;
    let system = System::on(&bus).await;
    system.sleep().await;
    crate::support::user::until(&sandbox, "it connects again", |now| now.socket_logins == 2).await;
    system.logind.release_name(crate::computer::LOGIND).await.expect("give up the name");
    let name = daemon_on(&bus).await;
    prepare_for_sleep(&system.logind, name.as_deref(), false).await;
    system.state(70).await;
    let log = daemon.until_logged("a network came up").await;
    assert_eq!(log.matches("woke").count(), 1, "{log}");
}

/// The only program on the bus that owns none of our names.
async fn daemon_on(bus: &Bus) -> Option<String> {
    let asking = connect(bus.address()).await;
    let proxy = zbus::fdo::DBusProxy::new(&asking).await.ok()?;
    let own = asking.unique_name()?.to_string();
    let mut others = Vec::new();
    for name in timeout(TIMEOUT, proxy.list_names()).await.ok()?.ok()? {
        let pid = proxy.get_connection_unix_process_id(name.inner().clone()).await.ok()?;
        if name.starts_with(':') && name.as_str() != own && pid != std::process::id() {
            others.push(name.to_string());
        }
    }
    assert_eq!(others.len(), 1, "one connection of the daemon: {others:?}");
    others.pop()
}

#[tokio::test]
async fn it_only_listens_to_signals() {
    let computer = Computer::new().await;
    let mut eavesdropper = Eavesdropper::on(&computer.bus).await;
    let daemon = computer.connected().await;
    computer.system.sleep().await;
    computer.until("it connects again", |now| now.socket_logins == 2).await;
    computer.system.network_comes_up().await;
    daemon.until_logged("a network came up").await;
    computer.settle().await;
    let other = connect(computer.bus.address()).await;
    zbus::fdo::DBusProxy::new(&other).await.expect("reach the bus").get_id().await.expect("ask it");
    let calls = eavesdropper.until_called("the test asks", |call| call.member == "GetId").await;
    let name = calls.iter().find(|call| call.member == "AddMatch").map(|call| call.caller.clone());
    let of_daemon: Vec<&str> = calls
        .iter()
        .filter(|call| Some(&call.caller) == name.as_ref())
        .map(|call| call.member.as_str())
        .collect();
    let mut expected = vec!["Hello"];
    expected.extend(["AddMatch"; 5]);
    expected.extend(["GetNameOwner"; 2]);
    assert_eq!(of_daemon, expected, "and nothing after the start");
}
