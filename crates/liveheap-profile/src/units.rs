//! Units of measurement, and how one is turned into another.
//!
//! A unit belongs to a family (bytes, time, Google compute units) or to none. Within a family
//! values convert; a unit of no family is a word that is printed behind the number and nothing
//! else. Names are matched without regard to case and to one plural `s`. The families and their
//! names are pprof's, so that the numbers of both tools agree.

/// A unit of a family.
#[derive(Debug)]
struct Unit {
    /// How it is printed.
    name: &'static str,
    /// How profiles may spell it, in lower case and singular.
    aliases: &'static [&'static str],
    /// How many of the family's base unit it is.
    factor: f64,
}

/// Units that convert into each other, smallest first.
#[derive(Debug)]
struct Family {
    units: &'static [Unit],
    /// What a value is shown in when no unit fits.
    fallback: (&'static str, f64),
}

const fn unit(name: &'static str, aliases: &'static [&'static str], factor: f64) -> Unit {
    Unit { name, aliases, factor }
}

static FAMILIES: [Family; 3] = [
    Family {
        units: &[
            unit("B", &["b", "byte"], 1.0),
            unit("kB", &["kb", "kbyte", "kilobyte"], 1024.0),
            unit("MB", &["mb", "mbyte", "megabyte"], 1_048_576.0),
            unit("GB", &["gb", "gbyte", "gigabyte"], 1_073_741_824.0),
            unit("TB", &["tb", "tbyte", "terabyte"], 1_099_511_627_776.0),
            unit("PB", &["pb", "pbyte", "petabyte"], 1_125_899_906_842_624.0),
        ],
        fallback: ("B", 1.0),
    },
    Family {
        units: &[
            unit("ns", &["ns", "nanosecond"], 1.0),
            unit("us", &["μs", "us", "microsecond"], 1e3),
            unit("ms", &["ms", "millisecond"], 1e6),
            unit("s", &["s", "sec", "second"], 1e9),
            unit("hrs", &["hour", "hr"], 3.6e12),
        ],
        fallback: ("s", 1e9),
    },
    Family {
        units: &[
            unit("n*GCU", &["nanogcu"], 1e-9),
            unit("u*GCU", &["microgcu"], 1e-6),
            unit("m*GCU", &["milligcu"], 1e-3),
            unit("GCU", &["gcu"], 1.0),
            unit("k*GCU", &["kilogcu"], 1e3),
            unit("M*GCU", &["megagcu"], 1e6),
            unit("G*GCU", &["gigagcu"], 1e9),
            unit("T*GCU", &["teragcu"], 1e12),
            unit("P*GCU", &["petagcu"], 1e15),
        ],
        fallback: ("GCU", 1.0),
    },
];

impl Family {
    fn find(&self, name: &str) -> Option<&'static Unit> {
        // Names are short and nearly always ASCII; this is asked for every number of a report.
        let lowered = if name.is_ascii() { None } else { Some(name.to_lowercase()) };
        let name = lowered.as_deref().unwrap_or(name);
        let plural = name.len() > 2 && matches!(name.as_bytes().last(), Some(b's' | b'S'));
        let singular = if plural { &name[..name.len() - 1] } else { name };
        let is_named = |alias: &&str| alias.eq_ignore_ascii_case(singular);
        self.units.iter().find(|unit| unit.aliases.iter().any(is_named))
    }
}

/// Turns a value in the unit `from` into the unit `to`, and says which unit the result is in.
///
/// `auto` and `minimum` stand for the largest unit of which the value holds at least one. A target
/// outside of the family gives the family's usual unit. Without a family the value stays what it
/// is; the unit is then `to`, or empty where a word would say nothing (`count`, `sample`, `unit`,
/// `minimum`, `auto`).
pub fn convert<'a>(value: i64, from: &str, to: &'a str) -> (f64, &'a str) {
    if value < 0 && value != i64::MIN {
        let (converted, unit) = convert(-value, from, to);
        return (-converted, unit);
    }
    // Beyond 2^53 the value is rounded to what a double holds, as pprof does.
    let number = value as f64;
    for family in &FAMILIES {
        let Some(source) = family.find(from) else { continue };
        let base = number * source.factor;
        let chosen = if to == "minimum" || to == "auto" {
            family.units.iter().rev().find(|unit| base / unit.factor >= 1.0)
        } else {
            family.find(to)
        };
        let (name, factor) = chosen.map_or(family.fallback, |unit| (unit.name, unit.factor));
        return (base / factor, name);
    }
    match to {
        "count" | "sample" | "unit" | "minimum" | "auto" => (number, ""),
        _ => (number, to),
    }
}

/// Whether values of the two units convert into each other: they are the same or of one family.
pub fn same_family(one: &str, other: &str) -> bool {
    one == other
        || FAMILIES.iter().any(|family| family.find(one).is_some() && family.find(other).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_in_the_largest_unit_that_it_fills() {
        assert_eq!(convert(2048, "bytes", "auto"), (2.0, "kB"));
        assert_eq!(convert(1023, "Byte", "minimum"), (1023.0, "B"));
        assert_eq!(convert(90, "minutes", "auto"), (90.0, ""));
        assert_eq!(convert(7200, "seconds", "auto"), (2.0, "hrs"));
    }

    #[test]
    fn a_target_of_another_family_gives_the_usual_unit() {
        assert_eq!(convert(1_500_000_000, "ns", "MB"), (1.5, "s"));
        assert_eq!(convert(5, "bytes", "seconds"), (5.0, "B"));
        assert_eq!(convert(0, "bytes", "auto"), (0.0, "B"));
    }

    #[test]
    fn units_of_no_family_are_kept_as_words() {
        assert_eq!(convert(5, "cycles", "cycles"), (5.0, "cycles"));
        assert_eq!(convert(5, "objects", "count"), (5.0, ""));
    }

    #[test]
    fn signs_do_not_change_the_unit() {
        assert_eq!(convert(-2048, "bytes", "auto"), (-2.0, "kB"));
        assert_eq!(convert(i64::MIN, "bytes", "auto"), (i64::MIN as f64, "B"));
    }

    #[test]
    fn families_are_told_apart() {
        assert!(same_family("kB", "bytes"));
        assert!(same_family("weird", "weird"));
        assert!(!same_family("ns", "bytes"));
    }
}
