//! Process addresses to the addresses a binary was linked at.
//!
//! Goes in: a mapping of the process and the segments of the file that was mapped. Comes out: by
//! how much the two differ. Nothing is read from the file itself.

use crate::object_file::{Image, Segment};
use liveheap_profile::Mapping;

/// Pages on all machines this runs on are a multiple of this and at most 16 times as large.
const PAGE: u64 = 4096;

/// Turns process addresses of one mapping into addresses of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rebase {
    /// Added to a process address, wrapping.
    difference: u64,
}

impl Rebase {
    /// Finds how a mapping lies over a file; nothing when it cannot be a mapping of that file.
    pub(crate) fn new(mapping: &Mapping, image: &Image<'_>) -> Option<Self> {
        // A program that is not position independent runs where it was linked. Profiles without
        // mappings have one made up that starts at 0, and hold for such programs only.
        if image.is_fixed || mapping.start == 0 || image.segments.is_empty() {
            return Some(Self { difference: 0 });
        }
        let first = image.segments[0];
        let executable =
            || image.segments.iter().filter(|segment| segment.is_executable && segment.size > 0);
        let length = mapping.limit.saturating_sub(mapping.start);
        let linked = if mapping.offset == 0 && length > round_up(first.size_in_file) {
            // The whole image as one range, from its first byte on.
            round_down(first.address)
        } else if let Some(segment) = executable().find(|segment| contains(segment, mapping.offset))
        {
            round_down(segment.address)
                .wrapping_sub(round_down(segment.offset))
                .wrapping_add(mapping.offset)
        } else if mapping.offset == 0 {
            round_down(first.address)
        } else {
            // A file with debug information only keeps addresses, but not offsets.
            let mut executable = executable();
            let segment = executable.next()?;
            if executable.next().is_some() {
                return None;
            }
            round_down(segment.address)
        };
        Some(Self { difference: linked.wrapping_sub(mapping.start) })
    }

    /// The address in the file.
    pub(crate) fn file_address(self, process_address: u64) -> u64 {
        process_address.wrapping_add(self.difference)
    }
}

/// Whether the pages that a segment is loaded from include an offset of the file.
fn contains(segment: &Segment, offset: u64) -> bool {
    round_down(segment.offset) <= offset
        && offset < round_up(segment.offset.saturating_add(segment.size_in_file))
}

fn round_down(value: u64) -> u64 {
    value & !(PAGE - 1)
}

fn round_up(value: u64) -> u64 {
    round_down(value.saturating_add(PAGE - 1))
}
