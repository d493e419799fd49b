//! Checks the runtime's lock-free parts in every order that threads and memory allow.
//!
//! In: the very files of the crate `liveheap`, compiled against the model checker's atomics. Out: a line
//! for each model; an order in which one is wrong ends the program. `cargo run --release -p
//! liveheap-models`; with a word behind it, the models that have it in their names.

#![expect(clippy::print_stdout, reason = "it talks to who runs it")]

mod atomics;
mod buckets;
mod models;
mod thread;

#[path = "../../crates/liveheap/src/chain.rs"]
mod chain;
#[path = "../../crates/liveheap/src/chunks.rs"]
mod chunks;
#[path = "../../crates/liveheap/src/unwind/entry.rs"]
mod entry;
#[path = "../../crates/liveheap/src/free_list.rs"]
mod free_list;
#[path = "../../crates/liveheap/src/growing_list.rs"]
mod growing_list;
#[path = "../../crates/liveheap/src/record.rs"]
#[expect(dead_code, reason = "what only a signal handler asks is not modelled")]
mod record;
#[path = "../../crates/liveheap/src/records.rs"]
#[expect(dead_code, reason = "what only a signal handler asks is not modelled")]
mod records;
#[path = "../../crates/liveheap/src/rooms.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "the layouts are not modelled"))]
mod rooms;
#[path = "../../crates/liveheap/src/sync.rs"]
#[cfg_attr(test, expect(dead_code, reason = "the runtime's tests count its locks"))]
mod sync;
#[path = "../../crates/liveheap/src/http/turns.rs"]
mod turns;
#[path = "../../crates/liveheap/src/waiting.rs"]
#[expect(dead_code, reason = "the runtime uses more of it")]
mod waiting;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, model) in models::ALL {
        if !name.contains(&wanted) {
            continue;
        }
        let started = std::time::Instant::now();
        let builder = loom::model::Builder::new();
        builder.check(model);
        println!("{name}: right in every order ({:.1} s)", started.elapsed().as_secs_f64());
    }
}
