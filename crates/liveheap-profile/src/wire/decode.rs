//! Bytes of profile.proto to the tables of a [`Profile`], in one pass and a few fix-ups.
//!
//! Writers put samples first and the tables that they point into last. So the pass keeps what
//! samples say as raw ids, and when the tables are known the columns are renumbered in place.

use super::field;
use super::varint::{malformed, next_field};
use crate::{
    Error, ErrorKind, Function, FunctionIndex, Interner, Label, LabelData, Line, Location,
    LocationIndex, Mapping, MappingIndex, Profile, StringId, ValueType,
};
use std::collections::HashMap;

/// Reads unpacked profile.proto.
///
/// Unknown fields are skipped. Bytes of a text that are not UTF-8 become U+FFFD.
///
/// # Errors
/// `Empty`, `Malformed` when the bytes are not profile.proto, `Concatenated`, and `Invalid` when
/// they are but the tables contradict each other.
pub fn decode_proto(bytes: &[u8]) -> Result<Profile, Error> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "empty input file"));
    }
    let mut decoder = Decoder::default();
    let mut rest = bytes;
    while let Some(field) = next_field(&mut rest)? {
        decoder.field(&field)?;
    }
    decoder.finish()
}

/// The same from a stream, which is never in memory as a whole.
#[cfg(feature = "gzip")]
pub(crate) fn decode_proto_stream(stream: impl std::io::Read) -> Result<Profile, Error> {
    let mut decoder = Decoder::default();
    let mut window = super::window::Window::new(stream);
    let mut is_empty = true;
    while let Some(field) = window.next()? {
        decoder.field(&field)?;
        is_empty = false;
    }
    if is_empty {
        return Err(Error::new(ErrorKind::Empty, "empty input file"));
    }
    decoder.finish()
}

#[derive(Default)]
struct Decoder {
    profile: Profile,
    strings: Interner,
    /// Where each text of the file's string table went.
    texts: Vec<StringId>,
    texts_used: TextsUsed,
    sample_ids: RawIds,
    /// Number of values of the first sample, and of the first one that differs from it.
    values_of_first: Option<usize>,
    values_of_odd: Option<usize>,
    /// For each entry of `profile.lines`, the raw id of its function.
    line_functions: Vec<u64>,
    /// For each location, the raw id of its mapping.
    location_mappings: Vec<u64>,
}

/// The highest string position that anything points to.
#[derive(Default)]
struct TextsUsed {
    highest: u64,
}

impl TextsUsed {
    /// A raw position, to be renumbered when the string table is known.
    #[inline]
    fn note(&mut self, raw: u64) -> StringId {
        self.highest = self.highest.max(raw);
        // Positions beyond 32 bits fail the check of `highest` before anyone looks at this.
        StringId::new(usize::try_from(raw & 0x7fff_ffff).unwrap_or(0))
    }
}

impl Decoder {
    fn field(&mut self, field: &super::varint::Field<'_>) -> Result<(), Error> {
        use field::profile as number;
        match field.number {
            number::SAMPLE => self.sample(field.bytes()?)?,
            number::LOCATION => self.location(field.bytes()?)?,
            number::FUNCTION => {
                let function = self.function(field.bytes()?)?;
                self.profile.functions.push(function);
            }
            number::MAPPING => {
                let mapping = self.mapping(field.bytes()?)?;
                self.profile.mappings.push(mapping);
            }
            number::STRING_TABLE => {
                let text = field.bytes()?;
                if self.texts.is_empty() && !text.is_empty() {
                    return Err(malformed("the first text of the string table is not empty"));
                }
                // The check alone is much faster than the search for what is wrong.
                self.texts.push(match std::str::from_utf8(text) {
                    Ok(text) => self.strings.intern(text),
                    Err(_) => self.strings.intern(&String::from_utf8_lossy(text)),
                });
            }
            number::SAMPLE_TYPE => {
                let value_type = self.value_type(field.bytes()?)?;
                self.profile.sample_types.push(value_type);
            }
            number::PERIOD_TYPE => self.profile.period_type = self.value_type(field.bytes()?)?,
            number::DROP_FRAMES => {
                self.profile.drop_frames = self.texts_used.note(field.number_value()?);
            }
            number::KEEP_FRAMES => {
                self.profile.keep_frames = self.texts_used.note(field.number_value()?);
            }
            number::DEFAULT_SAMPLE_TYPE => {
                self.profile.default_sample_type = self.texts_used.note(field.number_value()?);
            }
            number::DOC_URL => self.profile.doc_url = self.texts_used.note(field.number_value()?),
            number::COMMENT => {
                let Self { profile, texts_used, .. } = self;
                field.append_numbers(&mut profile.comments, |raw| texts_used.note(raw))?;
            }
            number::TIME_NANOS => {
                if self.profile.time_nanos != 0 {
                    return Err(Error::new(
                        ErrorKind::Concatenated,
                        "concatenated profiles detected; give them as separate sources to merge them",
                    ));
                }
                self.profile.time_nanos = field.signed_value()?;
            }
            number::DURATION_NANOS => self.profile.duration_nanos = field.signed_value()?,
            number::PERIOD => self.profile.period = field.signed_value()?,
            _ => {}
        }
        Ok(())
    }

    fn sample(&mut self, mut message: &[u8]) -> Result<(), Error> {
        use field::sample as number;
        let (values, frames, labels) = self.profile.samples.columns_mut();
        let values_before = values.len();
        while let Some(field) = next_field(&mut message)? {
            match field.number {
                number::LOCATION_ID => {
                    let mut highest = 0;
                    field.append_numbers(frames, |raw| self.sample_ids.note(raw, &mut highest))?;
                    self.sample_ids.highest = self.sample_ids.highest.max(highest);
                }
                number::VALUE => field.append_numbers(values, u64::cast_signed)?,
                number::LABEL => {
                    labels.extend(label(field.bytes()?, &mut self.texts_used)?);
                }
                _ => {}
            }
        }
        let width = values.len() - values_before;
        if frames.len() > LIMIT || labels.len() > LIMIT || self.profile.samples.len() >= LIMIT {
            let text = "the profile has more than 2^31 samples, frames or labels";
            return Err(Error::new(ErrorKind::Limit, text));
        }
        match self.values_of_first {
            None => self.values_of_first = Some(width),
            Some(first) if first != width && self.values_of_odd.is_none() => {
                self.values_of_odd = Some(width);
            }
            Some(_) => {}
        }
        self.profile.samples.end_sample();
        Ok(())
    }

    fn location(&mut self, mut message: &[u8]) -> Result<(), Error> {
        use field::location as number;
        let lines = &mut self.profile.lines;
        let first_line = lines.len();
        let mut mapping = 0;
        let mut location = Location::default();
        while let Some(field) = next_field(&mut message)? {
            match field.number {
                number::ID => location.id = field.number_value()?,
                number::MAPPING_ID => mapping = field.number_value()?,
                number::ADDRESS => location.address = field.number_value()?,
                number::LINE => {
                    let (function, line) = line(field.bytes()?)?;
                    lines.push(line);
                    self.line_functions.push(function);
                }
                number::IS_FOLDED => location.is_folded = field.number_value()? != 0,
                _ => {}
            }
        }
        let too_many = |_| Error::new(ErrorKind::Limit, "the locations have more than 2^32 lines");
        location.first_line = u32::try_from(first_line).map_err(too_many)?;
        location.line_count = u32::try_from(lines.len() - first_line).map_err(too_many)?;
        self.profile.locations.push(location);
        self.location_mappings.push(mapping);
        Ok(())
    }

    fn function(&mut self, mut message: &[u8]) -> Result<Function, Error> {
        let mut function = Function::default();
        while let Some(field) = next_field(&mut message)? {
            match field.number {
                1 => function.id = field.number_value()?,
                2 => function.name = self.texts_used.note(field.number_value()?),
                3 => function.system_name = self.texts_used.note(field.number_value()?),
                4 => function.file = self.texts_used.note(field.number_value()?),
                5 => function.start_line = field.signed_value()?,
                _ => {}
            }
        }
        Ok(function)
    }

    fn mapping(&mut self, mut message: &[u8]) -> Result<Mapping, Error> {
        let mut mapping = Mapping::default();
        while let Some(field) = next_field(&mut message)? {
            match field.number {
                1 => mapping.id = field.number_value()?,
                2 => mapping.start = field.number_value()?,
                3 => mapping.limit = field.number_value()?,
                4 => mapping.offset = field.number_value()?,
                5 => mapping.file = self.texts_used.note(field.number_value()?),
                6 => mapping.build_id = self.texts_used.note(field.number_value()?),
                7 => mapping.has_functions = field.number_value()? != 0,
                8 => mapping.has_filenames = field.number_value()? != 0,
                9 => mapping.has_line_numbers = field.number_value()? != 0,
                10 => mapping.has_inline_frames = field.number_value()? != 0,
                _ => {}
            }
        }
        Ok(mapping)
    }

    fn value_type(&mut self, mut message: &[u8]) -> Result<ValueType, Error> {
        let mut value_type = ValueType::default();
        while let Some(field) = next_field(&mut message)? {
            match field.number {
                1 => value_type.kind = self.texts_used.note(field.number_value()?),
                2 => value_type.unit = self.texts_used.note(field.number_value()?),
                _ => {}
            }
        }
        Ok(value_type)
    }

    fn finish(mut self) -> Result<Profile, Error> {
        if self.texts_used.highest >= self.texts.len() as u64 {
            return Err(malformed(format!(
                "text {} is named, but the string table has {}",
                self.texts_used.highest,
                self.texts.len()
            )));
        }
        self.profile.strings = std::mem::take(&mut self.strings).finish();
        let in_order = self.texts.iter().enumerate().all(|(position, id)| id.get() == position);
        if !in_order {
            renumber_texts(&mut self.profile, &self.texts);
        }
        self.check_widths()?;
        self.link()?;
        Ok(self.profile)
    }

    fn check_widths(&mut self) -> Result<(), Error> {
        let types = self.profile.sample_types.len();
        let wrong = [self.values_of_first, self.values_of_odd]
            .into_iter()
            .flatten()
            .find(|width| *width != types);
        if types == 0 && !self.profile.samples.is_empty() {
            return Err(invalid("missing sample type information"));
        }
        if let Some(width) = wrong {
            return Err(invalid(format!("mismatch: sample has {width} values vs. {types} types")));
        }
        self.profile.samples.set_width(types);
        Ok(())
    }

    /// Turns raw ids into positions.
    fn link(&mut self) -> Result<(), Error> {
        let profile = &mut self.profile;
        let mappings = Positions::new(profile.mappings.iter().map(|mapping| mapping.id));
        for (location, raw) in profile.locations.iter_mut().zip(&self.location_mappings) {
            location.mapping = mappings.find(*raw).map(MappingIndex::new);
        }
        let functions = Positions::new(profile.functions.iter().map(|function| function.id));
        for (line, raw) in profile.lines.iter_mut().zip(&self.line_functions) {
            let Some(function) = functions.find(*raw) else {
                return Err(invalid(format!("a line names function {raw}, which is missing")));
            };
            line.function = FunctionIndex::new(function);
        }
        let locations = Positions::new(profile.locations.iter().map(|location| location.id));
        self.sample_ids.resolve(profile.samples.frames_mut(), &locations)
    }
}

/// Columns are addressed with 32 bits; half of that is left as room for what stages add.
const LIMIT: usize = 1 << 31;

fn label(mut message: &[u8], texts: &mut TextsUsed) -> Result<Option<Label>, Error> {
    let (mut key, mut text, mut number, mut unit) = (0, 0, 0, 0);
    while let Some(field) = next_field(&mut message)? {
        match field.number {
            1 => key = field.number_value()?,
            2 => text = field.number_value()?,
            3 => number = field.signed_value()?,
            4 => unit = field.number_value()?,
            _ => {}
        }
    }
    let key = texts.note(key);
    let value = if text != 0 {
        LabelData::Text(texts.note(text))
    } else if number != 0 || unit != 0 {
        LabelData::Number { value: number, unit: texts.note(unit) }
    } else {
        return Ok(None);
    };
    Ok(Some(Label { key, value }))
}

/// The raw id of the function, and the line.
fn line(mut message: &[u8]) -> Result<(u64, Line), Error> {
    let mut function = 0;
    let mut line = Line { function: FunctionIndex::default(), line: 0, column: 0 };
    while let Some(field) = next_field(&mut message)? {
        match field.number {
            1 => function = field.number_value()?,
            2 => line.line = field.signed_value()?,
            3 => line.column = field.signed_value()?,
            _ => {}
        }
    }
    Ok((function, line))
}

/// Location ids of samples while the locations are not known yet. As writers number locations 1, 2,
/// 3 …, an id is taken for a position plus one, which then nearly always is right already; ids that
/// are too large for that, and 0, are kept aside and numbered from [`RawIds::SMALL`] on.
#[derive(Default)]
struct RawIds {
    /// The highest of the ids that are not kept aside.
    highest: u64,
    large: Vec<u64>,
    large_positions: HashMap<u64, u32>,
}

impl RawIds {
    const SMALL: u64 = 1 << 31;

    /// What stands for an id in the column. `highest` becomes the highest of those not kept aside;
    /// the caller keeps it while it reads a stack, because there it costs least.
    #[inline]
    fn note(&mut self, raw: u64, highest: &mut u64) -> LocationIndex {
        let position = raw.wrapping_sub(1);
        match usize::try_from(position) {
            Ok(small) if position < Self::SMALL => {
                *highest = raw.max(*highest);
                LocationIndex::new(small)
            }
            _ => self.note_large(raw),
        }
    }

    #[cold]
    fn note_large(&mut self, raw: u64) -> LocationIndex {
        let next = self.large.len();
        let position = *self.large_positions.entry(raw).or_insert_with(|| {
            self.large.push(raw);
            u32::try_from(next).expect("the frame limit keeps the number of ids below 2^31")
        });
        LocationIndex::new((1 << 31) + position as usize)
    }

    fn resolve(&self, frames: &mut [LocationIndex], locations: &Positions) -> Result<(), Error> {
        if let Positions::Sequential(count) = locations
            && self.highest <= *count
            && self.large.is_empty()
        {
            return Ok(());
        }
        for frame in frames {
            let noted = frame.get();
            let raw = match noted.checked_sub(1 << 31) {
                None => noted as u64 + 1,
                Some(large) => self.large[large],
            };
            let Some(position) = locations.find(raw) else {
                return Err(invalid(format!("a sample names location {raw}, which is missing")));
            };
            *frame = LocationIndex::new(position);
        }
        Ok(())
    }
}

/// Ids of a table to positions in it.
enum Positions {
    /// Ids are 1, 2, 3 … up to this number.
    Sequential(u64),
    /// Position plus one by id; the ids lie close together.
    Dense(Vec<u32>),
    Sparse(HashMap<u64, usize>),
}

impl Positions {
    fn new(ids: impl ExactSizeIterator<Item = u64> + Clone) -> Self {
        let count = ids.len();
        if ids.clone().zip(1..).all(|(id, expected)| id == expected) {
            return Self::Sequential(count as u64);
        }
        let highest = ids.clone().max().unwrap_or(0);
        match usize::try_from(highest) {
            Ok(highest) if highest / 8 <= count && count < LIMIT => {
                let mut dense = vec![0; highest + 1];
                for (position, id) in (1_u32..).zip(ids) {
                    // `highest` fits, so every id does.
                    dense[usize::try_from(id).unwrap_or(0)] = position;
                }
                Self::Dense(dense)
            }
            _ => Self::Sparse(ids.enumerate().map(|(position, id)| (id, position)).collect()),
        }
    }

    /// The position of an id. Id 0 names nothing.
    #[inline]
    fn find(&self, id: u64) -> Option<usize> {
        match self {
            Self::Sequential(count) => {
                let position = id.wrapping_sub(1);
                if position < *count { usize::try_from(position).ok() } else { None }
            }
            Self::Dense(positions) => {
                let position = *positions.get(usize::try_from(id).ok()?)?;
                (id != 0 && position != 0).then(|| position as usize - 1)
            }
            Self::Sparse(positions) => {
                if id == 0 {
                    None
                } else {
                    positions.get(&id).copied()
                }
            }
        }
    }
}

fn renumber_texts(profile: &mut Profile, ids: &[StringId]) {
    let renumber = |id: &mut StringId| *id = ids[id.get()];
    for value_type in profile.sample_types.iter_mut().chain([&mut profile.period_type]) {
        renumber(&mut value_type.kind);
        renumber(&mut value_type.unit);
    }
    for label in profile.samples.labels_mut() {
        renumber(&mut label.key);
        match &mut label.value {
            LabelData::Text(text) => renumber(text),
            LabelData::Number { unit, .. } => renumber(unit),
        }
    }
    for mapping in &mut profile.mappings {
        renumber(&mut mapping.file);
        renumber(&mut mapping.build_id);
    }
    for function in &mut profile.functions {
        renumber(&mut function.name);
        renumber(&mut function.system_name);
        renumber(&mut function.file);
    }
    profile.comments.iter_mut().for_each(renumber);
    renumber(&mut profile.drop_frames);
    renumber(&mut profile.keep_frames);
    renumber(&mut profile.default_sample_type);
    renumber(&mut profile.doc_url);
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests;
