//! The notifications that outlive a process.

use super::*;
use crate::domain::notification::{LeftoverNotification, NotificationId};
use crate::store::OnScreen;

/// Six messages: 3 and 4 expire, 5 and 6 are copies of an emergency.
fn home() -> Home {
    let home = Home::new();
    let messages = (1..=6).map(|number| {
        let mut received = plain(number);
        received.message.expires = (3..=4).contains(&number).then_some(100 * number);
        if number > 4 {
            received.message.priority = Priority::Emergency;
            received.message.receipt = Some(receipt("fire"));
            received.message.expires = Some(9);
        }
        received
    });
    home.open().record(&desk(), Arrival::Waited, &messages.collect::<Vec<_>>(), &[], 10).unwrap();
    home
}

fn shown(home: &Home, server: &str, notification: u32, numbers: &[i64]) {
    let seqs: Vec<_> = numbers.iter().copied().map(Seq).collect();
    let on_screen = OnScreen {
        server: server.to_owned(),
        notification: NotificationId(notification),
        seqs: seqs.clone(),
    };
    home.open().mark_announced(&seqs, Some(&on_screen), None, &[], 20).unwrap();
}

/// A notification: its id, its messages, whether it is about an emergency, and its expiry.
type InShort = (u32, Vec<i64>, bool, Option<i64>);

/// The server, and the notifications.
fn left(home: &Home) -> Option<(String, Vec<InShort>)> {
    let (server, left) = home.open().leftover_notifications().unwrap()?;
    let in_short = |LeftoverNotification { id, seqs, receipt, expires }: LeftoverNotification| {
        (id.0, seqs.into_iter().map(|seq| seq.0).collect(), receipt.is_some(), expires)
    };
    Some((server, left.into_iter().map(in_short).collect()))
}

#[test]
fn leftover_notifications_are_read_with_their_messages() {
    let home = home();
    assert_eq!(left(&home), None);
    shown(&home, "a", 7, &[1]);
    shown(&home, "a", 8, &[2, 3]);
    shown(&home, "a", 9, &[3, 4]);
    shown(&home, "a", 10, &[5, 6]);
    let all = [
        (7, vec![1], false, None),
        (8, vec![2], false, None),
        (9, vec![3, 4], false, Some(400)),
        (10, vec![5, 6], true, None),
    ];
    assert_eq!(left(&home), Some(("a".to_owned(), all.to_vec())));
    // Notifications whose messages were read are left out, unless somebody still has to acknowledge one.
    home.open().mark_read(&[Seq(1), Seq(3), Seq(5), Seq(6)], 30).unwrap();
    assert_eq!(left(&home).unwrap().1, all[1..]);
    home.open().request_acknowledgement(&pending_ack("fire", 500), 30).unwrap();
    assert_eq!(left(&home).unwrap().1, all[1..], "it goes when the service has confirmed it");
    home.open().mark_acknowledged(&receipt("fire"), 30).unwrap();
    assert_eq!(left(&home).unwrap().1, all[1..3]);
    // The server was restarted, or another server took over.
    shown(&home, "b", 1, &[2]);
    assert_eq!(left(&home), Some(("b".to_owned(), vec![(1, vec![2], false, None)])));
    home.open().forget_messages(1).unwrap();
    assert_eq!(left(&home), Some(("b".to_owned(), vec![])));
}

#[test]
fn a_summary_is_not_about_the_emergency_in_it() {
    for messages in [[4, 5, 6], [1, 2, 5]] {
        let home = home();
        shown(&home, "a", 7, &messages);
        assert_eq!(left(&home).unwrap().1, [(7, messages.to_vec(), false, None)]);
    }
}

#[test]
fn notifications_far_behind_the_latest_are_forgotten() {
    let home = home();
    for (notification, expected) in
        [(1, &[1][..]), (1_001, &[1, 1_001]), (1_002, &[1_001, 1_002]), (5_000, &[5_000])]
    {
        shown(&home, "a", notification, &[i64::from(notification) % 999]);
        let left: Vec<_> = left(&home).unwrap().1.into_iter().map(|(id, ..)| id).collect();
        assert_eq!(left, expected);
    }
}
