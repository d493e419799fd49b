//! Threads at the edges of their lives: short ones, and allocations while they end.

#![expect(unsafe_code, reason = "loads libraries")]
#![expect(clippy::disallowed_types, reason = "the ban is for code that runs inside an allocation")]

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// One test at a time: what the others allocate meanwhile is counted too.
static ALONE: Mutex<()> = Mutex::new(());

struct AllocatesAtTheEnd(Vec<u8>);

impl Drop for AllocatesAtTheEnd {
    fn drop(&mut self) {
        self.0.extend_from_slice(&[1; 100]);
        black_box(vec![1_u8; 100_000]);
    }
}

thread_local! {
    static LAST: RefCell<Option<AllocatesAtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_may_allocate_and_free_while_it_ends() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = liveheap::stats();
    for _ in 0..100 {
        let thread = std::thread::spawn(|| {
            LAST.with(|last| *last.borrow_mut() = Some(AllocatesAtTheEnd(vec![1; 10])));
        });
        thread.join().unwrap();
    }
    let after = liveheap::stats();
    assert!(after.samples >= before.samples + 300);
    assert!(after.live_samples <= before.live_samples + 20, "{before:?} {after:?}");
}

#[test]
fn short_threads_leave_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let run = || {
        for _ in 0..200 {
            let threads: Vec<_> = (0..5)
                .map(|size| std::thread::spawn(move || drop(black_box(vec![0_u8; 1 + size]))))
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    };
    run();
    let before = liveheap::stats().table_bytes;
    run();
    assert!(liveheap::stats().table_bytes <= before + (1 << 20));
}

#[test]
fn libraries_may_come_and_go_meanwhile() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    black_box(vec![1_u8; 100]);
                }
            });
        }
        for _ in 0..300 {
            for name in [c"libresolv.so.2", c"libnss_files.so.2", c"libthread_db.so.1"] {
                // SAFETY: libraries of the C library's own, whose constructors do nothing.
                let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
                black_box(vec![1_u8; 1000]);
                if !library.is_null() {
                    // SAFETY: it was opened just now.
                    unsafe { libc::dlclose(library) };
                }
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let stats = liveheap::stats();
    assert_eq!((stats.stacks_unreadable, stats.stacks_broken, stats.stacks_cut), (0, 0, 0));
}
