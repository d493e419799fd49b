//! What a report may ask of a program's binary: its symbols and its instructions.
//!
//! The report crate opens nothing; whoever makes [`Surroundings`](crate::Surroundings) fills these.

use std::fmt;

/// A binary as it was mapped into the process.
pub struct Binary {
    /// Its symbols, in the order of their addresses.
    pub symbols: Vec<BinarySymbol>,
    /// The address in the binary of an address of the process; nothing when the two do not fit.
    pub file_address: Box<dyn Fn(u64) -> Option<u64>>,
    /// The instructions from one address in the binary to below another, or why there are none.
    pub instructions: Box<InstructionReader>,
}

/// Gives the instructions of a range of addresses in a binary.
pub type InstructionReader = dyn Fn(u64, u64) -> Result<Vec<Instruction>, String>;

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
