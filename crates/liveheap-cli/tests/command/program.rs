//! Runs the binary in a private folder and shows what it said.

use liveheap_profile::{Frame, Mapping, ProfileBuilder, encode_gzip};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own, and a scrubbed environment.
pub(crate) struct Place {
    folder: PathBuf,
}

/// What a run said.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("liveheap-command-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("saved")).unwrap();
        Self { folder }
    }

    /// A folder that holds `small.pb.gz`, see [`small_profile`].
    pub(crate) fn with_profile() -> Self {
        let place = Self::new();
        place.write("small.pb.gz", &small_profile());
        place
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.join(name)).unwrap()
    }

    /// The command, to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_liveheap"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("HOME", &self.folder)
            .env("TMPDIR", &self.folder)
            .env("PPROF_TMPDIR", self.folder.join("saved"))
            .env("TZ", "UTC")
            .env("TERM", "dumb")
            .env("PATH", "");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs with this as standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // Who does not read its input may be gone before it is written.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        Said {
            status: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr)
                .replace(&*self.folder.to_string_lossy(), "HERE"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Said {
    /// Fails unless the run refused to work with this one line on standard error.
    pub(crate) fn refused(&self, line: &str) {
        let shown = (self.status, self.out.as_str(), self.err.trim_end());
        assert_eq!(shown, (Some(2), "", line));
    }

    /// Fails unless the run succeeded; what it wrote.
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.err);
        self.out
    }
}

/// `main` calls `leak`, which holds 900 kB, and `steady`, which holds 100 kB; 10 objects each.
pub(crate) fn small_profile() -> Vec<u8> {
    sized_profile(900, 100)
}

/// The same with other sizes, in kilobytes.
pub(crate) fn sized_profile(leak: i64, steady: i64) -> Vec<u8> {
    let types = [("inuse_objects", "count"), ("inuse_space", "bytes")];
    let mut builder = ProfileBuilder::new(&types);
    let file = builder.string("/srv/bin/server");
    let binary = builder.mapping(Mapping {
        start: 0x1000,
        limit: 0x9000,
        file,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        ..Mapping::default()
    });
    let mut location = |address, name: &str, line| {
        let function = builder.function(name, name, "server.rs", line);
        builder.location(address, Some(binary), &[Frame { function, line, column: 0 }])
    };
    let main = location(0x1100, "main", 1);
    let leaking = location(0x1200, "leak", 10);
    let holding = location(0x1300, "steady", 20);
    builder.sample(&[leaking, main], &[10, leak << 10], &[]);
    builder.sample(&[holding, main], &[10, steady << 10], &[]);
    encode_gzip(&builder.finish()).unwrap()
}

/// A folder with `store`, built from `source` with debug information and the build id `5c0ffee5`; its
/// section `.leak` lies at 0x800000. Nothing, and that is said, where there is no compiler.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn built_at_fixed_addresses(source: &str, more: &[&str]) -> Option<Place> {
    let place = Place::new();
    place.write("store.c", source.as_bytes());
    let options = ["-g", "-O1", "-no-pie", "-fno-pic", "-fcf-protection=none"];
    let linked = [
        "-Wl,--build-id=0x5c0ffee5",
        "-Wl,--section-start=.leak=0x800000",
        "-o",
        "store",
        "store.c",
    ];
    let built =
        Command::new("cc").args(options).args(more).args(linked).current_dir(place.path()).output();
    let Ok(output) = built else {
        eprintln!("SKIPPED: there is no cc to build a program with");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(place)
}
