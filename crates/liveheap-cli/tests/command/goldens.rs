//! Every report with every main option, through the door that prints what pprof prints.
//!
//! A file of `goldens/` is one report: first without options, then once for each command line.
//! `UPDATE_EXPECT=1` writes them anew. Each was compared with the real pprof when it was made, so a
//! change that this test finds is one against pprof, except where that leaves the order of rows to
//! chance.

use crate::program::Place;
use expect_test::expect_file;
use liveheap_profile::{Frame, LabelValue, LocationIndex, Mapping, ProfileBuilder, encode_gzip};
use std::fmt::Write;

/// Options that change which samples and frames are seen.
const FILTERS: &[&str] = &[
    "-focus=serve",
    "-focus=serve -relative_percentages",
    "-ignore=put|insert",
    "-hide=grow|serve",
    "-show=store",
    "-show_from=serve",
    "-prune_from=put",
    "-noinlines",
    "-tagfocus=upload",
    "-tagfocus=bytes=100kb:",
    "-tagignore=request=upload",
];

/// Options that change which values are seen, and how they are written.
const VALUES: &[&str] = &[
    "-sample_index=alloc_objects",
    "-alloc_space",
    "-inuse_objects",
    "-mean",
    "-unit=kB",
    "-unit=auto",
    "-divide_by=2",
    "-base=base.pb.gz",
    "-base=base.pb.gz -drop_negative",
    "-diff_base=base.pb.gz",
    "-normalize -base=base.pb.gz",
];

/// Options that change what a row stands for.
const ROWS: &[&str] = &["-lines", "-lines -showcolumns", "-files", "-filefunctions", "-addresses"];

/// Options that change which rows are shown.
const LIMITS: &[&str] = &[
    "-cum",
    "-nodecount=3",
    "-nodecount=3 -cum",
    "-nodefraction=0.1",
    "-nodefraction=0.1 -trim=false",
    "-tagroot=request",
    "-tagleaf=request,bytes",
    "-compact_labels",
];

#[test]
fn top() {
    check("top", "-top", &[FILTERS, VALUES, ROWS, LIMITS]);
}

#[test]
fn tree() {
    check(
        "tree",
        "-tree",
        &[&FILTERS[..7], &VALUES[7..], &ROWS[..1], &LIMITS[..7], &["-edgefraction=0.3"]],
    );
}

#[test]
fn peek() {
    check("peek", "-peek=put|walk", &[&FILTERS[..5], &VALUES[6..], ROWS, &["-cum"]]);
}

#[test]
fn list() {
    check("list", "-list=put|walk", &[FILTERS, VALUES]);
}

#[test]
fn traces() {
    let tags = ["-tagshow=request", "-taghide=request"];
    check("traces", "-traces", &[FILTERS, &VALUES[3..8], &["-lines", "-addresses"], &tags]);
}

#[test]
fn tags() {
    let tags = ["-tagshow=request", "-taghide=request"];
    check("tags", "-tags", &[FILTERS, VALUES, &tags]);
}

#[test]
fn raw() {
    check("raw", "-raw", &[FILTERS, &["-base=base.pb.gz", "-tagroot=request"]]);
}

#[test]
fn dot() {
    let trees = ["-call_tree", "-edgefraction=0.3", "-nodecount=3", "-lines", "-taghide=request"];
    check("dot", "-dot", &[&FILTERS[..3], &["-alloc_space", "-base=base.pb.gz"], &trees]);
}

#[test]
fn callgrind() {
    check("callgrind", "-callgrind", &[&FILTERS[..3], &VALUES[1..2], &["-call_tree"]]);
}

#[test]
fn comments() {
    check("comments", "-comments", &[&["-add_comment=later"]]);
}

/// Runs a report without options and with each of them. Where an option changes nothing, that is
/// all the file says.
fn check(name: &str, report: &str, options: &[&[&str]]) {
    let place = Place::new();
    place.write("store.pb.gz", &store_profile(4, 256));
    place.write("base.pb.gz", &store_profile(1, 512));
    place.write("store.rs", source().as_bytes());
    let run = |option: &str| {
        let mut arguments = vec!["pprof", report];
        arguments.extend(option.split_whitespace());
        arguments.push("store.pb.gz");
        let said = place.run(&arguments);
        match said.status {
            Some(0) => said.out,
            // A report of nothing is refused.
            _ => format!("{}\n", said.err.lines().last().unwrap_or_default()),
        }
    };
    let plain = run("");
    let mut text = format!("$ pprof {report} store.pb.gz\n{plain}");
    for option in options.iter().copied().flatten() {
        let output = run(option);
        let shown = if output == plain { "(the same)\n" } else { &output };
        let _ = write!(text, "\n$ pprof {report} {option} store.pb.gz\n{shown}");
    }
    expect_file![format!("goldens/{name}.txt")].assert_eq(&text);
}

/// Twenty numbered lines.
fn source() -> String {
    (1..=20).fold(String::new(), |text, number| text + &format!("// line {number}\n"))
}

/// The heap of a store: one leak, one loader that calls itself, names of three languages, inlined
/// frames, labels, and a library without names. The leak holds `leaked` MiB, the loader `loaded`
/// KiB.
fn store_profile(leaked: i64, loaded: i64) -> Vec<u8> {
    let mut store = Store::new();
    let serve = store.location(0x1100, &[("store::serve", 3)]);
    let main = store.location(0x1080, &[("main", 1)]);
    let put = store.location(0x1200, &[("store::Pool<T>::grow", 8), ("store::Pool<T>::put", 6)]);
    let log = store.location(0x1300, &[("store::log", 10)]);
    let walk = store.location(0x1400, &[("store::walk", 12)]);
    let again = store.location(0x1440, &[("store::walk", 13)]);
    let insert = store.location(0x1500, &[("example.com/store/v2.(*Index).insert", 15)]);
    let cache = store.location(0x1600, &[("(anonymous namespace)::Cache::Fill<int>(int)", 17)]);
    let library = store.builder.location(0x8100, Some(store.library), &[]);
    let text = |request| Some(("request", LabelValue::Text(request)));
    let size = |size| ("bytes", LabelValue::Number(size, "bytes"));
    // Objects and KiB that were allocated, then those that are alive.
    store.sample(
        &[put, serve, main],
        [8, 8192, leaked, leaked * 1024],
        text("upload"),
        size(1 << 20),
    );
    store.sample(&[log, serve, main], [40, 2048, 2, 1024], text("download"), size(512 << 10));
    store.sample(&[insert, again, walk, main], [16, 768, 8, loaded], None, size(32 << 10));
    store.sample(&[insert, walk, main], [4, 128, 4, 128], None, size(32 << 10));
    store.sample(&[log, main], [100, 6400, 0, 0], None, size(64 << 10));
    store.sample(&[cache, serve, main], [1, 192, 1, 192], text("download"), size(192 << 10));
    store.sample(&[library, main], [1, 64, 1, 64], None, size(64 << 10));
    encode_gzip(&store.builder.finish()).unwrap()
}

/// A profile in the making.
struct Store {
    builder: ProfileBuilder,
    binary: liveheap_profile::MappingIndex,
    library: liveheap_profile::MappingIndex,
}

impl Store {
    fn new() -> Self {
        let mut builder = ProfileBuilder::new(&[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ]);
        builder.set_period("space", "bytes", 512 << 10);
        builder.set_time(1_700_000_000_000_000_000, 0);
        builder.comment("made by a test");
        let mapping = |builder: &mut ProfileBuilder, start, file, build_id, named| {
            let (file, build_id) = (builder.string(file), builder.string(build_id));
            builder.mapping(Mapping {
                start,
                limit: start + 0x4000,
                file,
                build_id,
                has_functions: named,
                has_filenames: named,
                has_line_numbers: named,
                has_inline_frames: named,
                ..Mapping::default()
            })
        };
        let binary = mapping(&mut builder, 0x1000, "/srv/bin/store", "0123abcd", true);
        let library = mapping(&mut builder, 0x8000, "/srv/lib/libplain.so", "", false);
        Self { builder, binary, library }
    }

    /// A location with these functions and lines, the innermost first.
    fn location(&mut self, address: u64, frames: &[(&str, i64)]) -> LocationIndex {
        let frames: Vec<Frame> = frames
            .iter()
            .map(|&(name, line)| {
                let file = if name.contains("log") { "log.rs" } else { "store.rs" };
                let function = self.builder.function(name, name, file, line - line % 2);
                Frame { function, line, column: 5 }
            })
            .collect();
        self.builder.location(address, Some(self.binary), &frames)
    }

    fn sample(
        &mut self,
        stack: &[LocationIndex],
        [all, all_size, alive, alive_size]: [i64; 4],
        request: Option<(&str, LabelValue<'_>)>,
        size: (&str, LabelValue<'_>),
    ) {
        let values = [all, all_size << 10, alive, alive_size << 10];
        let labels: Vec<_> = request.into_iter().chain([size]).collect();
        self.builder.sample(stack, &values, &labels);
    }
}
