//! What the decoder accepts, and how it refuses the rest.

use super::*;
use crate::{Frame, LabelValue, ProfileBuilder, encode};

fn example() -> Profile {
    let mut builder = ProfileBuilder::new(&[("objects", "count"), ("space", "bytes")]);
    let file = builder.string("/bin/app");
    let mapping = builder.mapping(Mapping {
        start: 0x1000,
        limit: 0x9000,
        file,
        has_functions: true,
        ..Mapping::default()
    });
    let leak = builder.function("leak", "_leak", "leak.rs", 7);
    let main = builder.function("main", "_main", "main.rs", 1);
    let leaf = builder.location(
        0x1010,
        Some(mapping),
        &[
            Frame { function: leak, line: 9, column: 4 },
            Frame { function: main, line: 3, column: 0 },
        ],
    );
    let root = builder.location(0x1020, Some(mapping), &[]);
    builder.sample(&[leaf, root], &[1, -4096], &[]);
    builder.sample(
        &[leaf, root, leaf],
        &[2, i64::MAX],
        &[("bytes", LabelValue::Number(4096, "bytes")), ("thread", LabelValue::Text("main"))],
    );
    builder.sample(&[], &[0, 0], &[]);
    builder.set_period("space", "bytes", 524_288);
    builder.set_time(1_700_000_000_000_000_000, 1);
    builder.set_default_sample_type("space");
    builder.set_drop_frames("malloc", "main");
    builder.comment("one");
    builder.comment("two");
    builder.finish()
}

#[test]
fn what_is_written_is_read_back() {
    let profile = example();
    let bytes = encode(&profile);
    let read = decode_proto(&bytes).unwrap();
    assert_eq!(encode(&read), bytes);
    assert_eq!(read.samples.len(), 3);
    assert_eq!(read.samples.values(1), [2, i64::MAX]);
    assert_eq!(read.samples.stack(1).len(), 3);
    assert_eq!(read.text(read.samples.labels(1)[0].key), "thread");
    assert_eq!(read.lines_of(read.samples.stack(0)[0]).len(), 2);
    assert_eq!(read.text(read.default_sample_type), "space");
    assert_eq!(read.comments.len(), 2);
}

#[test]
fn any_cut_gives_an_error_or_a_shorter_profile() {
    let bytes = encode(&example());
    for length in 0..bytes.len() {
        // No panic; and never more than was written.
        if let Ok(profile) = decode_proto(&bytes[..length]) {
            assert!(profile.samples.len() <= 3);
        }
    }
}

#[test]
fn any_flipped_byte_is_survived() {
    let bytes = encode(&example());
    for position in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[position] ^= flip;
            let _ = decode_proto(&damaged);
        }
    }
}

fn error(bytes: &[u8]) -> String {
    decode_proto(bytes).unwrap_err().to_string()
}

#[test]
fn errors_name_what_is_wrong() {
    assert_eq!(error(b""), "empty input file");
    assert_eq!(error(&[0x32, 1, b'x']), "the first text of the string table is not empty");
    assert_eq!(error(&[0x48, 1]), "text 0 is named, but the string table has 0");
    assert_eq!(
        error(&[0x48, 1, 0x48, 1]),
        "concatenated profiles detected; give them as separate sources to merge them"
    );
    assert_eq!(error(&[0x12, 2, 0x10, 1, 0x32, 0]), "missing sample type information");
    assert_eq!(error(&[0x0a, 0, 0x12, 0, 0x32, 0]), "mismatch: sample has 0 values vs. 1 types");
    assert_eq!(
        error(&[0x0a, 0, 0x12, 4, 0x10, 1, 0x08, 9, 0x32, 0]),
        "a sample names location 9, which is missing"
    );
    assert_eq!(error(&[0x0b]), "unknown wire type 3");
}

#[test]
fn large_and_unordered_ids_are_linked() {
    let mut profile = example();
    profile.locations[0].id = u64::MAX;
    profile.locations[1].id = 3;
    profile.functions[0].id = 1 << 40;
    profile.mappings[0].id = 77;
    let bytes = encode(&profile);
    let read = decode_proto(&bytes).unwrap();
    assert_eq!(encode(&read), bytes);
    assert_eq!(read.locations[read.samples.stack(0)[0].get()].id, u64::MAX);
}

#[test]
fn repeated_texts_become_one() {
    // Two sample types whose kinds are texts 1 and 2, both "a".
    let bytes = [0x0a, 2, 8, 1, 0x0a, 2, 8, 2, 0x32, 0, 0x32, 1, b'a', 0x32, 1, b'a'];
    let profile = decode_proto(&bytes).unwrap();
    assert_eq!(profile.sample_types[0], profile.sample_types[1]);
    assert_eq!(profile.strings.len(), 2);
}
