//! What the environment says about the profiler, and when it is read. The tests run this program
//! again, with other variables.

#![expect(unsafe_code, reason = "a function that runs before main")]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1000);

/// Bytes that were allocated before `main`, and are never freed.
static BEFORE_MAIN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn before_main() {
    let bytes = vec![1_u8; 5000].leak();
    BEFORE_MAIN.store(bytes.len(), Ordering::Relaxed);
}

#[used]
// SAFETY: the loader calls the functions of this section without arguments that they need.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN_CALL: extern "C" fn() = before_main;

/// Not a test of its own: what the program says that the others start.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    let Some(file) = std::env::var_os("LIVEHEAP_TEST_FILE") else { return };
    let kept: Vec<Box<u64>> = (0..1000).map(Box::new).collect();
    let stats = liveheap::stats();
    let more = stats.samples > 1000;
    drop(kept);
    let text = format!("rate={} all={more} bad={}.", stats.sample_rate, stats.bad_settings);
    std::fs::write(file, text).unwrap();
}

fn run(name: &str, variables: &[(&str, &str)]) -> String {
    let file = std::env::temp_dir().join(format!("liveheap-{}-{name}", std::process::id()));
    let output = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--ignored", "--exact", "child"])
        .env_remove("LIVEHEAP_SAMPLE_RATE")
        .env("LIVEHEAP_TEST_FILE", &file)
        .envs(variables.iter().copied())
        .output()
        .expect("this program can be started");
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(&file).expect("the child wrote its file");
    std::fs::remove_file(&file).expect("the file is ours");
    text
}

#[test]
fn without_a_variable_the_source_says_the_rate() {
    assert_eq!(run("source", &[]), "rate=1000 all=false bad=0.");
}

#[test]
fn the_environment_wins_over_the_source() {
    assert_eq!(run("one", &[("LIVEHEAP_SAMPLE_RATE", "1")]), "rate=1 all=true bad=0.");
    assert_eq!(run("off", &[("LIVEHEAP_SAMPLE_RATE", "0")]), "rate=0 all=false bad=0.");
}

#[test]
fn a_variable_that_is_no_number_is_ignored_and_counted() {
    let variables = [("LIVEHEAP_SAMPLE_RATE", "512k"), ("LIVEHEAP_SEED", "x")];
    assert_eq!(run("bad", &variables), "rate=1000 all=false bad=2.");
}

#[test]
fn an_allocation_before_main_is_one_as_any_other() {
    assert_eq!(BEFORE_MAIN.load(Ordering::Relaxed), 5000);
}
