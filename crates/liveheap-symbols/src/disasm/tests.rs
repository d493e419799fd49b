//! Instructions of an assembled program; what they are called was compared with Go's own tools.
#![cfg(target_arch = "x86_64")]

use super::*;
use crate::test_programs::{Folder, label};
use expect_test::{Expect, expect};
use std::path::Path;

fn open(binary: &Path) -> Disassembler {
    let file = binary.to_str().expect("the folder's name is UTF-8");
    Disassembler::find(file, "", &Options::default()).expect("a compiler's output is a binary")
}

fn code(disassembler: &Disassembler, start: u64, end: u64) -> Result<Vec<CodeLine>, String> {
    disassembler.code(std::slice::from_ref(&(start..end)), Syntax::Go).remove(0)
}

/// A program whose function `code` is these lines, on lines 3 and following of `store.c`.
fn check(name: &str, instructions: &[&str], expected: Expect) {
    check_in(Syntax::Go, name, instructions, expected);
}

fn check_in(syntax: Syntax, name: &str, instructions: &[&str], expected: Expect) {
    let folder = Folder::new(name);
    let body: String = instructions.iter().map(|line| format!("\"{line}\\n\"\n")).collect();
    let source = format!(
        "__asm__(\".text\\n.globl code\\n.type code, @function\\ncode:\\n\"\n{body}\n\
         \".size code, . - code\\n\");\nint main(void) {{ return 0; }}\n"
    );
    let binary = folder.c(&[], &source);
    let disassembler = open(&binary);
    let function = disassembler
        .symbols()
        .iter()
        .find(|symbol| symbol.name == "code")
        .expect("the symbol is in the program");
    let range = function.start..function.end;
    let code = disassembler.code(std::slice::from_ref(&range), syntax).remove(0);
    let code = code.expect("it is code");
    let mut text: String = code
        .iter()
        .map(|line| format!("{:x}: {}\n", line.address - function.start, line.text))
        .collect();
    // Where the linker puts it is its own affair.
    for distance in 0..function.end - function.start {
        let address = format!("{:#x} <", function.start + distance);
        text = text.replace(&address, &format!("START+{distance:#x} <"));
    }
    expected.assert_eq(&text);
}

#[test]
fn the_destination_comes_last_except_in_comparisons() {
    check(
        "disasm-order",
        &[
            "mov %rdi, %rax",
            "mov $7, %ecx",
            "cmp 0x10(%r14), %rsp",
            "cmpb $0xf1, 0x11(%rsp)",
            "lea -1(,%rax,2), %rdx",
            "test %dl, %dl",
            "movzbl 8(%rsi), %eax",
            "movsd %xmm1, -0x120(%rbp)",
        ],
        expect![[r#"
            0: MOVQ DI, AX
            3: MOVL $0x7, CX
            8: CMPQ SP, 0x10(R14)
            c: CMPB 0x11(SP), $0xf1
            11: LEAQ 0xffffffff(AX*2), DX
            19: TESTL DL, DL
            1b: MOVZX 0x8(SI), AX
            1f: MOVSD_XMM X1, 0xfffffee0(BP)
        "#]],
    );
}

#[test]
fn calls_name_functions_and_jumps_addresses() {
    check(
        "disasm-jumps",
        &["call code", "push %rbp", "lock cmpxchg %rcx, (%rdx)", "rep stosq", "ret", "int3"],
        expect![[r#"
            0: CALL code(SB)
            5: PUSHQ BP
            6: LOCK CMPXCHGQ CX, 0(DX)
            b: REP; STOSQ AX, ES:0(DI)
            e: RET
            f: INT $0x3
        "#]],
    );
}

#[test]
fn bytes_that_start_no_instruction_are_marked_one_by_one() {
    check(
        "disasm-bytes",
        &[".byte 0x06", "nop", ".byte 0x48"],
        expect![[r#"
        0: ?
        1: NOPL
        2: ?
    "#]],
    );
}

#[test]
fn each_instruction_knows_its_functions_and_lines() {
    let folder = Folder::new("disasm-lines");
    let binary = folder.c(&["-g"], crate::test_programs::STORE_C);
    let disassembler = open(&binary);
    let frames = |name: &str| {
        let start = label(&binary, name);
        let code = code(&disassembler, start, start + 1).expect("it is code");
        assert_eq!(code.len(), 1);
        assert_eq!(code[0].text, "NOPL");
        assert!(code[0].frames[0].file.ends_with("store.c"), "{}", code[0].frames[0].file);
        let frame = |frame: &CodeFrame| format!("{}:{}", frame.function, frame.line);
        code[0].frames.iter().map(frame).collect::<Vec<_>>().join(" in ")
    };
    assert_eq!(frames("in_fill"), "fill:9");
    assert_eq!(frames("in_grow"), "grow:4 in fill:8");
}

#[test]
fn a_range_may_start_and_end_outside_of_the_code() {
    let folder = Folder::new("disasm-ranges");
    let binary = folder.c(&[], crate::test_programs::STORE_C);
    let disassembler = open(&binary);
    let start = label(&binary, "in_fill");
    let all = code(&disassembler, 0, u64::MAX).expect("there is code");
    let here = all.iter().position(|line| line.address == start).expect("all has it");
    // From the middle of an instruction on the next whole one is shown.
    let before = all[here - 1].address;
    let from_middle = code(&disassembler, before + 1, start + 1).expect("it is code");
    assert_eq!(from_middle, all[here..=here]);
    assert_eq!(code(&disassembler, start, start), Ok(Vec::new()));
    assert_eq!(code(&disassembler, 0, 1), Err("no code at 0x0".to_owned()));
    assert!(code(&disassembler, u64::MAX, u64::MAX).is_err());
}

#[test]
fn a_stripped_binary_takes_names_and_lines_from_its_debug_file() {
    let folder = Folder::new("disasm-debug-file");
    let binary = folder.c(&["-g"], crate::test_programs::STORE_C);
    let start = label(&binary, "in_fill");
    folder.run("objcopy", &["--only-keep-debug", "store", "store.debug"]);
    folder.run("objcopy", &["--strip-all", "--add-gnu-debuglink=store.debug", "store"]);
    let disassembler = open(&binary);
    assert!(disassembler.symbols().iter().any(|symbol| symbol.name == "fill"));
    let code = code(&disassembler, start, start + 1).expect("it is code");
    assert_eq!(code[0].frames[0].line, 9);
}

#[test]
fn a_binary_that_is_not_there_says_what_to_do() {
    let folder = Folder::new("disasm-missing");
    let binary = folder.c(&["-Wl,--build-id=0x5c0ffee5"], crate::test_programs::STORE_C);
    let path = binary.to_str().expect("the folder's name is UTF-8");
    let problem = |file: &str, build_id: &str| {
        let found = Disassembler::find(file, build_id, &Options::default());
        found.expect_err("it is not there").replace(path, "STORE")
    };
    assert_eq!(
        problem("/nowhere/store", ""),
        "/nowhere/store: not read (no such file or directory); put the binary that was running into \
         a folder that PPROF_BINARY_PATH names"
    );
    assert_eq!(
        problem(path, "abcd"),
        "STORE is another build (its build id is 5c0ffee5); put the unstripped binary with build \
         id abcd into a folder that PPROF_BINARY_PATH names"
    );
}

const COMMON: [&str; 9] = [
    "mov %rdi, %rax",
    "movzbl 8(%rsi,%rcx,4), %eax",
    "cmpb $0xf1, 0x11(%rsp)",
    "movsd %xmm1, -0x120(%rbp)",
    "call code",
    "jne . + 2",
    "lea code + 4(%rip), %rdx",
    "lock cmpxchg %rcx, %fs:(%rdx)",
    "rep stosq",
];

#[test]
fn intel_syntax_is_that_of_the_manuals() {
    check_in(
        Syntax::Intel,
        "disasm-intel",
        &COMMON,
        expect![[r#"
        0: mov rax,rdi
        3: movzx eax,BYTE PTR [rsi+rcx*4+0x8]
        8: cmp BYTE PTR [rsp+0x11],0xf1
        d: movsd QWORD PTR [rbp-0x120],xmm1
        15: call START+0x0 <code>
        1a: jne START+0x1c <code+0x1c>
        1c: lea rdx,[rip-0x1f] # START+0x4 <code+0x4>
        23: lock cmpxchg QWORD PTR fs:[rdx],rcx
        29: rep stosq QWORD PTR [rdi]
    "#]],
    );
}

#[test]
fn att_syntax_is_that_of_the_gnu_assembler() {
    check_in(
        Syntax::Att,
        "disasm-att",
        &COMMON,
        expect![[r#"
        0: mov %rdi,%rax
        3: movzbl 0x8(%rsi,%rcx,4),%eax
        8: cmpb $0xf1,0x11(%rsp)
        d: movsd %xmm1,-0x120(%rbp)
        15: call START+0x0 <code>
        1a: jne START+0x1c <code+0x1c>
        1c: lea -0x1f(%rip),%rdx # START+0x4 <code+0x4>
        23: lock cmpxchg %rcx,%fs:(%rdx)
        29: rep stos %rax,(%rdi)
    "#]],
    );
}

#[test]
fn code_of_other_processors_is_read_by_objdump() {
    let folder = Folder::new("disasm-arm");
    let (source, object, binary) =
        (folder.0.join("add.s"), folder.0.join("add.o"), folder.0.join("add"));
    let text = ".text\n.globl _start\n.type _start, %function\n_start:\n  add x0, x0, x1\n  ret\n\
                .size _start, . - _start\n";
    std::fs::write(&source, text).expect("the folder can be written");
    let ran = |program: &str, arguments: [&Path; 3]| {
        let status = std::process::Command::new(program).args(arguments).status();
        status.is_ok_and(|status| status.success())
    };
    let output = Path::new("-o");
    if !ran("aarch64-linux-gnu-as", [output, &object, &source])
        || !ran("aarch64-linux-gnu-ld", [output, &binary, &object])
    {
        eprintln!("SKIPPED: binutils-aarch64-linux-gnu is not installed");
        return;
    }
    let disassembler = open(&binary);
    let symbols = disassembler.symbols().iter();
    let start = symbols.clone().find(|symbol| symbol.name == "_start").expect("it was linked");
    let code = code(&disassembler, start.start, start.end).expect("objdump is installed with as");
    let texts: Vec<&str> = code.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["add x0, x0, x1", "ret"]);
    assert_eq!(code[1].frames[0].function, "_start");
}
