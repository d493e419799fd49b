//! A server on this machine that has one program's debug information.

use super::*;
use crate::symbolize;
use crate::test_programs::{Folder, STORE_C, build_id, label, profile};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Serves the files of a folder and remembers the paths it was asked for.
fn serve(folder: PathBuf) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let paths = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = match fs::read(folder.join(path.trim_start_matches('/'))) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            paths.lock().unwrap().push(path);
            let _ = stream.write_all(format!("HTTP/1.0 {status}\r\n\r\n").as_bytes());
            let _ = stream.write_all(&body);
        }
    });
    (url, asked)
}

/// A client of few words, as the command passes one in.
fn fetch(url: &str) -> Result<Option<Vec<u8>>, String> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').ok_or("no path")?;
    let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
    stream.write_all(format!("GET /{path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    Ok(answer.starts_with(b"HTTP/1.0 200").then(|| answer[body..].to_vec()))
}

#[test]
fn what_a_server_has_is_fetched_once_and_kept_where_its_client_keeps_it() {
    let folder = Folder::new("debuginfod");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let (address, id) = (label(&binary, "in_grow"), build_id(&binary));
    folder.run("objcopy", &["--strip-all", "store", "bare"]);
    let served = folder.0.join("served/buildid").join(&id);
    fs::create_dir_all(&served).unwrap();
    folder.run("objcopy", &["--only-keep-debug", "store", "debuginfo"]);
    fs::rename(folder.0.join("debuginfo"), served.join("debuginfo")).unwrap();

    let (url, asked) = serve(folder.0.join("served"));
    let cache = folder.0.join("cache");
    let mut options = Options { debug_folders: Vec::new(), ..Options::default() };
    options.debuginfod_cache = Some(cache.clone());
    let bare = folder.0.join("bare");
    for (file, build_id) in
        [(&*bare.to_string_lossy(), &*id), ("/gone/store", &id), ("/gone/other", "00ff")]
    {
        let profile = profile(&bare, file, build_id, &[address], None);
        for _ in 0..2 {
            let problems =
                download_debug_files(&profile, &options, &[format!("{url}/")], &mut fetch);
            assert_eq!(problems, Vec::<String>::new());
        }
        let (_, outcomes) = symbolize(profile, &options);
        assert_eq!(outcomes[0].lined, usize::from(build_id == id), "{}", outcomes[0]);
    }
    let unknown = ["/buildid/00ff/debuginfo", "/buildid/00ff/executable"].map(str::to_owned);
    let [debuginfo, executable] = unknown;
    assert_eq!(
        *asked.lock().unwrap(),
        [format!("/buildid/{id}/debuginfo"), debuginfo, executable],
        "each is asked for once"
    );
    assert!(cache.join(&id).join("debuginfo").is_file());
    assert_eq!(fs::metadata(cache.join("00ff/debuginfo")).unwrap().len(), 0);
}

#[test]
fn another_file_than_asked_for_is_not_kept_and_a_silent_server_is_said() {
    let folder = Folder::new("debuginfod-other");
    let binary = folder.c(&["-g", "-Wl,--build-id"], STORE_C);
    let bytes = fs::read(&binary).unwrap();
    let mut options = Options { debug_folders: Vec::new(), ..Options::default() };
    options.debuginfod_cache = Some(folder.0.join("cache"));
    let profile = profile(&binary, "/gone/store", "00ff", &[0], None);
    let servers = ["http://one".to_owned()];
    let mut other = |_: &str| Ok(Some(bytes.clone()));
    assert_eq!(
        download_debug_files(&profile, &options, &servers, &mut other),
        [
            "/gone/store: http://one/buildid/00ff/debuginfo: what came is another file",
            "/gone/store: http://one/buildid/00ff/executable: what came is another file",
        ]
    );
    assert!(!folder.0.join("cache/00ff/debuginfo").exists());
    let mut silent = |_: &str| Err("no answer".to_owned());
    let problems = download_debug_files(&profile, &options, &servers, &mut silent);
    assert_eq!(problems[0], "/gone/store: http://one/buildid/00ff/debuginfo: no answer");
    // Without servers nobody is asked.
    let mut nobody = |_: &str| panic!("nobody is to be asked");
    assert_eq!(download_debug_files(&profile, &options, &[], &mut nobody), Vec::<String>::new());
}
