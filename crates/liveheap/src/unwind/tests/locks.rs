//! A stack is captured without a lock: neither one of the profiler's nor one of the loader's.

use super::{DEEPEST, deep};
use crate::sync::{SpinLock, count};
use crate::unwind::rules;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a stack asks only once in the life of the program, or of the thread.
fn warm_up() {
    deep(0, &mut [0; DEEPEST]);
}

#[test]
fn a_lock_is_counted() {
    let lock = SpinLock::new(());
    assert_eq!(count::of(|| lock.with(|()| ())), 1);
    assert_eq!(count::of(|| lock.try_with(|()| ())), 1);
}

#[test]
fn a_stack_takes_no_lock() {
    warm_up();
    for depth in [0, 1, 10, 200] {
        let mut frames = [0; DEEPEST];
        // Of code whose rules are known, and of code that is as good as new.
        assert_eq!(count::of(|| deep(depth, &mut frames)), 0, "{depth} calls");
        rules::forget_all();
        assert_eq!(count::of(|| deep(depth, &mut frames)), 0, "{depth} new calls");
    }
}

static CAPTURE: AtomicBool = AtomicBool::new(false);
static CAPTURED: AtomicBool = AtomicBool::new(false);

/// The loader holds its lock while this runs.
extern "C" fn wait_for_stack(
    _: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut libc::c_void,
) -> libc::c_int {
    CAPTURE.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !CAPTURED.load(Ordering::SeqCst) && Instant::now() < deadline {
        std::hint::spin_loop();
    }
    1
}

#[test]
fn a_stack_is_captured_while_another_thread_holds_every_lock() {
    let thread = std::thread::spawn(|| {
        warm_up();
        while !CAPTURE.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        rules::forget_all();
        let count = deep(3, &mut [0; DEEPEST]);
        CAPTURED.store(true, Ordering::SeqCst);
        count
    });
    crate::fork::before();
    // SAFETY: the function gets what it expects, which is nothing.
    unsafe { libc::dl_iterate_phdr(Some(wait_for_stack), std::ptr::null_mut()) };
    let in_time = CAPTURED.load(Ordering::SeqCst);
    crate::fork::after_in_parent();
    assert!(in_time, "it waited for a lock");
    assert!(thread.join().unwrap() > 3);
}
