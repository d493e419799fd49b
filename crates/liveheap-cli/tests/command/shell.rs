//! The shell, with its lines from a pipe.

use crate::program::Place;
use expect_test::expect;

#[test]
fn reports_go_to_standard_output_and_talk_to_standard_error() {
    let place = Place::with_profile();
    let said = place.run_with(&["small.pb.gz"], "top 1\nfoo\ntop 1 steady\nquit\ntop\n");
    expect![[r#"
        File: server
        Type: inuse_space
        Entering interactive mode (type "help" for commands, "o" for options)
        unrecognized command: "foo"
    "#]]
    .assert_eq(&said.err);
    expect![[r#"
        (liveheap) Showing nodes accounting for 900kB, 90.00% of 1000kB total
        Showing top 1 nodes out of 3
              flat  flat%   sum%        cum   cum%
             900kB 90.00% 90.00%      900kB 90.00%  leak
        (liveheap) (liveheap) Active filters:
           focus=steady
        Showing nodes accounting for 100kB, 10.00% of 1000kB total
        Showing top 1 nodes out of 2
              flat  flat%   sum%        cum   cum%
             100kB 10.00% 10.00%      100kB 10.00%  steady
        (liveheap) "#]]
    .assert_eq(&said.fine());
}

#[test]
fn the_other_door_has_the_other_prompt() {
    let place = Place::with_profile();
    assert_eq!(place.run(&["pprof", "small.pb.gz"]).fine(), "(pprof) ");
}

#[test]
fn options_last_from_line_to_line() {
    let place = Place::with_profile();
    let said = place.run_with(&["small.pb.gz"], "inuse_objects\ncum\ntop 1\n");
    assert!(said.fine().contains("         0     0%     0%         20   100%  main\n"));
}

#[test]
fn a_failed_report_does_not_end_the_shell() {
    let place = Place::with_profile();
    let said = place.run_with(&["small.pb.gz"], "peek nosuch\ntop (\ntop 1\n");
    assert!(said.err.contains("no matches found for regexp: nosuch\n"), "{}", said.err);
    assert!(said.fine().contains("900kB 90.00%"));
}

#[test]
fn binary_reports_go_to_a_numbered_file() {
    let place = Place::with_profile();
    let said = place.run_with(&["small.pb.gz"], "proto\nsvg\ntop 1 >out.txt\n");
    let talk: Vec<&str> = said.err.lines().skip(3).collect();
    assert_eq!(
        talk,
        [
            "Generating report in profile001.pb.gz",
            "Generating report in profile001.svg",
            "Generating report in out.txt"
        ]
    );
    assert!(place.read("profile001.pb.gz").starts_with(&[0x1f, 0x8b]));
    assert!(String::from_utf8(place.read("out.txt")).unwrap().contains("900kB 90.00%"));
}
