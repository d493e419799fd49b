//! What each client of `delta_heap` saw last.
//!
//! In: a client's name and the snapshot that it is about to see. Out: the one it saw before. So many
//! clients are remembered, with a snapshot each; then the one that has not asked for longest is
//! forgotten, and its next profile is a first one again. The caller holds a [`Turn`].

use super::turn::Turn;
use crate::sampled::Sampled;
use crate::sync::SpinLock;

/// How many clients are remembered. Each costs a snapshot: some hundred bytes for each stack.
pub(super) const MOST_CLIENTS: usize = 8;
/// The longest name of a client, in bytes.
pub(super) const LONGEST_NAME: usize = 100;

/// Who asked last comes last.
static CLIENTS: SpinLock<Vec<Client>> = SpinLock::new(Vec::new());

#[derive(Debug)]
struct Client {
    name: String,
    seen: Sampled,
}

/// Remembers what a client is about to see, and gives what it saw before, if that is known.
pub(super) fn exchange(_turn: &Turn<'_>, name: &str, sampled: &Sampled) -> Option<Sampled> {
    // The list is taken out, because a spin lock is not held while memory is allocated. Nobody else
    // wants it meanwhile; only in the child of a fork can the lock be found taken for ever, and then
    // every client is a new one.
    let mut clients = CLIENTS.try_with(std::mem::take).unwrap_or_default();
    let before = remember(&mut clients, name, sampled);
    CLIENTS.try_with(|place| *place = clients);
    before
}

fn remember(clients: &mut Vec<Client>, name: &str, sampled: &Sampled) -> Option<Sampled> {
    let known = clients.iter().position(|client| client.name == name);
    let before = known.map(|known| clients.remove(known).seen);
    if clients.len() >= MOST_CLIENTS {
        clients.remove(0);
    }
    // A difference needs the rows and the time only.
    let seen = Sampled {
        time_nanos: sampled.time_nanos,
        rows: sampled.rows.clone(),
        stacks: sampled.stacks.clone(),
        return_addresses: sampled.return_addresses.clone(),
        ..Sampled::default()
    };
    clients.push(Client { name: name.to_owned(), seen });
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time_nanos: i64) -> Sampled {
        Sampled { time_nanos, ..Sampled::default() }
    }

    #[test]
    fn each_client_gets_what_it_saw_last() {
        let mut clients = Vec::new();
        let mut seen = |name, time| {
            remember(&mut clients, name, &at(time)).map(|before: Sampled| before.time_nanos)
        };
        assert_eq!((seen("a", 1), seen("b", 2)), (None, None));
        assert_eq!((seen("a", 3), seen("a", 4), seen("b", 5)), (Some(1), Some(3), Some(2)));
    }

    #[test]
    fn the_client_that_has_not_asked_for_longest_is_forgotten() {
        let mut clients = Vec::new();
        for number in 0..MOST_CLIENTS {
            assert!(remember(&mut clients, &number.to_string(), &at(0)).is_none());
        }
        assert!(remember(&mut clients, "0", &at(0)).is_some());
        assert!(remember(&mut clients, "another", &at(0)).is_none());
        assert_eq!(clients.len(), MOST_CLIENTS);
        assert!(remember(&mut clients, "0", &at(0)).is_some());
        assert!(remember(&mut clients, "1", &at(0)).is_none());
    }
}
