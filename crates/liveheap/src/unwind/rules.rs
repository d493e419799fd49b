//! How to leave a frame, in a few numbers, and the cache of such rules.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In and out: a code address and its rule.
//! The cache is shared by all threads. An entry is two words, a rule and the same rule mixed with its
//! address; when two threads write an entry at once, the words do not fit and the entry is none.

use std::num::NonZeroI32;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of the cache; 128 KiB in all.
const ENTRIES: usize = 1 << 13;

static CACHE: [Entry; ENTRIES] =
    [const { Entry { mixed: AtomicU64::new(0), rule: AtomicU64::new(0) } }; ENTRIES];
/// Changes when code may have been replaced, which makes all older entries unfindable.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Distance of a stored word from the frame's end, in bytes; words lie below it.
pub(super) type Place = NonZeroI32;

/// What the frame's end is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// No caller: the thread began here.
    Root,
    /// No unwind table says anything about this code.
    Unknown,
    /// The table says more than fits here: evaluate it each time.
    Complex,
    StackPointer,
    FramePointer,
}

/// How to leave a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) base: Base,
    /// From the base to the frame's end, which is the caller's stack pointer; in bytes.
    pub(super) offset: i32,
    /// Where the caller's frame pointer is, when it is not in its register still.
    pub(super) frame_pointer: Option<Place>,
    /// Where the return address is; always there for the two plain bases.
    pub(super) return_address: Option<Place>,
}

struct Entry {
    mixed: AtomicU64,
    rule: AtomicU64,
}

impl Rule {
    pub(super) const fn without_offsets(base: Base) -> Self {
        Self { base, offset: 0, frame_pointer: None, return_address: None }
    }

    /// The rule in 64 bits, never 0; `Complex` when a number is too large for its place.
    fn pack(self) -> u64 {
        let base = match self.base {
            Base::Root => 1,
            Base::Unknown => 2,
            Base::Complex => 3,
            Base::StackPointer => 4,
            Base::FramePointer => 5,
        };
        let place = |place: Option<Place>| place.map_or(0, Place::get);
        let packed = (|| {
            Some(
                base | field(self.offset, 25)? << 3
                    | field(place(self.frame_pointer), 18)? << 28
                    | field(place(self.return_address), 18)? << 46,
            )
        })();
        packed.unwrap_or(3)
    }

    fn unpack(packed: u64) -> Option<Self> {
        let base = match packed & 7 {
            1 => Base::Root,
            2 => Base::Unknown,
            3 => Base::Complex,
            4 => Base::StackPointer,
            5 => Base::FramePointer,
            _ => return None,
        };
        Some(Self {
            base,
            offset: number(packed >> 3, 25),
            frame_pointer: Place::new(number(packed >> 28, 18)),
            return_address: Place::new(number(packed >> 46, 18)),
        })
    }
}

/// A signed number in the low `bits`, if it fits.
fn field(number: i32, bits: u32) -> Option<u64> {
    let limit = 1_i32 << (bits - 1);
    (-limit..limit).contains(&number).then(|| u64::from(number.cast_unsigned()) & ((1 << bits) - 1))
}

fn number(packed: u64, bits: u32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the field has at most 25 bits")]
    let low = (packed & ((1 << bits) - 1)) as u32;
    (low << (32 - bits)).cast_signed() >> (32 - bits)
}

/// The rule for the frame at `pc`, if it is known.
#[inline]
pub(super) fn lookup(pc: usize) -> Option<Rule> {
    let key = key(pc);
    let place = place(key);
    [place, place ^ 1].into_iter().find_map(|place| {
        let entry = &CACHE[place];
        let packed = entry.rule.load(Ordering::Relaxed);
        let fits = entry.mixed.load(Ordering::Relaxed) ^ packed == key;
        if fits { Rule::unpack(packed) } else { None }
    })
}

/// Keeps a rule; of the two entries an address can have, the older one makes room.
#[cold]
pub(super) fn remember(pc: usize, rule: Rule) {
    let key = key(pc);
    let place = place(key);
    let [newer, older] = [&CACHE[place], &CACHE[place ^ 1]];
    older.mixed.store(newer.mixed.load(Ordering::Relaxed), Ordering::Relaxed);
    older.rule.store(newer.rule.load(Ordering::Relaxed), Ordering::Relaxed);
    let packed = rule.pack();
    newer.mixed.store(key ^ packed, Ordering::Relaxed);
    newer.rule.store(packed, Ordering::Relaxed);
}

/// Forgets all rules: other code may lie at the same addresses now.
pub(super) fn forget_all() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// An address and the generation, mixed; different for different addresses.
fn key(pc: usize) -> u64 {
    let generation = GENERATION.load(Ordering::Relaxed);
    (pc as u64 ^ generation << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn place(key: u64) -> usize {
    (key >> 40) as usize & (ENTRIES - 1)
}

#[cfg(test)]
mod tests {
    use super::{Base, Place, Rule, lookup, remember};

    fn rule(offset: i32, frame_pointer: i32) -> Rule {
        Rule {
            base: Base::StackPointer,
            offset,
            frame_pointer: Place::new(frame_pointer),
            return_address: Place::new(-8),
        }
    }

    #[test]
    fn a_rule_survives_packing() {
        for rule in [rule(16, -16), rule(8, 0), rule(1 << 23, -(1 << 16)), rule(-32, 0)] {
            assert_eq!(Rule::unpack(rule.pack()), Some(rule));
        }
        for base in [Base::Root, Base::Unknown, Base::Complex] {
            let rule = Rule::without_offsets(base);
            assert_eq!(Rule::unpack(rule.pack()), Some(rule));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_make_a_complex_rule() {
        let complex = Some(Rule::without_offsets(Base::Complex));
        assert_eq!(Rule::unpack(rule(1 << 24, 0).pack()), complex);
        assert_eq!(Rule::unpack(rule(8, -(1 << 18)).pack()), complex);
    }

    #[test]
    fn a_remembered_rule_is_found_until_others_need_its_place() {
        assert_eq!(lookup(0x7000_0000), None);
        remember(0x7000_0000, rule(24, -16));
        assert_eq!(lookup(0x7000_0000), Some(rule(24, -16)));
        assert_eq!(lookup(0x7000_0001), None);
        for other in 1..100_000 {
            remember(0x7000_0000 + other * 16, rule(8, 0));
        }
        assert_eq!(lookup(0x7000_0000), None);
    }
}
