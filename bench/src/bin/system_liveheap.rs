//! The workloads over the system's allocator, profiled.

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system();

fn main() -> std::process::ExitCode {
    liveheap_bench::main()
}
