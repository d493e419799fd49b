//! Moments as people read them.
//!
//! The local time zone is not looked up here: the caller passes it in.

/// A day and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Civil {
    /// The day and time of a number of seconds since the Unix epoch, in UTC, by the proleptic
    /// Gregorian calendar.
    pub(crate) fn from_unix_seconds(seconds: i64) -> Self {
        let (day_number, in_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years are counted from a first of March, so that the leap day is the last of its year;
        // the calendar repeats every 400 of them.
        let since_march = day_number + 719_468;
        let (era, day_of_era) = (since_march.div_euclid(146_097), since_march.rem_euclid(146_097));
        let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
        }
    }
}

/// A moment in the local zone, such as `2026-03-01 09:30:00 CET`. `local_time` gives the zone's
/// offset in seconds east of Greenwich, and its abbreviation.
pub(crate) fn format_local(
    nanos_since_epoch: i64,
    local_time: &dyn Fn(i64) -> (i32, String),
) -> String {
    let seconds = nanos_since_epoch.div_euclid(1_000_000_000);
    let (offset, zone) = local_time(seconds);
    let Civil { year, month, day, hour, minute, second } =
        Civil::from_unix_seconds(seconds + i64::from(offset));
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> String {
        format_local(seconds * 1_000_000_000, &|_| (0, String::from("UTC")))
    }

    #[test]
    fn leap_days_and_centuries_are_counted() {
        assert_eq!(at(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(at(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(at(4_107_542_399), "2100-02-28 23:59:59 UTC");
        assert_eq!(at(4_107_542_400), "2100-03-01 00:00:00 UTC");
        assert_eq!(at(-1), "1969-12-31 23:59:59 UTC");
    }

    #[test]
    fn the_zone_moves_the_clock() {
        let zone = |_| (3600, String::from("CET"));
        assert_eq!(format_local(1_500_000_000, &zone), "1970-01-01 01:00:01 CET");
    }
}
