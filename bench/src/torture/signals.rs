//! A timer whose handler allocates and frees on the thread that it interrupts.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::hint::black_box;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Microseconds of CPU time between two signals.
const INTERVAL: libc::suseconds_t = 500;
/// Objects that the handlers of a thread leave to each other.
const KEPT: usize = 8;
/// Their sizes, in bytes; the last ones are large to the profiler, or over-aligned.
const LAYOUTS: [(usize, usize); KEPT] =
    [(24, 8), (100, 8), (1000, 8), (5000, 16), (70_000, 8), (200_000, 8), (64, 64), (4096, 4096)];

static HANDLED: AtomicU64 = AtomicU64::new(0);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Above 0 while the handler may not use the C library's allocator on this thread.
    static OUT: Cell<u32> = const { Cell::new(1) };
    static TURN: Cell<usize> = const { Cell::new(0) };
    static OBJECTS: [Cell<*mut u8>; KEPT] = const { [const { Cell::new(null_mut()) }; KEPT] };
}

/// While it lives, the handler does not allocate on this thread.
pub(super) struct Out;

pub(super) fn stay_out() -> Out {
    OUT.with(|out| out.set(out.get() + 1));
    compiler_fence(SeqCst);
    Out
}

impl Drop for Out {
    fn drop(&mut self) {
        compiler_fence(SeqCst);
        OUT.with(|out| out.set(out.get() - 1));
    }
}

/// Lets the handler allocate on this thread.
pub(super) fn come_in() {
    OUT.with(|out| out.set(0));
}

/// The end of [`come_in`]: frees what the handlers left.
pub(super) fn leave() {
    OUT.with(|out| out.set(1));
    compiler_fence(SeqCst);
    OBJECTS.with(|objects| (0..KEPT).for_each(|place| free(&objects[place], place)));
}

/// An allocator that the handler stays out of.
#[derive(Debug)]
pub struct Marked<A>(pub A);

// SAFETY: passes everything on to an allocator.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Marked<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _out = stay_out();
        // SAFETY: the caller's contract, passed on.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let _out = stay_out();
        // SAFETY: the caller's contract, passed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _out = stay_out();
        // SAFETY: the caller's contract, passed on.
        unsafe { self.0.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let _out = stay_out();
        // SAFETY: the caller's contract, passed on.
        unsafe { self.0.realloc(pointer, layout, new_size) }
    }
}

extern "C" fn handle(_: libc::c_int) {
    HANDLED.fetch_add(1, Relaxed);
    if OUT.with(Cell::get) > 0 {
        return;
    }
    ALLOCATED.fetch_add(1, Relaxed);
    let turn = TURN.with(|turn| turn.replace(turn.get().wrapping_add(1)));
    OBJECTS.with(|objects| {
        // One that an earlier handler made goes, and another comes in its place.
        for place in [turn % KEPT, (turn * 5 + 1) % KEPT] {
            free(&objects[place], place);
            // SAFETY: the layout is not empty.
            objects[place].set(unsafe { std::alloc::alloc(layout(place)) });
        }
    });
    drop(black_box(Box::new(turn)));
}

fn layout(place: usize) -> Layout {
    let (size, align) = LAYOUTS[place];
    Layout::from_size_align(size, align).unwrap_or(Layout::new::<u64>())
}

fn free(object: &Cell<*mut u8>, place: usize) {
    let pointer = object.replace(null_mut());
    if !pointer.is_null() {
        // SAFETY: the handler allocated it with this layout, and nobody else knows it.
        unsafe { std::alloc::dealloc(pointer, layout(place)) };
    }
}

/// Starts the timer, which counts CPU time of all threads.
pub(super) fn start() {
    // SAFETY: all zero is a valid value.
    let mut action = unsafe { std::mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handle as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler uses what a thread may use at every moment at which it does not stay out.
    unsafe { libc::sigaction(libc::SIGPROF, &raw const action, without_provenance_mut(0)) };
    set_timer(INTERVAL);
}

pub(super) fn stop() {
    set_timer(0);
}

fn set_timer(micros: libc::suseconds_t) {
    let interval = libc::timeval { tv_sec: 0, tv_usec: micros };
    let timer = libc::itimerval { it_interval: interval, it_value: interval };
    // SAFETY: reads the given structure.
    unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, null_mut()) };
}

/// Signals handled, and those whose handler allocated.
pub(super) fn counts() -> (u64, u64) {
    (HANDLED.load(Relaxed), ALLOCATED.load(Relaxed))
}
