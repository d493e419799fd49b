//! Instructions of an assembled program; what they are called was compared with Go's own tools.
#![cfg(target_arch = "x86_64")]

use super::*;
use crate::test_programs::{Folder, label};
use expect_test::{Expect, expect};

/// A program whose function `code` is these lines, on lines 3 and following of `store.c`.
fn check(name: &str, instructions: &[&str], expected: Expect) {
    let folder = Folder::new(name);
    let body: String = instructions.iter().map(|line| format!("\"{line}\\n\"\n")).collect();
    let source = format!(
        "__asm__(\".text\\n.globl code\\n.type code, @function\\ncode:\\n\"\n{body}\n\
         \".size code, . - code\\n\");\nint main(void) {{ return 0; }}\n"
    );
    let binary = folder.c(&[], &source);
    let disassembler = Disassembler::open(&binary).expect("a compiler's output is a binary");
    let function = disassembler
        .symbols()
        .iter()
        .find(|symbol| symbol.name == "code")
        .expect("the symbol is in the program");
    let code = disassembler.code(function.start, function.end).expect("it is code");
    let text: String = code
        .iter()
        .map(|line| format!("{:x}: {}\n", line.address - function.start, line.text))
        .collect();
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
fn each_instruction_knows_its_line() {
    let folder = Folder::new("disasm-lines");
    let binary = folder.c(&["-g"], crate::test_programs::STORE_C);
    let disassembler = Disassembler::open(&binary).expect("a compiler's output is a binary");
    let start = label(&binary, "in_fill");
    let code = disassembler.code(start, start + 1).expect("it is code");
    assert_eq!(code.len(), 1);
    assert_eq!((code[0].text.as_str(), code[0].line), ("NOPL", 9));
    assert!(code[0].file.ends_with("store.c"), "{}", code[0].file);
    assert!(disassembler.code(0, 1).is_err());
    assert!(disassembler.code(u64::MAX, u64::MAX).is_err());
    assert_eq!(disassembler.code(start, start), Ok(Vec::new()));
}
