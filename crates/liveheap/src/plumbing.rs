//! Which functions stand between an allocation and the code that asked for it.
//!
//! One table serves two ends: frames of such functions at the leaf of a stack are cut when a profile
//! is made, and the table travels with the profile as `drop_frames`, for those that were inlined and
//! are seen by the reader only.

/// Functions that stand between an allocation and the code that asked for it; `*` is any text.
///
/// None of them runs code of its caller (`from_elem` clones, which is why the line that says
/// `vec![…]` is the better answer), so nothing of the caller's is lost below them. In release builds
/// most are inlined into the caller: they are then frames that only the command can see, so the
/// table travels with the profile, as the expression of [`drop_frames`].
const PLUMBING: &[&str] = &[
    // The entry points that the compiler generates and what the standard library puts behind them.
    "__rust_alloc*",
    "__rust_realloc",
    "__rg_*",
    "__rdl_*",
    "__rustc*::__rust_alloc*",
    "__rustc*::__rust_realloc",
    "__rustc*::__rg_*",
    "__rustc*::__rdl_*",
    "* as core::alloc::global::GlobalAlloc>::*",
    "* as core::alloc::Allocator>::*",
    "core::alloc::global::GlobalAlloc::*",
    "alloc::alloc::*",
    "<alloc::alloc::Global*",
    // Allocators.
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    // This crate.
    "liveheap::alloc::*",
    "liveheap::sampler::*",
    "liveheap::thread::*",
    "liveheap::unwind::*",
    "<liveheap::alloc::*",
    // Containers that make room.
    "alloc::raw_vec::*",
    "<alloc::raw_vec::*",
    "alloc::boxed::box_new*",
    "alloc::boxed::new*",
    "alloc::boxed::Box*::new*",
    "<alloc::boxed::Box*>::new*",
    "alloc::vec::from_elem*",
    "alloc::vec::spec_from_elem::*",
    "* as alloc::vec::spec_from_elem::SpecFromElem>::from_elem",
    "alloc::vec::Vec*::with_capacity*",
    "<alloc::vec::Vec*>::with_capacity*",
    "alloc::vec::Vec*::try_with_capacity*",
    "<alloc::vec::Vec*>::try_with_capacity*",
    "alloc::vec::Vec*::reserve*",
    "<alloc::vec::Vec*>::reserve*",
    "alloc::vec::Vec*::push*",
    "<alloc::vec::Vec*>::push*",
    // The same as the command names them when they were inlined: by the module of their file.
    "alloc::boxed::new",
    "alloc::boxed::new_uninit*",
    "alloc::boxed::try_new_uninit*",
    "alloc::rc::new",
    "alloc::sync::new",
    "alloc::slice::to_vec*",
    "alloc::slice::to_owned*",
    "alloc::str::to_owned*",
    "alloc::string::push*",
    "alloc::string::reserve*",
    "alloc::string::with_capacity*",
    "alloc::vec::append_elements*",
    "alloc::vec::extend_from_slice*",
    "alloc::vec::push*",
    "alloc::vec::reserve*",
    "alloc::vec::spec_from_elem::from_elem*",
    "alloc::vec::try_with_capacity*",
    "alloc::vec::with_capacity*",
    // The same of a reader that finds the module by the source file and knows no type.
    "alloc::vec::with_capacity*",
    "alloc::vec::try_with_capacity*",
    "alloc::vec::reserve*",
    "alloc::vec::push*",
    "hashbrown::raw::alloc::*",
    "hashbrown::raw::RawTableInner*::new_uninitialized*",
    "hashbrown::raw::RawTableInner*::fallible_with_capacity*",
];

/// The same functions as line tables name them when they were inlined: without their modules, and in
/// readers that simplify names without their type arguments. A name that other code is likely to have
/// stands here only with the arguments that tell it.
const INLINED_PLUMBING: &[&str] = &[
    "alloc",
    "alloc<*>",
    "alloc_impl*",
    "alloc_zeroed",
    "alloc_zeroed<*>",
    "allocate",
    "allocate_in*",
    "allocate_zeroed",
    "box_new*",
    "do_alloc",
    "do_alloc<*>",
    "do_reserve_and_handle*",
    "exchange_malloc*",
    "fallible_with_capacity*",
    "finish_grow*",
    "from_elem*",
    "grow_amortized*",
    "grow_exact*",
    "grow_one*",
    "new_uninit_in*",
    "new_uninitialized*",
    "push<*alloc::alloc::Global>",
    "push_mut<*alloc::alloc::Global>",
    "realloc<*>",
    "reserve<*alloc::alloc::Global>",
    "reserve_exact<*alloc::alloc::Global>",
    "try_allocate_in*",
    "try_new_uninit_in*",
    "with_capacity<*>",
    "with_capacity_in*",
    "with_capacity_zeroed*",
];

/// Whether a function (by its name for people) is plumbing.
pub(crate) fn is_plumbing(name: &str) -> bool {
    PLUMBING.iter().any(|pattern| matches(pattern, name))
}

/// Both tables as a regular expression for the profile's `drop_frames`; readers match it against the
/// whole name.
pub(crate) fn drop_frames() -> String {
    let mut expression = String::new();
    for (position, pattern) in PLUMBING.iter().chain(INLINED_PLUMBING).enumerate() {
        if position > 0 {
            expression.push('|');
        }
        for character in pattern.chars() {
            match character {
                '*' => expression.push_str(".*"),
                '.' | '(' | ')' | '[' | ']' | '{' | '}' | '+' | '?' | '|' | '^' | '$' | '\\' => {
                    expression.push('\\');
                    expression.push(character);
                }
                _ => expression.push(character),
            }
        }
    }
    expression
}

/// Whether the whole of `text` matches `pattern`, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, mut rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    // Between stars the earliest place is as good as any later one.
    while let Some((middle, behind)) = rest.split_once('*') {
        let Some(found) = text.find(middle) else {
            return false;
        };
        text = &text[found + middle.len()..];
        rest = behind;
    }
    text.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "alloc::vec::with_capacity_in",
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
        assert!(expression.ends_with("|with_capacity_zeroed.*"), "{expression}");
    }
}
