//! The small symbol table that distributions put, packed, into stripped binaries: section
//! `.gnu_debugdata`, an ELF file in an xz file.
//!
//! Goes in: the section. Comes out: the unpacked file, or nothing when it is damaged or larger than
//! such a table can be. Only LZMA2 without filters is unpacked, which is what the tools write; the
//! checksums are not compared, for the file is only ever parsed.

use lzma_rust2::Lzma2Reader;
use std::io::Read;

/// What starts an xz file.
const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// The most that is unpacked, and the largest window of the packer, in bytes. A distribution's
/// largest library has a few megabytes.
const MOST_BYTES: u64 = 64 << 20;

/// Unpacks a whole xz file.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    // Behind the magic are two bytes of flags, the second says the kind of checksum, and a checksum.
    let (header, mut rest) = packed.split_at_checked(12)?;
    if !header.starts_with(MAGIC) {
        return None;
    }
    let checksum_size = match header[7] & 0xf {
        0 => 0,
        kind @ 1..=15 => 4_usize << ((kind - 1) / 3),
        _ => return None,
    };
    let mut unpacked = Vec::new();
    loop {
        // Blocks follow each other up to the index, which starts with 0.
        let size = usize::from(*rest.first()?);
        if size == 0 {
            return Some(unpacked);
        }
        let (block_header, body) = rest.split_at_checked((size + 1) * 4)?;
        let mut reader = Lzma2Reader::new(body, window_bytes(block_header)?, None);
        let room = MOST_BYTES.checked_sub(u64::try_from(unpacked.len()).ok()?)?;
        reader.by_ref().take(room + 1).read_to_end(&mut unpacked).ok()?;
        if u64::try_from(unpacked.len()).ok()? > MOST_BYTES {
            return None;
        }
        let after = reader.into_inner();
        let padding = (body.len() - after.len()).wrapping_neg() & 3;
        rest = after.get(padding + checksum_size..)?;
    }
}

/// The window that a block needs, in bytes; nothing when it is packed in another way.
fn window_bytes(block_header: &[u8]) -> Option<u32> {
    let flags = *block_header.get(1)?;
    // The lowest bits say how many filters follow the first, the highest which sizes are there.
    if flags & 0x3f != 0 {
        return None;
    }
    let mut position = 2;
    for flag in [0x40, 0x80] {
        if flags & flag != 0 {
            // Seven bits a byte, the highest one says whether more follow.
            let length = block_header.get(position..)?.iter().position(|byte| byte & 0x80 == 0)?;
            position += length + 1;
        }
    }
    // LZMA2 has number 0x21, and one byte of properties.
    let &[0x21, 1, code] = block_header.get(position..position + 3)? else {
        return None;
    };
    if code > 40 {
        return None;
    }
    let bytes = (2 | u64::from(code & 1)) << (code / 2 + 11);
    u32::try_from(bytes.min(MOST_BYTES)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Packs as `xz` does; nothing, aloud, without that tool.
    fn xz(flags: &[&str], text: &[u8]) -> Option<Vec<u8>> {
        let child = Command::new("xz")
            .args(["--stdout"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("SKIPPED: there is no xz here");
            return None;
        };
        child.stdin.take().unwrap().write_all(text).unwrap();
        Some(child.wait_with_output().unwrap().stdout)
    }

    #[test]
    fn every_kind_of_checksum_and_several_blocks_are_unpacked() {
        let text: Vec<u8> = (0..60_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        for flags in [
            &["--check=none"][..],
            &["--check=crc32"],
            &["--check=crc64", "-9"],
            &["--check=sha256", "--block-size=50000"],
            &["-T2", "--block-size=50000"],
        ] {
            let Some(packed) = xz(flags, &text) else { return };
            assert!(unpack(&packed).as_ref() == Some(&text), "{flags:?}");
        }
    }

    #[test]
    fn what_is_too_large_cut_or_damaged_is_nothing() {
        let Some(packed) = xz(&[], &vec![0; 65 << 20]) else { return };
        assert_eq!(unpack(&packed), None);
        let Some(packed) = xz(&[], b"fill\0grow\0main\0") else { return };
        assert!(unpack(&packed).is_some());
        for length in 0..packed.len() - 40 {
            assert_eq!(unpack(&packed[..length]), None, "{length}");
        }
        for position in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[position] ^= 0x55;
            let _ = unpack(&damaged);
        }
    }
}
