//! Packing and unpacking.

use crate::read::Limits;
use crate::{Error, ErrorKind, Profile, encode};
use std::io::{Read, Write};

/// The first two bytes of gzip'ed data.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Writes a profile as gzip'ed profile.proto, at the fastest level.
///
/// # Errors
/// When the packer fails, which memory alone can make it do.
pub fn encode_gzip(profile: &Profile) -> Result<Vec<u8>, Error> {
    let raw = encode(profile);
    let mut packer = flate2::write::GzEncoder::new(
        Vec::with_capacity(raw.len() / 4),
        flate2::Compression::fast(),
    );
    packer.write_all(&raw).and_then(|()| packer.finish()).map_err(|cause| {
        Error::new(ErrorKind::Gzip, "packing the profile failed").with_source(cause)
    })
}

/// Unpacks gzip'ed data of one or many members, up to the limit.
pub(crate) fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let limit = limits.unpacked_bytes;
    let mut raw = Vec::with_capacity(packed.len().saturating_mul(4).min(1 << 20));
    let read = flate2::bufread::MultiGzDecoder::new(packed)
        .take(limit.saturating_add(1))
        .read_to_end(&mut raw)
        .map_err(|cause| {
            let message = format!(
                "decompressing profile: {cause} (the file is damaged or cut short; fetch it again)"
            );
            Error::new(ErrorKind::Gzip, message).with_source(cause)
        })?;
    if read as u64 > limit {
        return Err(Error::new(
            ErrorKind::Limit,
            format!(
                "the profile unpacks to more than {limit} bytes; raise the limit if you trust it"
            ),
        ));
    }
    Ok(raw)
}
