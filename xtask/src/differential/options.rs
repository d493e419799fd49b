//! Random legal command lines.

use super::random::Random;
use std::path::Path;

const REPORTS: &[&str] = &[
    "-top",
    "-top",
    "-text",
    "-tree",
    "-tree",
    "-peek=a",
    "-peek=.",
    "-traces",
    "-tags",
    "-raw",
    "-dot",
    "-dot",
    "-callgrind",
    "-comments",
    "-list=.",
    "-list=main",
    "-topproto",
    "-proto",
];
const GRANULARITIES: &[&str] = &["-functions", "-filefunctions", "-files", "-lines", "-addresses"];
const REGEXPS: &[&str] = &[
    "main",
    "alloc",
    "std::",
    "^a$",
    "[bc]",
    "Pool|Cache",
    "runtime\\.",
    "store",
    "app",
    "nothing",
];

/// The arguments behind `pprof`.
pub(super) fn choose(random: &mut Random, profile: &Path, base: &Path) -> Vec<String> {
    let mut arguments = Vec::new();
    let report = random.pick(REPORTS);
    arguments.push(report.to_owned());
    arguments.push(String::from(if random.one_in(4) {
        "-symbolize=force"
    } else {
        "-symbolize=none"
    }));
    if random.one_in(2) {
        arguments.push((random.pick(GRANULARITIES)).to_owned());
    }
    if random.one_in(3) {
        arguments.push(format!("-sample_index={}", random.below(2)));
    }
    for flag in [
        "-cum",
        "-noinlines",
        "-showcolumns",
        "-trim=false",
        "-relative_percentages",
        "-drop_negative",
        "-compact_labels",
        "-mean",
        "-call_tree",
    ] {
        if random.one_in(7) {
            arguments.push(flag.to_owned());
        }
    }
    for (flag, values) in [
        ("unit", &["auto", "kb", "MB", "ms", "seconds", "bytes", "count", "fortnights"][..]),
        ("nodecount", &["0", "1", "3", "5", "10"]),
        ("nodefraction", &["0", "0.1", "0.02", "0.5"]),
        ("edgefraction", &["0", "0.1", "0.3"]),
        ("divide_by", &["2", "0.5", "1000", "3"]),
        ("tagfocus", &["main", "thread=main", "bytes=64", "latency=1ms:3s", "16b:1mb", "key=v"]),
        ("tagignore", &["worker", "request=100:", "thread=io", "bytes=:4kb"]),
        ("tagshow", &["thread", "bytes", "e"]),
        ("taghide", &["key", "request"]),
        ("tagroot", &["thread", "key,bytes"]),
        ("tagleaf", &["bytes", "latency,thread"]),
    ] {
        if random.one_in(9) {
            arguments.push(format!("-{flag}={}", random.pick(values)));
        }
    }
    for flag in ["focus", "ignore", "hide", "show", "show_from", "prune_from"] {
        if random.one_in(9) {
            arguments.push(format!("-{flag}={}", random.pick(REGEXPS)));
        }
    }
    match random.below(10) {
        0 => arguments.push(format!("-base={}", base.display())),
        1 => arguments.push(format!("-diff_base={}", base.display())),
        2 => {
            arguments.extend([format!("-diff_base={}", base.display()), String::from("-normalize")])
        }
        3 => arguments.push(base.display().to_string()),
        _ => {}
    }
    arguments.push(profile.display().to_string());
    arguments
}
