//! The workloads over the system's allocator, once more: what differs from the first is noise.

#[global_allocator]
static HEAP: std::alloc::System = std::alloc::System;

fn main() -> std::process::ExitCode {
    liveheap_bench::main()
}
