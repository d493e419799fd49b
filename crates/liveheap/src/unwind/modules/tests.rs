//! Examples of finding binaries.

use super::{begin_of, each_range, find_in_set, image_start, list, loader_index, refresh_set};

fn here() -> usize {
    here as fn() -> usize as usize
}

#[test]
fn this_program_is_a_module_with_a_path() {
    let modules = list();
    let own = modules.iter().find(|module| (module.start..module.limit).contains(&(here() as u64)));
    let path = std::env::current_exe().unwrap();
    assert_eq!(own.map(|module| module.path.as_str()), path.to_str());
}

#[test]
fn a_linked_library_has_a_build_id_in_hexadecimal() {
    let modules = list();
    let library = modules.iter().find(|module| module.path.contains("/libc"));
    let Some(library) = library else { return };
    assert!(library.build_id.len() >= 32, "{library:?}");
    assert!(library.build_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn the_list_of_our_own_and_the_loaders_index_agree() {
    assert!(image_start(here()).is_some());
    // While another test makes the list, this one goes on without.
    while find_in_set(here()).is_none() {
        refresh_set();
        std::thread::yield_now();
    }
    // glibc has had it since 2.35; other C libraries have not.
    if loader_index().is_some() {
        assert_eq!(find_in_set(here()), image_start(here()));
    }
}

#[test]
fn a_segment_that_the_loader_keeps_apart_belongs_to_its_binary() {
    let modules = list();
    let code =
        modules.iter().find(|module| (module.start..module.limit).contains(&(here() as u64)));
    let segment = usize::try_from(code.unwrap().start).unwrap();
    let begin = begin_of(segment, here()).unwrap();
    assert!(begin < segment);
    assert_eq!(begin_of(begin, here()), Some(begin));
}

#[test]
fn a_data_address_is_in_no_binary() {
    let data = Box::new(0_u8);
    assert_eq!(image_start((&raw const *data).addr()), None);
}

#[test]
fn ranges_are_in_order() {
    let mut starts = Vec::new();
    each_range(&mut |range| starts.push(range.start));
    assert!(starts.is_sorted() && starts.len() > 2, "{starts:?}");
}
