//! The little programs of unwind tables (DWARF call frame instructions).
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: a function's table and a code address in
//! it. Out: the row for that address. Only the stack pointer, the frame pointer and the return
//! address are followed; what is said about other registers is passed over.

use super::bytes::Bytes;
use super::eh_frame::Function;
use super::expression::{FRAME_POINTER, RETURN_ADDRESS};

/// How deep a table may nest rows that it returns to.
const DEEPEST_NESTING: usize = 8;

/// Where the frame ends: the caller's stack pointer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cfa {
    /// So many bytes from what is in a register.
    Register(u64, i64),
    Expression(Bytes<'static>),
}

/// Where the caller's value of a register is. Offsets are from the frame's end, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Saved {
    Unchanged,
    Undefined,
    At(i64),
    Value(i64),
    InRegister(u64),
    AtExpression(Bytes<'static>),
    ValueExpression(Bytes<'static>),
}

impl PartialEq for Saved {
    /// Expressions are never equal: nothing asks.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unchanged, Self::Unchanged) | (Self::Undefined, Self::Undefined) => true,
            (Self::At(a), Self::At(b)) | (Self::Value(a), Self::Value(b)) => a == b,
            (Self::InRegister(a), Self::InRegister(b)) => a == b,
            _ => false,
        }
    }
}

/// What a table says about one code address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) cfa: Cfa,
    pub(super) frame_pointer: Saved,
    pub(super) return_address: Saved,
}

/// The row for `pc`, or none when the table is damaged or says something unknown.
pub(super) fn row(function: &Function, pc: usize) -> Option<Row> {
    let start = Row {
        cfa: Cfa::Register(u64::MAX, 0),
        frame_pointer: Saved::Unchanged,
        return_address: Saved::Unchanged,
    };
    let common = &function.common;
    let mut machine = Machine {
        row: start,
        initial: start,
        kept: [start; DEEPEST_NESTING],
        kept_count: 0,
        address: function.start,
        code_alignment: common.code_alignment,
        data_alignment: common.data_alignment,
        pointer_encoding: common.pointer_encoding,
    };
    machine.run(common.instructions, usize::MAX)?;
    machine.address = function.start;
    machine.initial = machine.row;
    machine.run(function.instructions, pc)?;
    Some(machine.row)
}

/// A row from instructions alone, for the test with damaged ones.
#[cfg(test)]
pub(super) fn row_of_code(instructions: Bytes<'static>, pc: usize) -> Option<Row> {
    let nothing = Bytes::new(&[]);
    let common = super::eh_frame::Common::for_test(nothing);
    row(&Function { start: 0, common, instructions }, pc)
}

struct Machine {
    row: Row,
    /// The row that the common instructions made.
    initial: Row,
    kept: [Row; DEEPEST_NESTING],
    kept_count: usize,
    /// The code address from which on `row` holds.
    address: usize,
    code_alignment: u64,
    data_alignment: i64,
    pointer_encoding: u8,
}

impl Machine {
    /// Executes instructions up to the first that is about addresses behind `pc`.
    fn run(&mut self, mut code: Bytes<'static>, pc: usize) -> Option<()> {
        while !code.is_empty() {
            let instruction = code.u8()?;
            let operand = u64::from(instruction & 0x3f);
            match instruction >> 6 {
                1 => self.advance(operand),
                2 => {
                    let offset = self.factored(code.unsigned()?);
                    self.save(operand, Saved::At(offset));
                }
                3 => self.restore(operand),
                _ => self.other(instruction, &mut code)?,
            }
            // A row's changes follow the address from which on they hold.
            if self.address > pc {
                return Some(());
            }
        }
        Some(())
    }

    fn other(&mut self, instruction: u8, code: &mut Bytes<'static>) -> Option<()> {
        match instruction {
            0x00 => {}
            0x01 => self.address = code.pointer(self.pointer_encoding, 0)?,
            0x02 => {
                let distance = code.u8()?;
                self.advance(distance.into());
            }
            0x03 => {
                let distance = code.u16()?;
                self.advance(distance.into());
            }
            0x04 => {
                let distance = code.u32()?;
                self.advance(distance.into());
            }
            0x05 => {
                let register = code.unsigned()?;
                let offset = self.factored(code.unsigned()?);
                self.save(register, Saved::At(offset));
            }
            0x06 => {
                let register = code.unsigned()?;
                self.restore(register);
            }
            0x07 => self.save(code.unsigned()?, Saved::Undefined),
            0x08 => self.save(code.unsigned()?, Saved::Unchanged),
            0x09 => {
                let register = code.unsigned()?;
                self.save(register, Saved::InRegister(code.unsigned()?));
            }
            0x0a => {
                *self.kept.get_mut(self.kept_count)? = self.row;
                self.kept_count += 1;
            }
            0x0b => {
                self.kept_count = self.kept_count.checked_sub(1)?;
                self.row = *self.kept.get(self.kept_count)?;
            }
            0x0c => {
                let register = code.unsigned()?;
                let offset = code.unsigned()?.cast_signed();
                self.row.cfa = Cfa::Register(register, offset);
            }
            0x0d => {
                let register = code.unsigned()?;
                let Cfa::Register(_, offset) = self.row.cfa else { return None };
                self.row.cfa = Cfa::Register(register, offset);
            }
            0x0e => {
                let offset = code.unsigned()?.cast_signed();
                let Cfa::Register(register, _) = self.row.cfa else { return None };
                self.row.cfa = Cfa::Register(register, offset);
            }
            0x0f => self.row.cfa = Cfa::Expression(block(code)?),
            0x10 => {
                let register = code.unsigned()?;
                self.save(register, Saved::AtExpression(block(code)?));
            }
            0x11 => {
                let register = code.unsigned()?;
                let offset = code.signed()?.wrapping_mul(self.data_alignment);
                self.save(register, Saved::At(offset));
            }
            0x12 => {
                let register = code.unsigned()?;
                let offset = code.signed()?.wrapping_mul(self.data_alignment);
                self.row.cfa = Cfa::Register(register, offset);
            }
            0x13 => {
                let offset = code.signed()?.wrapping_mul(self.data_alignment);
                let Cfa::Register(register, _) = self.row.cfa else { return None };
                self.row.cfa = Cfa::Register(register, offset);
            }
            0x14 => {
                let register = code.unsigned()?;
                let offset = self.factored(code.unsigned()?);
                self.save(register, Saved::Value(offset));
            }
            0x15 => {
                let register = code.unsigned()?;
                let offset = code.signed()?.wrapping_mul(self.data_alignment);
                self.save(register, Saved::Value(offset));
            }
            0x16 => {
                let register = code.unsigned()?;
                self.save(register, Saved::ValueExpression(block(code)?));
            }
            // Signed return addresses: the signature is taken off when the address is used.
            0x2d => {}
            // How many bytes of arguments were pushed: the frame's end says it already.
            0x2e => {
                code.unsigned()?;
            }
            _ => return None,
        }
        Some(())
    }

    fn advance(&mut self, distance: u64) {
        let bytes = distance.wrapping_mul(self.code_alignment);
        self.address = self.address.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    fn factored(&self, number: u64) -> i64 {
        number.cast_signed().wrapping_mul(self.data_alignment)
    }

    fn save(&mut self, register: u64, saved: Saved) {
        match register {
            FRAME_POINTER => self.row.frame_pointer = saved,
            RETURN_ADDRESS => self.row.return_address = saved,
            _ => {}
        }
    }

    fn restore(&mut self, register: u64) {
        match register {
            FRAME_POINTER => self.row.frame_pointer = self.initial.frame_pointer,
            RETURN_ADDRESS => self.row.return_address = self.initial.return_address,
            _ => {}
        }
    }
}

/// An expression, which is preceded by its length.
fn block(code: &mut Bytes<'static>) -> Option<Bytes<'static>> {
    let length = usize::try_from(code.unsigned()?).ok()?;
    code.take(length)
}
