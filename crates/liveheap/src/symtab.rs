//! Names of functions from an ELF file, in one streaming pass that leaves nothing behind.
//!
//! In: the file, as a function that reads at an offset, and the file offsets of some instructions.
//! Out: for each of them the function symbol that owns it, from `.symtab` or, where that is
//! stripped, from `.dynsym`. Only windows of the tables are in memory at any time, and only symbols
//! that own a wanted instruction are kept.
//!
//! What it does not do: no lines, no inlined frames, no separate debug files. The command adds
//! those from the binary.

use std::io::{Error, ErrorKind, Result};

/// Bytes of a table that are read at once; a multiple of the size of a symbol.
const WINDOW: usize = 24 * 2048;
/// Longer names are cut here, in bytes.
const LONGEST_NAME: usize = 16 * 1024;
/// Files with more program or section headers are refused.
const MOST_HEADERS: u64 = 1 << 16;

const PROGRAM_HEADER_SIZE: usize = 56;
const SECTION_HEADER_SIZE: usize = 64;
const SYMBOL_SIZE: usize = 24;

/// Reads bytes of the file at an offset, as `read_at` does: fewer than asked at the end.
pub(crate) type ReadAt<'a> = dyn Fn(&mut [u8], u64) -> Result<usize> + 'a;

/// The symbol that owns an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The name as it stands in the file, which may be mangled.
    pub(crate) name: String,
    /// How many bytes behind the start of the symbol the instruction is.
    pub(crate) distance: u64,
}

/// Finds the owners of the instructions at `offsets` (file offsets, ascending), one for each.
///
/// `build_id` (hexadecimal, empty when unknown) is what the file must carry, so that a file that
/// was replaced since it was loaded gives no wrong names.
///
/// # Errors
/// When the file cannot be read, is no ELF file of this machine's kind, or has another build id.
pub(crate) fn owners(
    read: &ReadAt<'_>,
    build_id: &str,
    offsets: &[u64],
) -> Result<Vec<Option<Owner>>> {
    let mut header = [0; 64];
    exactly(read, &mut header, 0)?;
    let native = if cfg!(target_endian = "little") { 1 } else { 2 };
    if header[..4] != *b"\x7fELF" || header[4] != 2 || header[5] != native {
        return Err(damaged("no 64-bit ELF file of this machine's byte order"));
    }
    let programs = programs(read, &header, build_id)?;
    let Some(table) = symbol_table(read, &header)? else {
        return Ok(vec![None; offsets.len()]);
    };

    let mut wanted: Vec<Wanted> = offsets
        .iter()
        .enumerate()
        .filter_map(|(position, &offset)| {
            let address = programs.iter().find_map(|program| program.address_of(offset))?;
            Some(Wanted { address, position, owner: None })
        })
        .collect();
    wanted.sort_unstable_by_key(|wanted| (wanted.address, wanted.position));
    find_symbols(read, &table, &mut wanted)?;
    read_names(read, &table, wanted, offsets.len())
}

/// A part of the file that is loaded into memory.
struct Program {
    offset: u64,
    address: u64,
    size: u64,
}

impl Program {
    fn address_of(&self, offset: u64) -> Option<u64> {
        let distance = offset.checked_sub(self.offset)?;
        (distance < self.size).then(|| self.address.wrapping_add(distance))
    }
}

/// Reads the program headers: what is loaded where, and whether the build id is the right one.
fn programs(read: &ReadAt<'_>, header: &[u8; 64], build_id: &str) -> Result<Vec<Program>> {
    let start = u64_at(header, 32);
    let count = u16_at(header, 56);
    if usize::from(u16_at(header, 54)) != PROGRAM_HEADER_SIZE {
        return Err(damaged("program headers of an unknown size"));
    }
    let mut programs = Vec::new();
    let mut entry = [0; PROGRAM_HEADER_SIZE];
    for position in 0..u64::from(count) {
        exactly(read, &mut entry, start.saturating_add(position * PROGRAM_HEADER_SIZE as u64))?;
        let (offset, size) = (u64_at(&entry, 8), u64_at(&entry, 32));
        match u32_at(&entry, 0) {
            1 => programs.push(Program { offset, address: u64_at(&entry, 16), size }),
            4 if !build_id.is_empty() => {
                let mut notes = vec![0; usize::try_from(size.min(1 << 16)).unwrap_or(0)];
                exactly(read, &mut notes, offset)?;
                if note_build_id(&notes).is_some_and(|found| found != build_id) {
                    return Err(damaged("the file has another build id than what is loaded"));
                }
            }
            _ => {}
        }
    }
    Ok(programs)
}

/// The build id of a binary that `read` sees as it is loaded, in hexadecimal; none when it carries
/// none, or is gone meanwhile.
pub(crate) fn loaded_build_id(read: &ReadAt<'_>) -> Option<String> {
    let mut header = [0; 64];
    exactly(read, &mut header, 0).ok()?;
    if header[..4] != *b"\x7fELF" || usize::from(u16_at(&header, 54)) != PROGRAM_HEADER_SIZE {
        return None;
    }
    let mut entry = [0; PROGRAM_HEADER_SIZE];
    let mut first_address = None;
    for position in 0..u64::from(u16_at(&header, 56)) {
        let place = u64_at(&header, 32).checked_add(position * PROGRAM_HEADER_SIZE as u64)?;
        exactly(read, &mut entry, place).ok()?;
        let (offset, address, size) = (u64_at(&entry, 8), u64_at(&entry, 16), u64_at(&entry, 32));
        match (u32_at(&entry, 0), first_address) {
            (1, None) => first_address = Some(address.checked_sub(offset)?),
            (4, _) => {
                // Headers of notes may stand before those of what is loaded, at the same distance.
                let place =
                    first_address.map_or(Some(offset), |first| address.checked_sub(first))?;
                let mut notes = vec![0; usize::try_from(size.min(1 << 16)).unwrap_or(0)];
                exactly(read, &mut notes, place).ok()?;
                if let Some(found) = note_build_id(&notes) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// The build id among ELF notes, in hexadecimal.
fn note_build_id(mut notes: &[u8]) -> Option<String> {
    while notes.len() >= 12 {
        let name_size = u32_at(notes, 0) as usize;
        let size = u32_at(notes, 4) as usize;
        let kind = u32_at(notes, 8);
        let content_start = 12usize.checked_add(name_size)?.checked_next_multiple_of(4)?;
        let content_end = content_start.checked_add(size)?;
        let name = notes.get(12..12 + name_size)?;
        let content = notes.get(content_start..content_end)?;
        if kind == 3 && name == b"GNU\0" {
            let digits = b"0123456789abcdef";
            let nibbles = content.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            return Some(nibbles.map(|nibble| char::from(digits[usize::from(nibble)])).collect());
        }
        notes = notes.get(content_end.checked_next_multiple_of(4)?..)?;
    }
    None
}

/// Where a symbol table and its names are in the file; all in bytes.
struct SymbolTable {
    start: u64,
    size: u64,
    names: u64,
    names_size: u64,
}

/// Finds `.symtab`, else `.dynsym`.
fn symbol_table(read: &ReadAt<'_>, header: &[u8; 64]) -> Result<Option<SymbolTable>> {
    let start = u64_at(header, 40);
    if start == 0 || usize::from(u16_at(header, 58)) != SECTION_HEADER_SIZE {
        return Ok(None);
    }
    let section = |position: u64| {
        let mut entry = [0; SECTION_HEADER_SIZE];
        let offset = start.saturating_add(position * SECTION_HEADER_SIZE as u64);
        exactly(read, &mut entry, offset).map(|()| entry)
    };
    // Files with very many sections keep their number in the first one.
    let count = match u16_at(header, 60) {
        0 => u64_at(&section(0)?, 32),
        count => u64::from(count),
    };
    if count > MOST_HEADERS {
        return Err(damaged("too many sections"));
    }
    let mut dynamic = None;
    for position in 0..count {
        let entry = section(position)?;
        let kind = u32_at(&entry, 4);
        if kind != 2 && kind != 11 {
            continue;
        }
        let linked = u64::from(u32_at(&entry, 40));
        if linked >= count {
            return Err(damaged("a symbol table without names"));
        }
        let names = section(linked)?;
        let table = SymbolTable {
            start: u64_at(&entry, 24),
            size: u64_at(&entry, 32),
            names: u64_at(&names, 24),
            names_size: u64_at(&names, 32),
        };
        if kind == 2 {
            return Ok(Some(table));
        }
        dynamic = Some(table);
    }
    Ok(dynamic)
}

/// An instruction whose owner is looked for.
struct Wanted {
    /// As the file's tables name it.
    address: u64,
    /// Its position among the offsets that were asked for.
    position: usize,
    owner: Option<Symbol>,
}

#[derive(Clone, Copy)]
struct Symbol {
    start: u64,
    /// Where its name starts in the table of names.
    name: u32,
}

/// Streams through the symbols and gives each wanted instruction the innermost one that owns it;
/// of several with the same start the first in the file.
fn find_symbols(read: &ReadAt<'_>, table: &SymbolTable, wanted: &mut [Wanted]) -> Result<()> {
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return Ok(());
    };
    let (lowest, highest) = (first.address, last.address);
    let mut window = vec![0; WINDOW];
    let mut done = 0;
    while done < table.size {
        let size = usize::try_from(table.size - done).unwrap_or(WINDOW).min(WINDOW);
        let size = size - size % SYMBOL_SIZE;
        if size == 0 {
            break;
        }
        exactly(read, &mut window[..size], table.start.saturating_add(done))?;
        done += size as u64;
        for symbol in window[..size].chunks_exact(SYMBOL_SIZE) {
            let kind = symbol[4] & 15;
            let (start, size) = (u64_at(symbol, 8), u64_at(symbol, 16));
            // Functions, also those chosen at load time, that are defined in this file.
            let is_function = (kind == 2 || kind == 10) && u16_at(symbol, 6) != 0;
            let end = start.saturating_add(size);
            if !is_function || start > highest || end <= lowest {
                continue;
            }
            let from = wanted.partition_point(|wanted| wanted.address < start);
            for wanted in wanted[from..].iter_mut().take_while(|wanted| wanted.address < end) {
                if wanted.owner.is_none_or(|owner| owner.start < start) {
                    wanted.owner = Some(Symbol { start, name: u32_at(symbol, 0) });
                }
            }
        }
    }
    Ok(())
}

/// Reads the names of the symbols that were found.
fn read_names(
    read: &ReadAt<'_>,
    table: &SymbolTable,
    mut wanted: Vec<Wanted>,
    count: usize,
) -> Result<Vec<Option<Owner>>> {
    wanted.retain(|wanted| wanted.owner.is_some());
    // Ascending, so that one window serves many names.
    wanted.sort_unstable_by_key(|wanted| wanted.owner.map_or(0, |symbol| symbol.name));
    let mut owners = vec![None; count];
    let mut window = vec![0; WINDOW];
    let (mut window_start, mut window_size) = (0, 0);
    for Wanted { address, position, owner } in wanted {
        let Some(symbol) = owner else { continue };
        let at = u64::from(symbol.name);
        if at >= table.names_size {
            continue;
        }
        // The name ends in the window, or the window starts with it.
        if terminated(&window[..window_size], window_start, at).is_none() {
            window_start = at;
            let size = usize::try_from(table.names_size - at).unwrap_or(WINDOW).min(WINDOW);
            window_size = read(&mut window[..size], table.names.saturating_add(at))?;
        }
        let name = terminated(&window[..window_size], window_start, at)
            .unwrap_or(&window[..window_size.min(LONGEST_NAME)]);
        if !name.is_empty() {
            let name = String::from_utf8_lossy(name).into_owned();
            owners[position] = Some(Owner { name, distance: address - symbol.start });
        }
    }
    Ok(owners)
}

/// The name at `at` if it and the zero behind it are in the window.
fn terminated(window: &[u8], window_start: u64, at: u64) -> Option<&[u8]> {
    let from = usize::try_from(at.checked_sub(window_start)?).ok()?;
    let rest = window.get(from..)?;
    let end = rest.iter().take(LONGEST_NAME).position(|&byte| byte == 0)?;
    Some(&rest[..end])
}

fn exactly(read: &ReadAt<'_>, mut buffer: &mut [u8], mut offset: u64) -> Result<()> {
    while !buffer.is_empty() {
        match read(buffer, offset) {
            Ok(0) => return Err(damaged("the file ends inside one of its tables")),
            Ok(size) => {
                buffer = buffer.get_mut(size..).unwrap_or_default();
                offset = offset.saturating_add(size as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

/// A field of `N` bytes; zeros where the caller's buffer is too short, which no caller's is.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(field(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(field(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(field(bytes, at))
}

#[cfg(test)]
mod tests;
