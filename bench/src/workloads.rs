//! The workloads: small objects at random, the same on two threads, texts and trees, large buffers.
//!
//! In: a name. Out: nothing; a block of the workload was run. Each keeps its state between blocks, so
//! that a block begins with a heap in use.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Objects that the small workload keeps.
const WINDOW: usize = 100_000;
/// Replacements in a block.
const STEPS: usize = 100_000;
/// Buffers that the large workload keeps.
const BUFFERS: usize = 64;

pub(crate) struct Workloads {
    window: Window,
    /// Empty until the workload on threads is asked for.
    workers: Vec<Worker>,
    buffers: Vec<Vec<u8>>,
    random: Random,
    text: String,
}

/// A thread with a window of its own. It lives as long as the program: the allocators' own ties to
/// a thread must not change between blocks.
struct Worker {
    start: Sender<()>,
    done: Receiver<()>,
}

struct Window {
    objects: Vec<Vec<u8>>,
    random: Random,
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).map_or(0, |number| number % limit)
    }
}

impl Workloads {
    pub(crate) fn new() -> Self {
        Self {
            window: Window::new(1),
            workers: Vec::new(),
            buffers: Vec::new(),
            random: Random(3),
            text: text(),
        }
    }

    /// Runs a block of the workload called `name`. False when there is none.
    pub(crate) fn run(&mut self, name: &str) -> bool {
        match name {
            "nothing" => {}
            "window" => deep(12, &mut || self.window.block()),
            "threads" => self.run_workers(),
            "texts" => deep(12, &mut || texts(&self.text)),
            "buffers" => deep(12, &mut || self.replace_buffers()),
            _ => return false,
        }
        true
    }

    fn run_workers(&mut self) {
        if self.workers.is_empty() {
            self.workers = vec![Worker::start(1), Worker::start(2)];
        }
        for worker in &self.workers {
            // A worker only ends with the program.
            let _ = worker.start.send(());
        }
        for worker in &self.workers {
            let _ = worker.done.recv();
        }
    }

    fn replace_buffers(&mut self) {
        for _ in 0..2000 {
            let size = (64 << 10) + self.random.below(960 << 10);
            let mut buffer = Vec::with_capacity(size);
            for page in (0..size).step_by(4096) {
                buffer.spare_capacity_mut()[page].write(1);
            }
            let place = self.random.below(BUFFERS);
            if self.buffers.len() < BUFFERS {
                self.buffers.push(black_box(buffer));
            } else {
                self.buffers[place] = black_box(buffer);
            }
        }
    }
}

impl Worker {
    fn start(seed: u64) -> Self {
        let (start, starts) = channel();
        let (ends, done) = channel();
        std::thread::spawn(move || {
            let mut window = Window::new(seed);
            while starts.recv().is_ok() {
                deep(12, &mut || window.block());
                if ends.send(()).is_err() {
                    break;
                }
            }
        });
        Self { start, done }
    }
}

impl Window {
    fn new(seed: u64) -> Self {
        Self { objects: Vec::new(), random: Random(seed) }
    }

    /// Replaces objects of 16 to 512 bytes at random places.
    fn block(&mut self) {
        if self.objects.is_empty() {
            self.objects.resize_with(WINDOW, || vec![1; 16]);
        }
        for _ in 0..STEPS {
            let size = 16 + self.random.below(497);
            let object = match self.random.below(4) {
                0 => first(size),
                1 => second(size),
                2 => third(size),
                _ => fourth(size),
            };
            let place = self.random.below(WINDOW);
            self.objects[place] = object;
        }
    }
}

/// Calls `work` below some frames, as a program's own code is.
#[inline(never)]
fn deep(depth: u32, work: &mut dyn FnMut()) {
    if depth == 0 {
        work();
    } else {
        deep(depth - 1, work);
    }
    black_box(depth);
}

macro_rules! call_sites {
    ($($name:ident $fill:literal),*) => {
        $(
            #[inline(never)]
            fn $name(size: usize) -> Vec<u8> {
                // Only the first bytes are written: what is measured is the allocation.
                let mut bytes = Vec::with_capacity(size);
                bytes.extend_from_slice(&[$fill; 16]);
                black_box(bytes)
            }
        )*
    };
}
call_sites!(first 1, second 2, third 3, fourth 4);

/// Records in a simple notation, 2 MB of them.
fn text() -> String {
    let mut random = Random(5);
    let mut text = String::new();
    while text.len() < 2_000_000 {
        let _ = write!(text, "user{}:", random.below(1000));
        for field in 0..random.below(20) {
            let _ = write!(text, "field{field}=value{},", random.below(100_000));
        }
        text.push('\n');
    }
    text
}

/// Reads the records into trees and lists, and writes them again.
fn texts(text: &str) {
    let mut users: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for line in text.lines() {
        let Some((user, fields)) = line.split_once(':') else { continue };
        let fields = fields
            .split_terminator(',')
            .filter_map(|field| field.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_uppercase()))
            .collect();
        users.entry(user.to_owned()).or_default().push(fields);
    }
    let mut written = String::new();
    for (user, records) in &users {
        let mut lines: Vec<String> = records
            .iter()
            .map(|record| {
                let fields: Vec<String> =
                    record.iter().map(|(key, value)| format!("{key}={value}")).collect();
                fields.join(",")
            })
            .collect();
        lines.sort_unstable();
        let _ = writeln!(written, "{user}:{}", lines.join(";"));
    }
    black_box(written);
}
