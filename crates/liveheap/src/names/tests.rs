//! Names of made-up symbols, of this very program, and what counts as plumbing.

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
    let names = Names::look_up(vec![address + 1, 8], &[module.unwrap()]);
    let name = names.of(address + 1).unwrap();
    assert_eq!(name.name, "liveheap::names::tests::a_function_of_this_program_has_its_name");
    assert_eq!(name.distance, 1);
    assert_ne!(name.system_name, name.name);
    assert_eq!(names.of(8), None);
}

#[test]
fn plumbing_is_what_stands_between_an_allocation_and_its_caller() {
    for name in [
        "__rust_alloc",
        "__rustc::__rust_alloc_zeroed",
        "__rustc[5c1c5b6a6a1b2c3d]::__rdl_realloc",
        "alloc::alloc::alloc",
        "<alloc::alloc::Global as core::alloc::Allocator>::allocate",
        "alloc::raw_vec::RawVec<T,A>::grow_one",
        "<alloc::raw_vec::RawVecInner>::finish_grow",
        "<liveheap::alloc::Heap<A> as core::alloc::global::GlobalAlloc>::alloc",
        "<mimalloc::MiMalloc as core::alloc::global::GlobalAlloc>::alloc",
        "alloc::vec::Vec<T,A>::push",
        "<alloc::vec::Vec<u8>>::with_capacity",
        "<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem",
        "malloc",
    ] {
        assert!(is_plumbing(name), "{name}");
    }
}

#[test]
fn what_can_run_the_callers_code_is_not_plumbing() {
    for name in [
        "leaky_server::pool::Buffer::filled",
        "liveheap::main",
        "alloc::vec::Vec<T,A>::extend_with",
        "<alloc::string::String as core::clone::Clone>::clone",
        "hashbrown::map::HashMap<K,V,S,A>::insert",
        "alloc::rc::Rc<T>::new_cyclic",
        "malloc_trim",
        "__rust_try",
        "std::sys::backtrace::__rust_begin_short_backtrace",
        "my_malloc",
    ] {
        assert!(!is_plumbing(name), "{name}");
    }
}

#[test]
fn a_star_is_any_text() {
    assert!(matches("a*c*e", "abcde"));
    assert!(matches("a*", "a"));
    assert!(matches("*b", "ab"));
    assert!(!matches("a*c", "ab"));
    assert!(!matches("a*b*b", "ab"));
    assert!(!matches("ab", "abc"));
}

#[test]
fn the_expression_escapes_what_regular_expressions_read_otherwise() {
    let expression = drop_frames();
    assert!(expression.starts_with("__rust_alloc.*|__rust_realloc|"), "{expression}");
    assert!(!expression.contains("||"));
    assert!(expression.contains("<alloc::alloc::Global.*|malloc|"), "{expression}");
    assert!(expression.ends_with("|with_capacity_zeroed_in<.*>"), "{expression}");
}
