//! Numbers for the distinct labels of a profile, so that a decision about a label is made once.

use liveheap_profile::{Label, LabelData};

/// The distinct labels met so far, numbered 0, 1, 2 … in order of appearance.
///
/// An open-addressing table: a label is looked up for each sample that has it, and most samples
/// have one.
#[derive(Debug)]
pub(crate) struct DistinctLabels {
    labels: Vec<Label>,
    /// Number plus one, 0 for a free slot; the length is a power of two, at most half full.
    slots: Vec<u32>,
}

impl DistinctLabels {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { labels: Vec::new(), slots: vec![0; 64] }
    }

    /// The labels in the order of their numbers.
    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The number of a label; one above all before when it is new.
    pub(crate) fn number(&mut self, label: Label) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(label) & mask;
        loop {
            match self.slots[slot] {
                0 => break,
                taken => {
                    let number = taken as usize - 1;
                    if self.labels[number] == label {
                        return number;
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
        let number = self.labels.len();
        self.labels.push(label);
        self.slots[slot] = u32::try_from(number + 1).expect("a profile has below 2^32 labels");
        if self.labels.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 4;
        self.slots = vec![0; size];
        for (number, label) in self.labels.iter().enumerate() {
            let mut slot = hash(*label) & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = u32::try_from(number + 1).expect("a profile has below 2^32 labels");
        }
    }
}

/// Spreads a label over all bits; profiles of an attacker cost time, not correctness.
fn hash(label: Label) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (value, unit) = match label.value {
        LabelData::Text(text) => (text.get() as u64, 1),
        LabelData::Number { value, unit } => (value.cast_unsigned(), unit.get() as u64 * 2 + 2),
    };
    let mut mixed = 0_u64;
    for part in [label.key.get() as u64, value, unit] {
        mixed = (mixed.rotate_left(23) ^ part).wrapping_mul(FACTOR);
    }
    // The upper half is the better mixed one.
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveheap_profile::StringId;

    #[test]
    fn equal_labels_share_a_number_through_growth() {
        let number = |value| LabelData::Number { value, unit: StringId::EMPTY };
        let label = |value| Label { key: StringId::new(1), value: number(value) };
        let mut distinct = DistinctLabels::new();
        for value in 0..1000 {
            assert_eq!(distinct.number(label(value)), usize::try_from(value).unwrap());
        }
        for value in 0..1000 {
            assert_eq!(distinct.number(label(value)), usize::try_from(value).unwrap());
        }
        let text = Label { key: StringId::new(1), value: LabelData::Text(StringId::EMPTY) };
        assert_eq!(distinct.number(text), 1000);
        assert_eq!(distinct.labels().len(), 1001);
    }
}
