//! Replays the kept inputs of the fuzz target, which are in the repository but not in the package.

use crate::targets::run;
use std::path::Path;
use std::time::{Duration, Instant};

/// Small files take milliseconds; what takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn kept_inputs_are_survived() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = repository.join("fuzz/corpus/symbols");
    if !corpus.exists() && !repository.join("ARCHITECTURE.md").exists() {
        eprintln!("SKIPPED: the kept inputs are not in the package, only in the repository");
        return;
    }
    let scratch = std::env::temp_dir().join(format!("liveheap-hostile-{}", std::process::id()));
    let (mut replayed, mut named) = (0, 0);
    for entry in std::fs::read_dir(&corpus).expect("kept inputs are in the repository") {
        let path = entry.expect("the folder can be read").path();
        let started = Instant::now();
        let (_, outcomes) = run(&std::fs::read(&path).expect("kept inputs can be read"), &scratch);
        let took = started.elapsed();
        assert!(took < PATIENCE, "{}: {took:?}", path.display());
        replayed += 1;
        named += outcomes[0].named;
    }
    let _ = std::fs::remove_file(&scratch);
    assert!(replayed > 0, "no kept input in {}", corpus.display());
    assert!(named > 0, "no kept input has a name: the addresses miss the code");
}
