//! The string table: every text of a profile once, in one buffer.
//!
//! [`Strings`] reads; [`Interner`] adds. Texts are UTF-8, as profile.proto demands; a reader that
//! meets other bytes replaces them with U+FFFD before they get here.

use crate::StringId;
use std::hash::{BuildHasher, Hasher, RandomState};

/// An append-only table of distinct texts; position 0 is the empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strings {
    text: String,
    /// Where each text ends in `text`, in bytes; a text starts where the one before it ends.
    ends: Vec<usize>,
}

impl Strings {
    /// A table that holds the empty text only.
    pub fn new() -> Self {
        Self { text: String::new(), ends: vec![0] }
    }

    /// The text of an id.
    ///
    /// # Panics
    /// When `id` is from another profile and beyond this table.
    #[inline]
    pub fn text(&self, id: StringId) -> &str {
        let position = id.get();
        let start = if position == 0 { 0 } else { self.ends[position - 1] };
        &self.text[start..self.ends[position]]
    }

    /// How many texts there are, the empty one included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: the empty text is always there. (For clippy, and for callers used to collections.)
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The id of `text`, added if it is new. It compares with every text of the table: to add
    /// more than a few, [resume](Interner::resume) an [`Interner`].
    pub fn add(&mut self, text: &str) -> StringId {
        if let Some(position) = (0..self.len()).find(|n| self.text(StringId::new(*n)) == text) {
            return StringId::new(position);
        }
        self.push(text)
    }

    fn push(&mut self, text: &str) -> StringId {
        let id = StringId::new(self.ends.len());
        self.text.push_str(text);
        self.ends.push(self.text.len());
        id
    }

    /// All texts in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (StringId, &str)> {
        (0..self.len()).map(|position| {
            let id = StringId::new(position);
            (id, self.text(id))
        })
    }
}

impl Default for Strings {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds texts to a string table, each distinct text once.
///
/// An open-addressing table of ids beside the texts, so that no text is stored twice.
#[derive(Clone, Debug)]
pub struct Interner {
    strings: Strings,
    /// Id plus one, 0 for a free slot; the length is a power of two, at most half full.
    slots: Vec<u32>,
    hasher: RandomState,
    /// The text behind the one that was found last: tables of one process come in one order again
    /// and again, and a look at it saves the hash.
    expected: usize,
}

impl Interner {
    /// An interner over a table with the empty text only.
    pub fn new() -> Self {
        Self::resume(Strings::new())
    }

    /// Goes on with an existing table; its ids stay what they are.
    pub fn resume(strings: Strings) -> Self {
        let mut interner =
            Self { strings, slots: Vec::new(), hasher: RandomState::new(), expected: 1 };
        interner.rebuild();
        interner
    }

    /// The id of `text`, added if it is new.
    ///
    /// # Panics
    /// When the table would hold more than 2³² − 2 texts.
    pub fn intern(&mut self, text: &str) -> StringId {
        if text.is_empty() {
            return StringId::EMPTY;
        }
        if self.expected < self.strings.len() {
            let expected = StringId::new(self.expected);
            if self.strings.text(expected) == text {
                self.expected += 1;
                return expected;
            }
        }
        let mask = self.slots.len() - 1;
        let mut slot = self.hash(text) & mask;
        loop {
            match self.slots[slot] {
                0 => break,
                taken => {
                    let id = StringId::new(taken as usize - 1);
                    if self.strings.text(id) == text {
                        self.expected = id.get() + 1;
                        return id;
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
        let id = self.strings.push(text);
        self.slots[slot] = u32::try_from(id.get() + 1).expect("ids stay below 2^32 - 1");
        if self.strings.len() * 2 > self.slots.len() {
            self.rebuild();
        }
        id
    }

    /// The id of `text` if it is in the table.
    pub fn find(&self, text: &str) -> Option<StringId> {
        let mask = self.slots.len() - 1;
        let mut slot = self.hash(text) & mask;
        loop {
            match self.slots[slot] {
                0 => return text.is_empty().then_some(StringId::EMPTY),
                taken => {
                    let id = StringId::new(taken as usize - 1);
                    if self.strings.text(id) == text {
                        return Some(id);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The text of an id.
    pub fn text(&self, id: StringId) -> &str {
        self.strings.text(id)
    }

    /// The finished table.
    pub fn finish(self) -> Strings {
        self.strings
    }

    fn hash(&self, text: &str) -> usize {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text.as_bytes());
        // Only the low bits pick a slot; there are fewer than 2^32 of them.
        (hasher.finish() & u64::from(u32::MAX)).try_into().unwrap_or(0)
    }

    fn rebuild(&mut self) {
        let size = (self.strings.len() * 4).next_power_of_two().max(64);
        self.slots = vec![0; size];
        for position in 1..self.strings.len() {
            let mut slot = self.hash(self.strings.text(StringId::new(position))) & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = u32::try_from(position + 1).expect("ids stay below 2^32 - 1");
        }
    }
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_an_id() {
        let mut interner = Interner::new();
        let one = interner.intern("one");
        assert_eq!(interner.intern("one"), one);
        assert_eq!(interner.intern(""), StringId::EMPTY);
        assert_eq!(interner.find("one"), Some(one));
        assert_eq!(interner.find("two"), None);
        assert_eq!(interner.finish().text(one), "one");
    }

    #[test]
    fn a_single_text_can_be_added_without_an_interner() {
        let mut strings = Strings::new();
        let one = strings.add("one");
        assert_eq!(strings.add("one"), one);
        assert_eq!(strings.add(""), StringId::EMPTY);
        assert_eq!(strings.text(one), "one");
    }

    #[test]
    fn ids_survive_growth_and_resuming() {
        let mut interner = Interner::new();
        let ids: Vec<_> = (0..1000).map(|n| interner.intern(&format!("text {n}"))).collect();
        let mut resumed = Interner::resume(interner.finish());
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(resumed.intern(&format!("text {n}")), *id);
        }
    }
}
