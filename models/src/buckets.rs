//! What the runtime's records know of a bucket: where it is.

/// Not empty, so that each has an address of its own.
#[derive(Debug, PartialEq)]
pub(crate) struct Bucket(pub(crate) u64);
