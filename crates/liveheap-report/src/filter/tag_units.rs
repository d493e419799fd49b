//! The unit of each numeric label.
//!
//! A label's numbers are shown and compared in one unit, the first that its key comes with in the
//! order of the samples; other units are only reported. A key without any unit has one by its
//! name.

use crate::error::Note;
use liveheap_profile::{LabelData, Profile, StringId};

/// The unit of each numeric label's key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagUnits {
    /// In order of first appearance.
    keys: Vec<(StringId, String)>,
}

impl TagUnits {
    /// Finds the units of a profile, and reports the keys that come with more than one.
    pub(crate) fn identify(profile: &Profile) -> (Self, Vec<Note>) {
        let mut found: Vec<(StringId, Vec<StringId>)> = Vec::new();
        // For each text of the profile: its place in `found` as a key, plus one.
        let mut places = vec![0_usize; profile.strings.len()];
        for sample in 0..profile.samples.len() {
            for label in profile.samples.labels(sample) {
                let LabelData::Number { unit, .. } = label.value else { continue };
                let place = &mut places[label.key.get()];
                if *place == 0 {
                    found.push((label.key, Vec::new()));
                    *place = found.len();
                }
                let units = &mut found[*place - 1].1;
                if !unit.is_empty() && !units.contains(&unit) {
                    units.push(unit);
                }
            }
        }
        let mut reports = Vec::new();
        let mut keys = Vec::with_capacity(found.len());
        for (key, units) in found {
            let name = profile.text(key);
            let Some((first, others)) = units.split_first() else {
                let unit = if matches!(name, "alignment" | "request") { "bytes" } else { name };
                keys.push((key, String::from(unit)));
                continue;
            };
            let unit = profile.text(*first);
            keys.push((key, String::from(unit)));
            if !others.is_empty() {
                let mut others: Vec<&str> = others.iter().map(|id| profile.text(*id)).collect();
                others.sort_unstable();
                let others = others.join(", ");
                let text =
                    format!("For tag {name} used unit {unit}, also encountered unit(s) {others}");
                reports.push((name, text));
            }
        }
        // pprof's own order is random.
        reports.sort_unstable();
        (Self { keys }, reports.into_iter().map(|(_, text)| Note::new(text)).collect())
    }

    /// The unit of a key; empty when no sample has a number under it.
    pub(crate) fn unit(&self, key: StringId) -> &str {
        self.keys.iter().find(|(found, _)| *found == key).map_or("", |(_, unit)| unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_first_unit_wins_and_the_others_are_reported() {
        let profile = fixture::profile(
            "main 1 bytes#4 size#1 request#9
             main 1 size#2kb wait=text
             main 1 size#3s size#4bytes size#5kb",
        );
        let (units, notes) = TagUnits::identify(&profile);
        let shown: Vec<_> = units
            .keys
            .iter()
            .map(|(key, unit)| format!("{} in {unit}", profile.text(*key)))
            .collect();
        assert_eq!(shown, ["bytes in bytes", "size in kb", "request in bytes"]);
        let notes: Vec<_> = notes.iter().map(Note::to_string).collect();
        assert_eq!(notes, ["For tag size used unit kb, also encountered unit(s) bytes, s"]);
    }
}
