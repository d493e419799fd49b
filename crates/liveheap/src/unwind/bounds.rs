//! The stack that a thread is on: from where to where it may be read.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: the thread's state, and its stack pointer.
//! Out: the addresses from there up to the end of the stack. They are looked for when a thread is
//! sampled for the first time, when it is deeper than before, and when it is on another stack; then
//! they are remembered.
//!
//! Most stacks are a thread's own, and not deep. The C library puts the variables of a thread right above
//! its stack, and [`ThreadState`] is one of them. So when all memory between the stack pointer and the
//! state may be read, the stack is in it. That takes a single system call and no file. For other
//! stacks, that of the first thread, deep ones and those that a program makes itself, the kernel is asked
//! for their mapping.

use super::{Stack, readable};
use crate::maps;
use crate::maps::query::{self, Answer};
use crate::thread::ThreadState;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{Ordering, compiler_fence};

/// The most bytes below the state that are asked for one by one. For more than these, the kernel finds
/// the mapping as fast.
const NEAR: usize = 128 << 10;

/// The stack that `sp` points into.
#[inline(always)]
pub(super) fn bounds(state: &ThreadState, sp: usize) -> Option<Stack> {
    let mut range = remembered(state);
    if !range.contains(&sp) {
        range = look(state, sp)?;
    }
    let reach = range.end.checked_sub(sp)?.checked_sub(size_of::<usize>())?;
    Some(Stack { low: sp, reach })
}

/// What was found last; empty before.
#[inline(always)]
fn remembered(state: &ThreadState) -> Range<usize> {
    let low = state.stack_low.get();
    compiler_fence(Ordering::SeqCst);
    let high = state.stack_high.get();
    compiler_fence(Ordering::SeqCst);
    // A signal handler on a stack of its own may have come in between.
    if state.stack_low.get() == low { low..high } else { 0..0 }
}

fn remember(state: &ThreadState, range: &Range<usize>) {
    state.stack_high.set(0);
    compiler_fence(Ordering::SeqCst);
    state.stack_low.set(range.start);
    compiler_fence(Ordering::SeqCst);
    state.stack_high.set(range.end);
    compiler_fence(Ordering::SeqCst);
    // A signal handler that came in between has left another stack's.
    if state.stack_low.get() != range.start {
        state.stack_high.set(0);
    }
}

#[cold]
#[inline(never)]
fn look(state: &ThreadState, sp: usize) -> Option<Range<usize>> {
    let top = std::ptr::from_ref(state).addr();
    let range = match below(top, sp) {
        Some(range) => range,
        None => mapping(sp, top)?,
    };
    remember(state, &range);
    Some(range)
}

/// The stack that ends at the thread's variables, if `sp` is on it and not deep: from its deepest page
/// that is in use.
fn below(top: usize, sp: usize) -> Option<Range<usize>> {
    if sp >= top || top - sp > NEAR {
        return None;
    }
    // SAFETY: sysconf(3) has no preconditions.
    let page_size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    let start = sp - sp.checked_rem(page_size)?;
    let pages = start..top.checked_next_multiple_of(page_size)?;
    readable::may_read(&pages, page_size).then_some(start..top)
}

/// The mapping that `sp` is in, as far as it can be one stack.
fn mapping(sp: usize, top: usize) -> Option<Range<usize>> {
    let range = match query::mapping_at(sp) {
        Answer::Is(range) => range,
        Answer::Nowhere => return None,
        Answer::Silent => listed(sp)?,
    };
    // Mappings that touch each other are one to the kernel, and what is unreadable between stacks need
    // not part them. But no stack has the thread's variables in it.
    let end = if sp < top { range.end.min(top) } else { range.end };
    Some(range.start..end)
}

/// The same from the list of all mappings.
fn listed(sp: usize) -> Option<Range<usize>> {
    let mut found = None;
    maps::for_each(&mut |mapping| {
        if sp < mapping.start {
            return ControlFlow::Break(());
        }
        if sp < mapping.end {
            // The kernel lets the first thread's stack grow down, and keeps this much free.
            let growth = if mapping.path == b"[stack]" { 1 << 20 } else { 0 };
            found = Some(mapping.start.saturating_sub(growth)..mapping.end);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found
}

#[cfg(test)]
mod tests;
