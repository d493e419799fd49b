//! The workloads over jemalloc, profiled.

#[global_allocator]
static HEAP: liveheap::Heap<tikv_jemallocator::Jemalloc> =
    liveheap::Heap::new(tikv_jemallocator::Jemalloc);

fn main() -> std::process::ExitCode {
    liveheap_bench::main()
}
