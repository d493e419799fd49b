//! Splits of rows and objects that are made up.

use super::*;
use crate::sampled::Picked;
use crate::sampler::WEIGHT_FRACTION_BITS;

/// Half an object more than one.
const ONE_AND_A_HALF: u64 = 3 << (WEIGHT_FRACTION_BITS - 1);

/// Objects of 10 bytes in bucket 7: age, thread, how many.
fn parts(objects: &[(u64, u32, usize)]) -> Parts {
    let mut parts = Parts { threads: vec!["main".to_owned()], sums: BTreeMap::new() };
    for &(age, thread, count) in objects {
        let key = Key { bucket: 7, age: Reverse(Some(age)), thread: Some(thread) };
        let sums = parts.sums.entry(key).or_default();
        (0..count).for_each(|_| sums.add(10, ONE_AND_A_HALF));
    }
    // Neighbours that must not be taken for it.
    for bucket in [6, 8] {
        let key = Key { bucket, age: Reverse(Some(60)), thread: Some(0) };
        parts.sums.entry(key).or_default().add(10, ONE_AND_A_HALF);
    }
    parts
}

/// Splits a row and gives all rows: age, objects allocated, objects and bytes in use.
fn split(parts: &Parts, allocated: i64, in_use: i64) -> Vec<(Option<u64>, i64, i64, i64)> {
    let mut sampled = Sampled::default();
    let estimate = Estimate {
        allocated_objects: allocated,
        allocated_bytes: allocated * 10,
        in_use_objects: in_use,
        in_use_bytes: in_use * 10,
    };
    sampled.push([1, 2], 10, estimate, Picked::default());
    parts.split_last_row(7, &mut sampled);
    let stack = sampled.stack(&sampled.rows[0]).to_vec();
    let rows = sampled.rows.iter();
    rows.map(|row| {
        assert_eq!((sampled.stack(row), row.size), (&*stack, 10));
        let Estimate { allocated_objects, in_use_objects, in_use_bytes, .. } = row.estimate;
        (row.labels.age_seconds, allocated_objects, in_use_objects, in_use_bytes)
    })
    .collect()
}

#[test]
fn the_parts_add_up_to_the_whole_although_each_is_cut() {
    // 1.5 + 1.5 + 3 objects.
    let parts = parts(&[(0, 0, 1), (60, 0, 1), (60, 1, 2)]);
    assert_eq!(
        split(&parts, 9, 6),
        [(Some(60), 0, 1, 15), (Some(60), 0, 3, 30), (Some(0), 0, 2, 15), (None, 9, 0, 0)]
    );
}

#[test]
fn what_was_freed_meanwhile_is_taken_from_the_youngest() {
    let parts = parts(&[(0, 0, 2), (3600, 0, 2)]);
    assert_eq!(split(&parts, 9, 4), [(Some(3600), 0, 3, 30), (Some(0), 0, 1, 10), (None, 9, 0, 0)]);
}

#[test]
fn what_was_allocated_meanwhile_stays_without_labels() {
    let parts = parts(&[(3600, 0, 2)]);
    assert_eq!(split(&parts, 9, 5), [(Some(3600), 0, 3, 30), (None, 9, 2, 20)]);
}

#[test]
fn a_row_of_nothing_is_left_out() {
    assert_eq!(split(&parts(&[(3600, 0, 2)]), 0, 3), [(Some(3600), 0, 3, 30)]);
}

#[test]
fn ages_are_the_begin_of_their_class() {
    let class = |millis: u64| age_class(millis * 1_000_000);
    assert_eq!([class(0), class(999), class(1000), class(9999)], [0, 0, 1, 1]);
    assert_eq!([class(59_999), class(600_000), class(3_600_000)], [10, 600, 3600]);
    assert_eq!(age_class(u64::MAX), 86400);
}

#[test]
fn threads_of_one_name_share_a_label() {
    let (mut numbers, mut names) = (Numbers::default(), Vec::new());
    let name = |thread: u32| if thread < 10 { "worker".to_owned() } else { "main".to_owned() };
    let got = [3, 11, 4, 3].map(|thread| numbers.of(thread, &mut names, &name));
    assert_eq!((got, names), ([0, 1, 0, 0], vec!["worker".to_owned(), "main".to_owned()]));
}

#[test]
fn a_thread_that_is_gone_goes_by_its_id() {
    assert_eq!(name(u32::MAX), "4294967295");
    assert!(name(std::process::id()).parse::<u32>().is_err());
}
