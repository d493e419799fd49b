//! What changes between two moments: `?seconds=N` and `delta_heap`.
//!
//! In: what was sampled before and after. Out: the same kind of thing, which holds what was added in
//! between. What was freed and not allocated anew counts below zero, as in Go.

use crate::sampled::{Estimate, Picked, Sampled};
use std::cmp::Ordering;

/// What was added from `earlier` to `later`; rows in which nothing changed are left out.
pub(super) fn between(earlier: &Sampled, later: &Sampled) -> Sampled {
    compare(earlier, later, |before, after| after.minus(before))
}

/// What was allocated from `earlier` to `later`, and what is in use at the end.
pub(super) fn allocated_since(earlier: &Sampled, later: &Sampled) -> Sampled {
    compare(earlier, later, |before, after| Estimate {
        in_use_objects: after.in_use_objects,
        in_use_bytes: after.in_use_bytes,
        ..after.minus(before)
    })
}

/// A row for each stack and size, of what `change` makes of the estimates before and after; rows of
/// nothing are left out.
fn compare(
    earlier: &Sampled,
    later: &Sampled,
    change: impl Fn(Estimate, Estimate) -> Estimate,
) -> Sampled {
    let mut difference = Sampled {
        rate: later.rate,
        time_nanos: later.time_nanos,
        duration_nanos: later.time_nanos.saturating_sub(earlier.time_nanos),
        modules: later.modules.clone(),
        comments: later.comments.clone(),
        ..Sampled::default()
    };
    let (old, new) = (grouped(earlier), grouped(later));
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return difference,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.key().cmp(&new.key()),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        let Some(shown) = after.or(before) else { return difference };
        let estimate =
            |group: Option<&Group>| group.map(|group| group.estimate).unwrap_or_default();
        let change = change(estimate(before), estimate(after));
        if change != Estimate::default() {
            difference.push(shown.stack.iter().copied(), shown.size, change, Picked::default());
        }
    }
}

/// The rows by stack and size, ascending.
fn grouped(sampled: &Sampled) -> Vec<Group> {
    let addresses = sampled.return_addresses.values();
    let mut groups: Vec<Group> = sampled
        .rows
        .iter()
        .map(|row| {
            let calls = sampled.stack(row).iter();
            let stack = calls.map(|&call| addresses[call as usize]).collect();
            Group { stack, size: row.size, estimate: row.estimate }
        })
        .collect();
    groups.sort_by(|one, two| one.key().cmp(&two.key()));
    groups.dedup_by(|later, kept| {
        let same = later.key() == kept.key();
        if same {
            kept.estimate = kept.estimate.plus(later.estimate);
        }
        same
    });
    groups
}

/// Rows of one stack and one size, for a difference.
struct Group {
    /// Return addresses, leaf first.
    stack: Box<[u64]>,
    size: u64,
    estimate: Estimate,
}

impl Group {
    /// A bucket's stack and size are the same in every snapshot.
    fn key(&self) -> (&[u64], u64) {
        (&self.stack, self.size)
    }
}

impl Estimate {
    fn minus(self, other: Self) -> Self {
        Self {
            allocated_objects: self.allocated_objects.saturating_sub(other.allocated_objects),
            allocated_bytes: self.allocated_bytes.saturating_sub(other.allocated_bytes),
            in_use_objects: self.in_use_objects.saturating_sub(other.in_use_objects),
            in_use_bytes: self.in_use_bytes.saturating_sub(other.in_use_bytes),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            allocated_objects: self.allocated_objects.saturating_add(other.allocated_objects),
            allocated_bytes: self.allocated_bytes.saturating_add(other.allocated_bytes),
            in_use_objects: self.in_use_objects.saturating_add(other.in_use_objects),
            in_use_bytes: self.in_use_bytes.saturating_add(other.in_use_bytes),
        }
    }
}

#[cfg(test)]
mod tests;
