//! Puts profiles together, with pprof's rules for what is the same.
//!
//! [`merge`] first brings the profiles to common sample types and units (`merge/align.rs`), then
//! enters the samples of each into one set of tables, in which everything is numbered in order of
//! first use. What is equal becomes one row: functions of the same name, file and line; mappings of
//! the same size, offset and build id (or file, without one); locations of the same distance from
//! the start of the same mapping, with the same lines; samples of the same stack and labels, whose
//! values add up.

mod align;
#[cfg(test)]
mod tests;

use crate::lookup::{Lookup, Seed};
use crate::scale::check_same_types;
use crate::{
    Error, ErrorKind, Function, FunctionIndex, Interner, Label, LabelData, Line, Location,
    LocationIndex, Mapping, MappingIndex, Profile, Samples, StringId, ValueType,
};
use std::collections::{HashMap, HashSet};

/// Merges profiles into one. One profile alone keeps its tables as they are.
///
/// Only the sample types that all profiles have are kept, in the order of the first one, each in
/// the finest unit that a profile has it in. Samples that are zero, or cancel to zero, vanish, and
/// so does what only they used. Sums beyond 64 bits saturate.
///
/// # Errors
/// `Incompatible` when no sample type is common to all or units cannot be converted; `Limit` when
/// the result would have too many frames; `Empty` without any profile.
pub fn merge(profiles: Vec<Profile>) -> Result<Profile, Error> {
    let mut profiles = align::common_units(align::common_types(profiles)?)?;
    match profiles.pop() {
        None => Err(Error::new(ErrorKind::Empty, "no profiles to merge")),
        Some(single) if profiles.is_empty() => Ok(single),
        Some(last) => {
            profiles.push(last);
            combine(profiles)
        }
    }
}

/// Drops what no sample uses and samples that are zero, makes one row of equal rows, and numbers
/// all tables anew in order of first use.
#[expect(clippy::missing_panics_doc, reason = "nothing that one profile holds can bring it about")]
pub fn compact(profile: Profile) -> Profile {
    combine(vec![profile]).expect("one profile neither contradicts itself nor grows")
}

/// Merges profiles whose types agree.
fn combine(profiles: Vec<Profile>) -> Result<Profile, Error> {
    for other in profiles.iter().skip(1) {
        check_same_types(&profiles[0], other)?;
    }
    let mut merger = Merger::new(&profiles);
    for profile in profiles {
        merger.add(&profile)?;
    }
    let merged = merger.finish();
    let cancelled = (0..merged.samples.len()).any(|sample| is_zero(&merged, sample));
    if cancelled {
        // What only the cancelled samples used must go too. All rows differ already.
        let mut merger = Merger::new(std::slice::from_ref(&merged));
        merger.are_rows_distinct = true;
        merger.add(&merged)?;
        return Ok(merger.finish());
    }
    Ok(merged)
}

fn is_zero(profile: &Profile, sample: usize) -> bool {
    profile.samples.values(sample).iter().all(|value| *value == 0)
}

/// What makes two mappings the same: size in whole pages, offset, and build id or else file.
type MappingKey = (u64, u64, StringId);

/// Columns are addressed with 32 bits.
const LIMIT: usize = u32::MAX as usize;

/// The profile in the making, with tables that find equal rows.
struct Merger {
    merged: Profile,
    strings: Interner,
    mappings: HashMap<MappingKey, MappingIndex>,
    functions: Lookup,
    locations: Lookup,
    samples: Lookup,
    seed: Seed,
    /// Whether all rows of the source are known to differ, so that none is looked for.
    are_rows_distinct: bool,
    /// The labels of the sample at hand; kept to be used again.
    labels: Vec<Label>,
    /// Its stack.
    stack: Vec<LocationIndex>,
}

impl Merger {
    fn new(profiles: &[Profile]) -> Self {
        let first = &profiles[0];
        let mut merger = Self {
            merged: Profile { samples: Samples::new(first.samples.width()), ..Profile::default() },
            strings: Interner::new(),
            mappings: HashMap::new(),
            functions: Lookup::with_capacity(first.functions.len()),
            locations: Lookup::with_capacity(first.locations.len()),
            samples: Lookup::with_capacity(first.samples.len()),
            seed: Seed::new(),
            are_rows_distinct: false,
            labels: Vec::new(),
            stack: Vec::new(),
        };
        merger.headers(profiles);
        merger
    }

    /// What a whole profile has only one of. The first profile decides most of it.
    fn headers(&mut self, profiles: &[Profile]) {
        let first = &profiles[0];
        let Self { merged, strings, .. } = self;
        let mut value_type = |of: &ValueType| ValueType {
            kind: strings.intern(first.text(of.kind)),
            unit: strings.intern(first.text(of.unit)),
        };
        merged.sample_types = first.sample_types.iter().map(&mut value_type).collect();
        merged.period_type = value_type(&first.period_type);
        merged.drop_frames = strings.intern(first.text(first.drop_frames));
        merged.keep_frames = strings.intern(first.text(first.keep_frames));
        let mut comments = HashSet::new();
        for profile in profiles {
            // An unknown time in a later profile makes the whole unknown, as in pprof.
            if merged.time_nanos == 0 || profile.time_nanos < merged.time_nanos {
                merged.time_nanos = profile.time_nanos;
            }
            merged.duration_nanos = merged.duration_nanos.saturating_add(profile.duration_nanos);
            if merged.period == 0 || merged.period < profile.period {
                merged.period = profile.period;
            }
            for comment in &profile.comments {
                let comment = strings.intern(profile.text(*comment));
                if comments.insert(comment) {
                    merged.comments.push(comment);
                }
            }
            if merged.default_sample_type.is_empty() {
                merged.default_sample_type =
                    strings.intern(profile.text(profile.default_sample_type));
            }
            if merged.doc_url.is_empty() {
                merged.doc_url = strings.intern(profile.text(profile.doc_url));
            }
        }
    }

    fn add(&mut self, profile: &Profile) -> Result<(), Error> {
        let mut source = Source::new(profile);
        if self.merged.mappings.is_empty() && !profile.mappings.is_empty() {
            // The first mapping is the main binary, used or not; it must stay first.
            self.mapping(&mut source, MappingIndex::default());
        }
        for sample in 0..profile.samples.len() {
            if !is_zero(profile, sample) {
                self.sample(&mut source, sample)?;
            }
        }
        Ok(())
    }

    fn sample(&mut self, source: &mut Source<'_>, sample: usize) -> Result<(), Error> {
        self.stack.clear();
        for frame in source.profile.samples.stack(sample) {
            let location = match source.locations.get(frame.get()) {
                Some(known) => LocationIndex::new(known),
                None => self.location(source, *frame)?,
            };
            self.stack.push(location);
        }
        self.sort_labels(source, sample);

        let merged = &mut self.merged.samples;
        let frames = merged.frames().len() + self.stack.len();
        let labels = merged.labels_mut().len() + self.labels.len();
        if frames.max(labels).max(merged.len() + 1) > LIMIT {
            return Err(Error::new(
                ErrorKind::Limit,
                "the merged samples have more than 2^32 frames or labels; merge fewer profiles at once",
            ));
        }
        let known = if self.are_rows_distinct {
            None
        } else {
            self.samples.find_or_enter(
                merged.len(),
                || sample_hash(self.seed, &self.stack, &self.labels),
                |row| merged.stack(row) == self.stack && merged.labels(row) == self.labels,
            )
        };
        let values = source.profile.samples.values(sample);
        match known {
            None => merged.push(&self.stack, values, &self.labels),
            Some(row) => {
                for (sum, value) in merged.values_mut(row).iter_mut().zip(values) {
                    *sum = sum.saturating_add(*value);
                }
            }
        }
        Ok(())
    }

    /// Translates the labels of a sample, texts first and then by key; labels of one key keep
    /// their order.
    fn sort_labels(&mut self, source: &mut Source<'_>, sample: usize) {
        self.labels.clear();
        for label in source.profile.samples.labels(sample) {
            let key = source.text(&mut self.strings, label.key);
            let value = match label.value {
                LabelData::Text(text) => LabelData::Text(source.text(&mut self.strings, text)),
                LabelData::Number { value, unit } => {
                    LabelData::Number { value, unit: source.text(&mut self.strings, unit) }
                }
            };
            self.labels.push(Label { key, value });
        }
        if self.labels.len() > 1 {
            self.labels.sort_by_key(|label| {
                let is_number = matches!(label.value, LabelData::Number { .. });
                (is_number, self.strings.text(label.key))
            });
        }
    }

    fn location(
        &mut self,
        source: &mut Source<'_>,
        index: LocationIndex,
    ) -> Result<LocationIndex, Error> {
        let origin = &source.profile.locations[index.get()];
        let (mapping, shift) = match origin.mapping {
            None => (None, 0),
            Some(mapping) => {
                let (mapping, shift) = self.mapping(source, mapping);
                (Some(mapping), shift)
            }
        };
        let first = self.merged.lines.len();
        for line in source.profile.lines_of(index) {
            let function = self.function(source, line.function);
            self.merged.lines.push(Line { function, ..*line });
        }
        let too_many =
            |_| Error::new(ErrorKind::Limit, "the merged locations have more than 2^32 lines");
        let location = Location {
            id: self.merged.locations.len() as u64 + 1,
            mapping,
            address: origin.address.wrapping_add(shift),
            first_line: u32::try_from(first).map_err(too_many)?,
            line_count: origin.line_count,
            is_folded: origin.is_folded,
        };

        let Profile { lines, locations, .. } = &mut self.merged;
        let known = self.locations.find_or_enter(
            locations.len(),
            || location_hash(self.seed, &location, &lines[first..]),
            |row| same_location(&locations[row], &location, lines),
        );
        let found = LocationIndex::new(known.unwrap_or(locations.len()));
        match known {
            None => locations.push(location),
            Some(_) => lines.truncate(first),
        }
        source.locations.set(index.get(), found.get());
        Ok(found)
    }

    /// The mapping in the making for one of a source, and what to add to the source's addresses.
    fn mapping(&mut self, source: &mut Source<'_>, index: MappingIndex) -> (MappingIndex, u64) {
        if let Some(known) = source.mappings[index.get()] {
            return known;
        }
        let origin = &source.profile.mappings[index.get()];
        let file = source.text(&mut self.strings, origin.file);
        let build_id = source.text(&mut self.strings, origin.build_id);
        // Loaders round sizes to pages in one place and not in another.
        let size = origin.limit.wrapping_sub(origin.start).wrapping_add(0xfff) & !0xfff;
        let key = (size, origin.offset, if build_id.is_empty() { file } else { build_id });
        let mappings = &mut self.merged.mappings;
        let merged = *self.mappings.entry(key).or_insert_with(|| {
            let index = MappingIndex::new(mappings.len());
            mappings.push(Mapping { id: index.get() as u64 + 1, file, build_id, ..*origin });
            index
        });
        let shift = mappings[merged.get()].start.wrapping_sub(origin.start);
        source.mappings[index.get()] = Some((merged, shift));
        (merged, shift)
    }

    fn function(&mut self, source: &mut Source<'_>, index: FunctionIndex) -> FunctionIndex {
        if let Some(known) = source.functions.get(index.get()) {
            return FunctionIndex::new(known);
        }
        let origin = &source.profile.functions[index.get()];
        let functions = &mut self.merged.functions;
        let function = Function {
            id: functions.len() as u64 + 1,
            name: source.text(&mut self.strings, origin.name),
            system_name: source.text(&mut self.strings, origin.system_name),
            file: source.text(&mut self.strings, origin.file),
            start_line: origin.start_line,
        };
        let known = self.functions.find_or_enter(
            functions.len(),
            || function_hash(self.seed, &function),
            |row| Function { id: function.id, ..functions[row] } == function,
        );
        let merged = FunctionIndex::new(known.unwrap_or(functions.len()));
        if known.is_none() {
            functions.push(function);
        }
        source.functions.set(index.get(), merged.get());
        merged
    }

    fn finish(self) -> Profile {
        Profile { strings: self.strings.finish(), ..self.merged }
    }
}

fn sample_hash(seed: Seed, stack: &[LocationIndex], labels: &[Label]) -> u64 {
    let mut hash = seed.start();
    for pair in stack.chunks(2) {
        let upper = pair.get(1).map_or(u64::MAX, |location| location.get() as u64);
        hash.add(upper << 32 ^ pair[0].get() as u64);
    }
    for label in labels {
        let (low, high) = match label.value {
            LabelData::Text(text) => (u64::MAX, text.get() as u64),
            LabelData::Number { value, unit } => (unit.get() as u64, value.cast_unsigned()),
        };
        hash.add((label.key.get() as u64) << 32 ^ low);
        hash.add(high);
    }
    hash.finish()
}

fn function_hash(seed: Seed, function: &Function) -> u64 {
    let mut hash = seed.start();
    hash.add((function.name.get() as u64) << 32 ^ function.system_name.get() as u64);
    hash.add(function.file.get() as u64);
    hash.add(function.start_line.cast_unsigned());
    hash.finish()
}

fn location_hash(seed: Seed, location: &Location, lines: &[Line]) -> u64 {
    let mut hash = seed.start();
    hash.add(location.address);
    hash.add(location.mapping.map_or(0, |mapping| mapping.get() as u64 + 1));
    hash.add(u64::from(location.is_folded));
    for line in lines {
        hash.add(line.function.get() as u64);
        hash.add(line.line.cast_unsigned());
    }
    hash.finish()
}

/// Whether two locations are the same. Of the columns only the last one counts, as in pprof.
fn same_location(one: &Location, other: &Location, lines: &[Line]) -> bool {
    let of = |location: &Location| {
        let first = location.first_line as usize;
        &lines[first..first + location.line_count as usize]
    };
    let (mine, theirs) = (of(one), of(other));
    (one.address, one.mapping, one.is_folded, one.line_count)
        == (other.address, other.mapping, other.is_folded, other.line_count)
        && mine.last().map(|line| line.column) == theirs.last().map(|line| line.column)
        && mine
            .iter()
            .zip(theirs)
            .all(|(mine, theirs)| (mine.function, mine.line) == (theirs.function, theirs.line))
}

/// A profile that is being entered, and where its rows went as far as they were needed.
struct Source<'a> {
    profile: &'a Profile,
    texts: Rows,
    mappings: Vec<Option<(MappingIndex, u64)>>,
    functions: Rows,
    locations: Rows,
}

impl<'a> Source<'a> {
    fn new(profile: &'a Profile) -> Self {
        Self {
            profile,
            texts: Rows::unknown(profile.strings.len()),
            mappings: vec![None; profile.mappings.len()],
            functions: Rows::unknown(profile.functions.len()),
            locations: Rows::unknown(profile.locations.len()),
        }
    }

    fn text(&mut self, strings: &mut Interner, id: StringId) -> StringId {
        if let Some(known) = self.texts.get(id.get()) {
            return StringId::new(known);
        }
        let merged = strings.intern(self.profile.text(id));
        self.texts.set(id.get(), merged.get());
        merged
    }
}

/// Row numbers by row number; four bytes each, because every frame of every stack looks here.
struct Rows(Vec<u32>);

impl Rows {
    /// Stands for no row. Tables have 32-bit positions, and this is none of theirs.
    const UNKNOWN: u32 = u32::MAX;

    fn unknown(length: usize) -> Self {
        Self(vec![Self::UNKNOWN; length])
    }

    #[inline]
    fn get(&self, position: usize) -> Option<usize> {
        let row = self.0[position];
        (row != Self::UNKNOWN).then_some(row as usize)
    }

    fn set(&mut self, position: usize, row: usize) {
        self.0[position] = u32::try_from(row).unwrap_or(Self::UNKNOWN);
    }
}
