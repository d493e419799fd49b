//! Differences of rows that are made up.

use super::*;

fn bytes_in_use(bytes: i64) -> Estimate {
    Estimate { in_use_bytes: bytes, ..Estimate::default() }
}

fn sampled(time_nanos: i64, rows: &[(&[u64], u64, i64)]) -> Sampled {
    let mut sampled = Sampled { time_nanos, ..Sampled::default() };
    for (stack, size, bytes) in rows {
        sampled.push(stack.iter().copied(), *size, bytes_in_use(*bytes), Picked::default());
    }
    sampled
}

fn rows(sampled: &Sampled) -> Vec<(Vec<u64>, u64, i64)> {
    let addresses = sampled.return_addresses.values();
    let stack = |row| sampled.stack(row).iter().map(|&call| addresses[call as usize]).collect();
    let rows = sampled.rows.iter();
    rows.map(|row| (stack(row), row.size, row.estimate.in_use_bytes)).collect()
}

#[test]
fn a_difference_holds_what_changed_also_below_zero() {
    let before = sampled(100, &[(&[1, 2], 64, 640), (&[3, 2], 64, 100), (&[4], 16, 16)]);
    let after = sampled(300, &[(&[4], 16, 16), (&[1, 2], 64, 1280), (&[5], 16, 32)]);
    let difference = between(&before, &after);
    let changed = [(vec![1, 2], 64, 640), (vec![3, 2], 64, -100), (vec![5], 16, 32)];
    assert_eq!(rows(&difference), changed);
    assert_eq!((difference.time_nanos, difference.duration_nanos), (300, 200));
}

#[test]
fn a_difference_to_itself_is_empty() {
    let sampled = sampled(0, &[(&[1], 8, 80), (&[1], 16, 160), (&[], 16, 160)]);
    assert!(between(&sampled, &sampled).rows.is_empty());
}

#[test]
fn what_was_allocated_since_comes_with_what_is_in_use_now() {
    let sampled = |allocated_bytes: i64, in_use_bytes: i64| {
        let mut sampled = Sampled::default();
        let estimate = Estimate { allocated_bytes, in_use_bytes, ..Estimate::default() };
        sampled.push([1], 8, estimate, Picked::default());
        // Freed before; nothing of it is to be shown.
        let gone = Estimate { allocated_bytes: 80, ..Estimate::default() };
        sampled.push([2], 8, gone, Picked::default());
        sampled
    };
    let since = allocated_since(&sampled(160, 80), &sampled(200, 40));
    let estimates: Vec<_> = since.rows.iter().map(|row| row.estimate).collect();
    let expected = Estimate { allocated_bytes: 40, in_use_bytes: 40, ..Estimate::default() };
    assert_eq!(estimates, [expected]);
}
