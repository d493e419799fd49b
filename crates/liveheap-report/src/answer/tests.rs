//! Reports from beginning to end: a profile in the fixture language and a request go in, the
//! report's bytes are the golden.

use super::*;
use crate::fixture;
use crate::request::Filters;
use expect_test::{Expect, expect};

/// A server with a pool that leaks, some honest work, and a function that is inlined.
const SERVER: &str = "
    main@main.rs:3;serve@serve.rs:10;handle@serve.rs:20;fill@pool.rs:7 600 bytes#200
    main@main.rs:3;serve@serve.rs:10;handle@serve.rs:21;fill@pool.rs:7 200 bytes#100
    main@main.rs:3;serve@serve.rs:10;handle@serve.rs:22+decode@json.rs:5 100 bytes#50
    main@main.rs:3;serve@serve.rs:10;decode@json.rs:6 60 bytes#20
    main@main.rs:4;log@log.rs:9 39 bytes#13
    main@main.rs:4;flush@log.rs:30 1 bytes#1
";

fn render(text: &str, request: &Request) -> String {
    let profile = fixture::profile(text);
    let mut surroundings = Surroundings {
        current_dir: String::from("/project"),
        read_file: &mut |_| Err(io::ErrorKind::NotFound.into()),
        open_binary: &mut |_, _| Err(String::from("no binaries here")),
        local_time: &|_| (0, String::from("UTC")),
    };
    match answer(profile, request, &mut surroundings) {
        Ok(answer) => {
            let mut out = Vec::new();
            answer.report.write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        }
        Err(error) => format!("error: {error}"),
    }
}

fn check(text: &str, report: ReportKind, edit: impl FnOnce(&mut Request), expected: Expect) {
    let mut request = Request::new(report);
    edit(&mut request);
    expected.assert_eq(&render(text, &request));
}

#[test]
fn top_drops_light_nodes_and_says_so() {
    check(
        SERVER,
        ReportKind::Top,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 999B, 99.90% of 1000B total
        Dropped 1 node (cum <= 5B)
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  fill
              160B 16.00% 96.00%       160B 16.00%  decode (partial-inline)
               39B  3.90% 99.90%        39B  3.90%  log
                 0     0% 99.90%       900B 90.00%  handle
                 0     0% 99.90%      1000B   100%  main
                 0     0% 99.90%       960B 96.00%  serve
    "#]],
    );
}

#[test]
fn top_by_cum_stops_at_the_node_count() {
    let edit = |request: &mut Request| {
        request.sort = Sort::Cum;
        request.node_count = Some(3);
    };
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Showing nodes accounting for 0, 0% of 1000B total
        Dropped 1 node (cum <= 5B)
        Showing top 3 nodes out of 6
              flat  flat%   sum%        cum   cum%
                 0     0%     0%      1000B   100%  main
                 0     0%     0%       960B 96.00%  serve
                 0     0%     0%       900B 90.00%  handle
    "#]],
    );
}

#[test]
fn top_without_trimming_shows_all() {
    check(
        SERVER,
        ReportKind::Top,
        |request| request.trim = false,
        expect![[r#"
        Type: space
        Showing nodes accounting for 1000B, 100% of 1000B total
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  fill
              160B 16.00% 96.00%       160B 16.00%  decode (partial-inline)
               39B  3.90% 99.90%        39B  3.90%  log
                1B   0.1%   100%         1B   0.1%  flush
                 0     0%   100%       900B 90.00%  handle
                 0     0%   100%      1000B   100%  main
                 0     0%   100%       960B 96.00%  serve
    "#]],
    );
}

#[test]
fn lines_and_files_are_nodes_of_their_own() {
    let edit = |request: &mut Request| request.granularity = Granularity::Lines;
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Showing nodes accounting for 999B, 99.90% of 1000B total
        Dropped 1 node (cum <= 5B)
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  fill pool.rs:7
              100B 10.00% 90.00%       100B 10.00%  decode json.rs:5 (inline)
               60B  6.00% 96.00%        60B  6.00%  decode json.rs:6
               39B  3.90% 99.90%        39B  3.90%  log log.rs:9
                 0     0% 99.90%       600B 60.00%  handle serve.rs:20
                 0     0% 99.90%       200B 20.00%  handle serve.rs:21
                 0     0% 99.90%       100B 10.00%  handle serve.rs:22
                 0     0% 99.90%       960B 96.00%  main main.rs:3
                 0     0% 99.90%        40B  4.00%  main main.rs:4
                 0     0% 99.90%       960B 96.00%  serve serve.rs:10
    "#]],
    );
    let edit = |request: &mut Request| request.granularity = Granularity::Files;
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Showing nodes accounting for 1000B, 100% of 1000B total
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  pool.rs
              160B 16.00% 96.00%       160B 16.00%  json.rs
               40B  4.00%   100%        40B  4.00%  log.rs
                 0     0%   100%      1000B   100%  main.rs
                 0     0%   100%       960B 96.00%  serve.rs
    "#]],
    );
}

#[test]
fn inlined_frames_count_to_their_caller_on_request() {
    let edit = |request: &mut Request| request.no_inlines = true;
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Showing nodes accounting for 999B, 99.90% of 1000B total
        Dropped 1 node (cum <= 5B)
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  fill
              100B 10.00% 90.00%       900B 90.00%  handle
               60B  6.00% 96.00%        60B  6.00%  decode
               39B  3.90% 99.90%        39B  3.90%  log
                 0     0% 99.90%      1000B   100%  main
                 0     0% 99.90%       960B 96.00%  serve
    "#]],
    );
}

#[test]
fn a_function_inlined_everywhere_is_told_from_one_inlined_here_and_there() {
    let text = "
        main;handle+decode 10
        main;handle+read 10
        main;decode 10
    ";
    check(
        text,
        ReportKind::Top,
        |request| request.compact_labels = true,
        expect![[r#"
        Showing nodes accounting for 30B, 100% of 30B total
              flat  flat%   sum%        cum   cum%
               20B 66.67% 66.67%        20B 66.67%  decode (partial-inline)
               10B 33.33%   100%        10B 33.33%  read (inline)
                 0     0%   100%        20B 66.67%  handle
                 0     0%   100%        30B   100%  main
    "#]],
    );
}

#[test]
fn code_without_names_is_shown_by_address_or_binary() {
    let text = "
        /bin/server!0x1000;/bin/server!0x2000 10
        /bin/server!0x1000;/lib/c.so!0x9000 30
    ";
    check(
        text,
        ReportKind::Top,
        |_| {},
        expect![[r#"
        File: server
        Type: space
        Showing nodes accounting for 40B, 100% of 40B total
              flat  flat%   sum%        cum   cum%
               30B 75.00% 75.00%        30B 75.00%  [c.so]
               10B 25.00%   100%        40B   100%  [server]
    "#]],
    );
    let edit = |request: &mut Request| request.granularity = Granularity::Addresses;
    check(
        text,
        ReportKind::Top,
        edit,
        expect![[r#"
        File: server
        Type: space
        Showing nodes accounting for 40B, 100% of 40B total
              flat  flat%   sum%        cum   cum%
               30B 75.00% 75.00%        30B 75.00%  0000000000009000 [c.so]
               10B 25.00%   100%        10B 25.00%  0000000000002000 [server]
                 0     0%   100%        40B   100%  0000000000001000 [server]
    "#]],
    );
}

#[test]
fn differences_have_signs() {
    let text = "
        main;grow 300 pprof::base=false
        main;shrink -100
        main;same 50
        main;same -50
    ";
    check(
        text,
        ReportKind::Top,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 200B, 40.00% of 500B total
              flat  flat%   sum%        cum   cum%
              300B 60.00% 60.00%       300B 60.00%  grow
             -100B 20.00% 40.00%      -100B 20.00%  shrink
                 0     0% 40.00%       200B 40.00%  main
    "#]],
    );
    check(
        text,
        ReportKind::Top,
        |request| request.drop_negative = true,
        expect![[r#"
        Type: space
        Showing nodes accounting for 300B, 60.00% of 500B total
              flat  flat%   sum%        cum   cum%
              300B 60.00% 60.00%       300B 60.00%  grow
                 0     0% 60.00%       200B 40.00%  main
    "#]],
    );
    check(
        text,
        ReportKind::Dot,
        |request| request.trim = false,
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 200B, 40.00% of 500B total\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="grow\n300B (60.00%)" id="node1" fontsize=24 shape=box tooltip="grow (300B)" color="#b21900" fillcolor="#edd8d5"]
        N2 [label="shrink\n-100B (20.00%)" id="node2" fontsize=18 shape=box tooltip="shrink (-100B)" color="#44b200" fillcolor="#deedd5"]
        N3 [label="main\n0 of 200B (40.00%)" id="node3" fontsize=8 shape=box tooltip="main (200B)" color="#b22a00" fillcolor="#eddbd5"]
        N3 -> N1 [label=" 300B" weight=61 penwidth=4 color="#b21900" tooltip="main -> grow (300B)" labeltooltip="main -> grow (300B)"]
        N3 -> N2 [label=" -100B" weight=21 penwidth=2 color="#44b200" tooltip="main -> shrink (-100B)" labeltooltip="main -> shrink (-100B)"]
        N3 -> N0 [label=" 0" color="#b2b2b2" tooltip="main -> same (0)" labeltooltip="main -> same (0)"]
        }
    "##]],
    );
}

#[test]
fn a_difference_takes_its_percentages_of_the_base() {
    let text = "
        main;grow 300
        main;grow -100 pprof::base=true
    ";
    check(
        text,
        ReportKind::Top,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 200B, 200.00% of 100B total
              flat  flat%   sum%        cum   cum%
              200B 200.00% 200.00%       200B 200.00%  grow
                 0     0% 200.00%       200B 200.00%  main
    "#]],
    );
}

#[test]
fn a_mean_divides_by_the_first_value() {
    let text = "
        main;lock 2,500
        main;wait 10,100
    ";
    check(
        text,
        ReportKind::Top,
        |request| request.mean = true,
        expect![[r#"
        Type: mean_space
        Showing nodes accounting for 260B, 520.00% of 50B total
              flat  flat%   sum%        cum   cum%
              250B 500.00% 500.00%       250B 500.00%  lock
               10B 20.00% 520.00%        10B 20.00%  wait
                 0     0% 520.00%        50B   100%  main
    "#]],
    );
}

#[test]
fn units_and_divisors_change_the_numbers_and_not_the_shares() {
    let text = "
        main;big 3145728
        main;small 1024
    ";
    check(
        text,
        ReportKind::Top,
        |request| request.unit = String::from("kB"),
        expect![[r#"
        Type: space
        Showing nodes accounting for 3072kB, 100% of 3073kB total
        Dropped 1 node (cum <= 15.36kB)
              flat  flat%   sum%        cum   cum%
            3072kB   100%   100%     3072kB   100%  big
                 0     0%   100%     3073kB   100%  main
    "#]],
    );
    check(
        text,
        ReportKind::Top,
        |request| request.divide_by = 2.0,
        expect![[r#"
        Type: space
        Showing nodes accounting for 1.50MB, 100% of 1.50MB total
        Dropped 1 node (cum <= 0.01MB)
              flat  flat%   sum%        cum   cum%
            1.50MB   100%   100%     1.50MB   100%  big
                 0     0%   100%     1.50MB   100%  main
    "#]],
    );
    let edit = |request: &mut Request| request.divide_by = 0.0;
    check(text, ReportKind::Top, edit, expect!["error: zero divisor specified"]);
}

#[test]
fn filters_stand_in_the_header() {
    let edit = |request: &mut Request| {
        request.filters = Filters { focus: String::from("fill"), ..Filters::default() };
    };
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Active filters:
           focus=fill
        Showing nodes accounting for 800B, 80.00% of 1000B total
              flat  flat%   sum%        cum   cum%
              800B 80.00% 80.00%       800B 80.00%  fill
                 0     0% 80.00%       800B 80.00%  handle
                 0     0% 80.00%       800B 80.00%  main
                 0     0% 80.00%       800B 80.00%  serve
    "#]],
    );
    let edit = |request: &mut Request| {
        request.filters.focus = String::from("fill");
        request.relative_percentages = true;
    };
    check(
        SERVER,
        ReportKind::Top,
        edit,
        expect![[r#"
        Type: space
        Active filters:
           focus=fill
        Showing nodes accounting for 800B, 100% of 800B total
              flat  flat%   sum%        cum   cum%
              800B   100%   100%       800B   100%  fill
                 0     0%   100%       800B   100%  handle
                 0     0%   100%       800B   100%  main
                 0     0%   100%       800B   100%  serve
    "#]],
    );
}

#[test]
fn tree_shows_callers_and_callees() {
    check(
        SERVER,
        ReportKind::Tree,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 999B, 99.90% of 1000B total
        Dropped 1 node (cum <= 5B)
        ----------------------------------------------------------+-------------
              flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
        ----------------------------------------------------------+-------------
                                                      800B   100% |   handle
              800B 80.00% 80.00%       800B 80.00%                | fill
        ----------------------------------------------------------+-------------
                                                      100B 62.50% |   handle (inline)
                                                       60B 37.50% |   serve
              160B 16.00% 96.00%       160B 16.00%                | decode
        ----------------------------------------------------------+-------------
                                                       39B   100% |   main
               39B  3.90% 99.90%        39B  3.90%                | log
        ----------------------------------------------------------+-------------
                                                      900B   100% |   serve
                 0     0% 99.90%       900B 90.00%                | handle
                                                      800B 88.89% |   fill
                                                      100B 11.11% |   decode (inline)
        ----------------------------------------------------------+-------------
                 0     0% 99.90%      1000B   100%                | main
                                                      960B 96.00% |   serve
                                                       39B  3.90% |   log
        ----------------------------------------------------------+-------------
                                                      960B   100% |   main
                 0     0% 99.90%       960B 96.00%                | serve
                                                      900B 93.75% |   handle
                                                       60B  6.25% |   decode
        ----------------------------------------------------------+-------------
    "#]],
    );
}

#[test]
fn a_dropped_node_leaves_a_residual_edge() {
    let text = "
        main;middle;leaf 10
        main;middle;leaf;deep 90
    ";
    let edit = |request: &mut Request| request.filters.hide = String::from("middle");
    check(
        text,
        ReportKind::Tree,
        edit,
        expect![[r#"
        Type: space
        Active filters:
           hide=middle
        Showing nodes accounting for 100B, 100% of 100B total
        ----------------------------------------------------------+-------------
              flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
        ----------------------------------------------------------+-------------
                                                       90B   100% |   leaf
               90B 90.00% 90.00%        90B 90.00%                | deep
        ----------------------------------------------------------+-------------
                                                      100B   100% |   main
               10B 10.00%   100%       100B   100%                | leaf
                                                       90B 90.00% |   deep
        ----------------------------------------------------------+-------------
                 0     0%   100%       100B   100%                | main
                                                      100B   100% |   leaf
        ----------------------------------------------------------+-------------
    "#]],
    );
    let edit = |request: &mut Request| request.node_count = Some(2);
    check(
        text,
        ReportKind::Dot,
        edit,
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 90B, 90.00% of 100B total\lShowing top 2 nodes out of 4\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="deep\n90B (90.00%)" id="node1" fontsize=24 shape=box tooltip="deep (90B)" color="#b20500" fillcolor="#edd6d5"]
        N2 [label="main\n0 of 100B (100%)" id="node2" fontsize=8 shape=box tooltip="main (100B)" color="#b20000" fillcolor="#edd5d5"]
        N2 -> N1 [label=" 90B" weight=91 penwidth=5 color="#b20500" tooltip="main ... deep (90B)" labeltooltip="main ... deep (90B)" style="dotted"]
        }
    "##]],
    );
}

#[test]
fn peek_needs_a_match() {
    let peek = |name: &str| ReportKind::Peek(String::from(name));
    check(
        SERVER,
        peek("^handle$"),
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 1000B, 100% of 1000B total
        ----------------------------------------------------------+-------------
              flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
        ----------------------------------------------------------+-------------
                                                      900B   100% |   serve
                 0     0%     0%       900B 90.00%                | handle
                                                      800B 88.89% |   fill
                                                      100B 11.11% |   decode (inline)
        ----------------------------------------------------------+-------------
    "#]],
    );
    check(SERVER, peek("nothing"), |_| {}, expect!["error: no matches found for regexp: nothing"]);
    check(
        SERVER,
        peek("(("),
        |_| {},
        expect!["error: parsing argument regexp ((: error parsing regexp: missing closing ): `((`"],
    );
}

#[test]
fn dot_draws_tags_below_their_nodes() {
    let text = "
        main;fill 100 kind=pool bytes#10
        main;fill 50 kind=pool bytes#20
        main;fill 25 bytes#30
        main 5
    ";
    check(
        text,
        ReportKind::Dot,
        |_| {},
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 180B, 100% of 180B total\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="fill\n175B (97.22%)" id="node1" fontsize=24 shape=box tooltip="fill (175B)" color="#b20100" fillcolor="#edd5d5"]
        N1_0 [label = "kind:pool" id="N1_0" fontsize=8 shape=box3d tooltip="150B"]
        N1 -> N1_0 [label=" 150B" weight=100 tooltip="150B" labeltooltip="150B"]
        NN1_0_0 [label = "10B" id="NN1_0_0" fontsize=8 shape=box3d tooltip="100B"]
        N1_0 -> NN1_0_0 [label=" 100B" weight=100 tooltip="100B" labeltooltip="100B"]
        NN1_0_1 [label = "20B" id="NN1_0_1" fontsize=8 shape=box3d tooltip="50B"]
        N1_0 -> NN1_0_1 [label=" 50B" weight=100 tooltip="50B" labeltooltip="50B"]
        NN1_0 [label = "30B" id="NN1_0" fontsize=8 shape=box3d tooltip="25B"]
        N1 -> NN1_0 [label=" 25B" weight=100 tooltip="25B" labeltooltip="25B"]
        N2 [label="main\n5B (2.78%)\nof 180B (100%)" id="node2" fontsize=11 shape=box tooltip="main (180B)" color="#b20000" fillcolor="#edd5d5"]
        N2 -> N1 [label=" 175B" weight=98 penwidth=5 color="#b20100" tooltip="main -> fill (175B)" labeltooltip="main -> fill (175B)"]
        }
    "##]],
    );
}

#[test]
fn many_sizes_are_gathered_into_four_boxes() {
    let text = "
        fill 100 bytes#1024
        fill 90 bytes#2048
        fill 80 bytes#4096
        fill 70 bytes#1048576
        fill 60 bytes#2097152
        fill 50 bytes#1500
    ";
    check(
        text,
        ReportKind::Dot,
        |_| {},
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 450B, 100% of 450B total\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="fill\n450B (100%)" id="node1" fontsize=24 shape=box tooltip="fill (450B)" color="#b20000" fillcolor="#edd5d5"]
        NN1_0 [label = "1kB..1.46kB" id="NN1_0" fontsize=8 shape=box3d tooltip="150B"]
        N1 -> NN1_0 [label=" 150B" weight=100 tooltip="150B" labeltooltip="150B"]
        NN1_1 [label = "1MB..2MB" id="NN1_1" fontsize=8 shape=box3d tooltip="130B"]
        N1 -> NN1_1 [label=" 130B" weight=100 tooltip="130B" labeltooltip="130B"]
        NN1_2 [label = "2kB" id="NN1_2" fontsize=8 shape=box3d tooltip="90B"]
        N1 -> NN1_2 [label=" 90B" weight=100 tooltip="90B" labeltooltip="90B"]
        NN1_3 [label = "4kB" id="NN1_3" fontsize=8 shape=box3d tooltip="80B"]
        N1 -> NN1_3 [label=" 80B" weight=100 tooltip="80B" labeltooltip="80B"]
        }
    "##]],
    );
}

#[test]
fn a_call_tree_has_a_node_for_each_path() {
    let text = "
        main;left;leaf 10
        main;right;leaf 20
        main;right;light;leaf 1
    ";
    check(
        text,
        ReportKind::Dot,
        |request| request.call_tree = true,
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 31B, 100% of 31B total\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="main\n0 of 31B (100%)" id="node1" fontsize=8 shape=box tooltip="main (31B)" color="#b20000" fillcolor="#edd5d5"]
        N2 [label="leaf\n20B (64.52%)" id="node2" fontsize=24 shape=box tooltip="leaf (20B)" color="#b21500" fillcolor="#edd8d5"]
        N3 [label="leaf\n10B (32.26%)" id="node3" fontsize=20 shape=box tooltip="leaf (10B)" color="#b23300" fillcolor="#eddcd5"]
        N4 [label="right\n0 of 21B (67.74%)" id="node4" fontsize=8 shape=box tooltip="right (21B)" color="#b21300" fillcolor="#edd8d5"]
        N5 [label="leaf\n1B (3.23%)" id="node5" fontsize=12 shape=box tooltip="leaf (1B)" color="#b2a895" fillcolor="#edebe9"]
        N6 [label="left\n0 of 10B (32.26%)" id="node6" fontsize=8 shape=box tooltip="left (10B)" color="#b23300" fillcolor="#eddcd5"]
        N7 [label="light\n0 of 1B (3.23%)" id="node7" fontsize=8 shape=box tooltip="light (1B)" color="#b2a895" fillcolor="#edebe9"]
        N1 -> N4 [label=" 21B" weight=68 penwidth=4 color="#b21300" tooltip="main -> right (21B)" labeltooltip="main -> right (21B)"]
        N4 -> N2 [label=" 20B" weight=65 penwidth=4 color="#b21500" tooltip="right -> leaf (20B)" labeltooltip="right -> leaf (20B)"]
        N6 -> N3 [label=" 10B" weight=33 penwidth=2 color="#b23300" tooltip="left -> leaf (10B)" labeltooltip="left -> leaf (10B)"]
        N1 -> N6 [label=" 10B" weight=33 penwidth=2 color="#b23300" tooltip="main -> left (10B)" labeltooltip="main -> left (10B)"]
        N7 -> N5 [label=" 1B" weight=4 color="#b2a895" tooltip="light -> leaf (1B)" labeltooltip="light -> leaf (1B)"]
        N4 -> N7 [label=" 1B" weight=4 color="#b2a895" tooltip="right -> light (1B)" labeltooltip="right -> light (1B)"]
        }
    "##]],
    );
    let edit = |request: &mut Request| {
        request.call_tree = true;
        request.node_fraction = 0.1;
    };
    check(
        text,
        ReportKind::Dot,
        edit,
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 30B, 96.77% of 31B total\lDropped 2 nodes (cum <= 3B)\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        N1 [label="main\n0 of 31B (100%)" id="node1" fontsize=8 shape=box tooltip="main (31B)" color="#b20000" fillcolor="#edd5d5"]
        N2 [label="leaf\n20B (64.52%)" id="node2" fontsize=24 shape=box tooltip="leaf (20B)" color="#b21500" fillcolor="#edd8d5"]
        N3 [label="leaf\n10B (32.26%)" id="node3" fontsize=20 shape=box tooltip="leaf (10B)" color="#b23300" fillcolor="#eddcd5"]
        N4 [label="left\n0 of 10B (32.26%)" id="node4" fontsize=8 shape=box tooltip="left (10B)" color="#b23300" fillcolor="#eddcd5"]
        N5 [label="right\n0 of 21B (67.74%)" id="node5" fontsize=8 shape=box tooltip="right (21B)" color="#b21300" fillcolor="#edd8d5"]
        N1 -> N5 [label=" 21B" weight=68 penwidth=4 color="#b21300" tooltip="main -> right (21B)" labeltooltip="main -> right (21B)"]
        N5 -> N2 [label=" 20B" weight=65 penwidth=4 color="#b21500" tooltip="right -> leaf (20B)" labeltooltip="right -> leaf (20B)"]
        N4 -> N3 [label=" 10B" weight=33 penwidth=2 color="#b23300" tooltip="left -> leaf (10B)" labeltooltip="left -> leaf (10B)"]
        N1 -> N4 [label=" 10B" weight=33 penwidth=2 color="#b23300" tooltip="main -> left (10B)" labeltooltip="main -> left (10B)"]
        }
    "##]],
    );
    check(
        text,
        ReportKind::Callgrind,
        |request| request.call_tree = true,
        expect![[r#"
        positions: instr line
        events: space(B)

        ob=
        fl=
        fn=(1) leaf
        0x0 0 20
        * 0 10
        * 0 1

        ob=
        fl=
        fn=(2) left
        * 0 0
        cfl=
        cfn=(3) leaf [2/3]
        calls=0 * 0
        * * 10

        ob=
        fl=
        fn=(4) light
        * 0 0
        cfl=
        cfn=(5) leaf [3/3]
        calls=0 * 0
        * * 1

        ob=
        fl=
        fn=(6) main
        * 0 0
        cfl=
        cfn=(7) right
        calls=0 * 0
        * * 21
        cfl=
        cfn=(2)
        calls=0 * 0
        * * 10

        ob=
        fl=
        fn=(7)
        * 0 0
        cfl=
        cfn=(8) leaf [1/3]
        calls=0 * 0
        * * 20
        cfl=
        cfn=(4)
        calls=0 * 0
        * * 1
    "#]],
    );
}

#[test]
fn callgrind_names_are_written_once() {
    check(
        SERVER,
        ReportKind::Callgrind,
        |_| {},
        expect![[r#"
        positions: instr line
        events: space(B)

        ob=
        fl=(1) pool.rs
        fn=(1) fill
        0x0 7 800

        ob=
        fl=(2) json.rs
        fn=(2) decode
        * 5 100
        * 6 60

        ob=
        fl=(3) log.rs
        fn=(3) log
        * 9 39

        ob=
        fl=(3)
        fn=(4) flush
        * 30 1

        ob=
        fl=(4) serve.rs
        fn=(5) handle
        * 20 0
        cfl=(1)
        cfn=(1)
        calls=0 * 7
        * * 600
        * 21 0
        cfl=(1)
        cfn=(1)
        calls=0 * 7
        * * 200
        * 22 0
        cfl=(2)
        cfn=(2)
        calls=0 * 5
        * * 100

        ob=
        fl=(5) main.rs
        fn=(6) main
        * 3 0
        cfl=(4)
        cfn=(7) serve
        calls=0 * 10
        * * 960
        * 4 0
        cfl=(3)
        cfn=(3)
        calls=0 * 9
        * * 39
        cfl=(3)
        cfn=(4)
        calls=0 * 30
        * * 1

        ob=
        fl=(4)
        fn=(7)
        * 10 0
        cfl=(4)
        cfn=(5)
        calls=0 * 20
        * * 600
        cfl=(4)
        cfn=(5)
        calls=0 * 21
        * * 200
        cfl=(4)
        cfn=(5)
        calls=0 * 22
        * * 100
        cfl=(2)
        cfn=(2)
        calls=0 * 6
        * * 60
    "#]],
    );
}

/// Random comparison with the real tool found that the columns of nodes without a line count.
#[test]
fn callgrind_numbers_functions_that_differ_in_their_column_only() {
    check(
        "main;get@a.rs:0:1 10\nmain;get@a.rs:0:2 20",
        ReportKind::Callgrind,
        |_| {},
        expect![[r#"
            positions: instr line
            events: space(B)

            ob=
            fl=(1) a.rs
            fn=(1) get
            0x0 0 20
            * 0 10

            ob=
            fl=
            fn=(2) main
            * 0 0
            cfl=(1)
            cfn=(3) get [1/2]
            calls=0 * 0
            * * 20
            cfl=(1)
            cfn=(4) get [2/2]
            calls=0 * 0
            * * 10
        "#]],
    );
}

#[test]
fn top_proto_holds_the_rows_of_top() {
    let mut surroundings = Surroundings {
        current_dir: String::new(),
        read_file: &mut |_| Err(io::ErrorKind::NotFound.into()),
        open_binary: &mut |_, _| Err(String::from("no binaries here")),
        local_time: &|_| (0, String::from("UTC")),
    };
    let request = Request::new(ReportKind::TopProto);
    let answer = answer(fixture::profile(SERVER), &request, &mut surroundings).unwrap();
    let Report::Proto(profile) = answer.report else { panic!("not a profile") };
    let expected = expect![[r#"
        fill 800,800
        decode 160,160
        log 39,39
        handle 900,0
        main 1000,0
        serve 960,0
    "#]];
    expected.assert_eq(&fixture::folded(&profile));
}

#[test]
fn a_sample_type_is_found_by_name_and_by_position() {
    let edit = |index: &'static str| {
        move |request: &mut Request| request.sample_index = String::from(index)
    };
    let text = "main 1,20";
    check(
        text,
        ReportKind::Top,
        edit("0"),
        expect![[r#"
        Type: space
        Showing nodes accounting for 1B, 100% of 1B total
              flat  flat%   sum%        cum   cum%
                1B   100%   100%         1B   100%  main
    "#]],
    );
    check(
        text,
        ReportKind::Top,
        edit("2"),
        expect!["error: sample_index 2 is outside the range [0..1]"],
    );
    check(
        text,
        ReportKind::Top,
        edit("delay"),
        expect![[r#"error: sample_index "delay" must be one of: [space space]"#]],
    );
}

#[test]
fn an_empty_profile_gives_an_empty_table() {
    let text = "- 5";
    check(
        text,
        ReportKind::Top,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 0, 0% of 5B total
              flat  flat%   sum%        cum   cum%
    "#]],
    );
    check(
        text,
        ReportKind::Tree,
        |_| {},
        expect![[r#"
        Type: space
        Showing nodes accounting for 0, 0% of 5B total
        ----------------------------------------------------------+-------------
              flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
    "#]],
    );
    check(
        text,
        ReportKind::Dot,
        |_| {},
        expect![[r##"
        digraph "unnamed" {
        node [style=filled fillcolor="#f8f8f8"]
        subgraph cluster_L { "Type: space" [shape=box fontsize=16 label="Type: space\lShowing nodes accounting for 0, 0% of 5B total\l\lSee https://git.io/JfYMW for how to read the graph\l"] }
        }
    "##]],
    );
}
