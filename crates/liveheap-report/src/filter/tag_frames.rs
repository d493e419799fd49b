//! Labels as frames: tagroot and tagleaf.
//!
//! For each key, every sample gets a frame at its root or leaf whose function is named by the
//! sample's values of that key and whose file is the key. The first root key is outermost, the
//! last leaf key is the leaf. A sample without the label gets a frame without a name.

use super::distinct_labels::DistinctLabels;
use super::nothing_matched;
use crate::error::Note;
use crate::measure::scaled_label;
use liveheap_profile::{
    Function, FunctionIndex, Interner, Label, LabelData, Line, Location, LocationIndex, Profile,
    Samples, StringId,
};
use std::collections::HashMap;

/// Adds the frames; `root_keys` and `leaf_keys` are separated by commas, numbers are shown in
/// `unit`.
pub(crate) fn add_tag_frames(
    mut profile: Profile,
    root_keys: &str,
    leaf_keys: &str,
    unit: &str,
) -> (Profile, Vec<Note>) {
    let samples = std::mem::take(&mut profile.samples);
    let mut frames = Frames::new(profile, unit);
    let mut roots = frames.keys(root_keys);
    let mut leaves = frames.keys(leaf_keys);
    let (mut root_matched, mut leaf_matched) = (false, false);
    let samples = if roots.is_empty() && leaves.is_empty() {
        samples
    } else {
        let mut with_frames = Samples::new(samples.width());
        let (mut above, mut stack) = (Vec::new(), Vec::new());
        for sample in 0..samples.len() {
            let labels = samples.labels(sample);
            above.clear();
            stack.clear();
            root_matched |= frames.append(&mut roots, labels, &mut above);
            leaf_matched |= frames.append(&mut leaves, labels, &mut stack);
            stack.extend_from_slice(samples.stack(sample));
            stack.extend_from_slice(&above);
            with_frames.push(&stack, samples.values(sample), labels);
        }
        with_frames
    };
    let mut profile = frames.finish();
    profile.samples = samples;
    let mut notes = Vec::new();
    if !root_keys.is_empty() && !root_matched {
        notes.push(nothing_matched("TagRoot"));
    }
    if !leaf_keys.is_empty() && !leaf_matched {
        notes.push(nothing_matched("TagLeaf"));
    }
    (profile, notes)
}

/// A key whose values become frames.
struct Key {
    /// `None` when no text of the profile is the key.
    id: Option<StringId>,
    text: String,
    /// For the number of a distinct label of this key: the frame of a sample that has no other.
    single: HashMap<usize, LocationIndex>,
    /// The frame of a sample without the label.
    missing: Option<LocationIndex>,
}

/// The frames made so far.
struct Frames<'a> {
    /// The profile, without its texts and samples.
    profile: Profile,
    strings: Interner,
    /// By function name and key.
    made: HashMap<(String, String), LocationIndex>,
    distinct: DistinctLabels,
    next_function_id: u64,
    next_location_id: u64,
    unit: &'a str,
}

impl<'a> Frames<'a> {
    fn new(mut profile: Profile, unit: &'a str) -> Self {
        let highest = |ids: &mut dyn Iterator<Item = u64>| ids.max().unwrap_or(0);
        let function_id = highest(&mut profile.functions.iter().map(|function| function.id));
        let location_id = highest(&mut profile.locations.iter().map(|location| location.id));
        Self {
            strings: Interner::resume(std::mem::take(&mut profile.strings)),
            profile,
            made: HashMap::new(),
            distinct: DistinctLabels::new(),
            next_function_id: function_id.wrapping_add(1),
            next_location_id: location_id.wrapping_add(1),
            unit,
        }
    }

    fn keys(&self, keys: &str) -> Vec<Key> {
        let key = |text: &str| Key {
            id: self.strings.find(text),
            text: String::from(text),
            single: HashMap::new(),
            missing: None,
        };
        keys.split(',').filter(|text| !text.is_empty()).map(key).collect()
    }

    /// Appends the frames of one sample, last key first; says whether it has any of the labels.
    fn append(
        &mut self,
        keys: &mut [Key],
        labels: &[Label],
        stack: &mut Vec<LocationIndex>,
    ) -> bool {
        let mut matched = false;
        for key in keys.iter_mut().rev() {
            let mut of_key = labels.iter().filter(|label| Some(label.key) == key.id);
            let (first, second) = (of_key.next(), of_key.next());
            matched |= first.is_some();
            let frame = match (first, second) {
                (None, _) => match key.missing {
                    Some(frame) => frame,
                    None => *key.missing.insert(self.frame("", &key.text)),
                },
                (Some(label), None) => {
                    let number = self.distinct.number(*label);
                    match key.single.get(&number) {
                        Some(frame) => *frame,
                        None => {
                            let name = self.name(&[*label]);
                            let frame = self.frame(&name, &key.text);
                            key.single.insert(number, frame);
                            frame
                        }
                    }
                }
                (Some(_), Some(_)) => {
                    let of_key: Vec<Label> =
                        labels.iter().filter(|label| Some(label.key) == key.id).copied().collect();
                    let name = self.name(&of_key);
                    self.frame(&name, &key.text)
                }
            };
            stack.push(frame);
        }
        matched
    }

    /// The values of one key in one sample: texts first, then numbers, separated by commas.
    fn name(&self, labels: &[Label]) -> String {
        let mut values = Vec::with_capacity(labels.len());
        // Where no value of the key has a unit, none is shown; else also the others are converted.
        let mut has_unit = false;
        for label in labels {
            match label.value {
                LabelData::Text(text) => values.push(String::from(self.strings.text(text))),
                LabelData::Number { unit, .. } => has_unit |= !unit.is_empty(),
            }
        }
        for label in labels {
            let LabelData::Number { value, unit } = label.value else { continue };
            let target = if has_unit { self.unit } else { "" };
            values.push(scaled_label(value, self.strings.text(unit), target));
        }
        values.join(",")
    }

    fn frame(&mut self, name: &str, key: &str) -> LocationIndex {
        let identity = (String::from(name), String::from(key));
        if let Some(found) = self.made.get(&identity) {
            return *found;
        }
        let profile = &mut self.profile;
        let function = FunctionIndex::new(profile.functions.len());
        profile.functions.push(Function {
            id: self.next_function_id,
            name: self.strings.intern(name),
            file: self.strings.intern(key),
            ..Function::default()
        });
        let made = LocationIndex::new(profile.locations.len());
        profile.locations.push(Location {
            id: self.next_location_id,
            first_line: u32::try_from(profile.lines.len()).expect("below 2^32 lines"),
            line_count: 1,
            ..Location::default()
        });
        profile.lines.push(Line { function, line: 0, column: 0 });
        self.next_function_id = self.next_function_id.wrapping_add(1);
        self.next_location_id = self.next_location_id.wrapping_add(1);
        self.made.insert(identity, made);
        made
    }

    fn finish(self) -> Profile {
        Profile { strings: self.strings.finish(), ..self.profile }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use expect_test::{Expect, expect};

    const SAMPLES: &str = "
        main;leaf 1 user=ann bytes#2048bytes
        main;leaf 2 user=bob user=ann bytes#16
        main;leaf 3 bytes#1024bytes bytes#5
        main;leaf 4 user=ann";

    #[track_caller]
    fn check(roots: &str, leaves: &str, unit: &str, expected: Expect) {
        let (profile, notes) = add_tag_frames(fixture::profile(SAMPLES), roots, leaves, unit);
        let notes = notes.iter().map(|note| format!("# {note}\n"));
        expected.assert_eq(&(fixture::folded(&profile) + &notes.collect::<String>()));
    }

    #[test]
    fn the_first_root_key_is_outermost_and_the_last_leaf_key_is_the_leaf() {
        check(
            "user,bytes",
            "",
            "minimum",
            expect![[r#"
            ann@user;2kB@bytes;main;leaf 1 user=ann bytes#2048bytes
            bob,ann@user;16@bytes;main;leaf 2 user=bob user=ann bytes#16
            @user;1kB,5@bytes;main;leaf 3 bytes#1024bytes bytes#5
            ann@user;@bytes;main;leaf 4 user=ann
        "#]],
        );
        check(
            "",
            "user,bytes",
            "minimum",
            expect![[r#"
            main;leaf;ann@user;2kB@bytes 1 user=ann bytes#2048bytes
            main;leaf;bob,ann@user;16@bytes 2 user=bob user=ann bytes#16
            main;leaf;@user;1kB,5@bytes 3 bytes#1024bytes bytes#5
            main;leaf;ann@user;@bytes 4 user=ann
        "#]],
        );
    }

    #[test]
    fn numbers_are_shown_in_the_unit_of_the_report() {
        check(
            "bytes",
            "",
            "kB",
            expect![[r#"
            2kB@bytes;main;leaf 1 user=ann bytes#2048bytes
            16@bytes;main;leaf 2 user=bob user=ann bytes#16
            1kB,5kB@bytes;main;leaf 3 bytes#1024bytes bytes#5
            @bytes;main;leaf 4 user=ann
        "#]],
        );
    }

    #[test]
    fn a_key_that_no_sample_has_is_reported() {
        check(
            "nothing",
            ",",
            "minimum",
            expect![[r#"
            @nothing;main;leaf 1 user=ann bytes#2048bytes
            @nothing;main;leaf 2 user=bob user=ann bytes#16
            @nothing;main;leaf 3 bytes#1024bytes bytes#5
            @nothing;main;leaf 4 user=ann
            # TagRoot expression matched no samples
            # TagLeaf expression matched no samples
        "#]],
        );
    }
}
