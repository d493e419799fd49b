//! The machine code of functions, instruction by instruction.
//!
//! Goes in: a binary and a range of its addresses. Comes out: the instructions with their source
//! lines, in the syntax of Go's assembler. Only x86-64 is decoded.

mod go_syntax;

use crate::address::Rebase;
use crate::dwarf::DebugSections;
use crate::go_table::GoTable;
use crate::object_file::ObjectFile;
use iced_x86::{Decoder, DecoderOptions};
use liveheap_profile::{Interner, Mapping};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionKind};
use std::path::Path;

/// A binary whose code is to be shown.
#[derive(Debug)]
pub struct Disassembler {
    file: ObjectFile,
    /// Symbols of code and data, in the order of their addresses.
    symbols: Vec<SymbolRange>,
}

/// A symbol and the addresses it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolRange {
    /// Its name as it stands in the binary.
    pub name: String,
    /// Its first address, as linked.
    pub start: u64,
    /// The address behind its last one.
    pub end: u64,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// Its address, as linked.
    pub address: u64,
    /// What it does; `?` for a byte that starts no instruction.
    pub text: String,
    /// Source file; may be empty.
    pub file: String,
    /// Source line, 1-based; 0 when unknown.
    pub line: u32,
}

impl Disassembler {
    /// Opens a binary and reads its symbols.
    ///
    /// # Errors
    /// A sentence when it cannot be read or is for a processor that is not known here.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = ObjectFile::open(path)?;
        let image = file.image()?;
        if image.object.architecture() != Architecture::X86_64 {
            return Err(format!("machine code of {:?} is not known", image.object.architecture()));
        }
        let mut symbols: Vec<_> = image
            .object
            .symbols()
            .filter(|symbol| symbol.is_definition() && symbol.address() != 0)
            .filter_map(|symbol| {
                let name = symbol.name().ok().filter(|name| !name.is_empty())?.to_owned();
                let (start, end) = (symbol.address(), symbol.address().checked_add(symbol.size())?);
                Some(SymbolRange { name, start, end })
            })
            .collect();
        // Several names of one address keep the order of the table.
        symbols.sort_by_key(|symbol| symbol.start);
        drop(image);
        Ok(Self { file, symbols })
    }

    /// The address in the binary of an address of the process; nothing when the mapping cannot be
    /// one of this binary.
    pub fn file_address(&self, mapping: &Mapping, process_address: u64) -> Option<u64> {
        Some(Rebase::new(mapping, &self.file.image().ok()?)?.file_address(process_address))
    }

    /// All symbols of the binary, code and data, in the order of their addresses. Some have no size.
    pub fn symbols(&self) -> &[SymbolRange] {
        &self.symbols
    }

    /// The instructions of a range of addresses, the last one only if it ends in the range.
    ///
    /// # Errors
    /// A sentence when the binary has no code there.
    pub fn code(&self, start: u64, end: u64) -> Result<Vec<CodeLine>, String> {
        let image = self.file.image()?;
        let section = image
            .object
            .sections()
            .find(|section| {
                section.kind() == SectionKind::Text
                    && section.address() <= start
                    && start - section.address() < section.size()
            })
            .ok_or_else(|| format!("no code at {start:#x}"))?;
        let end = end.min(section.address().saturating_add(section.size()));
        let bytes = section
            .data_range(start, end.saturating_sub(start))
            .ok()
            .flatten()
            .ok_or_else(|| format!("the code at {start:#x} is not in the file"))?;
        let go_table = GoTable::new(&image);
        let sections = (go_table.is_none() && image.has_lines).then(|| DebugSections::new(&image));
        let mut lines = sections.as_ref().and_then(|sections| sections.lines(None).ok());
        let mut strings = Interner::new();
        let symbol_at = |address| self.symbol_at(address);
        let mut decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
        let mut code = Vec::new();
        while decoder.can_decode() {
            let (position, address) = (decoder.position(), decoder.ip());
            let instruction = decoder.decode();
            let text = if instruction.is_invalid() {
                // The bytes behind it may be instructions again.
                decoder.set_ip(address + 1);
                if decoder.set_position(position + 1).is_err() {
                    break;
                }
                "?".to_owned()
            } else {
                go_syntax::text(&instruction, &symbol_at)
            };
            let frame = match (&go_table, &mut lines) {
                (Some(table), _) => table.frame(address, &mut strings),
                (None, Some(lines)) => lines.frames(address, &mut strings).first().copied(),
                (None, None) => None,
            };
            let frame = frame.unwrap_or_default();
            let file = strings.text(frame.file).to_owned();
            code.push(CodeLine { address, text, file, line: frame.line });
        }
        Ok(code)
    }

    /// The symbol that an address lies in, and where it starts.
    fn symbol_at(&self, address: u64) -> Option<(&str, u64)> {
        let behind = self.symbols.partition_point(|symbol| symbol.start <= address);
        let symbol = &self.symbols[behind.checked_sub(1)?];
        (address < symbol.end).then_some((symbol.name.as_str(), symbol.start))
    }
}

#[cfg(test)]
mod tests;
