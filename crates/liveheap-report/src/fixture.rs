//! Profiles written as text, for tests.
//!
//! A line is a stack (root first, as in collapsed stacks), its values and its labels:
//! `main@main.rs:3;leak 10 key=text bytes#16`. A frame is `[binary!]function[@file[:line[:column]]]` or
//! `[binary!]0xaddress`; `outer+inner` is one location with an inlined function; `-` is the empty
//! stack; several values are separated by commas. [`folded`] writes the same language.

use liveheap_profile::{
    Frame, LabelData, LabelValue, LocationIndex, Mapping, MappingIndex, Profile, ProfileBuilder,
};

/// The profile that `text` describes; its sample types are `space` in bytes, one for each value.
pub(crate) fn profile(text: &str) -> Profile {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let width = lines
        .first()
        .map_or(1, |line| line.split(' ').nth(1).map_or(1, |values| values.split(',').count()));
    let mut builder = ProfileBuilder::new(&vec![("space", "bytes"); width]);
    let mut mappings = Vec::new();
    for line in lines {
        let mut words = line.split(' ');
        let stack = words.next().unwrap();
        let values = words.next().unwrap();
        let values: Vec<i64> = values.split(',').map(|value| value.parse().unwrap()).collect();
        let labels: Vec<_> = words.map(label).collect();
        let mut stack: Vec<_> = stack
            .split(';')
            .filter(|location| *location != "-")
            .map(|text| location(&mut builder, &mut mappings, text))
            .collect();
        stack.reverse();
        builder.sample(&stack, &values, &labels);
    }
    builder.finish()
}

fn label(word: &str) -> (&str, LabelValue<'_>) {
    if let Some((key, text)) = word.split_once('=') {
        return (key, LabelValue::Text(text));
    }
    let (key, number) = word.split_once('#').unwrap();
    let digits = number.trim_end_matches(|c: char| c.is_alphabetic());
    (key, LabelValue::Number(digits.parse().unwrap(), &number[digits.len()..]))
}

fn location(
    builder: &mut ProfileBuilder,
    mappings: &mut Vec<(String, MappingIndex)>,
    text: &str,
) -> LocationIndex {
    let (binary, text) = match text.split_once('!') {
        Some((binary, text)) => (Some(binary), text),
        None => (None, text),
    };
    let mapping = binary.map(|binary| {
        if let Some((_, index)) = mappings.iter().find(|(name, _)| name == binary) {
            return *index;
        }
        let file = builder.string(binary);
        let index = builder.mapping(Mapping { file, ..Mapping::default() });
        mappings.push((String::from(binary), index));
        index
    });
    if let Some(address) = text.strip_prefix("0x") {
        return builder.location(u64::from_str_radix(address, 16).unwrap(), mapping, &[]);
    }
    let mut frames: Vec<Frame> = text.split('+').map(|text| frame(builder, text)).collect();
    frames.reverse();
    builder.location(0, mapping, &frames)
}

fn frame(builder: &mut ProfileBuilder, text: &str) -> Frame {
    let (name, place) = text.split_once('@').unwrap_or((text, ""));
    let mut parts = place.split(':');
    let file = parts.next().unwrap_or("");
    let mut number = || parts.next().map_or(0, |digits| digits.parse().unwrap());
    let function = builder.function(name, name, file, 0);
    Frame { function, line: number(), column: number() }
}

/// The samples of a profile in the language of [`profile`], one line each.
pub(crate) fn folded(profile: &Profile) -> String {
    let mut out = String::new();
    for sample in 0..profile.samples.len() {
        let mut stack: Vec<String> =
            profile.samples.stack(sample).iter().map(|at| location_text(profile, *at)).collect();
        stack.reverse();
        out.push_str(if stack.is_empty() { "-" } else { "" });
        out.push_str(&stack.join(";"));
        let values: Vec<String> =
            profile.samples.values(sample).iter().map(i64::to_string).collect();
        out.push(' ');
        out.push_str(&values.join(","));
        for label in profile.samples.labels(sample) {
            let key = profile.text(label.key);
            out.push_str(&match label.value {
                LabelData::Text(text) => format!(" {key}={}", profile.text(text)),
                LabelData::Number { value, unit } => {
                    format!(" {key}#{value}{}", profile.text(unit))
                }
            });
        }
        out.push('\n');
    }
    out
}

fn location_text(profile: &Profile, at: LocationIndex) -> String {
    let binary = match profile.mapping_of(at) {
        Some(mapping) => format!("{}!", profile.text(mapping.file)),
        None => String::new(),
    };
    let mut frames: Vec<String> = profile
        .lines_of(at)
        .iter()
        .map(|line| {
            let function = profile.function(line);
            let mut text = String::from(profile.text(function.name));
            if !function.file.is_empty() || line.line != 0 {
                text.push('@');
                text.push_str(profile.text(function.file));
            }
            if line.line != 0 {
                text.push_str(&format!(":{}", line.line));
            }
            text
        })
        .collect();
    frames.reverse();
    if frames.is_empty() {
        frames.push(format!("{:#x}", profile.locations[at.get()].address));
    }
    format!("{binary}{}", frames.join("+"))
}
