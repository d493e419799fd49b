//! What `gc=1` means in a program without a garbage collector: asking it to give back what it holds
//! without need.
//!
//! In: hooks that the program registered, in their order. Out: what ran and what it gave back, as
//! lines for the profile's comments. Each hook runs on a thread of its own, so that one that hangs or
//! panics harms nobody but itself. Nothing slow runs unless it is asked for by name.

mod trim;

use crate::list::List;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long a dump waits for one hook.
const DEADLINE: Duration = Duration::from_secs(1);

/// What is given back before a profile is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reclaim {
    /// Nothing: the profile shows the program as it is.
    #[default]
    Nothing,
    /// The hooks of [`on_reclaim`] run. This is `gc=1`.
    Hooks,
    /// The hooks run, then the C library gives free memory back to the kernel. That changes no
    /// profile, only the resident size, and can take a fifth of a second on a large heap, in which
    /// other threads wait for memory; so does asking it for its statistics, which go into readable
    /// text. This is `gc=full`.
    Full,
}

/// Registers a hook that gives back memory which the program holds without need: a cache that may be
/// emptied, deferred frees that can be done now.
///
/// Hooks run in the order of their registration when a profile is taken with `gc=1` or
/// [`Reclaim::Hooks`], each on a thread of its own. One that takes more than a second is not waited
/// for, and not started again while it still runs. One that panics is only reported. A hook stays for
/// the life of the program. `name` and what the hook gave back go into the profile's comments.
///
/// ```
/// use std::sync::Mutex;
///
/// static CACHE: Mutex<Vec<String>> = Mutex::new(Vec::new());
///
/// liveheap::on_reclaim("page cache", || CACHE.lock().unwrap().clear());
/// ```
pub fn on_reclaim(name: impl Into<String>, hook: impl Fn() + Send + Sync + 'static) {
    HOOKS.add(Hook { name: name.into(), busy_in: AtomicU32::new(0), run: Box::new(hook) });
}

/// Gives back what `reclaim` says. `in_use` estimates the bytes in use.
pub(crate) fn give_back(reclaim: Reclaim, in_use: &dyn Fn() -> f64) -> Vec<String> {
    if reclaim == Reclaim::Nothing {
        return Vec::new();
    }
    let mut report = HOOKS.run(DEADLINE, in_use);
    if report.is_empty() {
        report.push("gc: no reclaim hooks are registered; see liveheap::on_reclaim".to_owned());
    }
    if reclaim == Reclaim::Full {
        report.push(trim::give_free_memory_to_the_kernel());
    }
    report
}

static HOOKS: Hooks = Hooks::new();

struct Hook {
    name: String,
    /// The process that it runs in now, else 0. In a child of that it does not run.
    busy_in: AtomicU32,
    run: Box<dyn Fn() + Send + Sync>,
}

struct Hooks(List<Arc<Hook>>);

impl Hooks {
    const fn new() -> Self {
        Self(List::new())
    }

    /// Adds a hook behind the last.
    fn add(&self, hook: Hook) {
        self.0.add(Arc::new(hook));
    }

    /// Runs all hooks in their order and says for each how it went.
    fn run(&self, deadline: Duration, in_use: &dyn Fn() -> f64) -> Vec<String> {
        let mut report = Vec::new();
        let mut before = in_use();
        for hook in self.0.iter() {
            let started = Instant::now();
            let end = hook.run(deadline);
            let after = in_use();
            let given_back = Bytes(before - after);
            let millis = started.elapsed().as_millis();
            let mut line = String::new();
            // Writing to a text cannot fail.
            let _ = match end {
                End::Done => write!(
                    line,
                    "gc: hook {:?} ran for {millis} ms and gave back {given_back} bytes in use",
                    hook.name
                ),
                other => write!(line, "gc: hook {:?} {other}", hook.name),
            };
            report.push(line);
            before = after;
        }
        report
    }
}

/// How the run of a hook ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Panicked,
    Late,
    StillRunning,
    NoThread,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "ran",
            Self::Panicked => "panicked",
            Self::Late => "passed its deadline and was left running",
            Self::StillRunning => "was skipped, it still runs from an earlier request",
            Self::NoThread => "was skipped, no thread could be started for it",
        })
    }
}

impl Hook {
    fn run(self: &Arc<Self>, deadline: Duration) -> End {
        let process = std::process::id();
        if self.busy_in.swap(process, Ordering::Acquire) == process {
            return End::StillRunning;
        }
        let hook = Arc::clone(self);
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new().name("liveheap-reclaim".to_owned()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| (hook.run)()));
            // Partner of the swap above: the next run sees what this one did.
            hook.busy_in.store(0, Ordering::Release);
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send(if outcome.is_ok() { End::Done } else { End::Panicked });
        });
        if thread.is_err() {
            self.busy_in.store(0, Ordering::Release);
            return End::NoThread;
        }
        receiver.recv_timeout(deadline).unwrap_or(End::Late)
    }
}

/// A number of bytes that is an estimate.
struct Bytes(f64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Other threads allocate meanwhile; what looks like less than nothing is nothing.
        write!(f, "{:.0}", self.0.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::atomic::AtomicBool;

    const SHORT: Duration = Duration::from_millis(50);

    fn hook(name: &str, run: impl Fn() + Send + Sync + 'static) -> Hook {
        Hook { name: name.to_owned(), busy_in: AtomicU32::new(0), run: Box::new(run) }
    }

    /// Bytes in use that fall by 1000 each time they are asked for.
    fn falling() -> impl Fn() -> f64 {
        let bytes = Cell::new(10_000.0);
        move || bytes.replace(bytes.get() - 1000.0)
    }

    #[test]
    fn hooks_run_in_the_order_of_their_registration() {
        static ORDER: AtomicU32 = AtomicU32::new(0);
        let hooks = Hooks::new();
        for digit in 1..=3 {
            hooks.add(hook("digit", move || {
                ORDER.store(ORDER.load(Ordering::SeqCst) * 10 + digit, Ordering::SeqCst);
            }));
        }
        let report = hooks.run(Duration::from_secs(60), &falling());
        assert_eq!(ORDER.load(Ordering::SeqCst), 123);
        assert_eq!(report.len(), 3);
        for line in report {
            assert!(line.starts_with("gc: hook \"digit\" ran for "), "{line}");
            assert!(line.ends_with(" ms and gave back 1000 bytes in use"), "{line}");
        }
    }

    #[test]
    fn a_hook_that_panics_is_reported_and_the_next_one_runs() {
        let hooks = Hooks::new();
        hooks.add(hook("bad", || panic!("this hook fails on purpose")));
        hooks.add(hook("good", || {}));
        let report = hooks.run(Duration::from_secs(60), &falling());
        assert_eq!(report[0], "gc: hook \"bad\" panicked");
        assert!(report[1].starts_with("gc: hook \"good\" ran for "), "{report:?}");
    }

    #[test]
    fn a_hook_that_hangs_is_left_alone_and_not_started_twice() {
        static RELEASED: AtomicBool = AtomicBool::new(false);
        let hooks = Hooks::new();
        hooks.add(hook("slow", || {
            while !RELEASED.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
        }));
        let late = hooks.run(SHORT, &falling());
        let skipped = hooks.run(SHORT, &falling());
        RELEASED.store(true, Ordering::SeqCst);
        assert_eq!(late, ["gc: hook \"slow\" passed its deadline and was left running"]);
        assert_eq!(
            skipped,
            ["gc: hook \"slow\" was skipped, it still runs from an earlier request"]
        );
    }
}
