//! What each client of `delta_heap` saw last.
//!
//! In: a client's name and the snapshot that it is about to see. Out: the one it saw before. So many
//! clients are remembered, with a snapshot each; then the one that has not asked for longest is
//! forgotten, and its next profile is a first one again. The caller holds a [`Turn`]. The child of a
//! fork knows the same clients.

use super::turn::Turn;
use crate::sampled::Sampled;
use crate::sync::SpinLock;

/// How many clients are remembered. Each costs a snapshot: some hundred bytes for each stack.
pub(super) const MOST_CLIENTS: usize = 8;
/// The longest name of a client, in bytes.
pub(super) const LONGEST_NAME: usize = 100;

static CLIENTS: SpinLock<Clients> = SpinLock::new(Clients::new());

/// Who asked last comes last.
struct Clients([Option<Client>; MOST_CLIENTS]);

#[derive(Debug)]
struct Client {
    name: String,
    seen: Sampled,
}

/// Remembers what a client is about to see, and gives what it saw before, if that is known.
pub(super) fn exchange(_turn: &Turn<'_>, name: &str, sampled: &Sampled) -> Option<Sampled> {
    let client = Client::new(name, sampled);
    let replaced = CLIENTS.with(|clients| clients.remember(client));
    // What another client saw is given back here, where memory may be.
    replaced.filter(|replaced| replaced.name == name).map(|replaced| replaced.seen)
}

impl Client {
    /// A difference needs the rows and the time only.
    fn new(name: &str, sampled: &Sampled) -> Self {
        let seen = Sampled {
            time_nanos: sampled.time_nanos,
            rows: sampled.rows.clone(),
            stacks: sampled.stacks.clone(),
            return_addresses: sampled.return_addresses.clone(),
            ..Sampled::default()
        };
        Self { name: name.to_owned(), seen }
    }
}

impl Clients {
    const fn new() -> Self {
        Self([const { None }; MOST_CLIENTS])
    }

    /// Puts a client last; what it saw before makes room, or the one that has not asked for longest.
    /// Nothing is allocated or given back.
    fn remember(&mut self, client: Client) -> Option<Client> {
        let is_same =
            |known: &Option<Client>| known.as_ref().is_some_and(|k| k.name == client.name);
        let place = self.0.iter().position(is_same).unwrap_or(0);
        self.0[place..].rotate_left(1);
        self.0[MOST_CLIENTS - 1].replace(client)
    }
}

/// The lock, for `fork`.
pub(crate) fn acquire() {
    CLIENTS.acquire();
}

pub(crate) fn release() {
    CLIENTS.release();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn at(time_nanos: i64) -> Sampled {
        Sampled { time_nanos, ..Sampled::default() }
    }

    /// The time of what `name` saw before.
    fn ask(clients: &mut Clients, name: &str, time_nanos: i64) -> Option<i64> {
        let replaced = clients.remember(Client::new(name, &at(time_nanos)))?;
        (replaced.name == name).then_some(replaced.seen.time_nanos)
    }

    #[test]
    fn each_client_gets_what_it_saw_last() {
        let mut clients = Clients::new();
        let mut ask = |name, time| ask(&mut clients, name, time);
        assert_eq!((ask("a", 1), ask("b", 2)), (None, None));
        assert_eq!((ask("a", 3), ask("a", 4), ask("b", 5)), (Some(1), Some(3), Some(2)));
    }

    #[test]
    fn the_client_that_has_not_asked_for_longest_is_forgotten() {
        let mut clients = Clients::new();
        for number in 0..MOST_CLIENTS {
            assert!(ask(&mut clients, &number.to_string(), 0).is_none());
        }
        assert!(ask(&mut clients, "0", 0).is_some());
        assert!(ask(&mut clients, "another", 0).is_none());
        assert!(ask(&mut clients, "0", 0).is_some());
        assert!(ask(&mut clients, "1", 0).is_none());
        assert!(clients.0.iter().all(Option::is_some));
    }

    /// In the middle of an exchange or not.
    #[test]
    fn a_child_knows_the_clients_of_its_parent() {
        crate::fork::register();
        let mut sampled = at(7);
        sampled.stacks = vec![0; 1 << 18];
        let exchange = |name: &str| {
            let turn = Turn::wait_in_any_case().unwrap();
            exchange(&turn, name, &sampled).map(|before| before.time_nanos)
        };
        exchange("forked");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    exchange("forked");
                }
            });
            let failed = (0..100).find(|_| !in_child(|| exchange("forked") == Some(7)));
            stop.store(true, Ordering::Relaxed);
            assert_eq!(failed, None);
        });
    }

    #[expect(unsafe_code, reason = "forks")]
    fn in_child(work: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child uses the C library's allocator, which is prepared for a fork, and the above.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: has no preconditions; ends a child that waits for ever.
                unsafe { libc::alarm(20) };
                let code = i32::from(!work());
                // SAFETY: ends the child without running the parent's destructors.
                unsafe { libc::_exit(code) }
            }
            id => {
                let mut status = 0;
                // SAFETY: waits for the child that was just made.
                assert_eq!(unsafe { libc::waitpid(id, &raw mut status, 0) }, id);
                status == 0
            }
        }
    }
}
