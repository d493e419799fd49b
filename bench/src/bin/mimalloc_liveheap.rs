//! The workloads over mimalloc, profiled.

#[global_allocator]
static HEAP: liveheap::Heap<mimalloc::MiMalloc> = liveheap::Heap::new(mimalloc::MiMalloc);

fn main() -> std::process::ExitCode {
    liveheap_bench::main()
}
