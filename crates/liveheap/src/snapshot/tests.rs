//! Profiles of rows that are made up.

use super::*;
use crate::sampled::{Estimate, Picked};
use expect_test::{Expect, expect};
use liveheap_profile::{LabelData, decode, encode};
use std::fmt::Write as _;

/// Two modules and names for some of their addresses.
fn sampled(rows: &[(&[u64], u64, i64)]) -> (Sampled, Names) {
    let mut sampled = Sampled { rate: 524_288, time_nanos: 7, ..Sampled::default() };
    for (path, start) in [("/opt/server", 0x1000), ("/lib/libc.so.6", 0x9000)] {
        sampled.modules.push(Module {
            path: path.to_owned(),
            build_id: "0102".to_owned(),
            start,
            limit: start + 0x5000,
            offset: 0x1000,
            is_main: start == 0x1000,
        });
    }
    for (stack, size, objects) in rows {
        let bytes = objects * i64::try_from(*size).unwrap();
        let estimate = Estimate {
            allocated_objects: 2 * objects,
            allocated_bytes: 2 * bytes,
            in_use_objects: *objects,
            in_use_bytes: bytes,
        };
        sampled.push(stack.iter().copied(), *size, estimate, Picked::default());
    }
    let names = Names::made_up(
        &sampled.calls(),
        &[(0x2000, "alloc::alloc::alloc"), (0x3000, "keep"), (0x4000, "main"), (0x9500, "malloc")],
    );
    (sampled, names)
}

/// One line for each sample: values, label, stack.
fn check(rows: &[(&[u64], u64, i64)], expected: Expect) {
    let (sampled, names) = sampled(rows);
    let profile = profile(&sampled, &names, Kind::Heap);
    let profile = decode(&encode(&profile), &Default::default()).unwrap();
    let mut text = String::new();
    for sample in 0..profile.samples.len() {
        write!(text, "{:?}", profile.samples.values(sample)).unwrap();
        for label in profile.samples.labels(sample) {
            let LabelData::Number { value, unit } = label.value else { panic!("a text label") };
            write!(text, " {}={value} {}:", profile.text(label.key), profile.text(unit)).unwrap();
        }
        for &location in profile.samples.stack(sample) {
            write!(text, " {:#x}", profile.locations[location.get()].address).unwrap();
            for line in profile.lines_of(location) {
                write!(text, "={}", profile.text(profile.function(line).name)).unwrap();
            }
        }
        writeln!(text).unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn a_row_is_a_sample_with_four_values_and_its_size() {
    check(
        &[(&[0x3001, 0x4001], 1024, 10)],
        expect![[r#"
            [20, 20480, 10, 10240] bytes=1024 bytes: 0x3000=keep 0x4000=main
        "#]],
    );
}

#[test]
fn plumbing_at_the_leaf_is_cut_and_elsewhere_kept() {
    check(
        &[(&[0x9501, 0x2001, 0x3001, 0x2001, 0x4001], 8, 1)],
        expect![[r#"
            [2, 16, 1, 8] bytes=8 bytes: 0x3000=keep 0x2000=alloc::alloc::alloc 0x4000=main
        "#]],
    );
}

#[test]
fn a_stack_of_plumbing_alone_stays_whole() {
    check(
        &[(&[0x9501, 0x2001], 8, 1)],
        expect![[r#"
            [2, 16, 1, 8] bytes=8 bytes: 0x9500=malloc 0x2000=alloc::alloc::alloc
        "#]],
    );
}

#[test]
fn an_address_without_a_name_is_an_address() {
    check(
        &[(&[0x77_0001, 0x4001], 8, 1)],
        expect![[r#"
            [2, 16, 1, 8] bytes=8 bytes: 0x770000 0x4000=main
        "#]],
    );
}

#[test]
fn a_row_without_a_stack_says_so() {
    check(
        &[(&[], 8, 1)],
        expect![[r#"
            [2, 16, 1, 8] bytes=8 bytes: 0x0=[no stack]
        "#]],
    );
}

#[test]
fn the_header_says_what_was_measured_and_where() {
    let (mut sampled, names) = sampled(&[(&[0x3001, 0x9501, 0x77_0001], 8, 1)]);
    sampled.comments.push("3 stacks were cut".to_owned());
    let profile = profile(&sampled, &names, Kind::Allocs);
    let types: Vec<_> = profile
        .sample_types
        .iter()
        .map(|kind| (profile.text(kind.kind), profile.text(kind.unit)))
        .collect();
    assert_eq!(types, SAMPLE_TYPES);
    assert_eq!(profile.text(profile.default_sample_type), "alloc_space");
    assert_eq!((profile.period, profile.time_nanos, profile.duration_nanos), (524_288, 7, 0));
    assert_eq!(profile.text(profile.period_type.kind), "space");
    assert_eq!(profile.text(profile.comments[0]), "3 stacks were cut");
    assert!(profile.text(profile.drop_frames).contains("|alloc::alloc::.*|"));

    let files: Vec<_> = profile.mappings.iter().map(|mapping| profile.text(mapping.file)).collect();
    assert_eq!(files, ["/opt/server", "/lib/libc.so.6"]);
    let mapping = &profile.mappings[0];
    assert_eq!((mapping.start, mapping.limit, mapping.offset), (0x1000, 0x6000, 0x1000));
    assert_eq!(profile.text(mapping.build_id), "0102");
    assert!(mapping.has_functions && !mapping.has_line_numbers);
    let mut owners: Vec<_> = profile
        .locations
        .iter()
        .map(|location| (location.address, location.mapping.map(|mapping| mapping.get())))
        .collect();
    owners.sort_unstable();
    assert_eq!(owners, [(0x3000, Some(0)), (0x9500, Some(1)), (0x77_0000, None)]);
}

#[test]
fn a_large_snapshot_is_quick() {
    // 16 000 stacks of 37 frames over 20 000 addresses; the bound is generous for a debug build.
    let mut sampled = Sampled { rate: 524_288, ..Sampled::default() };
    for row in 0..16_000_u64 {
        let stack = (0..37).map(|frame| 0x1001 + (row * 31 + frame * 977) % 20_000);
        sampled.push(stack, 64, Estimate::default(), Picked::default());
    }
    let started = std::time::Instant::now();
    let profile = profile(&sampled, &Names::default(), Kind::Heap);
    assert_eq!(profile.samples.len(), 16_000);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
