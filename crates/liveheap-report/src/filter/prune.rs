//! Takes uninteresting frames off the leaf end of stacks.
//!
//! [`drop_uninteresting`] follows the expressions that a profile brings along (allocators,
//! profilers); `prune_from` is the user's option. Both look at a simplified function name: without
//! a leading dot and without arguments.

use crate::pattern::Pattern;
use liveheap_profile::{Profile, Samples, StringId};

/// Drops the frames that the profile's own `drop_frames` names, and all they called, unless
/// `keep_frames` names them.
///
/// Frames at the root that match are left alone until one does not, so that no stack vanishes.
/// An expression that does not parse is ignored, because the user did not write it.
pub fn drop_uninteresting(profile: Profile) -> Profile {
    let compile = |id| Pattern::new(&format!("^({})$", profile.text(id)));
    if profile.drop_frames.is_empty() {
        return profile;
    }
    let Ok(drop) = compile(profile.drop_frames) else { return profile };
    let keep = if profile.keep_frames.is_empty() {
        None
    } else {
        let Ok(keep) = compile(profile.keep_frames) else { return profile };
        Some(keep)
    };
    let dropped = matching_functions(&profile, |name| {
        drop.is_match(name) && !keep.as_ref().is_some_and(|keep| keep.is_match(name))
    });
    // Most profiles bring an expression and none of the functions.
    if dropped.contains(&true) { prune(profile, &dropped) } else { profile }
}

/// What becomes of a stack at a location.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Nothing.
    None,
    /// Everything below the location goes.
    Below,
    /// The location goes too.
    Here,
}

fn prune(mut profile: Profile, dropped: &[bool]) -> Profile {
    let mut cuts = Vec::with_capacity(profile.locations.len());
    for location in &mut profile.locations {
        let (first, count) = (location.first_line as usize, location.line_count);
        let lines = &profile.lines[first..first + count as usize];
        let Some(outermost) = lines.iter().rposition(|line| dropped[line.function.get()]) else {
            cuts.push(Cut::None);
            continue;
        };
        let gone = u32::try_from(outermost + 1).expect("no more lines than the location has");
        if gone == count {
            cuts.push(Cut::Here);
        } else {
            location.first_line += gone;
            location.line_count -= gone;
            cuts.push(Cut::Below);
        }
    }
    cut_stacks(profile, |stack| {
        let cut = |position: &usize| cuts[stack[*position].get()];
        // From the root: skip what matches before the first frame of the user's own.
        let mut positions = (0..stack.len()).rev().skip_while(|at| cut(at) != Cut::None);
        match positions.find(|at| cut(at) != Cut::None) {
            Some(at) if cut(&at) == Cut::Here => at + 1,
            Some(at) => at,
            None => 0,
        }
    })
}

/// Drops the frames below the leaf-most one whose function matches.
pub(super) fn prune_from(mut profile: Profile, pattern: &Pattern) -> Profile {
    let matching = matching_functions(&profile, |name| pattern.is_match(name));
    let mut matched = Vec::with_capacity(profile.locations.len());
    for location in &mut profile.locations {
        let (first, count) = (location.first_line as usize, location.line_count as usize);
        let lines = &profile.lines[first..first + count];
        let innermost = lines.iter().position(|line| matching[line.function.get()]);
        if let Some(gone) = innermost {
            let gone = u32::try_from(gone).expect("no more lines than the location has");
            location.first_line += gone;
            location.line_count -= gone;
        }
        matched.push(innermost.is_some());
    }
    cut_stacks(profile, |stack| stack.iter().position(|at| matched[at.get()]).unwrap_or(0))
}

/// Takes the first frames off each stack, as many as `count` says.
fn cut_stacks(
    mut profile: Profile,
    count: impl Fn(&[liveheap_profile::LocationIndex]) -> usize,
) -> Profile {
    let samples = std::mem::take(&mut profile.samples);
    profile.samples = Samples::new(samples.width());
    for sample in 0..samples.len() {
        let stack = samples.stack(sample);
        let (values, labels) = (samples.values(sample), samples.labels(sample));
        profile.samples.push(&stack[count(stack)..], values, labels);
    }
    profile
}

/// For each function: whether it has a name and `matches` says yes to the simplified name.
fn matching_functions(profile: &Profile, matches: impl Fn(&str) -> bool) -> Vec<bool> {
    let mut answers: Vec<Option<bool>> = vec![None; profile.strings.len()];
    answers[StringId::EMPTY.get()] = Some(false);
    let mut answer = |name: StringId| {
        *answers[name.get()].get_or_insert_with(|| matches(simplified(profile.text(name))))
    };
    profile.functions.iter().map(|function| answer(function.name)).collect()
}

/// A name without the leading dot of old PowerPC binaries and without arguments.
fn simplified(name: &str) -> &str {
    let name = name.strip_prefix('.').unwrap_or(name);
    let mut from = 0;
    while let Some(found) = name[from..].find('(') {
        let at = from + found;
        if name[at..].starts_with("(anonymous namespace)") {
            from = at + "(anonymous namespace)".len();
        } else if name[from..at].ends_with("operator") && name[at..].starts_with("()") {
            from = at + "()".len();
        } else {
            return &name[..at];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(drop: &str, keep: &str, samples: &str, expected: Expect) {
        let mut profile = fixture::profile(samples);
        let mut strings = liveheap_profile::Interner::resume(profile.strings);
        profile.drop_frames = strings.intern(drop);
        profile.keep_frames = strings.intern(keep);
        profile.strings = strings.finish();
        expected.assert_eq(&fixture::folded(&drop_uninteresting(profile)));
    }

    #[track_caller]
    fn check_from(pattern: &str, samples: &str, expected: Expect) {
        let pattern = Pattern::new(pattern).unwrap();
        expected.assert_eq(&fixture::folded(&prune_from(fixture::profile(samples), &pattern)));
    }

    #[test]
    fn a_match_and_what_it_called_go() {
        check(
            "malloc|new",
            "",
            "main;new;malloc;brk 1",
            expect![[r#"
            main 1
        "#]],
        );
        check(
            "mallo",
            "",
            "main;malloc 1",
            expect![[r#"
            main;malloc 1
        "#]],
        );
        check(
            "new|malloc",
            "new",
            "main;new;malloc 1",
            expect![[r#"
            main;new 1
        "#]],
        );
    }

    #[test]
    fn a_match_at_the_root_is_left_alone() {
        check(
            "malloc",
            "",
            "malloc;malloc 1",
            expect![[r#"
            malloc;malloc 1
        "#]],
        );
        check(
            "malloc",
            "",
            "malloc;main;malloc;brk 1",
            expect![[r#"
            malloc;main 1
        "#]],
        );
    }

    #[test]
    fn a_location_is_cut_at_its_outermost_match() {
        check(
            "new",
            "",
            "main;make+new+copy;leaf 1",
            expect![[r#"
            main;make 1
        "#]],
        );
        check(
            "make",
            "",
            "main;make+new;leaf 1",
            expect![[r#"
            main 1
        "#]],
        );
    }

    #[test]
    fn a_bad_expression_is_ignored() {
        check(
            "(",
            "",
            "main;malloc 1",
            expect![[r#"
            main;malloc 1
        "#]],
        );
        check(
            "malloc",
            "(",
            "main;malloc 1",
            expect![[r#"
            main;malloc 1
        "#]],
        );
    }

    #[test]
    fn prune_from_keeps_the_leaf_most_match() {
        check_from(
            "new",
            "main;new;work;new;malloc 1",
            expect![[r#"
            main;new;work;new 1
        "#]],
        );
        check_from(
            "new",
            "main;make+new+copy;leaf 1",
            expect![[r#"
            main;make+new 1
        "#]],
        );
        check_from(
            "nothing",
            "main;leaf 1",
            expect![[r#"
            main;leaf 1
        "#]],
        );
    }

    #[test]
    fn names_lose_dot_and_arguments() {
        assert_eq!(simplified(".main(int)"), "main");
        assert_eq!(simplified("(anonymous namespace)::f(int)"), "(anonymous namespace)::f");
        assert_eq!(simplified("A::operator()(int)"), "A::operator()");
        assert_eq!(simplified("main.(*T).Get"), "main.");
    }
}
