//! `weblist`: the source of functions with the calls that were inlined into each line.
//!
//! Goes in: a profile whose addresses and inlined frames were left alone, the expression for
//! functions, files or binaries (or an address), the source files, and the binaries as far as they
//! are at hand. Comes out: for each file the ranges of lines that belong to one function, with the
//! instructions of each line and what they hold. Locations without an address get one of their own
//! above all mappings.

mod code;

use crate::answer::Surroundings;
use crate::error::{Error, ErrorKind};
use crate::graph::mean;
use crate::numbers::Numbers;
use crate::paths;
use crate::pattern::Pattern;
use crate::sources::Sources;
use crate::value::SampleValue;
use code::{Code, LineSpots, Lines, SpotHere};
use liveheap_profile::{Function, Line, LocationIndex, Profile, StringId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Annotated source with inlined calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WebListReport {
    /// The lines above the source.
    pub header: Vec<String>,
    /// The files, sorted by name.
    pub files: Vec<WebListFile>,
    #[serde(skip)]
    pub(crate) numbers: Numbers,
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebListFile {
    /// The file, as the profile names it.
    pub name: String,
    /// The ranges of lines, in order.
    pub functions: Vec<WebListFunction>,
}

/// A range of lines that belong to one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebListFunction {
    /// The function's name.
    pub name: String,
    /// What the lines hold themselves, in the unit of the sample type.
    pub flat: i64,
    /// The sum of what they and all they called hold, in the unit of the sample type.
    pub cum: i64,
    /// The lines, in order.
    pub lines: Vec<WebListLine>,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebListLine {
    /// Its number, 1-based; 0 for all that has no known line.
    pub number: i64,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// The line without its end, or what is known instead of it.
    pub text: String,
    /// The instructions that belong to the line, or the addresses of which none is known.
    pub addresses: Vec<WebListAddress>,
}

/// An instruction that belongs to a line, or an address of which no instruction is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebListAddress {
    /// The instruction's address in the binary; the process address when no instruction is known.
    pub address: u64,
    /// What the instruction does; empty when it is not known.
    pub instruction: String,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// The innermost source file; may be empty.
    pub file: String,
    /// The line in it, 1-based; 0 when unknown.
    pub line: i64,
    /// Whether there is a gap between the instruction that is shown before and this one.
    pub starts_block: bool,
    /// The calls that lead from the line to the address, outermost first.
    pub calls: Vec<InlinedCall>,
}

/// A call that was inlined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InlinedCall {
    /// The file, as the profile names it.
    pub file: String,
    /// The line in it, 1-based; 0 when unknown.
    pub line: i64,
    /// The text of that line without blanks around it; empty when it is not found.
    pub text: String,
}

/// Two ranges of one function that are fewer lines apart than this are one.
const MERGE_LIMIT: i64 = 20;

/// How many lines are shown around a range.
const MARGIN: i64 = 5;

/// The source of all that matches, without the header.
///
/// # Errors
/// When nothing matches.
pub(crate) fn web_list(
    profile: &Profile,
    pattern: &Pattern,
    value: SampleValue,
    numbers: Numbers,
    search: (&str, &str),
    surroundings: &mut Surroundings<'_>,
) -> Result<WebListReport, Error> {
    let visits = Visits::new(profile, value);
    let interest = Interest::new(profile, pattern, &visits);
    if interest.functions.is_empty() {
        let text = format!("no matches found for regexp: {}", pattern.source());
        return Err(Error::new(ErrorKind::NoMatch, text));
    }
    let code = Code::new(profile, &visits, &interest, surroundings);
    let (source_path, trim_path) = search;
    let mut sources = Sources::new(surroundings, source_path, trim_path);
    let listing = Listing { names: interest.names, code };
    let files = listing.code.files.iter().map(|(name, lines)| WebListFile {
        name: name.clone(),
        functions: listing.functions(name, lines, &mut sources),
    });
    Ok(WebListReport { header: Vec::new(), files: files.collect(), numbers })
}

/// What the addresses of a profile hold.
struct Visits {
    /// The locations that samples have, in order of appearance (each stack from its root).
    order: Vec<LocationIndex>,
    /// The same in the order of their last appearance.
    last_order: Vec<LocationIndex>,
    /// For each location its address, or one of its own; 0 for those that no sample has.
    addresses: Vec<u64>,
    /// For each address what it holds itself, and what it and all it called hold; an address that
    /// stands twice in a stack counts twice.
    held: HashMap<u64, (i64, i64)>,
}

impl Visits {
    fn new(profile: &Profile, value: SampleValue) -> Self {
        let highest = profile.mappings.iter().map(|mapping| mapping.limit).max();
        let mut free_address = highest.unwrap_or(0).max(1);
        let mut order = Vec::new();
        let mut addresses = vec![0; profile.locations.len()];
        let mut sums = vec![(0_i64, 0_i64); profile.locations.len()];
        let mut last_seen = vec![0_usize; profile.locations.len()];
        let mut frame = 0;
        for sample in 0..profile.samples.len() {
            let (amount, divisor) = value.of(profile.samples.values(sample));
            let amount = mean(amount, divisor);
            let stack = profile.samples.stack(sample);
            for at in stack.iter().rev() {
                let position = at.get();
                if addresses[position] == 0 {
                    order.push(*at);
                    addresses[position] = match profile.locations[position].address {
                        0 => {
                            free_address = free_address.wrapping_add(1);
                            free_address.wrapping_sub(1)
                        }
                        address => address,
                    };
                }
                sums[position].1 = sums[position].1.wrapping_add(amount);
                frame += 1;
                last_seen[position] = frame;
            }
            if let Some(leaf) = stack.first() {
                sums[leaf.get()].0 = sums[leaf.get()].0.wrapping_add(amount);
            }
        }
        let mut held: HashMap<u64, (i64, i64)> = HashMap::new();
        for at in &order {
            let (flat, cum) = sums[at.get()];
            let sum = held.entry(addresses[at.get()]).or_default();
            *sum = (sum.0.wrapping_add(flat), sum.1.wrapping_add(cum));
        }
        let mut last_order = order.clone();
        last_order.sort_unstable_by_key(|at| last_seen[at.get()]);
        Self { order, last_order, addresses, held }
    }

    fn held(&self, address: u64) -> (i64, i64) {
        self.held.get(&address).copied().unwrap_or_default()
    }
}

/// What of a profile matches.
struct Interest<'p> {
    /// The names and system names of the functions.
    functions: HashSet<&'p str>,
    /// The addresses at which they were met, each with the first location of that address.
    addresses: BTreeMap<u64, LocationIndex>,
    /// For the system name of a function, its name for people.
    names: HashMap<&'p str, &'p str>,
}

impl<'p> Interest<'p> {
    fn new(profile: &'p Profile, pattern: &Pattern, visits: &Visits) -> Self {
        let function_matches = |function: &Function| {
            [function.name, function.system_name, function.file]
                .iter()
                .any(|text| pattern.is_match(profile.text(*text)))
        };
        let functions: Vec<bool> = profile.functions.iter().map(function_matches).collect();
        let mapping_matches = |file: StringId| pattern.is_match(profile.text(file));
        let mappings: Vec<bool> =
            profile.mappings.iter().map(|mapping| mapping_matches(mapping.file)).collect();
        let wanted_address = parse_address(pattern.source());

        let mut interest =
            Self { functions: HashSet::new(), addresses: BTreeMap::new(), names: HashMap::new() };
        // Where functions share a system name, the last one met names them all, as in pprof.
        for line in visits.last_order.iter().flat_map(|at| profile.lines_of(*at)) {
            let function = profile.function(line);
            let names = (profile.text(function.system_name), profile.text(function.name));
            interest.names.insert(names.0, names.1);
        }
        for at in &visits.order {
            let lines = profile.lines_of(*at);
            let address = visits.addresses[at.get()];
            if wanted_address == Some(address) {
                // An address stands for the function that was called, not for what is inlined.
                if let Some(outermost) = lines.last() {
                    interest.mark(profile, outermost, address, *at);
                }
                continue;
            }
            let mapping = profile.locations[at.get()].mapping;
            let in_mapping = mapping.is_some_and(|mapping| mappings[mapping.get()]);
            for (position, line) in lines.iter().enumerate() {
                if functions[line.function.get()] || (position == 0 && in_mapping) {
                    interest.mark(profile, line, address, *at);
                }
            }
        }
        interest
    }

    fn mark(&mut self, profile: &'p Profile, line: &Line, address: u64, at: LocationIndex) {
        let function = profile.function(line);
        self.functions.extend([function.name, function.system_name].map(|name| profile.text(name)));
        self.addresses.entry(address).or_insert(at);
    }

    fn holds(&self, function: &str) -> bool {
        self.functions.contains(function)
    }
}

/// The number that an expression is, if it is one: decimal, `0x`, `0o`, `0b`, or octal after a 0.
fn parse_address(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let parse = |digits: &str, radix| {
        // A sign is none of the digits of an address.
        digits.chars().all(|c| c.is_ascii_alphanumeric()).then_some(())?;
        u64::from_str_radix(digits, radix).ok()
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return parse(digits, radix);
        }
    }
    match lower.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => parse(digits, 8),
        _ => parse(&lower, 10),
    }
}

fn file_name(file: &str) -> String {
    let file = file.strip_prefix("/proc/self/cwd/").unwrap_or(file);
    paths::clean(file.strip_prefix("./").unwrap_or(file))
}

/// A range of lines of one function; `end` is behind the last.
struct Range<'p> {
    name: &'p str,
    begin: i64,
    end: i64,
    flat: i64,
    cum: i64,
}

/// All that is needed to list a file.
struct Listing<'p> {
    /// For the system name of a function, its name for people.
    names: HashMap<&'p str, &'p str>,
    code: Code,
}

impl Listing<'_> {
    fn functions(
        &self,
        file: &str,
        lines: &Lines,
        sources: &mut Sources<'_, '_>,
    ) -> Vec<WebListFunction> {
        let mut functions = Vec::new();
        for range in self.ranges(lines) {
            if range.cum == 0 {
                continue;
            }
            let numbers = range.begin..range.end;
            functions.push(WebListFunction {
                name: String::from(range.name),
                flat: range.flat,
                cum: range.cum,
                lines: numbers
                    .filter_map(|number| self.line(file, number, lines.get(&number), sources))
                    .collect(),
            });
        }
        functions
    }

    /// The ranges of a file: neighbouring lines of one function, with some lines around them.
    fn ranges<'l>(&'l self, lines: &'l Lines) -> Vec<Range<'l>> {
        let mut ranges: Vec<Range<'_>> = Vec::new();
        for (number, line) in lines {
            let function = line.function.as_str();
            let name = self.names.get(function).copied().unwrap_or(function);
            let (flat, cum) = self.code.sum(line);
            let end = number.saturating_add(1);
            match ranges.last_mut() {
                Some(last)
                    if last.name == name && number.saturating_sub(last.end) < MERGE_LIMIT =>
                {
                    last.end = end;
                    last.flat = last.flat.wrapping_add(flat);
                    last.cum = last.cum.wrapping_add(cum);
                }
                _ => ranges.push(Range { name, begin: *number, end, flat, cum }),
            }
        }
        for position in 0..ranges.len() {
            let begin = ranges[position].begin;
            let above = match position.checked_sub(1) {
                // Line 0 stands for unknown lines and has no neighbours.
                None if begin > MARGIN => MARGIN,
                None => begin.saturating_sub(1).max(0),
                Some(before) => {
                    let gap = begin.saturating_sub(ranges[before].end);
                    let half = (gap / 2).min(MARGIN);
                    ranges[before].end += half;
                    half
                }
            };
            ranges[position].begin -= above;
        }
        if let Some(last) = ranges.last_mut() {
            last.end = last.end.saturating_add(MARGIN);
        }
        ranges
    }

    /// A line; `None` when the file has no such line and nothing belongs to it.
    fn line(
        &self,
        file: &str,
        number: i64,
        line: Option<&LineSpots>,
        sources: &mut Sources<'_, '_>,
    ) -> Option<WebListLine> {
        let text = match sources.line(file, number) {
            Some(text) => String::from(text),
            None if line.is_none() => return None,
            None if number == 0 => String::from("<instructions with unknown line numbers>"),
            None => String::from("???"),
        };
        let (flat, cum) = line.map_or((0, 0), |line| self.code.sum(line));
        let mut end = None;
        let here = line.map_or(&[][..], |line| &line.spots);
        let addresses = here.iter().map(|here| self.address(here, &mut end, sources)).collect();
        Some(WebListLine { number, flat, cum, text, addresses })
    }

    /// A spot; `end` is where the one before ends.
    fn address(
        &self,
        here: &SpotHere,
        end: &mut Option<u64>,
        sources: &mut Sources<'_, '_>,
    ) -> WebListAddress {
        let spot = &self.code.spots[&here.address];
        let starts_block = end.is_some_and(|end| end != here.address);
        *end = Some(here.address.wrapping_add(spot.length));
        let calls = here.calls.iter().map(|(file, line)| {
            let text = sources.line(file, *line).unwrap_or_default().trim();
            InlinedCall { file: file.clone(), line: *line, text: String::from(text) }
        });
        WebListAddress {
            address: spot.shown_address,
            instruction: spot.text.clone(),
            flat: spot.flat,
            cum: spot.cum,
            file: spot.file.clone(),
            line: spot.line,
            starts_block,
            calls: calls.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
