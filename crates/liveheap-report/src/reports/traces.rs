//! `traces`: every sample with its labels and its stack.
//!
//! The filtered profile goes in; the report keeps it, because a profile is the shortest way to say
//! what its samples are. A sample without frames is not shown.

use crate::filter::tag_units::TagUnits;
use crate::numbers::Numbers;
use crate::value::SampleValue;
use liveheap_profile::Profile;

/// The samples of a profile, one by one.
#[derive(Debug)]
#[non_exhaustive]
pub struct TracesReport {
    /// The lines above the samples.
    pub header: Vec<String>,
    /// The filtered profile.
    pub profile: Profile,
    pub(crate) value: SampleValue,
    pub(crate) numbers: Numbers,
    pub(crate) units: TagUnits,
}
