//! A rule and its key in two words, which all threads read and write without a lock.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: a key and a rule. Out: the rule, to who asks
//! with its key. The words are the rule, and the same rule mixed with its key; when two threads write an
//! entry at once, or one reads it meanwhile, the words do not fit and the entry is none.

use crate::atomics::{AtomicU64, Ordering, constant};

/// An entry of the cache of rules.
pub(super) struct Entry {
    mixed: AtomicU64,
    rule: AtomicU64,
}

impl Entry {
    constant! {
        pub(super) fn new() -> Self {
            Self { mixed: AtomicU64::new(0), rule: AtomicU64::new(0) }
        }
    }

    /// The rule, if it is the one of this key.
    #[inline(always)]
    pub(super) fn find(&self, key: u64) -> Option<u64> {
        let rule = self.rule.load(Ordering::Relaxed);
        // An empty entry would fit the key 0, which no address of code has.
        (self.mixed.load(Ordering::Relaxed) ^ rule == key).then_some(rule)
    }

    pub(super) fn set(&self, key: u64, rule: u64) {
        self.mixed.store(key ^ rule, Ordering::Relaxed);
        self.rule.store(rule, Ordering::Relaxed);
    }

    /// Takes what another entry holds.
    pub(super) fn copy(&self, other: &Self) {
        self.mixed.store(other.mixed.load(Ordering::Relaxed), Ordering::Relaxed);
        self.rule.store(other.rule.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}
