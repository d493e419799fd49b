//! The workloads over mimalloc, once more: what differs from the first is noise.

#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    liveheap_bench::main()
}
