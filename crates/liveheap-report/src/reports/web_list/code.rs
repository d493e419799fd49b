//! What stands at the addresses that `weblist` is about, and to which lines of source it belongs.
//!
//! Goes in: the addresses of interest, what each holds, and the binaries that are at hand. Comes
//! out: for each file and line the instructions there, also those that hold nothing but lie near
//! ones that do. An address whose binary is not at hand, or does not know it, is an entry without
//! an instruction, at the lines that the profile has for it; pprof leaves out the latter.

use super::{Interest, Visits, file_name};
use crate::answer::Surroundings;
use crate::binary::{Binary, Instruction, InstructionFrame};
use liveheap_profile::{LocationIndex, MappingIndex, Profile};
use std::collections::BTreeMap;

/// How many bytes around an address are shown.
const EXPANSION: u64 = 500;

/// In how many ranges of addresses instructions are shown; those that hold the most.
const RANGE_LIMIT: usize = 25;

/// An instruction without a line gets that of one at most so many bytes before it.
const NEIGHBORHOOD: u64 = 32;

/// All that is shown of a program.
#[derive(Default)]
pub(super) struct Code {
    /// By address in the process; each belongs to a line at least.
    pub(super) spots: BTreeMap<u64, Spot>,
    /// For each file, in order, its lines.
    pub(super) files: BTreeMap<String, Lines>,
}

/// For each line of a file, what belongs to it.
pub(super) type Lines = BTreeMap<i64, LineSpots>;

/// An instruction, or an address of which no instruction is known.
pub(super) struct Spot {
    /// Its address in the binary; in the process when there is no instruction.
    pub(super) shown_address: u64,
    /// How many addresses it takes.
    pub(super) length: u64,
    /// What the instruction does; empty when it is not known.
    pub(super) text: String,
    /// The innermost source file and line; may be empty, may be 0.
    pub(super) file: String,
    pub(super) line: i64,
    pub(super) flat: i64,
    pub(super) cum: i64,
}

/// What belongs to a line, and the function that the line is taken to belong to.
pub(super) struct LineSpots {
    pub(super) function: String,
    pub(super) spots: Vec<SpotHere>,
}

/// A spot as seen from one of its lines.
pub(super) struct SpotHere {
    pub(super) address: u64,
    /// The file and line of the calls that lead from here to the spot, outermost first.
    pub(super) calls: Vec<(String, i64)>,
}

/// Addresses close to each other, in the process.
struct Range {
    begin: u64,
    end: u64,
    mapping: MappingIndex,
    flat: i64,
}

impl Code {
    pub(super) fn new(
        profile: &Profile,
        visits: &Visits,
        interest: &Interest<'_>,
        surroundings: &mut Surroundings<'_>,
    ) -> Self {
        let binaries = binaries(profile, interest, surroundings);
        let binary_of = |at: LocationIndex| {
            let mapping = profile.locations[at.get()].mapping?;
            binaries[mapping.get()].as_ref().map(|_| mapping)
        };
        let mut code = Self::default();
        let mut addresses: Vec<(u64, MappingIndex)> = Vec::new();
        for (&address, &at) in &interest.addresses {
            match binary_of(at) {
                Some(mapping) => addresses.push((address, mapping)),
                None => code.put_location(profile, visits, interest, address, at),
            }
        }
        let mut ranges = ranges(profile, visits, &addresses);
        ranges.sort_by_key(|range| std::cmp::Reverse(range.flat));
        ranges.truncate(RANGE_LIMIT);
        let mut instructions = instructions(&binaries, &ranges);
        for (range, instructions) in ranges.iter().zip(&mut instructions) {
            if let Some(binary) = &binaries[range.mapping.get()] {
                let instructions = std::mem::take(instructions);
                code.put_instructions(visits, interest, binary.difference, instructions);
            }
        }
        for (address, _) in addresses {
            if !code.covers(address) {
                let at = interest.addresses[&address];
                code.put_location(profile, visits, interest, address, at);
            }
        }
        code
    }

    /// What the spots of a line hold.
    pub(super) fn sum(&self, line: &LineSpots) -> (i64, i64) {
        line.spots
            .iter()
            .filter_map(|here| self.spots.get(&here.address))
            .fold((0, 0), |(flat, cum), spot| {
                (flat.wrapping_add(spot.flat), cum.wrapping_add(spot.cum))
            })
    }

    /// Whether an address is shown, perhaps as part of an instruction.
    fn covers(&self, address: u64) -> bool {
        let last = self.spots.range(..=address).next_back();
        last.is_some_and(|(start, spot)| address - start < spot.length)
    }

    /// Puts an address where the profile says it belongs.
    fn put_location(
        &mut self,
        profile: &Profile,
        visits: &Visits,
        interest: &Interest<'_>,
        address: u64,
        at: LocationIndex,
    ) {
        let lines = profile.lines_of(at).iter();
        let frames: Vec<InstructionFrame> = lines
            .map(|line| {
                let function = profile.function(line);
                InstructionFrame {
                    function: String::from(profile.text(function.name)),
                    file: String::from(profile.text(function.file)),
                    line: line.line,
                }
            })
            .collect();
        if self.put(interest, address, &frames) {
            let spot = Spot::new(visits, address, address, 1, String::new(), frames.first());
            self.spots.insert(address, spot);
        }
    }

    /// Puts instructions where the binary says they belong. `difference` gives their addresses in the
    /// binary from those of the process.
    fn put_instructions(
        &mut self,
        visits: &Visits,
        interest: &Interest<'_>,
        difference: u64,
        instructions: Vec<Instruction>,
    ) {
        let mut with_line: Option<(u64, &[InstructionFrame])> = None;
        let mut nexts = instructions.iter().skip(1);
        for instruction in &instructions {
            let address = instruction.address.wrapping_sub(difference);
            let next = nexts.next().map_or(0, |next| next.address);
            let length = next.checked_sub(instruction.address).unwrap_or(1).max(1);
            let mut frames = instruction.frames.as_slice();
            match frames.first() {
                Some(frame) if frame.line != 0 => with_line = Some((address, frames)),
                Some(frame) if !frame.file.is_empty() => {
                    if let Some((before, its_frames)) = with_line
                        && address.saturating_sub(before) <= NEIGHBORHOOD
                    {
                        frames = its_frames;
                    }
                }
                // What fills the gaps between functions is in no source.
                _ => continue,
            }
            // Mappings may overlap.
            if !self.spots.contains_key(&address) && self.put(interest, address, frames) {
                let text = instruction.text.clone();
                let innermost = instruction.frames.first();
                let shown = instruction.address;
                let spot = Spot::new(visits, address, shown, length, text, innermost);
                self.spots.insert(address, spot);
            }
        }
    }

    /// Puts an address at the lines of all its functions that are of interest; whether there are any.
    fn put(&mut self, interest: &Interest<'_>, address: u64, frames: &[InstructionFrame]) -> bool {
        let mut is_put = false;
        for (depth, frame) in frames.iter().enumerate() {
            if !interest.holds(&frame.function) {
                continue;
            }
            is_put = true;
            let calls = frames[..depth].iter().rev();
            let calls = calls.map(|call| (call.file.clone(), call.line)).collect();
            let lines = self.files.entry(file_name(&frame.file)).or_default();
            let line = lines.entry(frame.line).or_insert_with(|| LineSpots {
                function: frame.function.clone(),
                spots: Vec::new(),
            });
            line.spots.push(SpotHere { address, calls });
        }
        is_put
    }
}

impl Spot {
    fn new(
        visits: &Visits,
        address: u64,
        shown_address: u64,
        length: u64,
        text: String,
        innermost: Option<&InstructionFrame>,
    ) -> Self {
        // Samples may point into the middle of an instruction.
        let (flat, cum) = (address..address.saturating_add(length))
            .map(|address| visits.held(address))
            .fold((0_i64, 0_i64), |(flat, cum), held| {
                (flat.wrapping_add(held.0), cum.wrapping_add(held.1))
            });
        let (file, line) =
            innermost.map_or((String::new(), 0), |frame| (frame.file.clone(), frame.line));
        Self { shown_address, length, text, file, line, flat, cum }
    }
}

/// The binary of each mapping that has an address of interest, as far as it is at hand.
fn binaries(
    profile: &Profile,
    interest: &Interest<'_>,
    surroundings: &mut Surroundings<'_>,
) -> Vec<Option<Binary>> {
    let mut is_wanted = vec![false; profile.mappings.len()];
    for at in interest.addresses.values() {
        let location = profile.locations[at.get()];
        if let Some(mapping) = location.mapping.filter(|_| location.address != 0) {
            is_wanted[mapping.get()] = true;
        }
    }
    let mappings = profile.mappings.iter().zip(is_wanted);
    mappings
        .map(|(mapping, is_wanted)| {
            let is_wanted = is_wanted && !profile.text(mapping.file).is_empty();
            is_wanted.then(|| (surroundings.open_binary)(profile, mapping).ok()).flatten()
        })
        .collect()
}

/// The instructions of each range, none where they cannot be read: then the profile's own lines
/// still show what the addresses hold.
fn instructions(binaries: &[Option<Binary>], ranges: &[Range]) -> Vec<Vec<Instruction>> {
    let mut instructions = vec![Vec::new(); ranges.len()];
    // Each binary is asked once: to prepare its debug information takes the longest.
    for (mapping, binary) in binaries.iter().enumerate() {
        let Some(binary) = binary else { continue };
        let (positions, wanted): (Vec<usize>, Vec<_>) = ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.mapping.get() == mapping)
            .map(|(position, range)| {
                let (begin, end) = (range.begin, range.end);
                (position, binary.file_address(begin)..binary.file_address(end))
            })
            .unzip();
        if wanted.is_empty() {
            continue;
        }
        for (position, found) in positions.into_iter().zip((binary.instructions)(&wanted)) {
            instructions[position] = found.unwrap_or_default();
        }
    }
    instructions
}

/// Puts addresses together that are close to each other, with what lies around them.
fn ranges(profile: &Profile, visits: &Visits, addresses: &[(u64, MappingIndex)]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for &(address, mapping) in addresses {
        let flat = visits.held(address).0;
        match ranges.last_mut() {
            // Around both there would be the same.
            Some(last) if last.mapping == mapping && address - last.end <= 2 * EXPANSION => {
                last.end = address;
                last.flat = last.flat.wrapping_add(flat);
            }
            _ => ranges.push(Range { begin: address, end: address, mapping, flat }),
        }
    }
    for range in &mut ranges {
        let limit = profile.mappings[range.mapping.get()].limit;
        range.begin = range.begin.saturating_sub(EXPANSION);
        range.end = range.end.saturating_add(EXPANSION).min(limit.max(range.end));
    }
    ranges
}
