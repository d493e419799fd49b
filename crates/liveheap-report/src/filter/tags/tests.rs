//! Ranges, expressions and keys on five small samples.

use super::*;
use crate::filter::filter;
use crate::fixture;
use expect_test::{Expect, expect};

const SAMPLES: &str = "
    a 1 bytes#1024bytes user=ann
    b 2 bytes#2048 user=bob user=ann
    c 3 bytes#4096 wait#2s
    d 4 zone=eu user=eve
    e 5";

#[track_caller]
fn check(set: impl FnOnce(&mut Filters), expected: Expect) {
    let mut filters = Filters::default();
    set(&mut filters);
    let profile = fixture::profile(SAMPLES);
    let (units, _) = TagUnits::identify(&profile);
    let out = match filter(profile, &filters, &units) {
        Err(error) => format!("{error}\n"),
        Ok((profile, notes)) => {
            let notes = notes.iter().map(|note| format!("# {note}\n"));
            fixture::folded(&profile) + &notes.collect::<String>()
        }
    };
    expected.assert_eq(&out);
}

fn focus(text: &str, expected: Expect) {
    check(|filters| filters.tag_focus = text.into(), expected);
}

#[test]
fn a_range_includes_its_bounds_and_converts_units() {
    focus(
        "1kb:2kb",
        expect![[r#"
        a 1 bytes#1024bytes user=ann
        b 2 bytes#2048 user=bob user=ann
        # tagfocus:Interpreted '1kb:2kb' as range, not regexp
    "#]],
    );
    focus(
        "2kb:",
        expect![[r#"
        b 2 bytes#2048 user=bob user=ann
        c 3 bytes#4096 wait#2s
        # tagfocus:Interpreted '2kb:' as range, not regexp
    "#]],
    );
    focus(
        ":1kb",
        expect![[r#"
        a 1 bytes#1024bytes user=ann
        # tagfocus:Interpreted ':1kb' as range, not regexp
    "#]],
    );
    focus(
        "bytes=2048b",
        expect![[r#"
        b 2 bytes#2048 user=bob user=ann
        # tagfocus:Interpreted '2048b' as range, not regexp
    "#]],
    );
    focus(
        "-1s:+2000ms",
        expect![[r#"
        c 3 bytes#4096 wait#2s
        # tagfocus:Interpreted '-1s:+2000ms' as range, not regexp
    "#]],
    );
    focus(
        "wait=1kb:",
        expect![[r#"
        # tagfocus:Interpreted '1kb:' as range, not regexp
        # TagFocus expression matched no samples
    "#]],
    );
}

#[test]
fn bounds_of_different_families_are_an_expression() {
    focus(
        "1kb:2s",
        expect![[r#"
        # TagFocus expression matched no samples
    "#]],
    );
    focus(
        "x1kb",
        expect![[r#"
        # TagFocus expression matched no samples
    "#]],
    );
}

#[test]
fn a_number_beyond_64_bits_is_an_error() {
    focus(
        "99999999999999999999kb",
        expect![[r#"
        parsing tagfocus: the number 99999999999999999999 is too large
    "#]],
    );
}

#[test]
fn with_a_key_one_expression_must_match_its_values() {
    focus(
        "user=^b,^e",
        expect![[r#"
        b 2 bytes#2048 user=bob user=ann
        d 4 zone=eu user=eve
    "#]],
    );
    focus(
        "zone=ann",
        expect![[r#"
        # TagFocus expression matched no samples
    "#]],
    );
}

#[test]
fn without_a_key_each_expression_must_match_some_pair() {
    focus(
        "user:,eu",
        expect![[r#"
        d 4 zone=eu user=eve
    "#]],
    );
    focus(
        "user:b,:ann",
        expect![[r#"
        b 2 bytes#2048 user=bob user=ann
    "#]],
    );
    focus(
        "=^user:e",
        expect![[r#"
        d 4 zone=eu user=eve
    "#]],
    );
    focus(
        "(",
        expect![[r#"
        parsing tagfocus regexp: error parsing regexp: missing closing ): `(`
    "#]],
    );
}

#[test]
fn tagignore_drops_what_matches() {
    check(
        |filters| {
            filters.tag_focus = "user=.".into();
            filters.tag_ignore = "ann".into();
        },
        expect![[r#"
            d 4 zone=eu user=eve
        "#]],
    );
    check(
        |filters| filters.tag_ignore = "nobody".into(),
        expect![[r#"
        a 1 bytes#1024bytes user=ann
        b 2 bytes#2048 user=bob user=ann
        c 3 bytes#4096 wait#2s
        d 4 zone=eu user=eve
        e 5
        # TagIgnore expression matched no samples
    "#]],
    );
}

#[test]
fn tagshow_and_taghide_look_at_keys() {
    check(
        |filters| filters.tag_show = "user|wait".into(),
        expect![[r#"
        a 1 user=ann
        b 2 user=bob user=ann
        c 3 wait#2s
        d 4 user=eve
        e 5
    "#]],
    );
    check(
        |filters| {
            filters.tag_show = "s|z".into();
            filters.tag_hide = "^bytes$|zone".into();
        },
        expect![[r#"
            a 1 user=ann
            b 2 user=bob user=ann
            c 3
            d 4 user=eve
            e 5
        "#]],
    );
    check(
        |filters| {
            filters.tag_show = "nothing".into();
            filters.tag_hide = "nothing".into();
        },
        expect![[r#"
            a 1
            b 2
            c 3
            d 4
            e 5
            # TagShow expression matched no samples
            # TagHide expression matched no samples
        "#]],
    );
}

#[test]
fn many_expressions_are_all_demanded() {
    let many = vec!["user:"; 70].join(",");
    focus(
        &many,
        expect![[r#"
        a 1 bytes#1024bytes user=ann
        b 2 bytes#2048 user=bob user=ann
        d 4 zone=eu user=eve
    "#]],
    );
    focus(
        &format!("{many},nobody"),
        expect![[r#"
        # TagFocus expression matched no samples
    "#]],
    );
}
