//! What must hold between the tables of a profile.

use crate::{Error, ErrorKind, Profile};
use std::collections::HashSet;

/// Checks the invariants that pprof demands of a profile that was read:
///
/// 1. there is a sample type, unless there is no sample either;
/// 2. ids of mappings, functions and locations are not 0 and unique.
///
/// That each sample has a value for each sample type, and that every index points into its table,
/// is checked where the tables are made.
///
/// # Errors
/// The first broken rule, with the id that breaks it.
pub fn validate(profile: &Profile) -> Result<(), Error> {
    if profile.sample_types.is_empty() && !profile.samples.is_empty() {
        return Err(invalid("missing sample type information"));
    }
    check_ids("mapping", profile.mappings.iter().map(|mapping| mapping.id))?;
    check_ids("function", profile.functions.iter().map(|function| function.id))?;
    check_ids("location", profile.locations.iter().map(|location| location.id))
}

fn check_ids(table: &str, ids: impl Iterator<Item = u64> + Clone) -> Result<(), Error> {
    // Writers number their tables 1, 2, 3 …; only others pay for a set.
    let sequential = ids.clone().zip(1..).all(|(id, position)| id == position);
    if sequential {
        return Ok(());
    }
    let mut seen = HashSet::new();
    for id in ids {
        if id == 0 {
            return Err(invalid(format!("found a {table} with the reserved id 0")));
        }
        if !seen.insert(id) {
            return Err(invalid(format!("multiple {table}s with the same id {id}")));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
