//! Small C and Rust programs, symbolized whole, stripped, split, misnamed and damaged.

use super::*;
use crate::test_programs::{Folder, KEEP_RS, STORE_C, build_id, label, profile};
use crate::{Mode, complaints, demangle_profile};
use expect_test::{Expect, expect};
use object::Object;
use std::path::Path;

/// The locations of a profile with their frames, and what is said about its mappings. Folders of
/// this machine are left out.
fn describe(profile: &Profile, outcomes: &[Outcome], folder: &Folder) -> String {
    let mut text = String::new();
    for position in 0..profile.locations.len() {
        let lines = profile.lines_of(LocationIndex::new(position));
        if lines.is_empty() {
            text += "(nothing)\n";
        }
        for (depth, line) in lines.iter().enumerate() {
            let function = profile.function(line);
            let file = profile.text(function.file).rsplit('/').next().unwrap_or("");
            let inlined = if depth + 1 < lines.len() { " (inlined)" } else { "" };
            let name = profile.text(function.name);
            text += &format!("{name} {file}:{} from {}{inlined}\n", line.line, function.start_line);
        }
    }
    for outcome in outcomes {
        text += &format!("{outcome}\n");
    }
    text.replace(&format!("{}/", folder.0.display()), "")
}

fn options() -> Options {
    Options { debug_folders: Vec::new(), ..Options::default() }
}

/// Symbolizes the labels of a program and demangles.
fn check(folder: &Folder, binary: &Path, labels: &[&str], expected: Expect) {
    let addresses: Vec<_> = labels.iter().map(|name| label(binary, name)).collect();
    let path = binary.to_string_lossy();
    let profile = profile(binary, &path, &build_id(binary), &addresses, None);
    let (profile, outcomes) = symbolize(profile, &options());
    let profile = demangle_profile(profile, Mode::Simplified, false);
    expected.assert_eq(&describe(&profile, &outcomes, folder));
}

/// Everything is known about a program whose debug information is found.
fn check_store(folder: &Folder, binary: &Path) {
    check(
        folder,
        binary,
        &["in_grow", "in_fill", "in_main"],
        expect![[r#"
            grow store.c:4 from 2 (inlined)
            fill store.c:8 from 7
            fill store.c:9 from 7
            main store.c:14 from 12
            store: names of 3 and lines of 3 of 3 addresses
        "#]],
    );
}

#[test]
fn what_binaries_have_in_common_is_read_from_its_file() {
    if std::process::Command::new("dwz").arg("--version").output().is_err() {
        eprintln!("SKIPPED: dwz is not installed");
        return;
    }
    let folder = Folder::new("common");
    let binary = folder.c(&["-g", "-gdwarf-4"], STORE_C);
    std::fs::copy(&binary, folder.0.join("other")).expect("the folder takes files");
    folder.run("dwz", &["-m", "common.debug", "-r", "store", "other"]);
    let linked = std::fs::read(&binary).expect("it was just made");
    let object = object::File::parse(&*linked).expect("it is a binary");
    assert!(object.gnu_debugaltlink().expect("the note is whole").is_some());
    check_store(&folder, &binary);
    // Without it, the symbols still name who was called.
    std::fs::remove_file(folder.0.join("common.debug")).expect("dwz made it");
    check(
        &folder,
        &binary,
        &["in_fill"],
        expect![[r#"
            fill store.c:9 from 7
            store: names of 1 and lines of 1 of 1 addresses; no inlined frames, because common.debug is missing
        "#]],
    );
}

#[test]
fn debug_information_gives_lines_and_inlined_frames() {
    let folder = Folder::new("lines");
    let binary = folder.c(&["-g"], STORE_C);
    check_store(&folder, &binary);
}

#[test]
fn a_program_at_fixed_addresses_is_found_as_well() {
    let folder = Folder::new("fixed");
    let binary = folder.c(&["-g", "-no-pie"], STORE_C);
    check(
        &folder,
        &binary,
        &["in_grow"],
        expect![[r#"
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        store: names of 1 and lines of 1 of 1 addresses
    "#]],
    );
}

#[test]
fn symbols_alone_give_names() {
    let folder = Folder::new("names");
    let binary = folder.c(&["-g0"], STORE_C);
    check(
        &folder,
        &binary,
        &["in_grow", "in_main"],
        expect![[r#"
        fill :0 from 0
        main :0 from 0
        store: names of 2 of 2 addresses, no lines; for lines build with debug = "line-tables-only" and without strip
    "#]],
    );
}

#[test]
fn rust_line_tables_are_enough_for_lines_and_names() {
    let folder = Folder::new("rust-lines");
    let binary = folder.rust(&["-C", "debuginfo=line-tables-only"], KEEP_RS);
    check(
        &folder,
        &binary,
        &["in_grow", "in_fill"],
        expect![[r#"
        grow keep.rs:8 from 0 (inlined)
        keep::fill keep.rs:13 from 12
        keep::fill keep.rs:14 from 12
        keep: names of 2 and lines of 2 of 2 addresses
    "#]],
    );
}

#[test]
fn full_debug_information_of_rust_gives_whole_names_of_inlined_functions() {
    let folder = Folder::new("rust-full");
    let binary = folder.rust(&["-C", "debuginfo=2"], KEEP_RS);
    check(
        &folder,
        &binary,
        &["in_grow", "in_fill"],
        expect![[r#"
        keep::Keep<T>::grow keep.rs:8 from 6 (inlined)
        keep::fill keep.rs:13 from 12
        keep::fill keep.rs:14 from 12
        keep: names of 2 and lines of 2 of 2 addresses
    "#]],
    );
}

#[test]
fn debug_information_may_lie_beside_the_binary() {
    for how in ["packed", "unpacked"] {
        let folder = Folder::new(how);
        let split = format!("split-debuginfo={how}");
        let binary = folder.rust(&["-C", "debuginfo=2", "-C", &split], KEEP_RS);
        check(
            &folder,
            &binary,
            &["in_grow"],
            expect![[r#"
            keep::Keep<T>::grow keep.rs:8 from 6 (inlined)
            keep::fill keep.rs:13 from 12
            keep: names of 1 and lines of 1 of 1 addresses
        "#]],
        );
        // Without it the line table in the binary remains, and the symbol table has the name.
        let mut removed = 0;
        for entry in std::fs::read_dir(&folder.0).expect("the folder is ours").flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "dwo" || kind == "dwp") {
                std::fs::remove_file(entry.path()).expect("the folder is ours");
                removed += 1;
            }
        }
        assert_eq!(removed, 1);
        let profile =
            profile(&binary, &binary.to_string_lossy(), "", &[label(&binary, "in_grow")], None);
        let (profile, outcomes) = symbolize(profile, &options());
        let text =
            describe(&demangle_profile(profile, Mode::Simplified, false), &outcomes, &folder);
        let (first, second) = text.split_once('\n').expect("two lines");
        assert_eq!(first, "keep::fill keep.rs:8 from 0");
        assert!(
            second.contains("no inlined frames, because keep.")
                && second.contains(".dwo is missing"),
            "{second}"
        );
    }
}

#[test]
fn compressed_debug_information_is_unpacked() {
    let folder = Folder::new("compressed");
    let binary = folder.c(&["-g", "-gz"], STORE_C);
    check(
        &folder,
        &binary,
        &["in_grow"],
        expect![[r#"
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        store: names of 1 and lines of 1 of 1 addresses
    "#]],
    );
}

#[test]
fn names_of_the_runtime_get_lines_and_inlined_frames_from_the_same_build() {
    let folder = Folder::new("refine");
    let binary = folder.rust(&["-C", "debuginfo=line-tables-only"], KEEP_RS);
    let path = binary.to_string_lossy();
    let addresses = [label(&binary, "in_grow")];
    let known = profile(&binary, &path, &build_id(&binary), &addresses, Some("mine::fill"));
    let (refined, outcomes) = symbolize(known, &options());
    let refined = demangle_profile(refined, Mode::Simplified, false);
    expect![[r#"
        grow keep.rs:8 from 0 (inlined)
        keep::fill keep.rs:13 from 12
        keep: names of 1 and lines of 1 of 1 addresses
    "#]]
    .assert_eq(&describe(&refined, &outcomes, &folder));
    let other = profile(&binary, &path, "00ff", &addresses, Some("mine::fill"));
    let (left_alone, outcomes) = symbolize(other, &options());
    expect![[r#"
        mine::fill :0 from 0
        keep: names are from the profile, no lines; for lines put the unstripped binary with build id 00ff into a folder that PPROF_BINARY_PATH names
    "#]].assert_eq(&describe(&left_alone, &outcomes, &folder));
}

#[test]
fn a_name_that_the_binary_does_not_know_better_is_kept() {
    let folder = Folder::new("keep-name");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let path = binary.to_string_lossy();
    let addresses = [label(&binary, "in_grow")];
    let known = profile(&binary, &path, &build_id(&binary), &addresses, Some("mine::fill"));
    let (refined, outcomes) = symbolize(known, &options());
    expect![[r#"
        grow store.c:4 from 2 (inlined)
        mine::fill store.c:8 from 7
        store: names of 1 and lines of 1 of 1 addresses
    "#]]
    .assert_eq(&describe(&refined, &outcomes, &folder));
}

#[test]
fn a_stripped_binary_finds_its_debug_information_by_build_id_or_link() {
    let folder = Folder::new("split");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let address = [label(&binary, "in_grow")];
    let build_id = build_id(&binary);
    folder.run("objcopy", &["--only-keep-debug", "store", "store.dbg"]);
    folder.run("objcopy", &["--strip-all", "store", "bare"]);
    folder.run("objcopy", &["--add-gnu-debuglink=store.dbg", "bare", "linked"]);
    let mut text = String::new();
    let mut look = |file: &str, options: &Options| {
        let path = folder.0.join(file);
        let (profile, outcomes) =
            symbolize(profile(&path, &path.to_string_lossy(), &build_id, &address, None), options);
        text += &describe(&profile, &outcomes, &folder).replace(&build_id, "ID");
    };
    look("bare", &options());
    look("linked", &options());
    let below = folder.0.join("debug/.build-id").join(&build_id[..2]);
    std::fs::create_dir_all(&below).expect("the folder is ours");
    std::fs::copy(folder.0.join("store.dbg"), below.join(format!("{}.debug", &build_id[2..])))
        .expect("the folder is ours");
    look("bare", &Options { debug_folders: vec![folder.0.join("debug")], ..options() });
    expect![[r#"
        (nothing)
        bare: stripped, no names; put the unstripped binary with build id ID into a folder that PPROF_BINARY_PATH names
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        linked: names of 1 and lines of 1 of 1 addresses
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        bare: names of 1 and lines of 1 of 1 addresses
    "#]].assert_eq(&text);

    // The binary itself is gone: the file with debug information knows enough.
    let gone = profile(&binary, "/gone/store", &build_id, &address, None);
    let options = Options { debug_folders: vec![folder.0.join("debug")], ..options() };
    let (profile, outcomes) = symbolize(gone, &options);
    expect![[r#"
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        /gone/store: names of 1 and lines of 1 of 1 addresses
    "#]]
    .assert_eq(&describe(&profile, &outcomes, &folder));
}

#[test]
fn what_cannot_be_read_is_said_with_what_to_do() {
    let folder = Folder::new("missing");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    std::fs::write(folder.0.join("text"), "no binary").expect("the folder is ours");
    let address = [label(&binary, "in_grow")];
    let mut text = String::new();
    for (file, build_id) in [
        ("/gone/store", "00ff"),
        ("/gone/store", ""),
        (&*folder.0.join("text").to_string_lossy(), ""),
        (&*folder.0.to_string_lossy(), ""),
        ("[vdso]", ""),
        ("//anon", ""),
        ("http://host/debug/pprof/heap", ""),
        ("", ""),
    ] {
        let (_, outcomes) = symbolize(profile(&binary, file, build_id, &address, None), &options());
        text += &outcomes.iter().map(|outcome| format!("{outcome}\n")).collect::<String>();
        text +=
            &complaints(&outcomes).iter().map(|line| format!("    {line}\n")).collect::<String>();
    }
    let text = text.replace(&*folder.0.to_string_lossy(), "FOLDER");
    expect![[r#"
        /gone/store: not read (no such file or directory); put the unstripped binary with build id 00ff into a folder that PPROF_BINARY_PATH names
            Local symbolization failed for store (build ID 00ff): open /gone/store: no such file or directory
            Some binary filenames not available. Symbolization may be incomplete.
            Try setting PPROF_BINARY_PATH to the search path for local binaries.
        /gone/store: not read (no such file or directory); put the binary that was running into a folder that PPROF_BINARY_PATH names
            Local symbolization failed for store: open /gone/store: no such file or directory
            Some binary filenames not available. Symbolization may be incomplete.
            Try setting PPROF_BINARY_PATH to the search path for local binaries.
        FOLDER/text: not read (unrecognized object file); put the binary that was running into a folder that PPROF_BINARY_PATH names
            Local symbolization failed for text: open FOLDER/text: unrecognized object file
            Some binary filenames not available. Symbolization may be incomplete.
            Try setting PPROF_BINARY_PATH to the search path for local binaries.
        FOLDER: not read (not a regular file); put the binary that was running into a folder that PPROF_BINARY_PATH names
            Local symbolization failed for folder: open FOLDER: not a regular file
            Some binary filenames not available. Symbolization may be incomplete.
            Try setting PPROF_BINARY_PATH to the search path for local binaries.
        [vdso]: it is in the kernel, and not the one of this machine as it runs now; its names can be found where the profile was taken
        //anon: no file stands behind it
        http://host/debug/pprof/heap: known by the address of its profile only
        a mapping without a name: the profile does not say what its binary is; name the binary before the profile
            Main binary filename not available.
    "#]].assert_eq(
        &text
            .replace("liveheap-symbols-", "")
            .replace(&format!("{}-missing", std::process::id()), "folder"),
    );
    let path = binary.to_string_lossy();
    let (_, outcomes) = symbolize(profile(&binary, &path, "00ff", &address, None), &options());
    assert!(outcomes[0].to_string().contains("another build"), "{}", outcomes[0]);
    assert_eq!(
        complaints(&outcomes),
        ["Local symbolization failed for store (build ID 00ff): build ID mismatch"]
    );
}

#[test]
fn only_mappings_without_names_are_looked_up_unless_again() {
    let folder = Folder::new("again");
    let binary = folder.c(&["-g"], STORE_C);
    let path = binary.to_string_lossy();
    let address = [label(&binary, "in_grow")];
    let known = || profile(&binary, &path, "", &address, Some("mine"));
    let (left_alone, outcomes) = symbolize(known(), &options());
    assert_eq!(outcomes[0].state, State::Complete);
    assert_eq!(left_alone.functions.len(), 1);
    let (anew, outcomes) = symbolize(known(), &Options { again: true, ..options() });
    assert_eq!(outcomes[0].state, State::Lines);
    assert_eq!(anew.lines_of(LocationIndex::new(0)).len(), 2);
}

#[test]
fn a_whole_image_as_one_mapping_is_understood() {
    let folder = Folder::new("whole");
    let binary = folder.rust(&["-C", "debuginfo=line-tables-only"], KEEP_RS);
    let path = binary.to_string_lossy();
    let address = [label(&binary, "in_fill")];
    let mut whole = profile(&binary, &path, "", &address, None);
    whole.mappings[0].start = crate::test_programs::BASE;
    whole.mappings[0].limit = crate::test_programs::BASE + (1 << 24);
    whole.mappings[0].offset = 0;
    let (whole, outcomes) = symbolize(whole, &options());
    let whole = demangle_profile(whole, Mode::Simplified, false);
    expect![[r#"
        keep::fill keep.rs:14 from 12
        keep: names of 1 and lines of 1 of 1 addresses
    "#]]
    .assert_eq(&describe(&whole, &outcomes, &folder));
}

#[test]
fn damaged_binaries_never_panic() {
    let folder = Folder::new("damaged");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let intact = std::fs::read(&binary).expect("the binary was built");
    let addresses = [label(&binary, "in_grow"), label(&binary, "in_main"), 0, u64::MAX];
    let damaged = folder.0.join("damaged");
    let path = damaged.to_string_lossy();
    let profile = profile(&binary, &path, "", &addresses, None);
    let look = |bytes: &[u8]| {
        std::fs::write(&damaged, bytes).expect("the folder is ours");
        let (_, outcomes) = symbolize(profile.clone(), &options());
        assert_eq!(outcomes.len(), 1);
        let _ = outcomes[0].to_string();
    };
    for cut in (0..intact.len()).step_by(intact.len() / 50) {
        look(&intact[..cut]);
    }
    // A fixed walk through the file, so that a failure happens again.
    let mut seed = 1_u64;
    for _ in 0..300 {
        let mut bytes = intact.clone();
        for _ in 0..20 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let position = usize::try_from(seed >> 33).expect("31 bits") % bytes.len();
            bytes[position] = seed.to_le_bytes()[4];
        }
        look(&bytes);
    }
}

#[test]
fn generated_code_has_the_names_that_its_compiler_wrote_down() {
    let folder = Folder::new("generated");
    let list = folder.0.join("perf-4711.map");
    std::fs::write(&list, "7f0000001000 40 LazyCompile:~add store.js:7\n").expect("ours");
    let binary = folder.c(&[], STORE_C);
    let mut text = String::new();
    for (file, options) in [
        (&*list.to_string_lossy(), options()),
        ("//anon", Options { perf_map: Some(list.clone()), ..options() }),
        ("//anon", options()),
        ("/gone/perf-4711.map", options()),
    ] {
        let mut profile = profile(&binary, file, "", &[0x10, 0x50], None);
        for (location, address) in profile.locations.iter_mut().zip([0x10, 0x50]) {
            location.address = 0x7f00_0000_1000 + address;
        }
        let (profile, outcomes) = symbolize(profile, &options);
        text += &describe(&profile, &outcomes, &folder);
    }
    expect![[r#"
        LazyCompile:~add store.js:7 :0 from 0
        (nothing)
        perf-4711.map: names of 1 of 2 addresses, no lines: generated code has names only
        LazyCompile:~add store.js:7 :0 from 0
        (nothing)
        //anon: names of 1 of 2 addresses, no lines: generated code has names only
        (nothing)
        (nothing)
        //anon: no file stands behind it
        (nothing)
        (nothing)
        /gone/perf-4711.map: not read (no such file or directory); have the program write it (node --perf-basic-prof, java -XX:+DumpPerfMapAtExit) and copy it here
    "#]].assert_eq(&text);
}

#[test]
fn a_stripped_binary_has_the_names_that_are_packed_inside_it() {
    let folder = Folder::new("mini");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let addresses = ["in_grow", "in_main"].map(|name| label(&binary, name));
    // As distributions make it: the symbol table alone, packed, in a section of the stripped binary.
    folder.run("objcopy", &["--only-keep-debug", "store", "store.dbg"]);
    folder.run("objcopy", &["--strip-debug", "--remove-section=.comment", "store.dbg", "mini"]);
    if std::process::Command::new("xz").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no xz here");
        return;
    }
    folder.run("xz", &["mini"]);
    let section = "--add-section=.gnu_debugdata=mini.xz";
    folder.run("objcopy", &["--strip-all", section, "store", "packed"]);
    let path = folder.0.join("packed");
    let profile = profile(&path, &path.to_string_lossy(), "", &addresses, None);
    let (profile, outcomes) = symbolize(profile, &options());
    expect![[r#"
        fill :0 from 0
        main :0 from 0
        packed: names of 2 of 2 addresses, no lines; for lines build with debug = "line-tables-only" and without strip
    "#]]
    .assert_eq(&describe(&profile, &outcomes, &folder));
    assert_eq!(outcomes[0].debug_file, None);
}

#[test]
fn a_program_of_32_bits_is_read_as_well() {
    let folder = Folder::new("narrow");
    std::fs::write(folder.0.join("empty.c"), "void _start(void) {}").expect("the folder is ours");
    let can = std::process::Command::new("cc")
        .args(["-m32", "-nostdlib", "-o", "empty", "empty.c"])
        .current_dir(&folder.0)
        .output()
        .is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("SKIPPED: the compiler here builds no 32-bit programs");
        return;
    }
    let source = STORE_C
        .replace("#include <stdlib.h>", "static void *malloc(long size) { return (void *)size; }");
    let binary = folder.c(&["-m32", "-g", "-nostdlib", "-Wl,-emain", "-no-pie"], &source);
    check(
        &folder,
        &binary,
        &["in_grow"],
        expect![[r#"
        grow store.c:4 from 2 (inlined)
        fill store.c:8 from 7
        store: names of 1 and lines of 1 of 1 addresses
    "#]],
    );
}
