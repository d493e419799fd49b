//! Profiles from servers: what is asked for, and what is kept.

use crate::program::{Place, small_profile};
use crate::server::Server;

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
