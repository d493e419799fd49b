//! Everything that is hard on the profiler, at once: see the library's module `torture`.

use liveheap_bench::torture::{Marked, main as torture};
use std::process::ExitCode;

#[global_allocator]
static HEAP: liveheap::Heap<Marked> = liveheap::Heap::new(Marked).sample_rate(0);

fn main() -> ExitCode {
    torture()
}
