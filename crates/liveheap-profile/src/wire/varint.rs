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

    /// Calls `each` with every number of a repeated field, packed or not.
    #[inline]
    pub(super) fn numbers(
        &self,
        mut each: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.value {
            Value::Varint(value) => each(value),
            Value::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    each(read_varint(&mut bytes)?)?;
                }
                Ok(())
            }
            Value::Fixed => Err(wrong_type(self.number)),
        }
    }
}

/// Takes the next field off the front of a message; `None` at its end.
#[inline]
pub(super) fn next_field<'a>(message: &mut &'a [u8]) -> Result<Option<Field<'a>>, Error> {
    if message.is_empty() {
        return Ok(None);
    }
    let tag = read_varint(message)?;
    let value = match tag & 7 {
        0 => Value::Varint(read_varint(message)?),
        1 => {
            take(message, 8)?;
            Value::Fixed
        }
        2 => {
            let length = read_varint(message)?;
            let length = usize::try_from(length).map_err(|_| cut_short())?;
            Value::Bytes(take(message, length)?)
        }
        5 => {
            take(message, 4)?;
            Value::Fixed
        }
        unknown => return Err(malformed(format!("unknown wire type {unknown}"))),
    };
    Ok(Some(Field { number: tag >> 3, value }))
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
    if let [first, rest @ ..] = *bytes
        && *first < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(*first));
    }
    let mut value = 0_u64;
    for (position, byte) in bytes.iter().take(10).enumerate() {
        // At position 9 the shift is 63: higher bits fall off, as other readers let them.
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            *bytes = &bytes[position + 1..];
            return Ok(value);
        }
    }
    Err(malformed("a varint does not end"))
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
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Error> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(cut_short)?;
    *bytes = rest;
    Ok(taken)
}

pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

fn cut_short() -> Error {
    malformed("a field is longer than what is left")
}

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
