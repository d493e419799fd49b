//! What counts as the same, what the result's headers are, and what must hold for any profiles.

use super::*;
use crate::describe::describe;
use crate::{Frame, LabelValue, ProfileBuilder, encode, negate, tag_as_base};
use expect_test::{Expect, expect};

/// A profile of one type with one sample: `leaf` called by `main`, in a mapping of its own.
fn one_call(start: u64, leaf: &str, value: i64) -> Profile {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    let file = builder.string("/bin/app");
    let mapping = builder.mapping(Mapping {
        start,
        limit: start + 0x2000,
        offset: 0x1000,
        file,
        ..Mapping::default()
    });
    let stack = [(leaf, 0x10), ("main", 0x20)].map(|(name, distance)| {
        let function = builder.function(name, name, "app.c", 1);
        let frames = [Frame { function, line: 7, column: 0 }];
        builder.location(start + distance, Some(mapping), &frames)
    });
    builder.sample(&stack, &[value], &[]);
    builder.finish()
}

fn of_types(types: &[(&str, &str)], values: &[i64]) -> Profile {
    let mut builder = ProfileBuilder::new(types);
    builder.sample(&[], values, &[]);
    builder.finish()
}

fn check(profiles: Vec<Profile>, expected: Expect) {
    expected.assert_eq(&describe(&merge(profiles).unwrap()));
}

fn check_error(profiles: Vec<Profile>, expected: Expect) {
    expected.assert_eq(&merge(profiles).unwrap_err().to_string());
}

#[test]
fn equal_stacks_add_up_wherever_the_binary_was_loaded() {
    check(
        vec![one_call(0x40_0000, "leak", 10), one_call(0x50_0000, "leak", 5)],
        expect![[r#"
            types space/bytes
            [15] at [1, 2]
            location 1 0x400010 in 1 leak#1 app.c:7:0
            location 2 0x400020 in 1 main#2 app.c:7:0
            mapping 1 0x400000-0x402000 @0x1000 /bin/app
        "#]],
    );
}

#[test]
fn other_functions_stay_apart_and_are_numbered_by_first_use() {
    check(
        vec![one_call(0x40_0000, "leak", 10), one_call(0x40_0000, "free", 5)],
        expect![[r#"
            types space/bytes
            [10] at [1, 2]
            [5] at [3, 2]
            location 1 0x400010 in 1 leak#1 app.c:7:0
            location 2 0x400020 in 1 main#2 app.c:7:0
            location 3 0x400010 in 1 free#3 app.c:7:0
            mapping 1 0x400000-0x402000 @0x1000 /bin/app
        "#]],
    );
}

#[test]
fn what_cancels_vanishes_with_all_that_only_it_used() {
    check(
        vec![
            one_call(0x40_0000, "leak", 10),
            one_call(0x40_0000, "free", 5),
            negate(one_call(0x40_0000, "leak", 10)),
        ],
        expect![[r#"
            types space/bytes
            [5] at [1, 2]
            location 1 0x400010 in 1 free#1 app.c:7:0
            location 2 0x400020 in 1 main#2 app.c:7:0
            mapping 1 0x400000-0x402000 @0x1000 /bin/app
        "#]],
    );
}

#[test]
fn a_tagged_base_does_not_cancel() {
    let base = tag_as_base(negate(one_call(0x40_0000, "leak", 4)));
    check(
        vec![one_call(0x40_0000, "leak", 10), base],
        expect![[r#"
            types space/bytes
            [10] at [1, 2]
            [-4] at [1, 2] pprof::base=true
            location 1 0x400010 in 1 leak#1 app.c:7:0
            location 2 0x400020 in 1 main#2 app.c:7:0
            mapping 1 0x400000-0x402000 @0x1000 /bin/app
        "#]],
    );
}

#[test]
fn labels_tell_samples_apart_whatever_their_order() {
    let labelled = |labels: &[(&str, LabelValue<'_>)]| {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        builder.sample(&[], &[1], labels);
        builder.finish()
    };
    let (size, thread) =
        (("bytes", LabelValue::Number(64, "bytes")), ("thread", LabelValue::Text("main")));
    check(
        vec![
            labelled(&[size, thread]),
            labelled(&[thread, size]),
            labelled(&[thread]),
            labelled(&[("bytes", LabelValue::Number(64, "")), thread]),
        ],
        expect![[r#"
            types space/bytes
            [2] at [] thread=main bytes=64bytes
            [1] at [] thread=main
            [1] at [] thread=main bytes=64
        "#]],
    );
}

#[test]
fn the_last_column_alone_tells_locations_apart() {
    let with_columns = |inner: i64, outer: i64| {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        let function = builder.function("f", "f", "f.c", 0);
        let frames = [inner, outer].map(|column| Frame { function, line: 1, column });
        let location = builder.location(0, None, &frames);
        builder.sample(&[location], &[1], &[]);
        builder.finish()
    };
    check(
        vec![with_columns(1, 9), with_columns(2, 9), with_columns(1, 8)],
        expect![[r#"
            types space/bytes
            [2] at [1]
            [1] at [2]
            location 1 0x0 f#1 f.c:1:1 f#1 f.c:1:9
            location 2 0x0 f#1 f.c:1:1 f#1 f.c:1:8
        "#]],
    );
}

#[test]
fn only_common_types_are_kept_in_the_order_of_the_first() {
    check(
        vec![
            of_types(&[("objects", "count"), ("space", "bytes")], &[1, 10]),
            of_types(&[("space", "bytes"), ("age", "ns"), ("objects", "count")], &[5, 7, 2]),
        ],
        expect![[r#"
            types objects/count space/bytes
            [3, 15] at []
        "#]],
    );
    check_error(
        vec![of_types(&[("a", "count")], &[1]), of_types(&[("b", "count")], &[1])],
        expect!["profiles have empty common sample type list"],
    );
    check_error(
        vec![ProfileBuilder::new(&[]).finish()],
        expect!["profiles have empty common sample type list"],
    );
}

#[test]
fn the_default_type_survives_if_it_is_common() {
    let with_default = |kind: &str| {
        let mut builder = ProfileBuilder::new(&[("a", "count"), ("b", "count"), ("c", "count")]);
        builder.set_default_sample_type(kind);
        builder.finish()
    };
    let other = || of_types(&[("c", "count"), ("b", "count")], &[1, 1]);
    for (kind, left) in [("a", "b"), ("c", "c"), ("", "b")] {
        let merged = merge(vec![with_default(kind), other()]).unwrap();
        assert_eq!(merged.text(merged.default_sample_type), left);
    }
}

#[test]
fn values_are_converted_to_the_finest_unit() {
    check(
        vec![of_types(&[("space", "kb")], &[2]), of_types(&[("space", "bytes")], &[1])],
        expect![[r#"
            types space/bytes
            [2049] at []
        "#]],
    );
    check_error(
        vec![of_types(&[("space", "kb")], &[2]), of_types(&[("space", "ms")], &[1])],
        expect!["sample types: incompatible types: {space kb} {space ms}"],
    );
}

#[test]
fn periods_are_converted_and_the_longest_wins() {
    let with_period = |unit: &str, period: i64| {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        builder.set_period("space", unit, period);
        builder.finish()
    };
    let merged = merge(vec![with_period("kb", 512), with_period("bytes", 1000)]).unwrap();
    assert_eq!((merged.period, merged.text(merged.period_type.unit)), (524_288, "bytes"));
    check_error(
        vec![with_period("kb", 512), with_period("ms", 1)],
        expect!["period type: incompatible types: {space kb} {space ms}"],
    );
}

#[test]
fn headers_come_from_the_profile_that_has_them() {
    let header = |time: i64, comments: &[&str], url: &str| {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        builder.set_time(time, 10);
        builder.set_doc_url(url);
        comments.iter().for_each(|comment| builder.comment(comment));
        builder.finish()
    };
    let merged = merge(vec![
        header(300, &["one", "two"], ""),
        header(200, &["two", "three"], "http://a"),
        header(400, &[], "http://b"),
    ])
    .unwrap();
    assert_eq!((merged.time_nanos, merged.duration_nanos), (200, 30));
    let comments: Vec<_> = merged.comments.iter().map(|id| merged.text(*id)).collect();
    assert_eq!(comments, ["one", "two", "three"]);
    assert_eq!(merged.text(merged.doc_url), "http://a");
}

#[test]
fn one_profile_alone_keeps_its_tables() {
    let mut profile = one_call(0x40_0000, "leak", 0);
    profile.locations[0].id = 70;
    let merged = merge(vec![profile]).unwrap();
    assert_eq!((merged.samples.len(), merged.locations[0].id), (1, 70));
    assert_eq!(merge(Vec::new()).unwrap_err().kind(), ErrorKind::Empty);
}

#[test]
fn compacting_drops_what_nothing_uses_but_the_main_binary() {
    let compacted = compact(one_call(0x40_0000, "leak", 0));
    assert!(compacted.samples.is_empty() && compacted.locations.is_empty());
    assert!(compacted.functions.is_empty() && compacted.lines.is_empty());
    assert_eq!(compacted.mappings.len(), 1);
    let again = compact(one_call(0x40_0000, "leak", 3));
    assert_eq!(encode(&compact(again.clone())), encode(&again));
}

#[test]
fn sums_saturate() {
    let merged = merge(vec![of_types(&[("a", "count")], &[i64::MAX]); 2]).unwrap();
    assert_eq!(merged.samples.values(0), [i64::MAX]);
}
