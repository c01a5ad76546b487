//! Finds the rows of a table in the pages of a damaged file, without the tree that leads to them
//! (<https://sqlite.org/fileformat2.html>, sections 1.6 and 2.1).
//!
//! Invariant: no content of the file makes this panic, loop, or take memory beyond a row and a few pages.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use rusqlite::types::Value;

/// The size of the pages of every message log, which has no reserved space in them: it is the default of SQLite.
const PAGE: usize = 4096;

/// The first byte of a page with rows.
const TABLE_LEAF: u8 = 0x0d;

/// The header of the first page comes after that of the file.
const FILE_HEADER: usize = 100;

/// The largest row: the service's messages are far smaller.
const LARGEST: usize = 64 << 20;

/// Calls a function for each row of any table: its number and its values, the number's own column being NULL.
pub(super) fn each_row<E>(
    path: &Path,
    mut each: impl FnMut(i64, Vec<Value>) -> Result<(), E>,
) -> io::Result<Result<(), E>> {
    let mut file = File::open(path)?;
    let mut pages = io::BufReader::new(File::open(path)?);
    let mut page = vec![0; PAGE];
    let mut start = FILE_HEADER;
    while read_whole(&mut pages, &mut page)? {
        for cell in cells(&page, start) {
            if let Some((number, values)) = row(&page, cell, &mut file)
                && let Err(error) = each(number, values)
            {
                return Ok(Err(error));
            }
        }
        start = 0;
    }
    Ok(Ok(()))
}

/// Fills the page; `false` at the end of the file, where a part of a page is of no use.
fn read_whole(file: &mut impl Read, page: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(page) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where the rows of this page begin, if it is one with rows.
fn cells(page: &[u8], start: usize) -> Vec<usize> {
    let header = page.get(start..).unwrap_or_default();
    let (Some(&TABLE_LEAF), Some(count)) = (header.first(), number_at(header, 3)) else { return Vec::new() };
    (0..count.min(PAGE / 4)).filter_map(|cell| number_at(header, 8 + 2 * cell)).collect()
}

/// Two bytes as a number.
fn number_at(bytes: &[u8], position: usize) -> Option<usize> {
    let bytes = bytes.get(position..)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes(*bytes)))
}

/// The row that begins here.
fn row(page: &[u8], cell: usize, file: &mut File) -> Option<(i64, Vec<Value>)> {
    let mut cell = page.get(cell..)?;
    let length = usize::try_from(varint(&mut cell)?).ok().filter(|length| *length <= LARGEST)?;
    let number = varint(&mut cell)?;
    let here = local_length(length);
    let mut payload = cell.get(..here)?.to_vec();
    let mut next = if here < length { overflow_page(cell.get(here..)?)? } else { 0 };
    while payload.len() < length {
        let mut page = vec![0; PAGE];
        file.seek(SeekFrom::Start(u64::from(next.checked_sub(1)?) * PAGE as u64)).ok()?;
        file.read_exact(&mut page).ok()?;
        next = overflow_page(&page)?;
        let rest = (length - payload.len()).min(PAGE - 4);
        payload.extend_from_slice(page.get(4..4 + rest)?);
    }
    Some((number, values(&payload)?))
}

/// How much of a row is in the page itself.
fn local_length(length: usize) -> usize {
    const MOST: usize = PAGE - 35;
    const LEAST: usize = (PAGE - 12) * 32 / 255 - 23;
    if length <= MOST {
        return length;
    }
    let ends_whole = LEAST + (length - LEAST) % (PAGE - 4);
    if ends_whole <= MOST { ends_whole } else { LEAST }
}

fn overflow_page(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.first_chunk()?))
}

/// The values of a record.
fn values(record: &[u8]) -> Option<Vec<Value>> {
    let mut rest = record;
    let header = usize::try_from(varint(&mut rest)?).ok()?;
    let mut types = record.get(record.len() - rest.len()..header)?;
    let mut content = record.get(header..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        values.push(value(varint(&mut types)?, &mut content)?);
    }
    Some(values)
}

/// The next value, of this serial type.
fn value(serial_type: i64, content: &mut &[u8]) -> Option<Value> {
    let mut take = |length: usize| content.split_off(..length);
    Some(match serial_type {
        0 => Value::Null,
        1..=6 => {
            let length = [1, 2, 3, 4, 6, 8].get(usize::try_from(serial_type - 1).ok()?)?;
            let bytes = take(*length)?;
            // The first byte has the sign.
            let first = i64::from(bytes.first()?.cast_signed());
            Value::Integer(bytes.iter().skip(1).fold(first, |number, byte| number << 8 | i64::from(*byte)))
        }
        7 => Value::Real(f64::from_be_bytes(*take(8)?.first_chunk()?)),
        8 | 9 => Value::Integer(serial_type - 8),
        12.. => {
            let bytes = take(usize::try_from((serial_type - 12) / 2).ok()?)?;
            if serial_type % 2 == 0 {
                Value::Blob(bytes.to_vec())
            } else {
                Value::Text(String::from_utf8_lossy(bytes).into_owned())
            }
        }
        _ => return None,
    })
}

/// Takes a number of one to nine bytes.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_i64;
    for _ in 0..8 {
        let byte = *bytes.split_off_first()?;
        number = number << 7 | i64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    Some(number << 8 | i64::from(*bytes.split_off_first()?))
}
