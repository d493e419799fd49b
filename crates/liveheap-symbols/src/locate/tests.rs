//! Search paths, replaced files and build ids.

use super::*;
use crate::test_programs::{Folder, STORE_C, build_id, profile};
use expect_test::expect;

#[test]
fn a_search_path_is_tried_by_build_id_then_by_name() {
    let wanted = Wanted { file: "/usr/bin/store", build_id: "abcdef" };
    let paths: String = search_path_candidates(wanted, &["/s".into()])
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    expect![[r#"
        /s/abcdef/store
        /s/usr/bin/store/abcdef
        /s/ab/cdef.debug
        /s/store
        /s/usr/bin/store
        /s/usr/bin/store.debug
        /s/usr/bin/.debug/store.debug
        /s/usr/lib/debug/usr/bin/store.debug
    "#]]
    .assert_eq(&paths);
}

#[test]
fn a_build_id_is_no_path() {
    let candidates = |build_id| {
        search_path_candidates(Wanted { file: "", build_id }, &["/s".into()]).len()
            + debug_file_candidates(build_id, &Options::default()).len()
    };
    assert_eq!(candidates("../../etc"), 0);
    assert_eq!(candidates("é"), 3);
    assert_eq!(candidates("a"), 2);
    assert_eq!(candidates(""), 0);
}

#[test]
fn a_binary_that_perf_recorded_is_found_by_its_build_id() {
    let folder = Folder::new("perf_cache");
    let binary = folder.c(&["-Wl,--build-id"], STORE_C);
    let id = build_id(&binary);
    let cached = folder.0.join(".debug/.build-id").join(&id[..2]).join(&id[2..]);
    std::fs::create_dir_all(&cached).unwrap();
    std::fs::rename(&binary, cached.join("elf")).unwrap();
    let home = folder.0.clone();
    let options =
        Options::from_variables(|name| (name == "HOME").then(|| home.clone().into_os_string()));
    let wanted = |build_id| Wanted { file: "/gone/store", build_id };
    assert_eq!(find_binary(wanted(&id), &options).unwrap().path, cached.join("elf"));
    assert!(find_binary(wanted("00ff"), &options).is_err());
}

#[test]
fn a_binary_of_the_search_path_takes_the_place_of_the_one_named() {
    let folder = Folder::new("locate");
    let binary = folder.c(&["-Wl,--build-id"], STORE_C);
    let options = Options { search_path: vec![folder.0.clone()], ..Options::default() };
    let named = |build_id: &str| {
        let profile = profile(&binary, "/opt/store", build_id, &[], None);
        let (profile, passed_over) = locate_binaries(profile, &options);
        (profile.text(profile.mappings[0].file).to_owned(), passed_over)
    };
    let here = binary.to_string_lossy().into_owned();
    assert_eq!(named(&build_id(&binary)), (here.clone(), vec![]));
    assert_eq!(named(""), (here.clone(), vec![]));
    let own = build_id(&binary);
    assert_eq!(
        named("00ff"),
        (
            "/opt/store".to_owned(),
            vec![format!("Ignoring local file {here}: build-id mismatch (00ff != {own})")]
        )
    );
}

#[test]
fn a_replaced_binary_counts_only_if_it_is_the_same_build() {
    let folder = Folder::new("deleted");
    let binary = folder.c(&["-Wl,--build-id"], STORE_C);
    let marked = format!("{} (deleted)", binary.display());
    let find = |build_id: &str| {
        find_binary(Wanted { file: &marked, build_id }, &Options::default()).map(|found| found.path)
    };
    assert_eq!(find(&build_id(&binary)), Ok(binary.clone()));
    assert!(matches!(find("00ff"), Err(NotFound::OtherBuild { .. })));
    assert!(matches!(find(""), Err(NotFound::Missing(_))));
}

#[test]
fn the_checksum_is_the_one_of_debug_links() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn kernel_and_generated_code_have_no_binary() {
    for file in ["[vdso]", "/x/[heap]", "linux-vdso.so.1", "/dev/dri/card0", "//anon", "/memfd:jit"]
    {
        assert!(is_unsymbolizable(file), "{file}");
    }
    assert!(!is_unsymbolizable("/usr/bin/store"));
}
