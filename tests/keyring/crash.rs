//! A program that dies while it saves or moves the login, at any point where it waits for a reply.
//!
//! Invariant: replies that have not arrived from the bus are lost with the program, as when it is killed.

use std::pin::pin;

use handover::domain::account::Credentials;
use handover::domain::settings::SecretBackend::{self, Auto, File, Keyring};
use handover::ports::SecretStore;

use crate::gnome::GnomeKeyring;
use crate::harness::{User, login, login_with, run_to_rest, soon};

/// More waits than any of the operations has.
const MANY: usize = 1_000;

/// The login as the next start finds it, whatever backend is wanted then; once found, it is in one backend only.
async fn found_at_next_start(user: &User, wanted: SecretBackend) -> Option<Credentials> {
    let found = soon(user.store(wanted).load()).await.unwrap();
    // What was found is found again, also with the other backend.
    for other in [wanted, Auto, Keyring, File] {
        assert_eq!(soon(user.store(other).load()).await.unwrap(), found, "{other:?}");
    }
    found
}

#[tokio::test]
async fn a_crash_while_moving_loses_nothing() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    for (from, to) in [(File, Keyring), (Keyring, File)] {
        let mut cuts = 0;
        for rests in 1..MANY {
            user.store(from).save(&login()).await.unwrap();
            let store = user.store(to);
            let end = run_to_rest(pin!(store.load()).as_mut(), rests).await;
            assert_eq!(found_at_next_start(&user, to).await, Some(login()), "cut at rest {rests}");
            if let Some(end) = end {
                assert_eq!(end, Ok(Some(login())));
                break;
            }
            cuts += 1;
        }
        assert!((1..MANY - 1).contains(&cuts), "{from:?} to {to:?} was cut {cuts} times");
    }
}

#[tokio::test]
async fn a_crash_while_replacing_leaves_the_old_or_the_new_login() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    for (old, new) in [(Keyring, Keyring), (File, Auto), (Keyring, File)] {
        let mut cuts = 0;
        for rests in 1..MANY {
            user.store(old).save(&login_with("old")).await.unwrap();
            let store = user.store(new);
            let end = run_to_rest(pin!(store.save(&login_with("new"))).as_mut(), rests).await;
            let found = found_at_next_start(&user, new).await;
            if let Some(end) = end {
                assert_eq!((end, found), (Ok(()), Some(login_with("new"))));
                break;
            }
            assert!(found == Some(login_with("old")) || found == Some(login_with("new")), "rest {rests}");
            cuts += 1;
        }
        assert!((1..MANY - 1).contains(&cuts), "{old:?} to {new:?} was cut {cuts} times");
    }
}
