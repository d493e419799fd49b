//! A tiny shared library, made by the C compiler, that calls back what it is given.

use super::{fail, signals};
use std::ffi::CString;
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "int torture_call(int (*back)(int), int n) { return back(n) + 1; }\n";

/// Its files, which go with it.
pub(super) struct Library {
    folder: PathBuf,
    path: CString,
}

impl Library {
    pub(super) fn build() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("torture-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (source, path) = (folder.join("called.c"), folder.join("called.so"));
        std::fs::write(&source, SOURCE)?;
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&path)
            .arg(&source)
            .status()?;
        if !status.success() {
            return Err(Error::other(format!("cc ended with {status}")));
        }
        let path = CString::new(path.as_os_str().as_bytes())?;
        Ok(Self { folder, path })
    }

    /// Loads it, calls `back` through it, and unloads it.
    pub(super) fn call(&self, back: extern "C" fn(i32) -> i32) {
        let _out = signals::stay_out();
        // SAFETY: a library of our own, whose constructors do nothing.
        let library = unsafe { libc::dlopen(self.path.as_ptr(), libc::RTLD_NOW) };
        if library.is_null() {
            return fail("the library could not be loaded");
        }
        // SAFETY: it was opened just now.
        let function = unsafe { libc::dlsym(library, c"torture_call".as_ptr()) };
        if function.is_null() {
            return fail("the library lacks its function");
        }
        type Call = extern "C" fn(extern "C" fn(i32) -> i32, i32) -> i32;
        // SAFETY: the function has this signature, see the source above.
        let call = unsafe { std::mem::transmute::<*mut libc::c_void, Call>(function) };
        if call(back, 7) != back(7) + 1 {
            fail("the library answered wrongly");
        }
        // SAFETY: nothing of it is used any more.
        unsafe { libc::dlclose(library) };
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // What cannot be removed is left in the folder for such files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
