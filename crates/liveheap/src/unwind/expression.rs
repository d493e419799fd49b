//! The expressions of unwind tables: a small stack machine.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: an expression, the registers, and a way
//! to read the stack. Out: its value. Few frames have expressions: those of signal handlers, of
//! functions that realign the stack, and of jump tables. Operations that these do not use are not
//! known.

use super::Registers;
use super::bytes::Bytes;

/// The numbers that unwind tables give to the registers that are followed.
#[cfg(target_arch = "x86_64")]
mod numbers {
    pub(in super::super) const FRAME_POINTER: u64 = 6;
    pub(in super::super) const STACK_POINTER: u64 = 7;
    pub(in super::super) const RETURN_ADDRESS: u64 = 16;
}
#[cfg(target_arch = "aarch64")]
mod numbers {
    pub(in super::super) const FRAME_POINTER: u64 = 29;
    pub(in super::super) const STACK_POINTER: u64 = 31;
    pub(in super::super) const RETURN_ADDRESS: u64 = 30;
}
pub(super) use numbers::{FRAME_POINTER, RETURN_ADDRESS, STACK_POINTER};

const DEEPEST_STACK: usize = 16;
/// More operations than any sensible expression has.
const MOST_STEPS: usize = 64;

/// What a register holds, if it is one that is followed.
pub(super) fn register(number: u64, registers: &Registers) -> Option<usize> {
    match number {
        STACK_POINTER => Some(registers.sp),
        FRAME_POINTER => Some(registers.fp),
        // On x86-64 this number means the program counter.
        RETURN_ADDRESS if cfg!(target_arch = "x86_64") => Some(registers.pc),
        _ => None,
    }
}

struct Machine {
    values: [usize; DEEPEST_STACK],
    count: usize,
}

impl Machine {
    fn push(&mut self, value: usize) -> Option<()> {
        *self.values.get_mut(self.count)? = value;
        self.count += 1;
        Some(())
    }

    fn push_signed(&mut self, value: i64) -> Option<()> {
        self.push(usize::try_from(value.cast_unsigned()).ok()?)
    }

    fn pop(&mut self) -> Option<usize> {
        self.count = self.count.checked_sub(1)?;
        self.values.get(self.count).copied()
    }

    fn peek(&self, depth: usize) -> Option<usize> {
        self.values.get(self.count.checked_sub(depth + 1)?).copied()
    }

    fn combine(&mut self, work: impl FnOnce(usize, usize) -> usize) -> Option<()> {
        let second = self.pop()?;
        let first = self.pop()?;
        self.push(work(first, second))
    }

    fn compare(&mut self, work: impl FnOnce(isize, isize) -> bool) -> Option<()> {
        self.combine(|first, second| usize::from(work(first.cast_signed(), second.cast_signed())))
    }
}

/// The value of `code`. `frame_end` is what its stack begins with, if anything. `read` gives a word
/// of the stack.
pub(super) fn evaluate(
    mut code: Bytes<'_>,
    frame_end: Option<usize>,
    registers: &Registers,
    read: &dyn Fn(usize) -> Option<usize>,
) -> Option<usize> {
    let mut machine = Machine { values: [0; DEEPEST_STACK], count: 0 };
    if let Some(frame_end) = frame_end {
        machine.push(frame_end)?;
    }
    for _ in 0..MOST_STEPS {
        if code.is_empty() {
            return machine.pop();
        }
        let operation = code.u8()?;
        match operation {
            0x06 => {
                let address = machine.pop()?;
                machine.push(read(address)?)?;
            }
            0x08 => machine.push(code.u8()?.into())?,
            0x09 => machine.push_signed(i64::from(code.u8()?.cast_signed()))?,
            0x0a => machine.push(code.u16()?.into())?,
            0x0b => machine.push_signed(code.i16()?.into())?,
            0x0c => machine.push(usize::try_from(code.u32()?).ok()?)?,
            0x0d => machine.push_signed(code.i32()?.into())?,
            0x10 => machine.push(usize::try_from(code.unsigned()?).ok()?)?,
            0x11 => machine.push_signed(code.signed()?)?,
            0x12 => machine.push(machine.peek(0)?)?,
            0x13 => {
                machine.pop()?;
            }
            0x14 => machine.push(machine.peek(1)?)?,
            0x1a => machine.combine(|first, second| first & second)?,
            0x1c => machine.combine(usize::wrapping_sub)?,
            0x21 => machine.combine(|first, second| first | second)?,
            0x22 => machine.combine(usize::wrapping_add)?,
            0x23 => {
                let number = usize::try_from(code.unsigned()?).ok()?;
                let value = machine.pop()?;
                machine.push(value.wrapping_add(number))?;
            }
            0x24 => machine.combine(|first, second| {
                u32::try_from(second).ok().and_then(|bits| first.checked_shl(bits)).unwrap_or(0)
            })?,
            0x29 => machine.compare(|first, second| first == second)?,
            0x2a => machine.compare(|first, second| first >= second)?,
            0x2b => machine.compare(|first, second| first > second)?,
            0x2c => machine.compare(|first, second| first <= second)?,
            0x2d => machine.compare(|first, second| first < second)?,
            0x2e => machine.compare(|first, second| first != second)?,
            0x30..=0x4f => machine.push(usize::from(operation - 0x30))?,
            0x70..=0x8f => {
                let value = register(u64::from(operation - 0x70), registers)?;
                let offset = isize::try_from(code.signed()?).ok()?;
                machine.push(value.wrapping_add_signed(offset))?;
            }
            0x96 => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Registers, evaluate};

    const REGISTERS: Registers = Registers { pc: 0x100f, sp: 0x8000, fp: 0x9000 };

    fn value(code: &[u8]) -> Option<usize> {
        evaluate(Bytes::new(code), None, &REGISTERS, &|address| Some(address + 1))
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_register_and_an_offset_and_what_is_there() {
        assert_eq!(value(&[0x77, 0x10]), Some(0x8010));
        assert_eq!(value(&[0x77, 0x10, 0x06]), Some(0x8011));
        assert_eq!(value(&[0x76, 0x7f]), Some(0x8fff));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_jump_tables_expression() {
        // sp + 8, and 8 more when the low bits of pc are at least 11.
        let code = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
        assert_eq!(value(&code), Some(0x8010));
    }

    #[test]
    fn damaged_expressions_have_no_value() {
        for code in [&[][..], &[0x06], &[0x22], &[0xff], &[0x08], &[0x30, 0x2f], &[0x30; 65]] {
            assert_eq!(value(code), None);
        }
    }
}
