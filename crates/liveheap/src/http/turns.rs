//! Who dumps and who waits, in one number.
//!
//! In: a process that enters, looks again, or leaves. Out: whether it may dump. The number has the process in
//! it, so that the child of a fork, in which whoever dumped is not, sees that it is not its own.

use crate::atomics::{AtomicU64, Ordering, constant};

/// The process, how many wait, and whether one dumps.
#[derive(Debug)]
pub(super) struct Turns(AtomicU64);

/// What is said to who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody else dumps until it leaves.
    Enter,
    /// It is among those who wait, and is to look again.
    Wait,
    /// Too many wait already.
    TooMany,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    busy: bool,
    /// Below 2^31.
    waiting: u32,
}

impl Turns {
    constant! {
        pub(super) fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// For who comes: waits when one dumps, but not behind `most_waiting` others.
    pub(super) fn come(&self, process: u32, most_waiting: u32) -> Answer {
        let before = self.change(process, |state| match state {
            State { busy: false, .. } => Some(State { busy: true, ..state }),
            State { waiting, .. } if waiting >= most_waiting => None,
            State { waiting, .. } => Some(State { waiting: waiting + 1, ..state }),
        });
        match before {
            Some(State { busy: false, .. }) => Answer::Enter,
            Some(_) => Answer::Wait,
            None => Answer::TooMany,
        }
    }

    /// For who waits: enters when nobody dumps.
    pub(super) fn look_again(&self, process: u32) -> bool {
        let before = self.change(process, |state| {
            let waiting = state.waiting.saturating_sub(1);
            (!state.busy).then_some(State { busy: true, waiting })
        });
        before.is_some()
    }

    /// For who has entered.
    pub(super) fn leave(&self, process: u32) {
        self.change(process, |state| Some(State { busy: false, ..state }));
    }

    /// Changes the state unless `new` says not to; gives the state before.
    fn change(&self, process: u32, new: impl Fn(State) -> Option<State>) -> Option<State> {
        let replace = |word| new(unpacked(word, process)).map(|state| packed(state, process));
        // What one dump leaves behind is seen by the next: each change pairs with the one before.
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, replace);
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
    fn one_enters_two_wait_and_the_others_are_turned_away() {
        let turns = Turns::new();
        let come = |most_waiting| turns.come(7, most_waiting);
        assert_eq!([come(2), come(2), come(2)], [Answer::Enter, Answer::Wait, Answer::Wait]);
        assert_eq!(come(2), Answer::TooMany);
        assert!(!turns.look_again(7));
        turns.leave(7);
        assert!(turns.look_again(7));
        assert!(!turns.look_again(7));
        assert_eq!(come(1), Answer::TooMany, "one waits still");
        turns.leave(7);
        assert!(turns.look_again(7));
        turns.leave(7);
        assert_eq!(come(0), Answer::Enter);
    }

    #[test]
    fn who_dumps_in_the_parent_does_not_dump_in_the_child() {
        let word = packed(State { busy: true, waiting: 3 }, 7);
        assert_eq!(unpacked(word, 7), State { busy: true, waiting: 3 });
        assert_eq!(unpacked(word, 8), State::default());
    }
}
