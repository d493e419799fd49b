//! One dump at a time: a dump takes memory and a processor, and many at once would take many.
//!
//! In: who wants to dump. Out: a [`Turn`], at once or after others, or none when too many wait already.
//! It is one number instead of a lock, so that the child of a fork, in which whoever dumped is not, sees
//! that the number is not its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many may wait; who comes then is turned away.
pub(super) const MOST_WAITING: u32 = 16;
/// How often one who waits looks again.
const LOOK_TIME: Duration = Duration::from_millis(2);

static TURNS: Turns = Turns::new();

/// The right to dump, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
}

impl Turn<'static> {
    /// Waits for its turn; none when too many wait already.
    pub(super) fn wait() -> Option<Self> {
        TURNS.wait(MOST_WAITING)
    }

    /// Waits for its turn behind any number of others.
    pub(super) fn wait_in_any_case() -> Option<Self> {
        TURNS.wait(u32::MAX)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.change(|state| Some(State { busy: false, ..state }));
    }
}

/// Who dumps and who waits. The process, whether one dumps, and how many wait, in one number.
#[derive(Debug)]
struct Turns(AtomicU64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    busy: bool,
    /// Below 2^31.
    waiting: u32,
}

impl Turns {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn wait(&self, most_waiting: u32) -> Option<Turn<'_>> {
        let before = self.change(|state| match state {
            State { busy: false, .. } => Some(State { busy: true, ..state }),
            State { waiting, .. } if waiting >= most_waiting => None,
            State { waiting, .. } => Some(State { waiting: waiting + 1, ..state }),
        })?;
        let mut entered = !before.busy;
        while !entered {
            std::thread::sleep(LOOK_TIME);
            let enter = |state: State| {
                let waiting = state.waiting.saturating_sub(1);
                (!state.busy).then_some(State { busy: true, waiting })
            };
            entered = self.change(enter).is_some();
        }
        Some(Turn { turns: self })
    }

    /// Changes the state unless `new` says not to; gives the state before.
    fn change(&self, new: impl Fn(State) -> Option<State>) -> Option<State> {
        let process = std::process::id();
        let replace = |word| new(unpacked(word, process)).map(|state| packed(state, process));
        // What one dump leaves behind is seen by the next.
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, replace);
        before.ok().map(|word| unpacked(word, process))
    }
}

fn packed(state: State, process: u32) -> u64 {
    u64::from(process) << 32 | u64::from(state.waiting) << 1 | u64::from(state.busy)
}

/// The state, nothing when it is another process's.
fn unpacked(word: u64, process: u32) -> State {
    if word >> 32 != u64::from(process) {
        return State::default();
    }
    let waiting = u32::try_from((word & u64::from(u32::MAX)) >> 1).unwrap_or(u32::MAX);
    State { busy: word & 1 == 1, waiting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dumps_and_the_next_follows() {
        let turns = Turns::new();
        let first = turns.wait(1).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(turns.wait(1).unwrap()));
            let process = std::process::id();
            while unpacked(turns.0.load(Ordering::Acquire), process).waiting == 0 {
                std::thread::yield_now();
            }
            assert!(turns.wait(1).is_none(), "one waits already");
            assert!(!second.is_finished());
            drop(first);
            second.join().unwrap();
        });
        drop(turns.wait(0).unwrap());
    }

    #[test]
    fn who_dumps_in_the_parent_does_not_dump_in_the_child() {
        let word = packed(State { busy: true, waiting: 3 }, 7);
        assert_eq!(unpacked(word, 7), State { busy: true, waiting: 3 });
        assert_eq!(unpacked(word, 8), State::default());
    }
}
