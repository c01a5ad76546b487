//! A notifier leaves neither a task nor an open file behind.

use handover::domain::notification::NotificationEvent;
use handover::ports::Notifier;

use crate::harness::{hasty_notifier, is_no_server, next_event, notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

#[test]
fn notifier_and_runtime_may_end_in_either_order() {
    for notifier_first in [true, false] {
        let bus = Bus::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let notifier = notifier(&bus);
        let server = runtime.block_on(async {
            let server = NotificationServer::start(bus.address()).await;
            notifier.show(&notification("")).await.expect("a notification");
            server
        });
        if notifier_first {
            drop((notifier, server, runtime));
        } else {
            drop((runtime, notifier, server));
        }
    }
}

#[test]
fn no_file_descriptor_leaks() {
    // It runs in its own process: open files are counted, and other tests open some.
    let output = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "--ignored", "ending::no_file_descriptor_leaks_in_a_process_of_its_own"])
        .output()
        .expect("run this program");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
}

#[ignore = "no_file_descriptor_leaks runs it"]
#[tokio::test]
async fn no_file_descriptor_leaks_in_a_process_of_its_own() {
    let mut bus = Bus::start();
    let open_files = || std::fs::read_dir("/proc/self/fd").expect("a list of open files").count();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let without = (open_files(), tasks());
    let mut server = NotificationServer::start(bus.address()).await;
    let notifier = hasty_notifier(&bus);
    notifier.show(&notification("")).await.expect("a notification");
    let with_one = (open_files(), tasks());
    for _ in 0..500 {
        notifier.show(&notification("")).await.expect("a notification");
    }
    assert_eq!((open_files(), tasks()), with_one, "after 500 notifications");
    for _ in 0..10 {
        bus.stop();
        assert!(is_no_server(&notifier.show(&notification("")).await));
        drop(server);
        bus.restart();
        server = NotificationServer::start(bus.address()).await;
        while next_event(&notifier).await != NotificationEvent::ServerAvailable {}
        notifier.show(&notification("")).await.expect("a notification");
    }
    while tasks() > with_one.1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(open_files(), with_one.0, "after 10 lost buses");
    drop((server, notifier));
    while tasks() > without.1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(open_files(), without.0, "after the end");
}
