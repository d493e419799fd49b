//! The local time zone, read from the system's tables.
//!
//! Goes in: `TZ` and the files that `zic` compiles (RFC 9636). Comes out: the offset and the
//! abbreviation at a moment. Nothing but the wanted zone's file is read, and that only when a report
//! shows a time. What cannot be read means UTC, as in Go.

use std::path::Path;

/// Where systems keep their zones.
const FOLDERS: &[&str] =
    &["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"];
/// A zone's file has a few kilobytes.
const MOST_BYTES: u64 = 1 << 20;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeZone {
    /// Moments (seconds since the Unix epoch, ascending) and the period that starts there.
    transitions: Vec<(i64, usize)>,
    /// What holds in the periods; never empty, the first one holds before all transitions.
    periods: Vec<Period>,
    /// The rule for the time after the last transition, such as `EST5EDT,M3.2.0,M11.1.0`.
    rule: Option<Rule>,
}

/// What holds for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Period {
    /// Seconds east of Greenwich.
    offset: i32,
    /// Such as `CET`.
    abbreviation: String,
}

/// A rule that holds every year.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    standard: Period,
    /// Summer time with its first and last moment.
    summer: Option<(Period, Change, Change)>,
}

/// When the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    /// Seconds after midnight, by the clocks before the change.
    time: i64,
}

/// A day of any year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// Month 1 to 12, week 1 to 5 (5 is the last), weekday 0 to 6 from Sunday.
    Weekday(i64, i64, i64),
    /// Day 1 to 365, the 29th of February never counts.
    Julian(i64),
    /// Day 0 to 365.
    Number(i64),
}

impl TimeZone {
    /// The zone that the environment names, else the system's.
    pub(crate) fn local() -> Self {
        let found = match std::env::var("TZ") {
            Err(_) => read(Path::new("/etc/localtime")),
            Ok(name) => {
                let name = name.strip_prefix(':').unwrap_or(&name);
                if name.starts_with('/') {
                    read(Path::new(name))
                } else if name.is_empty() || name == "UTC" || name.split('/').any(|p| p == "..") {
                    None
                } else {
                    FOLDERS.iter().find_map(|folder| read(&Path::new(folder).join(name)))
                }
            }
        };
        found.unwrap_or_else(Self::utc)
    }

    fn utc() -> Self {
        let periods = vec![Period { offset: 0, abbreviation: String::from("UTC") }];
        Self { transitions: Vec::new(), periods, rule: None }
    }

    /// Seconds east of Greenwich and the abbreviation at a moment, seconds since the Unix epoch.
    pub(crate) fn at(&self, moment: i64) -> (i32, String) {
        let behind = self.transitions.partition_point(|(start, _)| *start <= moment);
        let period = match (&self.rule, behind) {
            (Some(rule), _) if behind == self.transitions.len() => rule.at(moment),
            (_, 0) => &self.periods[0],
            _ => &self.periods[self.transitions[behind - 1].1],
        };
        (period.offset, period.abbreviation.clone())
    }
}

fn read(path: &Path) -> Option<TimeZone> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    parse(&bytes)
}

/// Takes fields off the front of a file.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn word(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.word()?).ok()
    }
}

fn parse(bytes: &[u8]) -> Option<TimeZone> {
    let mut fields = Fields(bytes);
    let (version, first) = header(&mut fields)?;
    if version < b'2' {
        return body(&mut fields, &first, 4);
    }
    // The first body has 32-bit moments, for old readers; the second is the one to read.
    fields.take(first.bytes(4)?)?;
    let (_, second) = header(&mut fields)?;
    let mut zone = body(&mut fields, &second, 8)?;
    let footer = std::str::from_utf8(fields.0).ok()?;
    zone.rule = footer.strip_prefix('\n').and_then(|rule| parse_rule(rule.lines().next()?));
    Some(zone)
}

/// How many rows the tables of a body have.
struct Counts {
    is_ut: usize,
    is_standard: usize,
    leaps: usize,
    transitions: usize,
    periods: usize,
    letters: usize,
}

impl Counts {
    /// The size of a body, with moments of this many bytes.
    fn bytes(&self, moment: usize) -> Option<usize> {
        let tables = self.transitions.checked_mul(moment + 1)?;
        let tables = tables.checked_add(self.periods.checked_mul(6)?)?;
        let tables = tables.checked_add(self.leaps.checked_mul(moment + 4)?)?;
        tables.checked_add(self.letters)?.checked_add(self.is_standard)?.checked_add(self.is_ut)
    }
}

fn header(fields: &mut Fields<'_>) -> Option<(u8, Counts)> {
    if fields.take(4)? != b"TZif" {
        return None;
    }
    let version = fields.take(16)?[0];
    let counts = Counts {
        is_ut: fields.count()?,
        is_standard: fields.count()?,
        leaps: fields.count()?,
        transitions: fields.count()?,
        periods: fields.count()?,
        letters: fields.count()?,
    };
    Some((version, counts))
}

fn body(fields: &mut Fields<'_>, counts: &Counts, width: usize) -> Option<TimeZone> {
    let moments = fields.take(counts.transitions.checked_mul(width)?)?;
    let indices = fields.take(counts.transitions)?;
    let periods = fields.take(counts.periods.checked_mul(6)?)?;
    let letters = fields.take(counts.letters)?;
    fields.take(counts.leaps.checked_mul(width + 4)?)?;
    fields.take(counts.is_standard.checked_add(counts.is_ut)?)?;
    let periods: Vec<Period> = periods
        .chunks_exact(6)
        .map(|row| {
            let name = letters.get(usize::from(row[5])..)?;
            let end = name.iter().position(|letter| *letter == 0)?;
            Some(Period {
                offset: i32::from_be_bytes([row[0], row[1], row[2], row[3]]),
                abbreviation: String::from_utf8_lossy(&name[..end]).into_owned(),
            })
        })
        .collect::<Option<_>>()?;
    let transitions = moments
        .chunks_exact(width)
        .zip(indices)
        .map(|(moment, index)| {
            let moment = match *moment {
                [a, b, c, d] => i64::from(i32::from_be_bytes([a, b, c, d])),
                _ => i64::from_be_bytes(moment.try_into().ok()?),
            };
            let index = usize::from(*index);
            (index < periods.len()).then_some((moment, index))
        })
        .collect::<Option<Vec<_>>>()?;
    if periods.is_empty() || !transitions.is_sorted() {
        return None;
    }
    Some(TimeZone { transitions, periods, rule: None })
}

impl Rule {
    fn at(&self, moment: i64) -> &Period {
        let Some((summer, start, end)) = &self.summer else { return &self.standard };
        let year = year_of(moment.saturating_add(i64::from(self.standard.offset)));
        let start = start.moment(year).saturating_sub(i64::from(self.standard.offset));
        let end = end.moment(year).saturating_sub(i64::from(summer.offset));
        let is_summer = if start < end {
            (start..end).contains(&moment)
        } else {
            !(end..start).contains(&moment)
        };
        if is_summer { summer } else { &self.standard }
    }
}

impl Change {
    /// Seconds since the Unix epoch by the clocks of the place.
    fn moment(self, year: i64) -> i64 {
        let first = days_before(year);
        let day = match self.day {
            Day::Number(number) => first + number,
            Day::Julian(number) => first + number - 1 + i64::from(is_leap(year) && number >= 60),
            Day::Weekday(month, week, weekday) => {
                let begin = first + days_before_month(year, month);
                let length = days_before_month(year, month + 1) - days_before_month(year, month);
                // The first of January 1970 was a Thursday, weekday 4.
                let wanted = (weekday - (begin + 4)).rem_euclid(7) + 7 * (week - 1);
                begin + if wanted >= length { wanted - 7 } else { wanted }
            }
        };
        day.saturating_mul(86_400).saturating_add(self.time)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from the Unix epoch to the first of January.
fn days_before(year: i64) -> i64 {
    let past = year - 1;
    365 * (year - 1970) + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 477
}

/// Days from the first of January to the first of a month, 1 to 13.
fn days_before_month(year: i64, month: i64) -> i64 {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = usize::try_from(month - 1).unwrap_or(0);
    let days: i64 = LENGTHS.iter().take(months).sum();
    days + i64::from(is_leap(year) && month > 2)
}

fn year_of(seconds: i64) -> i64 {
    let days = seconds.div_euclid(86_400);
    // 146 097 days are 400 years; the guess is at most one year off.
    let mut year = 1970 + (days * 400).div_euclid(146_097);
    while days_before(year) > days {
        year -= 1;
    }
    while days_before(year + 1) <= days {
        year += 1;
    }
    year
}

/// Reads a rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
fn parse_rule(text: &str) -> Option<Rule> {
    let mut text = text;
    let abbreviation = take_name(&mut text)?;
    // Rules count westwards.
    let offset = -take_time(&mut text)?;
    let standard = Period { offset: i32::try_from(offset).ok()?, abbreviation };
    if text.is_empty() {
        return Some(Rule { standard, summer: None });
    }
    let abbreviation = take_name(&mut text)?;
    let offset = if text.starts_with(',') { offset + 3600 } else { -take_time(&mut text)? };
    let summer = Period { offset: i32::try_from(offset).ok()?, abbreviation };
    let start = take_change(&mut text)?;
    let end = take_change(&mut text)?;
    text.is_empty().then_some(Rule { standard, summer: Some((summer, start, end)) })
}

fn take_while<'a>(text: &mut &'a str, wanted: impl Fn(char) -> bool) -> &'a str {
    let end = text.find(|letter| !wanted(letter)).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    *text = rest;
    head
}

fn take_name(text: &mut &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('<') {
        let (name, rest) = rest.split_once('>')?;
        *text = rest;
        return Some(name.to_owned());
    }
    let name = take_while(text, |letter| letter.is_ascii_alphabetic());
    (name.len() >= 3).then(|| name.to_owned())
}

fn take_number(text: &mut &str) -> Option<i64> {
    let digits = take_while(text, |letter| letter.is_ascii_digit());
    if digits.len() > 4 { None } else { digits.parse().ok() }
}

/// Hours, minutes and seconds, in seconds.
fn take_time(text: &mut &str) -> Option<i64> {
    let sign = match text.strip_prefix('-') {
        Some(rest) => {
            *text = rest;
            -1
        }
        None => {
            *text = text.strip_prefix('+').unwrap_or(text);
            1
        }
    };
    let mut seconds = take_number(text)? * 3600;
    for unit in [60, 1] {
        match text.strip_prefix(':') {
            Some(rest) => *text = rest,
            None => break,
        }
        seconds += take_number(text)? * unit;
    }
    Some(sign * seconds)
}

fn take_change(text: &mut &str) -> Option<Change> {
    *text = text.strip_prefix(',')?;
    let day = if let Some(rest) = text.strip_prefix('M') {
        *text = rest;
        let month = take_number(text)?;
        *text = text.strip_prefix('.')?;
        let week = take_number(text)?;
        *text = text.strip_prefix('.')?;
        let weekday = take_number(text)?;
        let is_real = (1..=12).contains(&month) && (1..=5).contains(&week) && weekday <= 6;
        is_real.then_some(Day::Weekday(month, week, weekday))?
    } else if let Some(rest) = text.strip_prefix('J') {
        *text = rest;
        Day::Julian(take_number(text)?)
    } else {
        Day::Number(take_number(text)?)
    };
    let time = match text.strip_prefix('/') {
        Some(rest) => {
            *text = rest;
            take_time(text)?
        }
        None => 2 * 3600,
    };
    Some(Change { day, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone of this rule only.
    fn ruled(rule: &str) -> TimeZone {
        TimeZone { rule: Some(parse_rule(rule).unwrap()), ..TimeZone::utc() }
    }

    #[test]
    fn summer_time_starts_and_ends_to_the_second() {
        // 2026-03-29 01:00:00 and 2026-10-25 01:00:00 UTC.
        let (start, end) = (1_774_746_000, 1_792_890_000);
        let paris = ruled("CET-1CEST,M3.5.0,M10.5.0/3");
        let winter = (3600, String::from("CET"));
        let summer = (7200, String::from("CEST"));
        assert_eq!(paris.at(start - 1), winter);
        assert_eq!(paris.at(start), summer);
        assert_eq!(paris.at(end - 1), summer);
        assert_eq!(paris.at(end), winter);
    }

    #[test]
    fn in_the_south_summer_spans_the_new_year() {
        let sydney = ruled("AEST-10AEDT,M10.1.0,M4.1.0/3");
        // 2026-01-01 and 2026-07-01, both 00:00:00 UTC.
        assert_eq!(sydney.at(1_767_225_600), (39_600, String::from("AEDT")));
        assert_eq!(sydney.at(1_782_864_000), (36_000, String::from("AEST")));
    }

    #[test]
    fn a_zone_may_have_no_summer_time_and_an_odd_name() {
        assert_eq!(ruled("<+0530>-5:30").at(0), (19_800, String::from("+0530")));
        assert_eq!(parse_rule("X5"), None);
        assert_eq!(parse_rule("EST5EDT,M13.1.0,M1.1.0"), None);
        assert_eq!(parse_rule("EST5EDT"), None);
    }

    /// A file of version 2 with one transition at second 1000 and this footer.
    fn compiled(footer: &str) -> Vec<u8> {
        let header = |counts: [u8; 6]| {
            let mut bytes = b"TZif2".to_vec();
            bytes.resize(20, 0);
            bytes.extend(counts.iter().flat_map(|count| [0, 0, 0, *count]));
            bytes
        };
        let mut bytes = header([0; 6]);
        bytes.extend(header([0, 0, 0, 1, 2, 8]));
        bytes.extend(1000_i64.to_be_bytes());
        bytes.push(1);
        bytes.extend([0, 0, 0, 60, 0, 0]);
        bytes.extend([0, 0, 0, 120, 0, 4]);
        bytes.extend(b"LMT\0NEW\0");
        bytes.extend(format!("\n{footer}\n").bytes());
        bytes
    }

    #[test]
    fn a_compiled_zone_is_read() {
        let zone = parse(&compiled("")).unwrap();
        assert_eq!(zone.at(999), (60, String::from("LMT")));
        assert_eq!(zone.at(1000), (120, String::from("NEW")));
        let ruled = parse(&compiled("UTC0")).unwrap();
        assert_eq!(ruled.at(999), (60, String::from("LMT")));
        assert_eq!(ruled.at(1000), (0, String::from("UTC")));
    }

    #[test]
    fn a_damaged_file_is_no_zone_and_never_a_panic() {
        let whole = compiled("CET-1CEST,M3.5.0,M10.5.0/3");
        for length in 0..whole.len() {
            let _ = parse(&whole[..length]).map(|zone| zone.at(1_774_746_000));
        }
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 0xff;
            let _ = parse(&damaged).map(|zone| zone.at(i64::MAX));
            let _ = parse(&damaged).map(|zone| zone.at(i64::MIN));
        }
        assert_eq!(parse(b"no zone"), None);
    }
}
