//! Bytes of any known format to a profile.
//!
//! The formats are tried in a fixed order; the first that recognizes the bytes decides.

use crate::{Error, ErrorKind, Profile, decode_proto, legacy, parse_folded, validate};
#[cfg(feature = "gzip")]
use crate::{ahead::read_ahead, wire::decode_proto_stream};

/// Limits that keep a hostile input from taking the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most bytes that a packed profile may unpack to.
    pub unpacked_bytes: u64,
}

impl Default for Limits {
    /// 4 GiB unpacked.
    fn default() -> Self {
        Self { unpacked_bytes: 4 << 30 }
    }
}

/// Reads a profile: gzip'ed or not, in any known format.
///
/// The messages are those of pprof, followed by what to do where we know something. What was wrong
/// with bytes that no reader knows is the [source](std::error::Error::source) of the error.
///
/// # Errors
/// When the bytes are damaged, in no known format, beyond a limit, or contradict themselves.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    checked(read_any(bytes, limits))
}

/// Reads a profile from a stream of gzip'ed profile.proto: the one format that large profiles come
/// in. Neither the packed nor the unpacked bytes are ever in memory as a whole. What unpacks to more
/// than a few megabytes is unpacked by a thread of its own while this one decodes.
///
/// # Errors
/// As [`decode`] for this format; bytes in another one are damaged for it.
#[cfg(feature = "gzip")]
pub fn decode_packed(
    stream: impl std::io::BufRead + Send,
    limits: &Limits,
) -> Result<Profile, Error> {
    checked(read_ahead(crate::gzip::unpacking(stream, limits), |raw| decode_proto_stream(raw)))
}

fn checked(read: Result<Profile, Error>) -> Result<Profile, Error> {
    let validated = read.and_then(|profile| {
        validate(&profile)?;
        Ok(profile)
    });
    validated.map_err(|error| match error.kind() {
        ErrorKind::Gzip | ErrorKind::Limit | ErrorKind::UnpackedLimit => error,
        ErrorKind::Invalid => error.within("malformed profile"),
        _ => error.within("parsing profile"),
    })
}

fn read_any(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    #[cfg(feature = "gzip")]
    if bytes.starts_with(&crate::gzip::MAGIC) {
        let unpacking = crate::gzip::unpacking(bytes, limits);
        return match read_ahead(unpacking, |raw| decode_proto_stream(raw)) {
            Err(error) if error.kind() == ErrorKind::Malformed => {
                read_other(&crate::gzip::unpack(bytes, limits)?, error)
            }
            decided => decided,
        };
    }
    #[cfg(not(feature = "gzip"))]
    let _ = limits;
    match decode_proto(bytes) {
        Err(error) if error.kind() == ErrorKind::Malformed => read_other(bytes, error),
        decided => decided,
    }
}

/// Unpacked bytes that are not profile.proto, and why they are not.
fn read_other(bytes: &[u8], error: Error) -> Result<Profile, Error> {
    let unrecognized = match legacy::read(bytes) {
        Err(unrecognized) if unrecognized.kind() == ErrorKind::Unrecognized => unrecognized,
        decided => return decided,
    };
    // The last guess, because nothing in the text says what it is: one line that ends in a number
    // proves little, so there must be a stack of two frames at least.
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains(';'));
    let folded = text.and_then(|text| parse_folded(text).ok());
    folded.ok_or_else(|| unrecognized.with_source(error))
}
