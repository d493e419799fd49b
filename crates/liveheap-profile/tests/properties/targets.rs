//! What the fuzz targets do with an input. The fuzz workspace includes this file, so that kept
//! inputs are replayed with the very code that found them.

use liveheap_profile::{
    Limits, Profile, compact, decode, decode_proto, encode, merge, negate, parse_folded,
    tag_as_base, to_folded, validate,
};

/// The targets, and what each puts in front of its input: enough to make it one reader's own.
pub(crate) const TARGETS: [(&str, &[u8]); 12] = [
    ("proto", b""),
    ("gzip", b""),
    ("heap", b"heap profile: 1: 64 [2: 128] @ heap_v2/4096\n"),
    ("growth", b"heap profile: 1: 64 [2: 128] @ growthz\n"),
    ("contention", b"--- mutex:\n"),
    ("thread", b"--- threadz 1 ---\n"),
    ("count", b"goroutine profile: total 1\n"),
    ("cpu", &[0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0]),
    ("java", b"--- heapz 1 ---\nformat=java\nresolution=bytes\n"),
    ("jemalloc", b"heap_v2/4096\n"),
    (
        "maps",
        b"heap profile: 1: 1 [1: 1] @ heapprofile\n1: 1 [1: 1] @ 0x1 0x500\nMAPPED_LIBRARIES:\n",
    ),
    ("folded", b""),
];

/// The target `merge` takes two profiles of profile.proto, one behind the other; the first two
/// bytes say how long the first one is.
pub(crate) const MERGE: &str = "merge";

/// Runs a target. It must neither panic nor take long, whatever the input is.
pub(crate) fn run(target: &str, input: &[u8]) {
    if target == MERGE {
        return run_merge(input);
    }
    let Some((_, prefix)) = TARGETS.iter().find(|(name, _)| *name == target) else { return };
    let bytes = [*prefix, input].concat();
    // Small, so that a bomb of a few kilobytes is refused and not waited for.
    let mut limits = Limits::default();
    limits.unpacked_bytes = 1 << 24;
    let read = match target {
        "proto" => decode_proto(&bytes),
        "folded" => parse_folded(&String::from_utf8_lossy(&bytes)),
        _ => decode(&bytes, &limits),
    };
    if let Ok(profile) = read {
        use_profile(profile);
    }
}

fn run_merge(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (first, second) = rest.split_at(length);
    if let (Ok(first), Ok(second)) = (decode_proto(first), decode_proto(second)) {
        let _ = merge(vec![first.clone(), tag_as_base(second.clone())]);
        if let Ok(merged) = merge(vec![first, negate(second)]) {
            use_profile(merged);
        }
    }
}

/// What comes after reading: other stages must be able to rely on the tables.
fn use_profile(profile: Profile) {
    if validate(&profile).is_err() {
        return;
    }
    if !profile.sample_types.is_empty() {
        let _ = to_folded(&profile, 0);
    }
    let bytes = encode(&profile);
    // Some that are read cannot be written as they are: a number without unit that is zero is no
    // label in profile.proto. But what is written must be readable.
    assert!(decode_proto(&bytes).is_ok(), "what was written cannot be read");
    let compacted = compact(profile);
    assert!(validate(&compacted).is_ok(), "compacting broke the tables");
}
