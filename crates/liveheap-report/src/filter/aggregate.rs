//! Makes nodes coarser: clears what the granularity of a report does not tell apart.
//!
//! Only the tables change. Entries that look alike afterwards stay apart; who builds nodes groups
//! them by what they hold.

use crate::request::Granularity;
use liveheap_profile::{Profile, StringId};

/// Clears what `granularity` does not tell apart; `no_inlines` leaves each location its outermost
/// line only, `show_columns` keeps columns where lines are kept.
pub(crate) fn aggregate(
    mut profile: Profile,
    granularity: Granularity,
    no_inlines: bool,
    show_columns: bool,
) -> Profile {
    let (function, file, line, address) = match granularity {
        Granularity::Functions => (true, false, false, false),
        Granularity::FileFunctions => (true, true, false, false),
        Granularity::Files => (false, true, false, false),
        Granularity::Lines => (true, true, true, false),
        // Untouched: even the columns stay.
        Granularity::Addresses if !no_inlines => return profile,
        Granularity::Addresses => (true, true, true, true),
    };
    for mapping in &mut profile.mappings {
        mapping.has_functions &= function;
        mapping.has_filenames &= file;
        mapping.has_line_numbers &= line;
        mapping.has_inline_frames &= !no_inlines;
    }
    for entry in &mut profile.functions {
        if !function {
            entry.name = StringId::EMPTY;
            entry.system_name = StringId::EMPTY;
        }
        if !file {
            entry.file = StringId::EMPTY;
        }
    }
    for location in &mut profile.locations {
        if no_inlines && location.line_count > 1 {
            location.first_line += location.line_count - 1;
            location.line_count = 1;
        }
        if !address {
            location.address = 0;
        }
    }
    for entry in &mut profile.lines {
        if !line {
            entry.line = 0;
        }
        if !line || !show_columns {
            entry.column = 0;
        }
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(granularity: Granularity, no_inlines: bool, expected: Expect) {
        let profile = fixture::profile("app!0x10;main@main.rs:1;outer@out.rs:2+inner@in.rs:3 5");
        let profile = aggregate(profile, granularity, no_inlines, false);
        expected.assert_eq(&fixture::folded(&profile));
    }

    #[test]
    fn what_is_not_told_apart_is_cleared() {
        check(
            Granularity::Functions,
            false,
            expect![[r#"
            app!0x0;main;outer+inner 5
        "#]],
        );
        check(
            Granularity::FileFunctions,
            false,
            expect![[r#"
            app!0x0;main@main.rs;outer@out.rs+inner@in.rs 5
        "#]],
        );
        check(
            Granularity::Files,
            false,
            expect![[r#"
            app!0x0;@main.rs;@out.rs+@in.rs 5
        "#]],
        );
        check(
            Granularity::Lines,
            false,
            expect![[r#"
            app!0x0;main@main.rs:1;outer@out.rs:2+inner@in.rs:3 5
        "#]],
        );
        check(
            Granularity::Addresses,
            false,
            expect![[r#"
            app!0x10;main@main.rs:1;outer@out.rs:2+inner@in.rs:3 5
        "#]],
        );
    }

    #[test]
    fn without_inlined_frames_the_outermost_line_is_left() {
        check(
            Granularity::Lines,
            true,
            expect![[r#"
            app!0x0;main@main.rs:1;outer@out.rs:2 5
        "#]],
        );
        check(
            Granularity::Addresses,
            true,
            expect![[r#"
            app!0x10;main@main.rs:1;outer@out.rs:2 5
        "#]],
        );
    }
}
