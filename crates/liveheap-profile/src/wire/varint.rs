//! Varints and fields: the bytes below the messages.

use crate::{Error, ErrorKind};

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// Its number.
    pub(super) number: u64,
    value: Value<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed-width number. No field of profile.proto has one, so only unknown fields may.
    Fixed,
}

impl<'a> Field<'a> {
    /// The value of a number field.
    pub(super) fn number_value(&self) -> Result<u64, Error> {
        match self.value {
            Value::Varint(value) => Ok(value),
            Value::Bytes(_) | Value::Fixed => Err(wrong_type(self.number)),
        }
    }

    /// The same for a signed field: profile.proto stores those in two's complement.
    pub(super) fn signed_value(&self) -> Result<i64, Error> {
        self.number_value().map(u64::cast_signed)
    }

    /// The bytes of a text or of a nested message.
    pub(super) fn bytes(&self) -> Result<&'a [u8], Error> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint(_) | Value::Fixed => Err(wrong_type(self.number)),
        }
    }

    /// Appends every number of a repeated field, packed or not, to a column, as `convert` makes it.
    #[inline]
    pub(super) fn append_numbers<T>(
        &self,
        column: &mut Vec<T>,
        mut convert: impl FnMut(u64) -> T,
    ) -> Result<(), Error> {
        match self.value {
            Value::Varint(value) => column.push(convert(value)),
            Value::Bytes(bytes) => {
                let mut packed = Packed { bytes };
                column.extend(packed.by_ref().map(&mut convert));
                while !packed.bytes.is_empty() {
                    // A long one, or the last ones; behind a long one the short ones go on.
                    column.push(convert(read_varint(&mut packed.bytes)?));
                    column.extend(packed.by_ref().map(&mut convert));
                }
            }
            Value::Fixed => return Err(wrong_type(self.number)),
        }
        Ok(())
    }
}

/// The varints of packed bytes up to the first that [`short_varint`] cannot read.
struct Packed<'a> {
    bytes: &'a [u8],
}

impl Iterator for Packed<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let (value, length) = short_varint(self.bytes)?;
        self.bytes = &self.bytes[length..];
        Some(value)
    }
}

/// Takes the next field off the front of a message; `None` at its end.
#[inline]
pub(super) fn next_field<'a>(message: &mut &'a [u8]) -> Result<Option<Field<'a>>, Error> {
    if message.is_empty() {
        return Ok(None);
    }
    // Errors are made in one place off the way, so that this can stand in the loops of its callers.
    let Some(tag) = varint(message) else { return Err(endless()) };
    let value = match tag & 7 {
        0 => match varint(message) {
            Some(number) => Value::Varint(number),
            None => return Err(endless()),
        },
        2 => {
            let Some(length) = varint(message) else { return Err(endless()) };
            let taken = usize::try_from(length).ok().and_then(|length| take(message, length));
            let Some(bytes) = taken else { return Err(cut_short()) };
            Value::Bytes(bytes)
        }
        wire_type => unusual(message, wire_type)?,
    };
    Ok(Some(Field { number: tag >> 3, value }))
}

/// The value of a field that no message of profile.proto has.
#[cold]
fn unusual<'a>(message: &mut &'a [u8], wire_type: u64) -> Result<Value<'a>, Error> {
    let length = match wire_type {
        1 => 8,
        5 => 4,
        unknown => return Err(malformed(format!("unknown wire type {unknown}"))),
    };
    take(message, length).map(|_| Value::Fixed).ok_or_else(cut_short)
}

/// How many bytes the first field of a message takes, as its head says.
#[cfg(feature = "gzip")]
pub(super) fn field_length(message: &[u8]) -> Result<usize, Error> {
    let mut rest = message;
    let tag = read_varint(&mut rest)?;
    let value = match tag & 7 {
        2 => usize::try_from(read_varint(&mut rest)?).map_err(|_| cut_short())?,
        1 => 8,
        5 => 4,
        _ => {
            read_varint(&mut rest)?;
            0
        }
    };
    (message.len() - rest.len()).checked_add(value).ok_or_else(cut_short)
}

/// Takes a varint off the front. Bits beyond the 64th are dropped.
#[inline]
pub(super) fn read_varint(bytes: &mut &[u8]) -> Result<u64, Error> {
    varint(bytes).ok_or_else(endless)
}

#[inline]
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    match *bytes {
        [first, rest @ ..] if *first < 0x80 => {
            *bytes = rest;
            Some(u64::from(*first))
        }
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &mut &[u8]) -> Option<u64> {
    if let Some((value, length)) = short_varint(bytes) {
        *bytes = &bytes[length..];
        return Some(value);
    }
    let mut value = 0_u64;
    for (position, byte) in bytes.iter().take(10).enumerate() {
        // At position 9 the shift is 63: higher bits fall off, as other readers let them.
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            *bytes = &bytes[position + 1..];
            return Some(value);
        }
    }
    None
}

/// The varint at the front and its length in bytes, read from one word; `None` when it or the
/// message may end outside that word.
///
/// Lengths are told apart by branches, because neighbours mostly have the same one: so the next
/// varint need not wait until the length of this one is computed.
#[inline]
fn short_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    let group = |position: u32| (word >> (8 * position) & 0x7f) << (7 * position);
    if word & 0x80 == 0 {
        Some((group(0), 1))
    } else if word & 0x8000 == 0 {
        Some((group(0) | group(1), 2))
    } else if word & 0x0080_0000 == 0 {
        Some((group(0) | group(1) | group(2), 3))
    } else {
        word_varint(word)
    }
}

/// The same for any length, without a branch on it.
#[inline]
fn word_varint(word: u64) -> Option<(u64, usize)> {
    const ENDS: u64 = 0x8080_8080_8080_8080;
    let ends = !word & ENDS;
    if ends == 0 {
        return None;
    }
    // All bits up to the first one that ends a varint, without the bits that only say "go on".
    let groups = word & (ends ^ (ends - 1)) & !ENDS;
    // Eight groups of 7 bits become four of 14, two of 28, one of 56.
    let groups = groups & 0x007f_007f_007f_007f | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
    let groups = groups & 0x0000_3fff_0000_3fff | (groups & 0x3fff_0000_3fff_0000) >> 2;
    let value = groups & 0x0fff_ffff | (groups & 0x0fff_ffff_0000_0000) >> 4;
    Some((value, ends.trailing_zeros() as usize / 8 + 1))
}

/// Appends a varint.
#[inline]
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the loop leaves seven bits")]
    out.push(value as u8);
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

#[cold]
fn endless() -> Error {
    malformed("a varint does not end")
}

#[cold]
fn cut_short() -> Error {
    malformed("a field is longer than what is left")
}

#[cold]
fn wrong_type(number: u64) -> Error {
    malformed(format!("field {number} has the wrong wire type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_as_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            let mut rest = &bytes[..];
            assert_eq!(read_varint(&mut rest).unwrap(), value);
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_varint_of_any_length_reads_alone_and_before_others() {
        for bits in 0..=64 {
            let value = u64::MAX.checked_shr(64 - bits).unwrap_or(0);
            for behind in 0..9 {
                let mut bytes = Vec::new();
                write_varint(&mut bytes, value);
                bytes.extend(std::iter::repeat_n(0xff, behind));
                let mut rest = &bytes[..];
                assert_eq!(read_varint(&mut rest).unwrap(), value);
                assert_eq!(rest, vec![0xff; behind]);
            }
        }
    }

    #[test]
    fn packed_numbers_of_mixed_lengths_read_as_written() {
        let numbers = [1, 300, 0, u64::MAX, 1 << 55, 1 << 56, 1 << 40, 127, 128];
        let mut packed = Vec::new();
        numbers.iter().for_each(|number| write_varint(&mut packed, *number));
        let field = Field { number: 1, value: Value::Bytes(&packed) };
        let mut read = Vec::new();
        field.append_numbers(&mut read, |number| number).unwrap();
        assert_eq!(read, numbers);
        let cut = Field { number: 1, value: Value::Bytes(&[0x80; 9]) };
        assert!(cut.append_numbers(&mut read, |number| number).is_err());
    }

    #[test]
    fn a_varint_has_at_most_ten_bytes() {
        assert!(read_varint(&mut &[0x80; 11][..]).is_err());
        assert!(read_varint(&mut &[0x80][..]).is_err());
        assert!(read_varint(&mut &[][..]).is_err());
    }

    #[test]
    fn fields_of_every_wire_type_are_skipped_or_refused() {
        let mut message = &[0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x0d, 1, 2, 3, 4, 0x0a, 1, 7][..];
        assert!(next_field(&mut message).unwrap().unwrap().number_value().is_err());
        assert!(next_field(&mut message).unwrap().unwrap().bytes().is_err());
        assert_eq!(next_field(&mut message).unwrap().unwrap().bytes().unwrap(), [7]);
        assert!(next_field(&mut message).unwrap().is_none());
        assert!(next_field(&mut &[0x0b][..]).is_err());
        assert!(next_field(&mut &[0x0a, 5, 1][..]).is_err());
    }
}
