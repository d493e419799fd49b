//! `raw`: the tables of a profile.

use crate::go_time;
use liveheap_profile::Profile;

/// A profile whose tables are to be shown.
#[derive(Debug)]
#[non_exhaustive]
pub struct RawReport {
    /// The profile.
    pub profile: Profile,
    /// The profile's time in the local zone, to the nanosecond; `None` when it has none.
    pub time: Option<String>,
}

/// The tables of a filtered profile.
pub(crate) fn raw(profile: Profile, local_time: &dyn Fn(i64) -> (i32, String)) -> RawReport {
    let nanos = profile.time_nanos;
    let time = (nanos != 0).then(|| go_time::moment(nanos, local_time));
    RawReport { profile, time }
}
