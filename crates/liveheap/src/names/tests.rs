//! Names of made-up symbols and of this very program.

use super::*;

#[test]
fn rust_symbols_lose_their_hash() {
    let symbol = "_ZN12leaky_server4pool6Buffer6filled17h0123456789abcdefE";
    assert_eq!(demangled(symbol), "leaky_server::pool::Buffer::filled");
    assert_eq!(demangled("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
}

#[test]
fn other_symbols_stay_as_they_are() {
    assert_eq!(demangled("main"), "main");
    assert_eq!(demangled("_ZNSt6vectorIiE9push_backEi"), "_ZNSt6vectorIiE9push_backEi");
}

#[test]
fn a_function_of_this_program_has_its_name() {
    let address = a_function_of_this_program_has_its_name as *const () as u64;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let module = maps.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (start, limit) = words[0].split_once('-')?;
        let (start, limit) = (number(start), number(limit));
        (start..limit).contains(&address).then(|| Module {
            path: words[5].to_owned(),
            build_id: String::new(),
            start,
            limit,
            offset: number(words[2]),
            is_main: true,
        })
    });
    let names = Names::look_up(&[address + 1, 8], &[module.unwrap()]);
    let name = names.of(0).unwrap();
    assert_eq!(name.name, "liveheap::names::tests::a_function_of_this_program_has_its_name");
    assert_eq!(name.distance, 1);
    assert_ne!(name.system_name, name.name);
    assert_eq!(names.of(1), None);
}
