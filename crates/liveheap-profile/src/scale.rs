//! Multiplies the values of a profile, and makes a profile ready to be subtracted.
//!
//! A difference is a merge: the base is [`negate`]d and merged with the source. [`tag_as_base`]
//! marks its samples first when percentages should be of the base, [`normalize`] scales the source
//! to the base's size before that.

use crate::{Error, ErrorKind, Label, LabelData, Profile, Samples, ValueType};

/// Multiplies each value by the ratio of its sample type and rounds half away from zero.
///
/// As in pprof a sample stays only if a value *whose ratio is not 1* is still non-zero, and ratios
/// that are all 1 change nothing at all. Results beyond 64 bits saturate.
///
/// # Panics
/// When there are more or fewer ratios than sample types.
pub fn scale(mut profile: Profile, ratios: &[f64]) -> Profile {
    assert_eq!(ratios.len(), profile.samples.width(), "one ratio for each sample type");
    if ratios.iter().all(|ratio| *ratio == 1.0) {
        return profile;
    }
    for sample in 0..profile.samples.len() {
        for (value, ratio) in profile.samples.values_mut(sample).iter_mut().zip(ratios) {
            if *ratio != 1.0 {
                *value = rounded(*value as f64 * ratio);
            }
        }
    }
    keep_samples(profile, |values| {
        values.iter().zip(ratios).any(|(value, ratio)| *ratio != 1.0 && *value != 0)
    })
}

/// Turns every value into its negative and drops samples that are all zero.
///
/// It is exact where scaling by −1 would round (beyond 2⁵³); the lowest value saturates.
pub fn negate(mut profile: Profile) -> Profile {
    for sample in 0..profile.samples.len() {
        for value in profile.samples.values_mut(sample) {
            *value = value.saturating_neg();
        }
    }
    keep_samples(profile, |values| values.iter().any(|value| *value != 0))
}

/// Scales each sample type of `profile` so that its values sum up to those of `base`; a type that
/// sums up to zero becomes zero.
///
/// # Errors
/// `Incompatible` when the two do not measure the same, in the same order and units.
pub fn normalize(profile: Profile, base: &Profile) -> Result<Profile, Error> {
    check_same_types(&profile, base)?;
    let ratios: Vec<f64> = totals(&profile)
        .into_iter()
        .zip(totals(base))
        .map(|(own, other)| if own == 0 { 0.0 } else { other as f64 / own as f64 })
        .collect();
    Ok(scale(profile, &ratios))
}

/// Labels every sample with `pprof::base` = `true`, which reports take as the base of a difference.
pub fn tag_as_base(mut profile: Profile) -> Profile {
    let key = profile.strings.add("pprof::base");
    let tag = Label { key, value: LabelData::Text(profile.strings.add("true")) };
    let mut labels: Vec<Label> = Vec::new();
    let mut tagged = Samples::new(profile.samples.width());
    for sample in 0..profile.samples.len() {
        labels.clear();
        // It replaces texts of that key; a number of that key is another matter.
        let others = profile.samples.labels(sample).iter();
        labels.extend(
            others.filter(|label| {
                label.key != key || matches!(label.value, LabelData::Number { .. })
            }),
        );
        labels.push(tag);
        tagged.push(profile.samples.stack(sample), profile.samples.values(sample), &labels);
    }
    profile.samples = tagged;
    profile
}

/// Whether two profiles measure the same, in the same order and units.
///
/// # Errors
/// `Incompatible`, naming what differs.
pub(crate) fn check_same_types(one: &Profile, other: &Profile) -> Result<(), Error> {
    let words = |profile: &Profile, of: &ValueType| {
        format!("{{{} {}}}", profile.text(of.kind), profile.text(of.unit))
    };
    let list = |profile: &Profile| {
        let types = profile.sample_types.iter().map(|of| words(profile, of));
        format!("[{}]", types.collect::<Vec<_>>().join(" "))
    };
    let periods = (words(one, &one.period_type), words(other, &other.period_type));
    if periods.0 != periods.1 {
        return Err(incompatible(format!(
            "incompatible period types {} and {}",
            periods.0, periods.1
        )));
    }
    let types = (list(one), list(other));
    if types.0 != types.1 {
        return Err(incompatible(format!("incompatible sample types {} and {}", types.0, types.1)));
    }
    Ok(())
}

pub(crate) fn incompatible(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Incompatible, message)
}

/// A number as the nearest integer; halves go away from zero, what is beyond 64 bits saturates.
#[expect(clippy::cast_possible_truncation, reason = "rounded, and saturating is what we want")]
fn rounded(number: f64) -> i64 {
    number.round() as i64
}

/// The sum of each sample type's values.
fn totals(profile: &Profile) -> Vec<i128> {
    let mut totals = vec![0; profile.samples.width()];
    for sample in 0..profile.samples.len() {
        for (total, value) in totals.iter_mut().zip(profile.samples.values(sample)) {
            *total += i128::from(*value);
        }
    }
    totals
}

/// Drops the samples whose values do not pass.
fn keep_samples(mut profile: Profile, passes: impl Fn(&[i64]) -> bool) -> Profile {
    let samples = &profile.samples;
    if (0..samples.len()).all(|sample| passes(samples.values(sample))) {
        return profile;
    }
    let mut kept = Samples::new(samples.width());
    for sample in 0..samples.len() {
        if passes(samples.values(sample)) {
            kept.push(samples.stack(sample), samples.values(sample), samples.labels(sample));
        }
    }
    profile.samples = kept;
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelValue, ProfileBuilder};

    fn profile(rows: &[[i64; 2]]) -> Profile {
        let mut builder = ProfileBuilder::new(&[("objects", "count"), ("space", "bytes")]);
        for row in rows {
            builder.sample(&[], row, &[("pprof::base", LabelValue::Text("no"))]);
        }
        builder.finish()
    }

    fn rows(profile: &Profile) -> Vec<Vec<i64>> {
        (0..profile.samples.len()).map(|sample| profile.samples.values(sample).to_vec()).collect()
    }

    #[test]
    fn halves_round_away_from_zero() {
        let scaled = scale(profile(&[[1, 5], [-1, -5], [3, 2]]), &[0.5, 0.1]);
        assert_eq!(rows(&scaled), [[1, 1], [-1, -1], [2, 0]]);
    }

    #[test]
    fn only_scaled_values_keep_a_sample() {
        let scaled = scale(profile(&[[7, 0], [7, 2]]), &[1.0, 2.0]);
        assert_eq!(rows(&scaled), [[7, 4]]);
        let unchanged = scale(profile(&[[0, 0]]), &[1.0, 1.0]);
        assert_eq!(rows(&unchanged), [[0, 0]]);
    }

    #[test]
    fn results_beyond_64_bits_saturate() {
        let scaled = scale(profile(&[[i64::MAX, i64::MIN]]), &[4.0, 4.0]);
        assert_eq!(rows(&scaled), [[i64::MAX, i64::MIN]]);
        assert_eq!(rows(&negate(profile(&[[i64::MIN, 1]]))), [[i64::MAX, -1]]);
    }

    #[test]
    fn negating_drops_zero_samples_and_is_exact() {
        let large = (1 << 53) + 1;
        assert_eq!(rows(&negate(profile(&[[0, 0], [1, large]]))), [[-1, -large]]);
    }

    #[test]
    fn normalizing_gives_the_sums_of_the_base() {
        let scaled = normalize(profile(&[[1, 10], [3, 0]]), &profile(&[[8, 40]])).unwrap();
        assert_eq!(rows(&scaled), [[2, 40], [6, 0]]);
        let nothing = normalize(profile(&[[1, -1], [-1, 1]]), &profile(&[[8, 40]])).unwrap();
        assert!(nothing.samples.is_empty());
    }

    #[test]
    fn normalizing_demands_equal_types() {
        let other = ProfileBuilder::new(&[("objects", "count"), ("space", "kb")]).finish();
        let error = normalize(profile(&[]), &other).unwrap_err();
        assert_eq!(
            error.to_string(),
            "incompatible sample types [{objects count} {space bytes}] and [{objects count} {space kb}]"
        );
    }

    #[test]
    fn the_tag_replaces_an_older_one() {
        let tagged = tag_as_base(profile(&[[1, 2]]));
        let [label] = tagged.samples.labels(0) else { panic!("one label") };
        assert_eq!(tagged.text(label.key), "pprof::base");
        let LabelData::Text(value) = label.value else { panic!("a text") };
        assert_eq!(tagged.text(value), "true");
    }
}
