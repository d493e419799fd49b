//! Bytes of any known format to a profile.
//!
//! The formats are tried in a fixed order; the first that recognizes the bytes decides.

use crate::{Error, ErrorKind, Profile, decode_proto, validate};

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
/// # Errors
/// When the bytes are damaged, in no known format, beyond a limit, or contradict themselves.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "empty input file"));
    }
    #[cfg(feature = "gzip")]
    if bytes.starts_with(&crate::gzip::MAGIC) {
        let raw = crate::gzip::unpack(bytes, limits)?;
        return decode_unpacked(&raw);
    }
    #[cfg(not(feature = "gzip"))]
    let _ = limits;
    decode_unpacked(bytes)
}

fn decode_unpacked(raw: &[u8]) -> Result<Profile, Error> {
    let profile = match decode_proto(raw) {
        Ok(profile) => profile,
        Err(error) if matches!(error.kind(), ErrorKind::Empty | ErrorKind::Concatenated) => {
            return Err(error);
        }
        // Readers of other formats are asked here, in pprof's order.
        Err(error) => {
            return Err(Error::new(
                ErrorKind::Unrecognized,
                format!("unrecognized profile format ({error})"),
            ));
        }
    };
    validate(&profile)?;
    Ok(profile)
}
