//! One request and one profile to one report.
//!
//! Goes in: the profile, consumed; the [`Request`]; and through [`Surroundings`] all that a report
//! may ask of the world. Comes out: the [`Report`], data that renders itself, and the notes that
//! the user should hear. Nothing is read or written here.

use std::fmt;
use std::io;

/// All that a report may ask of the world.
pub struct Surroundings<'a> {
    /// The folder in which relative source paths are looked for.
    pub current_dir: String,
    /// Reads a whole source file.
    pub read_file: &'a mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    /// The local time zone at a moment (seconds since the Unix epoch): seconds east of Greenwich
    /// and the zone's abbreviation.
    pub local_time: &'a dyn Fn(i64) -> (i32, String),
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .field("current_dir", &self.current_dir)
            .finish_non_exhaustive()
    }
}
