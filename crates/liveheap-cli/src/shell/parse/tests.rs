//! What lines mean, and what is said about those that mean nothing.

use super::*;
use liveheap_profile::ProfileBuilder;

fn session(door: Door) -> Session {
    let mut builder = ProfileBuilder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    builder.sample(&[], &[1, 10], &[]);
    Session::new(door, builder.finish())
}

/// Types lines into a shell; what the last one asks for, in short.
fn typed(lines: &[&str]) -> String {
    typed_behind(Door::Pprof, lines)
}

fn typed_behind(door: Door, lines: &[&str]) -> String {
    let session = session(door);
    let mut settings = Settings::default();
    let mut last = String::new();
    for line in lines.iter().flat_map(|line| expand(line, &session)) {
        last = match parse(&line, &mut settings, &session) {
            Ok(Step::Report(wanted)) => {
                let Wanted { command, pattern, settings } = *wanted;
                let filters = &settings.base.filters;
                format!(
                    "{} {pattern:?} n={} {:?} focus={:?} ignore={:?} tags={:?} output={:?}",
                    command.name,
                    settings.node_count,
                    settings.base.sort,
                    filters.focus,
                    filters.ignore,
                    filters.tag_focus,
                    settings.output,
                )
            }
            Ok(Step::Done) => format!(
                "done focus={:?} n={} index={:?} mean={} {:?}",
                settings.base.filters.focus,
                settings.node_count,
                settings.base.sample_index,
                settings.base.mean,
                settings.base.sort,
            ),
            Ok(other) => format!("{other:?}"),
            Err(error) => error,
        };
    }
    last
}

#[test]
fn a_report_takes_a_limit_an_order_and_filters() {
    let wanted = r#"top "" n=5 Cum focus="a|b" ignore="c|d" tags="" output="f""#;
    assert_eq!(typed(&["top 5 a b -c -d -cum >f"]), wanted);
    assert_eq!(typed(&["top5 a -c --cum b -d > f"]), wanted);
}

#[test]
fn top_shows_ten_rows_unless_told_otherwise() {
    assert!(typed(&["top"]).contains("n=10 "));
    assert!(typed(&["top 0"]).contains("n=0 "));
    assert!(typed(&["nodecount=4", "top"]).contains("n=4 "));
    assert!(typed(&["tree"]).contains("n=-1 "));
}

#[test]
fn a_number_beyond_32_bits_is_an_expression() {
    assert!(typed(&["top 99999999999"]).contains(r#"focus="99999999999""#));
}

#[test]
fn tags_are_filtered_by_tags() {
    assert!(typed(&["tags a b"]).contains(r#"focus="" ignore="" tags="a|b""#));
}

#[test]
fn arguments_hold_once_and_assignments_stay() {
    assert!(typed(&["focus=x", "top y", "top"]).contains(r#"focus="x""#));
}

#[test]
fn an_assignment_may_carry_a_remark() {
    assert!(typed(&["focus = a b //: because"]).contains(r#"focus="a b""#));
}

#[test]
fn shorthands_stand_for_lines() {
    assert!(typed(&["samples"]).contains(r#"index="samples" mean=false"#));
    assert!(typed(&["mean_cpu"]).contains(r#"index="cpu" mean=true"#));
    assert!(typed(&["mean_cpu", "total_samples"]).contains(r#"index="samples" mean=false"#));
    assert!(typed(&["focus=x", ":"]).contains(r#"focus="""#));
    assert!(typed(&["sample_index=0"]).contains(r#"index="samples""#));
}

#[test]
fn a_word_of_a_group_alone_counts_in_our_own_shell_only() {
    assert_eq!(typed(&["cum"]), r#"unknown config field "cum""#);
    assert!(typed(&["cum=true"]).ends_with("Cum"));
    assert!(typed_behind(Door::Own, &["cum"]).ends_with("Cum"));
    assert_eq!(typed_behind(Door::Own, &["cum=no"]), r#"unknown config field "cum""#);
}

#[test]
fn errors_are_those_that_people_know() {
    for (line, error) in [
        ("bogus", r#"unrecognized command: "bogus""#),
        ("bogus10", r#"unrecognized command: "bogus""#),
        ("top10x", r#"unrecognized command: "top10x""#),
        ("10", r#"unrecognized command: "10""#),
        ("list", "command list requires an argument"),
        ("focus", "please specify a value, e.g. focus=<val>"),
        ("show foo", "did you mean: show=foo"),
        ("sort up", r#"unrecognized command: "sort""#),
        ("sample_index=x", r#"sample_index "x" must be one of: [samples cpu]"#),
        ("sample_index=5", "sample_index 5 is outside the range [0..1]"),
        ("nodecount=x", r#"strconv.Atoi: parsing "x": invalid syntax"#),
        (
            "nodecount=99999999999999999999",
            r#"strconv.Atoi: parsing "99999999999999999999": value out of range"#,
        ),
        ("nodefraction=abc", r#"strconv.ParseFloat: parsing "abc": invalid syntax"#),
        ("divide_by=1e400", r#"strconv.ParseFloat: parsing "1e400": value out of range"#),
        ("trim=perhaps", r#"illegal value "perhaps" for bool variable"#),
        ("sort=sideways", r#"invalid "sort" value "sideways""#),
        ("lines=false", r#"unknown config field "lines""#),
        ("top >", "unexpected end of line after >"),
    ] {
        assert_eq!(typed(&[line]), error, "{line}");
    }
}

#[test]
fn words_that_are_no_report() {
    assert_eq!(typed(&["q"]), "Quit");
    assert_eq!(typed(&["o"]), "Options");
    assert_eq!(typed(&["help  top"]), r#"Help("top")"#);
    assert!(typed(&["  "]).starts_with("done"));
}

#[test]
fn our_own_shell_takes_options_as_our_command_line_does() {
    let typed = |line: &str| typed_behind(Door::Own, &[line]);
    assert_eq!(typed("top -n 5"), typed("top 5"));
    assert_eq!(typed("top --nodecount=5 --sort=cum"), typed("top 5 --cum"));
    assert_eq!(typed("top --focus main"), typed("top main"));
    assert_eq!(typed("sample-index=cpu"), typed("sample_index=cpu"));
    assert_eq!(typed("top --nosuch=1"), "there is no option --nosuch=1: `o` lists all");
    assert_eq!(typed("nosuch=1"), "there is no option nosuch: `o` lists all");
}

#[test]
fn our_own_shell_says_in_its_own_words_what_is_no_number() {
    let typed = |line: &str| typed_behind(Door::Own, &[line]);
    assert_eq!(typed("nodecount=ten"), "nodecount: \"ten\" is not a whole number");
    assert_eq!(typed("divide_by=x"), "divide_by: \"x\" is not a number");
    assert_eq!(typed("mean=perhaps"), "mean: \"perhaps\" is neither true nor false");
}

#[test]
fn the_other_shell_ignores_what_has_a_dash() {
    assert!(typed(&["top -n 5"]).contains("ignore=\"n\""), "{}", typed(&["top -n 5"]));
}
