//! Profiles from servers: what is asked for, and what is kept.

use crate::program::{Place, small_profile};
use crate::server::{Server, respond};

fn serving() -> Server {
    Server::always("200 OK", "", small_profile())
}

#[test]
fn a_fetched_profile_is_kept() {
    let (place, server) = (Place::new(), serving());
    let url = server.url("/debug/pprof/heap");
    for number in ["001", "002"] {
        let said = place.run(&["top", &url]);
        assert_eq!(
            said.err,
            format!(
                "Fetching profile over HTTP from {url}\nSaved profile in \
                 HERE/saved/pprof.server.inuse_objects.inuse_space.{number}.pb.gz\n"
            )
        );
        assert!(said.fine().contains("900kB 90.00%"));
    }
    let copy = "saved/pprof.server.inuse_objects.inuse_space.001.pb.gz";
    assert!(place.run(&["top", copy]).fine().contains("900kB 90.00%"));
}

#[test]
fn a_server_alone_means_its_heap_here_and_its_processor_time_there() {
    let (place, server) = (Place::new(), serving());
    place.run(&["top", &server.url("")]).fine();
    place.run(&["pprof", "-top", &server.url("/")]).fine();
    assert_eq!(server.requests(), ["GET /debug/pprof/heap", "GET /debug/pprof/profile"]);
}

#[test]
fn seconds_are_asked_for() {
    let (place, server) = (Place::new(), serving());
    let url = server.url("/debug/pprof/heap?gc=1&debug=0");
    let said = place.run(&["top", "--seconds=2", &url]);
    assert!(said.err.contains("Please wait... (2s)\n"), "{}", said.err);
    assert_eq!(server.requests(), ["GET /debug/pprof/heap?debug=0&gc=1&seconds=2"]);
}

#[test]
fn a_proxy_of_the_environment_is_not_used_for_this_machine() {
    let (place, server) = (Place::new(), serving());
    let status = place
        .command(&["top", &server.url("/debug/pprof/heap")])
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_base_may_come_from_a_server() {
    let (place, server) = (Place::with_profile(), serving());
    let base = format!("--base={}", server.url("/debug/pprof/heap"));
    let out = place.run(&["top", &base, "small.pb.gz"]).fine();
    assert!(out.contains("Showing nodes accounting for 0, 0% of"), "{out}");
}

#[test]
fn the_server_is_asked_for_names_that_only_it_knows() {
    let text = "heap profile: 1: 4096 [1: 4096] @ heap/2\n1: 4096 [1: 4096] @ 0x1001 0x2001\n";
    let server = Server::start(move |request, _, stream| match request {
        "GET /debug/pprof/heap?debug=1" => respond(stream, "200 OK", "", text.as_bytes()),
        "POST /debug/pprof/symbol" => {
            respond(stream, "200 OK", "", b"0x1000\tleak\n0x2000\tmain\n")
        }
        _ => respond(stream, "404 Not Found", "", b""),
    });
    let url = server.url("/debug/pprof/heap?debug=1");
    let place = Place::new();
    let out = place.run(&["top", &url]).fine();
    assert!(out.contains("4kB   100%   100%        4kB   100%  leak\n"), "{out}");
    let asked = ["GET /debug/pprof/heap?debug=1", "POST /debug/pprof/symbol 0x1000+0x2000"];
    assert_eq!(server.requests(), asked);
    place.run(&["top", "--symbolize=none", &url]).fine();
    assert_eq!(server.requests().len(), 3);
}
