//! Tells early whether bytes that are still arriving can become a profile.
//!
//! An answer without end would otherwise fill the memory before anyone looks at it. Being wrong is
//! cheap in one direction only: what passes here is decoded and refused there, so this errs on the
//! side of patience.

/// What is known of the bytes so far.
#[derive(Debug, Default)]
pub(super) struct Sniffer {
    /// Where the next field of a profile.proto would start.
    next_field: usize,
    /// How many fields there were so far that a profile has once.
    single_fields: usize,
    /// Whether that reading has failed.
    is_no_protobuf: bool,
}

/// A profile has eight fields that stand once; far more of them are noise that reads as fields.
const MOST_SINGLE_FIELDS: usize = 64;

const GZIP: &[u8] = &[0x1f, 0x8b];

/// The text formats show themselves within this many bytes.
const HEAD: usize = 4096;

/// What the headers of the text formats contain.
const TEXT_HEADERS: &[&[u8]] =
    &[b"heap profile:", b"profile: total", b"heap_v2/", b"--- ", b"---- ", b"format="];

/// Where a field ends.
enum FieldEnd {
    At {
        end: usize,
        /// Whether a profile has this field only once.
        is_single: bool,
    },
    NotYetKnown,
    NoField,
}

impl Sniffer {
    /// Whether `bytes`, all that has arrived so far, can still become a profile.
    pub(super) fn is_plausible(&mut self, bytes: &[u8]) -> bool {
        if bytes.starts_with(GZIP) {
            return true;
        }
        while !self.is_no_protobuf && self.next_field < bytes.len() {
            match field_end(bytes, self.next_field) {
                FieldEnd::At { end, is_single } => {
                    self.next_field = end;
                    self.single_fields += usize::from(is_single);
                    self.is_no_protobuf = self.single_fields > MOST_SINGLE_FIELDS;
                }
                FieldEnd::NotYetKnown => break,
                FieldEnd::NoField => self.is_no_protobuf = true,
            }
        }
        !self.is_no_protobuf || bytes.len() < HEAD || is_other_format(&bytes[..HEAD])
    }
}

/// A binary CPU profile begins with a word of zeros, the text formats with a line of their own.
fn is_other_format(head: &[u8]) -> bool {
    head.starts_with(&[0; 4])
        || TEXT_HEADERS
            .iter()
            .any(|header| head.windows(header.len()).any(|window| window == *header))
}

/// Where the field ends that starts at `start`; it may end beyond what has arrived.
fn field_end(bytes: &[u8], start: usize) -> FieldEnd {
    let (tag, behind_tag) = match varint(bytes, start) {
        Varint::Value(tag, behind) => (tag, behind),
        Varint::NotYetKnown => return FieldEnd::NotYetKnown,
        Varint::TooLong => return FieldEnd::NoField,
    };
    let (field, kind) = (tag >> 3, tag & 7);
    let is_known_kind = match field {
        0 => false,
        1..=6 | 11 => kind == 2,
        7..=10 | 12 | 14 | 15 => kind == 0,
        13 => matches!(kind, 0 | 2),
        _ => true,
    };
    if !is_known_kind {
        return FieldEnd::NoField;
    }
    let is_single = matches!(field, 7..=12 | 14 | 15);
    let end = match kind {
        0 => match varint(bytes, behind_tag) {
            Varint::Value(_, behind) => Some(behind),
            Varint::NotYetKnown => return FieldEnd::NotYetKnown,
            Varint::TooLong => None,
        },
        1 => behind_tag.checked_add(8),
        2 => match varint(bytes, behind_tag) {
            Varint::Value(length, behind) => {
                usize::try_from(length).ok().and_then(|length| behind.checked_add(length))
            }
            Varint::NotYetKnown => return FieldEnd::NotYetKnown,
            Varint::TooLong => None,
        },
        5 => behind_tag.checked_add(4),
        _ => None,
    };
    end.map_or(FieldEnd::NoField, |end| FieldEnd::At { end, is_single })
}

enum Varint {
    /// The number and where it ends.
    Value(u64, usize),
    NotYetKnown,
    TooLong,
}

fn varint(bytes: &[u8], start: usize) -> Varint {
    let mut value = 0;
    for (position, &byte) in bytes[start..].iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * position).min(63);
        if byte < 0x80 {
            return Varint::Value(value, start + position + 1);
        }
    }
    if bytes.len() - start < 10 { Varint::NotYetKnown } else { Varint::TooLong }
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveheap_profile::{ProfileBuilder, encode};

    /// Feeds the bytes piece by piece; where it gave up, if it did.
    fn refused_at(bytes: &[u8], piece: usize) -> Option<usize> {
        let mut sniffer = Sniffer::default();
        (0..bytes.len())
            .step_by(piece)
            .map(|start| (start + piece).min(bytes.len()))
            .find(|&end| !sniffer.is_plausible(&bytes[..end]))
    }

    #[test]
    fn a_profile_passes_however_it_is_cut() {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        for address in 1..3000 {
            let location = builder.location(address, None, &[]);
            builder.sample(&[location], &[1000], &[]);
        }
        let bytes = encode(&builder.finish());
        assert!(bytes.len() > HEAD);
        for piece in [1, 7, 4096] {
            assert_eq!(refused_at(&bytes, piece), None);
        }
    }

    #[test]
    fn what_is_no_profile_is_refused_once_the_head_is_there() {
        assert_eq!(refused_at("<html>".repeat(5000).as_bytes(), 512), Some(HEAD));
        assert_eq!(refused_at(&vec![0xff; 100_000], 512), Some(HEAD));
        // Reads as field 15 with a number, again and again.
        assert_eq!(refused_at("x".repeat(100_000).as_bytes(), 512), Some(HEAD));
    }

    #[test]
    fn the_other_formats_pass() {
        let text = format!("heap profile: 1: 2 [3: 4] @ heap/524288\n{}", "# x\n".repeat(5000));
        assert_eq!(refused_at(text.as_bytes(), 512), None);
        assert_eq!(refused_at(&[0; 10_000], 512), None);
        let mut packed = vec![0xff; 10_000];
        packed[..2].copy_from_slice(GZIP);
        assert_eq!(refused_at(&packed, 512), None);
    }
}
