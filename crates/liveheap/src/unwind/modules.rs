//! Which binaries are loaded, and where.
//!
//! In: a code address, or nothing. Out: the binary that the address is in, or the list of all.
//! Finding one runs inside malloc: no allocation, no panic, and none of the loader's locks. It asks
//! the loader's own index where there is one (glibc 2.35 and later), which knows at every moment what
//! is loaded; else a list of our own that is read from `/proc/self/maps` and replaced when an address
//! is in none of its ranges. [`list`] is for dumps: it may allocate.

#![expect(unsafe_code, reason = "calls the loader, and reads binaries in memory")]

use super::elf::Image;
use super::{rules, symbol};
use crate::sync::SpinLock;
use crate::{arena, clock, maps, symtab};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// An executable mapping of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// The file, as the kernel names it.
    pub(crate) path: String,
    /// Process addresses from `start` to below `limit`.
    pub(crate) start: u64,
    pub(crate) limit: u64,
    /// Where in the file the mapping begins, in bytes.
    pub(crate) offset: u64,
    /// The bytes that name the build, in hexadecimal; empty when the linker wrote none.
    pub(crate) build_id: String,
}

/// The executable mappings as they are now, in order of addresses. Allocates.
pub(crate) fn list() -> Vec<Module> {
    let mut modules = Vec::new();
    let mut first_bytes = FirstBytes::default();
    // A library may be unloaded at any moment here: the kernel reads it for us, and then says no.
    let memory = File::open("/proc/self/mem").ok();
    let build_id = |start: usize| {
        let memory = memory.as_ref()?;
        let read = |buffer: &mut [u8], offset| {
            memory.read_at(buffer, (start as u64).saturating_add(offset))
        };
        symtab::loaded_build_id(&read)
    };
    maps::for_each(&mut |mapping| {
        let image_start = first_bytes.of(mapping);
        if mapping.executable && !mapping.path.is_empty() {
            modules.push(Module {
                path: String::from_utf8_lossy(mapping.path).into_owned(),
                start: mapping.start as u64,
                limit: mapping.end as u64,
                offset: mapping.offset,
                build_id: image_start.and_then(build_id).unwrap_or_default(),
            });
        }
        ControlFlow::Continue(())
    });
    // Rules are kept by address, and other code may be there now.
    let fingerprint = modules.iter().fold(0, |hash, module| {
        module.build_id.bytes().fold(mix(hash ^ module.start ^ module.offset), |hash, byte| {
            mix(hash ^ u64::from(byte))
        })
    });
    SET_STATE.with(|state| {
        if std::mem::replace(&mut state.fingerprint, fingerprint) != fingerprint {
            rules::forget_all();
        }
    });
    modules
}

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 29)
}

/// The binary that the code at `pc` is in. The code must be in use, so that it stays loaded.
pub(super) fn image(pc: usize) -> Option<Image> {
    let start = image_start(pc)?;
    // SAFETY: the loader, or the kernel's list, has a readable mapping there; the caller keeps it.
    unsafe { Image::at(start) }
}

/// Where the binary that the code at `pc` is in begins.
pub(super) fn image_start(pc: usize) -> Option<usize> {
    match loader_index() {
        Some(find) => {
            let mut found = LoadedObject { words: [0; 16] };
            let address = std::ptr::with_exposed_provenance_mut(pc);
            // SAFETY: the loader's function writes the structure, takes no lock, and any address
            // may be asked for.
            let result = unsafe { find(address, &raw mut found) };
            if result == 0 { begin_of(found.words[1], pc) } else { None }
        }
        None => find_in_own_list(pc),
    }
}

/// Where the binary begins that the loader says is at `start` and the code at `pc` is in.
///
/// Linkers may leave a page free between two segments. The loader then keeps them apart, and `start`
/// is where the segment of `pc` begins.
fn begin_of(start: usize, pc: usize) -> Option<usize> {
    // SAFETY: the loader has a readable mapping there, and the code at `pc` keeps it.
    let image = unsafe { Image::at(start) };
    if image.is_some() { Some(start) } else { find_in_own_list(pc) }
}

fn find_in_own_list(pc: usize) -> Option<usize> {
    find_in_set(pc).or_else(|| {
        refresh_set();
        find_in_set(pc)
    })
}

/// The structure that the loader's index fills: flags, start, end, and more.
#[repr(C)]
struct LoadedObject {
    words: [usize; 16],
}

type LoaderIndex = unsafe extern "C" fn(*mut libc::c_void, *mut LoadedObject) -> libc::c_int;

/// Where the loader's index is; `NOT_ASKED` at first, and `NONE` when there is none.
static LOADER_INDEX: AtomicUsize = AtomicUsize::new(NOT_ASKED);
const NOT_ASKED: usize = 0;
const NONE: usize = 1;

/// The loader's `_dl_find_object`, where it has one.
fn loader_index() -> Option<LoaderIndex> {
    let mut address = LOADER_INDEX.load(Ordering::Relaxed);
    if address == NOT_ASKED {
        address = find_loader_index().unwrap_or(NONE);
        LOADER_INDEX.store(address, Ordering::Relaxed);
    }
    if address == NONE {
        return None;
    }
    let function = std::ptr::with_exposed_provenance::<()>(address);
    // SAFETY: the loader's function of this name has this signature, and the loader stays.
    Some(unsafe { std::mem::transmute::<*const (), LoaderIndex>(function) })
}

/// Looks in the C library, or in its loader: where the function is has changed. Both stay loaded.
#[cold]
fn find_loader_index() -> Option<usize> {
    let mut first_bytes = FirstBytes::default();
    let mut found = None;
    maps::for_each(&mut |mapping| {
        let start = first_bytes.of(mapping);
        let name = mapping.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if mapping.executable && (name.starts_with(b"libc.so") || name.starts_with(b"ld-linux")) {
            // SAFETY: the kernel listed a readable mapping there, and these two stay.
            let image = start.and_then(|start| unsafe { Image::at(start) });
            found = image.and_then(|image| symbol::find(&image, b"_dl_find_object"));
        }
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

// ---------------------------------------------------------------------------------------------
// The list of our own

/// One executable mapping of a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: usize,
    end: usize,
    image_start: usize,
}

/// Ranges in order of addresses, which follow this head. Never changed once published.
#[repr(C)]
struct Set {
    length: usize,
}

struct SetState {
    /// Nanoseconds of the monotonic clock.
    last_refresh: u64,
    /// Of the list that a dump saw last.
    fingerprint: u64,
}

/// An unknown address makes us look for new binaries at most so often.
const NANOS_BETWEEN_REFRESHES: u64 = 1_000_000_000;

static SET: AtomicPtr<Set> = AtomicPtr::new(null_mut());
static SET_STATE: SpinLock<SetState> = SpinLock::new(SetState { last_refresh: 0, fingerprint: 0 });

fn find_in_set(pc: usize) -> Option<usize> {
    let ranges = published();
    let behind = ranges.partition_point(|range| range.start <= pc);
    let range = ranges.get(behind.checked_sub(1)?)?;
    (pc < range.end).then_some(range.image_start)
}

fn published() -> &'static [Range] {
    // Acquire pairs with the Release in `replace_set`.
    let set = SET.load(Ordering::Acquire);
    if set.is_null() {
        return &[];
    }
    // SAFETY: a published set is complete, constant, and never unmapped.
    let length = unsafe { (*set).length };
    // SAFETY: its ranges follow the head in the same mapping.
    let first = unsafe { set.add(1) }.cast::<Range>();
    // SAFETY: `replace_set` wrote that many.
    unsafe { std::slice::from_raw_parts(first, length) }
}

/// Reads the list of mappings again, unless that was done lately or another thread does it now.
fn refresh_set() {
    SET_STATE.try_with(|state| {
        let now = clock::coarse();
        if state.last_refresh != 0 && now.wrapping_sub(state.last_refresh) < NANOS_BETWEEN_REFRESHES
        {
            return;
        }
        state.last_refresh = now.max(1);
        replace_set();
    });
}

/// Shows each executable mapping that belongs to a binary.
fn each_range(visit: &mut dyn FnMut(Range)) {
    let mut first_bytes = FirstBytes::default();
    maps::for_each(&mut |mapping| {
        if let Some(image_start) = first_bytes.of(mapping)
            && mapping.executable
        {
            visit(Range { start: mapping.start, end: mapping.end, image_start });
        }
        ControlFlow::Continue(())
    });
}

fn replace_set() {
    let known = published();
    let mut count = 0;
    let mut same = true;
    each_range(&mut |range| {
        same &= known.get(count) == Some(&range);
        count += 1;
    });
    if same && count == known.len() {
        return;
    }
    // The old set is never given back, for another thread may be reading it. It is a page or two.
    let bytes = size_of::<Set>() + count * size_of::<Range>();
    let Some(memory) = arena::map(bytes) else { return };
    let set = memory.cast::<Set>().as_ptr();
    // SAFETY: the mapping is fresh, and large enough for the head and `count` ranges.
    let first = unsafe { set.add(1) }.cast::<Range>();
    let mut length = 0;
    each_range(&mut |range| {
        // More than were counted have no room.
        if length < count {
            // SAFETY: `length` is below `count`.
            let place = unsafe { first.add(length) };
            // SAFETY: the place is in the mapping, which nobody else knows yet.
            unsafe { place.write(range) };
            length += 1;
        }
    });
    // SAFETY: the head's place, in a mapping that nobody else knows yet.
    unsafe { set.write(Set { length }) };
    // Release pairs with the Acquire in `published`.
    SET.store(set, Ordering::Release);
    rules::forget_all();
}

/// Remembers where the first bytes of a file are mapped, while its other mappings pass by.
#[derive(Default)]
struct FirstBytes {
    /// Hash of the path.
    path: u64,
    start: Option<usize>,
}

impl FirstBytes {
    /// Where the first bytes of the mapping's file are mapped, if they are and can be read.
    fn of(&mut self, mapping: &maps::Mapping<'_>) -> Option<usize> {
        let path = mapping.path.iter().fold(1, |hash, byte| mix(hash ^ u64::from(*byte)));
        if path != self.path || mapping.offset == 0 {
            let begins = mapping.offset == 0 && mapping.readable && !mapping.path.is_empty();
            // Devices may not be read; only files and the kernel's own code are binaries.
            let is_code = !mapping.path.starts_with(b"/dev/") && mapping.path != b"[vvar]";
            *self = Self { path, start: (begins && is_code).then_some(mapping.start) };
        }
        self.start
    }
}

/// The lock, for `fork`.
pub(crate) fn acquire() {
    SET_STATE.acquire();
}

pub(crate) fn release() {
    SET_STATE.release();
}

#[cfg(test)]
mod tests;
