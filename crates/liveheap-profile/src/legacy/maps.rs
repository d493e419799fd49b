//! The memory map at the end of a profile, and the mappings of addresses.
//!
//! Lines are those of Linux (`400000-500000 r-xp 00001000 08:01 42 /bin/app`) or shorter ones
//! (`400000-500000: /bin/app (@1000) BUILDID`). Ranges that hold no code are left out. A line
//! `name=value` defines `$name` for the lines below it. Everything else is skipped.
//!
//! [`attach`] mends what writers are known to get wrong, by pprof's rules, and puts each address
//! into the mapping that contains it. Where ranges overlap, the first one of the file counts.

use super::scan::{self, Cursor, Lines};
use crate::{Mapping, MappingIndex, Profile, ProfileBuilder};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Bounds for definitions, far beyond real ones: their number, and the length in bytes of a value
/// and of a line that has values put in. So a hostile map cannot grow without end.
const DEFINITIONS: usize = 64;
const VALUE_BYTES: usize = 4096;
const LINE_BYTES: usize = 1 << 16;

/// Reads the rest of the lines as a memory map.
pub(super) fn read(mut lines: Lines<'_>, texts: &mut ProfileBuilder) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    let mut definitions: Vec<(String, String)> = Vec::new();
    while let Some(line) = lines.advance() {
        let line = with_definitions(without_log_prefix(line), &definitions);
        match read_entry(&line) {
            Some(Entry { permissions, .. })
                if !permissions.is_empty() && !permissions.contains('x') => {}
            Some(entry) if entry.numbers().is_some() => {
                let (start, limit, offset) = entry.numbers().unwrap_or_default();
                mappings.push(Mapping {
                    start,
                    limit,
                    offset,
                    file: texts.string(entry.file),
                    build_id: texts.string(entry.build_id),
                    ..Mapping::default()
                });
            }
            _ => {
                if let Some((name, value)) = line.split_once('=')
                    && definitions.len() < DEFINITIONS
                    && value.len() <= VALUE_BYTES
                {
                    definitions.push((format!("${}", name.trim()), value.trim().to_owned()));
                }
            }
        }
    }
    mappings
}

/// Cuts off what Google's logger puts in front: anything without square brackets up to `:LINE] `.
fn without_log_prefix(line: &str) -> &str {
    let cut = || {
        let (before, after) = line.split_once(['[', ']'])?;
        let place = before.trim_end_matches(|character: char| character.is_ascii_digit());
        let is_place = place.len() < before.len() && place.len() > 1 && place.ends_with(':');
        let is_closed = line.as_bytes()[before.len()] == b']';
        let is_followed = after.bytes().next().is_some_and(scan::is_space);
        (is_place && is_closed && is_followed).then(|| &after[1..])
    };
    cut().unwrap_or(line)
}

fn with_definitions<'a>(line: &'a str, definitions: &[(String, String)]) -> Cow<'a, str> {
    if definitions.is_empty() || line.len() > LINE_BYTES || !line.contains('$') {
        return Cow::Borrowed(line);
    }
    let mut out = String::new();
    let mut rest = line;
    while let Some(position) = rest.find('$') {
        out.push_str(&rest[..position]);
        rest = &rest[position..];
        let known = definitions.iter().find(|(name, _)| rest.starts_with(name));
        match known {
            Some((name, value)) if out.len() + value.len() <= LINE_BYTES => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            _ => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A line of the map, as text. What the line does not have is empty.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    start: &'a str,
    limit: &'a str,
    offset: &'a str,
    permissions: &'a str,
    file: &'a str,
    build_id: &'a str,
}

impl Entry<'_> {
    fn numbers(&self) -> Option<(u64, u64, u64)> {
        let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
        let offset = if self.offset.is_empty() { Some(0) } else { number(self.offset) };
        Some((number(self.start)?, number(self.limit)?, offset?))
    }
}

fn read_entry(line: &str) -> Option<Entry<'_>> {
    let mut at = Cursor::new(line);
    at.run(scan::is_space);
    let start = prefixed_hex(&mut at)?;
    let ranges = [range_of_two(start, at), range_of_one(start, at)];
    let linux =
        ranges.iter().flatten().find_map(|(start, limit, rest)| linux_entry(start, limit, *rest));
    linux.or_else(|| {
        let (start, limit, rest) = ranges.into_iter().flatten().next()?;
        Some(short_entry(start, limit, rest))
    })
}

/// Hexadecimal digits, with or without `0x`.
fn prefixed_hex<'a>(at: &mut Cursor<'a>) -> Option<&'a str> {
    let mut prefixed = *at;
    if prefixed.literal("0x").is_some()
        && let Some(digits) = prefixed.hex()
    {
        *at = prefixed;
        return Some(digits);
    }
    at.hex()
}

type Range<'a> = (&'a str, &'a str, Cursor<'a>);

/// Two numbers with a dash or white space between them.
fn range_of_two<'a>(start: &'a str, mut at: Cursor<'a>) -> Option<Range<'a>> {
    let _ = at.literal("-");
    at.run(scan::is_space);
    let limit = prefixed_hex(&mut at)?;
    let _ = at.literal(":");
    Some((start, limit, at))
}

/// One number, of which pprof takes the last digit for the limit, or for the start of `0x…`. Few
/// such mappings contain any address, but they stand in the table.
fn range_of_one<'a>(number: &'a str, mut at: Cursor<'a>) -> Option<Range<'a>> {
    let (start, mut limit) = number.split_at(number.len() - 1);
    if limit == "0" {
        let prefixed = optional(&mut at, |at| {
            at.literal("x")?;
            at.hex()
        });
        limit = if prefixed.is_empty() { limit } else { prefixed };
    }
    let _ = at.literal(":");
    (!start.is_empty()).then_some((start, limit, at))
}

/// Takes a step and stays where it was if that fails.
fn optional<'a>(
    at: &mut Cursor<'a>,
    step: impl FnOnce(&mut Cursor<'a>) -> Option<&'a str>,
) -> &'a str {
    let mut ahead = *at;
    match step(&mut ahead) {
        Some(found) => {
            *at = ahead;
            found
        }
        None => "",
    }
}

fn permissions<'a>(at: &mut Cursor<'a>) -> &'a str {
    optional(at, |at| {
        at.space()?;
        at.some(|byte| matches!(byte, b'-' | b'r' | b'w' | b'x' | b'p'))
    })
}

fn word<'a>(at: &mut Cursor<'a>) -> &'a str {
    optional(at, |at| {
        at.space()?;
        at.word()
    })
}

/// `[PERMISSIONS] [OFFSET] MAJOR:MINOR INODE [FILE]`.
fn linux_entry<'a>(start: &'a str, limit: &'a str, mut at: Cursor<'a>) -> Option<Entry<'a>> {
    let permissions = permissions(&mut at);
    at.space()?;
    let first = at.hex()?;
    let mut offset = "";
    if at.literal(":").is_none() {
        offset = first;
        at.space()?;
        at.hex()?;
        at.literal(":")?;
    }
    at.hex()?;
    at.space()?;
    at.digits()?;
    let file = word(&mut at);
    Some(Entry { start, limit, offset, permissions, file, build_id: "" })
}

/// `[PERMISSIONS] [FILE] [(@OFFSET)] [BUILDID]`.
fn short_entry<'a>(start: &'a str, limit: &'a str, mut at: Cursor<'a>) -> Entry<'a> {
    let permissions = permissions(&mut at);
    let file = word(&mut at);
    let offset = optional(&mut at, |at| {
        at.space()?;
        at.literal("(@")?;
        let offset = at.hex()?;
        at.literal(")")?;
        Some(offset)
    });
    let build_id = optional(&mut at, |at| {
        at.space()?;
        at.hex()
    });
    Entry { start, limit, offset, permissions, file, build_id }
}

/// Mends the mappings, gives them to the profile, and puts its locations into them. An address
/// that none contains goes to one more mapping, which contains them all.
pub(super) fn attach(mut profile: Profile, mappings: Vec<Mapping>) -> Profile {
    let mut mappings = joined(&profile, mappings);
    main_binary_first(&profile, &mut mappings);
    if let [first, second, ..] = &mappings[..]
        && profile.text(first.file).starts_with("/anon_hugepage")
        && first.limit == second.start
    {
        mappings.remove(0);
    }
    // Where binaries begin that are not position independent: the map said where their code does.
    const USUAL_START: u64 = 0x40_0000;
    if let Some(main) = mappings.first_mut()
        && main.start.wrapping_sub(main.offset) == USUAL_START
    {
        (main.start, main.offset) = (USUAL_START, 0);
    }
    locate(&mut profile, &mut mappings);
    for (id, mapping) in (1..).zip(&mut mappings) {
        mapping.id = id;
    }
    profile.mappings = mappings;
    profile
}

/// Joins neighbours that are parts of one mapping.
fn joined(profile: &Profile, mappings: Vec<Mapping>) -> Vec<Mapping> {
    let mut joined: Vec<Mapping> = Vec::with_capacity(mappings.len());
    for mapping in mappings {
        match joined.last_mut() {
            Some(last) if continues(last, &mapping) => {
                last.limit = mapping.limit;
                if !profile.text(mapping.file).is_empty() {
                    last.file = mapping.file;
                }
                if !mapping.build_id.is_empty() {
                    last.build_id = mapping.build_id;
                }
            }
            _ => joined.push(mapping),
        }
    }
    joined
}

/// Whether `next` goes on where `last` ends, in memory and, as far as is known, in the same file.
fn continues(last: &Mapping, next: &Mapping) -> bool {
    let agree = |one: crate::StringId, other: crate::StringId| {
        one.is_empty() || other.is_empty() || one == other
    };
    let expected = last.offset.wrapping_add(last.limit.wrapping_sub(last.start));
    agree(last.file, next.file)
        && agree(last.build_id, next.build_id)
        && last.limit == next.start
        && (last.offset == 0 || next.offset == 0 || next.offset == expected)
}

/// Swaps the first mapping that looks like a program, and not like a library, to the front.
fn main_binary_first(profile: &Profile, mappings: &mut [Mapping]) {
    let main = mappings.iter().position(|mapping| {
        let file = profile.text(mapping.file).replace("(deleted)", "");
        let file = file.trim();
        !file.is_empty() && !file.starts_with('[') && !is_library(file)
    });
    if let Some(main) = main {
        mappings.swap(0, main);
    }
}

/// `….so`, `….so.6`, `….so_2`.
fn is_library(file: &str) -> bool {
    file.ends_with(".so")
        || file.match_indices(".so").any(|(position, word)| {
            let behind = &file.as_bytes()[position + word.len()..];
            matches!(behind, [b'.' | b'_', digit, ..] if digit.is_ascii_digit())
        })
}

/// Puts each location into its mapping; address 0 stays without.
fn locate(profile: &mut Profile, mappings: &mut Vec<Mapping>) {
    let regular = Regions::new(mappings.iter().map(|mapping| mapping.start..mapping.limit));
    // Some writers leave out the first part of a binary that is mapped in two. An address there
    // proves that it was.
    let left_out = Regions::new(mappings.iter().map(|mapping| {
        let start = mapping.start.wrapping_sub(mapping.offset);
        start..if mapping.offset == 0 { start } else { mapping.start }
    }));
    let mut everything = None;
    for location in &mut profile.locations {
        let address = location.address;
        if address == 0 {
            continue;
        }
        // Behind the first address that is nowhere, all others like it are there too.
        let in_left_out = || if everything.is_none() { left_out.find(address) } else { None };
        let found = match (regular.find(address), in_left_out()) {
            (Some(position), _) => position,
            (None, Some(position)) => {
                let mapping = &mut mappings[position];
                mapping.start = mapping.start.wrapping_sub(mapping.offset);
                mapping.offset = 0;
                position
            }
            (None, None) => *everything.get_or_insert_with(|| {
                mappings.push(Mapping { limit: u64::MAX, ..Mapping::default() });
                mappings.len() - 1
            }),
        };
        location.mapping = Some(MappingIndex::new(found));
    }
}

/// Which of many ranges an address is in: of several the first in their order.
#[derive(Debug)]
struct Regions {
    /// First addresses in ascending order, and which range counts from there to the next one.
    starts: Vec<(u64, Option<usize>)>,
}

impl Regions {
    fn new(ranges: impl Iterator<Item = std::ops::Range<u64>>) -> Self {
        let mut borders = Vec::new();
        for (position, range) in ranges.enumerate().filter(|(_, range)| !range.is_empty()) {
            borders.push((range.start, position, true));
            borders.push((range.end, position, false));
        }
        borders.sort_unstable();
        let mut open = BTreeSet::new();
        let mut starts: Vec<(u64, Option<usize>)> = Vec::new();
        for (address, position, opens) in borders {
            if opens {
                open.insert(position);
            } else {
                open.remove(&position);
            }
            let first = open.first().copied();
            match starts.last_mut() {
                Some(last) if last.0 == address => last.1 = first,
                _ => starts.push((address, first)),
            }
        }
        Self { starts }
    }

    fn find(&self, address: u64) -> Option<usize> {
        let behind = self.starts.partition_point(|(start, _)| *start <= address);
        self.starts[..behind].last().and_then(|(_, position)| *position)
    }
}
