//! The same report through both doors, and where its bytes go.

use crate::program::{Place, sized_profile};
use expect_test::expect;
use liveheap_profile::{Frame, ProfileBuilder, decode, encode_gzip};
use std::process::Stdio;

#[test]
fn both_doors_lead_to_the_same_report() {
    let place = Place::with_profile();
    let own = place.run(&["top", "small.pb.gz", "--cum", "-n", "2"]).fine();
    expect![[r#"
        File: server
        Type: inuse_space
        Showing nodes accounting for 900kB, 90.00% of 1000kB total
        Showing top 2 nodes out of 3
              flat  flat%   sum%        cum   cum%
                 0     0%     0%     1000kB   100%  main
             900kB 90.00% 90.00%      900kB 90.00%  leak
    "#]]
    .assert_eq(&own);
    let other = place.run(&["pprof", "-top", "-cum", "-nodecount", "2", "small.pb.gz"]).fine();
    assert_eq!(own, other);
}

#[test]
fn our_own_top_shows_ten_rows_unless_told_otherwise() {
    let place = Place::new();
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    for number in 1..=12 {
        let name = format!("row{number}");
        let function = builder.function(&name, &name, "f.c", 1);
        let location = builder.location(number, None, &[Frame { function, line: 1, column: 0 }]);
        builder.sample(&[location], &[1024], &[]);
    }
    place.write("twelve.pb.gz", &encode_gzip(&builder.finish()).unwrap());
    let rows = |arguments: &[&str]| place.run(arguments).fine().matches("  row").count();
    assert_eq!(rows(&["top", "twelve.pb.gz"]), 10);
    assert_eq!(rows(&["top", "-n0", "twelve.pb.gz"]), 12);
    assert_eq!(rows(&["pprof", "-top", "twelve.pb.gz"]), 12);
    assert_eq!(place.run(&["top", "--csv", "twelve.pb.gz"]).fine().lines().count(), 13);
}

#[test]
fn a_program_named_pprof_is_the_other_door() {
    let place = Place::with_profile();
    let link = place.path().join("pprof");
    std::fs::copy(env!("CARGO_BIN_EXE_liveheap"), &link).unwrap();
    let output = std::process::Command::new(&link)
        .args(["-top", "small.pb.gz"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("900kB 90.00%"));
}

#[test]
fn reports_are_written_for_machines_too() {
    let place = Place::with_profile();
    let json = place.run(&["top", "--json", "small.pb.gz"]).fine();
    assert!(json.starts_with(r#"{"schema":"liveheap-report/1","report":"top""#), "{json}");
    assert!(json.contains(r#""name":"leak","inlining":"none","flat":921600"#), "{json}");
    assert_eq!(json, place.run(&["pprof", "-top", "-json", "small.pb.gz"]).fine());
    let csv = place.run(&["top", "--csv", "small.pb.gz"]).fine();
    assert!(csv.starts_with("name,inlining,flat,cum,total,unit\r\nleak,none,921600,"), "{csv}");
    place
        .run(&["svg", "--csv", "small.pb.gz"])
        .refused("liveheap: svg is not a table: -csv is for top, tree, peek and tags");
    place
        .run(&["top", "--csv", "--json", "small.pb.gz"])
        .refused("liveheap: -json and -csv flags cannot both be specified");
}

#[test]
fn the_base_is_subtracted() {
    let place = Place::new();
    place.write("old.pb.gz", &sized_profile(100, 100));
    place.write("new.pb.gz", &sized_profile(400, 100));
    let out = place.run(&["top", "--base=old.pb.gz", "new.pb.gz"]).fine();
    assert!(out.contains("300kB   100%   100%      300kB   100%  leak"), "{out}");
    let out = place.run(&["top", "--diff-base=old.pb.gz", "new.pb.gz"]).fine();
    assert!(out.contains("300kB 150.00%"), "{out}");
}

#[test]
fn several_sources_are_added_up() {
    let place = Place::with_profile();
    let out = place.run(&["top", "small.pb.gz", "small.pb.gz", "small.pb.gz"]).fine();
    assert!(out.contains("of 3000kB total"), "{out}");
}

#[test]
fn a_profile_may_come_through_a_pipe() {
    let place = Place::with_profile();
    let output = place
        .command(&["top", "-"])
        .stdin(std::fs::File::open(place.path().join("small.pb.gz")).unwrap())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("900kB 90.00%"));
}

#[test]
fn a_report_goes_to_the_file_that_is_named() {
    let place = Place::with_profile();
    let said = place.run(&["top", "-o", "report.txt", "small.pb.gz"]);
    assert_eq!(said.err, "Generating report in report.txt\n");
    assert_eq!(said.fine(), "");
    assert!(String::from_utf8(place.read("report.txt")).unwrap().contains("900kB 90.00%"));
}

#[test]
fn a_profile_written_is_a_profile_read() {
    let place = Place::with_profile();
    place.run(&["proto", "-o", "again.pb.gz", "small.pb.gz", "--add-comment=hello"]).fine();
    let profile = decode(&place.read("again.pb.gz"), &Default::default()).unwrap();
    assert_eq!(profile.text(profile.comments[0]), "hello");
    assert_eq!(profile.samples.len(), 2);
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    let place = Place::with_profile();
    let mut child = place
        .command(&["raw", "small.pb.gz"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let place = Place::new();
    assert!(place.run(&["--version"]).fine().starts_with("liveheap 0."));
    assert!(place.run(&["--help"]).fine().contains("liveheap COMMAND [--options] SOURCE..."));
    assert!(place.run(&["help", "list"]).fine().starts_with("Output annotated source"));
    assert_eq!(place.run(&["list", "--help"]).fine(), place.run(&["help", "list"]).fine());
    assert!(place.run(&["help", "base"]).fine().contains("--base=SOURCE"));
    assert!(place.run(&["help", "man"]).fine().starts_with(".TH LIVEHEAP 1"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&["help", "completions", shell]).fine().contains("liveheap"));
    }
    place.run(&["help", "completions"]).refused(
        "liveheap: write `liveheap help completions SHELL`, where SHELL is bash or zsh or fish",
    );
    place
        .run(&["help", "nosuch"])
        .refused("liveheap: no help on nosuch: `liveheap help` lists everything");
    let said = place.run(&["pprof", "-h"]);
    assert!(said.err.starts_with("usage:\n"));
    assert_eq!(said.fine(), "");
}

#[test]
fn a_viewer_gets_a_file_that_is_deleted_when_it_is_done() {
    let place = Place::with_profile();
    let output = place
        .command(&["web", "small.pb.gz"])
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("BROWSER", "cp -v --target-directory=saved")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.read("saved/pprof001.svg").is_empty());
    assert!(!place.path().join("pprof001.svg").exists());
}

#[test]
fn reports_of_our_own_are_behind_our_own_door() {
    let place = Place::with_profile();
    let out = place.run(&["folded", "small.pb.gz"]).fine();
    assert_eq!(out, "main;leak 921600\nmain;steady 102400\n");
    let said = place.run(&["pprof", "-folded", "small.pb.gz"]);
    assert!(said.err.starts_with("flag provided but not defined: -folded"), "{}", said.err);
    let said = place.run_with(&["pprof", "small.pb.gz"], "folded\n");
    assert!(said.err.ends_with("unrecognized command: \"folded\"\n"), "{}", said.err);
}

#[test]
fn sources_are_found_below_the_current_folder() {
    let place = Place::with_profile();
    let text: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    place.write("server.rs", text.as_bytes());
    let out = place.run(&["list", "^leak$", "small.pb.gz"]).fine();
    assert!(out.contains("900kB      900kB     10:line 10\n"), "{out}");
}

/// `main` calls `<Vec as Clone>::clone`, in all its letters, and that holds 1 kB.
fn rust_profile() -> Vec<u8> {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    let name = "<alloc::vec::Vec<T,A> as core::clone::Clone>::clone";
    let clone = builder.function(name, "_RNvXclone", "vec.rs", 1);
    let main = builder.function("main", "main", "main.rs", 1);
    let mut location = |address, function| {
        builder.location(address, None, &[Frame { function, line: 1, column: 0 }])
    };
    let stack = [location(0x20, clone), location(0x10, main)];
    builder.sample(&stack, &[1024], &[]);
    encode_gzip(&builder.finish()).unwrap()
}

#[test]
fn our_own_verbs_show_short_names_of_rust_unless_told_otherwise() {
    let place = Place::new();
    place.write("rust.pb.gz", &rust_profile());
    let folded = |option: &str| place.run(&["folded", option, "rust.pb.gz"]).fine();
    let full = "main;<alloc::vec::Vec<T,A> as core::clone::Clone>::clone 1024\n";
    assert_eq!(folded("--names=short"), "main;<Vec as Clone>::clone 1024\n");
    assert_eq!(folded("--no-trim"), folded("--names=short"));
    assert_eq!(folded("--names=full"), full);
    assert_eq!(folded("--names=raw"), "main;_RNvXclone 1024\n");
    place
        .run(&["top", "--names=long", "rust.pb.gz"])
        .refused("liveheap: --names: \"long\" is not one of short, full, raw");
}

#[test]
fn expressions_are_compared_with_the_names_that_are_shown() {
    let place = Place::new();
    place.write("rust.pb.gz", &rust_profile());
    let out = place.run(&["folded", "--focus=<Vec as Clone>", "rust.pb.gz"]).fine();
    assert_eq!(out, "main;<Vec as Clone>::clone 1024\n");
}

#[test]
fn who_looks_for_what_short_names_lack_is_told_so() {
    let place = Place::new();
    place.write("rust.pb.gz", &rust_profile());
    let hint = "names are compared as they are shown; --names=full (names=full in the shell) has \
                all modules\n";
    let said = |options: &[&str]| place.run(&[&["peek"], options, &["rust.pb.gz"]].concat()).err;
    assert!(said(&["alloc::vec::Vec"]).contains(hint));
    assert!(!said(&["nosuch"]).contains(hint));
    assert!(!said(&["alloc::vec::Vec", "--names=full"]).contains(hint));
}

#[test]
fn the_other_door_and_profiles_keep_full_names() {
    let place = Place::new();
    place.write("rust.pb.gz", &rust_profile());
    let full = "<alloc::vec::Vec<T,A> as core::clone::Clone>::clone";
    assert!(place.run(&["pprof", "-top", "rust.pb.gz"]).fine().contains(full));
    assert!(place.run(&["raw", "rust.pb.gz"]).fine().contains(full));
    place.run(&["proto", "-o", "again.pb.gz", "rust.pb.gz"]).fine();
    assert!(place.run(&["top", "--names=full", "again.pb.gz"]).fine().contains(full));
    let said = place.run(&["pprof", "-top", "-names=short", "rust.pb.gz"]);
    assert!(said.err.starts_with("flag provided but not defined: -names"), "{}", said.err);
}

#[test]
fn names_can_be_changed_in_the_shell() {
    let place = Place::new();
    place.write("rust.pb.gz", &rust_profile());
    let said = place.run_with(&["rust.pb.gz"], "folded\nnames=raw\nfolded\nnames=no\n");
    assert!(said.err.ends_with("\nnames is one of short, full, raw\n"), "{}", said.err);
    let out = said.fine();
    assert!(out.contains("<Vec as Clone>::clone 1024\n"), "{out}");
    assert!(out.contains("main;_RNvXclone 1024\n"), "{out}");
}
