//! The rule of a code address, from the unwind tables of the binary that it is in (`.eh_frame`).
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: a code address. Out: a [`Rule`], or the
//! caller's registers where a rule cannot say it. Addresses of this kind are on the stack of this
//! thread at this moment, so their binary stays loaded while it is read.

use super::bytes::Bytes;
use super::cfi::{self, Cfa, Row, Saved};
use super::elf::Image;
use super::rules::{Base, Place, Rule};
use super::{Registers, expression, modules, without_signature};

/// The only way in which linkers write the index: sorted pairs of 32-bit distances from its begin.
const INDEX_ENCODING: u8 = 0x3b;
const INDEX_ENTRY_BYTES: usize = 8;

/// The unwind table of one function.
pub(super) struct Function {
    /// The first address of the code.
    pub(super) start: usize,
    pub(super) common: Common,
    pub(super) instructions: Bytes<'static>,
}

/// What functions of a binary have in common.
pub(super) struct Common {
    pub(super) code_alignment: u64,
    pub(super) data_alignment: i64,
    pub(super) pointer_encoding: u8,
    /// The frame of a signal handler's caller: its address is exact.
    pub(super) is_signal: bool,
    has_lengths: bool,
    pub(super) instructions: Bytes<'static>,
}

#[cfg(test)]
impl Common {
    pub(super) fn for_test(instructions: Bytes<'static>) -> Self {
        Self {
            code_alignment: u64::MAX,
            data_alignment: i64::MIN,
            pointer_encoding: 0,
            is_signal: false,
            has_lengths: false,
            instructions,
        }
    }
}

/// The caller's registers.
pub(super) struct Caller {
    pub(super) registers: Registers,
    /// Its pc is where it was interrupted, not behind a call.
    pub(super) exact: bool,
}

/// How to leave the frame of the code at `pc`.
#[cold]
pub(super) fn rule(pc: usize) -> Rule {
    let found = find(pc).and_then(|function| {
        let row = cfi::row(&function, pc)?;
        Some(simplify(&row, function.common.is_signal))
    });
    found.unwrap_or(Rule::without_offsets(Base::Unknown))
}

/// Whether `pc` is in a binary that is loaded.
pub(super) fn is_known(pc: usize) -> bool {
    modules::image_start(pc).is_some()
}

/// Leaves a frame by evaluating all that its table says.
pub(super) fn evaluate(
    pc: usize,
    registers: &Registers,
    read: &dyn Fn(usize) -> Option<usize>,
) -> Option<Caller> {
    let function = find(pc)?;
    let row = cfi::row(&function, pc)?;
    let frame_end = match row.cfa {
        Cfa::Register(register, offset) => {
            let base = expression::register(register, registers)?;
            base.wrapping_add_signed(isize::try_from(offset).ok()?)
        }
        Cfa::Expression(code) => expression::evaluate(code, None, registers, read)?,
    };
    let find = |saved: Saved, unchanged: Option<usize>| match saved {
        Saved::Unchanged => unchanged,
        Saved::Undefined => Some(0),
        Saved::At(offset) => read(frame_end.wrapping_add_signed(isize::try_from(offset).ok()?)),
        Saved::Value(offset) => Some(frame_end.wrapping_add_signed(isize::try_from(offset).ok()?)),
        Saved::InRegister(register) => expression::register(register, registers),
        Saved::AtExpression(code) => {
            read(expression::evaluate(code, Some(frame_end), registers, read)?)
        }
        Saved::ValueExpression(code) => {
            expression::evaluate(code, Some(frame_end), registers, read)
        }
    };
    let registers = Registers {
        pc: without_signature(find(row.return_address, None)?),
        sp: frame_end,
        fp: find(row.frame_pointer, Some(registers.fp))?,
    };
    Some(Caller { registers, exact: function.common.is_signal })
}

/// The row as a rule of a few numbers, where they say all of it.
fn simplify(row: &Row, is_signal: bool) -> Rule {
    let complex = Rule::without_offsets(Base::Complex);
    if row.return_address == Saved::Undefined {
        return Rule::without_offsets(Base::Root);
    }
    let base = match row.cfa {
        Cfa::Register(expression::STACK_POINTER, offset) => Some((Base::StackPointer, offset)),
        Cfa::Register(expression::FRAME_POINTER, offset) => Some((Base::FramePointer, offset)),
        _ => None,
    };
    let place = |offset: i64| i32::try_from(offset).ok().and_then(Place::new);
    let frame_pointer = match row.frame_pointer {
        Saved::Unchanged | Saved::Undefined => Some(None),
        Saved::At(offset) => place(offset).map(Some),
        _ => None,
    };
    let return_address = match row.return_address {
        Saved::At(offset) => place(offset),
        _ => None,
    };
    match (base, frame_pointer, return_address) {
        (Some((base, offset)), Some(frame_pointer), Some(_)) if !is_signal => {
            let Ok(offset) = i32::try_from(offset) else { return complex };
            Rule { base, offset, frame_pointer, return_address }
        }
        _ => complex,
    }
}

/// The table of the function that `pc` is in.
fn find(pc: usize) -> Option<Function> {
    let image = modules::image(pc)?;
    let index = image.eh_frame_header()?;
    let entry = search(index, pc)?;
    read_function(&image, entry, pc)
}

/// Where the table of the last function that begins at or before `pc` is.
fn search(index: Bytes<'static>, pc: usize) -> Option<usize> {
    let begin = index.address();
    let mut rest = index;
    let version = rest.u8()?;
    let table_encoding = rest.u8()?;
    let count_encoding = rest.u8()?;
    let entry_encoding = rest.u8()?;
    if version != 1 || entry_encoding != INDEX_ENCODING {
        return None;
    }
    rest.pointer(table_encoding, begin)?;
    let count = rest.pointer(count_encoding, begin)?;
    let entries = rest.take(count.checked_mul(INDEX_ENTRY_BYTES)?)?;
    let entry = |number: usize| {
        let mut entry = entries;
        entry.skip(number * INDEX_ENTRY_BYTES)?;
        Some((entry.pointer(INDEX_ENCODING, begin)?, entry.pointer(INDEX_ENCODING, begin)?))
    };
    // The first `low` entries begin at or before pc, those from `high` on begin behind it.
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry(middle)?.0 <= pc {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Some(entry(low.checked_sub(1)?)?.1)
}

fn read_function(image: &Image, address: usize, pc: usize) -> Option<Function> {
    let (mut rest, identifier_at, common_distance) = read_length(image, address)?;
    let common = identifier_at.checked_sub(usize::try_from(common_distance).ok()?)?;
    let common = read_common(image, common)?;
    let start = rest.pointer(common.pointer_encoding, 0)?;
    let length = rest.pointer(common.pointer_encoding & 0x0f, 0)?;
    if pc.wrapping_sub(start) >= length {
        return None;
    }
    if common.has_lengths {
        let length = rest.unsigned()?;
        rest.skip(usize::try_from(length).ok()?)?;
    }
    Some(Function { start, common, instructions: rest })
}

/// The content of an entry at `address`, where its identifier is, and that.
fn read_length(image: &Image, address: usize) -> Option<(Bytes<'static>, usize, u32)> {
    let mut rest = image.bytes_from(address)?;
    let length = rest.u32()?;
    // 0 ends the tables; the largest number begins an entry of more than 4 GiB.
    if length == 0 || length == u32::MAX {
        return None;
    }
    let mut content = rest.take(usize::try_from(length).ok()?)?;
    let identifier_at = content.address();
    let identifier = content.u32()?;
    Some((content, identifier_at, identifier))
}

fn read_common(image: &Image, address: usize) -> Option<Common> {
    let (mut rest, _, identifier) = read_length(image, address)?;
    let version = rest.u8()?;
    if identifier != 0 || !matches!(version, 1 | 3) {
        return None;
    }
    let augmentation = rest.text()?;
    let code_alignment = rest.unsigned()?;
    let data_alignment = rest.signed()?;
    let return_address = if version == 1 { u64::from(rest.u8()?) } else { rest.unsigned()? };
    if return_address != expression::RETURN_ADDRESS {
        return None;
    }
    let mut common = Common {
        code_alignment,
        data_alignment,
        pointer_encoding: 0,
        is_signal: false,
        has_lengths: false,
        instructions: rest,
    };
    let Some((b'z', letters)) = augmentation.split_first() else {
        return augmentation.is_empty().then_some(common);
    };
    common.has_lengths = true;
    let length = usize::try_from(rest.unsigned()?).ok()?;
    let mut augmentation_bytes = rest.take(length)?;
    common.instructions = rest;
    for letter in letters {
        match letter {
            b'R' => common.pointer_encoding = augmentation_bytes.u8()?,
            b'P' => {
                let encoding = augmentation_bytes.u8()?;
                augmentation_bytes.pointer(encoding & 0x7f, 0)?;
            }
            b'L' => augmentation_bytes.skip(1)?,
            b'S' => common.is_signal = true,
            b'B' => {}
            // The bytes of an unknown letter cannot be told from those of the next.
            _ => return None,
        }
    }
    Some(common)
}
