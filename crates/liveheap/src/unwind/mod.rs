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
mod expression;
pub(crate) mod modules;
mod rules;

use crate::thread::ThreadState;
use crate::{maps, stats};
use rules::{Base, Place};
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

/// The part of a stack that may be read: addresses from `low` to below `high`.
#[derive(Debug, Clone, Copy)]
struct Stack {
    low: usize,
    high: usize,
}

impl Stack {
    fn read(self, address: usize) -> Option<usize> {
        let last = self.high.checked_sub(size_of::<usize>())?;
        if address < self.low || address > last || !address.is_multiple_of(size_of::<usize>()) {
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
    let mut count = 0;
    let mut address_is_exact = true;
    loop {
        match step(&mut registers, stack, address_is_exact) {
            Step::Caller { exact } => address_is_exact = exact,
            Step::Root => return count,
            Step::Lost => {
                stats::STACKS_BROKEN.add(1);
                return count;
            }
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

enum Step {
    /// The registers are the caller's now. `exact` when its pc is where it was interrupted, rather
    /// than behind a call.
    Caller { exact: bool },
    /// There is no caller.
    Root,
    /// There may be one, but nothing says where.
    Lost,
}

fn step(registers: &mut Registers, stack: Stack, address_is_exact: bool) -> Step {
    // A call may be a function's last instruction, so the address behind it can be another's.
    let pc = if address_is_exact { registers.pc } else { registers.pc.wrapping_sub(1) };
    let rule = rules::lookup(pc).unwrap_or_else(|| {
        let rule = eh_frame::rule(pc);
        rules::remember(pc, rule);
        rule
    });
    let base = match rule.base {
        Base::Root => return Step::Root,
        Base::Unknown => return follow_frame_pointer(registers, stack),
        Base::Complex => return step_slowly(registers, stack, pc),
        Base::StackPointer => registers.sp,
        Base::FramePointer => registers.fp,
    };
    let frame_end = base.wrapping_add_signed(rule.offset as isize);
    if frame_end <= registers.sp {
        return Step::Lost;
    }
    let find = |place: Place| stack.read(frame_end.wrapping_add_signed(place.get() as isize));
    let Some(return_address) = rule.return_address.and_then(find) else { return Step::Lost };
    let frame_pointer = match rule.frame_pointer {
        None => registers.fp,
        Some(place) => match find(place) {
            Some(word) => word,
            None => return Step::Lost,
        },
    };
    advance(registers, return_address, frame_end, frame_pointer, false)
}

fn advance(
    registers: &mut Registers,
    return_address: usize,
    sp: usize,
    fp: usize,
    exact: bool,
) -> Step {
    let pc = without_signature(return_address);
    if pc == 0 {
        return Step::Root;
    }
    *registers = Registers { pc, sp, fp };
    Step::Caller { exact }
}

/// Leaves a frame whose rule is not a plain one: one of a signal handler, mostly.
#[cold]
fn step_slowly(registers: &mut Registers, stack: Stack, pc: usize) -> Step {
    match eh_frame::evaluate(pc, registers, &|address| stack.read(address)) {
        Some(caller) if caller.registers.sp > registers.sp => {
            let Registers { pc, sp, fp } = caller.registers;
            advance(registers, pc, sp, fp, caller.exact)
        }
        _ => Step::Lost,
    }
}

/// Leaves a frame of code without unwind tables, as if it kept a frame pointer. Believed only when
/// that leads to code that is known.
#[cold]
fn follow_frame_pointer(registers: &mut Registers, stack: Stack) -> Step {
    let fp = registers.fp;
    if fp < registers.sp {
        return Step::Lost;
    }
    let caller = stack.read(fp).zip(stack.read(fp.wrapping_add(size_of::<usize>())));
    match caller {
        Some((_, 0)) => Step::Root,
        Some((caller_fp, return_address))
            if eh_frame::is_known(without_signature(return_address).wrapping_sub(1)) =>
        {
            let sp = fp.wrapping_add(2 * size_of::<usize>());
            advance(registers, return_address, sp, caller_fp, false)
        }
        _ => Step::Lost,
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
    Some(Stack { low: sp, high: state.stack_high.get() })
}

#[cfg(test)]
mod tests;
