//! Times on the command line: 500ms, 60s, 10m, 8h, 2d.

use std::time::Duration;

/// Reads a time: a whole number and its unit.
///
/// # Errors
/// When it is not one, in words for the command line.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let ms_a_unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("write a whole number and its unit: 500ms, 60s, 10m, 8h, 2d".to_owned()),
    };
    let count: u64 =
        count.parse().map_err(|_| "the number before the unit is missing or too large".to_owned())?;
    let ms = count.checked_mul(ms_a_unit).ok_or("that is too long")?;
    Ok(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a time is taken for another, or a mistake for a time.
    #[test]
    fn times() {
        let rows = [
            ("500ms", 500),
            ("60s", 60_000),
            ("10m", 600_000),
            ("8h", 28_800_000),
            ("2d", 172_800_000),
            ("0s", 0),
        ];
        for (text, ms) in rows {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in
            ["", "60", "s", "-1s", "1.5h", "1 s", "1w", "99999999999999999999s", "18446744073709551615d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
