//! What a thread does under torture, in random order.

use super::library::Library;
use super::{DOES, EXCHANGE, PROGRESS, Profiler, STOP, fail, lock, signals};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The operations, and how many of 100 000 each is.
pub(super) const NAMES: [&str; 8] = [
    "replace an object",
    "resize an object",
    "free another thread's",
    "panic",
    "start a thread",
    "load a library",
    "fork",
    "take a profile",
];
const SHARES: [usize; 8] = [60_000, 29_000, 10_000, 750, 150, 80, 10, 10];
pub(super) static DONE: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

/// Objects of a thread.
const SLOTS: usize = 300;
/// Seconds after which a child that hangs is ended.
const CHILD_PATIENCE: libc::c_uint = 60;

/// What all threads work with.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) library: &'a Library,
    pub(super) profiler: &'a Profiler,
}

pub(super) struct Worker<'a> {
    number: usize,
    with: Work<'a>,
    random: u64,
    slots: Vec<Vec<u8>>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(number: usize, with: Work<'a>) -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { number, with, random: (number as u64 + 1) * 0x9e37_79b9, slots }
    }

    /// Works until it is told to stop.
    pub(super) fn work(mut self) {
        signals::come_in();
        while !STOP.load(Relaxed) {
            let mut ticket = self.below(100_000);
            let mut operation = 0;
            while ticket >= SHARES[operation] {
                ticket -= SHARES[operation];
                operation += 1;
            }
            DOES[self.number].store(operation, Relaxed);
            self.run(operation);
            DONE[operation].fetch_add(1, Relaxed);
            PROGRESS[self.number].fetch_add(1, Relaxed);
        }
        signals::leave();
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).map_or(0, |number| number % limit)
    }

    fn size(&mut self) -> usize {
        match self.below(100) {
            0..70 => 1 + self.below(200),
            70..97 => 1 + self.below(10_000),
            _ => 60_000 + self.below(100_000),
        }
    }

    fn run(&mut self, operation: usize) {
        let (size, slot) = (self.size(), self.below(SLOTS));
        match operation {
            0 => {
                let depth = self.below(20);
                self.slots[slot] = nested(depth, size);
            }
            1 => {
                let object = &mut self.slots[slot];
                object.clear();
                object.shrink_to(size);
                object.reserve_exact(size);
            }
            2 => {
                let object = std::mem::take(&mut self.slots[slot]);
                let mut exchange = lock(&EXCHANGE);
                exchange.push(object);
                let others = if exchange.len() > 200 {
                    exchange.swap_remove(slot % 200)
                } else {
                    Vec::new()
                };
                drop(exchange);
                self.slots[slot] = others;
            }
            3 => panics(size),
            4 => {
                let _out = signals::stay_out();
                let thread = std::thread::spawn(move || nested(3, size));
                self.slots[slot] = thread.join().unwrap_or_default();
            }
            5 => self.with.library.call(called),
            6 => forks(size, self.with.profiler),
            _ => takes_profile(slot, self.with.profiler),
        }
    }
}

/// An object of `size` bytes, from a stack that is so deep.
#[inline(never)]
fn nested(depth: usize, size: usize) -> Vec<u8> {
    match depth {
        0 if size.is_multiple_of(3) => vec![0; size],
        0 => Vec::with_capacity(size),
        _ => black_box(nested(depth - 1, size)),
    }
}

fn panics(size: usize) {
    let _out = signals::stay_out();
    let result = std::panic::catch_unwind(|| {
        let object = nested(2, size);
        let text = format!("an object of {}", object.capacity());
        std::panic::resume_unwind(Box::new(text));
    });
    if result.is_ok() {
        fail("a panic was lost");
    }
}

extern "C" fn called(number: i32) -> i32 {
    drop(black_box(nested(2, 1000)));
    number
}

/// The child allocates, takes a profile, and ends.
fn forks(size: usize, profiler: &Profiler) {
    let _out = signals::stay_out();
    // SAFETY: the child calls nothing that another thread could have left locked.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: has no preconditions.
            unsafe { libc::alarm(CHILD_PATIENCE) };
            let kept: Vec<Vec<u8>> = (0..100).map(|more| nested(5, size + more)).collect();
            let taken = (profiler.take)();
            drop(kept);
            // SAFETY: ends the child without running the parent's destructors.
            unsafe { libc::_exit(i32::from(!taken)) };
        }
        -1 => fail("no fork"),
        id => {
            let mut status = 0;
            // SAFETY: waits for the child that was just made.
            let ended = unsafe { libc::waitpid(id, &raw mut status, 0) };
            if (ended, status) != (id, 0) {
                fail(&format!("a child ended with status {status:#x}"));
            }
        }
    }
}

fn takes_profile(slot: usize, profiler: &Profiler) {
    // The text and names of threads need the C library's allocator: the handler stays out of those.
    if slot.is_multiple_of(2) || !profiler.accounts {
        // Other profilers' own functions must not be interrupted by one that allocates.
        let _out = (!profiler.accounts).then(signals::stay_out);
        if !(profiler.take)() {
            fail("no profile");
        }
        return;
    }
    let _out = signals::stay_out();
    // A row that is negative begins with a sign.
    if text_profile().lines().any(|line| line.starts_with('-') || line.contains("[-")) {
        fail("a row is negative");
    }
}

/// The profile as text; empty while too many others are taken.
pub(super) fn text_profile() -> String {
    let response = liveheap::respond("/debug/pprof/heap", "debug=1");
    if response.status() != 200 {
        return String::new();
    }
    String::from_utf8(response.into_body()).unwrap_or_default()
}
