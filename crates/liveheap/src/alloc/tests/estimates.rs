//! Estimates against the truth. Seeds are fixed, so nothing here fails by chance; among fresh seeds
//! five standard errors would be exceeded once in two million.

use super::{Block, Totals, alone};
use crate::buckets::BucketView;
use crate::thread::{self, Quiet};
use std::hint::black_box;

/// A call site: allocates `count` objects of `size` bytes and frees every second one.
#[inline(never)]
fn site<const NUMBER: usize>(size: usize, count: usize) -> Vec<Block> {
    black_box(NUMBER);
    let mut kept = Vec::new();
    for number in 0..count {
        let block = Block::new(size, 8);
        if number % 2 == 0 {
            kept.push(block);
        }
    }
    kept
}

/// Whether a bucket's stack goes through the function at `start`, which is the one that was passed,
/// as no other of `sites` begins between it and the frame.
fn goes_through(bucket: &BucketView<'_>, start: usize, sites: &[usize]) -> bool {
    bucket.stack.iter().take(4).any(|frame| {
        let nearest = sites.iter().filter(|site| *site < frame).max();
        nearest == Some(&start) && frame - start < 2000
    })
}

#[test]
fn each_call_site_is_estimated_within_five_standard_errors() {
    type Site = fn(usize, usize) -> Vec<Block>;
    let sites: [(Site, usize, usize); 7] = [
        (site::<0>, 16, 200_000),
        (site::<1>, 64, 100_000),
        (site::<2>, 1000, 20_000),
        (site::<3>, 4096, 10_000),
        (site::<4>, 60_000, 1000),
        (site::<5>, 524_288, 200),
        (site::<6>, 4 << 20, 100),
    ];
    let starts: Vec<usize> = sites.iter().map(|(site, ..)| *site as usize).collect();
    for rate in [64 << 10, 512 << 10] {
        alone(rate, rate, || {
            for (number, (site, size, count)) in sites.iter().enumerate() {
                let of_site =
                    || Totals::of(&|bucket| goes_through(bucket, starts[number], &starts));
                let before = of_site();
                let kept = site(*size, *count);
                let found = of_site().since(before);
                let picked = -(-(*size as f64) / rate as f64).exp_m1();
                let error = |objects: usize| (objects as f64 * (1.0 - picked) / picked).sqrt();
                let check = |estimate: f64, objects: usize, unit: f64| {
                    let difference = (estimate / unit - objects as f64).abs();
                    // The weights are rounded to a millionth.
                    let allowed = 5.0 * error(objects) + objects as f64 * 1e-6;
                    assert!(difference <= allowed, "{size} at {rate}: {found:?}");
                };
                check(found.allocated_objects, *count, 1.0);
                check(found.allocated_bytes, *count, *size as f64);
                check(found.objects, kept.len(), 1.0);
                check(found.bytes, kept.len(), *size as f64);
            }
        });
    }
}

/// 400 seeds: the mean of the estimates has a twentieth of one's standard error, and the spread of
/// the estimates is known to 3.5 %.
#[test]
fn the_mean_over_many_seeds_is_the_truth_and_the_spread_is_as_computed() {
    const SEEDS: u32 = 400;
    for (size, count, rate) in [(100, 2000, 8192), (3000, 100, 4096), (4096, 50, 4096)] {
        let (mut sum, mut squares) = (0.0, 0.0);
        for seed in 0..SEEDS {
            alone(rate, u64::from(seed) + 1000, || {
                let before = Totals::now();
                drop(site::<7>(size, count));
                let objects = Totals::now().since(before).allocated_objects;
                sum += objects;
                squares += (objects - count as f64).powi(2);
            });
        }
        let picked = -(-(size as f64) / rate as f64).exp_m1();
        let error = (count as f64 * (1.0 - picked) / picked).sqrt();
        let mean = sum / f64::from(SEEDS);
        assert!((mean - count as f64).abs() < 4.0 * error / 20.0, "{size}: {mean} of {count}");
        let spread = (squares / f64::from(SEEDS)).sqrt() / error;
        assert!((0.88..1.12).contains(&spread), "{size}: {spread}");
    }
}

#[test]
fn what_is_allocated_quietly_is_not_sampled_and_changes_no_countdown() {
    alone(1, 1, || {
        let before = Totals::now();
        let quiet = Quiet::enter();
        let first = Block::new(100, 8);
        {
            let _nested = Quiet::enter();
            drop(Block::new(100_000, 8));
        }
        let second = Block::new(100, 8);
        assert_eq!(Totals::now(), before);
        drop(quiet);
        let third = Block::new(100, 8);
        assert_eq!(Totals::now().since(before).objects, 1.0);
        drop((first, second, third));
        assert_eq!(Totals::now().since(before).objects, 0.0);
    });
    alone(1 << 20, 1, || {
        let left = || thread::with(|state| state.left.get());
        let before = left();
        {
            let _quiet = Quiet::enter();
            drop(Block::new(2 << 20, 8));
        }
        assert_eq!(left(), before);
    });
}

#[test]
fn an_object_keeps_the_weight_of_the_rate_it_was_sampled_with() {
    alone(1, 1, || {
        let before = Totals::now();
        let first = Block::new(1000, 8);
        crate::set_sample_rate(1000);
        let others: Vec<Block> = (0..100).map(|_| Block::new(1000, 8)).collect();
        crate::set_sample_rate(2);
        drop(first);
        drop(others);
        let after = Totals::now().since(before);
        assert_eq!((after.objects, after.bytes, after.sampled_in_use), (0.0, 0.0, 0));
        assert!(after.sampled_allocated > 40);
    });
}

/// As a function that is asked for statistics may do while a profile is taken.
#[test]
fn a_rate_that_changes_on_a_quiet_thread_changes_no_countdown() {
    alone(1000, 1, || {
        let drawn = || thread::with(|state| (state.left.get(), state.rate.get()));
        let before = drawn();
        let samples = Totals::now().sampled_allocated;
        {
            let _quiet = Quiet::enter();
            crate::set_sample_rate(1);
            drop(Block::new(100, 8));
        }
        assert_eq!((drawn(), Totals::now().sampled_allocated), (before, samples));
        // Those that were left, and from then on each.
        let blocks: Vec<Block> = (0..1000).map(|_| Block::new(100, 8)).collect();
        assert!(Totals::now().sampled_allocated > samples + 900);
        drop(blocks);
    });
}

/// As a function that is asked for statistics, or a handler that interrupts a sample, may do.
#[test]
fn the_child_of_a_fork_on_a_quiet_thread_is_quiet_too() {
    alone(1, 1, || {
        let drawn = || thread::with(|state| (state.left.get(), state.rate.get()));
        let (before, samples) = (drawn(), Totals::now().sampled_allocated);
        {
            let _quiet = Quiet::enter();
            crate::set_sample_rate(1000);
            crate::sampler::reseed();
            drop(Block::new(100, 8));
        }
        assert_eq!((drawn(), Totals::now().sampled_allocated), (before, samples));
    });
}
