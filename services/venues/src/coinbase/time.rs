//! The venue's times: RFC 3339 in UTC, and the way Go prints a time, which heartbeats use.

use reprise_model::Ts;

const NS: u64 = 1_000_000_000;

/// Reads `2025-01-14T22:11:18.791273556Z` and `2025-01-14 22:11:18.787177997 +0000 UTC m=+25541.57`, for years
/// from 1970 on; digits past the nanosecond are left out. `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Ts> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
    let mut seconds = day(date)?.checked_mul(86_400)?.checked_add(second_of_day(clock)?)?;
    let mut nanoseconds = 0;
    let mut zone = rest;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        if digits == 0 {
            return None;
        }
        let kept = digits.min(9);
        nanoseconds = fraction[..kept].parse::<u64>().ok()? * 10_u64.pow(9 - kept as u32);
        zone = &fraction[digits..];
    }
    let zone = zone.trim_start();
    if zone.starts_with(['+', '-']) {
        let offset = offset(zone)?;
        seconds = if zone.starts_with('+') { seconds.checked_sub(offset)? } else { seconds + offset };
    } else if !zone.eq_ignore_ascii_case("z") {
        return None;
    }
    seconds.checked_mul(NS)?.checked_add(nanoseconds).map(Ts)
}

/// Writes `2025-01-14T22:11:18.791273556Z`, with as many groups of three decimals as are needed.
#[must_use]
pub fn format(ts: Ts) -> String {
    let (seconds, nanoseconds) = (ts.0 / NS, ts.0 % NS);
    let (year, month, day) = date_of(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let fraction = match nanoseconds {
        0 => String::new(),
        n if n % 1_000_000 == 0 => format!(".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => format!(".{:06}", n / 1_000),
        n => format!(".{n:09}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `22:11:18` as seconds; a leap second is the next second.
fn second_of_day(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let whole = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    whole.then_some(hour * 3600 + minute * 60 + second)
}

/// `+02:00` or `+0200` as seconds, whatever the sign.
fn offset(zone: &str) -> Option<u64> {
    let zone = zone.get(1..)?;
    let (hour, rest) = (zone.get(..2)?, zone.get(2..)?);
    let minute = rest.strip_prefix(':').unwrap_or(rest).get(..2)?;
    Some(number(hour)? * 3600 + number(minute)? * 60)
}

/// `2025-01-14` as days since 1970-01-01.
fn day(text: &str) -> Option<u64> {
    let mut parts = text.split('-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    if parts.next().is_some() || year < 1970 || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in(year, month) {
        return None;
    }
    Some(days_before(year, month) + day - 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month of 1970 or later. The year is taken to begin in March, so that
/// the leap day is its last and a month's first day is a linear function of the month.
fn days_before(year: u64, month: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let since_year_0 = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5;
    since_year_0 - 719_468
}

/// Year, month and day of so many days since 1970-01-01.
fn date_of(days: u64) -> (u64, u64, u64) {
    let mut year = 1970 + days / 366;
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_before(year, month + 1) <= days {
        month += 1;
    }
    (year, month, days - days_before(year, month) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when the venue's time of an event is read wrong.
    #[test]
    fn times_are_read() {
        let rows = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2025-01-14T22:11:18.791273556Z", Some(1_736_892_678_791_273_556)),
            ("2025-01-14T22:11:18.79127355699Z", Some(1_736_892_678_791_273_556)),
            ("2025-01-14T22:11:18.5z", Some(1_736_892_678_500_000_000)),
            ("2025-01-14 22:11:18.787177997 +0000 UTC m=+25541.571430466", Some(1_736_892_678_787_177_997)),
            ("2025-01-15T00:11:18+02:00", Some(1_736_892_678_000_000_000)),
            ("2025-01-14T20:11:18-0200", Some(1_736_892_678_000_000_000)),
            ("2024-02-29T12:00:00Z", Some(1_709_208_000_000_000_000)),
            ("2023-02-29T12:00:00Z", None),
            ("2025-13-01T00:00:00Z", None),
            ("2025-01-14T22:11:18", None),
            ("2025-01-14T24:00:00Z", None),
            ("2025-01-14T22:11:18.Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("", None),
            ("2025-01-14T22:11:1éZ", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).map(|ts| ts.0), expected, "{text}");
        }
    }

    proptest::proptest! {
        /// Breaks when a time that the simulator writes is read as another one.
        #[test]
        fn what_is_written_is_read(ns in 0..=7_000_000_000_000_000_000_u64) {
            for ns in [ns, ns - ns % 1_000, ns - ns % 1_000_000, ns - ns % NS] {
                proptest::prop_assert_eq!(parse(&format(Ts(ns))), Some(Ts(ns)));
            }
        }
    }
}
