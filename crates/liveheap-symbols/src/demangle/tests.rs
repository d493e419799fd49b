//! Names of our own making in all modes, compared with what GNU tools and pprof print for them.

use super::*;
use expect_test::{Expect, expect};
use liveheap_profile::ProfileBuilder;

/// Every name on a line of its own, in the three modes that change names.
fn check(names: &[&str], expected: Expect) {
    let mut text = String::new();
    for name in names {
        text += name;
        for mode in [Mode::Simplified, Mode::Templates, Mode::Full] {
            text += &format!("\n    {}", demangle(name, mode));
        }
        text.push('\n');
    }
    expected.assert_eq(&text);
}

#[test]
fn parameters_and_template_arguments_go_unless_asked_for() {
    check(
        &[
            "_ZN5store4KeepIiE3addERKiPKc",
            "_ZN5store4pickIiNS_4KeepIcEEEEvT_RKT0_",
            "_ZNK5store4Keep4sizeEv",
            "_Z4growIJiEEvDpT_",
            "_Z4growIJEEviDpOT_",
            "_Z3runISt8functionIFiPKcEEEvT_",
            "_ZN5storelsIiEEvRT_",
            "_ZN5storeltIiEEbRKT_",
        ],
        expect![[r#"
            _ZN5store4KeepIiE3addERKiPKc
                store::Keep::add
                store::Keep<int>::add
                store::Keep<int>::add(int const&, char const*)
            _ZN5store4pickIiNS_4KeepIcEEEEvT_RKT0_
                store::pick
                store::pick<int, store::Keep<char> >
                void store::pick<int, store::Keep<char> >(int, store::Keep<char> const&)
            _ZNK5store4Keep4sizeEv
                store::Keep::size
                store::Keep::size
                store::Keep::size() const
            _Z4growIJiEEvDpT_
                grow
                grow<int>
                void grow<int>(int)
            _Z4growIJEEviDpOT_
                grow
                grow<>
                void grow<>(int)
            _Z3runISt8functionIFiPKcEEEvT_
                run
                run<std::function<int (char const*)> >
                void run<std::function<int (char const*)> >(std::function<int (char const*)>)
            _ZN5storelsIiEEvRT_
                store::operator<<
                store::operator<< <int>
                void store::operator<< <int>(int&)
            _ZN5storeltIiEEbRKT_
                store::operator<
                store::operator< <int>
                bool store::operator< <int>(int const&)
        "#]],
    );
}

#[test]
fn a_local_name_says_which_function_it_is_in() {
    check(
        &[
            "_ZZN5store4KeepIiE3addERKiE5cache",
            "_ZZN5store3runEiENKUliE_clEi",
            "_ZGVZN5store3runEiE5cache",
            "_ZN12_GLOBAL__N_13runEi",
        ],
        expect![[r#"
            _ZZN5store4KeepIiE3addERKiE5cache
                store::Keep::add()::cache
                store::Keep<int>::add()::cache
                store::Keep<int>::add(int const&)::cache
            _ZZN5store3runEiENKUliE_clEi
                store::run()::{lambda(int)#1}::operator()
                store::run()::{lambda(int)#1}::operator()
                store::run(int)::{lambda(int)#1}::operator()(int) const
            _ZGVZN5store3runEiE5cache
                guard variable for store::run()::cache
                guard variable for store::run()::cache
                guard variable for store::run(int)::cache
            _ZN12_GLOBAL__N_13runEi
                (anonymous namespace)::run
                (anonymous namespace)::run
                (anonymous namespace)::run(int)
        "#]],
    );
}

#[test]
fn tables_and_thunks_are_named_after_their_class() {
    check(
        &["_ZTV4Keep", "_ZTI4Keep", "_ZThn16_N4Keep3addEi", "_ZTT4Keep"],
        expect![[r#"
        _ZTV4Keep
            vtable for Keep
            vtable for Keep
            vtable for Keep
        _ZTI4Keep
            typeinfo for Keep
            typeinfo for Keep
            typeinfo for Keep
        _ZThn16_N4Keep3addEi
            non-virtual thunk to Keep::add(int)
            non-virtual thunk to Keep::add(int)
            non-virtual thunk to Keep::add(int)
        _ZTT4Keep
            VTT for Keep
            VTT for Keep
            VTT for Keep
    "#]],
    );
}

#[test]
fn standard_classes_have_short_names_except_in_constructors() {
    check(
        &["_ZNSs6appendEPKc", "_ZNSsC1ERKSs", "_ZNSolsEi", "_ZN4Keep3addERKSs"],
        expect![[r#"
        _ZNSs6appendEPKc
            std::string::append
            std::string::append
            std::string::append(char const*)
        _ZNSsC1ERKSs
            std::basic_string::basic_string
            std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string
            std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string(std::string const&)
        _ZNSolsEi
            std::ostream::operator<<
            std::ostream::operator<<
            std::ostream::operator<<(int)
        _ZN4Keep3addERKSs
            Keep::add
            Keep::add
            Keep::add(std::string const&)
    "#]],
    );
}

#[test]
fn rust_names_lose_their_hash_and_the_arguments_of_generics() {
    check(
        &[
            "_ZN5store4Keep3add17h0123456789abcdefE",
            "_ZN53_$LT$store..Keep$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
            "_ZN5store3run28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE.llvm.12345",
            "_RNvCs1234_5store3run",
            "_RINvCs1234_5store3runmE",
            "_RNvMCs1234_5storeINtB2_4KeepmE3add",
            "_RNCNvCs1234_5store3run0B3_",
        ],
        expect![[r#"
            _ZN5store4Keep3add17h0123456789abcdefE
                store::Keep::add
                store::Keep::add
                store::Keep::add
            _ZN53_$LT$store..Keep$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE
                <store::Keep as core::ops::drop::Drop>::drop
                <store::Keep as core::ops::drop::Drop>::drop
                <store::Keep as core::ops::drop::Drop>::drop
            _ZN5store3run28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE.llvm.12345
                store::run::{{closure}}
                store::run::{{closure}}
                store::run::{{closure}}
            _RNvCs1234_5store3run
                store::run
                store::run
                store::run
            _RINvCs1234_5store3runmE
                store::run::<>
                store::run::<u32>
                store::run::<u32>
            _RNvMCs1234_5storeINtB2_4KeepmE3add
                <store::Keep<>>::add
                <store::Keep<u32>>::add
                <store::Keep<u32>>::add
            _RNCNvCs1234_5store3run0B3_
                store::run::{closure#0}
                store::run::{closure#0}
                store::run::{closure#0}
        "#]],
    );
}

#[test]
fn a_hash_of_few_digits_is_a_name_of_cplusplus() {
    assert_eq!(
        demangle("_ZN5store3run17h0000000000000000E", Mode::Simplified),
        "store::run::h0000000000000000"
    );
}

#[test]
fn what_the_compiler_appends_is_not_shown() {
    check(
        &["_ZN5store3runEi.part.3", "_ZN5store3runEi.cold", "_RNvCs1234_5store3run.cold"],
        expect![[r#"
            _ZN5store3runEi.part.3
                store::run
                store::run
                store::run(int)
            _ZN5store3runEi.cold
                store::run
                store::run
                store::run(int)
            _RNvCs1234_5store3run.cold
                store::run
                store::run
                store::run
        "#]],
    );
}

#[test]
fn parameters_that_cannot_be_read_do_no_harm_where_none_are_shown() {
    check(
        &["_ZN5store4moveIdEENS_2ifIXsrNS_2isIT_vEE5valueEPS1_E4typeES3_", "_ZSt3addIiEXqq"],
        expect![[r#"
            _ZN5store4moveIdEENS_2ifIXsrNS_2isIT_vEE5valueEPS1_E4typeES3_
                store::move
                store::move<double>
                store::if<store::is<double, void>::value, store::if*>::type store::move<double>(store::if*)
            _ZSt3addIiEXqq
                std::add
                std::add<int>
                _ZSt3addIiEXqq
        "#]],
    );
}

#[test]
fn an_underscore_more_in_front_is_accepted() {
    check(
        &["__ZN5store3runEi"],
        expect![[r#"
        __ZN5store3runEi
            store::run
            store::run
            store::run(int)
    "#]],
    );
}

#[test]
fn readable_names_are_shortened_only_if_they_look_like_cplusplus() {
    check(
        &[
            "store::run<int>(char*)",
            "a<b<c>>::d(e)(f)",
            "store.Keep.<init>(int)",
            "main.(*Keep[...]).Add",
            "main.Map[go.shape.int](1)",
            "run(int)",
            "a::b)c(d)",
            "_Zwhat",
        ],
        expect![[r#"
            store::run<int>(char*)
                store::run
                store::run<int>
                store::run<int>(char*)
            a<b<c>>::d(e)(f)
                a::d
                a<b<c>>::d
                a<b<c>>::d(e)(f)
            store.Keep.<init>(int)
                store.Keep.<init>(int)
                store.Keep.<init>(int)
                store.Keep.<init>(int)
            main.(*Keep[...]).Add
                main.(*Keep[...]).Add
                main.(*Keep[...]).Add
                main.(*Keep[...]).Add
            main.Map[go.shape.int](1)
                main.Map[go.shape.int]
                main.Map[go.shape.int]
                main.Map[go.shape.int](1)
            run(int)
                run(int)
                run(int)
                run(int)
            a::b)c(d)
                a::b)c(d)
                a::b)c(d)
                a::b)c(d)
            _Zwhat
                _Zwhat
                _Zwhat
                _Zwhat
        "#]],
    );
}

#[test]
fn only_names_that_nobody_demangled_are_changed() {
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    builder.function("_ZN1a1bEv", "_ZN1a1bEv", "", 0);
    builder.function("", "_ZN1a1bEv", "", 0);
    builder.function("mine", "_ZN1a1bEv", "", 0);
    builder.function("kept", "", "", 0);
    let profile = builder.finish();
    let names = |profile: &Profile| {
        profile
            .functions
            .iter()
            .map(|function| profile.text(function.name).to_owned())
            .collect::<Vec<_>>()
    };
    let once = demangle_profile(profile, Mode::Simplified, false);
    assert_eq!(names(&once), ["a::b", "a::b", "mine", "kept"]);
    let again = demangle_profile(once, Mode::Full, true);
    assert_eq!(names(&again), ["a::b()", "a::b()", "a::b()", "kept"]);
    let untouched = demangle_profile(again, Mode::Untouched, true);
    assert_eq!(names(&untouched), ["_ZN1a1bEv", "_ZN1a1bEv", "_ZN1a1bEv", "kept"]);
}

#[test]
fn no_name_panics_however_damaged() {
    let names = [
        "_ZN5store4KeepIiE3addERKiPKc",
        "_ZZN5store3runEiENKUliE_clEi",
        "_RNvMCs1234_5storeINtB2_4KeepmE3add",
        "_ZN53_$LT$store..Keep$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
        "operator<<(a)>>(b)<",
    ];
    for name in names {
        for cut in 0..name.len() {
            for mode in [Mode::Simplified, Mode::Templates, Mode::Full] {
                let _ = demangle(&name[..cut], mode);
                let _ = demangle(&name[cut..], mode);
                let _ = demangle(&format!("{}<{}", &name[..cut], &name[cut..]), mode);
                let _ = demangle(&format!("{}é{}", &name[..cut], &name[cut..]), mode);
            }
        }
    }
    // Doubles with each step.
    let bomb = format!("_Z1fISt4pairI{}iEEvv", "S0_".repeat(40));
    let _ = demangle(&bomb, Mode::Full);
}
