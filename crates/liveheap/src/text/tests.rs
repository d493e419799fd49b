//! The text of two rows that are made up.

use super::*;
use crate::sampled::{Estimate, Module};
use expect_test::expect;

#[test]
fn the_text_has_rows_calls_binaries_and_statistics() {
    let mut sampled = Sampled { rate: 524_288, ..Sampled::default() };
    sampled.modules.push(Module {
        path: "/opt/server".to_owned(),
        start: 0x1000,
        limit: 0x5000,
        offset: 0x1000,
        ..Module::default()
    });
    sampled.comments.push("3 stacks were cut".to_owned());
    let picked = |in_use: u64, allocated: u64| Picked {
        in_use_objects: in_use,
        in_use_bytes: in_use * 1024,
        allocated_objects: allocated,
        allocated_bytes: allocated * 1024,
    };
    let estimate = Estimate::default();
    sampled.push([0x2001, 0x4001], 1024, estimate, picked(0, 5));
    sampled.push([0x2001, 0x3001, 0x4001], 1024, estimate, picked(2, 2));
    sampled.push([], 1024, estimate, picked(1, 1));
    let names = [(0x2000, "alloc::alloc::alloc"), (0x3000, "keep"), (0x4000, "main")];
    let names = Names::made_up(&sampled.calls(), &names);

    expect![[r#"
        heap profile: 3: 3072 [8: 8192] @ heap/1048576
        2: 2048 [2: 2048] @ 0x3001 0x4001
        #	0x3001	keep+0x11
        #	0x4001	main+0x11

        1: 1024 [1: 1024] @

        0: 0 [5: 5120] @ 0x4001
        #	0x4001	main+0x11


        MAPPED_LIBRARIES:
        00001000-00005000 r-xp 00001000 00:00 0 /opt/server
        # 3 stacks were cut

        # runtime.MemStats
        # Lookups = 0
        # GCSys = 0
        # NextGC = 0
        # LastGC = 0
        # NumGC = 0
        # NumForcedGC = 0
        # GCCPUFraction = 0
    "#]]
    .assert_eq(&text(&sampled, &names, &MemoryStats::default()));
}

#[test]
fn allocated_is_never_equal_to_in_use() {
    let mut sampled = Sampled { rate: 1, ..Sampled::default() };
    let picked =
        Picked { in_use_objects: 1, in_use_bytes: 8, allocated_objects: 1, allocated_bytes: 8 };
    sampled.push([1], 8, Estimate::default(), picked);
    let text = text(&sampled, &Names::default(), &MemoryStats::default());
    assert!(text.starts_with("heap profile: 1: 8 [1: 9] @ heap/2\n1: 8 [1: 8] @ 0x1\n"), "{text}");
}

#[test]
fn samples_of_several_rates_are_shown_as_estimates_that_nobody_scales() {
    let mut sampled = Sampled { rate: 524_288, has_other_rates: true, ..Sampled::default() };
    let picked =
        Picked { in_use_objects: 1, in_use_bytes: 8, allocated_objects: 2, allocated_bytes: 16 };
    let estimate = Estimate {
        allocated_objects: 200,
        allocated_bytes: 1600,
        in_use_objects: 100,
        in_use_bytes: 800,
    };
    sampled.push([1], 8, estimate, picked);
    let text = text(&sampled, &Names::default(), &MemoryStats::default());
    let begin = "heap profile: 100: 800 [200: 1600] @ heap/2\n100: 800 [200: 1600] @ 0x1\n";
    assert!(text.starts_with(begin), "{text}");
}
