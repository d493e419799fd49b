//! Random profiles: labels, inlined frames, negative values, several mappings, missing symbols, odd
//! names, zero and large values.

use super::random::Random;
use liveheap_profile::{Frame, LabelValue, LocationIndex, Mapping, Profile, ProfileBuilder};

const NAMES: &[&str] = &[
    "main",
    "main.main",
    "main.(*Server).Serve.func1",
    "runtime.mallocgc",
    "github.com/org/repo/v2/pkg.(*Type[go.shape.int]).Method",
    "std::vector<int, std::allocator<int> >::push_back(int const&)",
    "(anonymous namespace)::Cache::Insert(char const*)",
    "operator new(unsigned long)",
    "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
    "app::store::Pool<app::model::Item>::put::{{closure}}",
    "core::ops::function::FnOnce::call_once",
    "com.example.service.Handler.handle(Request, Response)",
    "java.util.HashMap$Node.<init>",
    "name with spaces",
    "quote\"and\\backslash",
    "überfluß",
    "日本語",
    "_start",
    "a",
    "b",
    "c",
    "very::long::path::of::modules::that::goes::on::and::on::until::the::very::end::of::it::all",
];
const FILES: &[&str] = &[
    "",
    "main.go",
    "/src/app/store.rs",
    "/src/app/../lib/pool.rs",
    "./relative/file.cc",
    "C:\\windows\\file.c",
    "/usr/local/go/src/runtime/malloc.go",
];
const UNITS: &[(&str, &str)] = &[
    ("objects", "count"),
    ("space", "bytes"),
    ("inuse_space", "bytes"),
    ("alloc_objects", "count"),
    ("cpu", "nanoseconds"),
    ("delay", "microseconds"),
    ("memory", "kilobytes"),
    ("cycles", "cycles"),
    ("energy", "gcu"),
];

/// Makes a profile.
pub(super) fn make(random: &mut Random) -> Profile {
    let first = random.below(UNITS.len());
    let types: Vec<_> =
        (0..1 + random.below(4)).map(|n| UNITS[(first + n) % UNITS.len()]).collect();
    let mut builder = ProfileBuilder::new(&types);
    header(random, &mut builder, &types);

    let locations = locations(random, &mut builder);
    let scale = random.pick(&[1_i64, 10, 1000, 1 << 20, 1 << 33]);
    let negative = random.one_in(4);
    for _ in 0..random.below(40) {
        let depth = random.below(9);
        let stack: Vec<LocationIndex> = (0..depth).map(|_| random.pick(&locations)).collect();
        let values: Vec<i64> = types.iter().map(|_| value(random, scale, negative)).collect();
        let labels = labels(random);
        let labels: Vec<_> = labels.iter().map(|(key, value)| (*key, *value)).collect();
        builder.sample(&stack, &values, &labels);
    }
    builder.finish()
}

fn header(random: &mut Random, builder: &mut ProfileBuilder, types: &[(&str, &str)]) {
    if !random.one_in(3) {
        builder.set_time(1_700_000_000_123_456_789, 0);
    }
    if random.one_in(3) {
        builder.set_time(
            1_700_000_000_000_000_000,
            random.pick(&[1, 12_345_678_901, 3_600_000_000_000]),
        );
    }
    if random.one_in(2) {
        builder.set_period("space", "bytes", 524_288);
    }
    if random.one_in(3) {
        let kind = random.pick(types).0;
        builder.set_default_sample_type(kind);
    }
    if random.one_in(5) {
        builder.comment("a comment");
        builder.comment("#a hidden comment");
    }
    if random.one_in(8) {
        builder.set_drop_frames("runtime\\..*|_start", "runtime\\.panic");
    }
    if random.one_in(8) {
        builder.set_doc_url("https://example.org/profile");
    }
}

fn locations(random: &mut Random, builder: &mut ProfileBuilder) -> Vec<LocationIndex> {
    let mappings: Vec<_> = (0..random.below(4))
        .map(|n| {
            let file = random.pick(&["/bin/app", "/lib/libc.so.6", "[vdso]", "", "/srv/other app"]);
            let file = builder.string(file);
            let build_id = random.pick(&["", "abcdef0123456789"]);
            let build_id = builder.string(build_id);
            let start = 0x40_0000 + 0x1000_0000 * n as u64;
            let has_functions = !random.one_in(3);
            builder.mapping(Mapping {
                start,
                limit: start + 0x10_0000,
                offset: if random.one_in(2) { 0 } else { 0x2000 },
                file,
                build_id,
                has_functions,
                has_filenames: has_functions,
                has_line_numbers: has_functions,
                has_inline_frames: random.one_in(2),
                ..Mapping::default()
            })
        })
        .collect();
    let with_start_lines = random.one_in(2);
    let functions: Vec<_> = (0..1 + random.below(16))
        .map(|_| {
            let name = random.pick(NAMES);
            let start = if with_start_lines { 1 + random.next().cast_signed() % 50 } else { 0 };
            builder.function(name, name, random.pick(FILES), start.abs())
        })
        .collect();
    let with_columns = random.one_in(4);
    (0..1 + random.below(24))
        .map(|n| {
            let mapping =
                (!mappings.is_empty() && !random.one_in(6)).then(|| random.pick(&mappings));
            let lines = if random.one_in(6) { 0 } else { 1 + random.below(3) };
            let frames: Vec<Frame> = (0..lines)
                .map(|_| Frame {
                    function: random.pick(&functions),
                    line: small(random, 90),
                    column: if with_columns { small(random, 20) } else { 0 },
                })
                .collect();
            let address = if random.one_in(8) { 0 } else { 0x40_0010 + 0x10 * n as u64 };
            builder.location(address, mapping, &frames)
        })
        .collect()
}

fn small(random: &mut Random, limit: usize) -> i64 {
    i64::try_from(random.below(limit)).unwrap_or(0)
}

fn value(random: &mut Random, scale: i64, negative: bool) -> i64 {
    let magnitude = match random.below(8) {
        0 => 0,
        1 => 1,
        2 => scale,
        _ => small(random, 1000) * scale / 7,
    };
    if negative && random.one_in(3) { -magnitude } else { magnitude }
}

fn labels(random: &mut Random) -> Vec<(&'static str, LabelValue<'static>)> {
    if !random.one_in(3) {
        return Vec::new();
    }
    (0..1 + random.below(3))
        .map(|_| match random.below(5) {
            0 => ("thread", LabelValue::Text(random.pick(&["main", "worker", "io:1"]))),
            1 => ("key", LabelValue::Text(random.pick(&["value", "other value", ""]))),
            2 => ("request", LabelValue::Number(small(random, 5000), "")),
            3 => ("latency", LabelValue::Number(small(random, 5000), "ms")),
            _ => ("bytes", LabelValue::Number(random.pick(&[16, 64, 4096, 1 << 20]), "bytes")),
        })
        .collect()
}
