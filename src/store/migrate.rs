//! Updates the tables of a message log to the version that this program knows.
//!
//! Invariant: a step is applied whole or not at all, and a file from a newer program is not touched.

use rusqlite::{Connection, TransactionBehavior};

/// The steps, oldest first. A released step is never edited, except for comments; a change is a new step.
pub(super) const STEPS: &[&str] = &[
    include_str!("schema/messages.sql"),
    include_str!("schema/pause.sql"),
    include_str!("schema/notices.sql"),
    include_str!("schema/expiry.sql"),
    include_str!("schema/arrival.sql"),
    include_str!("schema/events.sql"),
    include_str!("schema/search.sql"),
    include_str!("schema/queued.sql"),
    include_str!("schema/terms.sql"),
    include_str!("schema/receipts.sql"),
    include_str!("schema/apps.sql"),
    include_str!("schema/latest_pause.sql"),
];

/// The version that this program creates and reads, stored in `user_version`.
pub(super) const VERSION: i64 = STEPS.len().cast_signed() as i64;

/// The version of a message log; 0 for an empty file. This is the first read, so it also fails if the file is not a
/// database.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Applies the missing steps.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    for (number, step) in (1_i64..).zip(STEPS) {
        if version(connection)? >= number {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read again under the lock, because another process may have applied the step meanwhile.
        if version(&transaction)? < number {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", number)?;
        }
        transaction.commit()?;
    }
    Ok(())
}
