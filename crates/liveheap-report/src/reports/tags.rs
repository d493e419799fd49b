//! `tags`: every label with its values, by weight.
//!
//! The filtered profile goes in; [`TagsReport`] comes out: for each key, sorted by name, its values and
//! what the samples with them hold. Numbers are told apart as they are printed.

use crate::filter::distinct_labels::DistinctLabels;
use crate::filter::tag_units::TagUnits;
use crate::measure::scaled_label;
use crate::numbers::Numbers;
use crate::value::SampleValue;
use liveheap_profile::{LabelData, Profile};
use serde::Serialize;
use std::collections::BTreeMap;

/// The labels of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TagsReport {
    /// Sorted by name.
    pub keys: Vec<TagKey>,
    #[serde(skip)]
    pub(crate) numbers: Numbers,
}

/// One label key.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TagKey {
    /// The key.
    pub name: String,
    /// What the samples with the key hold, in the unit of the sample type; a sample counts once
    /// for each of its values.
    pub total: i64,
    /// The values as they are printed, and what the samples with each hold; heaviest first.
    pub values: Vec<(String, i64)>,
}

/// The labels of a filtered profile. Means are not divided, as in pprof; sums wrap on overflow.
pub(crate) fn tags(
    profile: &Profile,
    value: SampleValue,
    numbers: Numbers,
    units: &TagUnits,
) -> TagsReport {
    let mut distinct = DistinctLabels::new();
    let mut sums: Vec<i64> = Vec::new();
    for sample in 0..profile.samples.len() {
        let held = profile.samples.values(sample)[value.index];
        for label in profile.samples.labels(sample) {
            let number = distinct.number(*label);
            if number == sums.len() {
                sums.push(0);
            }
            sums[number] = sums[number].wrapping_add(held);
        }
    }
    let mut by_key: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for (label, sum) in distinct.labels().iter().zip(sums) {
        let text = match label.value {
            LabelData::Text(text) => String::from(profile.text(text)),
            LabelData::Number { value, .. } => {
                scaled_label(value, units.unit(label.key), &numbers.output_unit)
            }
        };
        let values = by_key.entry(profile.text(label.key)).or_default();
        let weight = values.entry(text).or_default();
        *weight = weight.wrapping_add(sum);
    }
    let keys = by_key
        .into_iter()
        .map(|(name, values)| {
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by_key(|(_, weight)| std::cmp::Reverse(weight.unsigned_abs()));
            let total = values.iter().fold(0_i64, |sum, (_, weight)| sum.wrapping_add(*weight));
            TagKey { name: String::from(name), total, values }
        })
        .collect();
    TagsReport { keys, numbers }
}
