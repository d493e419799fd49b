//! One small example of each format, what readers forgive, and what they refuse.

use crate::describe::describe;
use crate::{ErrorKind, Limits, decode};
use expect_test::{Expect, expect};

/// A map with one program, which begins below the code that it says it has.
const MAP: &str = "MAPPED_LIBRARIES:\n00401000-00500000 r-xp 00001000 08:01 42 /bin/app\n";

fn check(bytes: impl AsRef<[u8]>, expected: Expect) {
    let text = match decode(bytes.as_ref(), &Limits::default()) {
        Ok(profile) => describe(&profile),
        Err(error) => format!("error: {error}\n"),
    };
    expected.assert_eq(&text);
}

/// The mappings that a map gives, and where three addresses are.
fn check_map(map: &str, expected: Expect) {
    let heap = "heap profile: 1: 1 [1: 1] @ heapprofile\n1: 1 [1: 1] @ 0x400001 0x7f0001 0x9\n";
    let profile =
        decode(format!("{heap}{}{map}", "MAPPED_LIBRARIES:\n").as_bytes(), &Limits::default());
    let text = describe(&profile.unwrap());
    let tables = text.split_once("location 1").unwrap().1;
    expected.assert_eq(&format!("location 1{tables}"));
}

fn words(little_endian: bool, wide: bool, words: &[u64]) -> Vec<u8> {
    let bytes = words.iter().flat_map(|word| {
        let mut bytes = word.to_le_bytes().to_vec();
        bytes.truncate(if wide { 8 } else { 4 });
        if !little_endian {
            bytes.reverse();
        }
        bytes
    });
    bytes.collect()
}

#[test]
fn a_sampled_heap_is_estimated() {
    let heap = "heap profile: 3: 6144 [ 3: 6144] @ heap_v2/4096\n\
                # comment\n\n  1: 4096 [ 1: 4096] @ 0x401011 0x401021\n 2: 2048 [2: 2048] @ 0x401011\n";
    check(
        format!("{heap}{MAP}"),
        expect![[r#"
            types objects/count space/bytes
            period 4096 space/bytes
            [1, 6479] at [1, 2] bytes=4096
            [9, 9258] at [1] bytes=1024
            location 1 0x401010 in 1
            location 2 0x401020 in 1
            mapping 1 0x400000-0x500000 @0x0 /bin/app
        "#]],
    );
}

#[test]
fn what_was_allocated_is_kept_where_it_says_more() {
    let heap = "heap profile: 1: 64 [ 5: 320] @ heapprofile\n0: 0 [4: 256] @ 0x401011\n1: 64 [1: 64] @ 0x9\n";
    check(
        format!("{heap}{MAP}"),
        expect![[r#"
            types alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes
            period 1 space/bytes
            [4, 256, 0, 0] at [1] bytes=64
            [1, 64, 1, 64] at [2] bytes=64
            location 1 0x401010 in 1
            location 2 0x8 in 2
            mapping 1 0x400000-0x500000 @0x0 /bin/app
            mapping 2 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn go_writes_twice_its_rate() {
    check(
        "heap profile: 1: 512 [1: 512] @ heap/1024\n1: 512 [1: 512] @ 0x11\n# 0x10 main.main+0x1 main.go:3\n",
        expect![[r#"
            types objects/count space/bytes
            period 512 space/bytes
            [1, 809] at [1] bytes=512
            location 1 0x10 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn heap_growth_is_not_sampled() {
    check(
        "heap profile: 1: 512 [1: 512] @ growthz\n1: 512 [1: 512] @ 0x11\n",
        expect![[r#"
            types objects/count space/bytes
            period 1 space/bytes
            [1, 512] at [1] bytes=512
            location 1 0x10 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn heap_rows_that_contradict_themselves_are_refused() {
    let row = |row: &str| format!("heap profile: 1: 1 [1: 1] @ heap_v2/1\n{row}\n");
    check(
        row("0: 5 [1: 5] @ 0x1"),
        expect![[r#"
        error: parsing profile: inuse count was 0 but inuse bytes was 5
    "#]],
    );
    check(
        row("what is this"),
        expect![[r#"
        error: parsing profile: unexpected number of sample values: got 0, want 6
    "#]],
    );
    check(
        row("1: 5 [1: 5] @ 0x11111111111111111"),
        expect![[r#"
        error: parsing profile: malformed sample: 1: 5 [1: 5] @ 0x11111111111111111: failed to parse as hex 64-bit number: 0x11111111111111111
    "#]],
    );
    check(
        row("99999999999999999999: 5 [1: 5] @ 0x1"),
        expect![[r#"
        error: parsing profile: malformed sample: 99999999999999999999: 5 [1: 5] @ 0x1: number too large to fit in target type
    "#]],
    );
    check(
        "heap profile: 1: 1 [1: 1] @ heap_v3/1\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
    check(
        "heap profile: 1: 1 [1: 1] @ heap_v2/99999999999999999999\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn extreme_heap_numbers_are_survived() {
    let max = i64::MAX;
    check(
        format!(
            "heap profile: 1: 1 [1: 1] @ heap_v2/{max}\n-1: -{max} [{max}: {max}] @\n{max}: 1 [0: 0] @\n"
        ),
        expect![[r#"
            types objects/count space/bytes
            period 9223372036854775807 space/bytes
            [-1, -9223372036854775808] at [] bytes=9223372036854775807
            [9223372036854775807, 9223372036854775807] at [] bytes=0
        "#]],
    );
}

#[test]
fn go_counts_name_their_type() {
    check(
        "# comment\n\ngoroutine profile: total 7\n5 @ 0x401011 0x401021\n#\t0x401010\tmain.work+0x20\n\n2 @ 0x401021\n---\nrest\n",
        expect![[r#"
            types goroutine/count
            period 1 goroutine/count
            [5] at [1, 2]
            [2] at [2]
            location 1 0x401010 in 1
            location 2 0x401020 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "goroutine profile: total 1\n1 @ 0x1 main\n",
        expect![[r#"
        error: parsing profile: malformed profile format
    "#]],
    );
    check(
        "goroutine profile: total 1\n1 @ 0x11111111111111111\n",
        expect![[r#"
        error: parsing profile: malformed profile format
    "#]],
    );
    check(
        "goroutine profile: total\n1 @ 0x1\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn threads_count_one_each() {
    check(
        format!(
            "--- threadz 1 ---\n\n--- Thread 7f01 (name: main/12) stack: ---\n\
             PC: 0x401012 leaf\n   0x401012 leaf\n   0x401021 main\n\
             --- Thread 7f02 (name: pool/a/13) stack: ---\n  [same as previous thread]\n\
             --- Thread 7f03 (name: /14) stack: ---\n  0x401041\n--- Memory map: ---\n{}",
            MAP.split_once('\n').unwrap().1
        ),
        expect![[r#"
            types thread/count
            period 1 thread/count
            [2] at [1, 3]
            [1] at [4]
            location 1 0x401012 in 1
            location 2 0x401011 in 1
            location 3 0x401020 in 1
            location 4 0x401041 in 1
            mapping 1 0x400000-0x500000 @0x0 /bin/app
        "#]],
    );
    check(
        "--- Thread 7f01 (name: main/12) stack: ---\n 0x1\n---- no stack trace for the rest",
        expect![[r#"
            types thread/count
            period 1 thread/count
            [1] at [1]
            location 1 0x1 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "--- Thread 7f01 (name: main/12) stack: ---\n 0x1\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
    check(
        "--- Thread 7f01 (name: main) stack: ---\n 0x1\n--- Memory map: ---\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn waits_are_estimated_from_cycles() {
    check(
        "--- mutex:\ncycles/second=2000000000\nsampling period = 10\nms since reset=5\ndiscarded samples=1\n\
         4000 2 @ 0x11 0x21\n#\tmain\n2000 1 @ 0x11\n",
        expect![[r#"
            types contentions/count delay/nanoseconds
            period 10 contentions/count
            duration 5000000 ns
            [20, 20000] at [1, 2]
            [10, 10000] at [1]
            location 1 0x10 in 1
            location 2 0x20 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "--- contention:\n40 2 @ 0x11\n123 @ 0x21\n",
        expect![[r#"
        types contentions/count delay/nanoseconds
        period 1 contentions/count
        [2, 40] at [1]
        [3, 12] at [2]
        location 1 0x10 in 1
        location 2 0x20 in 1
        mapping 1 0x0-0xffffffffffffffff @0x0
    "#]],
    );
    check(
        "--- contentionz 1 ---\nsampling period=x\n40 2 @ 0x11\n",
        expect![[r#"
        error: parsing profile: failed to parse attribute sampling period=x: it is no number
    "#]],
    );
    check(
        "--- mutex:\nwhat\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn cpu_profiles_have_any_word_size_and_byte_order() {
    let file =
        [&[0, 3, 0, 100, 0][..], &[2, 2, 0x40_1010, 0x40_1021], &[1, 1, 0x40_1030], &[0, 1, 0]]
            .concat();
    let read = |little_endian, wide| {
        let mut bytes = words(little_endian, wide, &file);
        bytes.extend(MAP.bytes());
        describe(&decode(&bytes, &Limits::default()).unwrap())
    };
    let first = read(true, false);
    for (little_endian, wide) in [(true, true), (false, false), (false, true)] {
        assert_eq!(read(little_endian, wide), first);
    }
    expect![[r#"
        types samples/count cpu/nanoseconds
        period 100000 cpu/nanoseconds
        [2, 200000] at [1, 2]
        [1, 100000] at [3]
        location 1 0x401010 in 1
        location 2 0x401020 in 1
        location 3 0x401030 in 1
        mapping 1 0x400000-0x500000 @0x0 /bin/app
    "#]]
    .assert_eq(&first);
}

#[test]
fn frames_of_the_signal_handler_are_taken_out() {
    // The handler and the trampoline are behind each leaf; one leaf is reported twice.
    let mut file = vec![0, 3, 0, 100, 0];
    file.extend([1, 4, 0x10, 0x901, 0x801, 0x21]);
    file.extend([1, 5, 0x12, 0x901, 0x801, 0x12, 0x21]);
    file.extend([0, 1, 0]);
    check(
        words(true, true, &file),
        expect![[r#"
        types samples/count cpu/nanoseconds
        period 100000 cpu/nanoseconds
        [1, 100000] at [1, 2]
        [1, 100000] at [3, 2]
        location 1 0x10 in 1
        location 2 0x20 in 1
        location 3 0x12 in 1
        location 4 0x11 in 1
        mapping 1 0x0-0xffffffffffffffff @0x0
    "#]],
    );
}

#[test]
fn cut_cpu_profiles_are_read_as_far_as_they_go() {
    let header = [0, 3, 0, 100, 0];
    check(
        words(true, true, &header),
        expect![[r#"
        types samples/count cpu/nanoseconds
        period 100000 cpu/nanoseconds
    "#]],
    );
    check(
        words(true, true, &[&header[..], &[7, 2, 0x10]].concat()),
        expect![[r#"
        types samples/count cpu/nanoseconds
        period 100000 cpu/nanoseconds
        [7, 700000] at [1]
        location 1 0x10 in 1
        mapping 1 0x0-0xffffffffffffffff @0x0
    "#]],
    );
    check(
        words(true, true, &[&header[..], &[7]].concat()),
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
    check(
        words(true, true, &[&header[..], &[7, u64::MAX, 1]].concat()),
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn java_names_its_addresses() {
    check(
        "--- heapz 1 ---\nformat = java\nresolution=bytes\n 1048576  2 @ 0x1 0x2 0x3 0x5\n 64 1 @ 0x4 0x6\n\n\
         0x1 com.Leak.grow (Leak.java:9)\n 0x2 JVM_Start (/lib/jvm/libjvm.so)\n0x3 0xfe generated stub/JIT\n\
         0x4 GC\n0x6 com.Leak.grow (Other.java:-1)\n0x7 unused\n",
        expect![[r#"
            types inuse_objects/count inuse_space/bytes
            [3, 1658822] at [1, 2, 3, 4] bytes=524288
            [8192, 524320] at [5, 6] bytes=64
            location 1 0x0 com.Leak.grow#1 Leak.java:9:0
            location 2 0x0 JVM_Start#2 libjvm.so:0:0
            location 3 0x0 STUB#3 :0:0
            location 4 0x0 in 1
            location 5 0x0 GC#4 :0:0
            location 6 0x0 com.Leak.grow#1 Leak.java:0:0
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "--- contentionz 1 ---\nformat=java\nresolution=microseconds\nsampling period=10\nms since reset=5\n 7 2 @ 0x1\n",
        expect![[r#"
            types contentions/count delay/microseconds
            period 10 contentions/count
            duration 5000000 ns
            [20, 70] at [1]
            location 1 0x0 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "--- heapz 1 ---\nformat=java\nresolution=bytes\n 5 0 @ 0x1\n",
        expect![[r#"
        error: parsing profile: parsing sample 5 0 @ 0x1: second value must be non-zero
    "#]],
    );
    check(
        "--- heapz 1 ---\nformat=java\n 5 1 @ 0x1\n",
        expect![[r#"
        error: malformed profile: missing sample type information
    "#]],
    );
    check(
        "--- heapz 1 ---\nformat=cpp\n 5 1 @ 0x1\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn java_cpu_profiles_keep_their_addresses_as_names() {
    let mut bytes = words(true, true, &[0, 3, 1, 100, 0, 3, 2, 0x1, 0x2, 0, 1, 0]);
    bytes.extend(b"0x1 work (Main.java:3)\n0x2 main (Main.java:9)");
    check(
        bytes,
        expect![[r#"
        types samples/count cpu/nanoseconds
        period 100000 cpu/nanoseconds
        [3, 300000] at [1, 2]
        location 1 0x0 work#1 Main.java:3:0
        location 2 0x0 main#2 Main.java:9:0
    "#]],
    );
}

#[test]
fn jemalloc_dumps_are_estimated_by_stack() {
    check(
        "heap_v2/4096\n  t*: 3: 6144 [0: 0]\n  t0: 3: 6144 [0: 0]\n@ 0x401011 0x401021\n  t*: 1: 4096 [0: 0]\n  t0: 1: 4096 [0: 0]\n\
         @ 0x401031\n  t*: 2: 2048 [0: 0]\n@ 0x401041\n  t*: 0: 0 [0: 0]\n\nMAPPED_LIBRARIES:\n\
         00400000-00401000 r--p 00000000 08:01 42 /bin/app\n00401000-00500000 r-xp 00001000 08:01 42 /bin/app\n",
        expect![[r#"
            types inuse_objects/count inuse_space/bytes
            period 4096 space/bytes
            [2, 6480] at [1, 2] bytes=4096bytes
            [9, 9259] at [3] bytes=1024bytes
            location 1 0x401010 in 1
            location 2 0x401020 in 1
            location 3 0x401030 in 1
            mapping 1 0x400000-0x500000 @0x0 /bin/app
        "#]],
    );
    check(
        "heap_v2/1\n  t*: 1: 64 [2: 128]\n@ 0x11\n  t*: 0: 0 [1: 64]\n@ 0x21\n  t*: 1: 64 [1: 64]\n",
        expect![[r#"
            types alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes
            period 1 space/bytes
            [1, 64, 0, 0] at [1] bytes=64bytes
            [1, 64, 1, 64] at [2] bytes=64bytes
            location 1 0x10 in 1
            location 2 0x20 in 1
            mapping 1 0x0-0xffffffffffffffff @0x0
        "#]],
    );
    check(
        "heap_v2/4096\n@ 0x1\n  t*: 1: 2\n",
        expect![[r#"
        error: parsing profile: malformed sample: t*: 1: 2: expected four numbers
    "#]],
    );
    check(
        "heap_v2/4096\n",
        expect![[r#"
        error: parsing profile: the heap dump of jemalloc has no totals (t*), so it was cut short; take another
    "#]],
    );
    check(
        "heap_v2/x\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[test]
fn collapsed_stacks_are_the_last_guess() {
    check(
        "main;a 1\nmain 2\n",
        expect![[r#"
        types samples/count
        [1] at [1, 2]
        [2] at [2]
        location 1 0x0 a#1 :0:0
        location 2 0x0 main#2 :0:0
    "#]],
    );
    check(
        "no profile of the year 2026\n",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
    check(
        "{\"sampleType\": []}",
        expect![[r#"
        error: parsing profile: unrecognized profile format
    "#]],
    );
}

#[cfg(feature = "gzip")]
#[test]
fn packed_text_is_unpacked_first() {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"goroutine profile: total 1\n1 @ 0x11\n").unwrap();
    let profile = decode(&packer.finish().unwrap(), &Limits::default()).unwrap();
    assert_eq!(profile.samples.values(0), [1]);
}

#[test]
fn what_no_reader_knows_says_why_it_is_not_proto() {
    let error = decode(b"this is not a profile\n", &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unrecognized);
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn only_code_is_mapped() {
    check_map(
        "400000-401000 r--p 00000000 08:01 42 /bin/app\n7f0000-7f1000 r-xp 00002000 08:01 42 /lib/libc.so.6\n\
         3ff000-401000 r-xp 00000000 08:01 42 /bin/app (deleted)\nnoise\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 3
            mapping 1 0x3ff000-0x401000 @0x0 /bin/app
            mapping 2 0x7f0000-0x7f1000 @0x2000 /lib/libc.so.6
            mapping 3 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn short_maps_carry_offsets_and_build_ids() {
    check_map(
        "0x400000-0x401000: /bin/app (@1000) abc123\n7f0000 7f1000 r-x /lib/ld.so\n 7f2000-7f3000\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 4
            mapping 1 0x400000-0x401000 @0x1000 /bin/app abc123
            mapping 2 0x7f0000-0x7f1000 @0x0 /lib/ld.so
            mapping 3 0x7f2000-0x7f3000 @0x0
            mapping 4 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn definitions_and_log_prefixes_are_understood() {
    check_map(
        "I0101 12:00:00 main.cc:12] build = /opt/build\n\
         I0101 12:00:00 main.cc:13] 400000-401000 r-xp 00000000 08:01 42 $build/app\n\
         7f0000-7f1000 r-xp 00000000 08:01 42 $other/$build\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 3
            mapping 1 0x400000-0x401000 @0x0 /opt/build/app
            mapping 2 0x7f0000-0x7f1000 @0x0 $other//opt/build
            mapping 3 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn parts_of_one_mapping_are_joined() {
    check_map(
        "400000-401000 r-xp 00001000 08:01 42 /bin/app\n401000-402000 r-xp 00002000 08:01 42 /bin/app\n\
         402000-403000 r-xp 00009000 08:01 42 /bin/app\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 3
            location 3 0x8 in 3
            mapping 1 0x400000-0x402000 @0x1000 /bin/app
            mapping 2 0x402000-0x403000 @0x9000 /bin/app
            mapping 3 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn the_program_comes_first_and_libraries_stay_behind() {
    check_map(
        "1000-2000 r-xp 00000000 08:01 42 [vdso]\n7f0000-7f1000 r-xp 00000000 08:01 42 /lib/a.so\n\
         3000-4000 r-xp 00000000 08:01 42 /lib/a.so.6\n400000-401000 r-xp 00000000 08:01 42 /bin/app\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 5
            mapping 1 0x400000-0x401000 @0x0 /bin/app
            mapping 2 0x7f0000-0x7f1000 @0x0 /lib/a.so
            mapping 3 0x3000-0x4000 @0x0 /lib/a.so.6
            mapping 4 0x1000-0x2000 @0x0 [vdso]
            mapping 5 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn huge_pages_in_front_and_missing_parts_are_mended() {
    check_map(
        "3fe000-3ff000 r-xp 00000000 08:01 42 /anon_hugepage\n3ff000-401000 r-xp 00000000 08:01 42 /bin/app\n\
         7f1000-7f2000 r-xp 00001000 08:01 42 /lib/a.so\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 3
            mapping 1 0x3ff000-0x401000 @0x0 /bin/app
            mapping 2 0x7f0000-0x7f2000 @0x0 /lib/a.so
            mapping 3 0x0-0xffffffffffffffff @0x0
        "#]],
    );
}

#[test]
fn of_overlapping_ranges_the_first_counts() {
    check_map(
        "400000-500000 r-xp 00000000 08:01 42 /bin/one\n3ff000-800000 r-xp 00000000 08:01 42 /bin/two\n\
         0-ffffff r-xp 00000000 08:01 42 /bin/three\n",
        expect![[r#"
            location 1 0x400000 in 1
            location 2 0x7f0000 in 2
            location 3 0x8 in 3
            mapping 1 0x400000-0x500000 @0x0 /bin/one
            mapping 2 0x3ff000-0x800000 @0x0 /bin/two
            mapping 3 0x0-0xffffff @0x0 /bin/three
        "#]],
    );
}
