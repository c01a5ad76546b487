//! The size of the program's file.
//!
//! Invariant: it is the file with which everything else was measured.

use std::fs;

use crate::figure::Figure;
use crate::process::binary;

pub(crate) fn measure() -> Vec<Figure> {
    let bytes = fs::metadata(binary()).unwrap().len();
    vec![Figure::new("the program's file", "MB", [bytes as f64 / 1e6]).at_most(8.0)]
}
