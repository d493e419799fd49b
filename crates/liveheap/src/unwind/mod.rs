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

mod bytes;
mod cfi;
mod eh_frame;
mod elf;
mod entry;
mod expression;
pub(crate) mod modules;
mod rules;
mod symbol;

use crate::thread::ThreadState;
use crate::{maps, stats};
use eh_frame::Caller;
use rules::{Base, Known, Packed};
use std::ops::ControlFlow;

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
        if address.wrapping_sub(self.low) > self.reach
            || !address.is_multiple_of(size_of::<usize>())
        {
            return None;
        }
        let word = std::ptr::with_exposed_provenance::<usize>(address);
        // SAFETY: the word is aligned and lies between this thread's stack pointer and the end of
        // the mapping that the stack is in.
        Some(unsafe { word.read_volatile() })
    }
}

/// Fills `frames` with the return addresses of the callers of the function that `marker` is a local
/// variable of, and returns their number. Why frames are missing is counted.
#[inline(never)]
pub(crate) fn capture(state: &ThreadState, marker: usize, frames: &mut [usize; DEEPEST]) -> usize {
    let mut registers = here();
    let Some(stack) = bounds(state, registers.sp) else {
        stats::STACKS_UNREADABLE.add(1);
        return 0;
    };
    let known = Known::now();
    let mut count = 0;
    // How far behind the instruction in question a pc is. A call may be a function's last
    // instruction, so the address behind it can be another's.
    let mut behind = 0;
    loop {
        let pc = registers.pc.wrapping_sub(behind);
        let rule = known.find(pc).unwrap_or_else(|| learn(known, pc));
        behind = 1;
        if rule.is_plain() {
            let base = if rule.counts_from_frame_pointer() { registers.fp } else { registers.sp };
            let frame_end = base.wrapping_add_signed(rule.offset());
            let return_address = stack.read(frame_end.wrapping_add_signed(rule.return_address()));
            let frame_pointer = match rule.frame_pointer() {
                0 => Some(registers.fp),
                place => stack.read(frame_end.wrapping_add_signed(place)),
            };
            let (Some(return_address), Some(fp)) = (return_address, frame_pointer) else {
                return lost(count);
            };
            // Frames only end further up, so that a damaged table cannot go round in circles.
            if frame_end <= registers.sp {
                return lost(count);
            }
            registers = Registers { pc: without_signature(return_address), sp: frame_end, fp };
        } else {
            match leave(rule.base(), &registers, stack, pc) {
                Left::For(caller) if caller.registers.sp > registers.sp => {
                    registers = caller.registers;
                    behind = usize::from(!caller.exact);
                }
                Left::Root => return count,
                _ => return lost(count),
            }
        }
        if registers.pc == 0 {
            return count;
        }
        // Frames below the marker are the profiler's own.
        if registers.sp <= marker {
            continue;
        }
        let Some(frame) = frames.get_mut(count) else {
            stats::STACKS_CUT.add(1);
            return count;
        };
        *frame = registers.pc;
        count += 1;
    }
}

#[cold]
fn learn(known: Known, pc: usize) -> Packed {
    let rule = eh_frame::rule(pc).pack();
    known.remember(pc, rule);
    rule
}

/// Counts a stack that has more frames, which nothing leads to.
#[cold]
fn lost(count: usize) -> usize {
    stats::STACKS_BROKEN.add(1);
    count
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

/// The stack that `sp` points into, which ends with its mapping.
fn bounds(state: &ThreadState, sp: usize) -> Option<Stack> {
    let known = state.stack_low.get()..state.stack_high.get();
    if !known.contains(&sp) {
        let mut found = None;
        maps::for_each(&mut |mapping| {
            if sp < mapping.start {
                return ControlFlow::Break(());
            }
            if sp < mapping.end {
                // The kernel lets the first thread's stack grow down, and keeps this much free.
                let growth = if mapping.path == b"[stack]" { 1 << 20 } else { 0 };
                found = Some((mapping.start.saturating_sub(growth), mapping.end));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        let (low, high) = found?;
        state.stack_low.set(low);
        state.stack_high.set(high);
    }
    let reach = state.stack_high.get().checked_sub(sp)?.checked_sub(size_of::<usize>())?;
    Some(Stack { low: sp, reach })
}

#[cfg(test)]
mod tests;
