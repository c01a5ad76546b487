//! Copies the rows of a damaged message log that can still be read.
//!
//! Invariant: an error of the damaged file costs only the rows that it is about; an error of the new file ends the copy. Every
//! message that is copied can be read by the program.

use std::path::Path;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, params_from_iter};

use super::super::row;
use super::scan;

/// Tables whose content follows from that of others.
const DERIVED: &[&str] = &["apps", "counters", "message_terms", "search_rebuild", "words_indexed", "lease"];

/// Rows that are written in one transaction.
const BATCH: usize = 1_000;

/// More rows than any table has.
const MOST: u64 = 1 << 32;

/// How much further than any number that was seen the next message and event are numbered, where the damaged file does
/// not say which numbers were used.
const MARGIN: i64 = 10_000;

/// How many messages the damaged file says that it has.
pub(super) fn count(damaged: &Connection) -> Option<u64> {
    let count = damaged.query_row("SELECT messages FROM counters", [], |row| row.get::<_, i64>(0));
    count.ok().and_then(|count| count.try_into().ok())
}

/// Copies all tables. Without a connection, the file has not even a list of its tables any more.
pub(super) fn everything(
    path: &Path,
    damaged: Option<&Connection>,
    new: &Connection,
) -> rusqlite::Result<()> {
    let mut has_all_messages = false;
    for table in tables(new)? {
        let Some(damaged) = damaged else { break };
        let columns = common_columns(damaged, new, &table)?;
        if columns.is_empty() {
            continue;
        }
        let mut copy = Copy::new(new, &table, &columns)?;
        let is_whole = both_ways(damaged, &mut copy, &table, &columns)?;
        copy.end()?;
        has_all_messages |= is_whole && table == "messages";
    }
    if !has_all_messages {
        scattered(path, new)?;
    }
    drop_unreadable_messages(new)?;
    continue_numbers(damaged, new)
}

/// The tables that hold something of their own.
fn tables(new: &Connection) -> rusqlite::Result<Vec<String>> {
    // The tables that FTS5 keeps its index in are of the type 'shadow'.
    let sql = "
        SELECT name
        FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'
    ";
    let names: Vec<String> = new.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names.into_iter().filter(|name| !DERIVED.contains(&name.as_str())).collect())
}

/// The columns that both files have: the damaged one may be of an older version.
fn common_columns(damaged: &Connection, new: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let old = columns(damaged, table).unwrap_or_default();
    Ok(columns(new, table)?.into_iter().filter(|column| old.contains(column)).collect())
}

fn columns(log: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = log.prepare("SELECT name FROM pragma_table_info(?)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// Copies what the tree of a table still leads to: from both ends up to the damage. `true` if that is everything.
fn both_ways(
    damaged: &Connection,
    copy: &mut Copy<'_>,
    table: &str,
    columns: &[String],
) -> rusqlite::Result<bool> {
    let Some(key) = columns.first() else { return Ok(true) };
    for order in ["ASC", "DESC"] {
        let sql = format!("SELECT {} FROM {table} ORDER BY {key} {order}", columns.join(", "));
        if read(damaged, &sql, copy)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Copies the rows of one query for as long as they can be read; `true` if all were.
fn read(damaged: &Connection, sql: &str, copy: &mut Copy<'_>) -> rusqlite::Result<bool> {
    let Ok(mut statement) = damaged.prepare(sql) else { return Ok(false) };
    let Ok(mut rows) = statement.query([]) else { return Ok(false) };
    // Damage can lead in a circle.
    for _ in 0..MOST {
        match rows.next() {
            Ok(Some(row)) => {
                let values = (0..copy.columns).map(|column| row.get_ref(column).map(readable));
                copy.insert(values.collect::<Result<Vec<Value>, _>>()?)?;
            }
            Ok(None) => return Ok(true),
            Err(_damage) => return Ok(false),
        }
    }
    Ok(false)
}

/// Copies the messages that are anywhere in the file.
fn scattered(path: &Path, new: &Connection) -> rusqlite::Result<()> {
    let all = columns(new, "messages")?;
    // Columns were added later, and a row that is older ends before them.
    let oldest = all.iter().position(|column| column == "raw").map_or(all.len(), |raw| raw + 1);
    for length in oldest..=all.len() {
        let mut copy = Copy::new(new, "messages", all.get(..length).unwrap_or_default())?;
        let found = scan::each_row(path, |seq, mut values| {
            if values.len() != length || values.first() != Some(&Value::Null) {
                return Ok(());
            }
            values.splice(..1, [Value::Integer(seq)]);
            copy.insert(values)
        });
        match found {
            Ok(copied) => copied?,
            Err(error) => tracing::warn!("the damaged message log cannot be read to its end: {error}"),
        }
        copy.end()?;
    }
    Ok(())
}

/// Writes rows into the new file.
struct Copy<'new> {
    new: &'new Connection,
    statement: Statement<'new>,
    columns: usize,
    /// Rows in the open transaction.
    open: usize,
}

impl<'new> Copy<'new> {
    fn new(new: &'new Connection, table: &str, columns: &[String]) -> rusqlite::Result<Self> {
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", columns.join(", "));
        let statement = new.prepare(&sql)?;
        new.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Self { new, statement, columns: columns.len(), open: 0 })
    }

    /// Writes a row. One that is there already, or whose values have the wrong type, is left out.
    fn insert(&mut self, values: Vec<Value>) -> rusqlite::Result<()> {
        match self.statement.execute(params_from_iter(values)) {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.open += 1;
        if self.open == BATCH {
            self.new.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
            self.open = 0;
        }
        Ok(())
    }

    fn end(self) -> rusqlite::Result<()> {
        self.new.execute_batch("COMMIT")
    }
}

/// A value; text that is no longer valid keeps what is.
fn readable(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// Removes messages that the program could not read back, since each would fail every list that it is in.
fn drop_unreadable_messages(new: &Connection) -> rusqlite::Result<()> {
    let mut unreadable: Vec<i64> = Vec::new();
    {
        let mut statement = new.prepare(row::SELECT)?;
        let mut rows = statement.query([])?;
        while let Some(found) = rows.next()? {
            if row::entry(found).is_err() {
                unreadable.push(found.get(0)?);
            }
        }
    }
    let mut delete = new.prepare("DELETE FROM messages WHERE seq = ?")?;
    for seq in unreadable {
        delete.execute([seq])?;
    }
    Ok(())
}

/// Sees to it that no number of a message or an event is used twice.
fn continue_numbers(damaged: Option<&Connection>, new: &Connection) -> rusqlite::Result<()> {
    for (table, key) in [("messages", "seq"), ("events", "number")] {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?";
        let used: Option<i64> = damaged.and_then(|log| log.query_row(sql, [table], |row| row.get(0)).ok());
        let seen: i64 =
            new.query_row(&format!("SELECT coalesce(max({key}), 0) FROM {table}"), [], |row| row.get(0))?;
        let last = used.filter(|used| *used >= seen).unwrap_or_else(|| seen.saturating_add(MARGIN));
        new.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table])?;
        new.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))?;
    }
    Ok(())
}
