//! Opens the program's binaries for the reports that show instructions.

use crate::names;
use liveheap_profile::{Mapping, Profile};
use liveheap_report::{Binary, BinarySymbol, Instruction, InstructionFrame};
use liveheap_symbols::{Disassembler, Syntax};

/// Opens the binary of a mapping of the profile; its instructions are written in this syntax.
///
/// # Errors
/// A sentence that says what to do when the binary is not here, cannot be read, is another build, or
/// is for a processor we do not know.
pub(crate) fn open(profile: &Profile, mapping: &Mapping, syntax: Syntax) -> Result<Binary, String> {
    let (file, build_id) = (profile.text(mapping.file), profile.text(mapping.build_id));
    let disassembler = Disassembler::find(file, build_id, &names::options())?;
    // Addresses of one mapping all differ by the same from those in the file.
    let difference = disassembler.file_address(mapping, 0).ok_or_else(|| {
        format!("{file}: its addresses do not lie in it; is it the binary that was running?")
    })?;
    let symbols = disassembler.symbols().iter();
    let symbols = symbols.map(|symbol| BinarySymbol {
        name: symbol.name.clone(),
        start: symbol.start,
        end: symbol.end,
    });
    Ok(Binary {
        symbols: symbols.collect(),
        difference,
        instructions: Box::new(move |ranges| {
            let codes = disassembler.code(ranges, syntax).into_iter();
            codes.map(|code| Ok(code?.into_iter().map(instruction).collect())).collect()
        }),
    })
}

fn instruction(line: liveheap_symbols::CodeLine) -> Instruction {
    let frames = line.frames.into_iter().map(|frame| InstructionFrame {
        function: frame.function,
        file: frame.file,
        line: i64::from(frame.line),
    });
    Instruction { address: line.address, text: line.text, frames: frames.collect() }
}
