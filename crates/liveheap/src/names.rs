//! Names for code addresses.
//!
//! In: process addresses and the modules they are in. Out: for each the function's name for people
//! and as it stands in the binary. The binaries are opened, read through once and closed; nothing
//! stays in memory but the names that were asked for.

use crate::sampled::Module;
use crate::symtab;
use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// The names of some code addresses, by their number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: Vec<Option<Name>>,
}

/// The function around a code address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// For people: demangled, without the hash.
    pub(crate) name: String,
    /// As it stands in the binary.
    pub(crate) system_name: String,
    /// How many bytes behind the function's start the address is.
    pub(crate) distance: u64,
}

impl Names {
    /// Looks the addresses up in the binaries of the modules. What has no symbol, or a binary that
    /// cannot be read, gets no name.
    pub(crate) fn look_up(addresses: &[u64], modules: &[Module]) -> Self {
        let mut names: Vec<Option<Name>> = addresses.iter().map(|_| None).collect();
        let mut ascending: Vec<(u64, usize)> =
            addresses.iter().enumerate().map(|(number, &address)| (address, number)).collect();
        ascending.sort_unstable();
        for module in modules {
            let from = ascending.partition_point(|(address, _)| *address < module.start);
            let to = ascending.partition_point(|(address, _)| *address < module.limit);
            let inside = ascending.get(from..to).unwrap_or_default();
            let Some(file) = (!inside.is_empty()).then(|| open(module)).flatten() else {
                continue;
            };
            let offsets: Vec<u64> = inside
                .iter()
                .map(|(address, _)| (address - module.start).saturating_add(module.offset))
                .collect();
            let read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
            // A binary that cannot be read gives no names; the command may still find it.
            let owners = symtab::owners(&read, &module.build_id, &offsets).unwrap_or_default();
            for (&(_, number), owner) in inside.iter().zip(owners) {
                names[number] = owner.map(|owner| Name {
                    name: demangled(&owner.name),
                    system_name: owner.name,
                    distance: owner.distance,
                });
            }
        }
        Self { names }
    }

    /// The name of an address, by its number.
    pub(crate) fn of(&self, number: usize) -> Option<&Name> {
        self.names.get(number)?.as_ref()
    }

    /// Names for those of the addresses that stand in the list.
    #[cfg(test)]
    pub(crate) fn made_up(addresses: &[u64], names: &[(u64, &str)]) -> Self {
        let name = |address: &u64| {
            let (_, name) = names.iter().find(|(at, _)| at == address)?;
            Some(Name { name: (*name).to_owned(), system_name: (*name).to_owned(), distance: 0x10 })
        };
        Self { names: addresses.iter().map(name).collect() }
    }
}

/// Opens a module's file. The main binary is opened as what runs, so a binary that was replaced or
/// deleted still gives its names.
fn open(module: &Module) -> Option<File> {
    if module.path.starts_with('[') || module.path.is_empty() {
        return None;
    }
    let path = if module.is_main { "/proc/self/exe" } else { &module.path };
    let file = File::open(path).ok()?;
    // Devices may be mapped as well; reading one can block.
    file.metadata().ok()?.is_file().then_some(file)
}

/// The name for people of a symbol: what Rust mangled demangled and without the hash, everything
/// else as it is.
pub(crate) fn demangled(symbol: &str) -> String {
    let mut name = String::new();
    match rustc_demangle::try_demangle(symbol) {
        Ok(demangled) => {
            // Writing to a text fails only when the demangler does; then the symbol has to do.
            if write!(name, "{demangled:#}").is_err() {
                symbol.clone_into(&mut name);
            }
        }
        Err(_) => symbol.clone_into(&mut name),
    }
    name
}

#[cfg(test)]
mod tests;
