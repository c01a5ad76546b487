//! Which computer writes the message log, where several share the folder over a network.
//!
//! Invariant: while another computer's lease is fresh nothing is written. A computer that stopped without releasing its lease,
//! or lost the network, loses the message log after [`STALE`] seconds.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Error, Store};
use crate::system::computer::Computer;

/// The age at which another computer may take a lease, in seconds.
const STALE: i64 = 900;

/// How far ahead a clock may be, in seconds. A lease from further in the future is ignored.
const WRONG_CLOCK: i64 = 86_400;

/// Fails while another computer uses the message log.
pub(super) fn check(log: &Connection, computer: &Computer, unix: i64) -> rusqlite::Result<Result<(), Error>> {
    let sql = "
        SELECT name
        FROM lease
        WHERE computer <> :computer AND renewed > :unix - :stale AND renewed < :unix + :wrong_clock
    ";
    let parameters = named_params! {
        ":computer": computer.id,
        ":unix": unix,
        ":stale": STALE,
        ":wrong_clock": WRONG_CLOCK,
    };
    let other = log.prepare_cached(sql)?.query_row(parameters, |row| row.get(0)).optional()?;
    Ok(other.map_or(Ok(()), |computer| Err(Error::InUse { computer })))
}

impl Store {
    /// Takes or renews this computer's lease on the message log. Renew it well before it is stale. Fails while another
    /// computer uses the message log.
    pub fn renew_lease(&self, unix: i64) -> Result<(), Error> {
        let sql = "
            INSERT OR REPLACE INTO lease (one, computer, name, renewed)
            VALUES (1, :computer, :name, :unix)
        ";
        let parameters = named_params! {
            ":computer": self.computer.id,
            ":name": self.computer.name,
            ":unix": unix,
        };
        self.write(|log| log.execute(sql, parameters).map(drop))
    }

    /// Releases the lease, so that another computer can use the message log at once.
    pub fn release_lease(&self) -> Result<(), Error> {
        self.write(|log| log.execute("DELETE FROM lease WHERE computer = ?", [&self.computer.id]).map(drop))
    }
}
