//! Instructions of a binary that is made up: one function of three instructions at 0x1000, mapped
//! where it is linked.

use crate::answer::{Surroundings, answer};
use crate::binary::{Binary, BinarySymbol, Instruction, InstructionFrame};
use crate::request::{ReportKind, Request};
use expect_test::{Expect, expect};
use liveheap_profile::{Frame, Mapping, Profile, ProfileBuilder};
use std::io;

fn server() -> Binary {
    let symbol =
        |name: &str, start| BinarySymbol { name: String::from(name), start, end: start + 0x11 };
    let instruction = |address, text: &str, line| Instruction {
        address,
        text: String::from(text),
        frames: vec![InstructionFrame {
            function: String::from("fill"),
            file: String::from("/src/pool.rs"),
            line,
        }],
    };
    Binary {
        symbols: vec![symbol("fill", 0x1000), symbol("idle", 0x2000)],
        difference: 0,
        instructions: Box::new(move |ranges| {
            let code = |start| {
                Ok(vec![
                    instruction(start, "PUSHQ BP", 7),
                    instruction(start + 4, "CALL allocate_with_a_name_that_is_rather_long(SB)", 8),
                    instruction(start + 9, "RET", 8),
                ])
            };
            ranges.iter().map(|range| code(range.start)).collect()
        }),
    }
}

fn profile() -> Profile {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    let file = builder.string("/bin/server");
    let mapping = Mapping { start: 0x1000, limit: 0x3000, file, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    let fill = builder.function("fill", "fill", "", 0);
    let frame = [Frame { function: fill, line: 0, column: 0 }];
    // In the middle of the call, as return addresses less one are.
    let call = builder.location(0x1008, Some(mapping), &frame);
    builder.sample(&[call], &[300], &[]);
    let first = builder.location(0x1000, Some(mapping), &frame);
    builder.sample(&[call, first], &[100], &[]);
    builder.finish()
}

#[track_caller]
fn check(pattern: &str, expected: Expect) {
    let mut surroundings = Surroundings {
        current_dir: String::new(),
        read_file: &mut |_| Err(io::ErrorKind::NotFound.into()),
        open_binary: &mut |profile, mapping| match profile.text(mapping.file) {
            "/bin/server" => Ok(server()),
            other => Err(format!("{other}: not here")),
        },
        local_time: &|_| (0, String::from("UTC")),
    };
    let request = Request::new(ReportKind::Disasm(String::from(pattern)));
    let text = match answer(profile(), &request, &mut surroundings) {
        Ok(answer) => {
            let mut out = Vec::new();
            answer.report.write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

#[test]
fn samples_inside_an_instruction_count_to_it() {
    check(
        "fill",
        expect![[r#"
        Total: 400B
        ROUTINE ======================== fill
              400B       500B (flat, cum) 125.00% of Total
                 .       100B       1000: PUSHQ BP                                ;fill pool.rs:7
                                                                                  ;fill pool.rs:8
              400B       400B       1004: CALL allocate_with_a_name_that_is_rather_long(SB)
                 .          .       1009: RET                                     ;pool.rs:8
    "#]],
    );
}

#[test]
fn an_address_finds_the_function_that_it_lies_in() {
    // The expression has to match the name too, as in pprof.
    check("0x1004", expect!["no matches found for address 0x1004"]);
}

#[test]
fn a_function_without_samples_is_no_match() {
    check("idle", expect!["no matches found for regexp idle"]);
    check("nothing", expect!["no matches found for regexp nothing"]);
}
