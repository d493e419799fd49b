//! Replays the kept inputs of the fuzz targets, which are in the repository but not in the package.
#![expect(clippy::disallowed_methods, reason = "the library opens no file; its test must")]

use crate::targets::{MERGE, TARGETS, run};
use std::path::Path;

#[test]
fn kept_inputs_are_survived() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = repository.join("fuzz/corpus");
    if !corpus.exists() && !repository.join("ARCHITECTURE.md").exists() {
        eprintln!("SKIPPED: the kept inputs are not in the package, only in the repository");
        return;
    }
    for target in TARGETS.iter().map(|(name, _)| *name).chain([MERGE]) {
        let folder = corpus.join(target);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|cause| {
            panic!("kept inputs are missing: {}: {cause}", folder.display())
        });
        let mut replayed = 0;
        for entry in entries {
            run(target, &std::fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "no kept input in {}", folder.display());
    }
}
