//! What a child inherits of an endpoint that is at work in its parent: nothing that it waits for.

#![expect(unsafe_code, reason = "forks")]
#![expect(clippy::disallowed_types, reason = "the ban is for code that runs inside an allocation")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use liveheap_profile::{Profile, decode};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// A child that waits for so many seconds waits for ever.
const PATIENCE_SECONDS: libc::c_uint = 20;

/// One test at a time: a child of one would inherit the dump of another.
static ALONE: Mutex<()> = Mutex::new(());
/// Whether the program's function of the statistics, or its hook, is at work, and is to stay there.
static HELD: AtomicBool = AtomicBool::new(false);
static AT_WORK: AtomicBool = AtomicBool::new(false);

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stay_while_held() {
    while HELD.load(Ordering::Acquire) {
        AT_WORK.store(true, Ordering::Release);
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `work` in a child that ends by a signal when it takes too long; gives its wait status.
fn in_child(work: impl FnOnce() -> bool) -> i32 {
    let id = start_child(work);
    let mut status = 0;
    // SAFETY: waits for the child that was just made.
    assert_eq!(unsafe { libc::waitpid(id, &raw mut status, 0) }, id);
    status
}

fn start_child(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child calls nothing that another thread could have left locked: the system's
    // allocator and the profiler both prepare for a fork.
    let id = unsafe { libc::fork() };
    if id == 0 {
        // SAFETY: has no preconditions.
        unsafe { libc::alarm(PATIENCE_SECONDS) };
        let code = i32::from(!work());
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(code) };
    }
    assert!(id > 0);
    id
}

/// Asks for a page while another thread is held in the middle of answering `held`, in a child.
fn ask_in_child_while(held: &'static str, ask: impl FnOnce() -> bool) -> i32 {
    HELD.store(true, Ordering::Release);
    AT_WORK.store(false, Ordering::Release);
    let other = thread::spawn(move || liveheap::respond("/debug/pprof/heap", held).status());
    while !AT_WORK.load(Ordering::Acquire) {
        thread::sleep(Duration::from_millis(1));
    }
    let status = in_child(|| {
        HELD.store(false, Ordering::Release);
        ask()
    });
    HELD.store(false, Ordering::Release);
    assert_eq!(other.join().unwrap(), 200);
    status
}

fn profile(page: &str, query: &str) -> Option<Profile> {
    let response = liveheap::respond(&["/debug/pprof/", page].concat(), query);
    decode(response.body(), &Default::default()).ok()
}

#[test]
fn a_child_of_a_parent_that_dumps_can_dump() {
    let _alone = alone();
    liveheap::on_memory_stats(|_| stay_while_held());
    for (page, query) in [("heap", ""), ("heap", "debug=1"), ("allocs", ""), ("delta_heap", "")] {
        let status = ask_in_child_while("debug=1", || {
            let path = ["/debug/pprof/", page].concat();
            (0..3).all(|_| liveheap::respond(&path, query).status() == 200)
        });
        assert_eq!(status, 0, "{page}?{query}");
    }
}

#[test]
fn a_hook_that_runs_in_the_parent_can_run_in_the_child() {
    let _alone = alone();
    liveheap::on_reclaim("held", stay_while_held);
    let status = ask_in_child_while("gc=1", || {
        let Some(profile) = profile("heap", "gc=1") else { return false };
        let mut comments = profile.comments.iter().map(|&id| profile.text(id));
        comments.any(|comment| comment.starts_with("gc: hook \"held\" ran for "))
    });
    assert_eq!(status, 0);
}

#[test]
fn a_child_does_not_stop_its_parents_server() {
    let _alone = alone();
    let path = std::env::temp_dir().join(format!("liveheap-fork-{}.sock", std::process::id()));
    let server = liveheap::serve(&format!("unix:{}", path.display())).unwrap();
    let mut servers = vec![server];
    let status = in_child(|| {
        servers.drain(..).for_each(liveheap::Server::stop);
        true
    });
    assert_eq!(status, 0);
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    servers.drain(..).for_each(liveheap::Server::stop);
    assert!(!path.exists());
}

#[test]
fn a_child_does_not_keep_its_parents_port() {
    let _alone = alone();
    let server = liveheap::serve("127.0.0.1:0").unwrap();
    let address = server.addr().unwrap();
    let child = start_child(|| {
        thread::sleep(Duration::from_secs(15));
        true
    });
    server.stop();
    let deadline = Instant::now() + Duration::from_secs(10);
    // A connection that is not refused waits for the child to accept it.
    while !TcpStream::connect_timeout(&address, Duration::from_millis(100))
        .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    {
        assert!(Instant::now() < deadline, "the child still listens");
        thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: ends the child that was just made.
    unsafe { libc::kill(child, libc::SIGKILL) };
    let mut status = 0;
    // SAFETY: waits for it.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
}
