//! What becomes of a name, by example.

use super::*;
use liveheap_profile::{Frame, ProfileBuilder};

/// Fails unless each name becomes the one beside it, and that one stays.
fn check(names: &[(&str, &str)]) {
    for (long, short) in names {
        assert_eq!(name(long, Paths::Last).as_deref(), Some(*short), "{long}");
        assert_eq!(name(short, Paths::Last).as_deref(), Some(*short), "shortened twice");
    }
}

#[test]
fn a_plain_path_stays() {
    check(&[
        ("main", "main"),
        ("store::pool::Pool::put", "store::pool::Pool::put"),
        ("core::ops::function::FnOnce::call_once", "core::ops::function::FnOnce::call_once"),
        ("__libc_start_main", "__libc_start_main"),
        ("r#try::größe", "r#try::größe"),
    ]);
}

#[test]
fn generic_arguments_go() {
    check(&[
        ("alloc::vec::Vec<T,A>::push", "alloc::vec::Vec::push"),
        ("alloc::vec::Vec<u8, store::Arena<'_>>::push", "alloc::vec::Vec::push"),
        ("std::panic::catch_unwind::<>", "std::panic::catch_unwind"),
        ("store::map::<u8, fn(u8) -> u8>", "store::map"),
        ("store::run<store::Job>", "store::run"),
        ("store::Grid<{ 3 }>::new", "store::Grid::new"),
    ]);
}

#[test]
fn a_method_of_a_type_has_the_path_of_the_type() {
    check(&[
        ("<store::Pool>::put", "store::Pool::put"),
        ("<alloc::vec::Vec<>>::append_elements", "alloc::vec::Vec::append_elements"),
        ("<alloc::vec::Vec<u8>>::push::<u8>", "alloc::vec::Vec::push"),
        ("<std::sys::Thread>::new::thread_start", "std::sys::Thread::new::thread_start"),
        ("<[T]>::sort", "<[T]>::sort"),
        ("<dyn core::any::Any>::is", "<dyn Any>::is"),
    ]);
}

#[test]
fn types_of_the_standard_library_are_known_by_their_last_name() {
    check(&[
        (
            "<alloc::boxed::Box<F> as core::ops::function::FnOnce<()>>::call_once",
            "<Box as FnOnce>::call_once",
        ),
        (
            "<alloc::collections::btree::map::BTreeMap<K,V> as core::iter::traits::collect::FromIterator<(K,V)>>::from_iter",
            "<BTreeMap as FromIterator>::from_iter",
        ),
        (
            "<alloc::vec::Vec<u8> as core::clone::Clone>::clone::{closure#0}",
            "<Vec as Clone>::clone::{closure}",
        ),
    ]);
}

#[test]
fn types_of_other_crates_keep_their_modules() {
    check(&[
        (
            "<store::pool::Pool<T> as core::ops::drop::Drop>::drop",
            "<store::pool::Pool as Drop>::drop",
        ),
        (
            "<u64 as serde::de::Deserialize>::deserialize",
            "<u64 as serde::de::Deserialize>::deserialize",
        ),
        ("<alloc::boxed::Box<store::Job> as store::Run>::run", "<Box as store::Run>::run"),
    ]);
}

#[test]
fn an_impl_block_is_the_type_that_it_is_for() {
    check(&[
        (
            "alloc::collections::btree::append::<impl alloc::collections::btree::node::NodeRef<marker::Owned,K,V>>::bulk_push",
            "alloc::collections::btree::node::NodeRef::bulk_push",
        ),
        (
            "core::iter::range::<impl core::iter::traits::iterator::Iterator for core::ops::range::Range<A>>::next",
            "<Range as Iterator>::next",
        ),
        (
            "alloc::str::<impl alloc::borrow::ToOwned for str>::to_owned",
            "<str as ToOwned>::to_owned",
        ),
        ("alloc::slice::<impl [T]>::to_vec", "<[T]>::to_vec"),
        (
            "store::<impl store::Wanted<T> for fn(A) -> B>::get",
            "<fn(A) -> B as store::Wanted>::get",
        ),
    ]);
}

#[test]
fn of_a_trait_object_the_first_trait_is_told() {
    check(&[
        (
            "<&dyn core::ops::function::Fn<, Output = i32> + core::marker::Sync + core::panic::unwind_safe::RefUnwindSafe as core::ops::function::FnOnce<>>::call_once",
            "<&dyn Fn as FnOnce>::call_once",
        ),
        (
            "<dyn core::any::Any+core::marker::Send as core::fmt::Debug>::fmt",
            "<dyn Any as Debug>::fmt",
        ),
        (
            "<dyn for<'a> core::ops::function::Fn(&'a str) -> bool as store::Test>::test",
            "<dyn Fn as store::Test>::test",
        ),
    ]);
}

#[test]
fn references_tuples_slices_and_functions_are_types() {
    check(&[
        (
            "<&mut alloc::string::String as core::fmt::Write>::write_str",
            "<&mut String as Write>::write_str",
        ),
        ("<&'a alloc::string::String as core::fmt::Display>::fmt", "<&String as Display>::fmt"),
        ("<&'a mut [u8] as std::io::Write>::write", "<&mut [u8] as Write>::write"),
        (
            "<(alloc::vec::Vec<u8>, store::Key) as store::Pair>::swap",
            "<(Vec, store::Key) as store::Pair>::swap",
        ),
        ("<[alloc::vec::Vec<u8>; 4] as store::Many>::all", "<[Vec; 4] as store::Many>::all"),
        ("<*const core::ffi::c_void as store::P>::p", "<*const c_void as store::P>::p"),
        (
            "<unsafe extern \"C\" fn(i32) as store::P>::p",
            "<unsafe extern \"C\" fn(i32) as store::P>::p",
        ),
    ]);
}

#[test]
fn both_manglings_have_the_same_closures() {
    check(&[
        ("store::run::{{closure}}", "store::run::{closure}"),
        ("store::run::{closure#0}", "store::run::{closure}"),
        ("store::run::{closure#1}", "store::run::{closure#1}"),
        ("store::run::{{closure}}::{{closure}}", "store::run::{closure}::{closure}"),
        (
            "core::ops::function::FnOnce::call_once{{vtable.shim}}",
            "core::ops::function::FnOnce::call_once{vtable.shim}",
        ),
        (
            "<store::run::{closure#0} as core::ops::function::FnOnce<()>>::call_once::{shim:vtable#0}",
            "<store::run::{closure} as FnOnce>::call_once::{vtable.shim}",
        ),
        (
            "<std::rt::lang_start<()>::{closure#0} as core::ops::function::FnOnce<()>>::call_once",
            "<lang_start::{closure} as FnOnce>::call_once",
        ),
    ]);
}

#[test]
fn hashes_go() {
    check(&[
        ("store::run::h0123456789abcdef", "store::run"),
        ("store[7bc1f8d9]::run", "store::run"),
        ("<store[7bc1]::Pool as core[12ab]::clone::Clone>::clone", "<store::Pool as Clone>::clone"),
    ]);
}

#[test]
fn an_associated_type_is_read_as_a_name() {
    check(&[(
        "<<store::Set as core::iter::traits::collect::IntoIterator>::Item as core::cmp::Ord>::cmp",
        "<<store::Set as IntoIterator>::Item as Ord>::cmp",
    )]);
}

#[test]
fn what_cannot_be_read_is_left() {
    for text in ["", "a<b", "a>b", "<a as b", "x::<impl >", "<>", "<::>", "a::[zz]", "((", "&"] {
        let _ = name(text, Paths::Last);
    }
    assert_eq!(name("store::less<", Paths::Last), None);
    assert_eq!(name("operator>", Paths::Last), None);
    assert_eq!(name("", Paths::Last), None);
    assert_eq!(name("store::list[1 2]", Paths::Last), None);
}

#[test]
fn a_name_that_nests_without_end_is_left() {
    let many = |text: &str| text.repeat(50_000);
    assert_eq!(name(&format!("{}a{}::f", many("<"), many(">")), Paths::Last), None);
    assert_eq!(name(&format!("<{}a as b::C>", many("(")), Paths::Last), None);
    let references = format!("<{}a as b::C>", many("&"));
    assert_eq!(name(&references, Paths::Last), Some(references));
}

/// A profile with these functions, each given as name, mangled name and file; their names after
/// shortening.
fn shortened(functions: &[[&str; 3]]) -> Vec<String> {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    for [name, system_name, file] in functions {
        let function = builder.function(name, system_name, file, 0);
        let location = builder.location(0, None, &[Frame { function, line: 1, column: 0 }]);
        builder.sample(&[location], &[1], &[]);
    }
    let profile = shorten(builder.finish());
    profile.functions.iter().map(|function| profile.text(function.name).to_owned()).collect()
}

#[test]
fn only_functions_of_rust_are_shortened() {
    let name = "Set<int>::add";
    let mangled = "_ZN3SetIiE3addEv";
    assert_eq!(shortened(&[[name, mangled, "set.cc"]]), [name]);
    assert_eq!(shortened(&[["main.Set<int>", "", "set.go"]]), ["main.Set<int>"]);
    assert_eq!(shortened(&[[name, name, "set.rs"]]), ["Set::add"]);
    assert_eq!(shortened(&[[name, "_RNvC3set3add", ""]]), ["Set::add"]);
    assert_eq!(shortened(&[[name, "_ZN3set3add17h0123456789abcdefE", ""]]), ["Set::add"]);
}

#[test]
fn functions_that_only_modules_tell_apart_keep_them() {
    let next = |owner: &str| format!("<{owner} as core::iter::traits::iterator::Iterator>::next");
    let (one, other) =
        (next("alloc::vec::into_iter::IntoIter<T>"), next("std::collections::IntoIter<K,V>"));
    assert_eq!(shortened(&[[&one, "", "a.rs"]]), ["<IntoIter as Iterator>::next"]);
    assert_eq!(
        shortened(&[[&one, "", "a.rs"], [&other, "", "a.rs"]]),
        [
            "<alloc::vec::into_iter::IntoIter as core::iter::traits::iterator::Iterator>::next",
            "<std::collections::IntoIter as core::iter::traits::iterator::Iterator>::next",
        ]
    );
}
