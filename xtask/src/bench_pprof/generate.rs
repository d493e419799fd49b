//! Large profiles, the same ones each time.
//!
//! Stacks come from a random call graph in which each function has a few callees, so that stacks
//! share their roots as real ones do.

use crate::differential::Random;
use liveheap_profile::{Frame, LabelValue, LocationIndex, Mapping, Profile, ProfileBuilder};

/// The shapes of profile that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// About a kilobyte: what a person looks at all day.
    Small,
    /// 20 000 samples.
    Medium,
    /// 500 000 samples of depth 30 over 40 000 functions.
    Large,
    /// 2 000 000 samples of depth 8.
    Wide,
    /// 5 000 samples, most of them in a recursion of depth 500.
    Deep,
    /// 200 000 samples with six labels each.
    Labels,
    /// 200 snapshots of one process, 5 000 samples each, whose values grow.
    Snapshots,
}

impl Shape {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [
        Self::Small,
        Self::Medium,
        Self::Large,
        Self::Wide,
        Self::Deep,
        Self::Labels,
        Self::Snapshots,
    ];

    /// How many files are made of the shape: of the large one a later snapshot, too.
    pub(super) fn files(self) -> u64 {
        match self {
            Self::Snapshots => 200,
            Self::Large => 2,
            _ => 1,
        }
    }

    /// How many of them a report reads where it is not about their difference.
    pub(super) fn sources(self) -> usize {
        if self == Self::Snapshots { 200 } else { 1 }
    }

    /// Samples, functions, mean depth.
    fn size(self) -> (usize, usize, usize) {
        match self {
            Self::Small => (12, 8, 6),
            Self::Medium => (20_000, 4_000, 30),
            Self::Large => (500_000, 40_000, 30),
            Self::Wide => (2_000_000, 40_000, 8),
            Self::Deep => (5_000, 500, 500),
            Self::Labels => (200_000, 4_000, 15),
            Self::Snapshots => (5_000, 2_000, 25),
        }
    }
}

/// Lines of each function that stand in stacks.
const LINES: usize = 3;
const SIZES: [i64; 7] = [16, 32, 64, 128, 512, 4096, 65_536];
const ROUTES: [&str; 4] = ["/test", "/search", "/cart", "/health"];

/// Makes file `number` of a shape.
pub(super) fn make(shape: Shape, number: u64) -> Profile {
    let (samples, functions, depth) = shape.size();
    let mut builder = ProfileBuilder::new(&[
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ]);
    builder.set_period("space", "bytes", 524_288);
    builder.set_default_sample_type("inuse_space");
    let time = 1_790_000_000 + i64::try_from(number).unwrap_or(0);
    builder.set_time(time * 1_000_000_000, 0);
    let mut random = Random::new(17);
    let locations = locations(&mut builder, functions);
    let callees: Vec<Vec<usize>> = (0..functions)
        .map(|_| (0..1 + random.below(4)).map(|_| random.below(functions)).collect())
        .collect();
    let mut stack: Vec<LocationIndex> = Vec::new();
    for sample in 0..samples {
        stack.clear();
        let mut function = random.below(16.min(functions));
        for _ in 0..depth / 2 + random.below(depth) {
            stack.push(locations[function * LINES + random.below(LINES)]);
            let recurse = shape == Shape::Deep && !random.one_in(50);
            if !recurse {
                function = callees[function][random.below(callees[function].len())];
            }
        }
        stack.reverse();
        let size = random.pick(&SIZES);
        let count = 1 + i64::try_from(random.below(2000)).unwrap_or(0);
        let live = count * i64::try_from(number + 1).unwrap_or(1) / 3;
        let values = [count * 400, count * 400 * size, live, live * size];
        let mut labels = vec![("bytes", LabelValue::Number(size, "bytes"))];
        if shape == Shape::Labels {
            let number = i64::try_from(sample % 1000).unwrap_or(0);
            labels.extend([
                ("route", LabelValue::Text(random.pick(&ROUTES))),
                ("thread", LabelValue::Text(random.pick(&["main", "worker", "io"]))),
                ("request", LabelValue::Number(number, "")),
                ("age", LabelValue::Number(number * 7, "seconds")),
                ("tenant", LabelValue::Text(random.pick(&["one", "two", "three"]))),
            ]);
        }
        builder.sample(&stack, &values, &labels);
    }
    builder.finish()
}

fn locations(builder: &mut ProfileBuilder, functions: usize) -> Vec<LocationIndex> {
    let file = builder.string("/srv/app");
    let mapping = builder.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x4000_0000,
        file,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Mapping::default()
    });
    let mut locations = Vec::with_capacity(functions * LINES);
    for number in 0..functions {
        let module = number % 97;
        let name = format!("app::module_{module}::Type<app::model::Item>::function_{number}");
        let file = format!("/src/app/module_{module}.rs");
        let start = 1 + i64::try_from(number % 3000).unwrap_or(0);
        let function = builder.function(&name, &name, &file, start);
        for line in 0..LINES {
            let address = 0x40_0000 + 16 * (number * LINES + line) as u64;
            let frame = Frame { function, line: start + 7 * line.cast_signed() as i64, column: 0 };
            locations.push(builder.location(address, Some(mapping), &[frame]));
        }
    }
    locations
}
