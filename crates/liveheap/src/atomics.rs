//! The building blocks of what threads share without the standard library's locks.
//!
//! Whoever is written against these, and not against the standard library, can also be compiled against
//! the model checker's: the package `models` does that with the very same files. Its atomics have no
//! `const` constructor, which is what [`constant`] is for.

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use std::cell::UnsafeCell;

/// How often a waiting thread looks again before it offers its processor to others.
const SPINS_BEFORE_YIELD: u32 = 100;

/// Makes a function `const`, where the atomics allow that.
macro_rules! constant {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility const fn $($rest)*
    };
}
pub(crate) use constant;

/// An array of values of which each is made anew.
macro_rules! repeated {
    ($value:expr; $count:expr) => {
        [const { $value }; $count]
    };
}
pub(crate) use repeated;

/// A value that somebody else says who may use.
pub(crate) struct Guarded<T>(UnsafeCell<T>);

impl<T> Guarded<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Shows where the value is.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        work(self.0.get())
    }
}

/// What a thread does between two looks at a lock; `looks` is how many there were.
#[inline(always)]
pub(crate) fn wait(looks: u32) {
    if looks.is_multiple_of(SPINS_BEFORE_YIELD) {
        std::thread::yield_now();
    }
    std::hint::spin_loop();
}
