//! Workloads that allocate, for programs that differ in their allocator only.
//!
//! In: lines on standard input, a workload's name and a number of blocks each. Out: the CPU time that
//! these took, in nanoseconds, one line each. So one process of each kind stays alive while the blocks of
//! all of them are run in turn. The workloads are in this crate and the allocators are not, or else the
//! compiler would build a workload differently for each.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program's main function")]

pub mod torture;
mod workloads;

use std::io::BufRead;
use std::process::ExitCode;
use workloads::Workloads;

/// Runs blocks as standard input or the arguments ask for.
pub fn main() -> ExitCode {
    let mut workloads = Workloads::new();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.is_empty() {
        return answer(&mut workloads, &arguments.join(" "));
    }
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return ExitCode::FAILURE };
        if answer(&mut workloads, &line) != ExitCode::SUCCESS {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn answer(workloads: &mut Workloads, line: &str) -> ExitCode {
    let Some((name, blocks)) = line.split_once(' ') else {
        eprintln!("bench: say NAME BLOCKS, as in: window 10");
        return ExitCode::FAILURE;
    };
    let Ok(blocks) = blocks.parse::<u32>() else {
        eprintln!("bench: {blocks} is no number of blocks");
        return ExitCode::FAILURE;
    };
    let started = cpu_nanos();
    for _ in 0..blocks {
        if !workloads.run(name) {
            eprintln!("bench: there is no workload {name}");
            return ExitCode::FAILURE;
        }
    }
    println!("{}", cpu_nanos() - started);
    ExitCode::SUCCESS
}

/// CPU time of this process with all its threads, in nanoseconds.
fn cpu_nanos() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "the clock is a C function")]
    // SAFETY: clock_gettime(2) writes the given structure, and cannot fail with this clock.
    unsafe {
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time)
    };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
