//! Moments and durations in Go's notation, as `raw` prints them.
//!
//! Numbers go in, text comes out. The time zone is the caller's.

use crate::time::Civil;
use std::fmt::Write as _;

const SECOND: i64 = 1_000_000_000;

/// A moment as in `2020-09-13 12:26:40.5 +0000 UTC`; `nanos` since the Unix epoch. `local_time`
/// gives the zone's offset in seconds east of Greenwich, and its abbreviation.
pub(crate) fn moment(nanos: i64, local_time: &dyn Fn(i64) -> (i32, String)) -> String {
    let seconds = nanos.div_euclid(SECOND);
    let (offset, zone) = local_time(seconds);
    let Civil { year, month, day, hour, minute, second } =
        Civil::from_unix_seconds(seconds + i64::from(offset));
    let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    let fraction = nanos.rem_euclid(SECOND);
    if fraction != 0 {
        let digits = format!("{fraction:09}");
        write!(text, ".{}", digits.trim_end_matches('0')).expect("a String takes every text");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    write!(text, " {sign}{hours:02}{minutes:02} {zone}").expect("a String takes every text");
    text
}

/// A duration as in `1h2m3.5s`, `12.5ms` or `0s`.
pub(crate) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    if size == 0 {
        return String::from("0s");
    }
    let (unit, digits) = match size {
        1..1_000 => ("ns", 0),
        1_000..1_000_000 => ("µs", 3),
        1_000_000..1_000_000_000 => ("ms", 6),
        _ => {
            let seconds = size / SECOND.unsigned_abs();
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = decimal(size % (60 * SECOND.unsigned_abs()), 9);
            return match (hours, minutes) {
                (0, 0) => format!("{sign}{rest}s"),
                (0, _) => format!("{sign}{minutes}m{rest}s"),
                _ => format!("{sign}{hours}h{minutes}m{rest}s"),
            };
        }
    };
    format!("{sign}{}{unit}", decimal(size, digits))
}

/// A number with its last `digits` digits behind the point and no zeros at the end.
fn decimal(number: u64, digits: usize) -> String {
    let text = format!("{number:0width$}", width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { String::from(whole) } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_fraction_and_its_zone() {
        let kathmandu = |_| (20_700, String::from("+0545"));
        let new_york = |_| (-14_400, String::from("EDT"));
        let nanos = 1_600_000_000_500_000_000;
        assert_eq!(moment(nanos, &kathmandu), "2020-09-13 18:11:40.5 +0545 +0545");
        assert_eq!(moment(nanos, &new_york), "2020-09-13 08:26:40.5 -0400 EDT");
        assert_eq!(moment(-1, &|_| (0, "UTC".into())), "1969-12-31 23:59:59.999999999 +0000 UTC");
    }

    #[test]
    fn durations_use_the_units_that_fit() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (2_000_000, "2ms"),
            (12_500_000, "12.5ms"),
            (12_500_000_000, "12.5s"),
            (60_000_000_000, "1m0s"),
            (3_723_000_000_001, "1h2m3.000000001s"),
            (-1_100, "-1.1µs"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(duration(nanos), text);
        }
    }
}
