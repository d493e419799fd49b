//! A function of a loaded binary by its name, from the hash table that the loader itself uses.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: a binary in memory and a name. Out: the
//! function's process address. Asking the loader (`dlsym`) would take its lock, and linking to the
//! name would tie the program to the C library's version that it was built with.

use super::bytes::Bytes;
use super::elf::Image;

/// Tags of the dynamic section.
const STRINGS: u64 = 5;
const SYMBOLS: u64 = 6;
const GNU_HASH: u64 = 0x6fff_fef5;

const SYMBOL_BYTES: usize = 24;
/// A symbol's type, in the low half of a byte.
const FUNCTION: u8 = 2;
/// More symbols than share a bucket of any table.
const LONGEST_CHAIN: usize = 1000;

/// Where the function called `name` begins, if `image` defines and exports it.
#[cold]
pub(super) fn find(image: &Image, name: &[u8]) -> Option<usize> {
    let mut table = image.bytes_from(dynamic(image, GNU_HASH)?)?;
    let symbols = image.bytes_from(dynamic(image, SYMBOLS)?)?;
    let strings = image.bytes_from(dynamic(image, STRINGS)?)?;

    let bucket_count = table.u32()?;
    let first_symbol = usize::try_from(table.u32()?).ok()?;
    let filter_words = usize::try_from(table.u32()?).ok()?;
    let _filter_shift = table.u32()?;
    table.skip(filter_words.checked_mul(8)?)?;
    let bucket_bytes = usize::try_from(bucket_count).ok()?.checked_mul(4)?;
    let mut buckets = table.take(bucket_bytes)?;
    let mut chains = table;

    let hash = hash(name);
    let bucket = usize::try_from(hash.checked_rem(bucket_count)?).ok()?;
    buckets.skip(bucket * 4)?;
    let number = usize::try_from(buckets.u32()?).ok()?;
    chains.skip(number.checked_sub(first_symbol)?.checked_mul(4)?)?;
    for number in (number..).take(LONGEST_CHAIN) {
        // The lowest bit says that the chain ends; the others are the hash's.
        let entry = chains.u32()?;
        if entry | 1 == hash | 1
            && let Some(address) = address_if_named(symbols, strings, number, name)
        {
            return Some(address.wrapping_add(image.bias()));
        }
        if entry & 1 == 1 {
            return None;
        }
    }
    None
}

/// The address of a symbol, the binary's own, if it is a function of that name.
fn address_if_named(
    mut symbols: Bytes<'static>,
    mut strings: Bytes<'static>,
    number: usize,
    name: &[u8],
) -> Option<usize> {
    symbols.skip(number.checked_mul(SYMBOL_BYTES)?)?;
    strings.skip(usize::try_from(symbols.u32()?).ok()?)?;
    let kind = symbols.u8()? & 0x0f;
    symbols.skip(1)?;
    let section = symbols.u16()?;
    let address = usize::try_from(symbols.u64()?).ok()?;
    (kind == FUNCTION && section != 0 && strings.text()? == name).then_some(address)
}

/// The process address that the dynamic section has under `tag`.
fn dynamic(image: &Image, tag: u64) -> Option<usize> {
    let mut section = image.dynamic_section()?;
    loop {
        let (found, value) = (section.u64()?, usize::try_from(section.u64()?).ok()?);
        if found == 0 {
            return None;
        }
        if found == tag {
            // The loader may have made process addresses of the binary's own ones, in place.
            let is_own = image.bytes_from(value).is_none();
            return Some(if is_own { value.wrapping_add(image.bias()) } else { value });
        }
    }
}

fn hash(name: &[u8]) -> u32 {
    name.iter().fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::{find, hash};
    use crate::unwind::modules::image;

    #[test]
    fn the_hash_is_the_one_of_the_tables() {
        assert_eq!(hash(b""), 5381);
        assert_eq!(hash(b"printf"), 0x156b_2bb8);
    }

    #[test]
    fn a_function_of_the_c_library_is_where_the_linker_found_it() {
        let address = libc::qsort as *const () as usize;
        let library = image(address).unwrap();
        assert_eq!(find(&library, b"qsort"), Some(address));
    }

    #[test]
    fn a_name_that_is_not_there_is_not_found() {
        let library = image(libc::qsort as *const () as usize).unwrap();
        assert_eq!(find(&library, b"liveheap_is_not_there"), None);
        assert_eq!(find(&library, b""), None);
    }
}
