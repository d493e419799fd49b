//! What `liveheap doctor` says about profiles and binaries in trouble, over a small C program that
//! is built here.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use crate::program::{Place, built_at_fixed_addresses};
use crate::server::{Server, respond};
use expect_test::{Expect, expect};
use liveheap_profile::{Frame, Mapping, ProfileBuilder, encode_gzip};
use std::process::Command;

/// Where the linker puts `leak`, and `main`.
const LEAK: u64 = 0x80_0000;
const MAIN: u64 = 0x90_0000;

const PROGRAM: &str = "\
#include <stdlib.h>
__attribute__((noinline, section(\".leak\"))) void *leak(long size) {
    void *block = malloc(size);
    return block ? block : (void *)1;
}
__attribute__((section(\".first\"))) int main(void) { return leak(1) == 0; }
";

const MIB: i64 = 1 << 20;

/// A folder with `store`, built from `store.c` with debug information and the build id `5c0ffee5`.
/// Nothing, and that is said, where there is no compiler.
fn place() -> Option<Place> {
    built(&[])
}

/// The same with more options for the compiler.
fn built(more: &[&str]) -> Option<Place> {
    let options = ["-Wl,--section-start=.first=0x900000"];
    built_at_fixed_addresses(PROGRAM, &[&options, more].concat())
}

/// Writes `store.pb.gz`: `main` called `leak`, which holds `objects` of 1 MiB. `file` is what the
/// profile calls the binary: no temporary path, after which lines would be broken elsewhere each time.
fn write_profile(place: &Place, file: &str, build_id: &str, objects: i64, comments: &[&str]) {
    let types = [("inuse_objects", "count"), ("inuse_space", "bytes")];
    let mut builder = ProfileBuilder::new(&types);
    builder.set_period("space", "bytes", 1 << 19);
    let (file, build_id) = (builder.string(file), builder.string(build_id));
    let limit = MAIN + 0x1000;
    let mapping = Mapping { start: LEAK, limit, file, build_id, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    let leak = builder.location(LEAK + 8, Some(mapping), &[]);
    let main = builder.location(MAIN + 4, Some(mapping), &[]);
    builder.sample(&[leak, main], &[objects, objects * MIB], &[]);
    comments.iter().for_each(|comment| builder.comment(comment));
    place.write("store.pb.gz", &encode_gzip(&builder.finish()).unwrap());
}

fn strip(place: &Place, what: &str) {
    let status =
        Command::new("strip").args([what, "store"]).current_dir(place.path()).status().unwrap();
    assert!(status.success());
}

/// Compares what the doctor says. How many functions the compiler adds to a program is its own
/// business.
fn check(place: &Place, source: &str, expected: Expect) {
    let said = place.run(&["doctor", source]);
    assert_eq!(said.err, "");
    let text = said.fine().replace(&*place.path().to_string_lossy(), "HERE");
    let words = text.split_inclusive([' ', '\n']).collect::<Vec<_>>();
    let shown = words.iter().enumerate().map(|(position, word)| {
        let is_count = |next: &&&str| matches!(next.trim(), "functions" | "exported" | "in");
        let is_number = word.trim().bytes().all(|byte| byte.is_ascii_digit());
        match words.get(position + 1).filter(is_count) {
            Some(_) if is_number && !word.trim().is_empty() => "N ",
            _ => word,
        }
    });
    expected.assert_eq(&shown.collect::<String>());
}

#[test]
fn a_healthy_profile_is_told_so() {
    let Some(place) = place() else { return };
    write_profile(&place, "store", "5c0ffee5", 1000, &[]);
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
              is often missed

            Nothing is wrong: names, lines and stacks are there.

            Binaries
              store, build id 5c0ffee5
                in 100% of the total; of 2 addresses 0 have no name, 0 no line
                store: taken
                has N functions in .symtab, full debug information
        "#]],
    );
}

#[test]
fn a_stripped_binary_is_the_reason_and_the_build_is_the_cure() {
    let Some(place) = place() else { return };
    write_profile(&place, "store", "5c0ffee5", 1000, &[]);
    strip(&place, "--strip-all");
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
              is often missed

            1. No names for code of store (100% of inuse_space)
               store is stripped: it has neither .symtab nor debug information.
               -> for this profile, put the unstripped store with build id 5c0ffee5 into a folder that
                  PPROF_BINARY_PATH names; for the next one, in Cargo.toml, under [profile.release], set debug =
                  "line-tables-only" and strip = "none" (for names alone strip = "debuginfo"; C and C++: build
                  with -g1 and do not strip)

            Binaries
              store, build id 5c0ffee5
                in 100% of the total; of 2 addresses 2 have no name (100% of all frames), 2 no line (100% of all
                  frames)
                store: taken
                has no symbols, no debug information
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/pprof/binaries/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file /usr/lib/debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/.debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/debuginfo: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/executable: no such file or directory
        "#]],
    );
}

#[test]
fn names_without_lines_are_told_so_and_a_missing_build_id_is_a_doubt() {
    let Some(place) = place() else { return };
    write_profile(&place, "store", "", 1000, &[]);
    strip(&place, "--strip-debug");
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
              is often missed

            1. No lines for code of store (100% of inuse_space)
               store was stripped of its debug information, or built without.
               -> for this profile, put the unstripped store with build id 5c0ffee5 into a folder that
                  PPROF_BINARY_PATH names; for the next one, in Cargo.toml, under [profile.release], set debug =
                  "line-tables-only" and strip = "none" (for names alone strip = "debuginfo"; C and C++: build
                  with -g1 and do not strip)
            2. No one can tell whether store is the build that ran: the profile has no build id for it (100% of
               inuse_space)
               -> compare with the one that ran: the build id here is 5c0ffee5

            Binaries
              store, no build id
                in 100% of the total; of 2 addresses 0 have no name, 2 no line (100% of all frames)
                store: taken
                has N functions in .symtab, no debug information
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/pprof/binaries/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file /usr/lib/debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/.debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/debuginfo: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/executable: no such file or directory
        "#]],
    );
}

#[test]
fn without_a_file_name_the_binary_is_to_be_named() {
    let Some(place) = place() else { return };
    write_profile(&place, "", "", 1000, &[]);
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
        store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
          is often missed

        1. No names for code of a binary that the profile does not name (100% of inuse_space)
           The profile does not say where its binary is.
           -> name the binary before the profile: liveheap doctor BINARY store.pb.gz

        Binaries
          (no file named), no build id
            in 100% of the total; of 2 addresses 2 have no name (100% of all frames), 2 no line (100% of all
              frames)
    "#]],
    );
    let said = place.run(&["doctor", "store", "store.pb.gz"]).fine();
    assert!(!said.contains("No names"), "{said}");
}

#[test]
fn both_build_ids_are_named_when_they_differ() {
    let Some(place) = place() else { return };
    write_profile(&place, "store", "0ddba11", 1000, &[]);
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
              is often missed

            1. No names for code of store (100% of inuse_space)
               The program that ran had build id 0ddba11; store is another build (build id 5c0ffee5).
               -> put the unstripped store with build id 0ddba11 into a folder, then PPROF_BINARY_PATH=FOLDER
                  liveheap doctor store.pb.gz

            Binaries
              store, build id 0ddba11
                in 100% of the total; of 2 addresses 2 have no name (100% of all frames), 2 no line (100% of all
                  frames)
                store: another build (build id 5c0ffee5)
                HERE/pprof/binaries/0ddba11/store: no such file or directory
                HERE/pprof/binaries/store/0ddba11: no such file or directory
                HERE/pprof/binaries/0d/dba11.debug: no such file or directory
                HERE/pprof/binaries/store: no such file or directory
                HERE/pprof/binaries/store: no such file or directory
                HERE/pprof/binaries/store.debug: no such file or directory
                HERE/pprof/binaries/.debug/store.debug: no such file or directory
                HERE/pprof/binaries/usr/lib/debug/store.debug: no such file or directory
                HERE/pprof/binaries/.build-id/0d/dba11.debug: no such file or directory
                HERE/pprof/binaries/.build-id/0d/dba11: no such file or directory
                HERE/pprof/binaries/.build-id/0d/dba11/debug: no such file or directory
                HERE/pprof/binaries/.build-id/0d/dba11/elf: no such file or directory
                HERE/pprof/binaries/0d/dba11.debug: no such file or directory
                /usr/lib/debug/.build-id/0d/dba11.debug: no such file or directory
                /usr/lib/debug/.build-id/0d/dba11: no such file or directory
                /usr/lib/debug/.build-id/0d/dba11/debug: no such file or directory
                /usr/lib/debug/.build-id/0d/dba11/elf: no such file or directory
                /usr/lib/debug/0d/dba11.debug: no such file or directory
                HERE/.debug/.build-id/0d/dba11.debug: no such file or directory
                HERE/.debug/.build-id/0d/dba11: no such file or directory
                HERE/.debug/.build-id/0d/dba11/debug: no such file or directory
                HERE/.debug/.build-id/0d/dba11/elf: no such file or directory
                HERE/.debug/0d/dba11.debug: no such file or directory
                HERE/.cache/debuginfod_client/0ddba11/debuginfo: no such file or directory
                HERE/.cache/debuginfod_client/0ddba11/executable: no such file or directory
        "#]],
    );
}

#[test]
fn a_profile_from_another_machine_says_which_file_to_bring() {
    let place = Place::new();
    write_profile(&place, "/srv/store/bin/store", "5c0ffee5", 1000, &[]);
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1000MB of inuse_space from about 865 samples, good to about ±2%; what is below 1.50MB
              is often missed

            1. No names for code of /srv/store/bin/store, which is not on this machine (100% of inuse_space)
               Looked in 26 places, see below.
               -> put the unstripped store with build id 5c0ffee5 into a folder, then PPROF_BINARY_PATH=FOLDER
                  liveheap doctor store.pb.gz

            Binaries
              /srv/store/bin/store, build id 5c0ffee5
                in 100% of the total; of 2 addresses 2 have no name (100% of all frames), 2 no line (100% of all
                  frames)
                /srv/store/bin/store: no such file or directory
                HERE/pprof/binaries/5c0ffee5/store: no such file or directory
                HERE/pprof/binaries/srv/store/bin/store/5c0ffee5: no such file or directory
                HERE/pprof/binaries/5c/0ffee5.debug: no such file or directory
                HERE/pprof/binaries/store: no such file or directory
                HERE/pprof/binaries/srv/store/bin/store: no such file or directory
                HERE/pprof/binaries/srv/store/bin/store.debug: no such file or directory
                HERE/pprof/binaries/srv/store/bin/.debug/store.debug: no such file or directory
                HERE/pprof/binaries/usr/lib/debug/srv/store/bin/store.debug: no such file or directory
                HERE/pprof/binaries/.build-id/5c/0ffee5.debug: no such file or directory
                HERE/pprof/binaries/.build-id/5c/0ffee5: no such file or directory
                HERE/pprof/binaries/.build-id/5c/0ffee5/debug: no such file or directory
                HERE/pprof/binaries/.build-id/5c/0ffee5/elf: no such file or directory
                HERE/pprof/binaries/5c/0ffee5.debug: no such file or directory
                /usr/lib/debug/.build-id/5c/0ffee5.debug: no such file or directory
                /usr/lib/debug/.build-id/5c/0ffee5: no such file or directory
                /usr/lib/debug/.build-id/5c/0ffee5/debug: no such file or directory
                /usr/lib/debug/.build-id/5c/0ffee5/elf: no such file or directory
                /usr/lib/debug/5c/0ffee5.debug: no such file or directory
                HERE/.debug/.build-id/5c/0ffee5.debug: no such file or directory
                HERE/.debug/.build-id/5c/0ffee5: no such file or directory
                HERE/.debug/.build-id/5c/0ffee5/debug: no such file or directory
                HERE/.debug/.build-id/5c/0ffee5/elf: no such file or directory
                HERE/.debug/5c/0ffee5.debug: no such file or directory
                HERE/.cache/debuginfod_client/5c0ffee5/debuginfo: no such file or directory
                HERE/.cache/debuginfod_client/5c0ffee5/executable: no such file or directory
        "#]],
    );
}

#[test]
fn few_samples_and_the_profilers_own_remarks_are_findings() {
    let Some(place) = place() else { return };
    let comments =
        ["liveheap: 12 samples were lost: the table of live objects was full", "version 1.2.3"];
    write_profile(&place, "store", "5c0ffee5", 1, &comments);
    check(
        &place,
        "store.pb.gz",
        expect![[r#"
            store.pb.gz: 1MB of inuse_space from about 1 sample, good to about ±40%; what is below 1.50MB is
              often missed

            1. The profiler says: 12 samples were lost: the table of live objects was full
               -> run with LIVEHEAP_SAMPLE_RATE=2097152 (it was 524288): fewer objects are recorded
            2. Only about 1 sample is behind these numbers
               The total is good to about ±40% only, and what is below 1.50MB is often missed.
               -> run with LIVEHEAP_SAMPLE_RATE=2048 (it was 524288; jemalloc: lg_prof_sample:11)

            Binaries
              store, build id 5c0ffee5
                in 100% of the total; of 2 addresses 0 have no name, 0 no line
                store: taken
                has N functions in .symtab, full debug information

            The profiler's remarks
              liveheap: 12 samples were lost: the table of live objects was full
              version 1.2.3
        "#]],
    );
}

#[test]
fn a_go_profile_that_brings_its_names_needs_no_binary() {
    let place = Place::new();
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let file = builder.string("/srv/app");
    let mapping = builder.mapping(Mapping {
        start: 0x1000,
        limit: 0x9000,
        file,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Mapping::default()
    });
    let mut stack = Vec::new();
    for (address, name) in [(0x1100, "main.(*Pool).Put"), (0x1200, "main.main")] {
        let function = builder.function(name, name, "/src/app/main.go", 1);
        let frame = Frame { function, line: 7, column: 0 };
        stack.push(builder.location(address, Some(mapping), &[frame]));
    }
    builder.sample(&stack, &[MIB], &[]);
    place.write("go.pb.gz", &encode_gzip(&builder.finish()).unwrap());
    check(
        &place,
        "go.pb.gz",
        expect![[r#"
            go.pb.gz: 1MB of inuse_space in 1 row

            Nothing is wrong: names, lines and stacks are there.

            Binaries
              /srv/app, no build id
                in 100% of the total; of 2 addresses 0 have no name, 0 no line
                /srv/app: no such file or directory
                HERE/pprof/binaries/app: no such file or directory
                HERE/pprof/binaries/srv/app: no such file or directory
                HERE/pprof/binaries/srv/app.debug: no such file or directory
                HERE/pprof/binaries/srv/.debug/app.debug: no such file or directory
                HERE/pprof/binaries/usr/lib/debug/srv/app.debug: no such file or directory
        "#]],
    );
}

#[test]
fn a_binary_is_told_what_a_profile_of_it_would_get() {
    let Some(place) = place() else { return };
    check(
        &place,
        "store",
        expect![[r#"
        store

        Nothing is wrong: a profile of it gets names and lines.

        Binaries
          store, build id 5c0ffee5
            has N functions in .symtab, full debug information
    "#]],
    );
    strip(&place, "--strip-all");
    check(
        &place,
        "store",
        expect![[r#"
            store

            1. A profile of it gets no names
               -> in Cargo.toml, under [profile.release], set debug = "line-tables-only" and strip = "none" (for
                  names alone strip = "debuginfo"; C and C++: build with -g1 and do not strip)

            Binaries
              store, build id 5c0ffee5
                has no symbols, no debug information
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/pprof/binaries/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/pprof/binaries/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file /usr/lib/debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file /usr/lib/debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5.debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/debug: no such file or directory
                debug file HERE/.debug/.build-id/5c/0ffee5/elf: no such file or directory
                debug file HERE/.debug/5c/0ffee5.debug: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/debuginfo: no such file or directory
                debug file HERE/.cache/debuginfod_client/5c0ffee5/executable: no such file or directory
        "#]],
    );
}

#[test]
fn stacks_without_a_root_and_without_addresses_are_told_apart() {
    let place = Place::new();
    let mut builder = ProfileBuilder::new(&[("cpu", "nanoseconds")]);
    let mapping = builder.mapping(Mapping { start: 0x1000, limit: 0x9000, ..Mapping::default() });
    let mut stack = Vec::new();
    for (address, name) in [(0x1100, "leak"), (0x1200, "serve")] {
        let function = builder.function(name, name, "store.c", 1);
        let frame = Frame { function, line: 7, column: 0 };
        stack.push(builder.location(address, Some(mapping), &[frame]));
    }
    builder.sample(&stack, &[3], &[]);
    builder.sample(&stack[..1], &[1], &[]);
    place.write("cut.pb.gz", &encode_gzip(&builder.finish()).unwrap());
    check(
        &place,
        "cut.pb.gz",
        expect![[r#"
        cut.pb.gz: 4ns of cpu in 2 rows

        1. Stacks end before they reach main or the start of a thread (75% of cpu)
           -> build everything with frame pointers and unwind tables: RUSTFLAGS="-C force-frame-pointers=yes
              -C force-unwind-tables=yes"; C, C++: -fno-omit-frame-pointer -fasynchronous-unwind-tables
        2. Stacks are one frame long: their callers are unknown (25% of cpu)
           -> build everything with frame pointers and unwind tables: RUSTFLAGS="-C force-frame-pointers=yes
              -C force-unwind-tables=yes"; C, C++: -fno-omit-frame-pointer -fasynchronous-unwind-tables

        Binaries
          (no file named), no build id
            in 100% of the total; of 2 addresses 0 have no name, 0 no line
    "#]],
    );
    // Whoever wrote these stacks by hand ended them where they end.
    place.write("hand.folded", b"serve;leak 10\n");
    check(
        &place,
        "hand.folded",
        expect![[r#"
            hand.folded: 10 of samples in 1 row

            1. No lines, and no addresses that they could be looked up by (100% of samples)
               -> take the profile again with a tool that keeps addresses and build ids

            Binaries
              (no file named), no build id
                in 100% of the total; of 2 addresses 0 have no name, 2 no line (100% of all frames)
        "#]],
    );
}

#[test]
fn code_outside_of_every_binary_is_a_finding() {
    let place = Place::new();
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let file = builder.string("/srv/app");
    let mapping = Mapping { start: 0x1000, limit: 0x9000, file, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    let function = builder.function("main", "main", "app.c", 1);
    let frame = Frame { function, line: 7, column: 0 };
    let main = builder.location(0x1100, Some(mapping), &[frame]);
    let generated = builder.location(0x7f00_0000, None, &[]);
    builder.sample(&[generated, main], &[3 * MIB], &[]);
    builder.sample(&[main], &[MIB], &[]);
    place.write("outside.pb.gz", &encode_gzip(&builder.finish()).unwrap());
    check(
        &place,
        "outside.pb.gz",
        expect![[r#"
        outside.pb.gz: 4MB of inuse_space in 2 rows

        1. No names for code outside of every binary that the profile names (75% of inuse_space)
           It was generated while the program ran, or its library was unloaded before the profile was taken.
           -> take the profile while the library is loaded; of generated code only the program itself knows
              the names

        Binaries
          /srv/app, no build id
            in 100% of the total; of 1 addresses 0 have no name, 0 no line
            /srv/app: no such file or directory
            HERE/pprof/binaries/app: no such file or directory
            HERE/pprof/binaries/srv/app: no such file or directory
            HERE/pprof/binaries/srv/app.debug: no such file or directory
            HERE/pprof/binaries/srv/.debug/app.debug: no such file or directory
            HERE/pprof/binaries/usr/lib/debug/srv/app.debug: no such file or directory
    "#]],
    );
}

#[test]
fn inlined_frames_that_are_described_elsewhere_are_missed() {
    let Some(place) = built(&["-gsplit-dwarf"]) else { return };
    write_profile(&place, "store", "5c0ffee5", 1000, &[]);
    for file in std::fs::read_dir(place.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "dwo") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let json = place.run(&["doctor", "--json", "store.pb.gz"]).fine();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["binaries"][0]["offer"]["debug"], "split");
    assert_eq!(json["findings"][0]["kind"], "split-debug", "{json}");
}

#[test]
fn json_has_the_same() {
    let place = Place::new();
    write_profile(&place, "/srv/store/bin/store", "5c0ffee5", 1000, &[]);
    let json = place.run(&["doctor", "--json", "store.pb.gz"]).fine();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "liveheap-doctor/1");
    assert_eq!(json["findings"][0]["kind"], "not-here");
    assert_eq!(json["findings"][0]["share"], 1.0);
    assert_eq!(json["profile"]["total"], 1000 * MIB);
    assert_eq!(json["binaries"][0]["tried"][0]["path"], "/srv/store/bin/store");
    assert_eq!(json["binaries"][0]["shares"]["unnamed"], 2);
}

#[test]
fn what_cannot_be_read_or_asked_is_refused() {
    let place = Place::with_profile();
    place.run(&["doctor", "nosuch"]).refused("liveheap: nosuch: no such file");
    place
        .run(&["doctor", "--csv", "small.pb.gz"])
        .refused("liveheap: doctor is not a table: --csv is for top, tree, peek and tags");
    place.write("bad", b"\x7fELF, but no more");
    place.run(&["doctor", "bad"]).refused("liveheap: bad: unrecognized object file");
    let said = place.run_with(&["small.pb.gz"], "doctor\n");
    assert!(said.err.contains("doctor is not for the shell: write `liveheap doctor SOURCE`"));
}

#[test]
fn a_server_that_does_not_name_functions_is_a_finding() {
    let place = Place::new();
    let server = Server::start(|request, _, stream| match request {
        "GET /debug/pprof/heap" => {
            let text = "heap profile: 4: 4194304 [4: 4194304] @ heap/1048576\n\
                        4: 4194304 [4: 4194304] @ 0x1001 0x2001\n";
            respond(stream, "200 OK", "", text.as_bytes())
        }
        _ => respond(stream, "500 Internal Server Error", "", b"no names today"),
    });
    let said = place.run(&["doctor", &server.url("/debug/pprof/heap")]).fine();
    assert!(said.contains("The server that should name the functions did not"), "{said}");
    assert!(said.contains("-> ask a server that has /symbol beside /heap"), "{said}");
}

#[test]
fn a_binary_without_unwind_tables_is_told_what_that_does() {
    let place = Place::new();
    place.write("bare.c", b"void _start(void) { for (;;) {} }\n");
    let compiler = ["-nostdlib", "-static", "-fno-asynchronous-unwind-tables", "-o", "bare"];
    let built = Command::new("cc").args(compiler).arg("bare.c").current_dir(place.path()).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: there is no C compiler");
        return;
    }
    let said = place.run(&["doctor", "bare"]).fine();
    assert!(said.contains("It has no unwind tables: stacks may end early in its code"), "{said}");
}

#[test]
fn who_misses_names_is_pointed_to_the_doctor_but_not_behind_pprofs_door() {
    let Some(place) = place() else { return };
    write_profile(&place, "/elsewhere/store", "", 3, &[]);
    let hint = "What to do about that: liveheap doctor store.pb.gz\n";
    let own = place.run(&["top", "store.pb.gz"]).err;
    assert!(
        own.starts_with("Local symbolization failed for store: ") && own.ends_with(hint),
        "{own}"
    );
    let pprofs = place.run(&["pprof", "-top", "store.pb.gz"]).err;
    assert!(!pprofs.contains("doctor"), "{pprofs}");
}
