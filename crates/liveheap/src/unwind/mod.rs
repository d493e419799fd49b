//! The call stack of this thread, as return addresses.
//!
//! Runs inside malloc: no allocation, no panic, no lock that is held for long, and neither the
//! loader's lock nor the unwinder of the C compiler. In: the address of a local variable of the
//! function whose callers are wanted. Out: their return addresses, leaf first.
//!
//! A frame is left by a [`rules::Rule`], a few numbers that say where the caller's registers are. Rules come
//! from the binary's unwind tables ([`eh_frame`]) and are kept in a cache ([`rules`]) that all threads
//! share, so that a stack seen before costs a few nanoseconds a frame. The stack is read only between
//! the current stack pointer and the end of its mapping: a wrong rule gives a wrong stack, never a
//! fault.

#![expect(unsafe_code, reason = "reads registers and the stack")]

mod bounds;
mod bytes;
mod cfi;
mod eh_frame;
mod elf;
mod entry;
mod expression;
pub(crate) mod modules;
mod readable;
mod remembered;
mod rules;
mod symbol;

use crate::stats;
use crate::thread::ThreadState;
use bounds::bounds;
use eh_frame::Caller;
pub(crate) use remembered::Remembered;
use remembered::{Met, Step};
use rules::{Base, Known, Packed};

/// The most frames of a stack; frames beyond, near the root, are cut off.
pub(crate) const DEEPEST: usize = 128;

/// The stack pointer, frame pointer and program counter of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Registers {
    pc: usize,
    sp: usize,
    fp: usize,
}

/// The part of a stack that may be read: whole words from `low` up to `low + reach`, inclusive.
#[derive(Debug, Clone, Copy)]
struct Stack {
    low: usize,
    reach: usize,
}

impl Stack {
    #[inline(always)]
    fn read(self, address: usize) -> Option<usize> {
        if !self.has(address) {
            return None;
        }
        // SAFETY: this was the test.
        Some(unsafe { Self::word(self, address) })
    }

    /// # Safety
    /// - The address is that of a whole word in this stack.
    #[inline(always)]
    unsafe fn word(self, address: usize) -> usize {
        let word = std::ptr::with_exposed_provenance::<usize>(address);
        // SAFETY: the word is aligned and lies between this thread's stack pointer and the end of
        // the mapping that the stack is in.
        unsafe { word.read_volatile() }
    }

    /// Whether the word at this address is one of the stack's.
    #[inline(always)]
    fn has(self, address: usize) -> bool {
        address.wrapping_sub(self.low) <= self.reach && address.is_multiple_of(size_of::<usize>())
    }
}

/// The return addresses of a walk.
struct Frames<'a> {
    array: &'a mut [usize; DEEPEST],
    count: usize,
    /// Frames below are the profiler's own.
    marker: usize,
}

impl Frames<'_> {
    /// Adds a frame; false when there is no room for it.
    #[inline(always)]
    fn push(&mut self, pc: usize, sp: usize) -> bool {
        // Behind the root there is no caller.
        if sp <= self.marker || pc == 0 {
            return true;
        }
        let Some(place) = self.array.get_mut(self.count) else { return false };
        *place = pc;
        self.count += 1;
        true
    }
}

/// A stack that was captured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    /// So many frames.
    Frames(usize),
    /// The very stack that is remembered; its frames were not written.
    Remembered,
}

/// Fills `frames` with the return addresses of the callers of the function that `marker` is a local
/// variable of, unless they are all as `remembered`. Why frames are missing is counted.
#[inline(never)]
pub(crate) fn capture(
    state: &ThreadState,
    marker: usize,
    remembered: &mut Remembered,
    frames: &mut [usize; DEEPEST],
) -> Captured {
    let mut registers = here();
    let Some(stack) = bounds(state, registers.sp) else {
        stats::STACKS_UNREADABLE.add(1);
        remembered.forget();
        return Captured::Frames(0);
    };
    let known = Known::now();
    remembered.begin(known.generation(), marker, stack);
    let mut frames = Frames { array: frames, count: 0, marker };
    // How far behind the instruction in question a pc is. A call may be a function's last
    // instruction, so the address behind it can be another's.
    let mut behind = 0;
    let end = loop {
        let pc = registers.pc.wrapping_sub(behind);
        if registers.pc == 0 {
            break End::Root(pc);
        }
        if !frames.push(registers.pc, registers.sp) {
            break End::Cut;
        }
        match remembered.meet(pc, &mut registers, stack, &mut frames) {
            Met::Nothing => {}
            Met::Frames => {
                behind = 1;
                continue;
            }
            Met::Rest => break End::Rest,
            Met::Whole => return Captured::Remembered,
            Met::TooMany => break End::Cut,
        }
        let rule = known.find(pc).unwrap_or_else(|| learn(known, pc));
        if rule.is_plain() {
            let base = if rule.counts_from_frame_pointer() { registers.fp } else { registers.sp };
            let end = base.wrapping_add_signed(rule.offset());
            let return_address = end.wrapping_add_signed(rule.return_address());
            let frame_pointer = match rule.frame_pointer() {
                0 => None,
                place => Some(end.wrapping_add_signed(place)),
            };
            let caller = stack.read(return_address);
            let fp = frame_pointer.map_or(Some(registers.fp), |address| stack.read(address));
            // Frames only end further up, so that a damaged table cannot go round in circles.
            let (Some(caller), Some(fp), true) = (caller, fp, end > registers.sp) else {
                break End::Lost;
            };
            remembered.add(&Step {
                code: pc,
                registers,
                needs_fp: rule.counts_from_frame_pointer(),
                end,
                return_address: (return_address, caller),
                caller_fp: frame_pointer,
            });
            registers = Registers { pc: without_signature(caller), sp: end, fp };
            behind = 1;
        } else {
            match leave(rule.base(), &registers, stack, pc) {
                Left::For(caller) if caller.registers.sp > registers.sp => {
                    registers = caller.registers;
                    behind = usize::from(!caller.exact);
                    remembered.spoil();
                }
                Left::Root => {
                    // Without a table, it is one by its frame pointer, which is not compared.
                    if rule.base() == Base::Unknown {
                        remembered.spoil();
                    }
                    break End::Root(pc);
                }
                _ => break End::Lost,
            }
        }
    };
    match end {
        End::Root(code) => remembered.keep_with_root(code, registers.sp),
        End::Rest => remembered.keep_with_rest(),
        End::Cut => {
            stats::STACKS_CUT.add(1);
            remembered.forget();
        }
        End::Lost => {
            stats::STACKS_BROKEN.add(1);
            remembered.forget();
        }
    }
    Captured::Frames(frames.count)
}

/// How a walk ended.
enum End {
    /// At the frame with this code address.
    Root(usize),
    /// The rest of the stack is as it was.
    Rest,
    /// There is no room for more frames.
    Cut,
    /// There are more frames, and nothing leads to them.
    Lost,
}

#[cold]
fn learn(known: Known, pc: usize) -> Packed {
    let rule = eh_frame::rule(pc).pack();
    known.remember(pc, rule);
    rule
}

/// What is behind a frame whose rule is not a plain one.
enum Left {
    For(Caller),
    /// There is no caller.
    Root,
    /// There may be one, but nothing says where.
    Lost,
}

/// Leaves a frame whose rule is not a plain one: one of a signal handler, mostly.
#[cold]
fn leave(base: Base, registers: &Registers, stack: Stack, pc: usize) -> Left {
    match base {
        Base::Root => Left::Root,
        Base::Unknown => follow_frame_pointer(registers, stack),
        _ => eh_frame::evaluate(pc, registers, &|address| stack.read(address))
            .map_or(Left::Lost, Left::For),
    }
}

/// Leaves a frame of code without unwind tables, as if it kept a frame pointer. Believed only when
/// that leads to code that is known.
fn follow_frame_pointer(registers: &Registers, stack: Stack) -> Left {
    let fp = registers.fp;
    let words = stack.read(fp).zip(stack.read(fp.wrapping_add(size_of::<usize>())));
    match words {
        Some((_, 0)) => Left::Root,
        Some((caller_fp, return_address)) => {
            let pc = without_signature(return_address);
            if !eh_frame::is_known(pc.wrapping_sub(1)) {
                return Left::Lost;
            }
            let sp = fp.wrapping_add(2 * size_of::<usize>());
            Left::For(Caller { registers: Registers { pc, sp, fp: caller_fp }, exact: false })
        }
        None => Left::Lost,
    }
}

/// The registers inside of the function that this is inlined into.
#[inline(always)]
fn here() -> Registers {
    let (pc, sp, fp): (usize, usize, usize);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: only copies registers.
    unsafe {
        std::arch::asm!(
            "lea {pc}, [rip]",
            "mov {sp}, rsp",
            "mov {fp}, rbp",
            pc = out(reg) pc,
            sp = out(reg) sp,
            fp = out(reg) fp,
            options(nomem, nostack, preserves_flags)
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: only copies registers.
    unsafe {
        std::arch::asm!(
            "adr {pc}, .",
            "mov {sp}, sp",
            "mov {fp}, x29",
            pc = out(reg) pc,
            sp = out(reg) sp,
            fp = out(reg) fp,
            options(nomem, nostack, preserves_flags)
        );
    }
    Registers { pc, sp, fp }
}

/// A return address without the signature that some processors put into its high bits.
fn without_signature(address: usize) -> usize {
    if cfg!(target_arch = "aarch64") { address & 0x0000_ffff_ffff_ffff } else { address }
}

#[cfg(test)]
mod tests;
