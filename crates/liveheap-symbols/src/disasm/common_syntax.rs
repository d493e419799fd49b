//! x86-64 instructions in the syntaxes of Intel's manuals and of the GNU assembler.
//!
//! Goes in: a decoded instruction. Comes out: its text as `objdump` writes it, in either of its
//! syntaxes, but for its columns: what a jump leads to and what an address relative to the
//! instruction pointer means stand behind it, with the symbol there.

use super::go_syntax::SymbolAt;
use iced_x86::{Formatter, GasFormatter, Instruction, IntelFormatter, MemorySizeOptions, OpKind};
use std::fmt::Write as _;

/// Writes instructions in one of these syntaxes.
pub(super) struct Writer {
    formatter: Box<dyn Formatter>,
}

impl Writer {
    /// One for Intel's syntax.
    pub(super) fn intel() -> Self {
        let mut writer = Self::new(Box::new(IntelFormatter::new()));
        writer.formatter.options_mut().set_uppercase_keywords(true);
        writer
    }

    /// One for the GNU assembler's.
    pub(super) fn att() -> Self {
        Self::new(Box::new(GasFormatter::new()))
    }

    fn new(mut formatter: Box<dyn Formatter>) -> Self {
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_small_hex_numbers_in_decimal(false);
        options.set_branch_leading_zeros(false);
        options.set_rip_relative_addresses(true);
        options.set_memory_size_options(MemorySizeOptions::Always);
        options.set_show_branch_size(false);
        options.set_uppercase_keywords(false);
        Self { formatter }
    }

    /// The text of an instruction.
    pub(super) fn text(&mut self, instruction: &Instruction, symbol_at: SymbolAt<'_>) -> String {
        let mut text = String::new();
        self.formatter.format(instruction, &mut text);
        let is_jump = instruction.op_count() > 0
            && matches!(
                instruction.op0_kind(),
                OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64
            );
        // Writing to a string cannot fail.
        if is_jump {
            if let Some(symbol) = symbol(instruction.near_branch_target(), symbol_at) {
                let _ = write!(text, " {symbol}");
            }
        } else if instruction.is_ip_rel_memory_operand() {
            let address = instruction.ip_rel_memory_address();
            let _ = write!(text, " # {address:#x}");
            if let Some(symbol) = symbol(address, symbol_at) {
                let _ = write!(text, " {symbol}");
            }
        }
        text
    }
}

/// A symbol, and the distance from it.
fn symbol(address: u64, symbol_at: SymbolAt<'_>) -> Option<String> {
    let (name, start) = symbol_at(address)?;
    Some(match address - start {
        0 => format!("<{name}>"),
        distance => format!("<{name}+{distance:#x}>"),
    })
}
