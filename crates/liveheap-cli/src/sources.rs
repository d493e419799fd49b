//! Reads source files for the reports that show them.

use std::fs::File;
use std::io::{self, Read};

/// More than this is no source file.
const MOST_BYTES: u64 = 64 << 20;

/// The whole of a source file.
pub(crate) fn read(path: &str) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
