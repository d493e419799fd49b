//! What each stage of a report costs, per frame of the profile.
//!
//! `cargo bench -p liveheap-report --bench stages [STAGE]` prints nanoseconds, and instructions where valgrind is
//! installed. Instructions hardly differ between runs and machines: a stage that needs more than
//! its budget, which is a sixth above what it needs today, makes the benchmark fail. What a stage
//! does once per sample, per function or per row is in its figure too. Times are the best of several runs, and for reading only.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use liveheap_profile::{
    Frame, LabelValue, Limits, LocationIndex, Profile, ProfileBuilder, decode, decode_proto,
    encode, encode_gzip, merge,
};
use liveheap_report::{ReportKind, Request, Surroundings, answer};
use std::hint::black_box;
use std::io::{Error, ErrorKind, sink};
use std::process::{Command, ExitCode};
use std::time::Instant;

const SAMPLES: usize = 20_000;
const DEPTH: usize = 30;
const FUNCTIONS: usize = 4_000;
const ROUNDS: usize = 9;

/// A stage: its name, the most instructions per frame, and what it does with the input.
type Stage = (&'static str, f64, fn(&Input));

const STAGES: &[Stage] = &[
    ("decode", 105.0, |input| drop(black_box(decode_proto(&input.unpacked)))),
    ("unpack and decode", 205.0, |input| {
        drop(black_box(decode(&input.packed, &Limits::default())));
    }),
    ("encode", 65.0, |input| drop(black_box(encode(&input.profile)))),
    ("encode and pack", 220.0, |input| drop(black_box(encode_gzip(&input.profile)))),
    ("copy", 4.0, |input| drop(black_box(input.profile.clone()))),
    ("merge two", 127.0, |input| {
        drop(black_box(merge(vec![input.profile.clone(), input.profile.clone()])));
    }),
    ("top: weigh and trim", 97.0, |input| report(input, ReportKind::Top)),
    ("tree: and edges", 185.0, |input| report(input, ReportKind::Tree)),
    ("dot: and tags", 440.0, |input| report(input, ReportKind::Dot)),
    ("traces: render all", 127.0, |input| report(input, ReportKind::Traces)),
];

struct Input {
    profile: Profile,
    unpacked: Vec<u8>,
    packed: Vec<u8>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let input = input();
    if let [flag, name, rounds] = words.as_slice()
        && flag == "--child"
    {
        let stage = STAGES.iter().find(|stage| stage.0 == name).expect("the parent knows stages");
        let rounds: usize = rounds.parse().expect("the parent sends a number");
        (0..rounds).for_each(|_| stage.2(&input));
        return ExitCode::SUCCESS;
    }
    let only = words.first().map_or("", String::as_str);
    let frames = input.profile.samples.frames().len() as f64;
    let counts = Command::new("valgrind").arg("--version").output().is_ok();
    if !counts {
        println!("valgrind is not installed: instructions are not counted, budgets not checked");
    }
    println!("{:<22}{:>10}{:>14}{:>8}", "per frame", "ns", "instructions", "budget");
    let mut result = ExitCode::SUCCESS;
    for (name, budget, stage) in STAGES.iter().filter(|stage| stage.0.contains(only)) {
        let nanos = (0..ROUNDS).map(|_| nanos(|| stage(&input))).fold(f64::MAX, f64::min) / frames;
        if !counts {
            println!("{name:<22}{nanos:>10.2}{:>14}{budget:>8}", "-");
            continue;
        }
        let used = (instructions(name, 2) - instructions(name, 1)) / frames;
        let verdict = if used > *budget { "  over" } else { "" };
        println!("{name:<22}{nanos:>10.2}{used:>14.1}{budget:>8}{verdict}");
        if used > *budget {
            result = ExitCode::FAILURE;
        }
    }
    result
}

fn nanos(run: impl Fn()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64
}

/// Instructions of this program when it makes its input and runs a stage so many times.
fn instructions(stage: &str, rounds: usize) -> f64 {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args(["--child", stage, &rounds.to_string()])
        .output()
        .expect("valgrind was there a moment ago");
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("refs:")).expect("valgrind counts");
    let number = line.split_whitespace().last().unwrap_or_default().replace(',', "");
    number.parse().expect("valgrind's count is a number")
}

fn report(input: &Input, kind: ReportKind) {
    let mut surroundings = Surroundings {
        current_dir: String::new(),
        read_file: &mut |_| Err(Error::from(ErrorKind::NotFound)),
        open_binary: &mut |_, _| Err(String::from("no binaries here")),
        local_time: &|_| (0, String::from("UTC")),
    };
    let answer = answer(input.profile.clone(), &Request::new(kind), &mut surroundings);
    let report = answer.expect("the profile has a default sample type").report;
    report.write(&mut sink()).expect("a sink takes everything");
}

/// Stacks through a random call graph, the same ones each time.
fn input() -> Input {
    let mut builder = ProfileBuilder::new(&[("inuse_objects", "count"), ("inuse_space", "bytes")]);
    builder.set_default_sample_type("inuse_space");
    let places: Vec<LocationIndex> = (0..FUNCTIONS)
        .map(|number| {
            let name = format!("app::module_{}::function_{number}", number % 97);
            let function = builder.function(&name, &name, "/src/app.rs", 1);
            let frame = Frame { function, line: 7, column: 0 };
            builder.location(0x1000 + 16 * number as u64, None, &[frame])
        })
        .collect();
    let mut state = 17_u64;
    let mut below = |limit: usize| {
        // Numerical Recipes' generator; its upper half is random enough.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % limit
    };
    let mut stack = Vec::new();
    for _ in 0..SAMPLES {
        stack.clear();
        let mut function = below(16);
        for _ in 0..DEPTH {
            stack.push(places[function]);
            function = (function * 3 + below(3) + 1) % FUNCTIONS;
        }
        stack.reverse();
        let size = 16_i64 << below(8);
        let count = 1 + i64::try_from(below(2000)).unwrap_or(0);
        builder.sample(
            &stack,
            &[count, count * size],
            &[("bytes", LabelValue::Number(size, "bytes"))],
        );
    }
    let profile = builder.finish();
    let unpacked = encode(&profile);
    let packed = encode_gzip(&profile).expect("there is memory");
    Input { profile, unpacked, packed }
}
