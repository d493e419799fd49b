//! Reads a profile from a file, or the bytes of a file that may be one.

use crate::messages::{Message, say};
use anyhow::{Context, Result, anyhow, bail};
use liveheap_profile::{Error, ErrorKind as Wrong, Limits, Profile};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// Most bytes that are read of one file or answer. A profile of this size holds hundreds of
/// millions of samples; what is larger is something else.
pub(super) const MOST_BYTES: u64 = 4 << 30;

/// First bytes of what `perf record` writes.
const PERF_MAGIC: &[u8] = b"PERFILE2";

/// Decodes a file of gzip'ed profile.proto while it is read, which takes the least time and memory.
/// `None` for anything else and wherever something is wrong: who reads the file as a whole finds
/// out what, and can say so.
pub(super) fn decode_packed(path: &str, limits: &Limits) -> Option<Result<Profile, Error>> {
    let file = File::open(path).ok()?;
    // What is no regular file cannot be read a second time.
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    match liveheap_profile::decode_packed(BufReader::with_capacity(BUFFER, file), limits) {
        Err(error) if error.kind() != Wrong::UnpackedLimit => None,
        decided => Some(decided),
    }
}

/// What is read at once, in bytes.
const BUFFER: usize = 1 << 17;

/// Reads a file that exists.
pub(super) fn read(path: &str) -> Result<Vec<u8>> {
    let mut file = File::open(path).map_err(|error| explain(&error))?;
    let metadata = file.metadata().map_err(|error| explain(&error))?;
    if metadata.is_dir() {
        bail!("is a directory; name a profile in it");
    }
    if metadata.len() > MOST_BYTES {
        bail!("{} bytes are too many for a profile", metadata.len());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    // The rest of what perf writes may be large, and is not for us.
    for most in [PERF_MAGIC.len() as u64, MOST_BYTES] {
        file.by_ref().take(most).read_to_end(&mut bytes).map_err(|error| explain(&error))?;
        if bytes == PERF_MAGIC {
            return convert_perf(path);
        }
    }
    Ok(bytes)
}

/// What went wrong, in the words of one who wants to put it right.
pub(super) fn explain(error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => anyhow!("no such file"),
        ErrorKind::PermissionDenied => anyhow!("permission denied"),
        _ => anyhow!("{error}"),
    }
}

/// Has `perf_to_profile` convert a perf.data file.
fn convert_perf(path: &str) -> Result<Vec<u8>> {
    say(&Message::Converting { path: path.to_owned() });
    let (_, place) = crate::save::create_numbered(&std::env::temp_dir(), "pprof_", ".pb.gz")
        .context("cannot create a temporary file")?;
    let converted = run_converter(path, &place);
    let bytes = converted.and_then(|()| Ok(std::fs::read(&place)?));
    let _ = std::fs::remove_file(&place);
    bytes
}

fn run_converter(path: &str, place: &Path) -> Result<()> {
    let status = std::process::Command::new("perf_to_profile")
        .arg("-i")
        .arg(path)
        .arg("-o")
        .arg(place)
        .arg("-f")
        .status()
        .map_err(|error| {
            anyhow!("a perf.data file needs perf_to_profile (github.com/google/perf_data_converter): {error}")
        })?;
    if !status.success() {
        bail!("perf_to_profile failed with {status}");
    }
    Ok(())
}
