//! Damaged and hostile inputs: nothing panics, and time grows with the size and not with its
//! square.

use crate::random::{Random, damage, profile};
use crate::targets::{MERGE, TARGETS, run};
use liveheap_profile::{encode, encode_gzip};
use std::time::{Duration, Instant};

/// A small sound input for each target; what the target puts in front is not in it.
fn sound(target: &str, random: &mut Random) -> Vec<u8> {
    let text = match target {
        "proto" => return encode(&profile(random)),
        "gzip" => return encode_gzip(&profile(random)).unwrap(),
        MERGE => {
            let (first, second) = (encode(&profile(random)), encode(&profile(random)));
            let length = u16::try_from(first.len()).unwrap_or(u16::MAX).to_le_bytes();
            return [&length[..], &first, &second].concat();
        }
        "cpu" => {
            let words = [2_u32, 2, 0x40_1010, 0x40_1021, 1, 1, 0x40_1030, 0, 1, 0];
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes.extend(b"400000-500000 r-xp 00000000 08:01 42 /bin/app\n");
            return bytes;
        }
        "contention" => "cycles/second=2000000000\nsampling period=10\n4000 2 @ 0x11 0x21\n",
        "thread" => {
            "--- Thread 7f01 (name: main/12) stack: ---\n 0x12 a\n 0x21 b\n\
             --- Thread 7f02 (name: b/1) stack: ---\n [same as previous thread]\n--- Memory map: ---\n"
        }
        "count" => "5 @ 0x401011 0x401021\n#\t0x401010\tmain.work+0x20\n2 @ 0x401021\n",
        "java" => {
            "sampling period=10\n 1024 2 @ 0x1 0x2\n 64 1 @ 0x2\n\
             0x1 com.Leak.grow (Leak.java:9)\n0x2 start (/lib/jvm/libjvm.so)\n"
        }
        "jemalloc" => {
            "  t*: 3: 6144 [0: 0]\n@ 0x11 0x21\n  t*: 1: 4096 [0: 0]\n  t0: 1: 4096 [0: 0]\n\
             @ 0x31\n  t*: 2: 2048 [0: 0]\n\nMAPPED_LIBRARIES:\n10-20 r-xp 00000000 08:01 42 /a\n"
        }
        "maps" => {
            "build=/opt\n400000-401000 r-xp 00001000 08:01 42 $build/app\n\
             I0 a.cc:1] 7f0000-7f1000: /lib/a.so.6 (@1000) ab12\n0-1000 r--p 00000000 08:01 0\n"
        }
        "folded" => "main;serve;alloc 10\nmain;leak 32\n",
        _ => {
            "1: 4096 [2: 8192] @ 0x401011 0x401021\n# text\n2: 64 [2: 64] @ 0x9\nMAPPED_LIBRARIES:\n"
        }
    };
    text.as_bytes().to_vec()
}

/// How many damaged inputs each target gets; more on request.
fn rounds() -> usize {
    std::env::var("LIVEHEAP_DAMAGE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn damaged_inputs_are_survived() {
    for target in TARGETS.iter().map(|(name, _)| *name).chain([MERGE]) {
        let mut random = Random::new(target.len() as u64);
        for _ in 0..rounds() {
            let mut input = sound(target, &mut random);
            run(target, &input);
            damage(&mut random, &mut input);
            run(target, &input);
        }
    }
}

/// A quarter of a megabyte of one text again and again.
fn repeated(text: &str) -> Vec<u8> {
    text.repeat((1 << 18) / text.len()).into_bytes()
}

/// A quarter of a megabyte of numbered rows.
fn numbered(row: impl Fn(usize) -> String) -> Vec<u8> {
    let mut out = String::new();
    let mut number = 0;
    while out.len() < 1 << 18 {
        out.push_str(&row(number));
        number += 1;
    }
    out.into_bytes()
}

#[test]
fn hostile_inputs_take_seconds_at_most() {
    let inputs: Vec<(&str, Vec<u8>)> = vec![
        ("heap", repeated("1: ")),
        ("heap", repeated("1:  2 [")),
        ("heap", repeated("heap profile: 1: 1 [1: 1] @ ")),
        ("heap", [b"1: 1 [1: 1] @".to_vec(), repeated(" 0x")].concat()),
        ("heap", numbered(|n| format!("1: 1 [1: 1] @ {n:#x}\n"))),
        ("contention", repeated("1 ")),
        ("contention", repeated(" @1")),
        ("contention", repeated("1")),
        ("thread", repeated("--- Thread 1 (name: ")),
        ("thread", [b"--- Thread 1 (name: ".to_vec(), repeated("1) stack: ---")].concat()),
        ("thread", repeated("--- Thread 1 (name: a/1) stack: ---\n")),
        ("count", [b"1 @".to_vec(), repeated(" 0x1")].concat()),
        ("java", repeated("a=")),
        ("java", repeated("1 1 @")),
        ("java", [b"1 1 @ 0x1\n0x1 ".to_vec(), repeated(" (a")].concat()),
        ("java", [b"1 1 @ 0x1\n0x1 ".to_vec(), repeated(" (:1"), b")\n".to_vec()].concat()),
        ("java", numbered(|n| format!("1 1 @ {n:#x}\n"))),
        ("jemalloc", repeated("@ 0x1\n")),
        ("maps", repeated("a")),
        ("maps", repeated("x=$x$x$x$x\n")),
        ("maps", [b"x=12345678901234567890\n".to_vec(), repeated("$x")].concat()),
        ("maps", numbered(|n| format!("x{n}=$x{n}\n"))),
        ("maps", numbered(|n| format!("{n:x}0-ffffffffff: /a{n}\n"))),
        ("maps", numbered(|n| format!("{:x}-ffffff: /a (@{n:x})\n", n * 16))),
        ("folded", repeated(";")),
        ("folded", repeated("a;")),
        ("folded", numbered(|n| format!("main;f{n} 1\n"))),
        ("proto", repeated("\n\0")),
        ("proto", repeated("\x12\x02\x08\x01")),
    ];
    for (target, input) in inputs {
        let start = Instant::now();
        run(target, &input);
        let shown = String::from_utf8_lossy(&input[..40]).into_owned();
        // What takes the square of that takes many minutes. Debug builds on a busy machine are slow.
        assert!(start.elapsed() < Duration::from_secs(20), "{target}: {shown:?} takes long");
    }
}

#[test]
fn every_address_in_many_mappings_is_found_quickly() {
    // One location and one mapping for each row: to try all for each would take minutes.
    let mut heap = numbered(|n| format!("1: 1 [1: 1] @ {:#x}\n", n * 16 + 5));
    heap.extend(b"MAPPED_LIBRARIES:\n");
    heap.extend(numbered(|n| format!("{:x}-{:x}: /a{n}\n", n * 16, n * 16 + 16)));
    let start = Instant::now();
    run("heap", &heap);
    assert!(start.elapsed() < Duration::from_secs(20));
}
