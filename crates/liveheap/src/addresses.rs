//! Distinct addresses, numbered in the order in which they came.
//!
//! Stacks share most of their frames: a snapshot of 600 000 frames has some 20 000 addresses. Numbering
//! them once spares every later step a search.

/// Gives each address that it has not seen the next number, from 0 on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    values: Vec<u64>,
    /// Number plus one, 0 for a free slot; the length is 0 or a power of two, at most half full.
    slots: Vec<u32>,
}

impl Addresses {
    /// The number of an address.
    ///
    /// # Panics
    /// At 2³² − 1 distinct addresses, which take more memory than there is.
    pub(crate) fn number(&mut self, address: u64) -> u32 {
        if self.values.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(address);
        if let Some(number) = self.slots[slot].checked_sub(1) {
            return number;
        }
        self.values.push(address);
        let number = u32::try_from(self.values.len()).expect("below 2^32 distinct addresses");
        self.slots[slot] = number;
        number - 1
    }

    /// All addresses by their number.
    pub(crate) fn values(&self) -> &[u64] {
        &self.values
    }

    /// Where the address is, or the free slot where it would be.
    fn slot(&self, address: u64) -> usize {
        let mask = self.slots.len() - 1;
        // The upper half of the product depends on every bit of the address; 32 bits are enough.
        let hash = address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let mut slot = usize::try_from(hash).unwrap_or(0) & mask;
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.values[number as usize] == address {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1024);
        self.slots = vec![0; size];
        for position in 0..self.values.len() {
            let slot = self.slot(self.values[position]);
            self.slots[slot] = u32::try_from(position + 1).expect("it was numbered before");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_number() {
        let mut addresses = Addresses::default();
        assert_eq!([7, 0, 7, 9, 0].map(|address| addresses.number(address)), [0, 1, 0, 2, 1]);
        assert_eq!(addresses.values(), [7, 0, 9]);
    }

    #[test]
    fn numbers_survive_growth() {
        let mut addresses = Addresses::default();
        for round in 0..2 {
            for position in 0..5000 {
                let number = addresses.number(u64::from(position) << 12);
                assert_eq!(number, position, "round {round}");
            }
        }
    }
}
