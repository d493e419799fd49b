//! Random profiles and random damage, the same in every run of a seed.

use liveheap_profile::{Frame, LabelValue, Mapping, Profile, ProfileBuilder};

/// A sequence of numbers that looks random (SplitMix64).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn value(&mut self) -> i64 {
        i64::try_from(self.below(2001)).unwrap() - 1000
    }
}

const NAMES: [&str; 6] = ["main", "serve", "alloc", "grow", "f<T>", "größe"];
const FILES: [&str; 3] = ["", "app.rs", "lib.rs"];

/// A profile of objects and bytes with up to 40 samples. Few names, addresses and labels, so that
/// much of it is equal.
pub(crate) fn profile(random: &mut Random) -> Profile {
    let mut builder = ProfileBuilder::new(&[("objects", "count"), ("space", "bytes")]);
    builder.set_period("space", "bytes", 1 + random.value().abs());
    builder.set_time(random.value(), random.value());
    if random.below(2) == 0 {
        builder.set_default_sample_type("space");
        builder.set_drop_frames("malloc|free", "main");
        builder.comment(random.pick(&NAMES));
        builder.set_doc_url("https://example.org/");
    }
    let mappings: Vec<_> = (0..random.below(4))
        .map(|position| {
            let start = 0x10_0000 * (1 + position as u64) + 0x1000 * random.below(8) as u64;
            let file = builder.string(["/bin/app", "/lib/a.so", "/lib/b.so"][position]);
            let build_id = builder.string(random.pick(&["", "ab12"]));
            builder.mapping(Mapping {
                start,
                limit: start + 0x8_0000,
                offset: 0x1000 * random.below(2) as u64,
                file,
                build_id,
                has_functions: random.below(2) == 0,
                has_inline_frames: random.below(2) == 0,
                ..Mapping::default()
            })
        })
        .collect();
    let locations: Vec<_> = (0..1 + random.below(12))
        .map(|_| {
            let frames: Vec<Frame> = (0..random.below(3))
                .map(|_| {
                    let (name, file) = (random.pick(&NAMES), random.pick(&FILES));
                    let function = builder.function(name, name, file, random.value().abs());
                    Frame { function, line: random.value(), column: random.value().abs() % 3 }
                })
                .collect();
            let mapping = if mappings.is_empty() { None } else { Some(random.pick(&mappings)) };
            builder.location(0x18_0000 + random.below(64) as u64, mapping, &frames)
        })
        .collect();
    for _ in 0..random.below(40) {
        let stack: Vec<_> = (0..random.below(6)).map(|_| random.pick(&locations)).collect();
        let mut labels = Vec::new();
        for _ in 0..random.below(3) {
            let unit = random.pick(&["", "bytes"]);
            labels.push(match random.below(2) {
                0 => ("bytes", LabelValue::Number(1 + random.value().abs() % 3, unit)),
                _ => ("thread", LabelValue::Text(random.pick(&NAMES))),
            });
        }
        builder.sample(&stack, &[random.value() / 500, random.value()], &labels);
    }
    builder.finish()
}

/// What damage likes to put in: pieces of the formats and numbers at the edges.
const PIECES: [&[u8]; 32] = [
    b"0x",
    b" @ 0x10 0x20",
    b"@",
    b": ",
    b"[",
    b"]",
    b"-",
    b"---",
    b"\n",
    b"\r\n",
    b"\t",
    b";",
    b"=",
    b"$x",
    b"x=$x$x\n",
    b"MAPPED_LIBRARIES:\n",
    b"--- Memory map: ---\n",
    b"400000-500000 r-xp 00100000 08:01 7 /a/b\n",
    b"0-ffffffffffffffff: /c (@1) ab\n",
    b"99999999999999999999",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"0",
    b"00",
    b"1",
    b"same as previous thread",
    b"--- Thread 1f (name: a/1) stack: ---\n",
    b"sampling period=9223372036854775807\n",
    b"(A.java:3)",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
];

/// Damages bytes in a few places: cuts, flips, puts in pieces, repeats and moves parts.
pub(crate) fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(5) {
        let start = random.below(bytes.len() + 1);
        let end = start + random.below(1 + (bytes.len() - start).min(40));
        match random.below(7) {
            0 => bytes.truncate(start),
            1 => {
                bytes.drain(start..end);
            }
            2 => {
                let part = bytes[start..end].to_vec();
                let target = random.below(bytes.len() + 1);
                bytes.splice(target..target, part);
            }
            3 if start < bytes.len() => bytes[start] ^= 1 << random.below(8),
            4 if start < bytes.len() => bytes[start] = random.pick(b"0123456789abcdef @:;[]\n"),
            5 => {
                bytes.splice(start..end, random.pick(&PIECES).iter().copied());
            }
            _ => {
                bytes.splice(start..start, random.pick(&PIECES).iter().copied());
            }
        }
    }
}
