//! Splits what is in use by the age of the objects and by the thread that allocated them.
//!
//! In: the records of live objects, walked once, and then the estimate of each bucket. Out: rows that
//! add up to exactly that estimate. The program runs on meanwhile, so the two never agree in all: what
//! was freed since the walk is taken from the youngest, and what was allocated since stays without
//! labels. The caller holds a [`Quiet`](crate::thread::Quiet).

use crate::buckets::{Sums, Tally};
use crate::sampled::{Estimate, Labels, Picked, Row, Sampled};
use crate::take::truncated;
use crate::{clock, live};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the classes of age begin, in seconds.
const AGES: [u64; 7] = [0, 1, 10, 60, 600, 3600, 86400];

/// What to split by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SplitBy {
    pub(crate) age: bool,
    pub(crate) thread: bool,
}

impl SplitBy {
    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// The live objects by bucket and labels.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Names of the threads, by their number in the labels.
    threads: Vec<String>,
    sums: BTreeMap<Key, Sums>,
}

/// The oldest objects of a bucket come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// [`BucketView::id`](crate::buckets::BucketView).
    bucket: usize,
    age: Reverse<Option<u64>>,
    thread: Option<u32>,
}

impl Parts {
    /// Walks the live objects.
    pub(crate) fn of_live_objects(by: SplitBy) -> Self {
        let mut parts = Self::default();
        let mut numbers = Numbers::default();
        let now = clock::coarse();
        live::for_each(&mut |object| {
            let key = Key {
                bucket: object.bucket,
                age: Reverse(by.age.then(|| age_class(now.saturating_sub(object.birth_nanos)))),
                thread: by.thread.then(|| numbers.of(object.thread, &mut parts.threads, &name)),
            };
            parts.sums.entry(key).or_default().add(object.size, object.weight);
        });
        parts
    }

    /// The names of the threads, by their number in the labels.
    pub(crate) fn into_threads(self) -> Vec<String> {
        self.threads
    }

    /// Splits the last row, which is of the bucket `id`: what is in use moves to rows with labels.
    pub(crate) fn split_last_row(&self, id: usize, sampled: &mut Sampled) {
        let Some(row) = sampled.rows.pop() else { return };
        let Estimate { in_use_objects: objects, in_use_bytes: bytes, .. } = row.estimate;
        let (mut objects_done, mut bytes_done) = (0, 0);
        let mut so_far = Sums::default();
        let first = Key { bucket: id, age: Reverse(Some(u64::MAX)), thread: None };
        let last = Key { bucket: id, age: Reverse(None), thread: Some(u32::MAX) };
        for (key, sums) in self.sums.range(first..=last) {
            so_far.add_all(sums);
            // Sums are cut to whole numbers, not their parts: so nothing is lost between the rows.
            let Tally { objects: objects_now, bytes: bytes_now, .. } = so_far.tally();
            let objects_now = truncated(objects_now).min(objects);
            let bytes_now = truncated(bytes_now).min(bytes);
            let estimate = Estimate {
                in_use_objects: objects_now - objects_done,
                in_use_bytes: bytes_now - bytes_done,
                ..Estimate::default()
            };
            (objects_done, bytes_done) = (objects_now, bytes_now);
            if estimate != Estimate::default() {
                let labels = Labels { age_seconds: key.age.0, thread: key.thread };
                sampled.rows.push(Row { labels, estimate, picked: Picked::default(), ..row });
            }
        }
        let rest = Estimate {
            in_use_objects: objects - objects_done,
            in_use_bytes: bytes - bytes_done,
            ..row.estimate
        };
        if rest != Estimate::default() {
            sampled.rows.push(Row { estimate: rest, ..row });
        }
    }
}

/// The number of each thread's name; threads of one name share it.
#[derive(Debug, Default)]
struct Numbers {
    by_thread: BTreeMap<u32, u32>,
    by_name: BTreeMap<String, u32>,
}

impl Numbers {
    fn of(&mut self, thread: u32, names: &mut Vec<String>, name: &dyn Fn(u32) -> String) -> u32 {
        if let Some(&number) = self.by_thread.get(&thread) {
            return number;
        }
        let name = name(thread);
        let number = *self.by_name.entry(name.clone()).or_insert_with(|| {
            names.push(name);
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        });
        self.by_thread.insert(thread, number);
        number
    }
}

/// The name of a thread that lives, else its id.
fn name(thread: u32) -> String {
    let mut path = String::new();
    // Writing to a text cannot fail.
    let _ = write!(path, "/proc/self/task/{thread}/comm");
    let name = std::fs::read(path).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    let name = name.trim_end_matches('\n');
    if !name.is_empty() {
        return name.to_owned();
    }
    let mut id = String::new();
    let _ = write!(id, "{thread}");
    id
}

/// The begin of the class of age, in seconds.
fn age_class(age_nanos: u64) -> u64 {
    let seconds = age_nanos / 1_000_000_000;
    AGES.into_iter().rev().find(|&begin| begin <= seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests;
