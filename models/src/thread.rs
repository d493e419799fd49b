//! What the runtime's lock wants to know of its thread. There are neither handlers nor forks here.

/// A guard of nothing.
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn enter() -> Self {
        Self
    }
}

pub(crate) fn is_forking() -> bool {
    false
}
