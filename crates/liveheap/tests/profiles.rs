//! What comes out of a program whose every allocation is sampled: profiles, text, differences,
//! statistics. The numbers are exact at rate 1.

#![expect(clippy::disallowed_types, reason = "the ban is for code that runs inside an allocation")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use liveheap::{ProfileOptions, Reclaim};
use liveheap_profile::{LabelData, Profile, decode};
use std::hint::black_box;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Values of all samples whose leaf is the function, and the sizes of their objects.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// Objects and bytes allocated, objects and bytes in use.
    values: [i64; 4],
    sizes: Vec<i64>,
}

fn label(profile: &Profile, sample: usize, key: &str) -> Option<LabelData> {
    let labels = profile.samples.labels(sample);
    labels.iter().find(|label| profile.text(label.key) == key).map(|label| label.value)
}

fn leaf(profile: &Profile, function: &str) -> Found {
    let mut found = Found::default();
    for sample in 0..profile.samples.len() {
        let lines = profile.lines_of(profile.samples.stack(sample)[0]);
        if lines.first().is_some_and(|line| profile.text(profile.function(line).name) == function) {
            for (sum, value) in found.values.iter_mut().zip(profile.samples.values(sample)) {
                *sum += value;
            }
            let Some(LabelData::Number { value, .. }) = label(profile, sample, "bytes") else {
                panic!("no size")
            };
            found.sizes.push(value);
        }
    }
    found.sizes.sort_unstable();
    found
}

fn take(options: ProfileOptions) -> Profile {
    let mut bytes = Vec::new();
    liveheap::write_profile(&mut bytes, &options).unwrap();
    decode(&bytes, &Default::default()).unwrap()
}

#[inline(never)]
fn ten_of_a_thousand() -> Vec<Box<[u8]>> {
    let mut kept = Vec::with_capacity(11);
    while kept.len() < 11 {
        kept.push(black_box(vec![1; 1000]).into_boxed_slice());
    }
    kept.pop();
    kept
}

#[test]
fn a_profile_holds_each_object_at_the_function_that_asked_for_it() {
    let kept = ten_of_a_thousand();
    let profile = take(ProfileOptions::new());
    // Eleven times 1000 bytes and the table of 11 boxes of 16 bytes; one box is gone again.
    let found = leaf(&profile, "profiles::ten_of_a_thousand");
    assert_eq!(found, Found { values: [12, 11_176, 11, 10_176], sizes: vec![176, 1000] });
    assert_eq!(profile.period, 1);
    assert_eq!(profile.text(profile.mappings[0].file), main_binary());
    assert!(!profile.text(profile.mappings[0].build_id).is_empty());
    assert!(profile.mappings[0].has_functions);
    drop(kept);

    let found = leaf(&take(ProfileOptions::new()), "profiles::ten_of_a_thousand");
    assert_eq!(found.values, [12, 11_176, 0, 0]);
}

fn main_binary() -> String {
    std::env::current_exe().unwrap().canonicalize().unwrap().display().to_string()
}

#[inline(never)]
fn for_the_text() -> Vec<u8> {
    black_box(vec![1; 4321])
}

#[test]
fn the_text_names_the_calls_and_ends_with_the_statistics() {
    let kept = for_the_text();
    let mut text = Vec::new();
    liveheap::write_profile(&mut text, &ProfileOptions::new().text(true)).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (_, rest) = text.split_once("\n1: 4321 [1: 4321] @ 0x").unwrap();
    let call = rest.lines().nth(1).unwrap();
    assert!(call.contains("\tprofiles::for_the_text+0x"), "{call}");
    let (_, statistics) = text.split_once("\n# runtime.MemStats\n").unwrap();
    let alloc = statistics.lines().find_map(|line| line.strip_prefix("# Alloc = ")).unwrap();
    assert!(alloc.parse::<usize>().unwrap() > kept.len());

    // Readers of the old format get the same row.
    let profile = decode(text.as_bytes(), &Default::default()).unwrap();
    let rows = 0..profile.samples.len();
    let same: Vec<_> = rows.filter(|&row| profile.samples.values(row)[3] == 4321).collect();
    assert_eq!(same.len(), 1);
}

#[inline(never)]
fn given_back_later() -> Vec<u8> {
    black_box(vec![1; 5000])
}

#[test]
fn a_difference_counts_what_was_freed_below_zero() {
    let kept = given_back_later();
    let (started, start) = mpsc::channel();
    let other = std::thread::spawn(move || {
        started.send(()).unwrap();
        liveheap::respond("/debug/pprof/heap", "seconds=2")
    });
    start.recv().unwrap();
    // Well inside the two seconds, also on a slow machine: the first snapshot takes milliseconds.
    std::thread::sleep(Duration::from_secs(1));
    drop(kept);
    let response = other.join().unwrap();
    let difference = decode(response.body(), &Default::default()).unwrap();
    let found = leaf(&difference, "profiles::given_back_later");
    assert_eq!(found, Found { values: [0, 0, -1, -5000], sizes: vec![5000] });
    assert!(difference.duration_nanos >= 2_000_000_000);
}

#[inline(never)]
fn cached() -> Vec<u8> {
    black_box(vec![1; 1 << 20])
}

#[test]
fn hooks_give_back_before_the_profile_is_taken() {
    static CACHE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    *CACHE.lock().unwrap() = cached();
    liveheap::on_reclaim("test cache", || *CACHE.lock().unwrap() = Vec::new());
    assert_eq!(leaf(&take(ProfileOptions::new()), "profiles::cached").values[3], 1 << 20);

    let profile = take(ProfileOptions::new().reclaim(Reclaim::Hooks));
    assert_eq!(leaf(&profile, "profiles::cached").values[3], 0);
    let comment = profile.comments.iter().map(|&id| profile.text(id)).find(|comment| {
        comment.starts_with("gc: hook \"test cache\" ran for ") && comment.contains("gave back")
    });
    assert!(comment.is_some());
}

#[inline(never)]
fn of_two_threads() -> Vec<u8> {
    black_box(vec![1; 3000])
}

#[test]
fn labels_split_what_is_in_use_and_change_no_sum() {
    let old = of_two_threads();
    std::thread::sleep(Duration::from_millis(1100));
    let (sender, receiver) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let worker = std::thread::Builder::new().name("a worker".to_owned()).spawn(move || {
        sender.send([of_two_threads(), of_two_threads()]).unwrap();
        ended.recv().unwrap_err();
    });
    let young = receiver.recv().unwrap();

    let response = liveheap::respond("/debug/pprof/heap", "labels=age,thread");
    let profile = decode(response.body(), &Default::default()).unwrap();
    let function = "profiles::of_two_threads";
    let whole = leaf(&take(ProfileOptions::new()), function);
    assert_eq!(whole.values, [3, 9000, 3, 9000]);
    assert_eq!(leaf(&profile, function).values, whole.values);

    let (mut ages, mut threads) = (Vec::new(), Vec::new());
    for sample in 0..profile.samples.len() {
        let lines = profile.lines_of(profile.samples.stack(sample)[0]);
        let values = profile.samples.values(sample);
        if lines.first().is_none_or(|line| profile.text(profile.function(line).name) != function) {
            continue;
        }
        match (label(&profile, sample, "age"), label(&profile, sample, "thread")) {
            (Some(LabelData::Number { value, unit }), Some(LabelData::Text(thread))) => {
                assert_eq!(values[..2], [0, 0]);
                assert_eq!(profile.text(unit), "seconds");
                ages.push((value, values[3]));
                threads.push((profile.text(thread).to_owned(), values[2]));
            }
            labels => {
                assert_eq!(labels, (None, None));
                assert_eq!(values[2..], [0, 0]);
            }
        }
    }
    ages.sort_unstable();
    // The machine may be slow, but the old object is always older than a second.
    assert!(ages.last().is_some_and(|&(age, _)| age >= 1), "{ages:?}");
    let by_worker = threads.iter().filter(|(thread, _)| thread == "a worker");
    assert_eq!(by_worker.map(|(_, objects)| objects).sum::<i64>(), 2, "{threads:?}");
    drop((old, young, end));
    worker.unwrap().join().unwrap();
}

#[inline(never)]
fn between_scrapes() -> Vec<u8> {
    black_box(vec![1; 7000])
}

#[test]
fn delta_heap_counts_an_allocation_once_and_what_is_in_use_always() {
    let scrape = || {
        let response = liveheap::respond("/debug/pprof/delta_heap", "client=this%20test");
        let profile = decode(response.body(), &Default::default()).unwrap();
        leaf(&profile, "profiles::between_scrapes").values
    };
    let mut kept = vec![between_scrapes()];
    assert_eq!(scrape(), [1, 7000, 1, 7000]);
    kept.push(between_scrapes());
    drop(between_scrapes());
    assert_eq!(scrape(), [2, 14_000, 2, 14_000]);
    assert_eq!(scrape(), [0, 0, 2, 14_000]);
    drop(kept);
    assert_eq!(scrape(), [0; 4]);
}
