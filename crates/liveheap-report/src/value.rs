//! Which value of a sample a report is about.

use crate::error::{Error, ErrorKind};
use liveheap_profile::Profile;

/// Picks the value of a sample, and what it is divided by for a mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleValue {
    /// Position of the sample type.
    pub(crate) index: usize,
    /// Whether values are divided by the sample's first value.
    pub(crate) mean: bool,
}

impl SampleValue {
    /// A sample's value and its divisor; 0 for no division.
    #[inline]
    pub(crate) fn of(self, values: &[i64]) -> (i64, i64) {
        (values[self.index], if self.mean { values[0] } else { 0 })
    }
}

/// The position of the sample type that a text asks for: a position, a name, or empty for the
/// profile's own default.
///
/// # Errors
/// When the profile has no sample type, or none of that position or name.
pub fn sample_index(profile: &Profile, wanted: &str) -> Result<usize, Error> {
    let names: Vec<&str> =
        profile.sample_types.iter().map(|sample_type| profile.text(sample_type.kind)).collect();
    let Some(last) = names.len().checked_sub(1) else {
        return Err(Error::new(ErrorKind::Missing, "profile has no samples"));
    };
    if wanted.is_empty() {
        let default = profile.text(profile.default_sample_type);
        let position = names.iter().position(|name| *name == default && !default.is_empty());
        return Ok(position.unwrap_or(last));
    }
    if let Ok(position) = wanted.parse::<i64>() {
        return usize::try_from(position).ok().filter(|position| *position <= last).ok_or_else(
            || {
                let text = format!("sample_index {wanted} is outside the range [0..{last}]");
                Error::new(ErrorKind::BadOption, text)
            },
        );
    }
    let without_prefix = wanted.strip_prefix("inuse_").unwrap_or(wanted);
    names.iter().position(|name| *name == wanted || *name == without_prefix).ok_or_else(|| {
        let text = format!("sample_index {wanted:?} must be one of: [{}]", names.join(" "));
        Error::new(ErrorKind::BadOption, text)
    })
}

/// The sum of the magnitudes of all samples, or of those of the base where the profile is a
/// difference: what percentages are taken of.
pub(crate) fn total(profile: &Profile, value: SampleValue) -> i64 {
    let base = base_label(profile);
    let (mut all, mut of_base) = (Sum::default(), Sum::default());
    for sample in 0..profile.samples.len() {
        let (amount, divisor) = value.of(profile.samples.values(sample));
        all.add(amount, divisor);
        if base.is_some_and(|base| profile.samples.labels(sample).contains(&base)) {
            of_base.add(amount, divisor);
        }
    }
    let chosen = if of_base.total > 0 { of_base } else { all };
    crate::graph::mean(chosen.total, chosen.divisor)
}

#[derive(Default)]
struct Sum {
    total: i64,
    divisor: i64,
}

impl Sum {
    fn add(&mut self, amount: i64, divisor: i64) {
        self.total = self.total.wrapping_add(amount.wrapping_abs());
        self.divisor = self.divisor.wrapping_add(divisor);
    }
}

/// The label that marks the samples of a difference's base, if the profile has its texts.
fn base_label(profile: &Profile) -> Option<liveheap_profile::Label> {
    let find = |wanted: &str| profile.strings.iter().find(|(_, text)| *text == wanted);
    let (key, _) = find(BASE_KEY)?;
    let (value, _) = find("true")?;
    Some(liveheap_profile::Label { key, value: liveheap_profile::LabelData::Text(value) })
}

/// The key of the label that marks the samples of a difference's base.
pub(crate) const BASE_KEY: &str = "pprof::base";
