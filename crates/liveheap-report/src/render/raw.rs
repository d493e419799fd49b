//! `raw`: the tables of a profile as text, byte for byte as pprof prints them.
//!
//! A profile goes in; comments, headers, samples, locations and mappings come out, one line each.
//! Functions stand with the locations. Nothing is computed or left out.

use super::label_lines::{LabelKind, LabelLines};
use crate::go_time;
use liveheap_profile::{Label, LabelData, Location, LocationIndex, Mapping, Profile};
use std::fmt::Write as _;
use std::io;

/// After how many bytes the text is passed on.
const BUFFER: usize = 1 << 16;

/// Writes all tables; `time` is the profile's time as it is to be printed.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn write(
    profile: &Profile,
    time: Option<&str>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::with_capacity(BUFFER * 2);
    header(profile, time, &mut text).expect("a String takes every text");

    let ids: Vec<String> =
        profile.locations.iter().map(|location| format!("{} ", location.id)).collect();
    let mut labels = LabelLines::new(profile, label_text);
    for sample in 0..profile.samples.len() {
        for value in profile.samples.values(sample) {
            write!(text, " {value:>10}").expect("a String takes every text");
        }
        text.push_str(": ");
        for at in profile.samples.stack(sample) {
            text.push_str(&ids[at.get()]);
        }
        text.push('\n');
        let of_sample = profile.samples.labels(sample);
        if !of_sample.is_empty() {
            label_line(&mut labels, of_sample, LabelKind::Text, &mut text);
            label_line(&mut labels, of_sample, LabelKind::Number, &mut text);
        }
        pass_on(&mut text, BUFFER, out)?;
    }
    text.push_str("Locations\n");
    for (position, location) in profile.locations.iter().enumerate() {
        location_lines(profile, LocationIndex::new(position), location, &mut text)
            .expect("a String takes every text");
        pass_on(&mut text, BUFFER, out)?;
    }
    text.push_str("Mappings\n");
    for mapping in &profile.mappings {
        mapping_line(profile, mapping, &mut text).expect("a String takes every text");
    }
    pass_on(&mut text, 0, out)
}

/// Writes what has come together, if it is more than `limit` bytes.
fn pass_on(text: &mut String, limit: usize, out: &mut dyn io::Write) -> io::Result<()> {
    if text.len() > limit {
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(())
}

fn header(profile: &Profile, time: Option<&str>, text: &mut String) -> std::fmt::Result {
    for comment in &profile.comments {
        writeln!(text, "Comment: {}", profile.text(*comment))?;
    }
    if !profile.doc_url.is_empty() {
        writeln!(text, "Doc: {}", profile.text(profile.doc_url))?;
    }
    let period_type = profile.period_type;
    let (kind, unit) = (profile.text(period_type.kind), profile.text(period_type.unit));
    writeln!(text, "PeriodType: {kind} {unit}")?;
    writeln!(text, "Period: {}", profile.period)?;
    if let Some(time) = time {
        writeln!(text, "Time: {time}")?;
    }
    if profile.duration_nanos != 0 {
        // pprof cuts the text to four letters, whatever it says.
        let duration: String = go_time::duration(profile.duration_nanos).chars().take(4).collect();
        writeln!(text, "Duration: {duration}")?;
    }
    writeln!(text, "Samples:")?;
    let types: Vec<String> = profile
        .sample_types
        .iter()
        .map(|sample_type| {
            let (kind, unit) = (profile.text(sample_type.kind), profile.text(sample_type.unit));
            let is_default = sample_type.kind == profile.default_sample_type;
            format!("{kind}/{unit}{}", if is_default { "[dflt]" } else { "" })
        })
        .collect();
    writeln!(text, "{}", types.join(" ").trim())
}

fn label_line<F: Fn(&Profile, &[Label]) -> String>(
    labels: &mut LabelLines<'_, F>,
    of_sample: &[Label],
    kind: LabelKind,
    text: &mut String,
) {
    let mut separator = "                ";
    let start = text.len();
    labels.for_each(of_sample, kind, |label| {
        text.push_str(separator);
        text.push_str(label);
        separator = " ";
    });
    if text.len() > start {
        text.push('\n');
    }
}

/// All labels of one key and kind.
fn label_text(profile: &Profile, labels: &[Label]) -> String {
    // Units are shown for all values of a key or for none.
    let has_unit = labels
        .iter()
        .any(|label| matches!(label.value, LabelData::Number { unit, .. } if !unit.is_empty()));
    let values: Vec<String> = labels
        .iter()
        .map(|label| match label.value {
            LabelData::Text(text) => String::from(profile.text(text)),
            LabelData::Number { value, unit } if has_unit => {
                format!("{value} {}", profile.text(unit))
            }
            LabelData::Number { value, .. } => value.to_string(),
        })
        .collect();
    let key = labels.first().map_or("", |label| profile.text(label.key));
    format!("{key}:[{}]", values.join(" "))
}

fn location_lines(
    profile: &Profile,
    at: LocationIndex,
    location: &Location,
    text: &mut String,
) -> std::fmt::Result {
    write!(text, "{:>6}: {:#x} ", location.id, location.address)?;
    if let Some(mapping) = profile.mapping_of(at) {
        write!(text, "M={} ", mapping.id)?;
    }
    if location.is_folded {
        text.push_str("[F] ");
    }
    for (position, line) in profile.lines_of(at).iter().enumerate() {
        if position > 0 {
            text.push_str("\n             ");
        }
        let function = profile.function(line);
        let (name, file) = (profile.text(function.name), profile.text(function.file));
        let start = function.start_line;
        write!(text, "{name} {file}:{}:{} s={start}", line.line, line.column)?;
        if function.system_name != function.name {
            write!(text, "({})", profile.text(function.system_name))?;
        }
    }
    text.push('\n');
    Ok(())
}

fn mapping_line(profile: &Profile, mapping: &Mapping, text: &mut String) -> std::fmt::Result {
    let Mapping { id, start, limit, offset, .. } = mapping;
    let (file, build_id) = (profile.text(mapping.file), profile.text(mapping.build_id));
    write!(text, "{id}: {start:#x}/{limit:#x}/{offset:#x} {file} {build_id} ")?;
    for (known, mark) in [
        (mapping.has_functions, "[FN]"),
        (mapping.has_filenames, "[FL]"),
        (mapping.has_line_numbers, "[LN]"),
        (mapping.has_inline_frames, "[IN]"),
    ] {
        text.push_str(if known { mark } else { "" });
    }
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use liveheap_profile::{Frame, LabelValue, ProfileBuilder};

    #[test]
    fn every_table_is_written() {
        let mut builder = ProfileBuilder::new(&[("objects", "count"), ("space", "bytes")]);
        builder.comment("a comment");
        builder.set_doc_url("http://doc");
        builder.set_period("space", "bytes", 512);
        builder.set_time(1_600_000_000_500_000_000, 12_345_000_000);
        builder.set_default_sample_type("space");
        let file = builder.string("/bin/app");
        let build_id = builder.string("abc");
        let mapping = builder.mapping(Mapping {
            start: 0x1000,
            limit: 0x3000,
            offset: 0,
            file,
            build_id,
            has_functions: true,
            has_line_numbers: true,
            ..Mapping::default()
        });
        let main = builder.function("main", "_main", "main.rs", 1);
        let read = builder.function("read", "read", "io.rs", 0);
        let outer = Frame { function: main, line: 3, column: 7 };
        let inner = Frame { function: read, line: 9, column: 0 };
        let root = builder.location(0x1010, Some(mapping), &[inner, outer]);
        let leaf = builder.location(0x2020, None, &[]);
        let labels = [
            ("user", LabelValue::Text("bob")),
            ("bytes", LabelValue::Number(16, "")),
            ("bytes", LabelValue::Number(8, "kB")),
            ("age", LabelValue::Number(3, "")),
            ("user", LabelValue::Text("ann")),
        ];
        builder.sample(&[leaf, root], &[1, 2048], &labels);
        builder.sample(&[], &[0, -5], &[]);
        let mut out = Vec::new();
        let time = "2020-09-13 12:26:40.5 +0000 UTC";
        write(&builder.finish(), Some(time), &mut out).unwrap();
        expect![[r#"
            Comment: a comment
            Doc: http://doc
            PeriodType: space bytes
            Period: 512
            Time: 2020-09-13 12:26:40.5 +0000 UTC
            Duration: 12.3
            Samples:
            objects/count space/bytes[dflt]
                      1       2048: 2 1 
                            user:[bob ann]
                            age:[3] bytes:[16  8 kB]
                      0         -5: 
            Locations
                 1: 0x1010 M=1 read io.rs:9:0 s=0
                         main main.rs:3:7 s=1(_main)
                 2: 0x2020 
            Mappings
            1: 0x1000/0x3000/0x0 /bin/app abc [FN][LN]
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }
}
