//! What a chore needs to know of a 64-bit little-endian ELF file to make a profile of it: where its
//! code lies, how it is mapped, its build id.
//!
//! Goes in: a path. Comes out: an [`ElfFile`], and profiles of addresses without names. Nothing is
//! shared with the code that is measured, so that a mistake there cannot hide here. Only the headers
//! are read: the peak memory of a process counts for those that it starts.

use anyhow::{Context, Result, ensure};
use liveheap_profile::{Mapping, Profile, ProfileBuilder};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Where a loader puts a position independent file in these profiles.
const BASE: u64 = 0x7f00_0000_0000;

/// Pages of the machines that these files are for, in bytes.
const PAGE: u64 = 4096;

/// An ELF file, as far as it is read.
#[derive(Clone, Debug)]
pub(crate) struct ElfFile {
    path: PathBuf,
    /// Lower-case hexadecimal; empty when it has none.
    build_id: String,
    /// Whether it runs where it was linked.
    is_fixed: bool,
    /// First address of `.text` as linked, and how many bytes it has.
    text: (u64, u64),
    /// The loaded segment that `.text` is in: offset, address, size in the file.
    segment: (u64, u64, u64),
}

impl ElfFile {
    /// # Errors
    /// When it cannot be read or is not such a file with a `.text`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        Self::parse(path, &file).with_context(|| format!("{}: no 64-bit ELF", path.display()))
    }

    fn parse(path: &Path, file: &File) -> Option<Self> {
        let bytes = |at: u64, size: usize| {
            let mut bytes = vec![0; size];
            file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
        };
        let number = |at: u64, size: usize| {
            let part = bytes(at, size)?;
            Some(part.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)))
        };
        if bytes(0, 6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let is_fixed = number(16, 2)? == 2;
        let (segments, sections) = (number(32, 8)?, number(40, 8)?);
        let (segment_count, section_count) = (number(56, 2)?, number(60, 2)?);
        let names = number(sections + 64 * number(62, 2)? + 24, 8)?;
        let (mut text, mut build_id) = (None, String::new());
        for section in (0..section_count).map(|position| sections + 64 * position) {
            let name = names + number(section, 4)?;
            let (address, offset) = (number(section + 16, 8)?, number(section + 24, 8)?);
            let size = number(section + 32, 8)?;
            let is_named = |wanted: &[u8]| bytes(name, wanted.len()).is_some_and(|it| it == wanted);
            if is_named(b".text\0") {
                text = Some((address, size));
            }
            if is_named(b".note.gnu.build-id\0") {
                // Behind three numbers and the padded name `GNU`.
                let id = bytes(offset + 16, usize::try_from(number(offset + 4, 4)?).ok()?)?;
                build_id = id.iter().map(|byte| format!("{byte:02x}")).collect();
            }
        }
        let text = text?;
        let segment = (0..segment_count).find_map(|position| {
            let header = segments + 56 * position;
            let (offset, address) = (number(header + 8, 8)?, number(header + 16, 8)?);
            let size = number(header + 32, 8)?;
            let has_text = number(header, 4)? == 1
                && number(header + 4, 4)? & 1 == 1
                && (address..address.checked_add(size)?).contains(&text.0);
            has_text.then_some((offset, address, size))
        })?;
        Some(Self { path: path.to_owned(), build_id, is_fixed, text, segment })
    }

    /// Lower-case hexadecimal; empty when it has none.
    pub(crate) fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Addresses in equal distances over all code, as linked; at most `count`.
    pub(crate) fn spread(&self, count: u64) -> Vec<u64> {
        let (start, size) = self.text;
        let mut addresses: Vec<u64> =
            (0..count).map(|number| start + size / count * number + number % 13).collect();
        addresses.retain(|address| *address < start + size);
        addresses.dedup();
        addresses
    }

    /// A profile with one sample for each of these addresses as linked, without any name.
    ///
    /// # Errors
    /// When an address is not in the code.
    pub(crate) fn profile(&self, addresses: &[u64]) -> Result<Profile> {
        let base = if self.is_fixed { 0 } else { BASE };
        let (offset, address, size) = self.segment;
        let start = address / PAGE * PAGE;
        let mut builder = ProfileBuilder::new(&[("samples", "count")]);
        let mapping = Mapping {
            start: base + start,
            limit: base + (address + size).div_ceil(PAGE) * PAGE,
            offset: offset / PAGE * PAGE,
            file: builder.string(&self.path.to_string_lossy()),
            build_id: builder.string(&self.build_id),
            ..Mapping::default()
        };
        let mapping = builder.mapping(mapping);
        for linked in addresses {
            let is_code = (address..address + size).contains(linked);
            ensure!(is_code, "{linked:#x} is not in the code of {}", self.path.display());
            let location = builder.location(base + linked, Some(mapping), &[]);
            builder.sample(&[location], &[1], &[]);
        }
        Ok(builder.finish())
    }
}
