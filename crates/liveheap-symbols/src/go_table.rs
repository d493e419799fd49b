//! Names and lines from the table that Go programs carry even when they are stripped.
//!
//! Goes in: an [`Image`] and an address of the file. Comes out: the function that the address is in
//! and the line, without inlined frames: `go tool pprof` shows a Go program so, and so do we. Tables
//! of Go 1.16 and later are read.

use crate::dwarf::Frame;
use crate::object_file::Image;
use liveheap_profile::Interner;
use object::{Object, ObjectSection, ObjectSymbol};

/// How many steps of a list are followed. The longest function of Go's own programs has a few
/// thousand.
const MOST_STEPS: usize = 1 << 18;

/// The longest name or path that is read, in bytes.
const LONGEST_TEXT: usize = 1 << 16;

/// How the table's records are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Go 1.16 and 1.17: addresses in full.
    Addresses,
    /// Go 1.18 and later: distances from the start of the code, in 32 bits.
    Distances,
}

/// The table of one program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GoTable<'a> {
    bytes: &'a [u8],
    is_little_endian: bool,
    layout: Layout,
    /// Distances between instructions are counted in this many bytes.
    quantum: u64,
    pointer_size: usize,
    text_start: u64,
    function_count: usize,
    // Where the parts start in `bytes`.
    names: usize,
    units: usize,
    files: usize,
    steps: usize,
    functions: usize,
}

impl<'a> GoTable<'a> {
    /// The table of a Go program; nothing for other programs.
    pub(crate) fn new(image: &Image<'a>) -> Option<Self> {
        let object = &image.object;
        let section = [".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab"]
            .iter()
            .find_map(|name| object.section_by_name(name))?;
        let bytes = section.data().ok()?;
        let is_little_endian = object.is_little_endian();
        // With C code linked in, Go's own code starts later.
        let go_text = || Some(object.symbol_by_name("runtime.text")?.address());
        let text = || {
            Some(object.section_by_name(".text").or(object.section_by_name("__text"))?.address())
        };
        Self::parse(bytes, is_little_endian, go_text().or_else(text)?)
    }

    fn parse(bytes: &'a [u8], is_little_endian: bool, text_start: u64) -> Option<Self> {
        let mut table = Self {
            bytes,
            is_little_endian,
            layout: Layout::Distances,
            quantum: u64::from(*bytes.get(6)?),
            pointer_size: usize::from(*bytes.get(7)?),
            text_start,
            function_count: 0,
            names: 0,
            units: 0,
            files: 0,
            steps: 0,
            functions: 0,
        };
        if !matches!(table.pointer_size, 4 | 8) {
            return None;
        }
        // Behind the counts of functions and files, newer tables have the start of the code.
        let first_part = match table.number(0, 4)? {
            0xffff_fffa => {
                table.layout = Layout::Addresses;
                2
            }
            0xffff_fff0 | 0xffff_fff1 => 3,
            _ => return None,
        };
        // What lies outside is refused here, so that sums of positions stay small below.
        let word = |position: usize| {
            let at = 8 + position * table.pointer_size;
            let value = usize::try_from(table.number(at, table.pointer_size)?).ok()?;
            (value <= bytes.len()).then_some(value)
        };
        let count = word(0)?;
        let [names, units, files, steps, functions] =
            [0, 1, 2, 3, 4].map(|part| word(first_part + part));
        table.function_count = count;
        (table.names, table.units) = (names?, units?);
        (table.files, table.steps, table.functions) = (files?, steps?, functions?);
        Some(table)
    }

    /// The function and line of an address.
    pub(crate) fn frame(&self, address: u64, strings: &mut Interner) -> Option<Frame> {
        let record = self.record(address)?;
        let field = |position: usize| {
            // The first field is an address or a distance, all others have 32 bits.
            let first = self.field_size();
            usize::try_from(self.number(record + first + (position - 1) * 4, 4)?).ok()
        };
        let entry = self.address_at(record)?;
        let name = self.text(self.names, field(1)?)?;
        let line = self.value_at(field(6)?, entry, address);
        let file = self.value_at(field(5)?, entry, address).and_then(|file| {
            let file = usize::try_from(file).ok()?.checked_add(field(8)?)?;
            let offset = self.number(self.units.checked_add(file.checked_mul(4)?)?, 4)?;
            self.text(self.files, usize::try_from(offset).ok()?)
        });
        Some(Frame {
            name: strings.intern(&name),
            file: strings.intern(&file.unwrap_or_default()),
            line: line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
            column: 0,
            start_line: 0,
        })
    }

    /// Where the record of the function is that an address lies in.
    fn record(&self, address: u64) -> Option<usize> {
        let pair = 2 * self.field_size();
        let start_of = |position: usize| self.address_at(self.functions + position * pair);
        let (mut low, mut high) = (0, self.function_count);
        if address < start_of(0)? || address >= start_of(high)? {
            return None;
        }
        // The last function that starts at or before the address.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if start_of(middle)? <= address {
                low = middle;
            } else {
                high = middle;
            }
        }
        let offset =
            self.number(self.functions + low * pair + self.field_size(), self.field_size())?;
        let offset = usize::try_from(offset).ok().filter(|offset| *offset < self.bytes.len())?;
        Some(self.functions + offset)
    }

    /// The size of an address in the table, in bytes.
    fn field_size(&self) -> usize {
        match self.layout {
            Layout::Addresses => self.pointer_size,
            Layout::Distances => 4,
        }
    }

    fn address_at(&self, position: usize) -> Option<u64> {
        let value = self.number(position, self.field_size())?;
        Some(match self.layout {
            Layout::Addresses => value,
            Layout::Distances => value.wrapping_add(self.text_start),
        })
    }

    /// The value that holds at an address, from a list of steps: by how much the value changes, and
    /// for how many instructions it stays. Nothing before the first step and for negative values.
    fn value_at(&self, list: usize, entry: u64, address: u64) -> Option<i64> {
        let mut steps = self.bytes.get(self.steps.checked_add(list)?..)?;
        let (mut value, mut end) = (-1_i64, entry);
        let mut is_first = true;
        for _ in 0..MOST_STEPS {
            let change = variable_length(&mut steps)?;
            if change == 0 && !is_first {
                return None;
            }
            is_first = false;
            // The lowest bit is the sign.
            let half = i64::from(change >> 1);
            value = value.wrapping_add(if change & 1 == 1 { !half } else { half });
            let length = variable_length(&mut steps)?;
            end = end.checked_add(u64::from(length) * self.quantum)?;
            if address < end {
                return (value >= 0).then_some(value);
            }
        }
        None
    }

    /// A number of 4 or 8 bytes.
    fn number(&self, position: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(position..position.checked_add(size)?)?;
        let add = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if self.is_little_endian {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// The text at an offset of a part, up to its zero byte.
    fn text(&self, part: usize, offset: usize) -> Option<String> {
        let bytes = self.bytes.get(part.checked_add(offset)?..)?;
        let end = bytes.iter().take(LONGEST_TEXT).position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

/// Takes a number of seven bits a byte off the front.
#[inline]
fn variable_length(bytes: &mut &[u8]) -> Option<u32> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    if first & 0x80 == 0 {
        return Some(u32::from(*first));
    }
    longer_number(*first, bytes)
}

/// The same, for a number of several bytes whose first one was taken.
fn longer_number(first: u8, bytes: &mut &[u8]) -> Option<u32> {
    let mut value = u64::from(first & 0x7f);
    for shift in (7..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value & u64::from(u32::MAX)).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests;
