//! Small programs for tests, built by the compilers of this machine into a folder of their own.
//!
//! Goes in: a source text and compiler flags. Comes out: a binary, and profiles whose addresses are
//! the labels in it. Each program marks the interesting instruction with an assembly label.

use liveheap_profile::{Mapping, Profile, ProfileBuilder};
use object::{Object, ObjectSegment, ObjectSymbol};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the first page of a position independent program is mapped in these tests.
pub(crate) const BASE: u64 = 0x5555_0000_0000;

/// A folder that is removed when the test ends.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("liveheap-symbols-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be made");
        Self(path)
    }

    /// Builds a C program.
    pub(crate) fn c(&self, flags: &[&str], source: &str) -> PathBuf {
        self.build("cc", "store.c", "store", &["-O2"], flags, source)
    }

    /// Builds a Rust program.
    pub(crate) fn rust(&self, flags: &[&str], source: &str) -> PathBuf {
        self.build("rustc", "keep.rs", "keep", &["-O", "-C", "codegen-units=1"], flags, source)
    }

    fn build(
        &self,
        compiler: &str,
        file: &str,
        binary: &str,
        usual: &[&str],
        flags: &[&str],
        source: &str,
    ) -> PathBuf {
        std::fs::write(self.0.join(file), source).expect("the folder takes files");
        run(Command::new(compiler)
            .args(usual)
            .args(flags)
            .args(["-o", binary, file])
            .current_dir(&self.0));
        self.0.join(binary)
    }

    /// Runs a tool in the folder.
    pub(crate) fn run(&self, tool: &str, arguments: &[&str]) {
        run(Command::new(tool).args(arguments).current_dir(&self.0));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("a compiler is always there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A C program: `grow` is inlined into `fill`.
pub(crate) const STORE_C: &str = r#"#include <stdlib.h>
static inline __attribute__((always_inline)) void *grow(long size) {
    void *block = malloc(size);
    __asm__ volatile(".globl in_grow\nin_grow: nop" ::: "memory");
    return block;
}
__attribute__((noinline)) void *fill(long size) {
    void *first = grow(size);
    __asm__ volatile(".globl in_fill\nin_fill: nop" ::: "memory");
    return first;
}
int main(int count, char **words) {
    void *block = fill(count + 7);
    __asm__ volatile(".globl in_main\nin_main: nop" ::: "memory");
    return block == words;
}
"#;

/// A Rust program: `Keep::grow` is inlined into `fill`.
pub(crate) const KEEP_RS: &str = r#"#![allow(named_asm_labels)]
use std::arch::asm;
struct Keep<T>(Vec<T>);
impl<T: Clone> Keep<T> {
    #[inline(always)]
    fn grow(&mut self, value: T) {
        self.0.push(value);
        unsafe { asm!(".globl in_grow", "in_grow: nop") };
    }
}
#[inline(never)]
fn fill(keep: &mut Keep<u64>) {
    keep.grow(1);
    unsafe { asm!(".globl in_fill", "in_fill: nop") };
}
fn main() {
    let mut keep = Keep(Vec::new());
    fill(&mut keep);
    std::hint::black_box(&keep);
}
"#;

/// Where a label is, as linked.
pub(crate) fn label(binary: &Path, name: &str) -> u64 {
    let bytes = std::fs::read(binary).expect("the binary was built");
    let object = object::File::parse(&*bytes).expect("a compiler's output is a binary");
    object.symbol_by_name(name).expect("the label is in the program").address()
}

/// The build id in hexadecimal; empty when there is none.
pub(crate) fn build_id(binary: &Path) -> String {
    let bytes = std::fs::read(binary).expect("the binary was built");
    let object = object::File::parse(&*bytes).expect("a compiler's output is a binary");
    let id = object.build_id().expect("notes are intact").unwrap_or_default();
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A profile with one sample whose stack is these addresses, leaf first, without any names. The
/// executable segment of `binary` is mapped as a loader maps it, and `file` is what the profile
/// calls it.
pub(crate) fn profile(
    binary: &Path,
    file: &str,
    build_id: &str,
    addresses: &[u64],
    known: Option<&str>,
) -> Profile {
    let bytes = std::fs::read(binary).expect("the binary was built");
    let object = object::File::parse(&*bytes).expect("a compiler's output is a binary");
    let segment = object
        .segments()
        .find(|segment| segment.permissions().executable())
        .expect("programs have code");
    let is_fixed = object.kind() == object::ObjectKind::Executable;
    let base = if is_fixed { 0 } else { BASE };
    let (offset, size) = segment.file_range();
    let start = segment.address() & !0xfff;
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let mapping = Mapping {
        start: base + start,
        limit: base + start + ((size + (offset & 0xfff) + 0xfff) & !0xfff),
        offset: offset & !0xfff,
        file: builder.string(file),
        build_id: builder.string(build_id),
        has_functions: known.is_some(),
        ..Mapping::default()
    };
    let mapping = builder.mapping(mapping);
    let frames: Vec<_> = known
        .map(|name| {
            let function = builder.function(name, name, "", 0);
            liveheap_profile::Frame { function, line: 0, column: 0 }
        })
        .into_iter()
        .collect();
    let stack: Vec<_> = addresses
        .iter()
        .map(|address| builder.location(base.wrapping_add(*address), Some(mapping), &frames))
        .collect();
    builder.sample(&stack, &[1], &[]);
    builder.finish()
}
