//! Writing profiles: what a program calls to dump by hand, and what the endpoint answers with.
//!
//! In: options. Out: bytes, gzip'ed profile.proto or text. The calling thread's own allocations are
//! not sampled meanwhile.

use crate::memstats::{self, Sums};
use crate::names::Names;
use crate::reclaim::{Reclaim, give_back};
use crate::sampled::Sampled;
use crate::snapshot::{Kind, profile};
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
    let sampled = take::sampled(give_back(options.reclaim, &take::in_use_bytes));
    if options.as_text {
        let statistics = memstats::of_process(&Sums::of(&sampled));
        let names = Names::look_up(&sampled.calls(), &sampled.modules);
        return Ok(text(&sampled, &names, &statistics).into_bytes());
    }
    proto(&sampled, options.kind)
}

/// The bytes of gzip'ed profile.proto.
pub(crate) fn proto(sampled: &Sampled, kind: Kind) -> Result<Vec<u8>> {
    let names = Names::look_up(&sampled.calls(), &sampled.modules);
    let profile = profile(sampled, &names, kind);
    liveheap_profile::encode_gzip(&profile).map_err(Error::other)
}
