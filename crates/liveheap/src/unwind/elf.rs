//! A loaded binary's program headers, read where it lies in memory.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: the address where a binary's first bytes
//! are mapped. Out: its segments, and where in them the unwind tables are.

#![expect(unsafe_code, reason = "reads the binary in memory")]

use super::bytes::Bytes;

/// Kinds of program headers.
const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const EH_FRAME_HEADER: u32 = 0x6474_e550;

/// The part of a binary that can be read without knowing more: one page.
const HEAD: usize = 4096;
const PROGRAM_HEADER_BYTES: usize = 56;

/// A binary as it lies in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Image {
    /// What process addresses are above the binary's own.
    bias: usize,
    /// The program headers.
    headers: Bytes<'static>,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    /// The binary's own address.
    address: usize,
    offset: usize,
    file_bytes: usize,
}

impl Image {
    /// The binary whose first bytes are at `start`; none when there are other bytes.
    ///
    /// # Safety
    /// - A readable page is mapped at `start`.
    /// - What is returned is used only while the binary stays loaded.
    pub(super) unsafe fn at(start: usize) -> Option<Self> {
        let head = std::ptr::with_exposed_provenance::<u8>(start);
        // SAFETY: the caller says that the page can be read.
        let head = unsafe { std::slice::from_raw_parts(head, HEAD) };
        // 64-bit, this machine's byte order.
        let class =
            if cfg!(target_endian = "little") { *b"\x7fELF\x02\x01" } else { *b"\x7fELF\x02\x02" };
        if !head.starts_with(&class) {
            return None;
        }
        let headers_offset = Bytes::new(&head[32..]).u64()?;
        let header_bytes = Bytes::new(&head[54..]).u16()?;
        let count = Bytes::new(&head[56..]).u16()?;
        if usize::from(header_bytes) != PROGRAM_HEADER_BYTES {
            return None;
        }
        let mut headers = Bytes::new(head);
        headers.skip(usize::try_from(headers_offset).ok()?)?;
        let headers = headers.take(usize::from(count) * PROGRAM_HEADER_BYTES)?;
        let mut image = Self { bias: 0, headers };
        let first = image.segments().find(|segment| segment.kind == LOAD)?;
        // The first bytes of the file must be what is mapped at `start`.
        if first.offset >= HEAD {
            return None;
        }
        image.bias = start.wrapping_sub(first.address.checked_sub(first.offset)?);
        Some(image)
    }

    fn segments(&self) -> impl Iterator<Item = Segment> {
        let mut headers = self.headers;
        std::iter::from_fn(move || {
            let mut header = headers.take(PROGRAM_HEADER_BYTES)?;
            let kind = header.u32()?;
            header.skip(4)?;
            let offset = usize::try_from(header.u64()?).ok()?;
            let address = usize::try_from(header.u64()?).ok()?;
            header.skip(8)?;
            let file_bytes = usize::try_from(header.u64()?).ok()?;
            Some(Segment { kind, address, offset, file_bytes })
        })
    }

    /// The bytes from a process address to the end of the loaded segment that it is in.
    pub(super) fn bytes_from(&self, address: usize) -> Option<Bytes<'static>> {
        let own_address = address.wrapping_sub(self.bias);
        let segment = self.segments().find(|segment| {
            segment.kind == LOAD && own_address.wrapping_sub(segment.address) < segment.file_bytes
        })?;
        let length = segment.file_bytes - (own_address - segment.address);
        let first = std::ptr::with_exposed_provenance::<u8>(address);
        // SAFETY: the loader mapped this part of the segment from the file, and `at`'s caller keeps
        // the binary loaded. Unwind tables and notes are constant.
        Some(Bytes::new(unsafe { std::slice::from_raw_parts(first, length) }))
    }

    /// What process addresses are above the binary's own, in bytes.
    pub(super) fn bias(&self) -> usize {
        self.bias
    }

    /// What the loader is told about the binary.
    pub(super) fn dynamic_section(&self) -> Option<Bytes<'static>> {
        let section = self.segments().find(|segment| segment.kind == DYNAMIC)?;
        self.bytes_from(section.address.wrapping_add(self.bias))
    }

    /// The index of the unwind tables (`.eh_frame_hdr`) and what follows it in its segment.
    pub(super) fn eh_frame_header(&self) -> Option<Bytes<'static>> {
        let header = self.segments().find(|segment| segment.kind == EH_FRAME_HEADER)?;
        self.bytes_from(header.address.wrapping_add(self.bias))
    }
}
