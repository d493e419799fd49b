//! The stack of a thread's last sample, and how much of it still holds.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: the frames of a walk, one by one. Out: at
//! a frame that was there the last time, how far up nothing has changed.
//!
//! Who called a frame depends on its code address and its stack pointer, on the word that holds the
//! return address, and for some frames on the frame pointer, which is in another word. Where all of
//! these are what they were, the caller is the one it was, and so on to the root. To see that takes a
//! load and a comparison for each frame, at addresses that are known before: neither the frame's rule
//! nor a wait for one word to know where the next one is. A thread's next sample shares its frames near
//! the root nearly always, and often it is the same stack.

use super::{Registers, Stack};

/// Room for the deepest stack and for the profiler's own frames.
const MOST: usize = super::DEEPEST + 16;
/// The place of a remembered stack's root.
const ROOT: usize = MOST - 1;
/// Bits of a word of the set of frames.
const BITS: usize = 64;

/// A frame of a walk.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// A byte of its instruction: of the call, in all frames but the first.
    code: usize,
    sp: usize,
    /// What the frame pointer has to be, if the frame's end is counted from it.
    fp: usize,
    /// Where the frame pointer was read from; 0 when it was in its register since the walk began.
    fp_address: usize,
    needs_fp: bool,
}

/// A word of the stack, and what it was.
#[derive(Debug, Clone, Copy)]
struct Word {
    address: usize,
    value: usize,
}

/// How a walk left a frame for the next one.
pub(super) struct Step {
    pub(super) code: usize,
    /// Of the frame that was left.
    pub(super) registers: Registers,
    /// Whether its end was counted from the frame pointer.
    pub(super) needs_fp: bool,
    /// Where it ends: the caller's stack pointer.
    pub(super) end: usize,
    /// Where the return address is, and what it is.
    pub(super) return_address: (usize, usize),
    /// Where the caller's frame pointer is, when it is not in its register still.
    pub(super) caller_fp: Option<usize>,
}

/// What a walk met of the last stack.
pub(super) enum Met {
    /// Nothing that leads on.
    Nothing,
    /// Some of its frames; the registers are now those of the last that is known to be the same.
    Frames,
    /// Its rest up to the root.
    Rest,
    /// All of it, from its first frame on.
    Whole,
    /// More frames than there is room for.
    TooMany,
}

/// One stack, leaf first, at the end of the arrays; during a walk, its new frames at their begin.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// The return address of each frame but the root.
    return_addresses: [Word; MOST],
    frames: [Frame; MOST],
    /// Which frames need their frame pointer: a bit each.
    needs_fp: [u64; MOST.div_ceil(BITS)],
    /// Frames of the last stack; 0 when there is none.
    length: usize,
    /// Where the frame pointer of the walk's frame was read from; 0 while it is in its register.
    fp_address: usize,
    /// The next frame of the last stack that a walk can meet.
    next: usize,
    /// New frames of the walk.
    added: usize,
    /// Whether some of the walk's frames could not be added.
    is_spoiled: bool,
    /// What [`Known`](super::rules::Known) was when the stack was walked.
    generation: u64,
    /// Below which address frames are the profiler's own.
    marker: usize,
    has_same_marker: bool,
}

impl Remembered {
    /// All of it is zero, so that it takes no room in binaries.
    pub(crate) const fn nothing() -> Self {
        let frame = Frame { code: 0, sp: 0, fp: 0, fp_address: 0, needs_fp: false };
        Self {
            return_addresses: [Word { address: 0, value: 0 }; MOST],
            frames: [frame; MOST],
            needs_fp: [0; MOST.div_ceil(BITS)],
            length: 0,
            fp_address: 0,
            next: 0,
            added: 0,
            is_spoiled: false,
            generation: 0,
            marker: 0,
            has_same_marker: false,
        }
    }

    /// Begins a walk in `stack`. What was remembered counts only if the rules are still the same, and
    /// if it lies in this stack up to its end.
    pub(super) fn begin(&mut self, generation: u64, marker: usize, stack: Stack) {
        if self.generation != generation || !stack.has(self.return_addresses[ROOT - 1].address) {
            self.generation = generation;
            self.length = 0;
        }
        self.has_same_marker = self.marker == marker;
        self.marker = marker;
        self.fp_address = 0;
        self.next = MOST - self.length;
        self.added = 0;
        self.is_spoiled = false;
    }

    /// Adds a frame that was left.
    #[inline(always)]
    pub(super) fn add(&mut self, step: &Step) {
        let Registers { sp, fp, .. } = step.registers;
        let is_in_frame =
            |address: usize| address >= sp && step.end.wrapping_sub(address) >= size_of::<usize>();
        if !is_in_frame(step.return_address.0) || !step.caller_fp.is_none_or(is_in_frame) {
            return self.spoil();
        }
        let (address, value) = step.return_address;
        let (code, fp_address, needs_fp) = (step.code, self.fp_address, step.needs_fp);
        self.push(Frame { code, sp, fp, fp_address, needs_fp }, Word { address, value });
        if let Some(address) = step.caller_fp {
            self.fp_address = address;
        }
    }

    #[inline(always)]
    fn push(&mut self, frame: Frame, word: Word) {
        if self.added == self.next {
            // The place is one of the last stack's, which cannot be met any more then.
            self.next = MOST;
        }
        let places = self.frames.get_mut(self.added).zip(self.return_addresses.get_mut(self.added));
        let Some((frame_place, word_place)) = places else { return self.spoil() };
        *frame_place = frame;
        *word_place = word;
        self.added += 1;
    }

    /// The walk has gone through a frame that cannot be remembered.
    #[cold]
    pub(super) fn spoil(&mut self) {
        self.is_spoiled = true;
    }

    /// Looks whether the frame in `registers` is one of the last stack's. If it is, follows that as far
    /// as it still holds. The callers on the way go to `frames`, but for the last.
    #[inline(always)]
    pub(super) fn meet(
        &mut self,
        code: usize,
        registers: &mut Registers,
        stack: Stack,
        frames: &mut super::Frames<'_>,
    ) -> Met {
        while self.next < MOST && self.frames[self.next].sp < registers.sp {
            self.next += 1;
        }
        match self.frames.get(self.next) {
            Some(frame) if frame.code == code && frame.sp == registers.sp => {
                self.follow(registers, stack, frames)
            }
            _ => Met::Nothing,
        }
    }

    fn follow(
        &mut self,
        registers: &mut Registers,
        stack: Stack,
        frames: &mut super::Frames<'_>,
    ) -> Met {
        let begin = self.next;
        let end = self.first_changed(begin, registers, stack);
        let is_rest = end == ROOT;
        if is_rest && begin == MOST - self.length && self.added == 0 && self.has_same_marker {
            return Met::Whole;
        }
        self.next = end + 1;
        if end == begin {
            return Met::Nothing;
        }
        // Up to where a word is saved, frames have the frame pointer that the walk came here with.
        let came_with = self.fp_address;
        let unsaved = self.frames[begin..].iter_mut();
        unsaved
            .take_while(|frame| frame.fp_address < registers.sp)
            .for_each(|frame| frame.fp_address = came_with);
        let callers = &self.frames[begin + 1..if is_rest { MOST } else { end }];
        if !callers.iter().all(|frame| frames.push(frame.code.wrapping_add(1), frame.sp)) {
            return Met::TooMany;
        }
        if is_rest {
            self.next = begin;
            return Met::Rest;
        }
        self.frames.copy_within(begin..end, self.added);
        self.return_addresses.copy_within(begin..end, self.added);
        self.added += end - begin;
        let last = &self.frames[end];
        if last.fp_address >= registers.sp {
            // SAFETY: as in `first_changed`.
            registers.fp = unsafe { stack.word(last.fp_address) };
        }
        self.fp_address = last.fp_address;
        registers.pc = last.code.wrapping_add(1);
        registers.sp = last.sp;
        Met::Frames
    }

    /// The first frame from `begin` on that was not left as it was; [`ROOT`] when all were.
    ///
    /// No word is read before all below it are known to be the same, so it is one of a frame's that is
    /// there now. What remembers the stack's bounds may not know yet that it has become shorter.
    #[inline(always)]
    fn first_changed(&self, begin: usize, registers: &Registers, stack: Stack) -> usize {
        // SAFETY: `add` saw that the words of a frame lie in it. So those of this frame and all above
        // are not below the stack pointer, and `begin` saw that the last is in this stack.
        let now = |address| unsafe { stack.word(address) };
        let mut same = begin;
        loop {
            let needing = self.needing_fp(same).min(ROOT);
            let words = &self.return_addresses[same..needing];
            if let Some(changed) = words.iter().position(|word| now(word.address) != word.value) {
                return same + changed;
            }
            if needing == ROOT {
                return ROOT;
            }
            let frame = &self.frames[needing];
            let is_saved = frame.fp_address >= registers.sp;
            let fp = if is_saved { now(frame.fp_address) } else { registers.fp };
            let word = &self.return_addresses[needing];
            if fp != frame.fp || now(word.address) != word.value {
                return needing;
            }
            same = needing + 1;
        }
    }

    /// The first frame from `begin` on that needs its frame pointer; [`MOST`] when none does.
    fn needing_fp(&self, begin: usize) -> usize {
        let mut mask = u64::MAX << (begin % BITS);
        for (number, bits) in self.needs_fp.iter().enumerate().skip(begin / BITS) {
            let wanted = bits & mask;
            if wanted != 0 {
                return number * BITS + wanted.trailing_zeros() as usize;
            }
            mask = u64::MAX;
        }
        MOST
    }

    /// The walk met the rest of the last stack: together they are the last one now.
    pub(super) fn keep_with_rest(&mut self) {
        self.keep(self.next);
    }

    /// The walk came to the root, which has these registers.
    pub(super) fn keep_with_root(&mut self, code: usize, sp: usize) {
        let root = Frame { code, sp, fp: 0, fp_address: self.fp_address, needs_fp: false };
        self.push(root, Word { address: 0, value: 0 });
        self.keep(MOST);
    }

    /// Moves the new frames to before those from `end` on.
    fn keep(&mut self, end: usize) {
        if self.is_spoiled {
            return self.forget();
        }
        let first = end - self.added;
        self.frames.copy_within(..self.added, first);
        self.return_addresses.copy_within(..self.added, first);
        for number in first..end {
            let bit = 1 << (number % BITS);
            let bits = &mut self.needs_fp[number / BITS];
            *bits = if self.frames[number].needs_fp { *bits | bit } else { *bits & !bit };
        }
        self.length = MOST - first;
    }

    /// The walk did not come to the root.
    pub(super) fn forget(&mut self) {
        self.length = 0;
    }
}
