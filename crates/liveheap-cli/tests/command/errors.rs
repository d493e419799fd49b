//! What cannot work ends with status 2, one line that says what to do, and nothing on standard
//! output.

use crate::program::{Place, small_profile};
use crate::server::{Server, respond};
use std::io::Write;
use std::net::TcpListener;

#[test]
fn a_file_that_is_not_there() {
    let place = Place::new();
    place.run(&["top", "nope.pb.gz"]).refused("liveheap: nope.pb.gz: no such file");
    place
        .run(&["pprof", "-top", "nope.pb.gz"])
        .refused("nope.pb.gz: stat nope.pb.gz: no such file or directory");
}

#[test]
fn a_folder() {
    let place = Place::new();
    place.run(&["top", "saved"]).refused("liveheap: saved: is a directory; name a profile in it");
}

#[test]
fn files_that_are_no_profile() {
    let place = Place::new();
    place.write("garbage", b"This is not a profile.\n");
    place
        .run(&["top", "./garbage"])
        .refused("liveheap: ./garbage: parsing profile: unrecognized profile format");
    place.write("empty", b"");
    let said = place.run(&["top", "./empty"]);
    assert_eq!((said.status, said.err.lines().count()), (Some(2), 1), "{}", said.err);
}

#[test]
fn a_file_that_was_cut_short() {
    let place = Place::new();
    let whole = small_profile();
    for length in 1..whole.len() {
        place.write("cut.pb.gz", &whole[..length]);
        let said = place.run(&["top", "cut.pb.gz"]);
        assert_eq!((said.status, said.err.lines().count()), (Some(2), 1), "{}", said.err);
        assert!(said.err.starts_with("liveheap: cut.pb.gz: parsing profile: "), "{}", said.err);
    }
}

#[test]
fn a_profile_beyond_the_limit_says_which_option_raises_it() {
    let place = Place::new();
    place.write("profile.pb.gz", &small_profile());
    let limit = "the profile unpacks to more than 9 bytes; raise the limit if you trust it, with";
    place
        .run(&["top", "--max-unpacked=9", "profile.pb.gz"])
        .refused(&format!("liveheap: profile.pb.gz: {limit} --max-unpacked=BYTES"));
    place
        .run(&["pprof", "-top", "-max_unpacked=9", "profile.pb.gz"])
        .refused(&format!("profile.pb.gz: {limit} -max_unpacked=BYTES"));
    assert_eq!(place.run(&["top", "--max-unpacked=1K", "profile.pb.gz"]).status, Some(0));
}

#[test]
fn a_file_with_a_byte_turned_is_refused_or_read_and_never_a_panic() {
    let place = Place::new();
    let whole = small_profile();
    for position in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x55;
        place.write("damaged.pb.gz", &damaged);
        let said = place.run(&["top", "damaged.pb.gz"]);
        assert!(matches!(said.status, Some(0 | 2)), "byte {position}: {}", said.err);
    }
}

#[test]
fn a_server_that_is_not_there() {
    let place = Place::new();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = place.run(&["top", &format!("http://{address}/debug/pprof/heap")]);
    assert_eq!(said.status, Some(2));
    assert_eq!(
        said.err,
        format!(
            "Fetching profile over HTTP from http://{address}/debug/pprof/heap\n\
             liveheap: http://{address}/debug/pprof/heap: connection refused \
             (is the program running, and does it listen there?)\n"
        )
    );
}

/// The last line of what fetching from a server ends with.
fn last_words(server: &Server) -> String {
    let place = Place::new();
    let said = place.run(&["pprof", "-top", "-timeout=1", &server.url("/debug/pprof/heap")]);
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    assert_eq!(said.err.lines().count(), 2, "{}", said.err);
    let last = said.err.lines().last().unwrap();
    last.strip_prefix(&format!("{}: ", server.url("/debug/pprof/heap"))).unwrap().to_owned()
}

#[test]
fn a_server_that_refuses() {
    let not_found = Server::always("404 Not Found", "", b"nothing here".to_vec());
    assert_eq!(
        last_words(&not_found),
        "server response: 404 Not Found \
         (check the path; heap profiles are usually at /debug/pprof/heap)"
    );
    let broken = Server::always("500 Internal Server Error", "", b"a secret".to_vec());
    assert_eq!(last_words(&broken), "server response: 500 Internal Server Error");
    let headers = "X-Go-Pprof: 1\r\nContent-Type: text/plain; charset=utf-8\r\n";
    let explained = Server::always("403 Forbidden", headers, b"not\ntoday\n".to_vec());
    assert_eq!(last_words(&explained), "server response: 403 Forbidden - not today");
}

#[test]
fn a_server_that_sends_a_web_page() {
    let page = "<!DOCTYPE html><title>hello</title>".repeat(1000);
    let server = Server::always("200 OK", "", page.into_bytes());
    assert_eq!(
        last_words(&server),
        "the server sent a web page, not a profile (check the path of the URL)"
    );
}

#[test]
fn a_server_that_never_stops_sending() {
    let server = Server::start(|_, _, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 8192])?;
        }
    });
    assert_eq!(
        last_words(&server),
        "the server sent something else, not a profile (check the path of the URL)"
    );
}

#[test]
fn a_server_that_breaks_off() {
    let server = Server::start(|_, _, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
        stream.write_all(&small_profile()[..40])
    });
    assert!(last_words(&server).starts_with("the answer broke off: "));
}

#[test]
fn several_sources_that_all_fail() {
    let place = Place::new();
    let said = place.run(&["top", "a.pb", "b.pb"]);
    assert_eq!(said.status, Some(2));
    assert_eq!(
        said.err,
        "a.pb: no such file\nb.pb: no such file\nliveheap: failed to fetch any source profiles\n"
    );
}

#[test]
fn some_sources_that_fail_leave_the_others() {
    let place = Place::with_profile();
    let said = place.run(&["top", "small.pb.gz", "nope.pb"]);
    assert_eq!(said.err, "nope.pb: no such file\nFetched 1 source profiles out of 2\n");
    assert!(said.fine().contains("900kB 90.00%"));
}

#[test]
fn a_function_that_does_not_exist() {
    let place = Place::with_profile();
    place
        .run(&["peek", "nosuch", "small.pb.gz"])
        .refused("liveheap: no matches found for regexp: nosuch");
    place
        .run(&["list", "nosuch", "small.pb.gz"])
        .refused("liveheap: no matches found for regexp: nosuch");
}

#[test]
fn a_command_that_does_not_exist() {
    let place = Place::with_profile();
    place.run(&["tpo", "small.pb.gz"]).refused("liveheap: unknown command tpo: did you mean top?");
}

#[test]
fn a_file_that_cannot_be_written() {
    let place = Place::with_profile();
    let said = place.run(&["top", "--output=no/such/folder", "small.pb.gz"]);
    assert_eq!(said.status, Some(2));
    assert_eq!(
        said.err.lines().last(),
        Some("liveheap: cannot write no/such/folder: No such file or directory (os error 2)")
    );
}

#[test]
fn a_full_disk() {
    let place = Place::with_profile();
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = place.command(&["top", "small.pb.gz"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "liveheap: cannot write to standard output: No space left on device (os error 28)\n"
    );
}

#[test]
fn a_picture_without_graphviz() {
    let place = Place::with_profile();
    let said = place.run(&["png", "small.pb.gz"]);
    assert_eq!(said.status, Some(2));
    assert!(said.err.starts_with("liveheap: png is drawn by Graphviz: install it, or use svg"));
}

#[test]
fn a_page_without_a_browser() {
    let place = Place::with_profile();
    let said = place.run(&["web", "small.pb.gz"]);
    assert_eq!(
        (said.status, said.err.as_str()),
        (Some(2), "liveheap: no browser found: set BROWSER, or open HERE/pprof001.svg yourself\n")
    );
    assert!(!place.read("pprof001.svg").is_empty());
}

#[test]
fn a_browser_that_fails_leaves_the_page() {
    let place = Place::with_profile();
    let output = place
        .command(&["web", "small.pb.gz"])
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("BROWSER", "false")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err.starts_with("liveheap: what should show it failed (exit status: 1): open "),
        "{err}"
    );
    assert!(!place.read("pprof001.svg").is_empty());
}

#[test]
fn an_answer_that_ends_is_no_trouble_for_a_slow_server() {
    let profile = small_profile();
    let server = Server::start(move |_, _, stream| {
        std::thread::sleep(std::time::Duration::from_millis(300));
        respond(stream, "200 OK", "", &profile)
    });
    let place = Place::new();
    let said = place.run(&["top", "--timeout=1", &server.url("/debug/pprof/heap")]);
    assert!(said.fine().contains("900kB 90.00%"));
}
