//! Heap and lock profiles of Java programs, whose addresses are named at the end of the file.
//!
//! ```text
//! --- heapz 1 ---
//! format = java
//! resolution = bytes
//!  2048  2 @ 0x1 0x2
//!
//!  0x1 com.example.Leak.grow (Leak.java:9)
//!  0x2 main (/lib/jvm/libjvm.so)
//! ```

use super::heap::estimate;
use super::scan::{self, Cursor};
use super::stacks::Stacks;
use super::{malformed, maps, unrecognized};
use crate::{Error, ErrorKind, LabelValue, Line, Profile};
use std::collections::HashMap;

/// The mean number of bytes between two samples of a Java heap profile.
const SAMPLE_RATE: i64 = 524_288;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Heap,
    Contention,
}

/// What stands in front of the rows.
#[derive(Clone, Debug, Default)]
struct Header {
    /// The unit of the second value; none as long as no line named it.
    resolution: Option<String>,
    /// The period, if it was named.
    period: Option<i64>,
    duration_nanos: i64,
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let (first, rest) = scan::split_line(bytes).ok_or_else(unrecognized)?;
    let kind = match first.trim_ascii() {
        b"--- heapz 1 ---" => Kind::Heap,
        b"--- contentionz 1 ---" => Kind::Contention,
        _ => return Err(unrecognized()),
    };
    let (header, rest) = read_header(kind, rest)?;
    let types = header.resolution.as_deref().map(|unit| match kind {
        Kind::Heap => [("inuse_objects", "count"), ("inuse_space", unit)],
        Kind::Contention => [("contentions", "count"), ("delay", unit)],
    });
    let mut stacks = Stacks::new(types.as_ref().map_or(&[], |types| types));
    if let Some(period) = header.period {
        stacks.builder.set_period("contentions", "count", period);
    }
    stacks.builder.set_time(0, header.duration_nanos);
    let rest = read_rows(kind, &header, rest, &mut stacks)?;
    name_locations(stacks, rest)
}

/// A complete line without white space around it, and what is behind it.
fn next_line(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (line, rest) = scan::split_line(bytes)?;
    Some((String::from_utf8_lossy(line).trim().to_owned(), rest))
}

/// Reads lines of the form `name=value` up to one that is none, which stays in the rest.
fn read_header(kind: Kind, bytes: &[u8]) -> Result<(Header, &[u8]), Error> {
    let mut header = Header::default();
    let mut rest = bytes;
    while let Some((line, behind)) = next_line(rest) {
        if !line.is_empty() {
            let Some((name, value)) = attribute(&line) else { break };
            let number = || {
                scan::c_number(value).ok_or_else(|| {
                    malformed(format!("failed to parse attribute {line}: it is no number"))
                })
            };
            match (kind, name) {
                (_, "format") if value == "java" => {}
                (_, "resolution") => header.resolution = Some(value.to_owned()),
                (Kind::Contention, "sampling period") => header.period = Some(number()?),
                (Kind::Contention, "ms since reset") => {
                    header.duration_nanos = number()?.saturating_mul(1_000_000);
                }
                _ => return Err(unrecognized()),
            }
        }
        rest = behind;
    }
    Ok((header, rest))
}

/// Name and value around the first `=` that has words on both sides.
fn attribute(line: &str) -> Option<(&str, &str)> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b' ';
    let belongs = |character: char| u8::try_from(character).is_ok_and(is_word);
    line.match_indices('=').find_map(|(position, _)| {
        let before = &line[..position];
        let name = &before[before.trim_end_matches(belongs).len()..];
        let value = Cursor::new(&line[position + 1..]).some(is_word)?;
        (!name.is_empty()).then(|| (name.trim(), value.trim()))
    })
}

/// Reads rows up to a line that is none, which stays in the rest.
fn read_rows<'a>(
    kind: Kind,
    header: &Header,
    bytes: &'a [u8],
    stacks: &mut Stacks,
) -> Result<&'a [u8], Error> {
    let mut rest = bytes;
    let mut addresses = Vec::new();
    while let Some((line, behind)) = next_line(rest) {
        if !line.is_empty() {
            let Some((size, count, list)) = row_parts(&line) else { break };
            addresses.clear();
            scan::read_addresses(list, &line, &mut addresses)?;
            if header.resolution.is_none() {
                return Err(Error::new(ErrorKind::Invalid, "missing sample type information"));
            }
            let number = |digits: &str| {
                scan::c_number(digits).ok_or_else(|| {
                    malformed(format!("parsing sample {line}: {digits} is no 64-bit number"))
                })
            };
            let (count, size) = (number(count)?, number(size)?);
            let frames = addresses.iter().copied();
            match kind {
                Kind::Heap if count == 0 => {
                    return Err(malformed(format!(
                        "parsing sample {line}: second value must be non-zero"
                    )));
                }
                Kind::Heap => {
                    let (objects, bytes) = estimate(count, size, SAMPLE_RATE, f64::trunc);
                    let label = ("bytes", LabelValue::Number(size / count, ""));
                    stacks.sample(frames, &[objects, bytes], &[label]);
                }
                Kind::Contention => {
                    let factor = header.period.filter(|period| *period != 0).unwrap_or(1);
                    let values = [count, size].map(|value| value.saturating_mul(factor));
                    stacks.sample(frames, &values, &[]);
                }
            }
        }
        rest = behind;
    }
    Ok(rest)
}

/// `SIZE COUNT @ ADDRESSES` anywhere in the line.
fn row_parts(line: &str) -> Option<(&str, &str, &str)> {
    line.match_indices('@').find_map(|(position, _)| {
        let before = &line[..position];
        let (rest, count) = last_number(before)?;
        let (_, size) = last_number(rest)?;
        let mut at = Cursor::new(&line[position + 1..]);
        at.literal(" ")?;
        Some((size, count, scan::address_list(&mut at)))
    })
}

/// Splits `… NUMBER` and at least one blank off the end; the rest keeps its blanks.
fn last_number(text: &str) -> Option<(&str, &str)> {
    let number_end = text.trim_end_matches(' ');
    let rest = number_end.trim_end_matches(|character: char| character.is_ascii_digit());
    let number = &number_end[rest.len()..];
    (number_end.len() < text.len() && !number.is_empty()).then_some((rest, number))
}

/// What the end of the file says about an address.
#[derive(Debug)]
struct Place {
    function: String,
    file: String,
    line: i64,
}

/// Finishes a profile with the names that stand in the rest of the file. Named or not, locations
/// lose their addresses, which mean nothing in another run; those that stay without a name get a
/// mapping over everything.
pub(super) fn name_locations(stacks: Stacks, names: &[u8]) -> Result<Profile, Error> {
    let positions: HashMap<u64, usize> =
        stacks.addresses().iter().enumerate().map(|(row, address)| (*address, row)).collect();
    let mut places: Vec<Option<Place>> = Vec::new();
    places.resize_with(positions.len(), || None);
    // Functions are known by name alone; the first line that names one gives its file.
    let mut files: HashMap<String, String> = HashMap::new();
    let mut lines = scan::Lines::new(names);
    while let Some(line) = lines.advance() {
        let line = line.trim();
        let Some((digits, what)) = address_and_name(line) else { continue };
        let address = u64::from_str_radix(digits, 16)
            .map_err(|cause| malformed(format!("parsing sample {line}: {cause}")))?;
        let Some(position) = positions.get(&address) else { continue };
        let mut place = read_place(what);
        let file = files.entry(place.function.clone()).or_insert_with(|| place.file.clone());
        place.file.clone_from(file);
        places[*position] = Some(place);
    }

    let mut builder = stacks.builder;
    let functions: Vec<_> = places
        .iter()
        .map(|place| {
            let place = place.as_ref()?;
            Some((builder.function(&place.function, &place.function, &place.file, 0), place.line))
        })
        .collect();
    let mut profile = builder.finish();
    for (location, named) in profile.locations.iter_mut().zip(&functions) {
        location.first_line = u32::try_from(profile.lines.len()).expect("one line a location");
        if let Some((function, line)) = named {
            location.address = 0;
            location.line_count = 1;
            profile.lines.push(Line { function: *function, line: *line, column: 0 });
        }
    }
    let mut profile = maps::attach(profile, Vec::new());
    for location in &mut profile.locations {
        location.address = 0;
    }
    Ok(profile)
}

/// `0xADDRESS NAME`.
fn address_and_name(line: &str) -> Option<(&str, &str)> {
    let mut at = Cursor::new(line);
    at.literal("0x")?;
    let address = at.hex()?;
    at.space()?;
    Some((address, at.rest()))
}

/// What is behind an address: `function (file:line)`, `function (library)`, or a word that the
/// virtual machine has for itself.
fn read_place(what: &str) -> Place {
    let place = |function: &str, file: &str, line| Place {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
    };
    if let Some(inside) = what.strip_suffix(')') {
        // Where a bracket opens behind white space; the last one that makes sense counts.
        let openings = || {
            let brackets = inside.match_indices('(').map(|(position, _)| position);
            brackets.filter(|at| *at > 0 && scan::is_space(inside.as_bytes()[at - 1])).rev()
        };
        if let Some((before, digits)) = inside.rsplit_once(':')
            && digits.strip_prefix('-').unwrap_or(digits).bytes().all(|byte| byte.is_ascii_digit())
            && digits.ends_with(|last: char| last.is_ascii_digit())
            && let Some(at) = openings().find(|at| at + 1 < before.len())
        {
            let line = digits.parse().ok().filter(|line: &i64| *line > 0);
            return place(&what[..at - 1], &before[at + 1..], line.unwrap_or(0));
        }
        if let Some(at) = openings().next() {
            return place(&what[..at - 1], base_name(&inside[at + 1..]), 0);
        }
    }
    if what.contains("generated stub/JIT") {
        return place("STUB", "", 0);
    }
    place(what, "", 0)
}

/// The last part of a path.
fn base_name(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    match path.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}
