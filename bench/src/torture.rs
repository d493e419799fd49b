//! Everything that is hard on the profiler, at once, for as long as one likes.
//!
//! In: seconds and threads. Out: a line for each fact that must hold at the end, and whether they do.
//! Threads allocate, resize and free, also each other's objects; they panic, end, load and unload a
//! library that calls back, fork, and take profiles, while a timer interrupts them and its handler
//! allocates and frees. A watchdog ends the program when a thread makes no progress.
//!
//! The C library's allocator cannot be used in a handler that interrupted it, whoever profiles. So
//! the handler stays out while a thread is in it, and allocates everywhere else: in the profiler.

#![expect(unsafe_code, reason = "forks, loads libraries, handles signals, is an allocator")]

mod library;
mod signals;
mod work;

pub use signals::Marked;

use library::Library;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use work::{Work, Worker};

/// Mean bytes between two samples: so few that the profiler is at work most of the time.
const RATE: u64 = 512;
/// More threads than anybody asks for.
const MOST_THREADS: usize = 64;
/// Seconds without progress that end the program; a fork or a dump under valgrind takes a few.
const PATIENCE: u64 = 90;
/// Bytes that stacks and counters may take by their limits, and a chunk of records for each 4096
/// live samples, of which there are some ten thousand.
const TABLES_LIMIT: u64 = (65 << 20) + (16 << 20);
/// Bytes of such a chunk, at most.
const CHUNK: u64 = 1 << 20;

/// Operations of each thread.
static PROGRESS: [AtomicU64; MOST_THREADS] = [const { AtomicU64::new(0) }; MOST_THREADS];
/// What each thread does: a place in [`work::NAMES`].
static DOES: [AtomicUsize; MOST_THREADS] = [const { AtomicUsize::new(0) }; MOST_THREADS];
/// Objects that any thread may free.
static EXCHANGE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static STOP: AtomicBool = AtomicBool::new(false);
static WATCHING: AtomicBool = AtomicBool::new(false);
/// What went wrong meanwhile.
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// The profiler that is tortured.
#[derive(Debug)]
pub struct Profiler {
    /// Takes a profile; false when there is none.
    pub take: fn() -> bool,
    /// Whether it is ours, whose numbers are checked.
    pub accounts: bool,
}

/// Runs as the arguments say.
pub fn main(profiler: &Profiler) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|word| word.parse().ok()).collect();
    let (seconds, threads) = match (numbers.as_slice(), arguments.len()) {
        ([seconds, threads], 2) if (1..=MOST_THREADS as u64).contains(threads) => {
            (*seconds, usize::try_from(*threads).unwrap_or(1))
        }
        _ => {
            eprintln!("usage: torture SECONDS THREADS (1 to {MOST_THREADS})");
            return ExitCode::FAILURE;
        }
    };
    let library = match Library::build() {
        Ok(library) => library,
        Err(error) => {
            eprintln!("torture: no shared library: {error}");
            return ExitCode::FAILURE;
        }
    };
    std::panic::set_hook(Box::new(|_| ()));
    std::thread::spawn(watch);
    signals::start();
    // What the standard library allocates once, and keeps, is allocated while nothing is sampled.
    let work = Work { library: &library, profiler };
    round(1, threads, work);
    let before = liveheap::stats().live_samples;
    liveheap::set_sample_rate(RATE);
    let started = Instant::now();
    round(seconds.div_ceil(2), threads, work);
    let middle = liveheap::stats();
    round(seconds / 2, threads, work);
    let seconds = started.elapsed().as_secs();
    signals::stop();
    liveheap::set_sample_rate(0);
    let passed = report(seconds, before, &middle, profiler.accounts);
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Works for so long; frees everything.
fn round(seconds: u64, threads: usize, work: Work<'_>) {
    STOP.store(false, Relaxed);
    WATCHING.store(true, Relaxed);
    std::thread::scope(|scope| {
        let worker = |number| scope.spawn(move || Worker::new(number, work).work());
        let workers: Vec<_> = (0..threads).map(worker).collect();
        std::thread::sleep(Duration::from_secs(seconds));
        STOP.store(true, Relaxed);
        // The scope waits for the closures only. A thread frees what the standard library gave it
        // after that, and joining waits for the thread.
        for worker in workers {
            if worker.join().is_err() {
                fail("a thread panicked");
            }
        }
    });
    WATCHING.store(false, Relaxed);
    let kept = std::mem::take(&mut *lock(&EXCHANGE));
    drop(kept);
    for progress in &PROGRESS[..threads] {
        if progress.load(Relaxed) == 0 {
            fail("a thread did nothing");
        }
    }
}

/// Ends the program when a thread does nothing for [`PATIENCE`].
fn watch() {
    let mut seen = [(0, 0); MOST_THREADS];
    loop {
        std::thread::sleep(Duration::from_secs(1));
        for (number, (progress, since)) in seen.iter_mut().enumerate() {
            let now = PROGRESS[number].load(Relaxed);
            *since = if now == *progress && WATCHING.load(Relaxed) { *since + 1 } else { 0 };
            *progress = now;
            // A thread that was never started has made no progress either, and is none.
            if *since >= PATIENCE && now > 0 {
                let does = work::NAMES[DOES[number].load(Relaxed)];
                eprintln!("torture: HUNG: thread {number} is in \"{does}\" for {PATIENCE} s");
                std::process::abort();
            }
        }
    }
}

fn report(seconds: u64, before: u64, middle: &liveheap::Stats, accounts: bool) -> bool {
    let end = liveheap::stats();
    let open = open_rows();
    let operations: u64 = PROGRESS.iter().map(|progress| progress.load(Relaxed)).sum();
    println!("{operations} operations in {seconds} s, sample rate {RATE} B");
    for (name, count) in work::NAMES.iter().zip(&work::DONE) {
        println!("  {:>10} {name}", count.load(Relaxed));
    }
    let (handled, allocated) = signals::counts();
    println!("  {handled:>10} signals, {allocated} of them allocated");
    if !accounts {
        let failures = FAILURES.load(Relaxed);
        println!("{failures} failures meanwhile");
        return failures == 0;
    }
    println!("{} samples; {} lost in handlers", end.samples, end.handler_samples_lost);
    let dropped = [
        ("live table full", end.live_table_full),
        ("no room for a mark", end.placements_failed),
        ("frees lost in handlers", end.handler_frees_lost),
        ("stack table full", end.stack_table_full),
        ("stacks unreadable", end.stacks_unreadable),
        ("stacks broken", end.stacks_broken),
    ];
    let mut passed = true;
    let mut check = |name: &str, number: u64, most: u64| {
        let verdict = if number <= most { "ok" } else { "FAILED" };
        println!("{verdict}: {name}: {number} (at most {most})");
        passed &= number <= most;
    };
    for (name, number) in dropped {
        check(name, number, 0);
    }
    check("live samples when all is freed", end.live_samples, before);
    check("rows in which frees differ from allocations", open, 0);
    check("bytes of tables", end.table_bytes, TABLES_LIMIT);
    // A library at an address of its own makes stacks of its own, so a little is added for each.
    // How many samples live at once changes a little, too, and room for them comes in chunks.
    let growth = end.table_bytes.saturating_sub(middle.table_bytes);
    check("bytes of them since the middle", growth, middle.table_bytes / 4 + 2 * CHUNK);
    check("failures meanwhile", FAILURES.load(Relaxed), 0);
    passed
}

/// Rows of the text in which something is in use.
fn open_rows() -> u64 {
    let text = work::text_profile();
    if !text.starts_with("heap profile: ") {
        fail("the text is no heap profile");
    }
    let rows = text.lines().filter(|line| line.contains("] @"));
    let open = rows.skip(1).filter(|line| !line.starts_with("0: 0 ["));
    open.inspect(|line| eprintln!("torture: in use: {line}")).count() as u64
}

fn fail(what: &str) {
    eprintln!("torture: {what}");
    FAILURES.fetch_add(1, Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
