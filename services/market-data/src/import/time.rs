//! Times as recordings write them, read exactly and without a clock.

use reprise_model::Ts;

use super::error::{BadRow, clip};

pub(crate) const NS_PER_MS: u64 = 1_000_000;
pub(crate) const NS_PER_DAY: u64 = 86_400 * 1_000_000_000;
/// The year 2262: what does not fit here is no time.
const LAST_NS: u64 = i64::MAX as u64;

/// An integer of nanoseconds since 1970.
pub(crate) fn unix_ns(field: &'static str, text: &str) -> Result<Ts, BadRow> {
    digits(text.as_bytes())
        .filter(|&ns| ns <= LAST_NS)
        .map(Ts)
        .ok_or_else(|| fault(field, text, "a whole number of nanoseconds since 1970"))
}

/// A venue's integer of milliseconds or, past the year 5138, of microseconds since 1970.
///
/// # Errors
/// When the text is something else; `field` says in the error what it should have been.
pub fn venue_ms(field: &'static str, text: &str) -> Result<Ts, BadRow> {
    const FIRST_MICROS: u64 = 100_000_000_000_000;
    digits(text.as_bytes())
        .and_then(|n| n.checked_mul(if n < FIRST_MICROS { NS_PER_MS } else { 1_000 }))
        .filter(|&ns| ns <= LAST_NS)
        .map(Ts)
        .ok_or_else(|| fault(field, text, "a whole number of milliseconds since 1970"))
}

/// `2025-03-25T23:07:00.773674205Z`, with up to nine decimals and `Z` or an offset `+hh:mm`.
///
/// # Errors
/// When the text is something else; `field` says in the error what it should have been.
pub fn rfc3339(field: &'static str, text: &str) -> Result<Ts, BadRow> {
    read_rfc3339(text.as_bytes())
        .ok_or_else(|| fault(field, text, "a time like 2025-03-25T23:07:00.773674205Z"))
}

fn read_rfc3339(text: &[u8]) -> Option<Ts> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let day = unix_day(digits(&date[..4])?, digits(&date[5..7])?, digits(&date[8..])?)?;
    let (time, rest) = rest.split_at_checked(9)?;
    if !matches!(time[0], b'T' | b't' | b' ') || time[3] != b':' || time[6] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&time[1..3])?, digits(&time[4..6])?, digits(&time[7..])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_ns, zone) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(rest) => {
            let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            if len == 0 || len > 9 {
                return None;
            }
            (digits(&rest[..len])? * 10u64.pow(9 - u32::try_from(len).ok()?), &rest[len..])
        }
    };
    let local_s = day.checked_mul(86_400)?.checked_add((hour * 60 + minute) * 60 + second)?;
    let seconds = match zone {
        b"Z" | b"z" => local_s,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = (hours * 60 + minutes) * 60;
            if *sign == b'+' { local_s.checked_sub(offset)? } else { local_s.checked_add(offset)? }
        }
        _ => return None,
    };
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction_ns).filter(|&ns| ns <= LAST_NS).map(Ts)
}

/// Midnight UTC of `20180404`.
pub(crate) fn compact_date(text: &str) -> Option<Ts> {
    let text = text.as_bytes();
    if text.len() != 8 {
        return None;
    }
    unix_day(digits(&text[..4])?, digits(&text[4..6])?, digits(&text[6..])?)?.checked_mul(NS_PER_DAY).map(Ts)
}

/// Days since 1970-01-01 of a date in the Gregorian calendar, from 1970 to 2261.
fn unix_day(year: u64, month: u64, day: u64) -> Option<u64> {
    const BEFORE: [u64; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = |y: u64| (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
    if !(1970..=2261).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let length = match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let past = year - 1;
    let leaps = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let month = usize::try_from(month).ok()?;
    Some((year - 1970) * 365 + leaps + BEFORE[month] + u64::from(month > 2 && leap(year)) + day - 1)
}

/// A number of decimal digits alone.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, &b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

pub(crate) fn fault(field: &'static str, text: &str, expected: &'static str) -> BadRow {
    BadRow::Time { field, text: clip(text), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a venue's time is read wrongly by as little as a nanosecond, or a wrong one is taken.
    #[test]
    fn times_are_exact() {
        let rows = [
            ("2025-03-25T23:07:00.773684644Z", Some(1_742_944_020_773_684_644)),
            ("2025-03-25T23:07:00.715Z", Some(1_742_944_020_715_000_000)),
            ("2025-03-25T23:07:00Z", Some(1_742_944_020_000_000_000)),
            ("2025-03-26T01:07:00+02:00", Some(1_742_944_020_000_000_000)),
            ("2025-03-25T18:37:00.5-04:30", Some(1_742_944_020_500_000_000)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600_000_000_000)),
            ("2024-12-31T23:59:59.999999999Z", Some(1_735_689_599_999_999_999)),
            ("1900-01-01T00:00:00Z", None),
            ("2100-02-29T00:00:00Z", None),
            ("2025-13-01T00:00:00Z", None),
            ("2025-03-25T24:00:00Z", None),
            ("2025-03-25T23:07:60Z", None),
            ("2025-03-25T23:07:00.Z", None),
            ("2025-03-25T23:07:00.1234567890Z", None),
            ("2025-03-25T23:07:00", None),
            ("2025-03-25", None),
            ("1970-01-01T00:00:00+01:00", None),
            ("2025-03-25T23:07:00é", None),
            ("", None),
        ];
        for (text, ns) in rows {
            assert_eq!(rfc3339("time", text).ok(), ns.map(Ts), "{text:?}");
        }
    }

    /// Breaks when integers that are no times are taken for some.
    #[test]
    fn integers_are_whole_and_in_range() {
        for (text, ns) in [
            ("1723161253937085768", Some(1_723_161_253_937_085_768)),
            ("0", Some(0)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("99999999999999999999999", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1e9", None),
            ("", None),
        ] {
            assert_eq!(unix_ns("ts_ns", text).ok(), ns.map(Ts), "{text:?}");
        }
        assert_eq!(venue_ms("T", "1723161255342").ok(), Some(Ts(1_723_161_255_342_000_000)));
        assert_eq!(venue_ms("T", "1723161255342123").ok(), Some(Ts(1_723_161_255_342_123_000)));
        assert!(venue_ms("T", "18446744073709551615").is_err());
        assert_eq!(compact_date("20180404"), Some(Ts(1_522_800_000_000_000_000)));
        assert_eq!(compact_date("20180431"), None);
    }

    /// Breaks when the calendar skips or repeats a day anywhere in its range.
    #[test]
    fn the_calendar_has_every_day_once() {
        let mut expected = 0;
        for year in 1970..=2261 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(found) = unix_day(year, month, day) {
                        assert_eq!(found, expected, "{year}-{month}-{day}");
                        expected += 1;
                    }
                }
            }
        }
        assert_eq!(expected, 292 * 365 + 71);
    }
}
