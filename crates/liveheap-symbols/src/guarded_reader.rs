//! Reads debug information within bounds of stack and work.
//!
//! Goes in: sections. Comes out: a reader for them that ends with an error when what reads has
//! nested too deep or read far more than there is. A description of functions inlined into each
//! other a million times would overflow the stack of whoever follows it, and a thousand units that
//! share one long list would take hours; no compiler writes either. It does not look at what is
//! read.

use gimli::{EndianSlice, Error, Reader, ReaderOffsetId, Result, RunTimeEndian};
use std::borrow::Cow;
use std::cell::Cell;

/// How much stack reading may take, in bytes. Threads have 2 MiB or more.
const STACK_BYTES: usize = 512 << 10;

/// How many numbers may be read for each byte there is. Real files need less than one.
const READS_PER_BYTE: u64 = 4;

/// How many numbers may be read in any case.
const READS_AT_LEAST: u64 = 1 << 20;

/// Copying or searching this many bytes of text counts as reading a number.
const TEXT_BYTES_PER_READ: u64 = 16;

/// What is left to spend.
#[derive(Debug)]
pub(crate) struct Guard {
    /// Stacks grow down; this is the lowest address that may be reached.
    lowest: usize,
    reads: Cell<u64>,
    was_hit: Cell<bool>,
}

impl Guard {
    /// For sections of so many bytes in all. It counts the stack from its caller on.
    pub(crate) fn new(section_bytes: usize) -> Self {
        let bytes = u64::try_from(section_bytes).unwrap_or(u64::MAX);
        let reads = bytes.saturating_mul(READS_PER_BYTE).saturating_add(READS_AT_LEAST);
        Self {
            lowest: stack_address().saturating_sub(STACK_BYTES),
            reads: Cell::new(reads),
            was_hit: Cell::new(false),
        }
    }

    /// Whether reading was ended because of the bounds.
    pub(crate) fn was_hit(&self) -> bool {
        self.was_hit.get()
    }

    /// Counts so many reads.
    #[inline]
    fn spend(&self, reads: u64, place: ReaderOffsetId) -> Result<()> {
        match self.reads.get().checked_sub(reads) {
            Some(rest) if stack_address() >= self.lowest => {
                self.reads.set(rest);
                Ok(())
            }
            _ => {
                self.was_hit.set(true);
                Err(Error::UnexpectedEof(place))
            }
        }
    }
}

/// About where the stack is now.
#[inline]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

/// A part of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guarded<'a> {
    bytes: EndianSlice<'a, RunTimeEndian>,
    guard: &'a Guard,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(bytes: &'a [u8], endian: RunTimeEndian, guard: &'a Guard) -> Self {
        Self { bytes: EndianSlice::new(bytes, endian), guard }
    }

    #[inline]
    fn spend(&self, reads: u64) -> Result<()> {
        self.guard.spend(reads, self.bytes.offset_id())
    }

    /// Counts a walk over text.
    fn spend_on_text(&self, length: usize) -> Result<()> {
        self.spend(u64::try_from(length).unwrap_or(u64::MAX) / TEXT_BYTES_PER_READ + 1)
    }
}

impl<'a> Reader for Guarded<'a> {
    type Endian = RunTimeEndian;
    type Offset = usize;

    #[inline]
    fn endian(&self) -> RunTimeEndian {
        self.bytes.endian()
    }

    #[inline]
    fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn empty(&mut self) {
        self.bytes.empty();
    }

    #[inline]
    fn truncate(&mut self, length: usize) -> Result<()> {
        self.bytes.truncate(length)
    }

    #[inline]
    fn offset_from(&self, base: &Self) -> usize {
        self.bytes.offset_from(base.bytes)
    }

    #[inline]
    fn offset_id(&self) -> ReaderOffsetId {
        self.bytes.offset_id()
    }

    #[inline]
    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        self.bytes.lookup_offset_id(id)
    }

    #[inline]
    fn find(&self, byte: u8) -> Result<usize> {
        let found = Reader::find(&self.bytes, byte);
        self.spend_on_text(*found.as_ref().unwrap_or(&self.bytes.len()))?;
        found
    }

    #[inline]
    fn skip(&mut self, length: usize) -> Result<()> {
        self.bytes.skip(length)
    }

    #[inline]
    fn split(&mut self, length: usize) -> Result<Self> {
        Ok(Self { bytes: self.bytes.split(length)?, guard: self.guard })
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        Ok(self.bytes.slice().into())
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        self.spend_on_text(self.bytes.len())?;
        Ok(self.bytes.to_string()?.into())
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        self.spend_on_text(self.bytes.len())?;
        Ok(self.bytes.to_string_lossy())
    }

    #[inline]
    fn read_slice(&mut self, buffer: &mut [u8]) -> Result<()> {
        Reader::read_slice(&mut self.bytes, buffer)
    }

    // Every loop and every level of nesting in debug information reads numbers of these kinds.

    #[inline]
    fn read_uleb128(&mut self) -> Result<u64> {
        self.spend(1)?;
        self.bytes.read_uleb128()
    }

    #[inline]
    fn read_u8(&mut self) -> Result<u8> {
        self.spend(1)?;
        self.bytes.read_u8()
    }

    #[inline]
    fn read_address(&mut self, address_size: u8) -> Result<u64> {
        self.spend(1)?;
        self.bytes.read_address(address_size)
    }
}
