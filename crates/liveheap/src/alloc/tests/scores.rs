//! Estimates against the truth over 20 seeds, sizes from 8 bytes to 64 MiB, rates, and ways to
//! allocate: the standard scores must be those of chance, neither more nor less.
//!
//! Seeds are fixed, so nothing here fails by chance. By the theory, fresh seeds would raise a false
//! alarm once in 250 runs: three ways, each with once in 1000 for the mean of the 220 scores, and once
//! in 10 000 for their spread, for the largest of them, and for the share beyond 1.96.

use super::{Block, Totals, alone, reseed};
use crate::thread;

const SIZES: [usize; 8] = [8, 64, 512, 4096, 64 << 10, 512 << 10, 4 << 20, 64 << 20];
const RATES: [u64; 4] = [1 << 10, 32 << 10, 512 << 10, 8 << 20];
const SEEDS: u64 = 20;
/// Most objects of a run; there are fewer where a hundred samples need fewer.
const MOST: u32 = 6000;

#[derive(Clone, Copy, Debug)]
enum Way {
    /// Allocated and freed, every second one later.
    Plain,
    /// Allocated with half of its size, and grown: a reallocation is another allocation.
    Grown,
    /// As plain, on two threads.
    Threads,
}

/// Probability that an object is picked.
fn picked(size: usize, rate: u64) -> f64 {
    -(-(size as f64) / rate as f64).exp_m1()
}

fn allocate(way: Way, size: usize, objects: u32, seed: u64) {
    match way {
        Way::Plain => {
            let mut kept = None;
            for number in 0..objects {
                let block = Block::new(size, 8);
                if number % 2 == 0 {
                    kept = Some(block);
                }
            }
            drop(kept);
        }
        Way::Grown => (0..objects).for_each(|_| Block::new(size / 2, 8).resize(size)),
        Way::Threads => std::thread::scope(|scope| {
            for number in 0..2 {
                scope.spawn(move || {
                    // Or else the first allocation would draw a seed of its own.
                    thread::with(|state| state.started.set(true));
                    reseed(seed * 2 + number);
                    allocate(Way::Plain, size, objects / 2, seed);
                });
            }
        }),
    }
}

/// One run: how far the estimate is from the truth, in standard errors; none when chance has too
/// little to do with it for a normal distribution.
fn score(way: Way, size: usize, rate: u64, seed: u64) -> Option<f64> {
    let chance = picked(size, rate);
    let wanted = (100.0 / chance).ceil();
    let objects = (1..=MOST).find(|count| f64::from(*count) >= wanted).unwrap_or(MOST) & !1;
    // What is allocated in all, and the variance of its estimate.
    let sizes = if matches!(way, Way::Grown) { vec![size / 2, size] } else { vec![size] };
    let variance = |size: &usize| (1.0 - picked(*size, rate)) / picked(*size, rate);
    let error = (f64::from(objects) * sizes.iter().map(variance).sum::<f64>()).sqrt();
    let truth = f64::from(objects) * sizes.len() as f64;
    let mut difference = f64::NAN;
    alone(rate, seed, || {
        let before = Totals::now();
        allocate(way, size, objects, seed);
        let found = Totals::now().since(before);
        assert_eq!((found.objects, found.bytes, found.sampled_in_use), (0.0, 0.0, 0));
        difference = found.allocated_objects - truth;
    });
    // The weights are rounded to a millionth.
    let allowed = 8.0 * error + truth * 1e-6 + 5.0 * f64::from(u8::from(error > 1e-3));
    assert!(difference.abs() <= allowed, "{way:?} {size} at {rate}: {difference} of {truth}");
    let rarest = f64::from(objects) * chance.min(1.0 - chance);
    (rarest >= 25.0).then_some(difference / error)
}

#[test]
fn the_scores_of_all_sizes_rates_and_ways_are_those_of_chance() {
    for way in [Way::Plain, Way::Grown, Way::Threads] {
        let mut scores = Vec::new();
        for seed in 0..SEEDS {
            for (place, size) in SIZES.into_iter().enumerate() {
                for rate in RATES {
                    let seed = seed * 1000 + place as u64 * 10 + u64::from(rate.ilog2()) * 100_000;
                    scores.extend(score(way, size, rate, seed));
                }
            }
        }
        let count = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / count;
        let spread = (scores.iter().map(|score| score * score).sum::<f64>() / count).sqrt();
        let largest = scores.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        let beyond = scores.iter().filter(|score| score.abs() > 1.96).count() as f64 / count;
        assert!(count >= 150.0, "{way:?}: {count} scores");
        assert!(mean.abs() < 3.3 / count.sqrt(), "{way:?}: mean {mean} of {count}");
        assert!((spread - 1.0).abs() < 3.9 / (2.0 * count).sqrt(), "{way:?}: spread {spread}");
        assert!(largest < 5.0, "{way:?}: largest {largest}");
        let share = (0.05 * 0.95 / count).sqrt();
        assert!((beyond - 0.05).abs() < 4.0 * share, "{way:?}: {beyond} beyond 1.96");
    }
}
