//! Clients that mean no good do not hurt the program: its allocations go on, threads and memory stay
//! bounded, and the next honest request is answered.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "the bans are for code that runs inside an allocation"
)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system();

/// One test at a time: the process's threads and memory are counted.
static ALONE: Mutex<()> = Mutex::new(());

/// Connections that the server answers at a time, and its listener.
const MOST_SERVER_THREADS: u64 = 32 + 1;
/// Far above what 32 answers need, far below what 1000 would.
const MOST_GROWTH_KIB: u64 = 64 << 10;

/// A number of `/proc/self/status`, such as `VmRSS`, in its unit.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn is_answered(address: SocketAddr) -> bool {
    let mut answer = Vec::new();
    let mut stream = TcpStream::connect(address).unwrap();
    // A refusal may come before the request is sent.
    let _ = stream.write_all(b"GET /debug/pprof/heap HTTP/1.1\r\n\r\n");
    let _ = stream.read_to_end(&mut answer);
    answer.starts_with(b"HTTP/1.1 200 OK\r\n")
}

/// Waits until an honest request is answered.
fn wait_for_answer(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_answered(address) {
        assert!(Instant::now() < deadline, "nobody is answered any more");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_thousand_bad_connections_do_not_hurt_the_program() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = liveheap::serve("127.0.0.1:0").unwrap();
    let address = server.addr().unwrap();
    wait_for_answer(address);
    let (threads, memory) = (status("Threads"), status("VmRSS"));

    // Half-sent, oversized, silent and, below, trickled.
    let oversized = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(64 << 10));
    let beginnings = [
        "GET /debug/pprof/he",
        &oversized,
        "",
        "POST /debug/pprof/symbol HTTP/1.1\r\n\
        Content-Length: 4194304\r\n\r\n0x1",
    ];
    let mut connections = Vec::with_capacity(1000);
    let mut worst_threads = 0;
    for (number, beginning) in (0..1000).zip(beginnings.iter().cycle()) {
        let mut stream = TcpStream::connect(address).unwrap();
        // Who is turned away may notice that here.
        let _ = stream.write_all(beginning.as_bytes());
        connections.push(stream);
        if number % 100 == 0 {
            worst_threads = worst_threads.max(status("Threads"));
        }
    }
    let start = Instant::now();
    let mut allocated = 0_u32;
    while start.elapsed() < Duration::from_secs(1) {
        for stream in connections.iter_mut().step_by(3) {
            let _ = stream.write_all(b"x");
        }
        worst_threads = worst_threads.max(status("Threads"));
        for size in 0..1000 {
            std::hint::black_box(vec![1_u8; size]);
            allocated += 1;
        }
    }
    assert!(allocated >= 1000);
    assert!(worst_threads <= threads + MOST_SERVER_THREADS, "{threads} then {worst_threads}");
    let grown = status("VmRSS").saturating_sub(memory);
    assert!(grown < MOST_GROWTH_KIB, "{grown} KiB more");
    println!(
        "1000 connections: {worst_threads} threads, {grown} KiB more, {allocated} allocations"
    );

    // Abandoned.
    drop(connections);
    wait_for_answer(address);
    server.stop();
}

#[test]
fn trickled_requests_that_stay_are_given_up_in_time() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = liveheap::serve("127.0.0.1:0").unwrap();
    let address = server.addr().unwrap();
    let mut connections: Vec<_> = (0..32).map(|_| TcpStream::connect(address).unwrap()).collect();
    let start = Instant::now();
    // Each takes a place until its ten seconds are over, however it trickles.
    while !is_answered(address) {
        assert!(start.elapsed() < Duration::from_secs(60), "they hold their places for ever");
        for stream in &mut connections {
            let _ = stream.write_all(b"G");
        }
        thread::sleep(Duration::from_millis(200));
    }
    assert!(start.elapsed() > Duration::from_secs(5), "the places were never taken");
    server.stop();
}
