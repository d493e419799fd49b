//! Tables made by hand with an assembler: no Go toolchain is needed.

use super::*;
use crate::object_file::ObjectFile;
use crate::test_programs::{Folder, label};
use expect_test::expect;

/// A program with two functions of 16 bytes: `main.main` at line 3 and `main.grow` at line 7, and
/// from its byte 8 on at line 8.
fn program(magic: &str, pointer: &str, start: &str, field: &str, base: &str) -> String {
    let lines = [
        ".text",
        ".globl \"runtime.text\"",
        "\"runtime.text\": .skip 16",
        ".globl in_grow",
        "in_grow: .skip 16",
        "go_end: .skip 16",
        ".section .gopclntab,\"a\"",
        "table:",
        &format!(".long {magic}"),
        ".byte 0, 0, 1, 8",
        &format!("{pointer} 2, 1"),
        start,
        &format!("{pointer} names - table, units - table, files - table, steps - table"),
        &format!("{pointer} functions - table"),
        "names: .asciz \"main.main\"",
        "grow_name: .asciz \"main.grow\"",
        "units: .long 0",
        "files: .asciz \"store/main.go\"",
        "steps: .byte 0",
        "main_lines: .byte 8, 16, 0",
        "grow_lines: .byte 16, 8, 2, 8, 0",
        "all_files: .byte 2, 16, 0",
        "functions:",
        &format!("{field} \"runtime.text\"{base}, main_record - functions"),
        &format!("{field} in_grow{base}, grow_record - functions"),
        &format!("{field} go_end{base}"),
        &format!("main_record: {field} \"runtime.text\"{base}"),
        ".long 0, 0, 0, 0, all_files - steps, main_lines - steps, 0, 0",
        &format!("grow_record: {field} in_grow{base}"),
        ".long grow_name - names, 0, 0, 0, all_files - steps, grow_lines - steps, 0, 0",
        ".text",
    ];
    let text: String =
        lines.iter().map(|line| format!("\"{}\\n\"\n", line.replace('"', "\\\""))).collect();
    format!("__asm__({text});\nint main(void) {{ return 0; }}\n")
}

fn describe(binary: &std::path::Path) -> String {
    let file = ObjectFile::open(binary).expect("the binary was built");
    let image = file.image().expect("a compiler's output is a binary");
    let table = GoTable::new(&image).expect("it has a table");
    let start = label(binary, "runtime.text");
    let mut strings = Interner::new();
    let mut text = String::new();
    for distance in [0, 15, 16, 23, 24, 31, 32] {
        text += &match table.frame(start + distance, &mut strings) {
            Some(frame) => format!(
                "{distance}: {} {}:{}\n",
                strings.text(frame.name),
                strings.text(frame.file),
                frame.line
            ),
            None => format!("{distance}: nothing\n"),
        };
    }
    assert_eq!(table.frame(start - 1, &mut strings), None);
    text
}

#[test]
fn tables_with_distances_name_functions_and_lines() {
    let folder = Folder::new("go-distances");
    let source = program("0xfffffff1", ".quad", ".quad 0", ".long", " - \"runtime.text\"");
    let binary = folder.c(&[], &source);
    expect![[r#"
        0: main.main store/main.go:3
        15: main.main store/main.go:3
        16: main.grow store/main.go:7
        23: main.grow store/main.go:7
        24: main.grow store/main.go:8
        31: main.grow store/main.go:8
        32: nothing
    "#]]
    .assert_eq(&describe(&binary));
}

#[test]
fn tables_with_addresses_say_the_same() {
    let folder = Folder::new("go-addresses");
    let binary = folder.c(&["-no-pie"], &program("0xfffffffa", ".quad", "", ".quad", ""));
    expect![[r#"
        0: main.main store/main.go:3
        15: main.main store/main.go:3
        16: main.grow store/main.go:7
        23: main.grow store/main.go:7
        24: main.grow store/main.go:8
        31: main.grow store/main.go:8
        32: nothing
    "#]]
    .assert_eq(&describe(&binary));
}

#[test]
fn damaged_tables_never_panic() {
    let folder = Folder::new("go-damaged");
    let binary = folder.c(&["-no-pie"], &program("0xfffffffa", ".quad", "", ".quad", ""));
    let file = ObjectFile::open(&binary).expect("the binary was built");
    let image = file.image().expect("a compiler's output is a binary");
    let intact = GoTable::new(&image).expect("it has a table");
    let start = label(&binary, "runtime.text");
    let mut strings = Interner::new();
    for position in 0..intact.bytes.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = intact.bytes.to_vec();
            bytes[position] = value;
            for bytes in [&bytes[..], &bytes[..position]] {
                let damaged = GoTable::parse(bytes, intact.is_little_endian, start);
                let _ = damaged.and_then(|table| table.frame(start + 17, &mut strings));
            }
        }
    }
}
