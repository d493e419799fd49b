//! The machine code of functions, instruction by instruction.
//!
//! Goes in: a binary and ranges of its addresses. Comes out: the instructions with the functions
//! and source lines they are in, in the [`Syntax`] that is asked for. Code of x86-64 is decoded here, that of other processors
//! by an installed `objdump`, in its syntax.

mod common_syntax;
mod go_syntax;
mod objdump;

use crate::address::Rebase;
use crate::dwarf::{DebugSections, Frame};
use crate::go_table::GoTable;
use crate::locate::{NotFound, Wanted, find_binary, find_common_file, find_debug_file};
use crate::object_file::{Image, ObjectFile};
use crate::options::Options;
use crate::outcome::{other_build, remedy};
use crate::symbolize::{name_caller, name_module};
use common_syntax::Writer;
use iced_x86::{Decoder, DecoderOptions, Instruction};
use liveheap_profile::{Interner, Mapping};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionKind};
use std::ops::Range;

/// A binary whose code is to be shown.
#[derive(Debug)]
pub struct Disassembler {
    file: ObjectFile,
    /// What was split off the binary, if that is at hand.
    debug_file: Option<ObjectFile>,
    options: Options,
    /// Symbols of code and data, by address and then by name.
    symbols: Vec<SymbolRange>,
}

/// How instructions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// As Go's assembler has it: `MOVQ 0x8(SP), AX`.
    #[default]
    Go,
    /// As Intel's manuals have it: `mov rax,QWORD PTR [rsp+0x8]`.
    Intel,
    /// As the GNU assembler has it: `mov 0x8(%rsp),%rax`.
    Att,
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
    /// The functions that it is in, innermost first: all but the last are inlined. Empty when
    /// nothing is known.
    pub frames: Vec<CodeFrame>,
}

/// A function that an instruction is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFrame {
    /// Its name, as [`symbolize`](crate::symbolize()) would name it; may be empty.
    pub function: String,
    /// Source file; may be empty.
    pub file: String,
    /// Source line, 1-based; 0 when unknown.
    pub line: u32,
}

impl Disassembler {
    /// Finds the binary of a mapping, the file and the build id as the profile names them, as
    /// [`symbolize`](crate::symbolize()) does, and reads its symbols.
    ///
    /// # Errors
    /// A sentence that says what to do when it is not found or cannot be read.
    pub fn find(file: &str, build_id: &str, options: &Options) -> Result<Self, String> {
        let with_remedy = |problem: String| format!("{problem}; {}", remedy(build_id));
        match find_binary(Wanted { file, build_id }, options) {
            Ok(found) => Self::read(found, options).map_err(|reason| format!("{file}: {reason}")),
            Err(NotFound::Missing(reason)) => {
                Err(with_remedy(format!("{file}: not read ({reason})")))
            }
            Err(NotFound::OtherBuild { path, build_id: found }) => {
                Err(with_remedy(other_build(&path, &found)))
            }
        }
    }

    /// Reads the symbols.
    fn read(file: ObjectFile, options: &Options) -> Result<Self, String> {
        let image = file.image()?;
        let debug_file = if image.has_lines && image.has_symbols {
            None
        } else {
            find_debug_file(&file, &image, options)
        };
        let debug_image = debug_file.as_ref().and_then(|file| file.image().ok());
        let with_symbols = debug_image.as_ref().filter(|_| !image.has_symbols).unwrap_or(&image);
        let mut symbols: Vec<_> = with_symbols
            .object
            .symbols()
            .filter(|symbol| symbol.is_definition() && symbol.address() != 0)
            .filter_map(|symbol| {
                let name = symbol.name().ok().filter(|name| !name.is_empty())?.to_owned();
                let (start, end) = (symbol.address(), symbol.address().checked_add(symbol.size())?);
                Some(SymbolRange { name, start, end })
            })
            .collect();
        // The last of those that start at one address names it.
        symbols.sort_by(|one, other| {
            one.start.cmp(&other.start).then_with(|| one.name.cmp(&other.name))
        });
        drop((image, debug_image));
        Ok(Self { file, debug_file, options: options.clone(), symbols })
    }

    /// The address in the binary of an address of the process; nothing when the mapping cannot be
    /// one of this binary.
    pub fn file_address(&self, mapping: &Mapping, process_address: u64) -> Option<u64> {
        Some(Rebase::new(mapping, &self.file.image().ok()?)?.file_address(process_address))
    }

    /// All symbols of the binary, code and data, by address and then by name. Some have no size.
    pub fn symbols(&self) -> &[SymbolRange] {
        &self.symbols
    }

    /// The instructions of each of these ranges of addresses.
    ///
    /// # Errors
    /// For a range a sentence when the binary has no code there, or is for a processor that nothing
    /// installed here knows.
    pub fn code(
        &self,
        ranges: &[Range<u64>],
        syntax: Syntax,
    ) -> Vec<Result<Vec<CodeLine>, String>> {
        let image = match self.file.image() {
            Ok(image) => image,
            Err(reason) => return vec![Err(reason); ranges.len()],
        };
        let debug_image = self.debug_file.as_ref().and_then(|file| file.image().ok());
        let go_table = GoTable::new(&image);
        let with_lines = [Some(&image), debug_image.as_ref()]
            .into_iter()
            .flatten()
            .find(|image| image.has_lines && go_table.is_none());
        let common_file = with_lines.and_then(|image| find_common_file(image, &self.options));
        let common_image = common_file.as_ref().and_then(|file| file.image().ok());
        let sections = with_lines.map(|image| DebugSections::new(image, common_image.as_ref()));
        let mut lines = sections.as_ref().and_then(|sections| sections.lines(None).ok());
        let mut strings = Interner::new();
        let mut frames_at = |address: u64| {
            let mut frames = match (&go_table, &mut lines) {
                (Some(table), _) => table.frame(address, &mut strings).into_iter().collect(),
                (None, Some(lines)) => lines.frames(address, &mut strings),
                (None, None) => Vec::new(),
            };
            if let Some((name, _)) = self.symbol_at(address) {
                name_caller(&mut frames, name, &mut strings);
            }
            if self.options.refine {
                frames.iter_mut().for_each(|frame| name_module(frame, &mut strings));
            }
            let code_frame = |frame: &Frame| CodeFrame {
                function: strings.text(frame.name).to_owned(),
                file: strings.text(frame.file).to_owned(),
                line: frame.line,
            };
            frames.iter().map(code_frame).collect()
        };
        let symbol_at = |address| self.symbol_at(address);
        let mut writer = match syntax {
            Syntax::Go => None,
            Syntax::Intel => Some(Writer::intel()),
            Syntax::Att => Some(Writer::att()),
        };
        let mut text_of = |instruction: &Instruction| match &mut writer {
            None => go_syntax::text(instruction, &symbol_at),
            Some(writer) => writer.text(instruction, &symbol_at),
        };
        let mut code_of = |range| self.code_of(&image, range, &mut text_of, &mut frames_at);
        ranges.iter().map(&mut code_of).collect()
    }

    /// The instructions of a range, which may reach over several sections and the gaps between.
    fn code_of(
        &self,
        image: &Image<'_>,
        range: &Range<u64>,
        text_of: &mut dyn FnMut(&Instruction) -> String,
        frames_at: &mut dyn FnMut(u64) -> Vec<CodeFrame>,
    ) -> Result<Vec<CodeLine>, String> {
        let above = range.end.max(range.start.saturating_add(1));
        let section_end =
            |section: &object::Section<'_, '_>| section.address().saturating_add(section.size());
        let mut sections: Vec<_> = image
            .object
            .sections()
            .filter(|section| section.kind() == SectionKind::Text)
            .filter(|section| section.address() < above && range.start < section_end(section))
            .collect();
        if sections.is_empty() {
            return Err(format!("no code at {:#x}", range.start));
        }
        sections.sort_by_key(|section| section.address());
        let symbol_at = |address| self.symbol_at(address);
        let mut code = Vec::new();
        for section in sections {
            let first = range.start.max(section.address());
            let end = range.end.min(section_end(&section));
            let architecture = image.object.architecture();
            if architecture != Architecture::X86_64 {
                let range = first..end.max(first.saturating_add(1));
                for (address, text) in objdump::instructions(&self.file.path, architecture, &range)?
                {
                    code.push(CodeLine { address, text, frames: frames_at(address) });
                }
                continue;
            }
            // In the middle of a function nobody knows where an instruction starts.
            let start = symbol_at(first).map_or(first, |(_, start)| start.max(section.address()));
            let bytes = section
                .data_range(start, end.saturating_sub(start))
                .ok()
                .flatten()
                .ok_or_else(|| format!("the code at {start:#x} is not in the file"))?;
            let mut decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
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
                } else if address < first {
                    continue;
                } else {
                    text_of(&instruction)
                };
                if address >= first {
                    code.push(CodeLine { address, text, frames: frames_at(address) });
                }
            }
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
