//! Owners of instructions in small ELF files that are made here, and in this very program.

use super::*;

/// An ELF file with one loaded part (file offset 0x1000 at address 0x401000, 0x1000 bytes), a build
/// id of the bytes 1, 2, 3, 4 and a table of these symbols: name, start, size.
fn file(table_kind: u32, symbols: &[(&str, u64, u64)]) -> Vec<u8> {
    let mut names = vec![0];
    let mut table = vec![0; SYMBOL_SIZE];
    for (name, start, size) in symbols {
        let at = u32::try_from(names.len()).unwrap();
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        table.extend_from_slice(&at.to_ne_bytes());
        table.extend_from_slice(&[2, 0, 1, 0]);
        table.extend_from_slice(&start.to_ne_bytes());
        table.extend_from_slice(&size.to_ne_bytes());
    }

    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    put(&mut bytes, 32, &64u64.to_ne_bytes());
    put(&mut bytes, 54, &56u16.to_ne_bytes());
    put(&mut bytes, 56, &2u16.to_ne_bytes());
    put(&mut bytes, 58, &64u16.to_ne_bytes());
    put(&mut bytes, 60, &3u16.to_ne_bytes());

    let notes_at = 64 + 2 * 56;
    let mut notes = Vec::new();
    for number in [4u32, 4, 3] {
        notes.extend_from_slice(&number.to_ne_bytes());
    }
    notes.extend_from_slice(b"GNU\0\x01\x02\x03\x04");
    bytes.extend(program(1, 0x1000, 0x401000, 0x1000));
    bytes.extend(program(4, notes_at, 0, notes.len() as u64));
    bytes.extend(notes);

    let table_at = bytes.len() as u64;
    bytes.extend(&table);
    let names_at = bytes.len() as u64;
    bytes.extend(&names);
    let sections_at = bytes.len() as u64;
    put(&mut bytes, 40, &sections_at.to_ne_bytes());
    bytes.extend([0; 64]);
    bytes.extend(section(table_kind, table_at, table.len() as u64, 2));
    bytes.extend(section(3, names_at, names.len() as u64, 0));
    bytes
}

fn program(kind: u32, offset: u64, address: u64, size: u64) -> Vec<u8> {
    let mut entry = vec![0; 56];
    put(&mut entry, 0, &kind.to_ne_bytes());
    put(&mut entry, 8, &offset.to_ne_bytes());
    put(&mut entry, 16, &address.to_ne_bytes());
    put(&mut entry, 32, &size.to_ne_bytes());
    entry
}

fn section(kind: u32, offset: u64, size: u64, link: u32) -> Vec<u8> {
    let mut entry = vec![0; 64];
    put(&mut entry, 4, &kind.to_ne_bytes());
    put(&mut entry, 24, &offset.to_ne_bytes());
    put(&mut entry, 32, &size.to_ne_bytes());
    put(&mut entry, 40, &link.to_ne_bytes());
    entry
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}

fn ask(bytes: &[u8], build_id: &str, offsets: &[u64]) -> Result<Vec<Option<(String, u64)>>> {
    let read = |buffer: &mut [u8], offset: u64| {
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
        let rest = rest.unwrap_or_default();
        let size = rest.len().min(buffer.len());
        buffer[..size].copy_from_slice(&rest[..size]);
        Ok(size)
    };
    let owners = owners(&read, build_id, offsets)?;
    Ok(owners.into_iter().map(|owner| owner.map(|owner| (owner.name, owner.distance))).collect())
}

fn named(name: &str, distance: u64) -> Option<(String, u64)> {
    Some((name.to_owned(), distance))
}

#[test]
fn an_instruction_belongs_to_the_symbol_around_it() {
    let bytes = file(2, &[("one", 0x401000, 0x10), ("two", 0x401010, 0x10)]);
    let owners = ask(&bytes, "", &[0x1000, 0x100f, 0x1010, 0x1020]).unwrap();
    assert_eq!(owners, [named("one", 0), named("one", 15), named("two", 0), None]);
}

#[test]
fn the_innermost_symbol_wins_and_then_the_first() {
    let symbols = [("outer", 0x401000, 0x100), ("inner", 0x401010, 8), ("alias", 0x401010, 8)];
    let owners = ask(&file(2, &symbols), "", &[0x1008, 0x1011, 0x1018]).unwrap();
    assert_eq!(owners, [named("outer", 8), named("inner", 1), named("outer", 0x18)]);
}

#[test]
fn a_stripped_file_answers_from_its_dynamic_symbols() {
    let owners = ask(&file(11, &[("exported", 0x401000, 0x10)]), "", &[0x1004]).unwrap();
    assert_eq!(owners, [named("exported", 4)]);
}

#[test]
fn a_file_without_symbols_names_nothing() {
    assert_eq!(ask(&file(8, &[]), "", &[0x1004]).unwrap(), [None]);
}

#[test]
fn a_file_with_another_build_id_is_refused() {
    let bytes = file(2, &[("one", 0x401000, 0x10)]);
    assert_eq!(ask(&bytes, "01020304", &[0x1000]).unwrap(), [named("one", 0)]);
    let error = ask(&bytes, "01020305", &[0x1000]).unwrap_err();
    assert_eq!(error.to_string(), "the file has another build id than what is loaded");
}

#[test]
fn more_symbols_than_fit_a_window_are_all_seen() {
    let symbols: Vec<(String, u64, u64)> =
        (0..3000).map(|n| (format!("f{n:04}{}", "x".repeat(40)), 0x401000 + n, 1)).collect();
    let symbols: Vec<(&str, u64, u64)> =
        symbols.iter().map(|(name, start, size)| (name.as_str(), *start, *size)).collect();
    let offsets: Vec<u64> = (0x1000..0x1000 + 3000).collect();
    let owners = ask(&file(2, &symbols), "", &offsets).unwrap();
    for (owner, (name, _, _)) in owners.iter().zip(&symbols) {
        assert_eq!(owner, &named(name, 0));
    }
}

#[test]
fn damaged_files_give_an_error_or_an_answer_and_never_a_panic() {
    let whole = file(2, &[("one", 0x401000, 0x10), ("two", 0x401010, 0x10)]);
    let mut refused = 0;
    for length in 0..whole.len() {
        refused += usize::from(ask(&whole[..length], "01020304", &[0x1000, 0x1011]).is_err());
    }
    assert!(refused > 64, "only {refused} of the cut files were refused");
    for position in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[position] ^= change;
            let _ = ask(&bytes, "01020304", &[0x1000, 0x1011]);
        }
    }
}
