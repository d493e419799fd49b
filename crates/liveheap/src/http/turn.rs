//! One dump at a time: a dump takes memory and a processor, and many at once would take many.
//!
//! In: who wants to dump. Out: a [`Turn`], at once or after others, or none when too many wait already.

use super::turns::{Answer, Turns};
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
        Self::of(&TURNS, MOST_WAITING)
    }

    /// Waits for its turn behind any number of others.
    pub(super) fn wait_in_any_case() -> Option<Self> {
        Self::of(&TURNS, u32::MAX)
    }
}

impl<'a> Turn<'a> {
    fn of(turns: &'a Turns, most_waiting: u32) -> Option<Self> {
        match turns.come(std::process::id(), most_waiting) {
            Answer::TooMany => return None,
            Answer::Enter => {}
            Answer::Wait => loop {
                std::thread::sleep(LOOK_TIME);
                if turns.look_again(std::process::id()) {
                    break;
                }
            },
        }
        Some(Self { turns })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.leave(std::process::id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dumps_and_the_next_follows() {
        let turns = Turns::new();
        let first = Turn::of(&turns, 1).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(Turn::of(&turns, 1).unwrap()));
            assert!(Turn::of(&turns, 0).is_none(), "one dumps already");
            assert!(!second.is_finished());
            drop(first);
            second.join().unwrap();
        });
        drop(Turn::of(&turns, 0).unwrap());
    }
}
