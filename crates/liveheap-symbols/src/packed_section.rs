//! Sections that are packed, unpacked within bounds.
//!
//! Goes in: a section. Comes out: its bytes as they lie in the file, or unpacked with zlib or zstd;
//! nothing when they are damaged, or swell more than debug information does: a file of a kilobyte
//! could fill all memory otherwise.

use object::{CompressionFormat, ObjectSection};
use std::borrow::Cow;
use std::io::Read;

/// How many bytes one packed byte may stand for. Debug information packs to a fifth at best.
const MOST_SWELLING: u64 = 64;

/// What may come out in any case, in bytes.
const SMALL: u64 = 1 << 20;

/// The bytes of a section; empty when they cannot be unpacked.
pub(crate) fn section_bytes<'a>(section: &impl ObjectSection<'a>) -> Cow<'a, [u8]> {
    let Ok(packed) = section.compressed_data() else {
        return Cow::default();
    };
    let packed_bytes = u64::try_from(packed.data.len()).unwrap_or(u64::MAX);
    let most = packed_bytes.saturating_mul(MOST_SWELLING).max(SMALL);
    match packed.format {
        CompressionFormat::None => Cow::Borrowed(packed.data),
        _ if packed.uncompressed_size > most => Cow::default(),
        // `object` reads zstd to its end, whatever size the section says it has.
        CompressionFormat::Zstandard => {
            unpack_zstd(packed.data, packed.uncompressed_size).map_or_else(Cow::default, Cow::Owned)
        }
        _ => packed.decompress().unwrap_or_default(),
    }
}

/// Unpacks exactly so many bytes; nothing when there are fewer or more.
fn unpack_zstd(mut packed: &[u8], size: u64) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    while !packed.is_empty() {
        let room = (size + 1).checked_sub(u64::try_from(unpacked.len()).ok()?)?;
        let decoder = ruzstd::decoding::StreamingDecoder::new(&mut packed).ok()?;
        decoder.take(room).read_to_end(&mut unpacked).ok()?;
    }
    (u64::try_from(unpacked.len()).ok()? == size).then_some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zstd file of one block that is stored as it is.
    fn stored(text: &[u8]) -> Vec<u8> {
        let size = u8::try_from(text.len()).expect("a short text");
        let block = (u32::from(size) << 3 | 1).to_le_bytes();
        [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size], &block[..3], text].concat()
    }

    /// A zstd file of many blocks that repeat one byte.
    fn bomb(blocks: usize) -> Vec<u8> {
        let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
        let block = |last: u32| ((128 << 10) << 3 | 1 << 1 | last).to_le_bytes();
        for position in 0..blocks {
            bytes.extend(&block(u32::from(position + 1 == blocks))[..3]);
            bytes.push(7);
        }
        bytes
    }

    #[test]
    fn what_is_unpacked_has_the_size_that_was_said() {
        assert_eq!(unpack_zstd(&stored(b"fill"), 4).as_deref(), Some(&b"fill"[..]));
        let two = [stored(b"fill"), stored(b"main")].concat();
        assert_eq!(unpack_zstd(&two, 8).as_deref(), Some(&b"fillmain"[..]));
        assert_eq!(unpack_zstd(&stored(b"fill"), 3), None);
        assert_eq!(unpack_zstd(&stored(b"fill"), 5), None);
        assert_eq!(unpack_zstd(b"no zstd", 5), None);
    }

    #[test]
    fn what_swells_beyond_its_size_is_not_waited_for() {
        let one = 128 << 10;
        assert_eq!(unpack_zstd(&bomb(1), one).map(|bytes| bytes.len()), Some(128 << 10));
        // A terabyte.
        assert_eq!(unpack_zstd(&bomb(1 << 23), one), None);
    }
}
