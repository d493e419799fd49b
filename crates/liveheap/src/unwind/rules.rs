//! How to leave a frame, in a few numbers, and the cache of such rules.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In and out: a code address and its rule.
//! The cache is shared by all threads.

use super::entry::Entry;
use std::num::NonZeroI32;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of the cache; 128 KiB in all.
const ENTRIES: usize = 1 << 13;

static CACHE: [Entry; ENTRIES] = [const { Entry::new() }; ENTRIES];
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

/// A rule in 64 bits, never 0: three for the base, 25 for the offset, 18 for each place. Places of 0
/// mean none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed(u64);

const ROOT: u64 = 1;
const UNKNOWN: u64 = 2;
const COMPLEX: u64 = 3;
const STACK_POINTER: u64 = 4;
const FRAME_POINTER: u64 = 5;

impl Rule {
    pub(super) const fn without_offsets(base: Base) -> Self {
        Self { base, offset: 0, frame_pointer: None, return_address: None }
    }

    /// The same in 64 bits; `Complex` when a number is too large for its place.
    pub(super) fn pack(self) -> Packed {
        let base = match self.base {
            Base::Root => ROOT,
            Base::Unknown => UNKNOWN,
            Base::Complex => COMPLEX,
            Base::StackPointer => STACK_POINTER,
            Base::FramePointer => FRAME_POINTER,
        };
        let place = |place: Option<Place>| place.map_or(0, Place::get);
        let packed = (|| {
            Some(
                base | field(self.offset, 25)? << 3
                    | field(place(self.frame_pointer), 18)? << 28
                    | field(place(self.return_address), 18)? << 46,
            )
        })();
        Packed(packed.unwrap_or(COMPLEX))
    }
}

/// A signed number in the low `bits`, if it fits.
fn field(number: i32, bits: u32) -> Option<u64> {
    let limit = 1_i32 << (bits - 1);
    (-limit..limit).contains(&number).then(|| u64::from(number.cast_unsigned()) & ((1 << bits) - 1))
}

impl Packed {
    /// Whether the rest of the rule says all.
    #[inline(always)]
    pub(super) fn is_plain(self) -> bool {
        self.0 & 4 != 0
    }

    /// Of a plain rule: whether the base is the frame pointer, not the stack pointer.
    #[inline(always)]
    pub(super) fn counts_from_frame_pointer(self) -> bool {
        self.0 & 1 != 0
    }

    /// From the base to the frame's end.
    #[inline(always)]
    pub(super) fn offset(self) -> isize {
        signed(self.0 << 36) >> 39
    }

    /// Where the caller's frame pointer is, from the frame's end; 0 when it is in its register.
    #[inline(always)]
    pub(super) fn frame_pointer(self) -> isize {
        signed(self.0 << 18) >> 46
    }

    /// Where the return address is, from the frame's end.
    #[inline(always)]
    pub(super) fn return_address(self) -> isize {
        signed(self.0) >> 46
    }

    /// What to do instead, when the rule is not plain.
    pub(super) fn base(self) -> Base {
        match self.0 & 7 {
            ROOT => Base::Root,
            COMPLEX => Base::Complex,
            STACK_POINTER => Base::StackPointer,
            FRAME_POINTER => Base::FramePointer,
            _ => Base::Unknown,
        }
    }
}

#[inline(always)]
fn signed(word: u64) -> isize {
    #[expect(clippy::cast_possible_truncation, reason = "only 64-bit binaries have rules")]
    {
        word.cast_signed() as isize
    }
}

/// The cache, as it is at the begin of a stack.
#[derive(Clone, Copy)]
pub(super) struct Known {
    generation: u64,
}

impl Known {
    pub(super) fn now() -> Self {
        Self { generation: GENERATION.load(Ordering::Relaxed) << 48 }
    }

    /// Other than before when code may have been replaced.
    pub(super) fn generation(self) -> u64 {
        self.generation
    }

    /// The rule for the frame at `pc`, if it is known.
    #[inline(always)]
    pub(super) fn find(self, pc: usize) -> Option<Packed> {
        let key = self.key(pc);
        let place = place(key);
        // Of the two entries that an address can have, the newer one is first.
        entry(place, key).or_else(|| entry(place ^ 1, key))
    }

    /// Keeps a rule; the older one of its two entries makes room.
    #[cold]
    pub(super) fn remember(self, pc: usize, rule: Packed) {
        let key = self.key(pc);
        let place = place(key);
        let [newer, older] = [&CACHE[place], &CACHE[place ^ 1]];
        older.copy(newer);
        newer.set(key, rule.0);
    }

    /// An address and the generation, mixed; different for different addresses.
    #[inline(always)]
    fn key(self, pc: usize) -> u64 {
        (pc as u64 ^ self.generation).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[inline(always)]
fn entry(place: usize, key: u64) -> Option<Packed> {
    CACHE[place].find(key).map(Packed)
}

/// Forgets all rules: other code may lie at the same addresses now.
pub(super) fn forget_all() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

#[inline(always)]
fn place(key: u64) -> usize {
    (key >> 40) as usize & (ENTRIES - 1)
}

#[cfg(test)]
mod tests {
    use super::{Base, Known, Packed, Place, Rule};

    fn rule(offset: i32, frame_pointer: i32) -> Rule {
        Rule {
            base: Base::StackPointer,
            offset,
            frame_pointer: Place::new(frame_pointer),
            return_address: Place::new(-8),
        }
    }

    fn numbers(packed: Packed) -> (Base, bool, isize, isize, isize) {
        (
            packed.base(),
            packed.counts_from_frame_pointer(),
            packed.offset(),
            packed.frame_pointer(),
            packed.return_address(),
        )
    }

    #[test]
    fn a_rule_survives_packing() {
        for (offset, frame_pointer) in [(16, -16), (8, 0), (1 << 23, -(1 << 16)), (-32, 0)] {
            let packed = rule(offset, frame_pointer).pack();
            let expected = (Base::StackPointer, false, offset as isize, frame_pointer as isize, -8);
            assert!(packed.is_plain());
            assert_eq!(numbers(packed), expected);
        }
        let packed = Rule { base: Base::FramePointer, ..rule(16, -16) }.pack();
        assert_eq!(numbers(packed), (Base::FramePointer, true, 16, -16, -8));
        for base in [Base::Root, Base::Unknown, Base::Complex] {
            let packed = Rule::without_offsets(base).pack();
            assert_eq!((packed.base(), packed.is_plain()), (base, false));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_make_a_complex_rule() {
        assert_eq!(rule(1 << 24, 0).pack().base(), Base::Complex);
        assert_eq!(rule(8, -(1 << 18)).pack().base(), Base::Complex);
    }

    #[test]
    fn a_remembered_rule_is_found_until_others_need_its_place() {
        let known = Known::now();
        assert_eq!(known.find(0x7000_0000), None);
        known.remember(0x7000_0000, rule(24, -16).pack());
        assert_eq!(known.find(0x7000_0000), Some(rule(24, -16).pack()));
        assert_eq!(known.find(0x7000_0001), None);
        for other in 1..100_000 {
            known.remember(0x7000_0000 + other * 16, rule(8, 0).pack());
        }
        assert_eq!(known.find(0x7000_0000), None);
    }
}
