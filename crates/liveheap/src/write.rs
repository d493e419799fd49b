//! Writing profiles: what a program calls to dump by hand, and what the endpoint answers with.
//!
//! In: options. Out: bytes, gzip'ed profile.proto or text. The calling thread's own allocations are
//! not sampled meanwhile.

use crate::cost::DumpWatch;
use crate::memstats::{self, Sums};
use crate::names::Names;
use crate::reclaim::{Reclaim, give_back};
use crate::sampled::Sampled;
use crate::snapshot::{Kind, profile};
use crate::split::SplitBy;
use crate::take;
use crate::text::text;
use crate::thread::Quiet;
use std::io::{Error, Result, Write};

/// How a profile is taken and written. The default is what [`write_heap_profile`] writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProfileOptions {
    reclaim: Reclaim,
    as_text: bool,
    kind: Kind,
    split: SplitBy,
}

impl ProfileOptions {
    /// Memory in use as gzip'ed profile.proto, nothing reclaimed before.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is given back before the profile is taken (`gc=` of the endpoint).
    #[must_use]
    pub fn reclaim(self, reclaim: Reclaim) -> Self {
        Self { reclaim, ..self }
    }

    /// Writes readable text that ends with the memory statistics (`debug=1` of the endpoint) instead
    /// of profile.proto.
    #[must_use]
    pub fn text(self, as_text: bool) -> Self {
        Self { as_text, ..self }
    }

    /// Splits what is in use by the age of the objects (`labels=age` of the endpoint).
    ///
    /// Samples get a number `age` in seconds: 0, 1, 10, 60, 600, 3600 or 86400, the begin of the class
    /// that the objects' age falls into. What was allocated, freed or not, has no age: it is in
    /// samples without the label, and so is what was allocated while the profile was taken. Without
    /// their labels the samples add up to exactly what they are when nothing is split. Readable text
    /// has no labels and is never split.
    #[must_use]
    pub fn by_age(self, age: bool) -> Self {
        Self { split: SplitBy { age, ..self.split }, ..self }
    }

    /// Splits what is in use by the thread that allocated it (`labels=thread` of the endpoint).
    ///
    /// Samples get a text `thread`: the thread's name as the kernel has it, which is its first 15
    /// bytes, or its number when it is gone; for the rest see [`Self::by_age`]. A thread that is gone
    /// can be taken for one that the kernel has given the same number since.
    #[must_use]
    pub fn by_thread(self, thread: bool) -> Self {
        Self { split: SplitBy { thread, ..self.split }, ..self }
    }

    #[cfg(feature = "http")]
    pub(crate) fn is_text(self) -> bool {
        self.as_text
    }

    /// Writes the profile `allocs`, in which everything allocated since the program began is shown
    /// first, instead of what is in use. Both hold both.
    #[must_use]
    pub fn allocs(self, allocs: bool) -> Self {
        Self { kind: if allocs { Kind::Allocs } else { Kind::Heap }, ..self }
    }
}

/// Writes a heap profile: gzip'ed profile.proto, as `liveheap` and `go tool pprof` read it.
///
/// ```
/// let mut file = Vec::new(); // or a std::fs::File
/// liveheap::write_heap_profile(&mut file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write_heap_profile(out: impl Write) -> Result<()> {
    write_profile(out, &ProfileOptions::new())
}

/// Writes a profile as the options say.
///
/// # Errors
/// Those of `out`.
pub fn write_profile(mut out: impl Write, options: &ProfileOptions) -> Result<()> {
    out.write_all(&encoded(options)?)?;
    out.flush()
}

/// Takes a profile and gives its bytes.
pub(crate) fn encoded(options: &ProfileOptions) -> Result<Vec<u8>> {
    let _quiet = Quiet::enter();
    let _watch = DumpWatch::start();
    let report = give_back(options.reclaim, &take::in_use_bytes);
    if options.as_text {
        let sampled = take::sampled(report);
        let statistics =
            memstats::of_process(&Sums::of(&sampled), options.reclaim == Reclaim::Full);
        let names = Names::look_up(&sampled.calls(), &sampled.modules);
        return Ok(text(&sampled, &names, &statistics).into_bytes());
    }
    proto(&take::sampled_by(options.split, report), options.kind)
}

/// The bytes of gzip'ed profile.proto.
pub(crate) fn proto(sampled: &Sampled, kind: Kind) -> Result<Vec<u8>> {
    let names = Names::look_up(&sampled.calls(), &sampled.modules);
    let profile = profile(sampled, &names, kind);
    liveheap_profile::encode_gzip(&profile).map_err(Error::other)
}
