//! Reports that read the program's binary, over a small C program that is built here.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use crate::program::{Place, built_at_fixed_addresses};
use crate::server::{Server, respond};
use liveheap_profile::{Mapping, ProfileBuilder, encode_gzip};

/// Where the linker puts `leak`.
const LEAK: u64 = 0x80_0000;

const PROGRAM: &str = "\
#include <stdlib.h>
__attribute__((noinline, section(\".leak\"))) void *leak(long size) {
    void *block = malloc(size);
    return block ? block : (void *)1;
}
int main(void) { return leak(1) == 0; }
";

/// A folder with `store`, which is built from `store.c`, and `store.pb.gz`: 1 MiB is held by the
/// call in `leak`. Nothing, and that is said, where there is no compiler.
fn place(build_id: &str) -> Option<Place> {
    let place = built_at_fixed_addresses(PROGRAM, &[])?;
    let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
    let file = builder.string(place.path().join("store").to_str().unwrap());
    let build_id = builder.string(build_id);
    let limit = LEAK + 0x1000;
    let mapping = Mapping { start: LEAK, limit, file, build_id, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    // In the middle of the call: `sub $8, %rsp` takes four bytes, the call five.
    let call = builder.location(LEAK + 8, Some(mapping), &[]);
    builder.sample(&[call], &[1 << 20], &[]);
    place.write("store.pb.gz", &encode_gzip(&builder.finish()).unwrap());
    Some(place)
}

#[test]
fn disasm_shows_what_each_instruction_holds() {
    let Some(place) = place("5c0ffee5") else { return };
    let said = place.run(&["disasm", "leak", "store.pb.gz"]).fine();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "Total: 1MB");
    assert_eq!(lines[1], "ROUTINE ======================== leak");
    assert_eq!(lines[2], "       1MB        1MB (flat, cum)   100% of Total");
    assert!(lines[3].starts_with("         .          .     800000: SUBQ $0x8, SP"), "{said}");
    assert!(lines[3].ends_with(";store.c:2"), "{said}");
    assert!(lines[4].starts_with("       1MB        1MB     800004: CALL "), "{said}");
    assert!(lines[4].ends_with(";leak store.c:3"), "{said}");
    // The same by its address, and through the other door.
    assert_eq!(place.run(&["pprof", "-disasm=leak", "store.pb.gz"]).fine(), said);
    let syntaxes = [("intel", "sub rsp,0x8 "), ("att", "sub $0x8,%rsp "), ("go", "SUBQ $0x8, SP ")];
    for (syntax, wanted) in syntaxes {
        let option = format!("--syntax={syntax}");
        let said = place.run(&["disasm", "leak", &option, "store.pb.gz"]).fine();
        assert!(said.contains(&format!("800000: {wanted}")), "{said}");
    }
    let said = place.run(&["disasm", "leak", "--intel-syntax", "store.pb.gz"]).fine();
    assert!(said.contains("800000: sub rsp,0x8 "), "{said}");
    let said = place.run(&["pprof", "-intel_syntax", "-disasm=leak", "store.pb.gz"]);
    assert_eq!(said.err, "printing assembly in Intel syntax is not supported\n");
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    let json = place.run(&["disasm", "leak", "--json", "store.pb.gz"]).fine();
    assert!(json.contains("\"address\":8388612,\"text\":\"CALL "), "{json}");
}

#[test]
fn weblist_shows_instructions_under_their_lines() {
    let Some(place) = place("5c0ffee5") else { return };
    let page = place.run(&["weblist", "leak", "--output=/dev/stdout", "store.pb.gz"]).fine();
    let line = page.lines().find(|line| line.contains("void *block = malloc")).unwrap();
    assert!(line.contains("<span class=\"opens\">         1MB        1MB"), "{line}");
    let call = page.lines().find(|line| line.contains("800004: ")).unwrap();
    assert!(call.contains("1MB        1MB   800004:         CALL "), "{call}");
    assert!(call.ends_with("<span class=\"quiet\">store.c:3</span>"), "{call}");
}

#[test]
fn a_binary_of_another_build_is_not_shown() {
    let Some(place) = place("abcd") else { return };
    let said = place.run(&["disasm", "--symbolize=none", "0x800004|.", "store.pb.gz"]);
    assert_eq!(said.status, Some(2));
    assert_eq!(said.out, "");
    assert_eq!(
        said.err,
        "HERE/store is another build (its build id is 5c0ffee5); put the unstripped binary with build \
         id abcd into a folder that PPROF_BINARY_PATH names\n\
         liveheap: no matches found for regexp 0x800004|.\n"
    );
    std::fs::remove_file(place.path().join("store")).unwrap();
    assert_eq!(
        place.run(&["disasm", "--symbolize=none", "0x800004|.", "store.pb.gz"]).err,
        "HERE/store: not read (no such file or directory); put the unstripped binary with build id \
         abcd into a folder that PPROF_BINARY_PATH names\n\
         liveheap: no matches found for regexp 0x800004|.\n"
    );
}

#[test]
fn our_own_door_asks_the_servers_of_debuginfod_and_pprofs_does_not() {
    let Some(place) = place("5c0ffee5") else { return };
    let program = place.read("store");
    std::fs::remove_file(place.path().join("store")).unwrap();
    let server = Server::start(move |request, _, stream| match request {
        "GET /buildid/5c0ffee5/executable" => respond(stream, "200 OK", "", &program),
        _ => respond(stream, "404 Not Found", "", b""),
    });
    let top = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("DEBUGINFOD_URLS", format!("ima:permissive {}", server.url("")));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!top(&["pprof", "-top", "store.pb.gz"]).contains("leak"));
    assert_eq!(server.requests(), Vec::<String>::new());
    for _ in 0..2 {
        let said = top(&["top", "store.pb.gz"]);
        assert!(said.contains(" leak"), "{said}");
    }
    let asked = ["GET /buildid/5c0ffee5/debuginfo", "GET /buildid/5c0ffee5/executable"];
    assert_eq!(server.requests(), asked);
    assert!(place.path().join(".cache/debuginfod_client/5c0ffee5/executable").is_file());
}
