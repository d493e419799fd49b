//! The tables of a [`Profile`] to bytes of profile.proto, laid out as Go's writer does.
//!
//! Texts are numbered in order of first use, labels are sorted by key (texts before numbers),
//! fields that are zero are left out, and runs of more than two numbers are packed.

use super::field;
use super::varint::write_varint;
use crate::{Label, LabelData, Profile, StringId, ValueType};

/// Writes a profile as unpacked profile.proto.
pub fn encode(profile: &Profile) -> Vec<u8> {
    use field::profile as number;
    let mut texts = TextNumbers::new(profile);
    let mut out = Vec::with_capacity(profile.samples.frames().len() * 3 + 1024);
    let mut message = Vec::new();

    for value_type in &profile.sample_types {
        write_value_type(&mut message, value_type, &mut texts);
        write_message(&mut out, number::SAMPLE_TYPE, &mut message);
    }
    write_samples(profile, &mut texts, &mut out);
    for mapping in &profile.mappings {
        write_number(&mut message, 1, mapping.id);
        write_number(&mut message, 2, mapping.start);
        write_number(&mut message, 3, mapping.limit);
        write_number(&mut message, 4, mapping.offset);
        write_number(&mut message, 5, texts.number(mapping.file));
        write_number(&mut message, 6, texts.number(mapping.build_id));
        write_number(&mut message, 7, u64::from(mapping.has_functions));
        write_number(&mut message, 8, u64::from(mapping.has_filenames));
        write_number(&mut message, 9, u64::from(mapping.has_line_numbers));
        write_number(&mut message, 10, u64::from(mapping.has_inline_frames));
        write_message(&mut out, number::MAPPING, &mut message);
    }
    write_locations(profile, &mut out);
    for function in &profile.functions {
        write_number(&mut message, 1, function.id);
        write_number(&mut message, 2, texts.number(function.name));
        write_number(&mut message, 3, texts.number(function.system_name));
        write_number(&mut message, 4, texts.number(function.file));
        write_number(&mut message, 5, function.start_line.cast_unsigned());
        write_message(&mut out, number::FUNCTION, &mut message);
    }

    // The header's texts must be numbered before the string table is written.
    let drop_frames = texts.number(profile.drop_frames);
    let keep_frames = texts.number(profile.keep_frames);
    let mut period_type = Vec::new();
    write_value_type(&mut period_type, &profile.period_type, &mut texts);
    let comments: Vec<u64> = profile.comments.iter().map(|id| texts.number(*id)).collect();
    let default_sample_type = texts.number(profile.default_sample_type);
    let doc_url = texts.number(profile.doc_url);
    for id in &texts.order {
        let text = profile.text(*id).as_bytes();
        write_tag(&mut out, number::STRING_TABLE, 2);
        write_varint(&mut out, text.len() as u64);
        out.extend_from_slice(text);
    }
    write_number(&mut out, number::DROP_FRAMES, drop_frames);
    write_number(&mut out, number::KEEP_FRAMES, keep_frames);
    write_number(&mut out, number::TIME_NANOS, profile.time_nanos.cast_unsigned());
    write_number(&mut out, number::DURATION_NANOS, profile.duration_nanos.cast_unsigned());
    if !period_type.is_empty() {
        write_message(&mut out, number::PERIOD_TYPE, &mut period_type);
    }
    write_number(&mut out, number::PERIOD, profile.period.cast_unsigned());
    write_numbers(&mut out, number::COMMENT, &comments, &mut message);
    // Go writes this one even when it is zero.
    write_tag(&mut out, number::DEFAULT_SAMPLE_TYPE, 0);
    write_varint(&mut out, default_sample_type);
    write_number(&mut out, number::DOC_URL, doc_url);
    out
}

fn write_samples(profile: &Profile, texts: &mut TextNumbers, out: &mut Vec<u8>) {
    use field::sample as number;
    let (mut message, mut part, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let mut sorted: Vec<Label> = Vec::new();
    for sample in 0..profile.samples.len() {
        numbers.clear();
        numbers.extend(
            profile.samples.stack(sample).iter().map(|index| profile.locations[index.get()].id),
        );
        write_numbers(&mut message, number::LOCATION_ID, &numbers, &mut part);
        numbers.clear();
        numbers.extend(profile.samples.values(sample).iter().map(|value| value.cast_unsigned()));
        write_numbers(&mut message, number::VALUE, &numbers, &mut part);
        sorted.clear();
        sorted.extend_from_slice(profile.samples.labels(sample));
        sorted.sort_by_key(|label| {
            (matches!(label.value, LabelData::Number { .. }), profile.text(label.key))
        });
        for label in &sorted {
            write_number(&mut part, 1, texts.number(label.key));
            match label.value {
                LabelData::Text(text) => write_number(&mut part, 2, texts.number(text)),
                LabelData::Number { value, unit } => {
                    write_number(&mut part, 3, value.cast_unsigned());
                    write_number(&mut part, 4, texts.number(unit));
                }
            }
            write_message(&mut message, number::LABEL, &mut part);
        }
        write_message(out, field::profile::SAMPLE, &mut message);
    }
}

fn write_locations(profile: &Profile, out: &mut Vec<u8>) {
    use field::location as number;
    let (mut message, mut part) = (Vec::new(), Vec::new());
    for location in &profile.locations {
        let mapping = location.mapping.map_or(0, |index| profile.mappings[index.get()].id);
        write_number(&mut message, number::ID, location.id);
        write_number(&mut message, number::MAPPING_ID, mapping);
        write_number(&mut message, number::ADDRESS, location.address);
        let first = location.first_line as usize;
        for line in &profile.lines[first..first + location.line_count as usize] {
            write_number(&mut part, 1, profile.functions[line.function.get()].id);
            write_number(&mut part, 2, line.line.cast_unsigned());
            write_number(&mut part, 3, line.column.cast_unsigned());
            write_message(&mut message, number::LINE, &mut part);
        }
        write_number(&mut message, number::IS_FOLDED, u64::from(location.is_folded));
        write_message(out, field::profile::LOCATION, &mut message);
    }
}

/// Numbers texts in order of first use.
struct TextNumbers {
    /// By id: number plus one, 0 while it has none.
    numbers: Vec<u32>,
    order: Vec<StringId>,
}

impl TextNumbers {
    fn new(profile: &Profile) -> Self {
        let mut texts = Self { numbers: vec![0; profile.strings.len()], order: Vec::new() };
        texts.number(StringId::EMPTY);
        texts
    }

    fn number(&mut self, id: StringId) -> u64 {
        let number = &mut self.numbers[id.get()];
        if *number == 0 {
            self.order.push(id);
            *number = u32::try_from(self.order.len()).expect("no more texts than ids");
        }
        u64::from(*number) - 1
    }
}

fn write_value_type(out: &mut Vec<u8>, value_type: &ValueType, texts: &mut TextNumbers) {
    write_number(out, 1, texts.number(value_type.kind));
    write_number(out, 2, texts.number(value_type.unit));
}

fn write_tag(out: &mut Vec<u8>, number: u64, wire_type: u64) {
    write_varint(out, number << 3 | wire_type);
}

/// A number field; nothing when it is zero.
fn write_number(out: &mut Vec<u8>, number: u64, value: u64) {
    if value != 0 {
        write_tag(out, number, 0);
        write_varint(out, value);
    }
}

/// A repeated number field, packed when there are more than two.
fn write_numbers(out: &mut Vec<u8>, number: u64, values: &[u64], scratch: &mut Vec<u8>) {
    if values.len() > 2 {
        for value in values {
            write_varint(scratch, *value);
        }
        write_message(out, number, scratch);
    } else {
        for value in values {
            write_tag(out, number, 0);
            write_varint(out, *value);
        }
    }
}

/// A nested message; leaves `message` empty for the next one.
fn write_message(out: &mut Vec<u8>, number: u64, message: &mut Vec<u8>) {
    write_tag(out, number, 2);
    write_varint(out, message.len() as u64);
    out.append(message);
}
