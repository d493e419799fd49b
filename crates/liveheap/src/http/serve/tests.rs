//! The server over real sockets on loopback.

use super::*;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

/// Sends the text and gives the whole answer.
fn exchange(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_line(server: &Server, request: &str) -> String {
    exchange(server, request).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn it_answers_on_a_free_loopback_port() {
    let server = serve(":0").unwrap();
    assert!(server.addr().unwrap().ip().is_loopback());
    assert_ne!(server.addr().unwrap().port(), 0);
    let answer = exchange(&server, "GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain"), "{head}");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    assert!(body.starts_with("heap profile: "), "{body}");
    server.stop();
}

#[test]
fn head_gives_headers_only() {
    let server = serve(":0").unwrap();
    let answer = exchange(&server, "HEAD /debug/pprof/ HTTP/1.1\r\n\r\n");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("Content-Type: text/html"), "{answer}");
    server.stop();
}

#[test]
fn post_to_symbol_takes_the_addresses_from_the_body() {
    let server = serve(":0").unwrap();
    let address = post_to_symbol_takes_the_addresses_from_the_body as *const () as usize;
    let body = format!("{address:#x}+0x1");
    let size = body.len();
    let answer = exchange(
        &server,
        &format!("POST /debug/pprof/symbol HTTP/1.1\r\ncontent-length: {size}\r\n\r\n{body}"),
    );
    assert!(answer.contains("num_symbols: 1\n0x"), "{answer}");
    assert!(answer.contains("post_to_symbol_takes_the_addresses_from_the_body\n"), "{answer}");
    server.stop();
}

#[test]
fn what_is_no_proper_request_is_refused() {
    let server = serve(":0").unwrap();
    for (request, status) in [
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET /debug/pprof/nothing HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("DELETE /debug/pprof/heap HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        ("POST /debug/pprof/symbol HTTP/1.1\r\n\r\n", "411 Length Required"),
        ("GET / HTTP/3\r\n\r\n", "505 HTTP Version Not Supported"),
        (
            "POST /debug/pprof/symbol HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            "413 Content Too Large",
        ),
    ] {
        assert_eq!(status_line(&server, request), format!("HTTP/1.1 {status}"), "{request:?}");
    }
    let long = format!("GET /debug/pprof/heap HTTP/1.1\r\nX: {}", "x".repeat(LONGEST_HEAD));
    assert_eq!(status_line(&server, &long), "HTTP/1.1 431 Request Header Fields Too Large");
    server.stop();
}

#[test]
fn a_proxy_may_send_the_whole_url() {
    let (request, _) =
        parse_head("GET http://host:1/debug/pprof/heap?gc=1 HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!((&*request.path, &*request.query), ("/debug/pprof/heap", "gc=1"));
}

#[test]
fn other_machines_are_let_in_only_when_that_is_said() {
    let error = serve("0.0.0.0:0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 can be reached from other machines; listen on 127.0.0.1, or use \
         liveheap::serve_publicly if that is meant"
    );
    let server = serve_publicly("0.0.0.0:0").unwrap();
    assert!(server.addr().unwrap().ip().is_unspecified());
    server.stop();
}

#[test]
fn too_many_connections_are_turned_away_and_then_let_in_again() {
    let server = serve(":0").unwrap();
    let idle: Vec<TcpStream> = (0..MOST_CONNECTIONS)
        .map(|_| TcpStream::connect(server.addr().unwrap()).unwrap())
        .collect();
    let mut late = TcpStream::connect(server.addr().unwrap()).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    drop(idle);
    let request = "GET /debug/pprof/ HTTP/1.1\r\n\r\n";
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.state.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status_line(&server, request), "HTTP/1.1 200 OK");
    server.stop();
}

#[test]
fn a_client_that_hangs_up_ends_its_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    assert!(is_still_there(&stream, Instant::now() + Duration::from_millis(20)));
    drop(client);
    assert!(!is_still_there(&stream, Instant::now() + Duration::from_secs(60)));
}

#[test]
fn a_stopped_server_listens_no_more() {
    let server = serve(":0").unwrap();
    let address = server.addr().unwrap();
    server.stop();
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "it still listens");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_the_token_nobody_is_let_in() {
    let server = ServeOptions::new().token("s3cret").serve(":0").unwrap();
    let refused = exchange(&server, "GET /debug/pprof/cmdline HTTP/1.1\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
    assert!(refused.contains("\r\nWWW-Authenticate: Bearer\r\n"), "{refused}");
    let request = "GET /debug/pprof/cmdline HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n";
    assert_eq!(status_line(&server, request), "HTTP/1.1 200 OK");
    server.stop();
}

#[test]
fn a_token_is_not_shown_and_must_be_one() {
    let options = ServeOptions::new().token("two words");
    let shown = format!("{options:?}");
    assert!(!shown.contains("words"), "{shown}");
    assert_eq!(options.serve(":0").unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_unix_socket_is_for_its_owner_only_and_gone_after_the_end() {
    let path = std::env::temp_dir().join(format!("liveheap-test-{}.sock", std::process::id()));
    let address = format!("unix:{}", path.display());
    // A socket of a program that is gone.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());

    let server = serve(&address).unwrap();
    assert_eq!(server.addr(), None);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(serve(&address).unwrap_err().kind(), ErrorKind::AddrInUse);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /debug/pprof/heap?seconds=1 HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", answer.escape_ascii());
    server.stop();
    assert!(!path.exists());
}
