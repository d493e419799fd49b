//! What a report may ask of a program's binary: its symbols and its instructions.
//!
//! The report crate opens nothing; whoever makes [`Surroundings`](crate::Surroundings) fills these.

use std::fmt;
use std::ops::Range;

/// A binary as it was mapped into the process.
pub struct Binary {
    /// Its symbols, in the order of their addresses.
    pub symbols: Vec<BinarySymbol>,
    /// What gives an address in the binary when it is added, wrapping, to one of the process.
    pub difference: u64,
    /// Its instructions.
    pub instructions: Box<InstructionReader>,
}

/// Gives for each range of addresses in a binary its instructions in order, or says why there are
/// none.
pub type InstructionReader = dyn Fn(&[Range<u64>]) -> Vec<Result<Vec<Instruction>, String>>;

impl Binary {
    /// The address in the binary of an address of the process.
    pub(crate) fn file_address(&self, process_address: u64) -> u64 {
        process_address.wrapping_add(self.difference)
    }
}

/// A symbol of a binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinarySymbol {
    /// Its name as it stands in the binary.
    pub name: String,
    /// Its first address in the binary.
    pub start: u64,
    /// The address behind its last one.
    pub end: u64,
}

/// An instruction of a binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its address in the binary.
    pub address: u64,
    /// What it does.
    pub text: String,
    /// The functions that it is in, innermost first: all but the last are inlined. Empty when
    /// nothing is known.
    pub frames: Vec<InstructionFrame>,
}

/// A function that an instruction is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionFrame {
    /// Its name as it stands in the binary; may be empty.
    pub function: String,
    /// Source file; may be empty.
    pub file: String,
    /// Source line, 1-based; 0 when unknown.
    pub line: i64,
}

impl fmt::Debug for Binary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Binary")
            .field("symbols", &self.symbols.len())
            .finish_non_exhaustive()
    }
}
