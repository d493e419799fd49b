//! Binaries whose debug information was written by hand to do harm, and damaged tables of contents.

use crate::targets::run;
use liveheap_profile::{LocationIndex, Profile};
use liveheap_symbols::{Outcome, State};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is made here takes a second on an idle machine; what takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A unit, a function in it, and what is put behind. `FUNCTION` has attributes of `FUNCTION_KINDS`.
const SOURCE: &str = r#"
.globl _start
.text
_start: .fill 64, 1, 0x90
.type _start, @function
.size _start, 64
.section .debug_abbrev
.byte 1, 0x11, 1, 0x11, 1, 0x12, 6, 0, 0
.byte 2, 0x2e, 1, 0x11, 1, 0x12, 6, FUNCTION_KINDS 0, 0
.byte 3, 0x1d, 1, 0, 0
.byte 4, 0x11, 0, 0x55, 0x17, 0, 0
.byte 0
.section .debug_info
.Lunit: .4byte .Lunit_end - .Lunit_start
.Lunit_start: .2byte 4
.4byte 0
.byte 8
.byte 1
.8byte _start
.4byte 64
.Lfunction: .byte 2
.8byte _start
.4byte 64
FUNCTION
.byte 0, 0
.Lunit_end:
UNITS
"#;

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("liveheap-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be made");
        Self(path)
    }

    /// Assembles a program.
    fn assemble(&self, kinds: &str, function: &str, units: &str) -> Vec<u8> {
        let source = SOURCE
            .replace("FUNCTION_KINDS", kinds)
            .replace("FUNCTION", function)
            .replace("UNITS", units);
        std::fs::write(self.0.join("harm.s"), source).expect("the folder is ours");
        let output = Command::new("cc")
            .args(["-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x401000", "-o", "harm"])
            .arg("harm.s")
            .current_dir(&self.0)
            .output()
            .expect("a C compiler is always there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(self.0.join("harm")).expect("it was built")
    }

    fn look(&self, bytes: &[u8]) -> (Profile, Outcome) {
        let started = Instant::now();
        let (profile, mut outcomes) = run(bytes, &self.0.join("scratch"));
        assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
        (profile, outcomes.remove(0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The names of all frames, each once.
fn names(profile: &Profile) -> Vec<&str> {
    let frames = (0..profile.locations.len())
        .flat_map(|position| profile.lines_of(LocationIndex::new(position)));
    let mut names: Vec<_> = frames.map(|line| profile.text(profile.function(line).name)).collect();
    names.sort_unstable();
    names.dedup();
    // A label of the linker right behind the code.
    names.retain(|name| *name != "__bss_start");
    names
}

/// The symbol table still gives the name, and the outcome says what is wrong.
fn check_is_noted(profile: &Profile, outcome: &Outcome) {
    assert_eq!(names(profile), ["_start"]);
    let words = outcome.to_string();
    assert!(words.ends_with("damaged debug information (it has no end)"), "{words}");
}

#[test]
fn functions_inlined_a_million_deep_do_not_overflow_the_stack() {
    let folder = Folder::new("deep");
    let bytes = folder.assemble("", ".fill 1000000, 1, 3", "");
    let (profile, outcome) = folder.look(&bytes);
    check_is_noted(&profile, &outcome);
}

#[test]
fn units_that_share_one_long_list_of_ranges_do_not_take_hours() {
    let folder = Folder::new("ranges");
    let units = ".rept 2000\n.4byte 12\n.2byte 4\n.4byte 0\n.byte 8, 4\n.4byte 0\n.endr\n\
                 .section .debug_ranges\n.rept 20000\n.8byte 1, 2\n.endr\n.8byte 0, 0\n";
    let bytes = folder.assemble("", "", units);
    let (profile, outcome) = folder.look(&bytes);
    check_is_noted(&profile, &outcome);
}

#[test]
fn functions_that_refer_to_each_other_without_end_get_their_name_from_the_symbol_table() {
    let folder = Folder::new("loop");
    // `DW_AT_abstract_origin` of the function is the function itself.
    let bytes = folder.assemble("0x31, 0x13,", ".4byte .Lfunction - .Lunit", "");
    let (profile, outcome) = folder.look(&bytes);
    assert_eq!(names(&profile), ["_start"]);
    assert!(outcome.named > 0 && outcome.lined == 0, "{outcome}");
}

#[test]
fn a_table_of_sections_that_lies_beyond_the_file_is_said() {
    let folder = Folder::new("beyond");
    let mut bytes = folder.assemble("", "", "");
    // `e_shoff`, where the table of sections starts.
    bytes[0x28..0x30].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let (profile, outcome) = folder.look(&bytes);
    assert_eq!(outcome.state, State::Missing("unrecognized object file".to_owned()), "{outcome}");
    assert_eq!(names(&profile), Vec::<&str>::new());
}

#[test]
fn sections_that_lie_beyond_the_file_leave_the_others_readable() {
    let folder = Folder::new("sections");
    let intact = folder.assemble("", "", "");
    let word = |at: usize| u64::from_le_bytes(intact[at..at + 8].try_into().expect("8 bytes"));
    let table = usize::try_from(word(0x28)).expect("a small file");
    let count = usize::from(intact[0x3c]);
    let mut named = 0;
    for section in 0..count {
        // `sh_offset` of one section after the other, then its `sh_size`.
        for field in [0x18, 0x20] {
            let mut bytes = intact.clone();
            let at = table + section * 64 + field;
            bytes[at..at + 8].copy_from_slice(&(u64::MAX >> 1).to_le_bytes());
            let (_, outcome) = folder.look(&bytes);
            named += usize::from(outcome.named > 0);
        }
    }
    assert!(named >= count, "only {named} of {} had names left", 2 * count);
}

#[test]
fn a_file_cut_anywhere_ends_in_words() {
    let folder = Folder::new("cut");
    let intact = folder.assemble("", "", "");
    for length in (0..intact.len()).step_by(97) {
        let (_, outcome) = folder.look(&intact[..length]);
        assert_ne!(outcome.to_string(), "");
    }
}

#[test]
fn a_real_program_stays_within_the_bounds() {
    use liveheap_profile::{Mapping, ProfileBuilder};
    use object::{Object, ObjectSymbol, SymbolKind};
    let program = std::env::current_exe().expect("this test is a program");
    let bytes = std::fs::read(&program).expect("and can be read");
    let object = object::File::parse(&*bytes).expect("a compiler's output is a binary");
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let file = builder.string(&program.to_string_lossy());
    let mapping = builder.mapping(Mapping { limit: u64::MAX, file, ..Mapping::default() });
    let functions = object.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
    let stack: Vec<_> = functions
        .filter(|symbol| symbol.size() > 8)
        .step_by(4)
        .map(|symbol| builder.location(symbol.address() + 4, Some(mapping), &[]))
        .collect();
    builder.sample(&stack, &[1], &[]);
    let mut options = liveheap_symbols::Options::default();
    options.debug_folders = Vec::new();
    let (_, outcomes) = liveheap_symbols::symbolize(builder.finish(), &options);
    assert!(outcomes[0].lined > 1000, "{}", outcomes[0]);
    assert_eq!(outcomes[0].damage, None, "of {} bytes", bytes.len());
}
