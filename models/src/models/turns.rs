//! Who dumps and who waits.

use super::add;
use crate::atomics::{Guarded, wait};
use crate::turns::{Answer, Turns};
use loom::sync::Arc;
use loom::thread;

/// The process that all threads are in, and the one it was forked from.
const PROCESS: u32 = 8;
const PARENT: u32 = 7;

struct Dumps {
    turns: Turns,
    /// How many there were. Who has the turn may use it.
    done: Guarded<u32>,
}

impl Dumps {
    /// As a child finds it whose parent was just dumping.
    fn after_fork() -> Arc<Self> {
        let dumps = Self { turns: Turns::new(), done: Guarded::new(0) };
        assert_eq!(dumps.turns.come(PARENT, 0), Answer::Enter);
        Arc::new(dumps)
    }

    /// Dumps, when its turn comes; 0 when too many wait, else 1.
    fn dump(&self, most_waiting: u32) -> u32 {
        match self.turns.come(PROCESS, most_waiting) {
            Answer::TooMany => return 0,
            Answer::Enter => {}
            Answer::Wait => {
                let mut looks = 0;
                while !self.turns.look_again(PROCESS) {
                    looks += 1;
                    wait(looks);
                }
            }
        }
        add(&self.done);
        self.turns.leave(PROCESS);
        1
    }

    /// Nobody dumps or waits any more, and all that was done is seen.
    fn check(&self, dumped: u32) {
        assert_eq!(self.turns.come(PROCESS, 0), Answer::Enter);
        assert_eq!(self.turns.come(PROCESS, 1), Answer::Wait);
        assert_eq!(add(&self.done), dumped + 1);
    }
}

/// One dumps at a time and sees what the one before left behind, and who waits comes in. Whoever dumped in
/// the parent keeps nobody out.
pub(super) fn one_waits() {
    let dumps = Dumps::after_fork();
    let other = {
        let dumps = Arc::clone(&dumps);
        thread::spawn(move || dumps.dump(1) + dumps.dump(0))
    };
    let dumped = dumps.dump(1);
    let others = other.join().unwrap_or(0);
    assert_eq!(dumped, 1);
    assert!(others > 0);
    dumps.check(dumped + others);
}

/// The same with three who do not wait; at least one has its turn.
pub(super) fn none_waits() {
    let dumps = Dumps::after_fork();
    let others: Vec<_> = (0..2)
        .map(|_| {
            let dumps = Arc::clone(&dumps);
            thread::spawn(move || dumps.dump(0))
        })
        .collect();
    let dumped = dumps.dump(0);
    let dumped = others.into_iter().fold(dumped, |sum, other| sum + other.join().unwrap_or(0));
    assert!(dumped > 0);
    dumps.check(dumped);
}
