//! Each kind of stack: where it ends by every way there is, and that all of it may be read.

mod cost;

use super::super::here;
use super::super::readable;
use super::super::tests::denied::{Denied, deny};
use super::super::tests::fenced::{Fenced, PAGE};
use super::{bounds, listed, mapping, remember, remembered};
use crate::maps::query::{self, Answer};
use crate::thread;
use std::cell::Cell;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What is said about the stack that this is called on. Makes no allocation, so it can be called
/// anywhere.
#[derive(Debug, Clone, Default)]
struct Said {
    sp: usize,
    /// Where the thread's variables are.
    top: usize,
    /// From the stack pointer on.
    bounds: Option<Range<usize>>,
    listed: Option<Range<usize>>,
    /// None where the kernel does not answer.
    queried: Option<Range<usize>>,
}

#[inline(never)]
fn ask() -> Said {
    let sp = here().sp;
    thread::with(|state| {
        let stack = bounds(state, sp);
        Said {
            sp,
            top: ptr::from_ref(state).addr(),
            bounds: stack.map(|stack| stack.low..stack.low + stack.reach + size_of::<usize>()),
            listed: listed(sp),
            queried: match query::mapping_at(sp) {
                Answer::Is(range) => Some(range),
                Answer::Nowhere => panic!("a stack is in a mapping"),
                Answer::Silent => None,
            },
        }
    })
}

impl Said {
    /// Looks at every page. A page that may not be read ends the test program.
    fn read_all(&self) -> &Self {
        let bounds = self.bounds.clone().unwrap();
        assert_eq!(bounds.start, self.sp);
        for address in bounds.clone().step_by(PAGE).chain([bounds.end - 1]) {
            // SAFETY: nothing but what is under test.
            unsafe { ptr::with_exposed_provenance::<u8>(address).read_volatile() };
        }
        self
    }

    /// The mapping by every way there is ends at `end`, and so does the stack.
    fn ends_with_mapping(&self, end: usize) {
        self.read_all();
        assert_eq!(self.listed.clone().map(|range| range.end), Some(end), "{self:x?}");
        if let Some(queried) = &self.queried {
            assert_eq!(queried.end, end, "{self:x?}");
        }
        assert_eq!(self.bounds.clone().map(|range| range.end), Some(end), "{self:x?}");
    }

    /// The stack ends at the thread's variables, which are in the same mapping.
    fn ends_with_thread(&self) {
        self.read_all();
        assert_eq!(self.bounds.clone().map(|range| range.end), Some(self.top), "{self:x?}");
        assert!(self.listed.clone().is_some_and(|range| range.contains(&self.top)), "{self:x?}");
        assert_eq!(mapping(self.sp, self.top).map(|range| range.end), Some(self.top));
    }
}

/// Calls `work` with `bytes` more on the stack.
#[inline(never)]
fn deeper<R>(bytes: usize, work: fn() -> R) -> R {
    let local = [0_u8; 1024];
    std::hint::black_box(&local);
    let result = if bytes == 0 { work() } else { deeper(bytes.saturating_sub(1024), work) };
    std::hint::black_box(&local);
    result
}

// ---------------------------------------------------------------------------------------------
// The stacks of threads.

#[test]
fn the_stack_of_a_thread_ends_at_its_variables() {
    std::thread::spawn(|| ask().ends_with_thread()).join().unwrap();
}

#[test]
fn a_deep_stack_ends_there_too() {
    let thread = std::thread::Builder::new().stack_size(4 << 20).spawn(|| {
        // Deeper and deeper, as calls are, and back.
        for depth in [0, 3 << 10, 50 << 10, 200 << 10, 1 << 20, 0] {
            let said = deeper(depth, ask);
            assert!(said.top - said.sp >= depth);
            said.ends_with_thread();
        }
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn the_bounds_are_looked_for_once() {
    std::thread::spawn(|| {
        let shallow = ask();
        let known = thread::with(remembered);
        assert_eq!(known, shallow.sp / PAGE * PAGE..shallow.top);
        deeper(100, ask).ends_with_thread();
        deeper(2 * PAGE, ask).ends_with_thread();
        let deep = thread::with(remembered);
        assert!(deep.start < known.start);
        ask().ends_with_thread();
        assert_eq!(thread::with(remembered), deep);
    })
    .join()
    .unwrap();
}

#[test]
fn the_stack_of_the_first_thread_ends_with_its_mapping() {
    static ASKED: AtomicBool = AtomicBool::new(false);
    static NUMBERS: [AtomicUsize; 6] = [const { AtomicUsize::new(0) }; 6];
    // The first thread waits for the tests, so a signal asks it.
    extern "C" fn on_signal(_: libc::c_int) {
        let said = ask();
        let ranges = [said.bounds, said.listed, said.queried];
        for (numbers, range) in NUMBERS.chunks(2).zip(ranges) {
            let range = range.unwrap_or_default();
            numbers[0].store(range.start, Ordering::SeqCst);
            numbers[1].store(range.end, Ordering::SeqCst);
        }
        ASKED.store(true, Ordering::SeqCst);
    }
    let handler = on_signal as extern "C" fn(libc::c_int);
    // SAFETY: nobody else uses this signal, and the handler is a function of this signature.
    unsafe { libc::signal(libc::SIGURG, handler as libc::sighandler_t) };
    let process = std::process::id();
    // SAFETY: tgkill(2) has no preconditions; the first thread's number is that of the process.
    let result = unsafe { libc::syscall(libc::SYS_tgkill, process, process, libc::SIGURG) };
    assert_eq!(result, 0);
    while !ASKED.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    let [bounds, listed, queried] = [0, 2, 4].map(|at| {
        let [start, end] = [at, at + 1].map(|at| NUMBERS[at].load(Ordering::SeqCst));
        start..end
    });
    assert_eq!(bounds.end, listed.end);
    assert!(listed.start < bounds.start && bounds.start < bounds.end);
    if queried != (0..0) {
        // The list's begins where it may grow to.
        assert_eq!(queried, listed.start + (1 << 20)..listed.end);
    }
}

#[test]
fn the_stack_of_a_thread_may_be_the_programs_own() {
    extern "C" fn start(said: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: it is the value below, which waits for this thread.
        unsafe { *said.cast::<Said>() = ask().read_all().clone() };
        ptr::null_mut()
    }
    let memory = Fenced::new(64 << 10);
    let mut said = Said::default();
    let mut attributes = std::mem::MaybeUninit::uninit();
    let attributes = attributes.as_mut_ptr();
    let mut thread = std::mem::MaybeUninit::uninit();
    // SAFETY: initializes the attributes.
    unsafe { libc::pthread_attr_init(attributes) };
    // SAFETY: the memory is mapped until the thread has ended.
    let result =
        unsafe { libc::pthread_attr_setstack(attributes, memory.start(), memory.inside.len()) };
    assert_eq!(result, 0);
    let argument = (&raw mut said).cast();
    // SAFETY: the attributes are initialized and the function gets what it expects.
    let result = unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, start, argument) };
    assert_eq!(result, 0);
    // SAFETY: the thread was created above, so this is its name.
    let thread = unsafe { thread.assume_init() };
    // SAFETY: nobody else joins it.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
    // SAFETY: they were initialized above.
    unsafe { libc::pthread_attr_destroy(attributes) };

    let bounds = said.bounds.clone().unwrap();
    assert!(memory.inside.contains(&bounds.start), "{said:x?}");
    assert!(bounds.end <= memory.inside.end, "{said:x?}");
    assert_eq!(said.listed, Some(memory.inside.clone()));
    assert!(said.queried.is_none_or(|queried| queried == memory.inside));
}

// ---------------------------------------------------------------------------------------------
// Stacks that a program makes itself.

thread_local! {
    static SAID: Cell<Option<Said>> = const { Cell::new(None) };
}

extern "C" fn say() {
    SAID.set(Some(ask()));
}

extern "C" fn say_in_handler(_: libc::c_int) {
    say();
}

#[test]
fn a_signal_handler_may_have_a_stack_of_its_own() {
    std::thread::spawn(|| {
        ask().ends_with_thread();
        let memory = Fenced::new(64 << 10);
        let stack =
            libc::stack_t { ss_sp: memory.start(), ss_flags: 0, ss_size: memory.inside.len() };
        let mut before = stack;
        // SAFETY: the memory is mapped until the former stack is set again.
        unsafe { libc::sigaltstack(&raw const stack, &raw mut before) };
        // SAFETY: all zero is a valid action.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        let handler = say_in_handler as extern "C" fn(libc::c_int);
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: nobody else uses this signal, and the handler is a function of this signature.
        unsafe { libc::sigaction(libc::SIGWINCH, &raw const action, ptr::null_mut()) };
        // SAFETY: the handler returns.
        unsafe { libc::raise(libc::SIGWINCH) };
        // SAFETY: it is the stack that was there before.
        unsafe { libc::sigaltstack(&raw const before, ptr::null_mut()) };
        let said = SAID.take().unwrap();
        said.ends_with_mapping(memory.inside.end);
        assert_eq!(said.listed, Some(memory.inside.clone()));
        ask().ends_with_thread();
    })
    .join()
    .unwrap();
}

/// Calls `work` on `stack`, as fibers do.
#[cfg(target_env = "gnu")]
fn on_stack(stack: &Fenced, work: extern "C" fn()) {
    let mut contexts = [const { std::mem::MaybeUninit::<libc::ucontext_t>::uninit() }; 2];
    let [outside, inside] = contexts.each_mut().map(|context| context.as_mut_ptr());
    // SAFETY: fills the context.
    assert_eq!(unsafe { libc::getcontext(inside) }, 0);
    // SAFETY: the context was filled above.
    let context = unsafe { &mut *inside };
    context.uc_stack.ss_sp = stack.start();
    context.uc_stack.ss_size = stack.inside.len();
    context.uc_link = outside;
    // SAFETY: the context has a stack, and somewhere to go on afterwards.
    unsafe { libc::makecontext(inside, work, 0) };
    // SAFETY: comes back when `work` returns.
    assert_eq!(unsafe { libc::swapcontext(outside, inside) }, 0);
}

#[test]
#[cfg(target_env = "gnu")]
fn a_fiber_has_a_stack_that_ends_with_its_mapping() {
    std::thread::spawn(|| {
        let stacks = [64 << 10, 256 << 10, 32 << 10].map(Fenced::new);
        // Each is entered twice, and the thread's own in between.
        for stack in stacks.iter().chain(&stacks) {
            on_stack(stack, say);
            SAID.take().unwrap().ends_with_mapping(stack.inside.end);
            ask().ends_with_thread();
        }
    })
    .join()
    .unwrap();
}

// ---------------------------------------------------------------------------------------------
// What is remembered.

#[test]
fn what_is_not_a_stack_is_not_remembered() {
    std::thread::spawn(|| {
        thread::with(|state| {
            remember(state, &(0x1000..0x3000));
            assert_eq!(remembered(state), 0x1000..0x3000);
            assert!(bounds(state, 0x4000).is_none());
            assert_eq!(remembered(state), 0x1000..0x3000);
        });
    })
    .join()
    .unwrap();
}

/// A handler on a stack of its own, again and again, while its thread remembers others.
#[test]
fn a_handler_in_between_leaves_nothing_mixed() {
    /// Two stacks: both are above all others, or below.
    const STACKS: [Range<usize>; 2] = [0x1000..0x2000, usize::MAX - 0x2000..usize::MAX - 0x1000];
    static HANDLED: AtomicUsize = AtomicUsize::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    extern "C" fn on_signal(_: libc::c_int) {
        let number = HANDLED.fetch_add(1, Ordering::Relaxed);
        thread::with(|state| remember(state, &STACKS[number % 2]));
    }
    let handler = on_signal as extern "C" fn(libc::c_int);
    // SAFETY: nobody else uses this signal, and the handler is a function of this signature.
    unsafe { libc::signal(libc::SIGIO, handler as libc::sighandler_t) };
    // SAFETY: has no preconditions.
    let remembering = unsafe { libc::gettid() };
    // SAFETY: has no preconditions.
    let process = unsafe { libc::getpid() };
    let sender = std::thread::spawn(move || {
        // On a busy machine a signal takes long to arrive.
        let deadline = Instant::now() + Duration::from_secs(1);
        while HANDLED.load(Ordering::Relaxed) < 50_000 && Instant::now() < deadline {
            // SAFETY: that thread waits for this one before it ends.
            unsafe { libc::syscall(libc::SYS_tgkill, process, remembering, libc::SIGIO) };
        }
        DONE.store(true, Ordering::Relaxed);
    });
    let ours = [0x10_0000..0x20_0000, 0x30_0000..0x40_0000];
    let mut mixed = Vec::new();
    for stack in ours.iter().cycle() {
        let found = thread::with(|state| {
            remember(state, stack);
            remembered(state)
        });
        if !found.is_empty() && !ours.contains(&found) && !STACKS.contains(&found) {
            mixed.push(found);
        }
        if DONE.load(Ordering::Relaxed) {
            break;
        }
    }
    sender.join().unwrap();
    thread::with(|state| remember(state, &(0..0)));
    assert_eq!(mixed, []);
}

// ---------------------------------------------------------------------------------------------
// Kernels that know less, and programs that may do less.

/// Whether `work` says yes in a child of this process, on a thread's own stack. It must allocate nothing.
fn is_so_in_child(work: fn() -> bool) -> bool {
    let thread = std::thread::Builder::new().stack_size(4 << 20).spawn(move || {
        // SAFETY: the child makes system calls only.
        let child = unsafe { libc::fork() };
        if child == 0 {
            readable::forget();
            query::forget();
            let code = if work() { 7 } else { 1 };
            // SAFETY: ends the child, and nothing of the parent's.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: the child is ours.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7
    });
    thread.unwrap().join().unwrap()
}

fn is_whole_stack(said: &Said) -> bool {
    said.bounds == Some(said.sp..said.top)
}

#[test]
fn the_stack_of_a_thread_is_found_where_no_file_can_be_opened() {
    assert!(is_so_in_child(|| {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: reads the limit.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
        let said = ask();
        said.listed.is_none() && said.queried.is_none() && is_whole_stack(&said)
    }));
}

const NO_QUERY: Denied = (libc::SYS_ioctl, 1, query::REQUEST, libc::ENOTTY);
const NO_POPULATE: Denied =
    (libc::SYS_madvise, 2, libc::MADV_POPULATE_READ.cast_unsigned(), libc::EINVAL);
const NO_MASK: Denied = (libc::SYS_rt_sigprocmask, 0, u32::MAX, libc::EPERM);

/// Whether the stack of this thread is found where it is not deep and where it is.
fn finds_stack() -> bool {
    let (said, deep) = (ask(), deeper(1 << 20, ask));
    said.queried.is_none() && is_whole_stack(&said) && is_whole_stack(&deep)
}

#[test]
fn the_stack_of_a_thread_is_found_without_the_question_for_a_mapping() {
    assert!(is_so_in_child(|| deny([NO_QUERY]) && finds_stack()));
}

#[test]
fn the_stack_of_a_thread_is_found_without_the_advice_to_read() {
    assert!(is_so_in_child(|| deny([NO_QUERY, NO_POPULATE]) && finds_stack()));
}

#[test]
fn the_stack_of_a_thread_is_found_with_nothing_but_the_list() {
    assert!(is_so_in_child(|| {
        let denied = deny([NO_QUERY, NO_POPULATE, NO_MASK]);
        let found = denied && finds_stack();
        // It begins with its mapping then, and not where it was seen.
        found && listed(ask().sp).is_some_and(|range| thread::with(remembered).start == range.start)
    }));
}
