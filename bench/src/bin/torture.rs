//! Everything that is hard on the profiler, at once: see the library's module `torture`.

use liveheap_bench::torture::{Marked, Profiler, main as torture};
use std::alloc::System;
use std::process::ExitCode;

#[global_allocator]
static HEAP: liveheap::Heap<Marked<System>> = liveheap::Heap::new(Marked(System)).sample_rate(0);

fn main() -> ExitCode {
    torture(&Profiler { take, accounts: true })
}

fn take() -> bool {
    let mut profile = Vec::new();
    liveheap::write_heap_profile(&mut profile).is_ok() && profile.len() > 100
}
