//! `proto`: the filtered profile as a profile again.

use crate::numbers::Numbers;
use liveheap_profile::Profile;

/// The profile with all values of all samples multiplied by the ratio of `numbers` and cut to
/// whole numbers.
pub(crate) fn proto(mut profile: Profile, numbers: &Numbers) -> Profile {
    for sample in 0..profile.samples.len() {
        for value in profile.samples.values_mut(sample) {
            *value = numbers.scaled(*value);
        }
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn values_are_multiplied_and_cut() {
        let numbers = Numbers {
            total: 0,
            sample_unit: String::from("bytes"),
            output_unit: String::from("minimum"),
            ratio: 0.1,
        };
        let profile = proto(fixture::profile("main 10,-15\nleaf 9,1"), &numbers);
        assert_eq!(fixture::folded(&profile), "main 1,-1\nleaf 0,0\n");
    }
}
