//! What Parca, Pyroscope and Grafana Alloy ask for in their default settings is answered with a profile.
//!
//! The paths and parameters follow their settings: Parca's `memory` and a profile with `delta: true`,
//! for which it adds `seconds`, `pyroscope.scrape`'s `profile.memory` and `profile.godeltaprof_memory`.
//! The headers are like those of Go's HTTP client; the agents' names are only names.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use liveheap_profile::{Profile, decode};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Asks as a scraper does, and decodes the answer.
fn scrape(address: SocketAddr, path: &str, agent: &str) -> Profile {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, body) = answer.split_at(end);
    let head = String::from_utf8_lossy(head).to_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{path}: {head}");
    // The profile itself is compressed; a client that undoes the transport's would find none.
    assert!(!head.contains("content-encoding"), "{path}: {head}");
    decode(body, &Default::default()).unwrap()
}

fn types(profile: &Profile) -> Vec<&str> {
    profile.sample_types.iter().map(|kind| profile.text(kind.kind)).collect()
}

#[test]
fn the_scrapers_get_profiles_with_all_four_types() {
    let kept: Vec<Vec<u8>> = (1..=100).map(|size| vec![1; size]).collect();
    let server = liveheap::serve("127.0.0.1:0").unwrap();
    let address = server.addr().unwrap();
    for (agent, path) in [
        ("Parca/0.24.0", "/debug/pprof/allocs"),
        ("Parca/0.24.0", "/debug/pprof/heap"),
        ("Alloy/v1.11.0", "/debug/pprof/allocs"),
        ("Alloy/v1.11.0", "/debug/pprof/heap"),
        ("Alloy/v1.11.0", "/debug/pprof/delta_heap"),
    ] {
        let profile = scrape(address, path, agent);
        assert_eq!(
            types(&profile),
            ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"],
            "{agent} {path}"
        );
        assert!(!profile.samples.is_empty(), "{agent} {path}");
    }
    // Parca adds its interval in seconds for a profile with `delta: true`.
    let delta = scrape(address, "/debug/pprof/allocs?seconds=1", "Parca/0.24.0");
    assert!(delta.duration_nanos >= 1_000_000_000, "{}", delta.duration_nanos);
    drop(kept);
    server.stop();
}
