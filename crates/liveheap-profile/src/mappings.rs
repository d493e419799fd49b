//! What is done to the mappings of every profile that is fetched.

use crate::{Mapping, MappingIndex, Profile};

/// Gives a profile without any mapping an empty one, id 1, that all locations are in: so there is
/// a main binary whose name can be set and whose symbols can be looked for.
pub fn add_fake_mapping_if_none(mut profile: Profile) -> Profile {
    if profile.mappings.is_empty() {
        profile.mappings.push(Mapping { id: 1, ..Mapping::default() });
        for location in &mut profile.locations {
            location.mapping = Some(MappingIndex::default());
        }
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProfileBuilder;

    #[test]
    fn only_a_profile_without_mappings_gets_one() {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        builder.location(0x10, None, &[]);
        let profile = add_fake_mapping_if_none(builder.finish());
        assert_eq!(profile.mappings.len(), 1);
        assert_eq!(profile.locations[0].mapping, Some(MappingIndex::new(0)));
        assert_eq!(add_fake_mapping_if_none(profile).mappings.len(), 1);
    }
}
