//! The model checker's building blocks, in the place of the runtime's own module of this name.

pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

/// Leaves a function as it is: the checker's atomics are made while it runs.
macro_rules! constant {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use constant;

/// An array of values of which each is made anew.
macro_rules! repeated {
    ($value:expr; $count:expr) => {
        std::array::from_fn::<_, { $count }, _>(|_| $value)
    };
}
pub(crate) use repeated;

/// A value of which the checker notices every use that is not ordered behind the others.
#[derive(Debug)]
pub(crate) struct Guarded<T>(loom::cell::UnsafeCell<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Shows where the value is.
    pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(work)
    }

    /// Shows where the value is, to one of many who read it.
    pub(crate) fn with<R>(&self, work: impl FnOnce(*const T) -> R) -> R {
        self.0.with(work)
    }
}

/// Another thread goes on.
pub(crate) fn wait(_looks: u32) {
    loom::hint::spin_loop();
}
