//! A fast hash for the small keys of this crate.
//!
//! Multiply and fold: enough to spread dense ids and addresses over a table. It does not defend
//! against keys that were chosen to collide; such a profile is slow to look at, no more.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A hash map over small keys.
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FastHasher>>;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads a number over 64 bits.
#[inline]
pub(crate) fn spread(key: u64) -> u64 {
    let wide = u128::from(key ^ MULTIPLIER) * u128::from(MULTIPLIER);
    // Both halves hold parts of the product; folding keeps the bits of both.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the product, by intent")]
    let folded = (wide >> 64) as u64 ^ wide as u64;
    folded
}

/// The hasher of [`FastMap`].
#[derive(Debug, Default)]
pub(crate) struct FastHasher(u64);

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = spread(self.0.rotate_left(5) ^ number);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }
}
