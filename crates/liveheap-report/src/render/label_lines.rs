//! One line of text for each label key of a sample, each distinct label formatted once.

use crate::filter::distinct_labels::DistinctLabels;
use liveheap_profile::{Label, LabelData, Profile};
use std::borrow::Cow;

/// Which labels are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelKind {
    /// Those with a text.
    Text,
    /// Those with a number.
    Number,
}

impl LabelKind {
    fn holds(self, label: &Label) -> bool {
        matches!(
            (self, label.value),
            (Self::Text, LabelData::Text(_)) | (Self::Number, LabelData::Number { .. })
        )
    }
}

/// Formats the labels of samples.
pub(super) struct LabelLines<'a, F> {
    profile: &'a Profile,
    /// The line for all labels of one key and kind in one sample.
    format: F,
    distinct: DistinctLabels,
    /// For each distinct label: its line in a sample where no other has its key.
    single: Vec<String>,
}

impl<'a, F: Fn(&Profile, &[Label]) -> String> LabelLines<'a, F> {
    pub(super) fn new(profile: &'a Profile, format: F) -> Self {
        Self { profile, format, distinct: DistinctLabels::new(), single: Vec::new() }
    }

    /// Hands out the lines of one kind of label of one sample, sorted.
    pub(super) fn for_each(
        &mut self,
        labels: &[Label],
        kind: LabelKind,
        mut take: impl FnMut(&str),
    ) {
        let mut numbers = Vec::new();
        for label in labels.iter().filter(|label| kind.holds(label)) {
            let number = self.distinct.number(*label);
            if number == self.single.len() {
                self.single.push((self.format)(self.profile, &[*label]));
            }
            numbers.push((label.key, number));
        }
        if let [(_, number)] = numbers[..] {
            return take(&self.single[number]);
        }
        // Values of one key share a line; they keep the order of the sample.
        numbers.sort_by_key(|(key, _)| *key);
        let mut lines: Vec<Cow<'_, str>> = numbers
            .chunk_by(|one, other| one.0 == other.0)
            .map(|same_key| match same_key {
                [(_, number)] => Cow::Borrowed(self.single[*number].as_str()),
                _ => {
                    let labels = same_key.iter().map(|(_, number)| self.distinct.labels()[*number]);
                    Cow::Owned((self.format)(self.profile, &labels.collect::<Vec<_>>()))
                }
            })
            .collect();
        lines.sort_unstable();
        for line in &lines {
            take(line);
        }
    }
}
