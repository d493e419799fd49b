//! Instructions of a binary that is made up: at 0x1000 `fill` with `grow` inlined into it, mapped
//! 0x10000 above where it is linked.

use super::*;
use crate::answer::answer;
use crate::binary::{Binary, Instruction, InstructionFrame};
use crate::report::Report;
use crate::request::{ReportKind, Request};
use expect_test::{Expect, expect};
use liveheap_profile::{Frame, Mapping, ProfileBuilder};
use std::fmt::Write as _;
use std::io;

/// Frames are written as `function@file:line`, innermost first.
fn instruction(address: u64, text: &str, frames: &str) -> Instruction {
    let frames = frames.split_whitespace().map(|frame| {
        let (function, place) = frame.split_once('@').unwrap();
        let (file, line) = place.split_once(':').unwrap();
        InstructionFrame {
            function: String::from(function),
            file: String::from(file),
            line: line.parse().unwrap(),
        }
    });
    Instruction { address, text: String::from(text), frames: frames.collect() }
}

fn server() -> Binary {
    let code = [
        instruction(0x0f00, "NOP", "other@pool.rs:1"),
        instruction(0x1000, "PUSHQ BP", "_fill@pool.rs:7"),
        instruction(0x1004, "CALL malloc(SB)", "grow@vec.rs:50 _fill@pool.rs:8"),
        instruction(0x1009, "MOVQ AX, BX", "grow@vec.rs:0 _fill@pool.rs:8"),
        instruction(0x100c, "RET", "_fill@pool.rs:9"),
        instruction(0x100d, "INT $0x3", ""),
    ];
    Binary {
        symbols: Vec::new(),
        difference: 0_u64.wrapping_sub(0x10000),
        instructions: Box::new(move |ranges| {
            let within = |range: &std::ops::Range<u64>| {
                let inside = |one: &&Instruction| range.contains(&one.address);
                Ok(code.iter().filter(inside).cloned().collect())
            };
            ranges.iter().map(within).collect()
        }),
    }
}

/// What the profile knows of an address: the address, how much it holds, and its innermost line.
fn check(addresses: &[(u64, i64, &str)], has_binary: bool, pattern: &str, expected: Expect) {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    let file = builder.string("/bin/server");
    let mapping = Mapping { start: 0x11000, limit: 0x13000, file, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    for (address, value, frames) in addresses {
        let frames: Vec<Frame> = instruction(0, "", frames)
            .frames
            .iter()
            .map(|frame| {
                let name = frame.function.trim_start_matches('_');
                let function = builder.function(name, &frame.function, &frame.file, 0);
                Frame { function, line: frame.line, column: 0 }
            })
            .collect();
        let location = builder.location(*address, Some(mapping), &frames);
        builder.sample(&[location], &[*value], &[]);
    }
    let mut surroundings = Surroundings {
        current_dir: String::from("/src"),
        read_file: &mut |_| Err(io::ErrorKind::NotFound.into()),
        open_binary: &mut |_, _| {
            if has_binary { Ok(server()) } else { Err(String::from("not here")) }
        },
        local_time: &|_| (0, String::from("UTC")),
    };
    let request = Request::new(ReportKind::WebList(String::from(pattern)));
    let text = match answer(builder.finish(), &request, &mut surroundings).map(|it| it.report) {
        Ok(Report::WebList(report)) => shown(&report),
        other => panic!("{other:?}"),
    };
    expected.assert_eq(&text);
}

fn shown(report: &WebListReport) -> String {
    let mut out = String::new();
    for file in &report.files {
        for function in &file.functions {
            let WebListFunction { name, flat, cum, .. } = function;
            writeln!(out, "{name} in {}: {flat} {cum}", file.name).unwrap();
            for line in &function.lines {
                writeln!(out, "{}: {} {}", line.number, line.flat, line.cum).unwrap();
                for spot in &line.addresses {
                    let WebListAddress { address, instruction, file, line, .. } = spot;
                    let gap = if spot.starts_block { "  ...\n" } else { "" };
                    let calls = spot.calls.iter();
                    let calls: String =
                        calls.map(|call| format!(" > {}:{}", call.file, call.line)).collect();
                    let (flat, cum) = (spot.flat, spot.cum);
                    writeln!(
                        out,
                        "{gap}  {address:x}: {instruction} [{file}:{line}{calls}] {flat} {cum}"
                    )
                    .unwrap();
                }
            }
        }
    }
    out
}

const CALL: (u64, i64, &str) = (0x11008, 300, "grow@vec.rs:50 _fill@pool.rs:8");

#[test]
fn instructions_around_a_sample_stand_at_their_lines() {
    check(
        &[CALL],
        true,
        "fill",
        expect![[r#"
        fill in pool.rs: 300 300
        7: 0 0
          1000: PUSHQ BP [pool.rs:7] 0 0
        8: 300 300
          1004: CALL malloc(SB) [vec.rs:50 > vec.rs:50] 300 300
          1009: MOVQ AX, BX [vec.rs:0 > vec.rs:50] 0 0
        9: 0 0
          100c: RET [pool.rs:9] 0 0
    "#]],
    );
}

#[test]
fn without_the_binary_addresses_stand_for_instructions() {
    check(
        &[CALL],
        false,
        "fill",
        expect![[r#"
        fill in pool.rs: 300 300
        8: 300 300
          11008:  [vec.rs:50 > vec.rs:50] 300 300
    "#]],
    );
}

#[test]
fn what_the_binary_does_not_know_stands_where_the_profile_says() {
    let elsewhere = (0x12000, 100, "_fill@pool.rs:12");
    check(
        &[CALL, elsewhere],
        true,
        "fill",
        expect![[r#"
        fill in pool.rs: 400 400
        7: 0 0
          1000: PUSHQ BP [pool.rs:7] 0 0
        8: 300 300
          1004: CALL malloc(SB) [vec.rs:50 > vec.rs:50] 300 300
          1009: MOVQ AX, BX [vec.rs:0 > vec.rs:50] 0 0
        9: 0 0
          100c: RET [pool.rs:9] 0 0
        12: 100 100
          12000:  [pool.rs:12] 100 100
    "#]],
    );
}

#[test]
fn an_address_is_a_number_in_the_notation_of_go() {
    let cases = [
        ("0x1F", Some(31)),
        ("0b11", Some(3)),
        ("0o17", Some(15)),
        ("017", Some(15)),
        ("17", Some(17)),
        ("0", Some(0)),
        ("main", None),
        ("+1", None),
        ("", None),
    ];
    for (text, address) in cases {
        assert_eq!(parse_address(text), address, "{text}");
    }
}
