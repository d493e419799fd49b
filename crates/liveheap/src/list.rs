//! What a program registers: a list that only grows, so that it needs no lock.

use std::sync::OnceLock;

/// Entries in the order in which they were added.
pub(crate) struct List<T> {
    first: OnceLock<Box<Link<T>>>,
}

struct Link<T> {
    entry: T,
    next: OnceLock<Box<Link<T>>>,
}

impl<T> List<T> {
    pub(crate) const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    /// Adds an entry behind the last.
    pub(crate) fn add(&self, entry: T) {
        let mut link = Box::new(Link { entry, next: OnceLock::new() });
        let mut end = &self.first;
        // Another thread may take the place at the end; then the search goes on behind it.
        while let Err(refused) = end.set(link) {
            link = refused;
            match end.get() {
                Some(taken) => end = &taken.next,
                None => return,
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::successors(self.first.get(), |link| link.next.get()).map(|link| &link.entry)
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn entries_stay_in_their_order() {
        let list = List::new();
        assert_eq!(list.iter().next(), None);
        (1..=3).for_each(|number| list.add(number));
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
    }
}
