//! Reads source files for the reports that show them.
//!
//! A file that is not where the profile says is looked for where this machine keeps the sources of
//! the standard library and of crates, and (through our own door, which promises no one the same
//! failures) below the current folder.

use crate::options::Door;
use liveheap_symbols::{SourcePlaces, missing_source_hint, source_candidates};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// More than this is no source file.
const MOST_BYTES: u64 = 64 << 20;

/// Reads source files, and remembers what could be done about those that are missing.
#[derive(Debug)]
pub(crate) struct Sources {
    door: Door,
    places: OnceCell<SourcePlaces>,
    hints: RefCell<BTreeSet<&'static str>>,
}

impl Sources {
    /// Nothing is looked for yet.
    pub(crate) fn new(door: Door) -> Self {
        Self { door, places: OnceCell::new(), hints: RefCell::default() }
    }

    /// The whole of a source file.
    ///
    /// # Errors
    /// When the file is neither where it should be nor anywhere else, or cannot be read.
    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let missing = match read(Path::new(path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            decided => return decided,
        };
        let places = self.places.get_or_init(|| places(self.door));
        let elsewhere = source_candidates(path, places);
        match elsewhere.iter().skip(1).find_map(|candidate| read(candidate).ok()) {
            Some(bytes) => Ok(bytes),
            None => {
                self.hints.borrow_mut().extend(missing_source_hint(path));
                Err(missing)
            }
        }
    }

    /// What to do about files that were missing since this was last asked, in order.
    pub(crate) fn take_hints(&self) -> BTreeSet<&'static str> {
        self.hints.take()
    }
}

fn places(door: Door) -> SourcePlaces {
    let folders: Vec<PathBuf> = match door {
        Door::Own => std::env::current_dir().into_iter().collect(),
        Door::Pprof => Vec::new(),
    };
    SourcePlaces::on_this_machine(|name| std::env::var_os(name), folders)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
