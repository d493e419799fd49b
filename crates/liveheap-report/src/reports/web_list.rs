//! `weblist`: the source of functions with the calls that were inlined into each line.
//!
//! Goes in: a profile whose addresses and inlined frames were left alone, the expression for
//! functions, files or binaries (or an address), and the source files. Comes out: for each file the
//! ranges of lines that belong to one function, with what the addresses behind each line hold.
//! Instructions are not read: no binary is opened here. Locations without an address get one of
//! their own above all mappings.

use crate::error::{Error, ErrorKind};
use crate::graph::mean;
use crate::numbers::Numbers;
use crate::paths;
use crate::pattern::Pattern;
use crate::sources::Sources;
use crate::value::SampleValue;
use liveheap_profile::{Function, Line, LocationIndex, Profile, StringId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

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
    /// The addresses that belong to the line, in order.
    pub addresses: Vec<WebListAddress>,
}

/// An address that belongs to a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebListAddress {
    /// The process address.
    pub address: u64,
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
    sources: &mut Sources<'_, '_>,
) -> Result<WebListReport, Error> {
    let visits = Visits::new(profile, value);
    let interest = Interest::new(profile, pattern, &visits);
    if interest.functions.is_empty() {
        let text = format!("no matches found for regexp: {}", pattern.source());
        return Err(Error::new(ErrorKind::NoMatch, text));
    }
    let files = lines_by_file(profile, &interest);
    let listing = Listing { profile, visits, interest };
    let files = files
        .iter()
        .map(|(name, lines)| WebListFile {
            name: name.clone(),
            functions: listing.functions(name, lines, sources),
        })
        .collect();
    Ok(WebListReport { header: Vec::new(), files, numbers })
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
struct Interest {
    /// The names and system names of the functions.
    functions: Vec<StringId>,
    /// The addresses at which they were met, each with the first location of that address.
    addresses: BTreeMap<u64, LocationIndex>,
    /// For the system name of a function, its name for people.
    names: HashMap<StringId, StringId>,
}

impl Interest {
    fn new(profile: &Profile, pattern: &Pattern, visits: &Visits) -> Self {
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
            Self { functions: Vec::new(), addresses: BTreeMap::new(), names: HashMap::new() };
        // Where functions share a system name, the last one met names them all, as in pprof.
        for line in visits.last_order.iter().flat_map(|at| profile.lines_of(*at)) {
            let function = profile.function(line);
            interest.names.insert(function.system_name, function.name);
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
        interest.functions.sort_unstable();
        interest.functions.dedup();
        interest
    }

    fn mark(&mut self, profile: &Profile, line: &Line, address: u64, at: LocationIndex) {
        let function = profile.function(line);
        self.functions.extend([function.name, function.system_name]);
        self.addresses.entry(address).or_insert(at);
    }

    fn holds(&self, function: StringId) -> bool {
        self.functions.binary_search(&function).is_ok()
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

/// The addresses that belong to a line, and the function that the line is taken to belong to.
struct LineAddresses {
    function: StringId,
    addresses: Vec<AddressHere>,
}

/// An address as seen from one of its lines.
struct AddressHere {
    address: u64,
    at: LocationIndex,
    /// How many lines of the location are inlined into this one.
    depth: usize,
}

type Lines = BTreeMap<i64, LineAddresses>;

/// For each file, what belongs to its lines.
fn lines_by_file(profile: &Profile, interest: &Interest) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    for (address, at) in &interest.addresses {
        for (depth, line) in profile.lines_of(*at).iter().enumerate() {
            let function = profile.function(line);
            if !interest.holds(function.name) {
                continue;
            }
            let lines = files.entry(file_name(profile.text(function.file))).or_default();
            let line = lines.entry(line.line).or_insert_with(|| LineAddresses {
                function: function.name,
                addresses: Vec::new(),
            });
            line.addresses.push(AddressHere { address: *address, at: *at, depth });
        }
    }
    files
}

fn file_name(file: &str) -> String {
    let file = file.strip_prefix("/proc/self/cwd/").unwrap_or(file);
    paths::clean(file.strip_prefix("./").unwrap_or(file))
}

/// A range of lines of one function; `end` is behind the last.
struct Range {
    name: StringId,
    begin: i64,
    end: i64,
    flat: i64,
    cum: i64,
}

/// All that is needed to list a file.
struct Listing<'p> {
    profile: &'p Profile,
    visits: Visits,
    interest: Interest,
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
                name: String::from(self.profile.text(range.name)),
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
    fn ranges(&self, lines: &Lines) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for (number, line) in lines {
            let name = self.interest.names.get(&line.function).copied().unwrap_or(line.function);
            let (flat, cum) = self.sum(line);
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

    fn sum(&self, line: &LineAddresses) -> (i64, i64) {
        line.addresses.iter().fold((0, 0), |(flat, cum), here| {
            let held = self.visits.held(here.address);
            (flat.wrapping_add(held.0), cum.wrapping_add(held.1))
        })
    }

    /// A line; `None` when the file has no such line and nothing belongs to it.
    fn line(
        &self,
        file: &str,
        number: i64,
        line: Option<&LineAddresses>,
        sources: &mut Sources<'_, '_>,
    ) -> Option<WebListLine> {
        let text = match sources.line(file, number) {
            Some(text) => String::from(text),
            None if line.is_none() => return None,
            None if number == 0 => String::from("<instructions with unknown line numbers>"),
            None => String::from("???"),
        };
        let (flat, cum) = line.map_or((0, 0), |line| self.sum(line));
        let here = line.map_or(&[][..], |line| &line.addresses);
        let addresses = here.iter().map(|here| self.address(here, sources)).collect();
        Some(WebListLine { number, flat, cum, text, addresses })
    }

    fn address(&self, here: &AddressHere, sources: &mut Sources<'_, '_>) -> WebListAddress {
        let inlined = &self.profile.lines_of(here.at)[..here.depth];
        let calls = inlined.iter().rev().map(|line| {
            let file = self.profile.text(self.profile.function(line).file);
            let text = sources.line(file, line.line).unwrap_or_default().trim();
            InlinedCall { file: String::from(file), line: line.line, text: String::from(text) }
        });
        WebListAddress { address: here.address, calls: calls.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_address;

    #[test]
    fn an_address_is_a_number_in_the_notation_of_go() {
        let cases = [
            ("0x1F", Some(31)),
            ("0b11", Some(3)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("17", Some(17)),
            ("0", Some(0)),
            ("main", None),
            ("+1", None),
            ("", None),
        ];
        for (text, address) in cases {
            assert_eq!(parse_address(text), address, "{text}");
        }
    }
}
