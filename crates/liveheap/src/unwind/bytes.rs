//! Reading numbers from a loaded binary's tables.
//!
//! Runs inside malloc: no allocation, no panic. In: bytes. Out: numbers, or none at the end of the
//! bytes. A [`Bytes`] also knows its address, from which tables count.

/// Bytes that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Process address of the next byte.
    pub(super) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Cuts the next `length` bytes off.
    pub(super) fn take(&mut self, length: usize) -> Option<Bytes<'a>> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Bytes(first))
    }

    /// Passes over `length` bytes.
    pub(super) fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_ne_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_ne_bytes)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_ne_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_ne_bytes)
    }

    /// A number of variable length without a sign. Bits beyond 64 are dropped.
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        self.variable().map(|(number, _, _)| number)
    }

    /// A number of variable length with a sign.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let (number, bits, last) = self.variable()?;
        let negative = last & 0x40 != 0 && bits < 64;
        let sign = if negative { u64::MAX << bits } else { 0 };
        Some((number | sign).cast_signed())
    }

    /// A number of variable length, how many bits it had, and its last byte.
    fn variable(&mut self) -> Option<(u64, u32, u8)> {
        let mut number = 0_u64;
        let mut bits = 0;
        loop {
            let byte = self.u8()?;
            if bits < 64 {
                number |= u64::from(byte & 0x7f) << bits;
            }
            bits += 7;
            if byte & 0x80 == 0 {
                return Some((number, bits, byte));
            }
        }
    }

    /// The bytes up to the next zero, which is passed over.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.0.get(..length)?;
        self.skip(length + 1)?;
        Some(text)
    }

    /// An address in one of the encodings of exception tables. `base` is what data-relative ones
    /// count from, in bytes.
    pub(super) fn pointer(&mut self, encoding: u8, base: usize) -> Option<usize> {
        let here = self.address();
        let origin = match encoding & 0xf0 {
            0x00 => 0,
            0x10 => here,
            0x30 => base,
            _ => return None,
        };
        let distance = match encoding & 0x0f {
            0x00 | 0x04 => self.u64()?,
            0x01 => self.unsigned()?,
            0x02 => self.u16()?.into(),
            0x03 => self.u32()?.into(),
            0x09 => self.signed()?.cast_unsigned(),
            0x0a => i64::from(self.i16()?).cast_unsigned(),
            0x0b => i64::from(self.i32()?).cast_unsigned(),
            0x0c => self.u64()?,
            _ => return None,
        };
        Some(origin.wrapping_add(usize::try_from(distance).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn numbers_of_variable_length_carry_seven_bits_a_byte() {
        assert_eq!(Bytes::new(&[2]).unsigned(), Some(2));
        assert_eq!(Bytes::new(&[0x80, 1]).unsigned(), Some(128));
        assert_eq!(Bytes::new(&[0x7f]).signed(), Some(-1));
        assert_eq!(Bytes::new(&[0x80, 0x7f]).signed(), Some(-128));
        assert_eq!(Bytes::new(&[0x3f]).signed(), Some(63));
    }

    #[test]
    fn a_number_that_does_not_end_is_none() {
        assert_eq!(Bytes::new(&[0x80; 30]).unsigned(), None);
        assert_eq!(Bytes::new(&[1, 2, 3]).u32(), None);
    }

    #[test]
    fn a_pointer_counts_from_itself_or_from_the_table() {
        let bytes = (-4_i32).to_ne_bytes();
        let here = bytes.as_ptr().addr();
        assert_eq!(Bytes::new(&bytes).pointer(0x1b, 0), Some(here - 4));
        assert_eq!(Bytes::new(&bytes).pointer(0x3b, 100), Some(96));
        assert_eq!(Bytes::new(&bytes).pointer(0xff, 100), None);
    }
}
