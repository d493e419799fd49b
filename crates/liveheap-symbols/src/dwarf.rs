//! Source lines and inlined frames from a binary's debug information.
//!
//! Goes in: an [`Image`] and addresses of the file. Comes out: for each address its frames,
//! innermost first. Only the units that contain one of the addresses are read; damaged units give
//! no frames.

use crate::guarded_reader::{Guard, Guarded};
use crate::object_file::Image;
use crate::packed_section::section_bytes;
use crate::split_dwarf::{SplitSections, SplitUnits};
use addr2line::{Context, LookupContinuation, LookupResult};
use gimli::{AttributeValue, DwarfSections, Reader, RunTimeEndian, UnitOffset, UnitRef};
use liveheap_profile::{Interner, StringId};
use object::Object;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;

/// How many references from one description of a function to another are followed.
const REFERENCE_LIMIT: usize = 8;

/// A frame of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The function's name: as the linker sees it if that is known, else its bare name; may be empty.
    pub(crate) name: StringId,
    /// Source file; may be empty.
    pub(crate) file: StringId,
    /// Line, 1-based; 0 when unknown.
    pub(crate) line: u32,
    /// Column, 1-based; 0 when unknown.
    pub(crate) column: u32,
    /// Line the function starts at, 1-based; 0 when unknown.
    pub(crate) start_line: u32,
}

type Slice<'a> = Guarded<'a>;

/// The sections with debug information, unpacked where they were packed.
#[derive(Debug)]
pub(crate) struct DebugSections<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    /// Those of the file with what several binaries have in common.
    common: Option<DwarfSections<Cow<'a, [u8]>>>,
    endian: RunTimeEndian,
    guard: Guard,
}

impl<'a> DebugSections<'a> {
    /// Those of a binary, and of the file that has what it shares with other binaries.
    pub(crate) fn new(image: &Image<'a>, common: Option<&Image<'a>>) -> Self {
        let is_little_endian = image.object.is_little_endian();
        let endian = if is_little_endian { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let mut total_bytes = 0_usize;
        let mut load = |image: &Image<'a>| {
            let load = |id: gimli::SectionId| {
                let section = image.object.section_by_name(id.name()).filter(|_| is_read(id));
                // A section that cannot be unpacked is as good as none.
                let data = section.map(|section| section_bytes(&section)).unwrap_or_default();
                total_bytes = total_bytes.saturating_add(data.len());
                Ok::<_, std::convert::Infallible>(data)
            };
            let Ok(sections) = DwarfSections::load(load);
            sections
        };
        let (sections, common) = (load(image), common.map(&mut load));
        Self { sections, common, endian, guard: Guard::new(total_bytes) }
    }

    /// What is wrong with it, if reading it had no end.
    pub(crate) fn problem(&self) -> Option<String> {
        self.guard.was_hit().then(|| "damaged debug information (it has no end)".to_owned())
    }

    /// Reads the list of units. What units keep elsewhere is taken from `split`.
    ///
    /// # Errors
    /// A sentence when it is damaged.
    pub(crate) fn lines<'b>(
        &'b self,
        split: Option<&'b SplitSections<'b>>,
    ) -> Result<DebugLines<'b>, String> {
        let damaged = |error: gimli::Error| format!("damaged debug information ({error})");
        let slice = |section| Guarded::new(section, self.endian, &self.guard);
        let borrow =
            || self.sections.borrow_with_sup(self.common.as_ref(), |section| slice(section));
        let mut dwarf = borrow();
        dwarf.populate_abbreviations_cache(gimli::AbbreviationsCacheStrategy::Duplicates);
        let context = Context::from_dwarf(dwarf).map_err(damaged)?;
        Ok(DebugLines {
            context,
            dwarf: borrow(),
            units: UnitTable::default(),
            common_units: UnitTable::default(),
            split,
        })
    }
}

/// Whether a section is of use here; unpacking the others, of variables and macros, costs more than
/// all look-ups.
fn is_read(id: gimli::SectionId) -> bool {
    use gimli::SectionId as Id;
    matches!(
        id,
        Id::DebugAbbrev
            | Id::DebugAddr
            | Id::DebugAranges
            | Id::DebugInfo
            | Id::DebugLine
            | Id::DebugLineStr
            | Id::DebugRanges
            | Id::DebugRngLists
            | Id::DebugStr
            | Id::DebugStrOffsets
    )
}

/// Debug information, ready to be asked.
pub(crate) struct DebugLines<'a> {
    context: Context<Slice<'a>>,
    /// The same once more, to read what `addr2line` does not tell.
    dwarf: gimli::Dwarf<Slice<'a>>,
    units: UnitTable<'a>,
    /// The same of what several binaries have in common.
    common_units: UnitTable<'a>,
    split: Option<&'a SplitSections<'a>>,
}

/// Units by where they start in `.debug_info`, read when first asked for.
#[derive(Default)]
struct UnitTable<'a> {
    headers: Option<Vec<(usize, gimli::UnitHeader<Slice<'a>>)>>,
    units: HashMap<usize, gimli::Unit<Slice<'a>>>,
}

impl<'a> DebugLines<'a> {
    /// The units of these addresses that keep their description elsewhere.
    pub(crate) fn split_units(&self, addresses: &[u64]) -> SplitUnits {
        let mut units = SplitUnits::new();
        for address in addresses.iter().filter(|address| **address != u64::MAX) {
            for (load, _) in self.context.preload_units(*address) {
                let text = |part: &Option<Slice<'a>>| {
                    let text = part.as_ref().and_then(|part| part.to_string_lossy().ok());
                    text.unwrap_or_default().into_owned()
                };
                let path = PathBuf::from(text(&load.comp_dir)).join(text(&load.path));
                units.insert(load.dwo_id.0, path);
            }
        }
        units
    }

    /// The frames of an address, innermost first; none when nothing is known.
    pub(crate) fn frames(&mut self, address: u64, strings: &mut Interner) -> Vec<Frame> {
        let mut frames = Vec::new();
        // `addr2line` adds 1 to it.
        if address == u64::MAX {
            return frames;
        }
        let mut offsets = Vec::new();
        let mut step = self.context.find_frames(address);
        let found = loop {
            match step {
                LookupResult::Output(found) => break found,
                LookupResult::Load { load, continuation } => {
                    let unit = self.split.and_then(|split| split.unit(load.dwo_id, &load.parent));
                    step = continuation.resume(unit);
                }
            }
        };
        if let Ok(mut found) = found {
            while let Ok(Some(frame)) = found.next() {
                let name = frame.function.as_ref().and_then(|function| function.raw_name().ok());
                let location = frame.location.as_ref();
                frames.push(Frame {
                    name: strings.intern(&name.unwrap_or_default()),
                    file: strings.intern(location.and_then(|place| place.file).unwrap_or_default()),
                    line: location.and_then(|place| place.line).unwrap_or(0),
                    column: location.and_then(|place| place.column).unwrap_or(0),
                    start_line: 0,
                });
                offsets.push(frame.dw_die_offset);
            }
        }
        if let Some(unit) = self.context.find_dwarf_and_unit(address).skip_all_loads() {
            for (frame, offset) in frames.iter_mut().zip(offsets) {
                if let Some(offset) = offset {
                    let tables = (&mut self.units, &mut self.common_units);
                    frame.start_line = start_line(&unit, offset, &self.dwarf, tables);
                }
            }
        }
        frames
    }

    /// The line of the code at an address; 0 when unknown.
    pub(crate) fn line(&self, address: u64) -> u32 {
        self.context.find_location(address).ok().flatten().and_then(|place| place.line).unwrap_or(0)
    }
}

/// What a description of a function says, or refers to.
enum StartLine {
    Known(u32),
    SameUnit(UnitOffset),
    OtherUnit(usize),
    /// In what several binaries have in common.
    Common(usize),
    Unknown,
}

/// The line a function is declared at; 0 when unknown.
fn start_line<'a>(
    unit: &UnitRef<'_, Slice<'a>>,
    offset: UnitOffset,
    dwarf: &gimli::Dwarf<Slice<'a>>,
    (units, common_units): (&mut UnitTable<'a>, &mut UnitTable<'a>),
) -> u32 {
    let mut step = declared_at(unit, offset);
    // The unit that references have led to, and whether it is in what binaries have in common.
    let mut other: Option<(usize, bool)> = None;
    for _ in 0..REFERENCE_LIMIT {
        let (offset, is_common) = match step {
            StartLine::Known(line) => return line,
            StartLine::Unknown => return 0,
            StartLine::SameUnit(offset) => {
                step = match other {
                    Some((start, false)) => units.declared_at(start, offset, Some(dwarf)),
                    Some((start, true)) => common_units.declared_at(start, offset, dwarf.sup()),
                    None => declared_at(unit, offset),
                };
                continue;
            }
            // A common unit refers to others of its own file.
            StartLine::OtherUnit(offset) => (offset, other.is_some_and(|(_, is_common)| is_common)),
            StartLine::Common(offset) => (offset, true),
        };
        let (table, of) =
            if is_common { (&mut *common_units, dwarf.sup()) } else { (&mut *units, Some(dwarf)) };
        let Some((start, offset)) = of.and_then(|of| table.find(offset, of)) else { return 0 };
        other = Some((start, is_common));
        step = table.declared_at(start, offset, of);
    }
    0
}

fn declared_at<R: Reader<Offset = usize>>(unit: &UnitRef<'_, R>, offset: UnitOffset) -> StartLine {
    let Ok(entry) = unit.entry(offset) else {
        return StartLine::Unknown;
    };
    let mut reference = StartLine::Unknown;
    for attribute in entry.attrs() {
        match (attribute.name(), attribute.value()) {
            (gimli::DW_AT_decl_line, value) => {
                if let Some(line) = value.udata_value().and_then(|line| u32::try_from(line).ok()) {
                    return StartLine::Known(line);
                }
            }
            (gimli::DW_AT_abstract_origin | gimli::DW_AT_specification, value) => match value {
                AttributeValue::UnitRef(offset) => reference = StartLine::SameUnit(offset),
                AttributeValue::DebugInfoRef(offset) => reference = StartLine::OtherUnit(offset.0),
                AttributeValue::DebugInfoRefSup(offset) => reference = StartLine::Common(offset.0),
                _ => {}
            },
            _ => {}
        }
    }
    reference
}

impl<'a> UnitTable<'a> {
    /// What a description in one of the units that were found says.
    fn declared_at(
        &self,
        start: usize,
        offset: UnitOffset,
        dwarf: Option<&gimli::Dwarf<Slice<'a>>>,
    ) -> StartLine {
        match self.units.get(&start).zip(dwarf) {
            Some((unit, dwarf)) => declared_at(&unit.unit_ref(dwarf), offset),
            None => StartLine::Unknown,
        }
    }

    /// The unit that an offset of `.debug_info` is in, and the offset in that unit.
    fn find(
        &mut self,
        offset: usize,
        dwarf: &gimli::Dwarf<Slice<'a>>,
    ) -> Option<(usize, UnitOffset)> {
        let headers = self.headers.get_or_insert_with(|| {
            let mut headers = Vec::new();
            let mut rest = dwarf.units();
            while let Ok(Some(header)) = rest.next() {
                if let Some(start) = header.debug_info_offset() {
                    headers.push((start.0, header));
                }
            }
            headers
        });
        let position = headers.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        let (start, header) = &headers[position];
        let within = gimli::DebugInfoOffset(offset).to_unit_offset(header)?;
        if !self.units.contains_key(start) {
            self.units.insert(*start, dwarf.unit(*header).ok()?);
        }
        Some((*start, within))
    }
}
