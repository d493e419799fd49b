//! Memory statistics of the process: Go's fields that have a true counterpart, and our own.
//!
//! In: what was sampled, the kernel's `status` of this process, which costs some hundredths of a
//! millisecond, and what the program's own functions know of the allocator. (`smaps` and the C
//! library's statistics can take a fifth of a second on a large heap and hold its locks; the former is
//! not asked, the latter only when that is wanted.) A number that is not known is absent, never zero.

use crate::list::List;
use crate::mallinfo::c_library_heap;
use crate::sampled::{Estimate, Sampled};
use crate::stats::stats;
use crate::take;
use crate::thread::Quiet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much memory the process uses, by several accounts. All sizes are in bytes.
///
/// Made by [`memory_stats`]. The fields up to `max_rss` mean what the fields of the same name of Go's
/// `runtime.MemStats` mean; those about the heap are estimates from the samples, and `None` while
/// nothing is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Bytes of objects in use: estimated.
    pub alloc: Option<u64>,
    /// Bytes allocated since the program began, freed or not: estimated.
    pub total_alloc: Option<u64>,
    /// Objects allocated since the program began: estimated.
    pub mallocs: Option<u64>,
    /// Objects freed since the program began: estimated.
    pub frees: Option<u64>,
    /// Memory that the allocator has from the kernel, resident or not. These four are known only when
    /// a function of [`on_memory_stats`] says them, or the C library after `gc=full`.
    pub heap_sys: Option<u64>,
    /// Of `heap_sys`, what is free to be used again.
    pub heap_idle: Option<u64>,
    /// Of `heap_sys`, what holds objects, with what is lost between them.
    pub heap_inuse: Option<u64>,
    /// Memory that was given back to the kernel and is still reserved.
    pub heap_released: Option<u64>,
    /// Objects in use: estimated.
    pub heap_objects: Option<u64>,
    /// Address space of the process.
    pub sys: Option<u64>,
    /// Memory of the profiler's own tables.
    pub buck_hash_sys: Option<u64>,
    /// The most memory that was ever resident.
    pub max_rss: Option<u64>,
    /// How far `alloc` may be off: its standard error. Unknown after sampling was switched off.
    pub alloc_error: Option<u64>,
    /// Resident memory now.
    pub rss: Option<u64>,
    /// The part of it that belongs to no file: heap and stacks.
    pub rss_anonymous: Option<u64>,
    /// The part of it that is mapped from files.
    pub rss_file: Option<u64>,
    /// The part of it that is shared memory.
    pub rss_shared: Option<u64>,
    /// Memory that was swapped out.
    pub swapped: Option<u64>,
    /// Number of threads.
    pub threads: Option<u64>,
}

/// How much memory this process uses.
///
/// ```
/// let statistics = liveheap::memory_stats();
/// assert!(statistics.rss.unwrap() <= statistics.sys.unwrap());
/// ```
pub fn memory_stats() -> MemoryStats {
    let _quiet = Quiet::enter();
    let mut sums = Sums::new(take::sample_rate());
    take::for_each_estimate(|estimate, variance| {
        sums.add(&estimate);
        sums.variance += variance;
    });
    of_process(&sums, false)
}

/// Registers a function that adds what only the allocator knows, such as
/// [`heap_sys`](MemoryStats::heap_sys), to each [`memory_stats`] and to each text of `debug=1`.
///
/// It finds all other numbers filled in, and may replace them by better ones: an allocator that counts
/// knows `alloc` exactly. It runs on the thread that asks, inside of the request, so it should take no
/// longer than a request may. One that panics changes nothing. Several run in the order of their
/// registration; each stays for the life of the program.
///
/// ```
/// # fn allocator_mapped_bytes() -> u64 { 1 << 20 }
/// liveheap::on_memory_stats(|statistics| {
///     statistics.heap_sys = Some(allocator_mapped_bytes());
/// });
/// assert_eq!(liveheap::memory_stats().heap_sys, Some(1 << 20));
/// ```
pub fn on_memory_stats(add: impl Fn(&mut MemoryStats) + Send + Sync + 'static) {
    ADDERS.add(Box::new(add));
}

static ADDERS: List<Box<Adder>> = List::new();

type Adder = dyn Fn(&mut MemoryStats) + Send + Sync;

/// The statistics of this process, with what is already known of its heap. `ask_c_library` may take a
/// fifth of a second.
pub(crate) fn of_process(sums: &Sums, ask_c_library: bool) -> MemoryStats {
    // Where there is no /proc the kernel's numbers are absent.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut statistics = MemoryStats::new(sums, stats().table_bytes, &status);
    if let Some(heap) = ask_c_library.then(c_library_heap).flatten() {
        statistics.heap_sys = Some(heap.mapped);
        statistics.heap_inuse = Some(heap.in_use);
        statistics.heap_idle = Some(heap.free);
    }
    statistics.with_all(&ADDERS)
}

/// The sums over all rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    rate: u64,
    has_rows: bool,
    alloc: u64,
    total_alloc: u64,
    mallocs: u64,
    heap_objects: u64,
    /// Of `alloc`.
    variance: f64,
}

impl Sums {
    /// No rows yet; `rate` is the sample rate in bytes, 0 when nothing is sampled.
    pub(crate) fn new(rate: u64) -> Self {
        Self { rate, ..Self::default() }
    }

    /// The sums of all rows of a snapshot.
    pub(crate) fn of(sampled: &Sampled) -> Self {
        let mut sums = Self { variance: sampled.in_use_variance, ..Self::new(sampled.rate) };
        for row in &sampled.rows {
            sums.add(&row.estimate);
        }
        sums
    }

    /// Adds a row.
    fn add(&mut self, estimate: &Estimate) {
        let positive = |value: i64| u64::try_from(value).unwrap_or(0);
        self.has_rows = true;
        self.alloc = self.alloc.saturating_add(positive(estimate.in_use_bytes));
        self.total_alloc = self.total_alloc.saturating_add(positive(estimate.allocated_bytes));
        self.mallocs = self.mallocs.saturating_add(positive(estimate.allocated_objects));
        self.heap_objects = self.heap_objects.saturating_add(positive(estimate.in_use_objects));
    }
}

impl MemoryStats {
    /// From the sums, the size of the profiler's tables and the text of `/proc/self/status` (empty
    /// when there is none).
    fn new(sums: &Sums, table_bytes: u64, status: &str) -> Self {
        let mut statistics = Self { buck_hash_sys: Some(table_bytes), ..Self::default() };
        statistics.read_status(status);
        if sums.rate > 0 || sums.has_rows {
            statistics.alloc = Some(sums.alloc);
            statistics.total_alloc = Some(sums.total_alloc);
            statistics.mallocs = Some(sums.mallocs);
            statistics.heap_objects = Some(sums.heap_objects);
            statistics.frees = Some(sums.mallocs.saturating_sub(sums.heap_objects));
        }
        // Once sampling was switched off, nobody knows what is not among the old samples.
        statistics.alloc_error = (sums.rate > 0).then(|| rounded(sums.variance.sqrt()));
        statistics
    }

    /// With what the program's functions add.
    fn with_all(mut self, adders: &List<Box<Adder>>) -> Self {
        for add in adders.iter() {
            let mut added = self;
            if catch_unwind(AssertUnwindSafe(|| add(&mut added))).is_ok() {
                self = added;
            }
        }
        self
    }

    fn read_status(&mut self, status: &str) {
        for line in status.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let mut words = value.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            // The kernel says kB and means 1024 bytes.
            let unit = if words.next() == Some("kB") { 1024 } else { 1 };
            let number = Some(number.saturating_mul(unit));
            match key {
                "VmSize" => self.sys = number,
                "VmHWM" => self.max_rss = number,
                "VmRSS" => self.rss = number,
                "RssAnon" => self.rss_anonymous = number,
                "RssFile" => self.rss_file = number,
                "RssShmem" => self.rss_shared = number,
                "VmSwap" => self.swapped = number,
                "Threads" => self.threads = number,
                _ => {}
            }
        }
    }

    /// Writes the lines that programs look for in Go's text, in Go's order, then our own.
    ///
    /// What a program without a collector has none of is truly 0 and keeps its line.
    pub(crate) fn write(&self, out: &mut dyn Write) -> std::fmt::Result {
        writeln!(out, "\n# runtime.MemStats")?;
        let lines: [(&str, Option<u64>); 27] = [
            ("Alloc", self.alloc),
            ("TotalAlloc", self.total_alloc),
            ("Sys", self.sys),
            ("Lookups", Some(0)),
            ("Mallocs", self.mallocs),
            ("Frees", self.frees),
            ("HeapAlloc", self.alloc),
            ("HeapSys", self.heap_sys),
            ("HeapIdle", self.heap_idle),
            ("HeapInuse", self.heap_inuse),
            ("HeapReleased", self.heap_released),
            ("HeapObjects", self.heap_objects),
            ("BuckHashSys", self.buck_hash_sys),
            ("GCSys", Some(0)),
            ("NextGC", Some(0)),
            ("LastGC", Some(0)),
            ("NumGC", Some(0)),
            ("NumForcedGC", Some(0)),
            ("GCCPUFraction", Some(0)),
            ("AllocStandardError", self.alloc_error),
            ("RSS", self.rss),
            ("RSSAnonymous", self.rss_anonymous),
            ("RSSFile", self.rss_file),
            ("RSSShared", self.rss_shared),
            ("Swapped", self.swapped),
            ("Threads", self.threads),
            ("MaxRSS", self.max_rss),
        ];
        for (name, value) in lines {
            if let Some(value) = value {
                writeln!(out, "# {name} = {value}")?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn rounded(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampled::Picked;
    use expect_test::expect;

    const STATUS: &str = "Name:\tserver\nVmSize:\t  2048 kB\nVmHWM:\t 100 kB\nVmRSS:\t 90 kB\n\
        RssAnon:\t 60 kB\nRssFile:\t 29 kB\nRssShmem:\t 1 kB\nVmSwap:\t 0 kB\nThreads:\t3\n\
        Cpus_allowed:\tff\n";

    fn sampled() -> Sampled {
        let mut sampled = Sampled { rate: 524_288, in_use_variance: 1e12, ..Sampled::default() };
        let estimate = Estimate {
            allocated_objects: 50,
            allocated_bytes: 50 << 20,
            in_use_objects: 40,
            in_use_bytes: 40 << 20,
        };
        sampled.push([1], 1 << 20, estimate, Picked::default());
        sampled.push([2], 1 << 20, estimate, Picked::default());
        sampled
    }

    #[test]
    fn the_text_has_the_lines_that_programs_look_for() {
        let mut text = String::new();
        MemoryStats::new(&Sums::of(&sampled()), 4096, STATUS).write(&mut text).unwrap();
        expect![[r#"

            # runtime.MemStats
            # Alloc = 83886080
            # TotalAlloc = 104857600
            # Sys = 2097152
            # Lookups = 0
            # Mallocs = 100
            # Frees = 20
            # HeapAlloc = 83886080
            # HeapObjects = 80
            # BuckHashSys = 4096
            # GCSys = 0
            # NextGC = 0
            # LastGC = 0
            # NumGC = 0
            # NumForcedGC = 0
            # GCCPUFraction = 0
            # AllocStandardError = 1000000
            # RSS = 92160
            # RSSAnonymous = 61440
            # RSSFile = 29696
            # RSSShared = 1024
            # Swapped = 0
            # Threads = 3
            # MaxRSS = 102400
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn functions_add_in_their_order_and_one_that_panics_adds_nothing() {
        let adders: List<Box<Adder>> = List::new();
        adders.add(Box::new(|statistics| statistics.heap_sys = Some(100)));
        adders.add(Box::new(|statistics| {
            statistics.heap_sys = None;
            panic!("this function fails on purpose");
        }));
        adders.add(Box::new(|statistics| {
            statistics.heap_idle = statistics.heap_sys.map(|bytes| bytes / 4);
        }));
        let mut text = String::new();
        MemoryStats::default().with_all(&adders).write(&mut text).unwrap();
        assert!(text.contains("\n# HeapSys = 100\n# HeapIdle = 25\n# GCSys"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let statistics = MemoryStats::new(&Sums::new(0), 0, "");
        assert_eq!(statistics, MemoryStats { buck_hash_sys: Some(0), ..MemoryStats::default() });
    }

    #[test]
    fn after_sampling_was_switched_off_the_error_is_not_known() {
        let stale = Sampled { rate: 0, ..sampled() };
        let statistics = MemoryStats::new(&Sums::of(&stale), 0, "");
        assert_eq!((statistics.alloc, statistics.alloc_error), (Some(80 << 20), None));
    }
}
