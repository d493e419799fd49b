//! Opens the program's binaries for the reports that show instructions.

use liveheap_profile::Mapping;
use liveheap_report::{Binary, BinarySymbol, Instruction};
use liveheap_symbols::Disassembler;
use std::path::Path;
use std::rc::Rc;

/// Opens a binary as a mapping of the profile has it.
///
/// # Errors
/// A sentence when the binary is not here, cannot be read, or is for a processor we do not know.
pub(crate) fn open(path: &str, mapping: &Mapping) -> Result<Binary, String> {
    let disassembler =
        Rc::new(Disassembler::open(Path::new(path)).map_err(|reason| format!("{path}: {reason}"))?);
    let symbols = disassembler.symbols().iter();
    let symbols = symbols.map(|symbol| BinarySymbol {
        name: symbol.name.clone(),
        start: symbol.start,
        end: symbol.end,
    });
    let symbols = symbols.collect();
    let (mapping, places) = (*mapping, Rc::clone(&disassembler));
    Ok(Binary {
        symbols,
        file_address: Box::new(move |address| places.file_address(&mapping, address)),
        instructions: Box::new(move |start, end| {
            let code = disassembler.code(start, end)?;
            let instructions = code.into_iter().map(|line| Instruction {
                address: line.address,
                text: line.text,
                file: line.file,
                line: i64::from(line.line),
            });
            Ok(instructions.collect())
        }),
    })
}
