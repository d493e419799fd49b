//! Packing and unpacking.

use crate::read::Limits;
use crate::{Error, ErrorKind, Profile, encode};
use std::io::{BufRead, Read, Write};

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

/// The unpacked bytes of gzip'ed data of one or many members, as a stream that ends with an error
/// at the limit.
pub(crate) fn unpacking<R: BufRead>(packed: R, limits: &Limits) -> impl Read + use<R> {
    Limited {
        stream: flate2::bufread::MultiGzDecoder::new(packed),
        limit: limits.unpacked_bytes,
        left: limits.unpacked_bytes,
    }
}

/// The same as one block, for formats that are not read as a stream.
pub(crate) fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut raw = Vec::new();
    unpacking(packed, limits).read_to_end(&mut raw).map_err(Error::from_stream)?;
    Ok(raw)
}

struct Limited<R> {
    stream: R,
    limit: u64,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            let message = format!(
                "the profile unpacks to more than {} bytes; raise the limit if you trust it",
                self.limit
            );
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        };
        self.left = left;
        Ok(read)
    }
}
