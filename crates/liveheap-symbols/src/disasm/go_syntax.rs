//! x86-64 instructions in the syntax of Go's assembler.
//!
//! Goes in: a decoded instruction. Comes out: its text, as `go tool objdump` and `go tool pprof`
//! write it: destination last, registers without their width, the width behind the name of the most
//! common operations, and names of symbols in place of addresses.

use iced_x86::{Code, Instruction, MemorySize, Mnemonic, OpKind, Register};
use std::fmt::Write as _;

/// The symbol an address lies in, and where it starts.
pub(super) type SymbolAt<'a> = &'a dyn Fn(u64) -> Option<(&'a str, u64)>;

/// The text of an instruction.
pub(super) fn text(instruction: &Instruction, symbol_at: SymbolAt<'_>) -> String {
    let mut operands: Vec<String> = (0..instruction.op_count())
        .rev()
        .map(|operand| operand_text(instruction, operand, symbol_at))
        .collect();
    if instruction.op_mask() != Register::None && !operands.is_empty() {
        operands.insert(operands.len() - 1, register_name(instruction.op_mask()));
    }
    // A comparison reads from left to right.
    if instruction.mnemonic() == Mnemonic::Cmp {
        operands.reverse();
    }
    let mut text = String::new();
    if instruction.has_rep_prefix() {
        text += "REP; ";
    } else if instruction.has_repne_prefix() {
        text += "REPNE; ";
    }
    if instruction.has_lock_prefix() {
        text += "LOCK ";
    } else if instruction.segment_prefix() != Register::None && segment(instruction).is_none() {
        let _ = write!(text, "{} ", register_name(instruction.segment_prefix()));
    }
    text += &operation(instruction);
    if !operands.is_empty() {
        let _ = write!(text, " {}", operands.join(", "));
    }
    text
}

/// The name of the operation, with its width where the syntax wants it.
fn operation(instruction: &Instruction) -> String {
    let mut name = format!("{:?}", instruction.mnemonic()).to_uppercase();
    match instruction.mnemonic() {
        // Names that would otherwise be those of string operations.
        Mnemonic::Movsd | Mnemonic::Cmpsd if has_vector(instruction) => name += "_XMM",
        Mnemonic::Int3 => return "INT $0x3".to_owned(),
        _ => {}
    }
    if has_width(instruction.mnemonic()) {
        name += match width(instruction) {
            1 => "B",
            2 => "W",
            4 => "L",
            8 => "Q",
            _ => "",
        };
    }
    if instruction.zeroing_masking() {
        name += ".Z";
    }
    name
}

/// How many bytes an operation works on.
fn width(instruction: &Instruction) -> usize {
    let has_memory = (0..instruction.op_count()).any(|operand| {
        !matches!(
            instruction.op_kind(operand),
            OpKind::Register
                | OpKind::Immediate8
                | OpKind::Immediate16
                | OpKind::Immediate32
                | OpKind::Immediate64
                | OpKind::Immediate8to16
                | OpKind::Immediate8to32
                | OpKind::Immediate8to64
                | OpKind::Immediate32to64
        )
    });
    // The size that an operand in memory would have says nothing without one.
    let memory = if has_memory { instruction.memory_size() } else { MemorySize::Unknown };
    if memory != MemorySize::Unknown && instruction.mnemonic() != Mnemonic::Lea {
        return memory.size();
    }
    if instruction.code() == Code::Nopw {
        return 2;
    }
    let general = (0..instruction.op_count())
        .map(|operand| instruction.op_register(operand))
        .find(|register| register.is_gpr());
    // The syntax has no word for 8 bits in registers: their names say it.
    general.map_or(4, |register| if register.size() == 1 { 4 } else { register.size() })
}

fn operand_text(instruction: &Instruction, operand: u32, symbol_at: SymbolAt<'_>) -> String {
    match instruction.op_kind(operand) {
        OpKind::Register => register_name(instruction.op_register(operand)),
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
            let target = instruction.near_branch_target();
            match symbol_at(target) {
                Some((name, start)) if start == target => format!("{name}(SB)"),
                _ => format!("{target:#x}"),
            }
        }
        OpKind::Memory => memory_text(instruction, symbol_at),
        OpKind::MemorySegSI | OpKind::MemorySegESI | OpKind::MemorySegRSI => "DS:0(SI)".to_owned(),
        OpKind::MemoryESDI | OpKind::MemoryESEDI | OpKind::MemoryESRDI => "ES:0(DI)".to_owned(),
        OpKind::Immediate8 => immediate(i64::from(instruction.immediate8())),
        OpKind::Immediate8_2nd => immediate(i64::from(instruction.immediate8_2nd())),
        OpKind::Immediate16 => immediate(i64::from(instruction.immediate16().cast_signed())),
        OpKind::Immediate32 => {
            let value = instruction.immediate32();
            // On small machines, addresses are loaded so.
            if matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Push)
                && width(instruction) == 4
                && let Some(symbol) = symbol_text(u64::from(value), symbol_at)
            {
                return format!("${symbol}");
            }
            immediate(i64::from(value.cast_signed()))
        }
        _ => immediate(instruction.immediate(operand).cast_signed()),
    }
}

/// A symbol, and the distance from it.
fn symbol_text(address: u64, symbol_at: SymbolAt<'_>) -> Option<String> {
    let (name, start) = symbol_at(address)?;
    Some(match address.wrapping_sub(start).cast_signed() {
        0 => format!("{name}(SB)"),
        distance => format!("{name}{distance:+}(SB)"),
    })
}

fn memory_text(instruction: &Instruction, symbol_at: SymbolAt<'_>) -> String {
    let base = instruction.memory_base();
    let index = instruction.memory_index();
    let is_relative = matches!(base, Register::RIP | Register::EIP);
    // Instructions of the newer encodings never name symbols.
    let is_old = !format!("{:?}", instruction.mnemonic()).starts_with('V');
    let mut displacement = instruction.memory_displacement64();
    if is_relative {
        displacement = displacement.wrapping_sub(instruction.next_ip());
    }
    // One byte is signed; four bytes are not, as the syntax has it.
    if instruction.memory_displ_size() != 1 {
        displacement &= u64::from(u32::MAX);
    }
    let segment = segment(instruction);
    if is_old && segment.is_none() && index == Register::None && displacement != 0 {
        let address = match base {
            Register::None => Some(displacement),
            _ if is_relative => Some(displacement.wrapping_add(instruction.next_ip())),
            _ => None,
        };
        if let Some(symbol) = address.and_then(|address| symbol_text(address, symbol_at)) {
            return symbol;
        }
    }
    let mut text = String::new();
    if let Some(segment) = segment {
        let _ = write!(text, "{}:", register_name(segment));
    }
    if displacement == 0 {
        text.push('0');
    } else {
        text += &signed(displacement.cast_signed());
    }
    if base != Register::None && (is_old || !is_relative) {
        let _ = write!(text, "({})", register_name(base));
    }
    if index != Register::None {
        let _ = write!(text, "({}*{})", register_name(index), instruction.memory_index_scale());
    }
    text
}

/// The segment that an operand in memory names: the others mean nothing in 64 bits.
fn segment(instruction: &Instruction) -> Option<Register> {
    Some(instruction.segment_prefix())
        .filter(|segment| matches!(segment, Register::FS | Register::GS))
}

/// A number behind its sign.
fn immediate(value: i64) -> String {
    if i32::try_from(value).is_ok() {
        format!("${}", signed(value))
    } else {
        format!("${:#x}", value.cast_unsigned())
    }
}

fn signed(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:#x}", value.unsigned_abs())
}

/// A register without its width, except for the old ones of 8 bits.
fn register_name(register: Register) -> String {
    let name = format!("{register:?}");
    match register {
        Register::RIP | Register::EIP => return "IP".to_owned(),
        Register::SPL | Register::BPL | Register::SIL | Register::DIL => {
            return name[..2].to_owned();
        }
        _ => {}
    }
    for (prefix, short) in [("XMM", "X"), ("YMM", "Y"), ("ZMM", "Z"), ("MM", "M"), ("ST", "F")] {
        if let Some(number) = name.strip_prefix(prefix) {
            return format!("{short}{number}");
        }
    }
    if register.is_gpr() {
        let name = name.trim_end_matches(['L', 'D', 'W', 'B']);
        // The numbered ones start with the letter that says 64 bits in the others.
        return match format!("{:?}", register.full_register()).strip_prefix('R') {
            Some(number) if number.starts_with(|digit: char| digit.is_ascii_digit()) => {
                format!("R{number}")
            }
            Some(short) if register.size() > 1 => short.to_owned(),
            _ => match register.size() {
                1 => format!("{register:?}"),
                _ => name.to_owned(),
            },
        };
    }
    name
}

fn has_vector(instruction: &Instruction) -> bool {
    (0..instruction.op_count()).any(|operand| instruction.op_register(operand).is_vector_register())
}

/// Whether an operation's name ends with its width.
fn has_width(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Adc | Add
            | And
            | Bsf
            | Bsr
            | Bt
            | Btc
            | Btr
            | Bts
            | Cmp
            | Cmpxchg
            | Cvtsi2sd
            | Cvtsi2ss
            | Cvtsd2si
            | Cvtss2si
            | Cvttsd2si
            | Cvttss2si
            | Dec
            | Div
            | Idiv
            | Imul
            | In
            | Inc
            | Lea
            | Mov
            | Movnti
            | Mul
            | Neg
            | Nop
            | Not
            | Or
            | Out
            | Pop
            | Popcnt
            | Push
            | Rcl
            | Rcr
            | Rol
            | Ror
            | Sar
            | Sbb
            | Shl
            | Shld
            | Shr
            | Shrd
            | Sub
            | Test
            | Xadd
            | Xchg
            | Xor
    )
}
