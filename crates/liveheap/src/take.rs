//! Takes what the runtime has sampled out of its live tables.
//!
//! In: nothing but the process. Out: [`Sampled`], plain data. No thread waits for this longer than
//! one bucket is read. The caller holds a [`Quiet`](crate::thread::Quiet).

use crate::buckets::{self, BucketView, Tally};
use crate::sampled::{Estimate, Module, Picked, Sampled};
use crate::split::{Parts, SplitBy};
use crate::stats::{Stats, stats};
use crate::unwind::modules;
use crate::{clock, sampler};
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Takes a snapshot. `report` is what went on before it, for the comments.
pub(crate) fn sampled(report: Vec<String>) -> Sampled {
    sampled_by(SplitBy::default(), report)
}

/// Takes a snapshot in which what is in use is split.
pub(crate) fn sampled_by(split: SplitBy, report: Vec<String>) -> Sampled {
    let stats = stats();
    let mut sampled =
        Sampled { rate: sample_rate(), time_nanos: now(), comments: report, ..Sampled::default() };
    if split.is_nothing() {
        buckets::for_each(&mut |bucket| push(&mut sampled, bucket));
    } else {
        let parts = Parts::of_live_objects(split);
        buckets::for_each(&mut |bucket| {
            push(&mut sampled, bucket);
            parts.split_last_row(bucket.id, &mut sampled);
        });
        sampled.threads = parts.into_threads();
    }
    // Behind the rows, so that a change meanwhile is not missed.
    sampled.has_other_rates = !sampler::all_have_rate(sampled.rate);
    // Behind the stacks, so that a library that was loaded meanwhile is among them.
    sampled.modules = modules();
    let error = sampled.has_other_rates.then(|| sampled.in_use_variance.sqrt());
    add_comments(&mut sampled.comments, &stats, error);
    if stats.installed {
        sampled.comments.push(account(&stats, clock::of_process()));
    }
    sampled
}

fn push(sampled: &mut Sampled, bucket: &BucketView<'_>) {
    let Tally { sampled_objects: in_use_objects, sampled_bytes: in_use_bytes, .. } = bucket.in_use;
    let picked = Picked {
        allocated_objects: bucket.allocated.sampled_objects,
        allocated_bytes: bucket.allocated.sampled_bytes,
        in_use_objects,
        in_use_bytes,
    };
    sampled.in_use_variance += bucket.in_use.variance;
    let stack = bucket.stack.iter().map(|&address| address as u64);
    sampled.push(stack, bucket.size, estimate(bucket), picked);
}

fn estimate(bucket: &BucketView<'_>) -> Estimate {
    Estimate {
        allocated_objects: truncated(bucket.allocated.objects),
        allocated_bytes: truncated(bucket.allocated.bytes),
        in_use_objects: truncated(bucket.in_use.objects),
        in_use_bytes: truncated(bucket.in_use.bytes),
    }
}

/// The sample rate in bytes. Without a Heap there is none, whatever was set.
pub(crate) fn sample_rate() -> u64 {
    let stats = stats();
    if stats.installed { stats.sample_rate } else { 0 }
}

/// Shows the estimate of every row with the variance of its bytes in use.
pub(crate) fn for_each_estimate(mut visit: impl FnMut(Estimate, f64)) {
    buckets::for_each(&mut |bucket| visit(estimate(bucket), bucket.in_use.variance));
}

/// The estimate of all bytes in use.
pub(crate) fn in_use_bytes() -> f64 {
    let mut bytes = 0.0;
    buckets::for_each(&mut |bucket| bytes += bucket.in_use.bytes);
    bytes
}

/// Cut to a whole number, as Go does.
#[expect(clippy::cast_possible_truncation, reason = "cutting is meant, and it saturates")]
pub(crate) fn truncated(number: f64) -> i64 {
    number as i64
}

/// Nanoseconds since the Unix epoch.
fn now() -> i64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Says what the numbers lack.
///
/// `error` is the standard error of all bytes in use, where the rate does not tell it.
fn add_comments(comments: &mut Vec<String>, stats: &Stats, error: Option<f64>) {
    if !stats.installed {
        comments.push(
            "liveheap: nothing is sampled, no liveheap::Heap is the #[global_allocator]".to_owned(),
        );
    } else if stats.sample_rate == 0 {
        comments.push("liveheap: sampling is off, the sample rate is 0".to_owned());
    }
    if let Some(error) = error {
        let mut comment = String::from("liveheap: ");
        // Writing to a text cannot fail.
        let _ = match stats.sparse_samples {
            0 => write!(comment, "samples were picked with several rates"),
            sparse => write!(
                comment,
                "{sparse} of {} samples were picked with larger rates, since more would have taken \
                 over 2 % of their thread's CPU time",
                stats.samples
            ),
        };
        // `liveheap doctor` reads the number.
        let _ = write!(
            comment,
            "; the numbers account for that, and the standard error of all bytes in use is {error:.0}"
        );
        comments.push(comment);
    }
    let counted = [
        (stats.live_table_full, "samples were lost: the table of live objects was full"),
        (
            stats.handler_samples_lost,
            "samples were lost: a signal handler interrupted the profiler",
        ),
        (stats.handler_frees_lost, "frees were lost: a signal handler interrupted the profiler"),
        (stats.placements_failed, "samples were lost: the allocator had no room to mark them"),
        (stats.stack_table_full, "samples have no stack: the table of stacks was full"),
        (stats.stacks_unreadable, "samples have no stack: the thread's stack was not found"),
        (stats.stacks_cut, "samples lack the frames near the root: their stack was too deep"),
        (
            stats.stacks_broken,
            "samples lack the frames near the root: code without unwind tables was in the way",
        ),
        (stats.bad_settings, "LIVEHEAP_* variables were ignored: they are not numbers"),
    ];
    for (count, what) in counted {
        if count > 0 {
            let mut comment = String::new();
            // Writing to a text cannot fail.
            let _ = write!(comment, "liveheap: {count} {what}");
            comments.push(comment);
        }
    }
}

/// What the profiler costs, as a comment: a report shows such a one only when it is asked for comments.
fn account(stats: &Stats, process_nanos: u64) -> String {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let (sampling, process) = (seconds(stats.sampling_cpu_nanos), seconds(process_nanos));
    // An estimate can be a little above the whole.
    let share = if process > 0.0 { (100.0 * sampling / process).min(100.0) } else { 0.0 };
    let (dumps, dumping) = (stats.dumps, seconds(stats.dump_cpu_nanos));
    let mut comment = String::new();
    // Writing to a text cannot fail.
    let _ = write!(
        comment,
        "# liveheap: sampling took {sampling:.3} s, {share:.2} % of the process's CPU time of \
         {process:.3} s; {dumping:.3} s went into profiles before this one: {dumps}"
    );
    comment
}

/// The executable mappings of the process: the main binary first, the rest ascending.
pub(crate) fn modules() -> Vec<Module> {
    let main = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    let mut modules: Vec<Module> = modules::list()
        .into_iter()
        .map(|module| Module {
            is_main: main.to_str() == Some(&module.path),
            // The kernel marks files that were replaced since; their old path is what people know.
            path: module.path.trim_end_matches(" (deleted)").to_owned(),
            build_id: module.build_id,
            start: module.start,
            limit: module.limit,
            offset: module.offset,
        })
        .collect();
    modules.sort_by_key(|module| (!module.is_main, module.start));
    modules
}
