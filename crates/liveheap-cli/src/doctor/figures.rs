//! What part of a profile's total has names, lines and whole stacks, and how good its numbers are.
//!
//! Goes in: a profile that went through the search for names, and which of its values counts. Comes
//! out: shares, each 0 to 1. Nothing is judged here.

use super::diagnosis::{BinaryShares, Precision, StackShares};
use liveheap_profile::{Location, LocationIndex, MappingIndex, Profile};
use std::collections::BTreeSet;

/// So deep the crate `liveheap` and Go record stacks.
pub(crate) const DEEPEST: usize = 128;

/// How many frames from the root the start of a thread may be.
const NEAR_ROOT: usize = 6;

/// Behind these words our runtime says a standard error, in bytes.
const STANDARD_ERROR: &str = "the standard error of all bytes in use is ";

/// A row this many periods large is missed in one profile of twenty.
const VISIBLE_PERIODS: i64 = 3;

/// The sum of the magnitudes of a value.
pub(crate) fn total(profile: &Profile, index: usize) -> i64 {
    let values = (0..profile.samples.len()).map(|sample| profile.samples.values(sample)[index]);
    values.fold(0, |sum: i64, value| sum.saturating_add(value.saturating_abs()))
}

/// The weight of a sample: its part of the total.
fn weight(profile: &Profile, index: usize, sample: usize, total: i64) -> f64 {
    let value = profile.samples.values(sample)[index].saturating_abs();
    if total == 0 { 0.0 } else { value as f64 / total as f64 }
}

/// Whether a location has a name, and whether it has a line.
fn knows(profile: &Profile, location: LocationIndex) -> (bool, bool) {
    let lines = profile.lines_of(location);
    let is_named = |line| !profile.text(profile.function(line).name).is_empty();
    (lines.iter().any(is_named), lines.iter().any(|line| line.line != 0))
}

/// The shares of each mapping, and behind them those of code outside of every mapping.
pub(crate) fn of_binaries(profile: &Profile, index: usize) -> Vec<BinaryShares> {
    let total = total(profile, index);
    let outside = profile.mappings.len();
    let mut all = vec![BinaryShares::default(); outside + 1];
    let place = |location: &Location| location.mapping.map_or(outside, MappingIndex::get);
    let mut seen = BTreeSet::new();
    for sample in 0..profile.samples.len() {
        let weight = weight(profile, index, sample, total);
        let stack = profile.samples.stack(sample);
        let of_frame = weight / stack.len().max(1) as f64;
        seen.clear();
        for (depth, location) in stack.iter().enumerate() {
            let mapping = place(&profile.locations[location.get()]);
            let shares = &mut all[mapping];
            let (is_named, is_lined) = knows(profile, *location);
            shares.frames_unnamed += if is_named { 0.0 } else { of_frame };
            shares.frames_unlined += if is_lined { 0.0 } else { of_frame };
            if depth == 0 {
                shares.leaf_unnamed += if is_named { 0.0 } else { weight };
                shares.leaf_unlined += if is_lined { 0.0 } else { weight };
            }
            if seen.insert(mapping) {
                shares.of_total += weight;
            }
        }
    }
    for (position, location) in profile.locations.iter().enumerate() {
        let (is_named, is_lined) = knows(profile, LocationIndex::new(position));
        let shares = &mut all[place(location)];
        shares.addresses += 1;
        shares.unnamed += usize::from(!is_named);
        shares.unlined += usize::from(!is_lined);
    }
    all
}

/// The shares of stacks that are not whole.
pub(crate) fn of_stacks(profile: &Profile, index: usize) -> StackShares {
    let total = total(profile, index);
    let mut shares = StackShares::default();
    for sample in 0..profile.samples.len() {
        let weight = weight(profile, index, sample, total);
        let stack = profile.samples.stack(sample);
        shares.deepest = shares.deepest.max(stack.len());
        let has_addresses =
            |location: &LocationIndex| profile.locations[location.get()].address != 0;
        // Without addresses the stack is what somebody wrote, not what a profiler walked.
        let was_walked = stack.iter().all(has_addresses);
        match stack {
            [] => shares.absent += weight,
            [only] if name_at_root(profile, *only) == "[no stack]" => shares.absent += weight,
            _ if !was_walked || starts_a_thread(profile, stack) => {}
            [_] => shares.one_frame += weight,
            _ if stack.len() >= DEEPEST => shares.cut += weight,
            // Of a function without a name nobody knows whether threads start there.
            [.., root] if knows(profile, *root).0 => shares.rootless += weight,
            _ => {}
        }
    }
    shares
}

fn name_at_root(profile: &Profile, location: LocationIndex) -> &str {
    profile.lines_of(location).last().map_or("", |line| profile.text(profile.function(line).name))
}

/// Whether a stack goes as far as the first function of its thread.
fn starts_a_thread(profile: &Profile, stack: &[LocationIndex]) -> bool {
    stack.iter().rev().take(NEAR_ROOT).any(|location| {
        let mut lines = profile.lines_of(*location).iter();
        lines.any(|line| is_start(profile.text(profile.function(line).name)))
    })
}

/// Whether a function is where a program or a thread starts.
fn is_start(name: &str) -> bool {
    let last = name.rsplit([':', '.', '/']).next().unwrap_or(name);
    matches!(
        last,
        "main"
            | "_start"
            | "start"
            | "start_thread"
            | "thread_start"
            | "clone"
            | "clone3"
            | "__clone"
            | "__clone3"
            | "_pthread_start"
            | "lang_start"
            | "__rust_begin_short_backtrace"
            | "BaseThreadInitThunk"
            | "RtlUserThreadStart"
            | "goexit"
            | "mstart"
            | "mstart0"
            | "mcall"
            | "systemstack"
            | "rt0_go"
    ) || last.starts_with("__libc_start")
        || name.ends_with("Thread.run")
}

/// How good the numbers of a value are.
pub(crate) fn precision(profile: &Profile, index: usize) -> Precision {
    let behind = behind(profile, index).filter(|behind| behind.samples > 0.0);
    let period = profile.period;
    let has_one_rate = variance_in_use(profile).is_none();
    Precision {
        period,
        period_unit: profile.text(profile.period_type.unit).to_owned(),
        samples: behind.map(|behind| behind.samples),
        relative_error: behind.map(|behind| behind.relative_error.min(1.0)),
        visible_from: if period > 1 && has_one_rate {
            period.saturating_mul(VISIBLE_PERIODS)
        } else {
            0
        },
    }
}

/// What is behind a total.
#[derive(Clone, Copy, Debug)]
struct Behind {
    samples: f64,
    /// The standard error of the total, as a part of it.
    relative_error: f64,
}

/// About how many samples a profiler took for the total; `None` where everything was recorded, or
/// where that cannot be told.
fn behind(profile: &Profile, index: usize) -> Option<Behind> {
    let text = |id| profile.text(id);
    let period = profile.period as f64;
    if profile.period <= 1 {
        return None;
    }
    let kind = text(profile.sample_types[index].kind);
    let find = |wanted: &str| {
        profile.sample_types.iter().position(|sample_type| text(sample_type.kind) == wanted)
    };
    if text(profile.period_type.unit) != "bytes" {
        let counts = find("samples").or_else(|| find("sample"))?;
        let samples = total(profile, counts) as f64;
        return Some(Behind { samples, relative_error: 1.0 / samples.sqrt() });
    }
    if let Some(variance) = variance_in_use(profile) {
        // Of other values nothing is said, and the period is that of some samples only.
        let relative_error = variance.sqrt() / total(profile, index) as f64;
        let samples = relative_error.powi(-2);
        return (kind == "inuse_space").then_some(Behind { samples, relative_error });
    }
    let stem = kind.strip_suffix("space").or_else(|| kind.strip_suffix("objects"))?;
    let (objects, space) = (find(&format!("{stem}objects"))?, find(&format!("{stem}space"))?);
    let (mut samples, mut variance) = (0.0, 0.0);
    for sample in 0..profile.samples.len() {
        let values = profile.samples.values(sample);
        let count = (values[objects] as f64).abs();
        if count == 0.0 {
            continue;
        }
        let size = (values[space] as f64 / count).abs();
        // Each object of this size is picked with this probability, and stands for its inverse.
        let picked = -(-size / period).exp_m1();
        samples += count * picked;
        let worth = if index == space { size } else { 1.0 };
        variance +=
            if picked > 0.0 { count * worth * worth * (1.0 - picked) / picked } else { 0.0 };
    }
    Some(Behind { samples, relative_error: variance.sqrt() / total(profile, index) as f64 })
}

/// The variance of all bytes in use, when samples were picked with several rates: our runtime says the
/// standard error then. Of profiles that were added up, the variances are.
fn variance_in_use(profile: &Profile) -> Option<f64> {
    let errors = profile.comments.iter().filter_map(|&comment| {
        let (_, error) = profile.text(comment).split_once(STANDARD_ERROR)?;
        error.parse::<f64>().ok()
    });
    errors.map(|error| error * error).reduce(|sum, variance| sum + variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveheap_profile::{Frame, Mapping, ProfileBuilder};

    /// Stacks of named functions, leaf first, with what each holds.
    fn profile(stacks: &[(Vec<&str>, i64)]) -> Profile {
        let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
        let mapping = builder.mapping(Mapping { limit: 0x9000, ..Mapping::default() });
        for (names, bytes) in stacks {
            let stack: Vec<_> = (0x1000..)
                .zip(names)
                .map(|(address, name)| {
                    let function = builder.function(name, name, "", 0);
                    let frame = Frame { function, line: 0, column: 0 };
                    let frames = if name.is_empty() { &[][..] } else { &[frame][..] };
                    builder.location(address, Some(mapping), frames)
                })
                .collect();
            builder.sample(&stack, &[*bytes], &[]);
        }
        builder.finish()
    }

    #[test]
    fn a_stack_is_whole_when_a_thread_starts_near_its_root() {
        let whole = |names: &[&str]| {
            let shares = of_stacks(&profile(&[(names.to_vec(), 1)]), 0);
            shares.one_frame + shares.cut + shares.rootless + shares.absent == 0.0
        };
        assert!(whole(&["leak", "main", "__libc_start_call_main", "_start"]));
        assert!(whole(&["leak", "store::serve", "start_thread", "clone3"]));
        assert!(whole(&["leak", "std::sys::thread::unix::Thread::new::thread_start", "other"]));
        assert!(whole(&["main.leak", "main.main", "runtime.main"]));
        assert!(whole(&["leak", ""]), "what has no name may be the root");
        assert!(!whole(&["leak", "serve"]));
        assert!(!whole(&["leak", "domain"]));
    }

    #[test]
    fn stacks_are_told_apart_by_why_they_end() {
        let deep = vec!["again"; DEEPEST];
        let stacks = [(vec![], 10), (vec!["leak"], 20), (deep, 30), (vec!["leak", "serve"], 40)];
        let shares = of_stacks(&profile(&stacks), 0);
        let wanted =
            StackShares { absent: 0.1, one_frame: 0.2, cut: 0.3, rootless: 0.4, deepest: DEEPEST };
        assert_eq!(shares, wanted);
    }

    #[test]
    fn a_binary_is_counted_once_for_each_stack_and_by_its_leaves() {
        let stacks = [(vec!["", "main"], 30), (vec!["leak", ""], 10), (vec!["main"], 60)];
        let [shares, _outside] = of_binaries(&profile(&stacks), 0)[..] else {
            panic!("one mapping")
        };
        assert_eq!((shares.of_total, shares.leaf_unnamed), (1.0, 0.3));
        assert_eq!((shares.frames_unnamed, shares.leaf_unlined), (0.2, 1.0));
    }

    #[test]
    fn of_small_objects_the_error_is_the_inverse_root_of_the_samples_and_of_large_ones_none() {
        let precision = |objects: i64, bytes: i64| {
            let types = [("inuse_objects", "count"), ("inuse_space", "bytes")];
            let mut builder = ProfileBuilder::new(&types);
            builder.set_period("space", "bytes", 1 << 20);
            builder.sample(&[], &[objects, bytes], &[]);
            super::precision(&builder.finish(), 1)
        };
        let small = precision(100 << 20, 100 << 20);
        assert!((small.samples.unwrap() - 100.0).abs() < 0.01, "{small:?}");
        assert!((small.relative_error.unwrap() - 0.1).abs() < 0.001, "{small:?}");
        assert_eq!(small.visible_from, 3 << 20);
        let large = precision(4, 400 << 20);
        assert_eq!((large.samples, large.relative_error), (Some(4.0), Some(0.0)));
    }

    #[test]
    fn of_samples_with_several_rates_the_error_is_what_the_profile_says() {
        let types = [("inuse_space", "bytes"), ("alloc_space", "bytes")];
        let mut builder = ProfileBuilder::new(&types);
        builder.set_period("space", "bytes", 1 << 20);
        builder.sample(&[], &[1000, 1000], &[]);
        let said = |error| format!("liveheap: 2 of 3 samples{STANDARD_ERROR}{error}");
        builder.comment(&said(30));
        builder.comment(&said(40));
        builder.comment("liveheap: something else");
        let profile = builder.finish();
        let in_use = super::precision(&profile, 0);
        assert_eq!(in_use.relative_error, Some(0.05));
        assert!((in_use.samples.unwrap() - 400.0).abs() < 0.01, "{in_use:?}");
        assert_eq!(in_use.visible_from, 0);
        assert_eq!(super::precision(&profile, 1).relative_error, None);
    }
}
