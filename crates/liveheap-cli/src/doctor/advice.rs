//! What to do about what is missing, in a sentence each.
//!
//! Goes in: what is known about a binary. Comes out: one thing to do, the one that works with the
//! least effort.

use super::diagnosis::{BinaryReport, Offer};

/// What Cargo and C compilers have to be told for names and lines.
const BUILD_WITH_LINES: &str = "in Cargo.toml, under [profile.release], set debug = \"line-tables-only\" and strip = \"none\" \
     (for names alone strip = \"debuginfo\"; C and C++: build with -g1 and do not strip)";

/// Folders whose files come from packages.
const SYSTEM_FOLDERS: [&str; 8] =
    ["/bin/", "/lib/", "/lib64/", "/sbin/", "/usr/bin/", "/usr/lib/", "/usr/lib64/", "/usr/sbin/"];

/// How to come by the names and lines that a binary which is here lacks; `is_profiled` when there
/// is a profile of it already.
pub(crate) fn unstripped(offer: &Offer, file: &str, is_profiled: bool) -> String {
    let build_id = &offer.build_id;
    if SYSTEM_FOLDERS.iter().any(|folder| file.starts_with(folder)) {
        let fetch = match build_id.as_str() {
            "" => String::new(),
            build_id => format!(
                ", or run `debuginfod-find debuginfo {build_id}`: what it downloads is found"
            ),
        };
        return format!(
            "install the debug symbols of its package (Debian, Ubuntu: -dbg or -dbgsym; Fedora: \
             debuginfo-install){fetch}"
        );
    }
    if let Some(link) = offer.debug_link.as_ref().filter(|_| offer.debug_file.is_none()) {
        let or_by_build_id = match by_build_id(build_id) {
            Some(path) => format!(", or at {path}"),
            None => String::new(),
        };
        return format!(
            "put its debug file {link} (made when it was built or packaged) beside it{or_by_build_id}"
        );
    }
    if is_profiled && !build_id.is_empty() {
        let name = file.rsplit('/').next().unwrap_or(file);
        return format!(
            "for this profile, put the unstripped {name} with build id {build_id} into a folder that \
             PPROF_BINARY_PATH names; for the next one, {BUILD_WITH_LINES}"
        );
    }
    BUILD_WITH_LINES.to_owned()
}

/// How to come by a binary that is not here.
pub(crate) fn fetch_binary(binary: &BinaryReport, source: &str) -> String {
    let name = binary.file.rsplit('/').next().unwrap_or(&binary.file);
    let which = match binary.build_id.as_str() {
        "" => format!("{name} from where it ran, unstripped,"),
        build_id => format!("the unstripped {name} with build id {build_id}"),
    };
    format!("put {which} into a folder, then PPROF_BINARY_PATH=FOLDER liveheap doctor {source}")
}

/// What makes walking stacks possible.
pub(crate) const WHOLE_STACKS: &str = "build everything with frame pointers and unwind tables: RUSTFLAGS=\"-C force-frame-pointers=yes \
     -C force-unwind-tables=yes\"; C, C++: -fno-omit-frame-pointer -fasynchronous-unwind-tables";

/// What keeps split debug information at hand.
pub(crate) const KEEP_SPLIT: &str = "keep the .dwo files, or pack them (split-debuginfo = \"packed\" in Cargo.toml; `dwp`) and keep \
     the .dwp file beside the binary";

/// What keeps debug information that several binaries share.
pub(crate) const KEEP_COMMON: &str = "install the package with the debug information, or put that file into a folder .dwz of \
     /usr/lib/debug";

/// What gives a binary a build id.
pub(crate) const ADD_BUILD_ID: &str =
    "link with a build id: RUSTFLAGS=\"-C link-arg=-Wl,--build-id\"; C, C++: -Wl,--build-id";

/// Where a debug file lies by build id.
fn by_build_id(build_id: &str) -> Option<String> {
    let (first, rest) = build_id.split_at_checked(2).filter(|(_, rest)| !rest.is_empty())?;
    Some(format!("/usr/lib/debug/.build-id/{first}/{rest}.debug"))
}

/// How to take more samples of memory.
pub(crate) fn finer_rate(period: i64, samples: f64, is_go: bool) -> String {
    // About 1000 samples are good for 3 %.
    let mut rate = period;
    let mut expected = samples;
    while expected < 1000.0 && rate > 2048 {
        rate /= 2;
        expected *= 2.0;
    }
    match is_go {
        true => format!("set runtime.MemProfileRate = {rate} first in main (it is {period})"),
        false => format!(
            "run with LIVEHEAP_SAMPLE_RATE={rate} (it was {period}; jemalloc: lg_prof_sample:{})",
            rate.max(1).ilog2()
        ),
    }
}

/// What to do about a remark of the crate `liveheap`, and how bad it is; `None` for others.
pub(crate) fn on_comment(comment: &str, period: i64) -> Option<(f64, String)> {
    let remark = comment.strip_prefix("liveheap: ")?;
    let coarser = || {
        let rate = period.max(1).saturating_mul(4);
        format!(
            "run with LIVEHEAP_SAMPLE_RATE={rate} (it was {period}): fewer objects are recorded"
        )
    };
    let known: [(&str, f64, String); 9] = [
        (
            "nothing is sampled",
            1.0,
            "write `#[global_allocator] static HEAP: liveheap::Heap = liveheap::Heap::system();` \
             in the program's main.rs"
                .to_owned(),
        ),
        (
            "sampling is off",
            1.0,
            "run with LIVEHEAP_SAMPLE_RATE=524288, or do not set it".to_owned(),
        ),
        ("the table of live objects was full", 0.8, coarser()),
        (
            "the allocator had no room",
            0.7,
            "give the program more memory, or take the profile earlier".to_owned(),
        ),
        ("the table of stacks was full", 0.6, coarser()),
        (
            "the thread's stack was not found",
            0.6,
            "let the program read /proc/self/maps: a sandbox may forbid it".to_owned(),
        ),
        (
            "their stack was too deep",
            0.3,
            "read these stacks from the leaf (top, peek): their first 128 frames are there"
                .to_owned(),
        ),
        ("code without unwind tables", 0.4, WHOLE_STACKS.to_owned()),
        (
            "variables were ignored",
            0.3,
            "give the LIVEHEAP_* variables plain numbers, such as 524288".to_owned(),
        ),
    ];
    known
        .into_iter()
        .find(|(text, ..)| remark.contains(text))
        .map(|(_, weight, text)| (weight, text))
}
