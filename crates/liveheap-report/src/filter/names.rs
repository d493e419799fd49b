//! Filters by function, file and binary: focus, ignore, hide, show, show_from.
//!
//! An expression matches a line when it matches the function's name or file, and a location when
//! it matches one of its lines or the mapping's file. Focus and ignore keep or drop whole samples;
//! hide and show take out lines, and a location that loses all its lines is taken out of stacks;
//! show_from cuts what stands above the root-most match. A sample that loses its last frame goes.

use super::nothing_matched;
use super::text_matcher::TextMatcher;
use crate::error::{Error, Note};
use crate::pattern::Pattern;
use crate::request::Filters;
use liveheap_profile::{Line, LocationIndex, Profile, Samples};

/// The compiled expressions; `None` for an option that is not set.
#[derive(Debug)]
pub(super) struct NamePatterns {
    focus: Option<Pattern>,
    ignore: Option<Pattern>,
    hide: Option<Pattern>,
    show: Option<Pattern>,
    show_from: Option<Pattern>,
}

impl NamePatterns {
    /// Compiles them.
    ///
    /// # Errors
    /// The first that does not parse.
    pub(super) fn new(filters: &Filters) -> Result<Self, Error> {
        Ok(Self {
            focus: Pattern::of_option("focus", &filters.focus)?,
            ignore: Pattern::of_option("ignore", &filters.ignore)?,
            hide: Pattern::of_option("hide", &filters.hide)?,
            show: Pattern::of_option("show", &filters.show)?,
            show_from: Pattern::of_option("show_from", &filters.show_from)?,
        })
    }
}

/// Applies the five filters.
pub(super) fn filter_names(profile: Profile, patterns: &NamePatterns) -> (Profile, Vec<Note>) {
    let (profile, mut notes) = keep_and_hide(profile, patterns);
    let Some(pattern) = &patterns.show_from else { return (profile, notes) };
    let (profile, matched) = show_from(profile, pattern);
    if !matched {
        notes.push(nothing_matched("ShowFrom"));
    }
    (profile, notes)
}

/// A frame here keeps its sample.
const FOCUSED: u8 = 1;
/// A frame here drops its sample.
const IGNORED: u8 = 2;
/// Frames here are taken out.
const HIDDEN: u8 = 4;

/// Where one expression matches.
struct Matches {
    functions: Vec<bool>,
    mappings: Vec<bool>,
}

impl Matches {
    fn new(pattern: &Pattern, profile: &Profile) -> Self {
        let mut matcher = TextMatcher::new(pattern, profile);
        Self { functions: matcher.functions(profile), mappings: matcher.mappings(profile) }
    }

    fn line(&self, line: &Line) -> bool {
        self.functions[line.function.get()]
    }

    fn mapping_of(&self, profile: &Profile, at: LocationIndex) -> bool {
        profile.locations[at.get()].mapping.is_some_and(|mapping| self.mappings[mapping.get()])
    }

    fn location(&self, profile: &Profile, at: LocationIndex) -> bool {
        self.mapping_of(profile, at) || profile.lines_of(at).iter().any(|line| self.line(line))
    }
}

fn keep_and_hide(mut profile: Profile, patterns: &NamePatterns) -> (Profile, Vec<Note>) {
    let find =
        |pattern: &Option<Pattern>| pattern.as_ref().map(|pattern| Matches::new(pattern, &profile));
    let (focus, ignore) = (find(&patterns.focus), find(&patterns.ignore));
    let (hide, show) = (find(&patterns.hide), find(&patterns.show));
    if focus.is_none() && ignore.is_none() && hide.is_none() && show.is_none() {
        return (profile, Vec::new());
    }

    // Decide once for each location, and give it the lines that are left.
    let mut fates = vec![0_u8; profile.locations.len()];
    let mut lines = Vec::with_capacity(profile.lines.len());
    let (mut focused, mut ignored, mut hidden, mut shown) = (false, false, false, false);
    let mut line_runs = Vec::with_capacity(profile.locations.len());
    for (position, fate) in fates.iter_mut().enumerate() {
        let at = LocationIndex::new(position);
        let matches = |option: &Option<Matches>| {
            option.as_ref().is_some_and(|option| option.location(&profile, at))
        };
        if matches(&ignore) {
            ignored = true;
            *fate |= IGNORED;
        } else if focus.is_none() || matches(&focus) {
            focused = true;
            *fate |= FOCUSED;
        }
        let first = lines.len();
        lines.extend_from_slice(profile.lines_of(at));
        if let Some(hide) = hide.as_ref().filter(|hide| hide.location(&profile, at)) {
            hidden = true;
            if hide.mapping_of(&profile, at) {
                lines.truncate(first);
            }
            retain_from(&mut lines, first, |line| !hide.line(line));
            if lines.len() == first {
                *fate |= HIDDEN;
            }
        }
        if let Some(show) = &show {
            if !show.mapping_of(&profile, at) {
                retain_from(&mut lines, first, |line| show.line(line));
            }
            // Nothing can be shown of a location without lines.
            if lines.len() == first {
                *fate |= HIDDEN;
            } else {
                shown = true;
            }
        }
        line_runs.push((first, lines.len() - first));
    }
    if hide.is_some() || show.is_some() {
        profile.lines = lines;
        for (location, (first, count)) in profile.locations.iter_mut().zip(line_runs) {
            location.first_line = u32::try_from(first).expect("no more lines than before");
            location.line_count = u32::try_from(count).expect("no more lines than before");
        }
    }

    profile.samples = walk(&profile.samples, &fates);
    let mut notes = Vec::new();
    for (option, is_set, matched) in [
        ("Focus", focus.is_some(), focused),
        ("Ignore", ignore.is_some(), ignored),
        ("Hide", hide.is_some(), hidden),
        ("Show", show.is_some(), shown),
    ] {
        if is_set && !matched {
            notes.push(nothing_matched(option));
        }
    }
    (profile, notes)
}

/// Keeps the lines from `first` on that `keep` says, and all before.
fn retain_from(lines: &mut Vec<Line>, first: usize, keep: impl Fn(&Line) -> bool) {
    let mut end = first;
    for position in first..lines.len() {
        if keep(&lines[position]) {
            lines[end] = lines[position];
            end += 1;
        }
    }
    lines.truncate(end);
}

fn walk(samples: &Samples, fates: &[u8]) -> Samples {
    let mut kept = Samples::new(samples.width());
    let mut visible = Vec::new();
    for sample in 0..samples.len() {
        let stack = samples.stack(sample);
        let all = stack.iter().fold(0, |all, at| all | fates[at.get()]);
        if all & (FOCUSED | IGNORED) != FOCUSED {
            continue;
        }
        if all & HIDDEN == 0 {
            kept.push(stack, samples.values(sample), samples.labels(sample));
            continue;
        }
        visible.clear();
        visible.extend(stack.iter().filter(|at| fates[at.get()] & HIDDEN == 0));
        if !visible.is_empty() {
            kept.push(&visible, samples.values(sample), samples.labels(sample));
        }
    }
    kept
}

/// Cuts each stack above its root-most match; says whether any location matched.
fn show_from(mut profile: Profile, pattern: &Pattern) -> (Profile, bool) {
    let found = Matches::new(pattern, &profile);
    let mut matched = vec![false; profile.locations.len()];
    for (position, matched) in matched.iter_mut().enumerate() {
        let at = LocationIndex::new(position);
        if found.mapping_of(&profile, at) {
            *matched = true;
        } else if let Some(last) = profile.lines_of(at).iter().rposition(|line| found.line(line)) {
            *matched = true;
            let count = u32::try_from(last + 1).expect("no more lines than before");
            profile.locations[position].line_count = count;
        }
    }
    let samples = std::mem::take(&mut profile.samples);
    profile.samples = Samples::new(samples.width());
    for sample in 0..samples.len() {
        let stack = samples.stack(sample);
        if let Some(root) = stack.iter().rposition(|at| matched[at.get()]) {
            let (values, labels) = (samples.values(sample), samples.labels(sample));
            profile.samples.push(&stack[..=root], values, labels);
        }
    }
    (profile, matched.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use expect_test::{Expect, expect};

    const SAMPLES: &str = "
        app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;app!leak@leak.rs:4 10
        app!main@main.rs:1;app!cache@cache.rs:5;libc!malloc 20
        app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;libc!0x10 30
        - 40";

    #[track_caller]
    fn check(set: impl FnOnce(&mut Filters), expected: Expect) {
        let mut filters = Filters::default();
        set(&mut filters);
        let patterns = NamePatterns::new(&filters).unwrap();
        let (profile, notes) = filter_names(fixture::profile(SAMPLES), &patterns);
        let mut out = fixture::folded(&profile);
        for note in notes {
            out.push_str(&format!("# {note}\n"));
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn focus_keeps_samples_with_a_frame_that_matches() {
        check(
            |f| f.focus = "leak|cache.rs".into(),
            expect![[r#"
                app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;app!leak@leak.rs:4 10
                app!main@main.rs:1;app!cache@cache.rs:5;libc!malloc 20
            "#]],
        );
        check(
            |f| f.focus = "libc".into(),
            expect![[r#"
            app!main@main.rs:1;app!cache@cache.rs:5;libc!malloc 20
            app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;libc!0x10 30
        "#]],
        );
        check(
            |f| f.focus = "nowhere".into(),
            expect![[r#"
            # Focus expression matched no samples
        "#]],
        );
    }

    #[test]
    fn ignore_wins_over_focus_and_drops_empty_stacks() {
        check(
            |f| f.ignore = "leak".into(),
            expect![[r#"
            app!main@main.rs:1;app!cache@cache.rs:5;libc!malloc 20
            app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;libc!0x10 30
        "#]],
        );
        check(
            |f| {
                f.focus = "read".into();
                f.ignore = "^leak$".into();
            },
            expect![[r#"
                app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3;libc!0x10 30
            "#]],
        );
    }

    #[test]
    fn hide_takes_out_single_inlined_lines() {
        check(
            |f| f.hide = "^read$".into(),
            expect![[r#"
            app!main@main.rs:1;app!serve@net.rs:2;app!leak@leak.rs:4 10
            app!main@main.rs:1;app!cache@cache.rs:5;libc!malloc 20
            app!main@main.rs:1;app!serve@net.rs:2;libc!0x10 30
        "#]],
        );
    }

    #[test]
    fn hide_by_binary_takes_out_whole_locations() {
        check(
            |f| f.hide = "libc|leak".into(),
            expect![[r#"
            app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3 10
            app!main@main.rs:1;app!cache@cache.rs:5 20
            app!main@main.rs:1;app!serve@net.rs:2+read@io.rs:3 30
        "#]],
        );
        check(
            |f| f.hide = "app".into(),
            expect![[r#"
            libc!malloc 20
            libc!0x10 30
        "#]],
        );
    }

    #[test]
    fn show_keeps_only_what_matches_and_nothing_without_lines() {
        check(
            |f| f.show = "main|read".into(),
            expect![[r#"
            app!main@main.rs:1;app!read@io.rs:3 10
            app!main@main.rs:1 20
            app!main@main.rs:1;app!read@io.rs:3 30
        "#]],
        );
        check(
            |f| f.show = "libc".into(),
            expect![[r#"
            libc!malloc 20
        "#]],
        );
        check(
            |f| f.show = "nowhere".into(),
            expect![[r#"
            # Show expression matched no samples
        "#]],
        );
    }

    #[test]
    fn show_from_cuts_above_the_root_most_match() {
        check(
            |f| f.show_from = "net.rs|malloc".into(),
            expect![[r#"
            app!serve@net.rs:2+read@io.rs:3;app!leak@leak.rs:4 10
            libc!malloc 20
            app!serve@net.rs:2+read@io.rs:3;libc!0x10 30
        "#]],
        );
        check(
            |f| f.show_from = "read".into(),
            expect![[r#"
            app!read@io.rs:3;app!leak@leak.rs:4 10
            app!read@io.rs:3;libc!0x10 30
        "#]],
        );
        check(
            |f| f.show_from = "nowhere".into(),
            expect![[r#"
            # ShowFrom expression matched no samples
        "#]],
        );
    }

    #[test]
    fn focus_and_ignore_of_one_expression_split_the_samples_with_frames() {
        let sum = |filters: &Filters| -> i64 {
            let patterns = NamePatterns::new(filters).unwrap();
            let (profile, _) = filter_names(fixture::profile(SAMPLES), &patterns);
            (0..profile.samples.len()).map(|sample| profile.samples.values(sample)[0]).sum()
        };
        for pattern in ["main", "read", "libc", "cache.rs|leak", "nowhere"] {
            let focus = Filters { focus: pattern.into(), ..Filters::default() };
            let ignore = Filters { ignore: pattern.into(), ..Filters::default() };
            assert_eq!(sum(&focus) + sum(&ignore), 60, "{pattern}");
        }
    }
}
